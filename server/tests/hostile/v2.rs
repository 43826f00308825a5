//! Sessions of protocol v2 on real sockets: their guarantees, and their ends.

use std::io::{Read, Write};

use shared::connection::{CloseReason, Version};
use shared::error::ErrorCode;

use crate::support::Scene;
use crate::support::client::{Client, connect};
use crate::support::server::Server;
use crate::support::websocket::WebSocket;

fn through_tunnel(scene: &Scene) -> Client<WebSocket> {
    let socket = WebSocket::open(scene.server.http(), "binary");
    let mut client = Client::speaking(socket, Version::V2);
    client.establish();
    client
}

#[test]
fn both_versions_and_both_transports_meet_in_one_lobby() {
    let mut scene = Scene::new(&[]);
    let mut tcp = Client::join_by_v2(scene.server.tcp());
    let mut tunnel = through_tunnel(&scene);
    tcp.say("over tcp");
    assert!(tcp.receive_text().ends_with(": over tcp"));
    assert!(tunnel.receive_text().ends_with(": over tcp"));
    tunnel.say("through the tunnel");
    assert!(tcp.receive_text().ends_with(": through the tunnel"));
    while !scene.overheard().ends_with(": through the tunnel") {}
    let id = tcp.session_id().unwrap().to_string();
    scene
        .server
        .wait_for_log(&[&tcp.address(), "handshake done"]);
    scene.server.wait_for_log(&["handshake done", "v2", &id]);
}

#[test]
fn v2_needs_no_flag_beyond_loopback() {
    let server = Server::start(&["--listen", "0.0.0.0:0"]);
    Client::join_by_v2(server.tcp());
}

#[test]
fn keys_change_in_the_middle_of_a_conversation() {
    let scene = Scene::new(&["--rekey-records", "5"]);
    let mut client = Client::join_by_v2(scene.server.tcp());
    for number in 0..100 {
        client.say(&format!("line {number}"));
        assert!(client.receive_text().ends_with(&format!(": line {number}")));
    }
}

#[test]
fn a_client_that_closes_gets_its_answers_and_an_authenticated_end() {
    let scene = Scene::new(&[]);
    let mut client = Client::join_by_v2(scene.server.tcp());
    client.say("last words");
    client.finish();
    assert!(client.receive_text().ends_with(": last words"));
    assert_eq!(client.receive_end(), CloseReason::PeerClosed);
    scene
        .server
        .wait_for_log(&[&client.address(), "closed", "the peer closed"]);
}

#[test]
fn truncation_without_close_is_told_apart_from_an_end() {
    // Anybody in between can cut a stream, but nobody there can make a close (§2.12).
    let mut scene = Scene::new(&[]);
    let mut client = Client::join_by_v2(scene.server.tcp());
    client.half_close();
    scene.assert_logged_and_undisturbed(&[&client.address(), "closed", "was cut"]);
}

#[test]
fn a_record_changed_or_sent_twice_ends_the_session() {
    // A changed record fails its tag. A repeated one does not open either, because the sequence
    // number in its nonce is another one by then.
    let scene = Scene::new(&[]);
    for attack in ["changed", "replayed"] {
        let mut client = Client::join_by_v2(scene.server.tcp());
        let mut record = client.seal("text");
        if attack == "changed" {
            record[20] ^= 1;
        } else {
            record = [&record[..], &record].concat();
        }
        client.wire.write_all(&record).unwrap();
        client.assert_told(ErrorCode::BadRecord);
        scene
            .server
            .wait_for_log(&[&client.address(), "closed", "does not open"]);
    }
}

#[test]
fn a_length_of_four_gigabytes_is_refused_at_once() {
    // Refused from the header alone: nothing of the body may be buffered first.
    let mut scene = Scene::new(&[]);
    let mut client = Client::join_by_v2(scene.server.tcp());
    client.wire.write_all(&[0xff, 0xff, 0xff, 0xff, 3]).unwrap();
    client.assert_told(ErrorCode::FrameTooLarge);
    scene.assert_logged_and_undisturbed(&[&client.address(), "closed", "frame_too_large"]);
}

#[test]
fn a_preface_of_no_known_version_gets_an_alert_in_clear() {
    let mut scene = Scene::new(&[]);
    let mut stream = connect(scene.server.tcp());
    stream.write_all(b"SSH-2.0-client\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(&[0, 0, 0, 1, 4, 1]));
    let address = stream.local_addr().unwrap().to_string();
    scene.assert_logged_and_undisturbed(&[&address, "closed", "unexpected_message"]);
}

#[test]
fn a_hello_that_never_ends_runs_into_the_deadline() {
    let mut scene = Scene::new(&["--handshake-timeout", "1"]);
    let mut stream = connect(scene.server.tcp());
    stream
        .write_all(b"SC/2\n\0\0\x04\xe0\x01half a hello")
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(&[0, 0, 0, 1, 4, 5]));
    let address = stream.local_addr().unwrap().to_string();
    scene.assert_logged_and_undisturbed(&[&address, "closed", "timeout"]);
}

#[test]
fn a_stopping_server_says_so_under_seal() {
    let scene = Scene::new(&[]);
    let mut client = Client::join_by_v2(scene.server.tcp());
    scene.server.terminate();
    client.assert_told(ErrorCode::ServerStopping);
}

#[test]
fn a_line_that_v2_cannot_carry_is_replaced_by_a_notice() {
    let scene = Scene::new(&["--max-text-bytes", "200000"]);
    let mut by_v2 = Client::join_by_v2(scene.server.tcp());
    let mut by_v1 = Client::join(scene.server.tcp());
    by_v1.say(&"x".repeat(100_000));
    loop {
        let line = by_v2.receive();
        if line.contains("was not sent to you") {
            break;
        }
        assert!(line.starts_with("* "), "{line}");
    }
    assert!(by_v1.receive_text().len() > 100_000);
}

#[test]
fn no_plaintext_of_v2_is_logged_unasked() {
    let scene = Scene::new(&["--log-level", "trace"]);
    let mut client = Client::join_by_v2(scene.server.tcp());
    client.say("attack at dawn");
    assert!(client.receive_text().ends_with("attack at dawn"));
    client.finish();
    client.receive_end();
    scene.server.wait_for_log(&[&client.address(), "closed"]);
    assert!(!scene.server.log().contains("attack at dawn"));
}
