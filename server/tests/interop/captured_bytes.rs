//! A conversation of this project's client and server, decrypted in Python: the bytes on the wire
//! are exactly the specified ones, and the inspector's events are exactly these bytes.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::connection::{CloseReason, Direction, FrameKind};

use crate::support::native::{NativeClient, WriteStyle};
use crate::support::server::Server;
use crate::support::{NON_ASCII, client_key, python};

/// Runs the strict decoder. Returns whether it accepted the capture, and the events that it
/// printed.
fn decrypt(sent: &[u8], received: &[u8], server_key: &Path) -> (bool, Vec<Value>) {
    let capture = tempfile::NamedTempFile::new().unwrap();
    let streams = json!({
        "client_to_server": STANDARD.encode(sent),
        "server_to_client": STANDARD.encode(received),
    });
    std::fs::write(capture.path(), streams.to_string()).unwrap();
    let output = python::command("decrypt_capture.py")
        .arg(capture.path())
        .arg(server_key)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let events = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    (output.status.success(), events)
}

fn texts(events: &[Value], direction: &str) -> Vec<String> {
    let of_direction = events
        .iter()
        .filter(|event| event["direction"] == direction);
    of_direction
        .map(|event| event["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_session_with_our_server_is_what_the_protocol_says() {
    let server = Server::start(&[]);
    let mut client = NativeClient::establish(server.address(), WriteStyle::Merged, &["one"]);
    client.send(NON_ASCII);
    client.send("/quit");
    let mut messages = Vec::new();
    while messages.last().is_none_or(|text| text != "* bye") {
        messages.push(client.receive());
    }
    assert_eq!(client.receive_end(), CloseReason::PeerClosed);

    let (content, events) = decrypt(&client.sent, &client.received, &server.key_file());
    assert!(content, "{events:#?}");
    assert_eq!(
        texts(&events, "client_to_server"),
        ["one", NON_ASCII, "/quit"]
    );
    assert_eq!(texts(&events, "server_to_client"), messages);
    assert_eq!(
        events[0]["fingerprint"],
        client.server_key.clone().unwrap().fingerprint().to_string()
    );
    assert_eq!(
        events[1]["fingerprint"],
        client_key().public_key().fingerprint().to_string()
    );

    assert_eq!(client.observed(Direction::Sent), client.sent);
    assert_eq!(client.observed(Direction::Received), client.received);
    let kinds: Vec<_> = client
        .frames
        .iter()
        .map(|frame| frame.kind)
        .take(3)
        .collect();
    assert_eq!(
        kinds,
        [
            FrameKind::Announcement,
            FrameKind::Handshake,
            FrameKind::Message
        ]
    );
}

#[test]
fn a_spoiled_capture_is_refused() {
    // A decoder that accepted everything would prove nothing in the test above.
    let server = Server::start(&[]);
    let mut client = NativeClient::establish(server.address(), WriteStyle::Merged, &["one"]);
    client.receive();
    let mut sent = client.sent.clone();
    // The last letter of the last MAC, before `="}` and the terminator.
    let at = sent.len() - 6;
    sent[at] = if sent[at] == b'A' { b'E' } else { b'A' };
    let (content, events) = decrypt(&sent, &client.received, &server.key_file());
    assert!(!content);
    assert_eq!(events.last().unwrap()["event"], "violation", "{events:#?}");
}
