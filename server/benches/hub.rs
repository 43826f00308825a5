//! Measures the cost for bystanders of three things: the deletion of a room of 100,000 entries, a
//! flood of searches, and the number of rooms and members when somebody comes and goes.

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
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use secure_chat_server::client_address::ClientAddress;
use secure_chat_server::clients::{Clients, Transport};
use secure_chat_server::hub::{Hub, Settings};
use secure_chat_server::rates::PerMinute;
use secure_chat_server::store::{
    Appended, Change, MemoryStore, NewEntry, PageSize, SqliteStore, Store, StoreError,
};
use shared::chat::entry::DisplayName;
use shared::chat::{Event, MessageId, Query, RoomId, Text, UserId};
use shared::connection::Version;
use shared::identity::Fingerprint;
use support::chat::{create, until};
use support::{ROUNDS, median, report};

/// Entries of the large room.
const LARGE: u32 = 100_000;

/// Pages of history of one measurement.
const PAGES: usize = 500;

/// Comings and goings of one measurement.
const VISITS: u32 = 2_000;

const PAGE: PageSize = PageSize {
    entries: 50,
    bytes: 28 * 1024,
};

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(deletion());
    runtime.block_on(searches());
    runtime.block_on(visits());
}

fn user(number: u32) -> UserId {
    UserId(Fingerprint::of_spki(&number.to_be_bytes()))
}

fn entry(number: u32) -> NewEntry {
    let mut random = [0; 10];
    random[..4].copy_from_slice(&number.to_be_bytes());
    let text = format!("{number} a garden of words that everybody has, and nobody looks for alone");
    NewEntry {
        id: MessageId::new(u64::from(number / 50), random),
        from: user(0),
        name: DisplayName::guest(user(0)),
        event: Event::Message {
            text: Some(Text::parse(&text).unwrap()),
            reply_to: None,
        },
    }
}

async fn fill(store: &dyn Store, room: &RoomId, entries: u32) {
    let mut waiting = FuturesUnordered::new();
    for number in 0..entries {
        if waiting.len() == 1000 {
            let appended: Result<Appended, StoreError> = waiting.next().await.unwrap();
            appended.unwrap();
        }
        waiting.push(store.append(room.clone(), entry(number)));
    }
    while let Some(appended) = waiting.next().await {
        appended.unwrap();
    }
}

/// The waits of appends, one after the other, for so long; the longest in milliseconds.
async fn longest_wait(store: &dyn Store, room: &RoomId, numbers: &mut u32, time: Duration) -> f64 {
    let begun = Instant::now();
    let mut longest = Duration::ZERO;
    while begun.elapsed() < time {
        *numbers += 1;
        let asked = Instant::now();
        store.append(room.clone(), entry(*numbers)).await.unwrap();
        longest = longest.max(asked.elapsed());
    }
    longest.as_secs_f64() * 1e3
}

async fn deletion() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("chat.db")).unwrap();
    let large = create(&store, "large").await;
    let other = create(&store, "other").await;
    fill(&store, &large, LARGE).await;
    let mut numbers = LARGE;
    let time = Duration::from_secs(20);
    let alone = longest_wait(&store, &other, &mut numbers, time).await;
    let deleted = Change::RoomDeleted { room: large };
    store.change(deleted).await.unwrap();
    let beside = longest_wait(&store, &other, &mut numbers, time).await;
    report(
        "longest wait of a message beside the deletion of a room of 100,000",
        &format!("{beside:.1} ms; without it {alone:.1} ms"),
    );
}

fn p99(mut waits: Vec<f64>) -> f64 {
    waits.sort_by(f64::total_cmp);
    waits[waits.len() * 99 / 100]
}

async fn pages(store: &dyn Store, room: &RoomId) -> f64 {
    let mut waits = Vec::new();
    for number in 0..PAGES {
        let before = 100 + (number as u64 * 7919) % u64::from(LARGE);
        let asked = Instant::now();
        let page = store.read_before(room.clone(), before, PAGE).await.unwrap();
        waits.push(asked.elapsed().as_secs_f64() * 1e6);
        assert_eq!(page.len(), 50);
    }
    p99(waits)
}

async fn searches() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&folder.path().join("chat.db")).unwrap());
    let room = create(&*store, "room").await;
    fill(&*store, &room, 3 * LARGE).await;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(pages(&*store, &room).await);
        let over = Arc::new(AtomicBool::new(false));
        let flood = {
            let (store, room, over) = (Arc::clone(&store), room.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                let mut found = 0_u32;
                while !over.load(Ordering::Relaxed) {
                    let query = Query::parse("a").unwrap();
                    let search = store.search(vec![room.clone()], query, None, PAGE);
                    found += u32::from(search.await.is_ok());
                }
                found
            })
        };
        beside.push(pages(&*store, &room).await);
        over.store(true, Ordering::Relaxed);
        flood.await.unwrap();
    }
    report(
        "p99 of a page of history beside a flood of searches over 300,000 entries",
        &format!(
            "{:.0} µs; without it {:.0} µs",
            median(beside),
            median(alone)
        ),
    );
}

async fn visits() {
    let mut scenes = Vec::new();
    for (rooms, members) in [(10, 10), (10, 1_000), (10_000, 10), (10_000, 1_000)] {
        let store = Arc::new(MemoryStore::default());
        for number in 0..rooms {
            create(&*store, &format!("room-{number}")).await;
        }
        let lobby = create(&*store, "lobby").await;
        for number in 0..members {
            let joined = Change::Joined {
                room: lobby.clone(),
                user: user(1 + number),
                by: None,
            };
            store.change(joined).await.unwrap();
        }
        let settings = Settings {
            per_minute: PerMinute::UNLIMITED,
            ..Settings::default()
        };
        let hub = Hub::open(store, settings).await.unwrap();
        let running = hub.clone();
        tokio::spawn(async move { running.run().await });
        scenes.push((rooms, members, hub, Vec::new()));
    }
    // In turns, so that whatever else the machine does meanwhile is part of all of them.
    for round in 0..ROUNDS {
        for (_, _, hub, means) in &mut scenes {
            means.push(visit(hub, u32::try_from(round).unwrap()).await);
        }
    }
    for (rooms, members, _, means) in scenes {
        report(
            &format!("connect, hello, join and leave with {rooms} rooms, {members} in the lobby"),
            &format!("{:.1} µs", median(means)),
        );
    }
}

/// The mean time in microseconds in which somebody new comes, joins the lobby, and goes.
async fn visit(hub: &Hub, round: u32) -> f64 {
    let clients = Clients::default();
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let begun = Instant::now();
    for number in 0..VISITS {
        let id = clients
            .enter(ClientAddress::new(address, Some(1)), Transport::Tcp)
            .id;
        let visitor = user(1_000_000 + round * VISITS + number);
        let mut session = hub.join(id, visitor.0, address, Version::V2);
        session.handle(br#"{"type":"hello"}"#);
        until(&mut session, "welcome").await;
        session.handle(br#"{"type":"join","room":"lobby"}"#);
        until(&mut session, "joined").await;
        session.handle(br#"{"type":"leave","room":"lobby"}"#);
        until(&mut session, "left").await;
    }
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(VISITS)
}
