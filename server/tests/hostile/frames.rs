//! Attacks with frames: too long, too slow, at the wrong time, or half of one.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use shared::connection::CloseReason;
use shared::error::ErrorCode;

use crate::support::Scene;
use crate::support::client::{Client, connect};

#[test]
fn an_unterminated_frame_before_the_handshake() {
    let mut scene = Scene::new(&[]);
    let mut attacker = Client::over(connect(scene.server.tcp()));
    // One byte over the limit, and nothing after it: the answer must not wait for an end.
    attacker.wire.write_all(&vec![b'{'; 16 * 1024 + 1]).unwrap();
    let mut answer = String::new();
    attacker.wire.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"frame_too_large\""), "{answer}");
    let words = [&*attacker.address(), "closed", "longer than 16384 bytes"];
    scene.assert_logged_and_undisturbed(&words);
}

#[test]
fn an_unterminated_frame_after_the_handshake() {
    let mut scene = Scene::new(&["--max-frame-bytes", "65536"]);
    let mut attacker = Client::join(scene.server.tcp());
    // More than the limit: bytes that are still under way when the server gives up must not turn
    // its answer into a reset.
    attacker.wire.write_all(&vec![b'{'; 200_000]).unwrap();
    attacker.assert_told(ErrorCode::FrameTooLarge);
    let words = [&*attacker.address(), "closed", "longer than 65536 bytes"];
    scene.assert_logged_and_undisturbed(&words);
}

#[test]
fn a_byte_at_a_time_is_cut_off_by_the_clock() {
    let mut scene = Scene::new(&["--handshake-timeout", "1"]);
    let start = Instant::now();
    let mut attacker = connect(scene.server.tcp());
    let address = attacker.local_addr().unwrap().to_string();
    let mut reader = attacker.try_clone().unwrap();
    // Each byte would restart a timeout for each read; only a deadline for the whole handshake ends
    // this.
    let trickle = std::thread::spawn(move || {
        while start.elapsed() < Duration::from_millis(2500) && attacker.write_all(b"{").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let mut answer = String::new();
    reader.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"timeout\""), "{answer}");
    trickle.join().unwrap();
    scene.assert_logged_and_undisturbed(&[&address, "closed", "did not finish its handshake"]);
}

#[test]
fn a_client_that_says_nothing_is_told_timeout() {
    // A silent connection would otherwise keep its permit for ever.
    let mut scene = Scene::new(&["--handshake-timeout", "1"]);
    let mut attacker = connect(scene.server.tcp());
    let address = attacker.local_addr().unwrap().to_string();
    let mut answer = String::new();
    attacker.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"timeout\""), "{answer}");
    scene.assert_logged_and_undisturbed(&[&address, "closed", "did not finish its handshake"]);
}

#[test]
fn an_http_request_on_the_tcp_port() {
    // A browser on the wrong port: the blank line behind the request ends a frame, which is no
    // object.
    let mut scene = Scene::new(&[]);
    let mut attacker = connect(scene.server.tcp());
    let address = attacker.local_addr().unwrap().to_string();
    attacker.write_all(b"GET / HTTP/1.1\n\n").unwrap();
    let mut answer = String::new();
    attacker.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"malformed\""), "{answer}");
    scene.assert_logged_and_undisturbed(&[&address, "closed", "not an object"]);
}

#[test]
fn garbage_after_the_handshake() {
    let mut scene = Scene::new(&[]);
    let mut attacker = Client::join(scene.server.tcp());
    attacker.wire.write_all(b"\xff\x00\n\n").unwrap();
    attacker.assert_told(ErrorCode::Malformed);
    scene.assert_logged_and_undisturbed(&[&attacker.address(), "closed", "malformed"]);
}

#[test]
fn a_replayed_handshake_as_a_message() {
    // A frame is judged by the state in which it arrives: no second handshake may begin.
    let mut scene = Scene::new(&[]);
    let mut attacker = Client::over(connect(scene.server.tcp()));
    let handshake = attacker.handshake();
    attacker.wire.write_all(&handshake).unwrap();
    attacker.establish();
    attacker.wire.write_all(&handshake).unwrap();
    attacker.assert_told(ErrorCode::Malformed);
    scene.assert_logged_and_undisturbed(&[&attacker.address(), "closed", "malformed"]);
}

#[test]
fn a_half_closed_client_still_gets_its_answers() {
    let mut scene = Scene::new(&[]);
    let mut client = Client::over(connect(scene.server.tcp()));
    // Everything in one write, and then the end: all answers are still due.
    let mut all = client.handshake();
    for text in ["one", "two", "/who"] {
        all.extend(client.seal(text));
    }
    client.wire.write_all(&all).unwrap();
    client.half_close();
    assert!(client.receive().starts_with("* Welcome"));
    assert!(client.receive().ends_with(": one"));
    assert!(client.receive().ends_with(": two"));
    assert!(client.receive().starts_with("* 2 here: "));
    assert_eq!(client.receive_end(), CloseReason::PeerClosed);
    scene
        .server
        .wait_for_log(&[&client.address(), "closed", "the peer closed"]);
    let overheard: Vec<_> = (0..4).map(|_| scene.overheard()).collect();
    assert!(overheard[0].ends_with(" joined"), "{overheard:?}");
    assert!(overheard[3].ends_with(" left"), "{overheard:?}");
    scene.assert_undisturbed();
}

#[test]
fn half_a_frame_and_then_the_end() {
    // Reported as a cut and not as an end, because anybody in between can cut a stream.
    let mut scene = Scene::new(&[]);
    let mut attacker = Client::join(scene.server.tcp());
    let frame = attacker.seal("never whole");
    attacker.wire.write_all(&frame[..frame.len() / 2]).unwrap();
    attacker.half_close();
    assert_eq!(attacker.receive_end(), CloseReason::PeerClosed);
    scene.assert_logged_and_undisturbed(&[&attacker.address(), "closed", "was cut"]);
}

#[test]
fn a_connection_that_is_reset() {
    let mut scene = Scene::new(&[]);
    let attacker = Client::join(scene.server.tcp());
    let address = attacker.address();
    // The client's own line comes back and is never read: dropping the socket then resets the
    // connection.
    let mut attacker = attacker;
    attacker.say("unread");
    std::thread::sleep(Duration::from_millis(200));
    drop(attacker);
    while !scene.overheard().ends_with(" left") {}
    scene.assert_logged_and_undisturbed(&[&address, "closed"]);
}
