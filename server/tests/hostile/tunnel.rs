//! Attacks on the tunnel: foreign origins, and everything that a WebSocket may carry.

use std::io::Write as _;

use shared::error::ErrorCode;

use crate::support::Scene;
use crate::support::client::{Client, connect};
use crate::support::websocket::{
    BINARY, CLOSE, CONTINUATION, PING, TEXT, WebSocket, ask, frame, upgrade_head, write_head,
};

#[test]
fn a_page_of_a_foreign_origin() {
    // A web site that the person visits could otherwise use a server on the person's machine.
    let mut scene = Scene::new(&[]);
    let host = scene.server.http().to_string();
    for origin in [
        "http://evil.example",
        "null",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example:8080",
        "file://",
        "ws://127.0.0.1",
    ] {
        let more = format!("Origin: {origin}");
        let response = ask(scene.server.http(), &upgrade_head(&host, "", &more));
        assert_eq!(response.status, 403, "{origin}");
        assert!(response.body.contains("--allow-origin"), "{response:?}");
        let quoted = format!("origin=\"{origin}\"");
        scene.assert_logged_and_undisturbed(&["foreign Origin", &quoted]);
    }
}

#[test]
fn a_foreign_origin_of_four_kilobytes_again_and_again() {
    // Each refusal logs a line with the origin in it: an attacker must not be able to fill the disk
    // with them.
    let mut scene = Scene::new(&[]);
    let host = scene.server.http();
    let before = scene.server.log().len();
    let more = format!("Origin: http://{}", "x".repeat(4096));
    let head = upgrade_head(&host.to_string(), "", &more);
    for _ in 0..40 {
        let mut stream = connect(host);
        for _ in 0..50 {
            write_head(&mut stream, &head);
            let response = crate::support::websocket::read_response(&mut stream, true);
            assert_eq!(response.status, 403);
        }
    }
    scene.server.wait_for_log(&["foreign Origin", "…"]);
    scene.assert_undisturbed();
    let written = scene.server.log().len() - before;
    assert!(written < 10_000, "{written} bytes for 2000 requests");
    assert_eq!(scene.server.logged(&["foreign Origin"]).len(), 10);
}

#[test]
fn large_fragments_before_any_handshake() {
    // A message is buffered until its last fragment: 500 tunnels with a fragment of 1 MiB held 966
    // MiB, before a single handshake.
    let mut scene = Scene::new(&[]);
    for _ in 0..5 {
        let mut tunnel = WebSocket::open(scene.server.http(), "binary");
        // Refused while it is sent: the rest of the write may fail.
        let fragment = frame(false, BINARY, &vec![b' '; 1_000_000]);
        let _ = tunnel.stream.write_all(&fragment);
        assert_eq!(tunnel.receive_close(), 1009);
        let address = tunnel.stream.local_addr().unwrap().to_string();
        let words = [&*address, "closed", "too much before its handshake"];
        scene.assert_logged_and_undisturbed(&words);
    }
}

#[test]
fn an_origin_that_is_no_text_is_foreign() {
    // It must not count as a missing Origin, with which programs may connect.
    let mut scene = Scene::new(&[]);
    let mut stream = connect(scene.server.http());
    let head = upgrade_head(&scene.server.http().to_string(), "", "Origin: ").replace('\n', "\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(b"\xe9\r\n\r\n").unwrap();
    let response = crate::support::websocket::read_response(&mut stream, true);
    assert_eq!(response.status, 403);
    scene.assert_logged_and_undisturbed(&["foreign Origin"]);
}

#[test]
fn the_origins_that_may() {
    let scene = Scene::new(&["--allow-origin", "https://chat.example"]);
    let host = scene.server.http().to_string();
    let own = format!("http://{host}");
    for origin in [&own, "http://localhost:8081", "https://chat.example"] {
        let mut stream = connect(scene.server.http());
        let more = format!("Origin: {origin}");
        write_head(&mut stream, &upgrade_head(&host, "", &more));
        let tunnel = WebSocket::after_upgrade(stream, "binary");
        Client::over(tunnel).establish();
    }
}

#[test]
fn a_name_that_was_made_to_point_here() {
    // DNS rebinding: Origin and Host agree, and both name the attacker's site.
    let mut scene = Scene::new(&[]);
    let more = "Origin: http://rebound.example";
    let response = ask(
        scene.server.http(),
        &upgrade_head("rebound.example", "", more),
    );
    assert_eq!(response.status, 403);
    assert!(response.body.contains("localhost"), "{response:?}");
    let words = ["Host is not loopback", "host=\"rebound.example\""];
    scene.assert_logged_and_undisturbed(&words);
}

#[test]
fn an_encoding_that_does_not_exist() {
    let mut scene = Scene::new(&[]);
    let host = scene.server.http().to_string();
    let response = ask(
        scene.server.http(),
        &upgrade_head(&host, "?encoding=utf-16", ""),
    );
    assert_eq!(response.status, 400);
    assert!(response.body.contains("text or binary"), "{response:?}");
    scene.assert_logged_and_undisturbed(&["tunnel refused: unknown encoding"]);
}

#[test]
fn a_request_for_the_tunnel_that_is_no_websocket() {
    let mut scene = Scene::new(&[]);
    let host = scene.server.http().to_string();
    let response = ask(
        scene.server.http(),
        &format!("GET /ws HTTP/1.1\nHost: {host}"),
    );
    assert_eq!(response.status, 426);
    assert_eq!(response.header("sec-websocket-version"), "13");
    let head = upgrade_head(&host, "", "").replace("GET", "POST");
    let response = ask(scene.server.http(), &format!("{head}Content-Length: 0"));
    assert_eq!(response.status, 405);
    scene.assert_logged_and_undisturbed(&["tunnel refused: no WebSocket handshake"]);
}

/// Asserts that a tunnel whose client has joined is closed with `code` after `attack`, and that the
/// log names `cause`.
fn assert_closed(encoding: &str, code: u16, cause: &str, attack: impl FnOnce(&mut WebSocket)) {
    let mut scene = Scene::new(&["--max-frame-bytes", "65536"]);
    let mut attacker = Client::join_through_tunnel(scene.server.http(), encoding);
    attack(&mut attacker.wire);
    assert_eq!(attacker.wire.receive_close(), code);
    scene.assert_logged_and_undisturbed(&[&attacker.address(), "closed", cause]);
}

#[test]
fn a_text_message_that_is_not_utf_8() {
    assert_closed("text", 1007, "UTF-8", |tunnel| {
        tunnel.send(true, TEXT, b"{\"cipher\": \"\xff\"}\n\n");
    });
}

#[test]
fn a_character_that_ends_with_its_message() {
    assert_closed("text", 1007, "UTF-8", |tunnel| {
        tunnel.send(false, TEXT, b"{\"cipher\": \"\xc3");
        tunnel.send(true, CONTINUATION, b"");
    });
}

#[test]
fn a_binary_message_in_a_text_tunnel() {
    assert_closed("text", 1003, "encoding", |tunnel| {
        tunnel.send(true, BINARY, b"{}\n\n");
    });
}

#[test]
fn a_text_message_in_a_binary_tunnel() {
    assert_closed("binary", 1003, "encoding", |tunnel| {
        tunnel.send(true, TEXT, b"{}\n\n");
    });
}

#[test]
fn a_message_over_the_limit() {
    assert_closed("text", 1009, "too long", |tunnel| {
        // The whole message is sent before anything is read: the close code must arrive all the
        // same.
        tunnel.send(true, TEXT, &vec![b' '; 300_000]);
    });
}

#[test]
fn fragments_that_add_up_to_more_than_the_limit() {
    // Each fragment is within the limit; only their sum is not.
    assert_closed("binary", 1009, "too long", |tunnel| {
        tunnel.send(false, BINARY, &vec![b' '; 30_000]);
        for _ in 0..9 {
            tunnel.send(false, CONTINUATION, &vec![b' '; 30_000]);
        }
    });
}

#[test]
fn a_frame_over_the_limit_in_small_messages() {
    // The boundaries of messages mean nothing: a frame of the protocol can span many.
    assert_closed("binary", 1009, "longer than 65536 bytes", |tunnel| {
        for _ in 0..70 {
            tunnel.send(true, BINARY, &[b'x'; 1024]);
        }
    });
}

#[test]
fn a_flood_of_pings() {
    // Each ping costs an answer: more than 100 in 30 s end the tunnel.
    assert_closed("binary", 1008, "floods us with pings", |tunnel| {
        let flood: Vec<u8> = std::iter::repeat_n(frame(true, PING, b"x"), 5000)
            .flatten()
            .collect();
        tunnel.stream.write_all(&flood).unwrap();
    });
}

#[test]
fn frames_that_the_standard_forbids() {
    for bytes in [
        // Not masked, a reserved bit, an unknown opcode, a fragmented ping, a lone continuation.
        vec![0x82, 0x01, b'x'],
        vec![0xc2, 0x80, 0, 0, 0, 0],
        frame(true, 3, b""),
        frame(false, PING, b""),
        frame(true, CONTINUATION, b""),
    ] {
        assert_closed("binary", 1002, "closed", |tunnel| {
            tunnel.stream.write_all(&bytes).unwrap();
        });
    }
}

#[test]
fn a_header_that_announces_more_than_memory_has() {
    // The length has to be checked before anything is allocated for it.
    assert_closed("binary", 1009, "too long", |tunnel| {
        let mut header = vec![0x82, 0xff];
        header.extend_from_slice(&u64::MAX.to_be_bytes());
        header[2] = 0x7f;
        header.extend_from_slice(&[0; 4]);
        tunnel.stream.write_all(&header).unwrap();
    });
}

#[test]
fn fragments_at_any_place_are_spliced() {
    let mut scene = Scene::new(&[]);
    let mut client = Client::over(WebSocket::open(scene.server.http(), "text"));
    let handshake = client.handshake();
    // An unknown key with a character of two bytes is ignored; the character comes in two pieces.
    let extra = "{\"é\": \"🦀\", ".as_bytes();
    client.wire.send(false, TEXT, &extra[..3]);
    client.wire.send(true, PING, b"between");
    for byte in &extra[3..] {
        client.wire.send(false, CONTINUATION, &[*byte]);
    }
    client.wire.send(true, CONTINUATION, &handshake[1..40]);
    client.wire.send(true, TEXT, b"");
    client.wire.send(true, TEXT, &handshake[40..]);
    client.establish();
    client.say("spliced");
    assert!(client.receive_text().ends_with(": spliced"));
    scene
        .server
        .wait_for_log(&[&client.address(), "handshake done"]);
    assert!(scene.overheard().ends_with(" joined"));
    assert!(scene.overheard().ends_with(": spliced"));
    scene.assert_undisturbed();
}

#[test]
fn messages_right_behind_the_upgrade() {
    // In one write with the request, so the HTTP parser may have read the frame already.
    let mut scene = Scene::new(&[]);
    let mut stream = connect(scene.server.http());
    let mut first = upgrade_head(&scene.server.http().to_string(), "", "")
        .replace('\n', "\r\n")
        .into_bytes();
    first.extend_from_slice(b"\r\n");
    first.extend(frame(true, BINARY, b"[]\n\n"));
    stream.write_all(&first).unwrap();
    let mut tunnel = WebSocket::after_upgrade(stream, "binary");
    assert_eq!(tunnel.receive_close(), 1008);
    let address = tunnel.stream.local_addr().unwrap().to_string();
    scene.assert_logged_and_undisturbed(&[&address, "closed", "malformed"]);
}

#[test]
fn an_error_of_the_protocol_comes_before_the_close() {
    let mut scene = Scene::new(&[]);
    for encoding in ["text", "binary"] {
        let mut attacker = Client::join_through_tunnel(scene.server.http(), encoding);
        attacker.wire.write_all(b"{}\n\n").unwrap();
        attacker.assert_told(ErrorCode::Malformed);
        assert_eq!(attacker.wire.receive_close(), 1008);
        scene.assert_logged_and_undisturbed(&[&attacker.address(), "closed", "malformed"]);
    }
}

#[test]
fn a_close_is_answered_and_told_from_a_failure() {
    let mut scene = Scene::new(&[]);
    let mut client = Client::join_through_tunnel(scene.server.http(), "text");
    client.wire.send(true, CLOSE, &1000_u16.to_be_bytes());
    assert_eq!(client.wire.receive_close(), 1000);
    scene.assert_logged_and_undisturbed(&[&client.address(), "closed", "the peer closed"]);
}

#[test]
fn a_close_with_answers_still_due() {
    let mut scene = Scene::new(&[]);
    let mut client = Client::join_through_tunnel(scene.server.http(), "text");
    // In one write, so that the answer is made after the close was read.
    let mut last = frame(true, TEXT, &client.seal("/who"));
    last.extend(frame(true, CLOSE, &1000_u16.to_be_bytes()));
    client.wire.stream.write_all(&last).unwrap();
    assert_eq!(client.wire.receive_close(), 1000);
    scene.assert_logged_and_undisturbed(&[&client.address(), "closed", "the peer closed"]);
}

#[test]
fn a_tunnel_that_is_half_closed_without_a_word() {
    let mut scene = Scene::new(&[]);
    let mut client = Client::join_through_tunnel(scene.server.http(), "binary");
    client.half_close();
    while client.wire.next_frame().unwrap().is_some() {}
    scene.assert_logged_and_undisturbed(&[&client.address(), "closed"]);
}

#[test]
fn a_tunnel_that_never_speaks() {
    let mut scene = Scene::new(&["--handshake-timeout", "1"]);
    let mut tunnel = WebSocket::open(scene.server.http(), "text");
    assert_eq!(tunnel.receive_close(), 1008);
    let address = tunnel.stream.local_addr().unwrap().to_string();
    scene.assert_logged_and_undisturbed(&[&address, "closed", "did not finish its handshake"]);
}
