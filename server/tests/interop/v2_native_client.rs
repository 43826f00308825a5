//! This project's client against a well-behaved Python server, over v2.

use std::net::{Ipv4Addr, SocketAddr};

use shared::connection::{CloseReason, Direction, Event, Trust, Version};
use shared::error::Error;
use shared::error::Untrusted;
use shared::identity::Fingerprint;

use crate::support::native::{NativeClient, WriteStyle, config};
use crate::support::python::Python;
use crate::support::{NON_ASCII, client_key};

/// Starts a Python server, and returns it with its address.
pub(crate) fn python_server(options: &[&str]) -> (Python, SocketAddr) {
    let server = Python::start("server_v2.py", options);
    let line = server.line().unwrap();
    let port = line
        .strip_prefix("listening on 127.0.0.1:")
        .unwrap()
        .parse()
        .unwrap();
    (server, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// Returns an established client; both sides must have the same session. With `rekey` the client
/// changes its keys after this many records.
fn establish(
    server: &Python,
    address: SocketAddr,
    style: WriteStyle,
    rekey: Option<u64>,
) -> NativeClient {
    let mut config = config(Version::V2, Trust::Any);
    if let Some(records) = rekey {
        config.limits.rekey.records = records;
    }
    let mut client = NativeClient::connect_as(address, style, config);
    let session = loop {
        if let Event::Established { session_id, .. } = client.next_event() {
            break session_id.unwrap();
        }
    };
    assert!(client.proven);
    client.transmit();
    let theirs = server.wait_for("established");
    assert_eq!(theirs["session_id"], session.to_string());
    let ours = client_key().public_key().fingerprint().to_string();
    assert_eq!(theirs["fingerprint"], ours);
    client
}

#[test]
fn a_thousand_messages_each_way_while_both_sides_change_their_keys() {
    for (server_writes, style) in [
        ("whole", WriteStyle::Merged),
        ("bytewise", WriteStyle::Merged),
        ("whole", WriteStyle::Bytewise),
    ] {
        println!("{server_writes} {style:?}");
        let (server, address) = python_server(&["--write", server_writes]);
        let mut client = establish(&server, address, style, Some(100));
        for round in 0..10 {
            let texts: Vec<_> = (0..100)
                .map(|at| format!("{round} {at} {NON_ASCII}"))
                .collect();
            // Half of the messages in one record each, half of them together.
            for text in &texts[..50] {
                client.send(text);
            }
            for text in &texts[50..] {
                client.queue(text).unwrap();
            }
            client.transmit();
            for text in &texts {
                assert_eq!(client.receive(), format!("echo: {text}"));
            }
            client.send("/rekey");
            assert_eq!(client.receive(), "echo: /rekey");
        }
        let rekeyed = |direction| client.rekeyed.iter().filter(|d| **d == direction).count();
        assert_eq!(rekeyed(Direction::Received), 10);
        // The client sends 520 data records, with a new key before each hundredth.
        assert_eq!(rekeyed(Direction::Sent), 5);
        let sent = client.sent.clone();
        assert_eq!(client.observed(Direction::Sent), sent);
        assert_eq!(client.observed(Direction::Received), client.received);

        client.finish();
        assert_eq!(client.receive_end(), CloseReason::PeerClosed);
        let closed = server.wait_for("closed");
        assert_eq!(closed["truncated"], false);
        assert_eq!(closed["received_updates"], 5);
        assert_eq!(closed["sent_updates"], 10);
    }
}

#[test]
fn messages_of_all_sizes() {
    let (server, address) = python_server(&["--greeting", "one", "--greeting", ""]);
    let mut client = establish(&server, address, WriteStyle::Merged, None);
    assert_eq!(client.receive(), "one");
    assert_eq!(client.receive(), "");
    let around_a_block = (0..=130).chain([1_000, 65_529, 65_530]);
    for size in around_a_block {
        let text = "x".repeat(size);
        client.send(&text);
        assert_eq!(client.receive(), format!("echo: {text}"), "{size}");
    }
    assert!(client.queue(&"x".repeat(65_537)).is_err());
    client.send("the session goes on");
    assert_eq!(client.receive(), "echo: the session goes on");
}

#[test]
fn large_server_keys() {
    for bits in ["3072", "4096"] {
        let (server, address) = python_server(&["--key-bits", bits]);
        let mut client = establish(&server, address, WriteStyle::Bytewise, None);
        client.send(bits);
        assert_eq!(client.receive(), format!("echo: {bits}"));
    }
}

#[test]
fn after_the_servers_close_the_client_may_still_send() {
    let (server, address) = python_server(&[]);
    let mut client = establish(&server, address, WriteStyle::Merged, None);
    client.send("/close");
    assert_eq!(client.receive_end(), CloseReason::PeerClosed);
    assert_eq!(server.wait_for("message")["text"], "/close");
    client.send("still heard");
    assert_eq!(server.wait_for("message")["text"], "still heard");
    client.finish();
    assert_eq!(server.wait_for("closed")["truncated"], false);
}

#[test]
fn after_the_clients_close_the_answers_still_come() {
    let (server, address) = python_server(&[]);
    let mut client = establish(&server, address, WriteStyle::Merged, None);
    for text in ["one", "two", "three"] {
        client.queue(text).unwrap();
    }
    client.finish();
    client.half_close();
    for text in ["one", "two", "three"] {
        assert_eq!(client.receive(), format!("echo: {text}"));
    }
    assert_eq!(client.receive_end(), CloseReason::PeerClosed);
    assert_eq!(server.wait_for("closed")["truncated"], false);
}

#[test]
fn a_cut_stream_is_no_close() {
    // The end of a stream is not authenticated; only the close is.
    let (server, address) = python_server(&[]);
    let mut client = establish(&server, address, WriteStyle::Merged, None);
    client.send("/cut");
    assert_eq!(client.receive_end(), CloseReason::Truncated);

    let client = establish(&server, address, WriteStyle::Merged, None);
    drop(client);
    assert_eq!(server.wait_for("closed")["truncated"], true);
}

/// Returns the end of a client with `trust`, and the server's report of it.
fn end_with(trust: Trust) -> (CloseReason, Fingerprint, Vec<serde_json::Value>) {
    let (server, address) = python_server(&[]);
    let config = config(Version::V2, trust);
    let mut client = NativeClient::connect_as(address, WriteStyle::Merged, config);
    let reason = client.receive_end();
    assert!(client.proven);
    client.transmit();
    client.half_close();
    client.wait_for_end();
    let presented = client.server_key.as_ref().unwrap().fingerprint();
    let mut events = vec![server.any_event().unwrap()];
    while events.last().unwrap()["event"] != "closed" {
        events.push(server.any_event().unwrap());
    }
    (reason, presented, events)
}

#[test]
fn another_key_than_the_pinned_one_is_told_as_handshake_failed() {
    let pinned = client_key().public_key().fingerprint();
    let (reason, presented, events) = end_with(Trust::Pinned(pinned));
    let changed = Untrusted::Changed { pinned, presented };
    assert_eq!(reason, CloseReason::Failed(Error::Untrusted(changed)));
    assert_eq!(events[0]["name"], "handshake_failed", "{events:#?}");
    assert_eq!(events[0]["sealed"], true, "{events:#?}");
}

#[test]
fn the_first_contact_ends_with_a_close_and_without_the_clients_key() {
    let (reason, presented, events) = end_with(Trust::Learn);
    let unknown = Untrusted::Unknown { presented };
    assert_eq!(reason, CloseReason::Failed(Error::Untrusted(unknown)));
    assert_eq!(events[0]["event"], "close_received", "{events:#?}");
    assert_eq!(events[1]["truncated"], false, "{events:#?}");
}
