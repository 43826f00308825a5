//! The hub with a store in memory, and sessions without connections.

mod admission;
mod bursts;
mod claims;
mod health;
mod limits;
mod metrics;
mod operators;
mod owners;
mod plain_text;
mod private;
mod quotas;
mod reactions;
mod requests;
mod retention;
mod roles;
mod rooms;
mod searching;
mod truth;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use shared::chat::UserId;
use shared::error::ErrorCode;
use shared::identity::Fingerprint;

use super::*;
use crate::clients::{Clients, ConnectionId, Transport};
use crate::rates::PerMinute;
use crate::store::MemoryStore;

/// The longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// Creates a hub that lives as long as the test program.
async fn hub_for(text_bytes: usize) -> &'static Hub {
    hub_with(text_bytes, PerMinute::UNLIMITED).await
}

async fn hub_with(text_bytes: usize, per_minute: PerMinute) -> &'static Hub {
    hub_of(Settings {
        text_bytes,
        per_minute,
        ..Settings::default()
    })
    .await
}

async fn hub_of(settings: Settings) -> &'static Hub {
    let hub = Hub::open(Arc::new(MemoryStore::default()), settings).await;
    // Leaked, so that tasks and sessions of the test can refer to it.
    let hub: &'static Hub = Box::leak(Box::new(hub.unwrap()));
    tokio::spawn(hub.run());
    hub
}

async fn hub() -> &'static Hub {
    hub_for(16 * 1024).await
}

fn unlimited() -> Settings {
    Settings {
        per_minute: PerMinute::UNLIMITED,
        claims_per_day: 0,
        ..Settings::default()
    }
}

fn key(seed: u8) -> Fingerprint {
    Fingerprint::of_spki(&[seed])
}

fn connection_id() -> ConnectionId {
    static CLIENTS: std::sync::OnceLock<Clients> = std::sync::OnceLock::new();
    let address: SocketAddr = ([127, 0, 0, 1], 1).into();
    let clients = CLIENTS.get_or_init(Clients::default);
    clients.enter(address.into(), Transport::Tcp).id
}

/// Opens a connection that has not shown yet how it speaks.
fn connect(hub: &'static Hub, seed: u8) -> Session {
    connect_to(hub, seed)
}

fn connect_to(hub: &Hub, seed: u8) -> Session {
    let version = shared::connection::Version::V2;
    hub.join(connection_id(), key(seed), [127, 0, 0, 1].into(), version)
}

/// Opens a connection of plain text, which an empty line shows.
fn plain(hub: &'static Hub, seed: u8) -> Session {
    let mut session = connect(hub, seed);
    session.handle(b"");
    session
}

/// Connects a person who speaks JSON, and says hello under this name.
async fn person(hub: &'static Hub, seed: u8, name: &str) -> Session {
    let mut session = connect(hub, seed);
    say(
        &mut session,
        &json!({"type": "hello", "name": name, "client": "test 1"}),
    )
    .await;
    let welcome = hear(&mut session, "welcome").await;
    assert_eq!(welcome["you"]["name"], name);
    session
}

/// Sends a request, and waits until it is done: nothing else drives the session.
async fn say(session: &mut Session, message: &Value) {
    session.handle(message.to_string().as_bytes());
    session.settle().await;
}

async fn next(session: &mut Session) -> Due {
    let due = tokio::time::timeout(PATIENCE, session.next()).await;
    due.expect("something is due")
}

/// Returns the next JSON message of this type; others before it are passed over, plain text too.
async fn hear(session: &mut Session, kind: &str) -> Value {
    loop {
        let Due::Text(text) = next(session).await else {
            panic!("the session has ended")
        };
        let message: Value = serde_json::from_str(&text).unwrap_or_default();
        if message["type"] == kind {
            return message;
        }
        // A rejection that the test does not expect shows here, and not as a timeout.
        assert_ne!(message["type"], "error", "{message}");
    }
}

/// Returns the next error; other messages before it are passed over.
async fn hear_refusal(session: &mut Session) -> Value {
    loop {
        let Due::Text(text) = next(session).await else {
            panic!("the session has ended")
        };
        let message: Value = serde_json::from_str(&text).unwrap_or_default();
        if message["type"] == "error" {
            return message;
        }
    }
}

/// Returns the code of the next rejection, and the request that it answers.
async fn refused(session: &mut Session) -> (String, String) {
    let message = hear_refusal(session).await;
    let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
    (text("code"), text("for"))
}

async fn hear_line(session: &mut Session) -> String {
    match next(session).await {
        Due::Text(text) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Returns the plaintexts that are due, without waiting for more.
fn waiting(session: &mut Session) -> Vec<String> {
    std::iter::from_fn(|| session.try_next())
        .map(|text| text.to_string())
        .collect()
}

fn id(number: u8) -> String {
    shared::chat::MessageId::from_random([number; 16]).to_string()
}

fn send(room: &str, number: u8, text: &str) -> Value {
    json!({"type": "send", "room": room, "id": id(number), "text": text})
}

async fn join(session: &mut Session, room: &str) -> Value {
    say(session, &json!({"type": "join", "room": room})).await;
    hear(session, "joined").await
}
