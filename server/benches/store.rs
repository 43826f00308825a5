//! Measures the store beside SQLite alone.
//!
//! Durable appends: the store's group commit, with so many appends in flight, beside a bare loop
//! that puts as many rows of the same size into a table and commits, with the same pragmas and the
//! same waits for the disk. The store does more in it: ids, the search index, rights of members and
//! the answer to each.
//!
//! Joining: from `join` to the last page of what a client gets that has nothing yet, in a room with
//! a hundred entries and in one with a hundred thousand. The goal is that it makes no difference.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    missing_docs
)]

mod support;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use secure_chat_server::client_address::ClientAddress;
use secure_chat_server::clients::{Clients, Transport};
use secure_chat_server::hub::{Hub, Settings};
use secure_chat_server::rates::PerMinute;
use secure_chat_server::store::{NewEntry, SqliteStore, Store};
use shared::chat::entry::DisplayName;
use shared::chat::{Event, MessageId, RoomId, Text, UserId};
use shared::connection::Version;
use shared::identity::Fingerprint;
use support::chat::{create, until};
use support::{ROUNDS, median, report};

/// Appends, or rows, of one measurement.
const APPENDS: u32 = 20_000;

/// Bytes of each text.
const TEXT_BYTES: usize = 200;

/// Joins of one measurement.
const JOINS: u32 = 200;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    for in_flight in [1, 64, 1000] {
        // Without a group every append waits for the disk by itself: fewer are enough to see it.
        let appends = if in_flight == 1 { 500 } else { APPENDS };
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(
                f64::from(appends) / runtime.block_on(append(appends, in_flight)).as_secs_f64(),
            );
            bare.push(f64::from(appends) / insert(appends, in_flight).as_secs_f64());
        }
        let (ours, bare) = (median(ours), median(bare));
        report(
            &format!("durable appends, {in_flight} in flight"),
            &format!("{ours:.0}/s; bare SQLite, as many a commit: {bare:.0}/s"),
        );
    }
    runtime.block_on(join());
}

fn user() -> UserId {
    UserId(Fingerprint::of_spki(b"somebody"))
}

/// A text with words as people use them: the search index has something to do.
fn text(number: u32) -> Text {
    let words = [
        "the", "garden", "meets", "tomorrow", "rust", "compiles", "slowly", "again",
    ];
    let mut text = number.to_string();
    let mut at = number as usize;
    while text.len() < TEXT_BYTES {
        text.push(' ');
        text.push_str(words[at % words.len()]);
        at = at / 3 + 7;
    }
    text.truncate(TEXT_BYTES);
    Text::parse(text.trim_end()).unwrap()
}

fn entry(number: u32) -> NewEntry {
    let mut random = [0; 10];
    random[..4].copy_from_slice(&number.to_be_bytes());
    NewEntry {
        id: MessageId::new(u64::from(number / 50), random),
        from: user(),
        name: DisplayName::guest(user()),
        event: Event::Message {
            text: Some(text(number)),
            reply_to: None,
        },
    }
}

async fn fill(store: &dyn Store, room: &RoomId, appends: u32, in_flight: usize) {
    let mut waiting = FuturesUnordered::new();
    for number in 0..appends {
        // A new one for each that is done: what is in flight stays the same.
        if waiting.len() == in_flight {
            let appended: Result<_, _> = waiting.next().await.unwrap();
            appended.unwrap();
        }
        waiting.push(store.append(room.clone(), entry(number)));
    }
    while let Some(appended) = waiting.next().await {
        appended.unwrap();
    }
}

async fn append(appends: u32, in_flight: usize) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("chat.db")).unwrap();
    let room = create(&store, "room").await;
    let began = Instant::now();
    fill(&store, &room, appends, in_flight).await;
    began.elapsed()
}

/// Inserts the same number of rows into SQLite alone.
fn insert(rows: u32, in_commit: usize) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = rusqlite::Connection::open(folder.path().join("bare.db")).unwrap();
    connection
        .execute_batch(
            // The store's own settings: with weaker ones these rows would not be durable.
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE entries (place INTEGER PRIMARY KEY, id BLOB NOT NULL, name TEXT NOT NULL,
                                   at INTEGER NOT NULL, text TEXT NOT NULL) STRICT;",
        )
        .unwrap();
    let began = Instant::now();
    let mut number = 0;
    while number < rows {
        let transaction = connection.transaction().unwrap();
        {
            let mut insert = transaction
                .prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5)")
                .unwrap();
            for _ in 0..in_commit {
                let entry = entry(number);
                let Event::Message {
                    text: Some(text), ..
                } = entry.event
                else {
                    unreachable!()
                };
                let name = entry.name.as_str();
                insert
                    .execute((number, entry.id.as_bytes(), name, 1_i64, text.as_str()))
                    .unwrap();
                number += 1;
            }
        }
        transaction.commit().unwrap();
    }
    began.elapsed()
}

async fn join() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&folder.path().join("chat.db")).unwrap());
    let (small, large) = (
        create(&*store, "small").await,
        create(&*store, "large").await,
    );
    fill(&*store, &small, 100, 100).await;
    fill(&*store, &large, 100_000, 1000).await;
    let settings = Settings {
        per_minute: PerMinute::UNLIMITED,
        ..Settings::default()
    };
    let hub = Hub::open(store, settings);
    let hub = hub.await.unwrap();
    let running = hub.clone();
    tokio::spawn(async move { running.run().await });
    let (mut of_small, mut of_large) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        of_small.push(joins(&hub, "small").await);
        of_large.push(joins(&hub, "large").await);
    }
    let (of_small, of_large) = (median(of_small), median(of_large));
    report(
        "joining a room of 100,000 entries",
        &format!("{of_large:.0} µs; of 100: {of_small:.0} µs"),
    );
}

/// The mean time of a join, in microseconds.
async fn joins(hub: &Hub, room: &str) -> f64 {
    let clients = Clients::default();
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let id = clients
        .enter(ClientAddress::new(address, Some(1)), Transport::Tcp)
        .id;
    let mut session = hub.join(id, user().0, address, Version::V2);
    session.handle(br#"{"type":"hello"}"#);
    until(&mut session, "welcome").await;
    let join = format!(r#"{{"type":"join","room":"{room}"}}"#);
    let began = Instant::now();
    for _ in 0..JOINS {
        session.handle(join.as_bytes());
        until(&mut session, "page").await;
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(JOINS)
}
