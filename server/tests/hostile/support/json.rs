//! People who chat in JSON, by v2 over TCP or through the tunnel.

use std::net::SocketAddr;
use std::sync::OnceLock;

use serde_json::{Value, json};
use shared::chat::MessageId;
use shared::connection::Version;
use shared::identity::PrivateKey;

use super::client::{Client, Wire, connect};
use super::websocket::WebSocket;
use super::{client_key, system_random};

/// The flags of a server without limits of rates: floods reach the other bounds, and requests follow
/// each other as fast as they can.
pub(crate) const UNHURRIED: [&str; 8] = [
    "--sends-per-minute",
    "0",
    "--joins-per-minute",
    "0",
    "--creates-per-minute",
    "0",
    "--asks-per-minute",
    "0",
];

/// Returns the message id with this number.
pub(crate) fn id(number: u32) -> String {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    MessageId::from_random(bytes).to_string()
}

/// Returns the request that writes `text` into a room.
pub(crate) fn send(room: &str, number: u32, text: &str) -> Value {
    json!({"type": "send", "room": room, "id": id(number), "text": text})
}

/// Returns the key of a person.
pub(crate) fn key(number: usize) -> &'static PrivateKey {
    static KEYS: [OnceLock<PrivateKey>; 4] = [const { OnceLock::new() }; 4];
    let make = || PrivateKey::generate(2048, &mut system_random()).unwrap();
    match number.checked_sub(1) {
        Some(number) => KEYS[number].get_or_init(make),
        None => client_key(),
    }
}

/// Connects a person over TCP.
pub(crate) fn over_tcp(address: SocketAddr, who: usize, name: &str) -> Client {
    let mut client = Client::of(key(who), connect(address), Version::V2);
    client.shake_hands();
    hello(&mut client, name);
    client
}

/// Connects a person through the tunnel.
pub(crate) fn through_tunnel(address: SocketAddr, who: usize, name: &str) -> Client<WebSocket> {
    let wire = WebSocket::open(address, "binary");
    let mut client = Client::of(key(who), wire, Version::V2);
    client.shake_hands();
    hello(&mut client, name);
    client
}

/// Sends `hello`, which switches the connection to JSON.
pub(crate) fn hello<W: Wire>(client: &mut Client<W>, name: &str) -> Value {
    say(client, &json!({"type": "hello", "name": name}));
    hear(client, "welcome")
}

pub(crate) fn say<W: Wire>(client: &mut Client<W>, message: &Value) {
    client.say(&message.to_string());
}

/// Returns the next message of this type; no error may come before it.
pub(crate) fn hear<W: Wire>(client: &mut Client<W>, kind: &str) -> Value {
    loop {
        let message: Value = serde_json::from_str(&client.receive()).unwrap_or_default();
        assert_ne!(message["type"], "error", "{message}");
        if message["type"] == kind {
            return message;
        }
    }
}

/// Returns the next error, whatever comes before it: its code, and the request that it answers.
pub(crate) fn refusal<W: Wire>(client: &mut Client<W>) -> (String, String) {
    loop {
        let message: Value = serde_json::from_str(&client.receive()).unwrap_or_default();
        if message["type"] == "error" {
            let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
            return (text("code"), text("for"));
        }
    }
}

/// Joins a room, with its entries after a number.
pub(crate) fn join<W: Wire>(client: &mut Client<W>, room: &str, after: u64) -> Value {
    say(
        client,
        &json!({"type": "join", "room": room, "after": after}),
    );
    hear(client, "joined")
}
