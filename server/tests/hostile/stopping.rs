//! Stopping: every client is told, and none can delay the end.

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use shared::error::ErrorCode;

use crate::support::client::{Client, connect};
use crate::support::server::Server;
use crate::support::websocket::{WebSocket, ask, write_head};

#[test]
fn everybody_is_told_and_the_server_ends_well() {
    // Connects are logged at this level only.
    let mut server = Server::start(&["--log-level", "debug"]);
    let mut tcp = Client::join(server.tcp());
    let mut tunnel = Client::join_through_tunnel(server.http(), "text");
    let mut unfinished = Client::over(connect(server.tcp()));
    unfinished.wire.write_all(b"{").unwrap();
    let idle_http = connect(server.http());
    server.wait_for_log(&[&unfinished.address(), "connected"]);

    let start = Instant::now();
    server.terminate();
    tcp.assert_told(ErrorCode::ServerStopping);
    tunnel.assert_told(ErrorCode::ServerStopping);
    assert_eq!(tunnel.wire.receive_close(), 1001);
    let mut answer = String::new();
    unfinished.wire.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"server_stopping\""), "{answer}");
    drop((tcp, tunnel, unfinished));
    assert_eq!(server.wait().code(), Some(0));
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    drop(idle_http);
    assert_eq!(
        server.logged(&["server_stopping"]).len(),
        3,
        "{}",
        server.log()
    );
    assert_eq!(server.logged(&["stopped"]).len(), 1, "{}", server.log());
}

#[test]
fn a_hang_up_of_the_terminal_stops_nothing() {
    let mut server = Server::start(&[]);
    let mut client = Client::join(server.tcp());
    server.signal("HUP");
    server.wait_for_log(&["there is nothing to reload"]);
    client.say("still here");
    assert!(client.receive_text().ends_with("still here"));
    assert!(server.is_running());
}

/// Asserts that a server whose standard error is `stderr` lets people chat, answers its health
/// checks, and stops.
fn assert_unmoved(stderr: Stdio) {
    let arguments = ["--log-level", "trace", "--sends-per-minute", "0"];
    let mut server = Server::start_with(stderr, None, &arguments);
    let host = server.http();
    // Far more lines than a pipe holds, and more than may wait for a writer.
    for round in 0..200 {
        let mut client = Client::join(server.tcp());
        client.say(&format!("round {round}"));
        while !client.receive_text().ends_with(&format!("round {round}")) {}
    }
    for path in ["/livez", "/healthz"] {
        let response = ask(host, &format!("GET {path} HTTP/1.1\nHost: {host}"));
        assert_eq!(response.status, 200, "{path}");
    }
    let mut last = Client::join_through_tunnel(host, "text");
    server.terminate();
    last.assert_told(ErrorCode::ServerStopping);
    drop(last);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_log_that_nobody_reads_freezes_nothing() {
    // A write to a full pipe blocks, so no task that serves clients may wait for it.
    let (unread, stderr) = std::io::pipe().unwrap();
    assert_unmoved(stderr.into());
    drop(unread);
}

#[test]
fn a_log_whose_reader_is_gone_ends_nothing() {
    // A write to a pipe without a reader fails, and must not panic.
    let (reader, stderr) = std::io::pipe().unwrap();
    drop(reader);
    assert_unmoved(stderr.into());
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_on_a_full_disk_ends_nothing() {
    let full = std::fs::File::options().write(true).open("/dev/full");
    assert_unmoved(full.unwrap().into());
}

#[test]
fn clients_that_do_not_let_go_are_cut_off() {
    let mut server = Server::start(&[]);
    // One client that never reads and has much to read, one in the middle of a request, one that
    // opens a tunnel and sends nothing, and one that sends without end.
    let mut stalled = Client::join(server.tcp());
    let text = "x".repeat(16 * 1024);
    for _ in 0..40 {
        stalled.say(&text);
    }
    let mut half_a_head = connect(server.http());
    half_a_head.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
    let silent = WebSocket::open(server.http(), "text");
    let mut endless = Client::join(server.tcp()).wire;
    let sending = std::thread::spawn(move || while endless.write_all(b"{    ").is_ok() {});
    let mut asked = connect(server.http());
    write_head(&mut asked, "GET /healthz HTTP/1.1\nHost: localhost");

    let start = Instant::now();
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    sending.join().unwrap();
    drop((stalled, half_a_head, silent, asked));
}
