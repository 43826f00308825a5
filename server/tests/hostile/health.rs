//! `health`, the task that asks a running server whether it works: it says so only of a server that
//! does, and ends in time whatever listens there instead.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener};

use crate::support::client::connect;
use crate::support::server::{Ended, Server, private_folder, run_to_end};
use crate::support::{eventually, stall};

/// Asks by a program with these flags, in a folder of its own.
fn health(flags: &[&str], more: &[&str]) -> Ended {
    let folder = private_folder();
    let arguments: Vec<_> = flags.iter().chain(&["health"]).chain(more).collect();
    let arguments: Vec<_> = arguments.into_iter().copied().collect();
    let ended = run_to_end(folder.path(), &arguments);
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "it has written something");
    ended
}

fn assert_fails(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stdout, "", "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    for word in words {
        assert!(ended.stderr.contains(word), "{word}: {ended:?}");
    }
}

/// Listens, and answers the first request with `answer`; if that is empty, never.
fn impostor(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        // The program may be gone before it has read everything.
        let _ = stream.write_all(answer);
        if !answer.is_empty() {
            let _ = stream.shutdown(Shutdown::Write);
        }
        let _ = stream.read_to_end(&mut Vec::new());
    });
    address
}

/// Returns the address of the ops listener that is no Unix socket.
fn tcp_ops(server: &Server) -> String {
    eventually("the ops listener", || {
        let line = server.printed(&["ops listening on 127.0.0.1:"]).pop()?;
        Some(line.trim_start_matches("ops listening on ").to_owned())
    })
}

#[test]
fn a_server_that_works_is_asked_at_each_kind_of_listener() {
    let sockets = private_folder();
    let unix = |name: &str| format!("unix:{}", sockets.path().join(name).display());
    let (unix_http, unix_ops) = (unix("http"), unix("ops"));
    let server = Server::start(&[
        "--ops",
        "127.0.0.1:0",
        "--ops",
        &unix_ops,
        "--http",
        "127.0.0.1:0",
        "--http",
        &unix_http,
    ]);
    let (ops, http) = (tcp_ops(&server), server.http().to_string());
    for (flag, address) in [
        ("--ops", &ops),
        ("--ops", &unix_ops),
        ("--http", &http),
        ("--http", &unix_http),
    ] {
        let ended = health(&[flag, address], &[]);
        assert_eq!(ended.code, Some(0), "{address}: {ended:?}");
        let shown = address.split('?').next().unwrap();
        assert_eq!(ended.stdout, format!("{shown} answers: ok\n"));
        assert_eq!(ended.stderr, "");
    }
}

#[test]
fn a_server_behind_a_proxy_or_tls_is_asked_where_it_speaks_neither() {
    let server = Server::start(&["--ops", "127.0.0.1:0", "--tls-self-signed"]);
    let (ops, http) = (server.ops().to_string(), server.http().to_string());
    let ended = health(
        &["--tls-self-signed", "--http", &http, "--ops", &ops],
        &["--timeout", "20"],
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_fails(
        &health(&["--tls-self-signed", "--http", &http], &[]),
        &["without TLS", "--ops 127.0.0.1:9464"],
    );
    // Settings that are wrong about it.
    assert_fails(&health(&["--http", &http], &[]), &[&http]);
    let server = Server::start(&[
        "--trusted-proxy",
        "127.0.0.1",
        "--public-url",
        "https://chat.example",
    ]);
    let http = server.http().to_string();
    let ended = health(&["--http", &http], &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_server_that_is_gone_or_never_was_there() {
    let server = Server::start(&["--ops", "127.0.0.1:0"]);
    let ops = server.ops().to_string();
    drop(server);
    assert_fails(&health(&["--ops", &ops], &[]), &[&ops, "reached"]);
    assert_fails(
        &health(&["--ops", "unix:/nowhere/ops"], &[]),
        &["unix:/nowhere/ops", "reached"],
    );
    assert_fails(&health(&["--ops", "127.0.0.1:0"], &[]), &["--ops", "port"]);
}

#[test]
fn a_server_that_stops_is_not_ready() {
    let server = Server::start(&["--ops", "127.0.0.1:0", "--sends-per-minute", "0"]);
    let ops = server.ops().to_string();
    // A client that does not read keeps the server from stopping at once.
    let stalled = stall(&server);
    server.terminate();
    server.wait_for_log(&["stopping"]);
    assert_fails(
        &health(&["--ops", &ops], &[]),
        &["answers 503: the server is stopping"],
    );
    drop(stalled);
}

#[test]
fn a_page_that_is_full_does_not_make_its_server_a_broken_one() {
    let server = Server::start(&["--ops", "127.0.0.1:0", "--max-connections", "1"]);
    let page = server.http().to_string();
    let mut crowd = Vec::new();
    let asked = eventually("a page that is full", || {
        crowd.extend((0..50).map(|_| connect(server.http())));
        let asked = health(&["--http", &page], &[]);
        (asked.code != Some(0)).then_some(asked)
    });
    assert_fails(&asked, &["answers 503"]);
    let ended = health(&["--ops", &server.ops().to_string()], &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    drop(crowd);
}

#[test]
fn whatever_else_listens_there_is_no_server_that_works() {
    for (answer, words) in [
        (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], &["no answer"][..]),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", &["302"]),
        (b"HTTP/1.1 204 No Content\r\n\r\n", &["204"]),
        (
            b"HTTP/1.1 503 X\r\nContent-Length: 9\r\n\r\n\x1b[31mred\n",
            &["503: \\u{1b}[31mred"],
        ),
    ] {
        let address = impostor(answer).to_string();
        assert_fails(&health(&["--ops", &address], &[]), words);
    }
}

#[test]
fn an_answer_without_an_end_or_without_a_beginning_keeps_nobody() {
    let endless = Box::leak(vec![b'x'; 1 << 20].into_boxed_slice());
    let head: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n";
    let endless: &[u8] = Box::leak([head, endless].concat().into_boxed_slice());
    let address = impostor(endless).to_string();
    assert_fails(
        &health(&["--ops", &address], &["--timeout", "20"]),
        &["no answer"],
    );
    let address = impostor(b"").to_string();
    assert_fails(
        &health(&["--ops", &address], &["--timeout", "1"]),
        &["within 1 s"],
    );
}

#[test]
fn a_time_that_cannot_be_meant_is_a_usage_error() {
    for seconds in ["0", "601", "soon"] {
        let ended = health(&["--ops", "127.0.0.1:1"], &["--timeout", seconds]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
}
