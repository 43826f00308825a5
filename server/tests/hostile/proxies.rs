//! Clients behind proxies, and those that pretend to be.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};

use serde_json::json;
use shared::connection::{CloseReason, Version};
use shared::error::ErrorCode;

use crate::support::client::{Client, Wire, connect};
use crate::support::json::{hear, hello, key, say};
use crate::support::server::Server;
use crate::support::websocket::{WebSocket, ask, upgrade_head};
use crate::support::{Scene, eventually};

const TRUSTING: [&str; 4] = [
    "--public-url",
    "https://chat.example",
    "--trusted-proxy",
    "127.0.0.1,10.0.0.0/8",
];

const EXPECTING: [&str; 2] = ["--proxy-protocol-from", "127.0.0.1"];

/// Opens a tunnel as a proxy does, with these forwarding fields.
fn through_proxy(server: &Server, fields: &str) -> Client<WebSocket> {
    let wire = WebSocket::open_as(server.http(), "chat.example", fields);
    Client::speaking(wire, Version::V2)
}

fn header(client: &str) -> String {
    format!("PROXY TCP4 {client} 192.0.2.1 4711 5000\r\n")
}

/// Connects over TCP with these bytes first.
fn after(address: SocketAddr, first: &[u8]) -> TcpStream {
    let mut stream = connect(address);
    stream.write_all(first).unwrap();
    stream
}

/// Shows that console, bans and limits know clients by their own address: `connect` makes a connection
/// of the client with the given address.
fn assert_told_apart<W: Wire>(server: &Server, connect: impl Fn(&str) -> Client<W>) {
    let mut anna = over_local(server);
    say(
        &mut anna,
        &json!({"type": "claim", "code": server.claim_code()}),
    );
    hear(&mut anna, "operator");
    let mut eve = connect("203.0.113.7");
    eve.establish();
    let mut bob = connect("203.0.113.8");
    bob.establish();
    say(&mut anna, &json!({"type": "operator", "do": "connections"}));
    let shown = hear(&mut anna, "operator").to_string();
    for address in ["\"203.0.113.7", "\"203.0.113.8"] {
        assert!(shown.contains(address), "{shown}");
        server.wait_for_log(&["handshake done", address.trim_matches('"')]);
    }
    // One permit is left for each address.
    connect("203.0.113.7").assert_told(ErrorCode::TooManyConnections);
    say(
        &mut anna,
        &json!({"type": "operator", "do": "ban", "address": "203.0.113.7"}),
    );
    hear(&mut anna, "operator");
    eve.receive_end();
    connect("203.0.113.7").assert_told(ErrorCode::Kicked);
    bob.say("still here");
    while !bob.receive().ends_with(": still here") {}
    drop(bob);
}

/// Connects the person who looks at the console, by the tunnel and from this machine.
fn over_local(server: &Server) -> Client<WebSocket> {
    let wire = WebSocket::open(server.http(), "binary");
    let mut client = Client::of(key(1), wire, Version::V2);
    client.shake_hands();
    hello(&mut client, "anna");
    client
}

#[test]
fn console_bans_and_limits_see_the_client_behind_a_proxy() {
    let server = Server::start(&[&TRUSTING[..], &["--max-connections-per-address", "1"]].concat());
    assert_told_apart(&server, |address| {
        through_proxy(&server, &format!("X-Forwarded-For: {address}, 10.0.0.2"))
    });
}

#[test]
fn console_bans_and_limits_see_the_client_behind_a_proxy_over_tcp() {
    let limit = ["--max-connections-per-address", "1"];
    let server = Server::start(&[&EXPECTING[..], &limit].concat());
    assert_told_apart(&server, |address| {
        let stream = after(server.tcp(), header(address).as_bytes());
        Client::speaking(stream, Version::V2)
    });
}

#[test]
fn a_client_that_writes_an_address_of_its_own_into_the_list() {
    let server = Server::start(&TRUSTING);
    for fields in [
        "X-Forwarded-For: 198.51.100.1, 203.0.113.7",
        "X-Forwarded-For: 198.51.100.1\nX-Forwarded-For: 203.0.113.7",
        "X-Forwarded-For: 10.0.0.9, 203.0.113.7, 10.0.0.2",
        "Forwarded: for=\"198.51.100.1, for=203.0.113.7;proto=https",
        "Forwarded: for=198.51.100.1, for=\"203.0.113.7:4711\"",
    ] {
        let mut client = through_proxy(&server, fields);
        client.establish();
        client.say("/quit");
        client.receive_end();
    }
    let seen = |address| server.logged(&["handshake done", address]).len();
    let all = || seen("203.0.113.7") + seen("198.51.100.1") + seen("10.0.0.");
    // The last lines of the log may still be on their way.
    eventually("five lines", || (all() >= 5).then_some(()));
    assert_eq!((seen("203.0.113.7"), all()), (5, 5));
}

#[test]
fn forwarding_fields_of_a_peer_that_is_no_proxy() {
    // Whoever is banned would only have to name another address.
    let server = Server::start(&["--trusted-proxy", "10.0.0.0/8"]);
    let wire = WebSocket::open_as(server.http(), "localhost", "X-Forwarded-For: 203.0.113.7");
    let mut client = Client::speaking(wire, Version::V2);
    client.establish();
    server.wait_for_log(&["handshake done", &client.address()]);
    assert!(!server.log().contains("203.0.113.7"), "{}", server.log());
    // The operator hears of it once: it may be a proxy that was forgotten in the settings.
    let wire = WebSocket::open_as(server.http(), "localhost", "Forwarded: for=203.0.113.7");
    let mut client = Client::speaking(wire, Version::V2);
    client.establish();
    server.wait_for_log(&["handshake done", &client.session_id().unwrap().to_string()]);
    let told = server.logged(&["not believed", "--trusted-proxy 127.0.0.1"]);
    assert_eq!(told.len(), 1, "{}", server.log());
}

#[test]
fn two_fields_that_name_different_clients() {
    // A proxy sets one and passes the other on as the client has written it.
    let mut scene = Scene::new(&TRUSTING);
    let both = "X-Forwarded-For: 203.0.113.7\nForwarded: for=198.51.100.1";
    let http = scene.server.http();
    let response = ask(http, &upgrade_head("chat.example", "", both));
    assert_eq!(response.status, 400, "{response:?}");
    scene.assert_logged_and_undisturbed(&["Forwarded and X-Forwarded-For name different clients"]);
    let same = "X-Forwarded-For: 203.0.113.7\nForwarded: for=\"203.0.113.7:80\"";
    assert_eq!(
        ask(http, &upgrade_head("chat.example", "", same)).status,
        101
    );
}

#[test]
fn lists_without_a_client_count_for_the_proxy() {
    let server = Server::start(&TRUSTING);
    let thousand = vec!["10.0.0.2"; 1000].join(", ");
    for (fields, expected) in [
        ("X-Forwarded-For: unknown".to_owned(), "127.0.0.1"),
        ("Forwarded: for=_hidden".to_owned(), "127.0.0.1"),
        (
            "X-Forwarded-For: 203.0.113.7, garbage".to_owned(),
            "127.0.0.1",
        ),
        (
            format!("X-Forwarded-For: 203.0.113.7, {thousand}"),
            "10.0.0.2",
        ),
        ("X-Forwarded-For: [fe80::1%25eth0]:80".to_owned(), "fe80::1"),
    ] {
        let mut client = through_proxy(&server, &fields);
        client.establish();
        let id = client.session_id().unwrap().to_string();
        server.wait_for_log(&["handshake done", &id]);
        let line = server.logged(&["handshake done", &id]).remove(0);
        assert!(
            line.contains(&format!("address={expected}"))
                || line.contains(&format!("address=[{expected}]")),
            "{fields}: {line}"
        );
    }
}

#[test]
fn a_proxy_may_have_more_connections_than_one_client() {
    let server = Server::start(&TRUSTING);
    let held: Vec<_> = (0..100)
        .map(|_| after(server.http(), b"GET / HTTP/1.1\r\nHost:"))
        .collect();
    let response = ask(server.http(), "GET /healthz HTTP/1.1\nHost: chat.example");
    assert_eq!(response.status, 200);
    drop(held);
}

#[test]
fn a_header_that_is_missing_broken_or_of_another_family() {
    let mut scene = Scene::new_behind(&EXPECTING, &header("198.51.100.9"));
    let v2 = |rest: &[u8]| [&b"\r\n\r\n\0\r\nQUIT\n"[..], rest].concat();
    for (first, cause) in [
        (b"SC/2\n".to_vec(), "sends no PROXY header"),
        (b"\x16\x03\x01\x02".to_vec(), "sends no PROXY header"),
        (b"PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n".to_vec(), "malformed"),
        (
            v2(&[0x21, 0x31, 0, 216])
                .into_iter()
                .chain([b'/'; 216])
                .collect(),
            "another family",
        ),
        (
            v2(&[0x21, 0x12, 0, 12, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1]),
            "another family",
        ),
        (v2(&[0x21, 0x11, 0xff, 0xff]), "more than 2048 bytes"),
    ] {
        let mut stream = after(scene.server.tcp(), &first);
        let address = stream.local_addr().unwrap().to_string();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("valid PROXY header"), "{answer}");
        scene.assert_logged_and_undisturbed(&[&address, "refused", cause]);
    }
    // A client of this project that has passed the proxy by shows the sentence.
    let mut lost = Client::speaking(connect(scene.server.tcp()), Version::V2);
    match lost.receive_end() {
        CloseReason::Reported { message, .. } => assert!(message.contains("its proxy only")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_header_that_is_cut_or_never_comes() {
    let mut scene = Scene::new_behind(&EXPECTING, &header("198.51.100.9"));
    let mut cut = after(scene.server.tcp(), b"PROXY TCP4 203.0.1");
    let address = cut.local_addr().unwrap().to_string();
    cut.shutdown(Shutdown::Write).unwrap();
    cut.read_to_end(&mut Vec::new()).unwrap();
    scene.assert_logged_and_undisturbed(&[&address, "ends within the PROXY header"]);
    let mut silent = connect(scene.server.tcp());
    let address = silent.local_addr().unwrap().to_string();
    silent.read_to_end(&mut Vec::new()).unwrap();
    scene.assert_logged_and_undisturbed(&[&address, "no PROXY header within 3 s"]);
}

#[test]
fn a_header_of_a_peer_that_is_no_proxy() {
    let mut scene = Scene::new(&["--proxy-protocol-from", "10.0.0.0/8"]);
    let mut stream = after(scene.server.tcp(), header("203.0.113.7").as_bytes());
    let address = stream.local_addr().unwrap().to_string();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(String::from_utf8_lossy(&answer).contains("\"error\""));
    scene.assert_logged_and_undisturbed(&[&address, "closed"]);
    assert!(
        !scene.server.log().contains("203.0.113.7"),
        "{}",
        scene.server.log()
    );
}

#[test]
fn the_clients_first_bytes_come_with_the_header() {
    let server = Server::start(&EXPECTING);
    let mut stream = connect(server.tcp());
    let v2 = [
        &b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..],
        &[203, 0, 113, 7, 192, 0, 2, 1, 0x12, 0x67, 0x13, 0x88],
        b"SC/2\n",
    ];
    stream.write_all(&v2.concat()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"SERVER_PUB"), "{answer:?}");
    server.wait_for_log(&["203.0.113.7:4711", "closed"]);
}

#[test]
fn a_proxy_that_asks_whether_the_server_is_there() {
    // Health checks of proxies speak for themselves (LOCAL, UNKNOWN).
    let server = Server::start(&EXPECTING);
    for first in [&b"PROXY UNKNOWN\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"] {
        let stream = after(server.tcp(), first);
        let mut client = Client::speaking(stream, Version::V2);
        client.establish();
        server.wait_for_log(&["handshake done", &client.address()]);
    }
    // Through the proxy nobody is on this machine, which v1 is for.
    let stream = after(server.tcp(), header("127.0.0.1").as_bytes());
    Client::over(stream).assert_told(ErrorCode::V1Disabled);
}
