//! Attacks on the server's permits: taking all of them, and coming and going.

use std::io::{Read as _, Write as _};

use shared::connection::Version;
use shared::error::ErrorCode;
use shared::identity::PrivateKey;

use crate::support::Scene;
use crate::support::client::{Client, connect};
use crate::support::server::Server;
use crate::support::websocket::{WebSocket, ask, read_response, write_head};
use crate::support::{eventually, system_random};

/// Takes the last permit, is refused over TCP and through the tunnel, and gives the permit back.
fn assert_bounded(flags: &[&str], limit: &str) {
    let mut scene = Scene::new(flags);
    let last = Client::join(scene.server.tcp());

    let mut refused = Client::over(connect(scene.server.tcp()));
    refused.assert_told(ErrorCode::TooManyConnections);
    let limit = format!("limit=\"{limit}\"");
    scene.assert_logged_and_undisturbed(&[&refused.address(), "refused", &limit]);

    let mut refused = Client::over(WebSocket::open(scene.server.http(), "text"));
    refused.assert_told(ErrorCode::TooManyConnections);
    assert_eq!(refused.wire.receive_close(), 1008);
    scene.assert_logged_and_undisturbed(&[&refused.address(), "refused", &limit]);

    drop(last);
    eventually("a free place", || {
        let mut next = Client::over(WebSocket::open(scene.server.http(), "text"));
        let free = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| next.establish()));
        free.ok()
    });
    scene.assert_undisturbed();
}

#[test]
fn all_places_of_one_address() {
    let flags = ["--max-connections-per-address", "2"];
    assert_bounded(&flags, "max_connections_per_address");
}

#[test]
fn all_places_there_are() {
    assert_bounded(&["--max-connections", "2"], "max_connections");
}

#[test]
fn a_refused_client_that_has_already_spoken_is_told() {
    // Unread bytes would turn the end into a reset, which can take the error with it.
    let scene = Scene::new(&["--max-connections", "1"]);
    let mut refused = connect(scene.server.tcp());
    refused.write_all(&[b'{'; 4000]).unwrap();
    let mut answer = String::new();
    refused.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"too_many_connections\""), "{answer}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_crowd_that_is_refused_takes_no_room_either() {
    let mut scene = Scene::new(&["--max-connections", "1"]);
    // Each refused client is told, and awaited while it reads that; but only a bounded number at a
    // time.
    let crowd: Vec<_> = (0..600).map(|_| connect(scene.server.tcp())).collect();
    // The last one is refused after all others.
    let mut last = &crowd[599];
    let _ = last.read_to_end(&mut Vec::new());
    let held = scene.server.open_files();
    assert!(held < 400, "{held}");
    // Ten lines a minute for an address are enough to notice the attack.
    assert!(
        scene
            .server
            .logged(&["refused: too many connections"])
            .len()
            <= 10
    );
    drop(crowd);
    scene.assert_undisturbed();
}

// The attack: a minted key that connects again and again filled the log with two lines each time.
#[test]
fn whoever_connects_again_and_again_does_not_fill_the_log() {
    let mut scene = Scene::new(&[]);
    for _ in 0..200 {
        let mut client = Client::join(scene.server.tcp());
        client.say("/quit");
        while client.receive_or_end().is_ok() {}
    }
    let lines = |words| scene.server.logged(&[words]).len();
    let lines = lines("handshake done") + lines("closed");
    // A test that takes more than a minute has a second window.
    assert!((1..=240).contains(&lines), "{lines}");
    scene.assert_undisturbed();
}

#[test]
fn all_places_for_http_requests() {
    let mut scene = Scene::new(&[]);
    let host = scene.server.http();
    // Each is in the middle of a request, so that it is not idle.
    let held: Vec<_> = (0..64)
        .map(|_| {
            let mut stream = connect(host);
            stream.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
            stream
        })
        .collect();
    let mut refused = connect(host);
    let address = refused.local_addr().unwrap().to_string();
    write_head(
        &mut refused,
        &format!("GET /healthz HTTP/1.1\nHost: {host}"),
    );
    assert_eq!(read_response(&mut refused, false).status, 503);
    // An end, not a reset that could take the answer with it.
    assert_eq!(refused.read(&mut [0; 16]).unwrap(), 0);
    scene.assert_logged_and_undisturbed(&[&address, "refused: too many connections"]);
    drop(held);
    eventually("a free place", || {
        let response = ask(host, &format!("GET /healthz HTTP/1.1\nHost: {host}"));
        (response.status == 200).then_some(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn idle_http_connections_cannot_take_the_files_of_sessions() {
    // Sessions and HTTP connections share the process's limit of open files.
    let server = Server::start_with(std::process::Stdio::piped(), Some(256), &[]);
    server.wait_for_log(&["limit of open files allows fewer connections"]);
    let idle: Vec<_> = (0..300).map(|_| connect(server.http())).collect();
    let mut sessions: Vec<_> = (0..20).map(|_| Client::join(server.tcp())).collect();
    sessions[19].say("files are left");
    while !sessions[0].receive().ends_with("files are left") {}
    assert!(
        server.logged(&["accept failed"]).is_empty(),
        "{}",
        server.log()
    );
    drop(idle);
}

#[test]
fn an_operator_gets_into_a_server_that_is_full() {
    // A few permits are reserved: an operator must get in when strangers have taken the rest.
    for flag in ["--max-connections", "--max-connections-per-address"] {
        let server = Server::start(&[flag, "2"]);
        let mut operator = Client::join_by_v2(server.tcp());
        operator.say(r#"{"type":"hello"}"#);
        let claim = format!(r#"{{"type":"claim","code":"{}"}}"#, server.claim_code());
        operator.say(&claim);
        while !operator.receive().contains("granted") {}
        drop(operator);
        let key = Box::leak(Box::new(
            PrivateKey::generate(2048, &mut system_random()).unwrap(),
        ));
        let stranger = || Client::of(key, connect(server.tcp()), Version::V2);
        let full: Vec<_> = eventually("two strangers", || {
            let join = || {
                let mut client = stranger();
                client.establish();
                client
            };
            let join = std::panic::AssertUnwindSafe(|| [join(), join()]);
            std::panic::catch_unwind(join).ok()
        })
        .into();
        // Silent connections take the whole reserve, more than once.
        let silent: Vec<_> = (0..40).map(|_| connect(server.tcp())).collect();
        // At the latest when the silent ones are out: while they come, some are cut off unheard.
        eventually("a stranger is told", || {
            let told = || stranger().assert_told(ErrorCode::TooManyConnections);
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(told)).ok()
        });
        let mut operator = Client::join_by_v2(server.tcp());
        operator.say("/who");
        operator.receive();
        drop((full, silent));
    }
}

#[test]
fn fifty_at_once_that_come_and_go() {
    let mut scene = Scene::new(&["--max-connections-per-address", "51"]);
    let (tcp, http) = (scene.server.tcp(), scene.server.http());
    let churning: Vec<_> = (0..50)
        .map(|i| {
            std::thread::spawn(move || {
                for round in 0..4 {
                    match (i + round) % 5 {
                        0 => drop(connect(tcp)),
                        1 => connect(tcp).write_all(b"{\"enc_session\": ").unwrap(),
                        2 => drop(WebSocket::open(http, "text")),
                        3 => Client::join_through_tunnel(http, "binary").say("/quit"),
                        _ => Client::join(tcp).say("/who"),
                    }
                }
            })
        })
        .collect();
    for thread in churning {
        // A refusal is a panic in a client that expects a welcome.
        let _ = thread.join();
    }
    scene.assert_undisturbed();
    // Every permit came back: 50 clients fit again beside the bystander.
    eventually("50 free places", || {
        std::panic::catch_unwind(|| (0..50).map(|_| Client::join(tcp)).collect::<Vec<_>>()).ok()
    });
    assert!(scene.server.is_running());
    assert!(
        !scene.server.log().contains("panicked"),
        "{}",
        scene.server.log()
    );
}

#[test]
fn handshakes_cut_off_at_every_stage_leave_no_place_taken() {
    // If one of these cuts leaked its permit, repeating it would fill the server for good.
    let server = Server::start(&["--max-connections", "3"]);
    for stage in 0..12 {
        eventually("a place", || {
            let mut client = Client::over(connect(server.tcp()));
            let attempt = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let handshake = client.handshake();
                let length = handshake.len() * stage / 11;
                client.wire.write_all(&handshake[..length]).unwrap();
            }));
            attempt.ok()
        });
    }
    eventually("three free places", || {
        let join = || {
            (0..3)
                .map(|_| Client::join(server.tcp()))
                .collect::<Vec<_>>()
        };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(join)).ok()
    });
}
