//! Connections that a server accepts, and texts that it logs, by its flags.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use shared::error::ErrorCode;

use crate::support::Scene;
use crate::support::client::{Client, connect};
use crate::support::server::Server;
use crate::support::websocket::WebSocket;
use crate::support::{client_key, server_key};

/// Whoever sends a PROXY header comes from elsewhere, as does whoever uses the public name.
const ELSEWHERE: [&str; 4] = [
    "--proxy-protocol-from",
    "127.0.0.1",
    "--public-url",
    "https://chat.example",
];

/// Connects as a client on another machine.
fn from_elsewhere(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address);
    let header = b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 5000\r\n";
    stream.write_all(header).unwrap();
    stream
}

#[test]
fn v1_beyond_loopback_is_refused_unless_allowed() {
    // v1 proves nothing about the server, so it is off where strangers can sit in between.
    let server = Server::start(&ELSEWHERE);
    let mut tcp = Client::over(from_elsewhere(server.tcp()));
    tcp.assert_told(ErrorCode::V1Disabled);
    let mut tunnel = Client::over(WebSocket::open_as(server.http(), "chat.example", ""));
    tunnel.assert_told(ErrorCode::V1Disabled);
    assert_eq!(tunnel.wire.receive_close(), 1008);
    for address in ["203.0.113.7:4711", &tunnel.address()] {
        server.wait_for_log(&[address, "closed", "v1_disabled"]);
    }
    // Beside the public name the server is still this machine's own.
    Client::join_through_tunnel(server.http(), "text");
}

#[test]
fn v1_beyond_loopback_works_when_allowed() {
    let server = Server::start(&[&ELSEWHERE[..], &["--allow-v1"]].concat());
    Client::over(from_elsewhere(server.tcp())).establish();
    Client::over(WebSocket::open_as(server.http(), "chat.example", "")).establish();
}

/// Sends a secret to the lobby, and returns the log.
fn log_of_a_secret(flags: &[&str]) -> String {
    let scene = Scene::new(flags);
    let mut client = Client::join(scene.server.tcp());
    client.say("attack at dawn\n2026-01-01 INFO forged=true");
    assert!(client.receive_text().ends_with("forged=true"));
    client.say("/name attack");
    client.say("/quit");
    client.receive_end();
    scene.server.wait_for_log(&[&client.address(), "closed"]);
    let log = scene.server.log();
    for key in [client_key(), server_key()] {
        let pem = key.to_pkcs8_pem().unwrap();
        for line in pem.lines().chain(key.public_key().to_spki_pem().lines()) {
            assert!(line.len() < 16 || !log.contains(line), "{line}");
        }
    }
    assert!(
        !log.contains("enc_session") && !log.contains("cipher"),
        "{log}"
    );
    log
}

#[test]
fn no_plaintext_is_logged_unasked() {
    for flags in [&[][..], &["--log-level", "trace"]] {
        let log = log_of_a_secret(flags);
        assert!(!log.contains("attack at dawn"), "{log}");
    }
}

#[test]
fn plaintext_is_logged_when_asked_for_and_cannot_forge_a_line() {
    // An unescaped line break would begin a log line of the attacker's choice.
    let log = log_of_a_secret(&["--log-plaintext"]);
    assert!(
        log.contains("attack at dawn\\n2026-01-01 INFO forged=true"),
        "{log}"
    );
    assert!(log.contains("--log-plaintext"), "{log}");
    assert!(
        !log.lines().any(|line| line.starts_with("2026-01-01 INFO")),
        "{log}"
    );
}

#[test]
fn a_claim_code_is_never_in_the_log() {
    // Otherwise a reader of the log could claim a code that its owner has not used yet.
    let server = Server::start(&["--log-plaintext", "--log-level", "trace"]);
    let mut client = Client::join_by_v2(server.tcp());
    client.say(r#"{"type":"hello"}"#);
    client.say(r#"{"type":"claim","code":"guess-which-code-this-is"}"#);
    while !client.receive().contains(r#""for":"claim""#) {}
    server.wait_for_log(&["plaintext", "a claim"]);
    assert!(!server.log().contains("guess-which"), "{}", server.log());
}
