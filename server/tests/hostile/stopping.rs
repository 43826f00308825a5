//! Stopping: everybody is told, nobody holds it up.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use shared::error::ErrorCode;

use crate::support::client::{Client, connect};
use crate::support::server::Server;
use crate::support::websocket::{WebSocket, write_head};

#[test]
fn everybody_is_told_and_the_server_ends_well() {
    let mut server = Server::start(&[]);
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
fn clients_that_do_not_let_go_are_cut_off() {
    let mut server = Server::start(&[]);
    // One that never reads and has much to read, one in the middle of a request, one that opens a
    // tunnel and says nothing, and one that sends without end.
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
