//! Attacks on the HTTP listener, beside the tunnel.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;

use shared::connection::{CloseReason, Version};

use crate::support::Scene;
use crate::support::client::{Client, connect};
use crate::support::websocket::{ask, read_response, write_head};

#[test]
fn paths_that_climb_out_of_the_page() {
    let mut scene = Scene::new(&[]);
    let host = scene.server.http();
    let up = "/..".repeat(20);
    // Some of these are symbolic links, because a server that reads files may resolve links before
    // it checks the path.
    for path in [
        format!("{up}/etc/passwd"),
        format!("{up}/etc/os-release"),
        format!("{up}/proc/self/exe"),
        format!("{up}/proc/self/cwd/Cargo.toml"),
        format!("/{up}/etc/mtab"),
        "//etc/mtab".to_owned(),
        "/..\\..\\..\\..\\..\\..\\..\\..\\etc\\mtab".to_owned(),
        "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/mtab".to_owned(),
        "/../server/Cargo.toml".to_owned(),
        "/./index.html".to_owned(),
        "/.stage/index.html".to_owned(),
    ] {
        let response = ask(host, &format!("GET {path} HTTP/1.1\nHost: {host}"));
        assert_eq!(response.status, 404, "{path}: {response:?}");
    }
    scene.assert_undisturbed();
}

#[test]
fn hosts_that_are_not_this_machine() {
    // DNS rebinding: a page of the attacker's reaches this machine under a name of the attacker's.
    let mut scene = Scene::new(&[]);
    for host in [
        "evil.example",
        "localhost.evil.example",
        "192.0.2.1:8080",
        "",
    ] {
        for path in ["/", "/index.html", "/ws"] {
            let response = ask(
                scene.server.http(),
                &format!("GET {path} HTTP/1.1\nHost: {host}"),
            );
            assert_eq!(response.status, 403, "{host} {path}");
        }
    }
    let response = ask(scene.server.http(), "GET / HTTP/1.0");
    assert_eq!(response.status, 403, "without a Host");
    scene.assert_undisturbed();
}

#[test]
fn a_host_that_would_forge_a_log_line() {
    let mut scene = Scene::new(&[]);
    let head = "GET / HTTP/1.1\nHost: x\\n\"\u{1b}[2J closed";
    let mut stream = connect(scene.server.http());
    write_head(&mut stream, head);
    // Either the parser refuses the request or the server does; in both cases the log must show no
    // control character.
    stream.shutdown(Shutdown::Write).unwrap();
    let mut ignored = Vec::new();
    let _ = stream.read_to_end(&mut ignored);
    scene.assert_undisturbed();
    let log = scene.server.log();
    assert!(!log.contains("\u{1b}[2J"), "{log}");
}

#[test]
fn methods_that_are_not_served() {
    let mut scene = Scene::new(&[]);
    let host = scene.server.http();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"] {
        let head = format!("{method} / HTTP/1.1\nHost: {host}\nContent-Length: 0");
        let response = ask(host, &head);
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(response.header("allow"), "GET, HEAD");
    }
    let response = ask(host, &format!("CONNECT {host} HTTP/1.1\nHost: {host}"));
    assert_eq!(response.status, 405);
    scene.assert_undisturbed();
}

#[test]
fn a_head_request_has_no_body_and_the_connection_goes_on() {
    let scene = Scene::new(&[]);
    let host = scene.server.http();
    let mut stream = connect(host);
    for _ in 0..2 {
        write_head(
            &mut stream,
            &format!("HEAD /healthz HTTP/1.1\nHost: {host}"),
        );
        let response = read_response(&mut stream, false);
        assert_eq!(
            (response.status, response.header("content-length")),
            (200, "3")
        );
    }
    write_head(&mut stream, &format!("GET /healthz HTTP/1.1\nHost: {host}"));
    assert_eq!(read_response(&mut stream, true).body, "ok\n");
}

#[test]
fn a_body_that_nobody_wants() {
    let mut scene = Scene::new(&[]);
    let host = scene.server.http();
    let mut stream = connect(host);
    let head = format!("POST / HTTP/1.1\nHost: {host}\nContent-Length: 10000000000");
    write_head(&mut stream, &head);
    stream.write_all(&[b'x'; 1000]).unwrap();
    // Answered at once, not after ten gigabytes.
    assert_eq!(read_response(&mut stream, true).status, 405);
    scene.assert_undisturbed();
}

#[test]
fn lengths_that_smuggle_a_request() {
    let mut scene = Scene::new(&[]);
    // Two readers that take different lengths for the body would see different requests behind it
    // (request smuggling, RFC 9112 §11.2).
    let host = scene.server.http();
    for more in [
        "Content-Length: 5\nContent-Length: 6",
        "Content-Length: -1",
        "Content-Length: 5, 6",
        "Transfer-Encoding: gzip\nContent-Length: 3",
    ] {
        let mut stream = connect(host);
        write_head(
            &mut stream,
            &format!("GET /healthz HTTP/1.1\nHost: {host}\n{more}"),
        );
        stream.write_all(b"GET /healthz HTTP/1.1\r\n\r\n").unwrap();
        let response = read_response(&mut stream, true);
        assert_eq!(response.status, 400, "{more}: {response:?}");
    }
    scene.assert_undisturbed();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let mut scene = Scene::new(&[]);
    let host = scene.server.http();
    let mut stream = connect(host);
    let request = |path| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let heads = [request("/healthz"), request("/nowhere")]
        .concat()
        .repeat(100);
    stream.write_all(heads.as_bytes()).unwrap();
    for i in 0..200 {
        let expected = if i % 2 == 0 { 200 } else { 404 };
        assert_eq!(read_response(&mut stream, true).status, expected, "{i}");
    }
    scene.assert_undisturbed();
}

#[test]
fn a_head_without_an_end() {
    // A head is buffered whole, so it needs a bound.
    let mut scene = Scene::new(&[]);
    let host = scene.server.http();
    let mut stream = connect(host);
    let address = stream.local_addr().unwrap().to_string();
    let head = format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nX: {}",
        "x".repeat(17_000)
    );
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(read_response(&mut stream, false).status, 431);
    scene.assert_logged_and_undisturbed(&[&address, "HTTP connection refused"]);
}

#[test]
fn no_http_at_all() {
    let mut scene = Scene::new(&[]);
    let mut stream = connect(scene.server.http());
    let address = stream.local_addr().unwrap().to_string();
    // The first bytes of a TLS client that took the wrong port.
    stream
        .write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        .unwrap();
    assert_eq!(read_response(&mut stream, false).status, 400);
    scene.assert_logged_and_undisturbed(&[&address, "HTTP connection refused"]);
}

#[test]
fn clients_of_the_chat_on_the_port_of_the_page_are_told_so() {
    let mut scene = Scene::new(&[]);
    for (first, is_ours) in [
        (&b"SC/2\n"[..], true),
        (b"{\"enc_session\": ", true),
        (b"hello\n", false),
    ] {
        let mut stream = connect(scene.server.http());
        let address = stream.local_addr().unwrap().to_string();
        stream.write_all(first).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("This is the web server: use ws:// or the TCP port."));
        assert_eq!(answer.starts_with('{'), is_ours, "{answer}");
        scene.assert_logged_and_undisturbed(&[&address, "it is not HTTP"]);
    }
    // A client of this project shows the sentence as the server's own.
    let mut lost = Client::speaking(connect(scene.server.http()), Version::V2);
    match lost.receive_end() {
        CloseReason::Reported { message, .. } => assert!(message.contains("use ws://")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_process_and_its_parts_are_asked_apart() {
    let scene = Scene::new(&[]);
    let host = scene.server.http();
    for path in ["/livez", "/healthz"] {
        let response = ask(host, &format!("GET {path} HTTP/1.1\nHost: {host}"));
        assert_eq!((response.status, &*response.body), (200, "ok\n"), "{path}");
    }
}

#[test]
fn a_load_balancer_asks_under_a_name_of_its_own() {
    // Or under none, or through a proxy that sets both fields: a probe is answered all the same.
    let scene = Scene::new(&["--trusted-proxy", "127.0.0.1"]);
    let both = "Forwarded: for=192.0.2.1\nX-Forwarded-For: 192.0.2.2";
    for head in [
        "HTTP/1.1\nHost: 10.0.0.7:8080",
        "HTTP/1.0",
        &format!("HTTP/1.1\nHost: a\n{both}"),
    ] {
        for path in ["/livez", "/healthz"] {
            let response = ask(scene.server.http(), &format!("GET {path} {head}"));
            assert_eq!(
                (response.status, &*response.body),
                (200, "ok\n"),
                "{path} {head}"
            );
        }
    }
    // No other path, and no other method.
    for request in ["GET /healthz/", "GET /healthz/../", "POST /healthz"] {
        let head = format!("{request} HTTP/1.1\nHost: 10.0.0.7:8080");
        assert_eq!(ask(scene.server.http(), &head).status, 403, "{request}");
    }
}

#[test]
fn a_connection_that_says_nothing_is_ended() {
    // Silent connections must not take the files that sessions need.
    let scene = Scene::new(&[]);
    let mut idle = connect(scene.server.http());
    assert_eq!(idle.read(&mut [0; 16]).unwrap(), 0);
}

#[test]
fn a_head_that_never_comes() {
    // Logged at this level only, because an idle browser's connection ends in the same way.
    let mut scene = Scene::new(&["--log-level", "debug"]);
    let host = scene.server.http();
    let mut slow = connect(host);
    let address = slow.local_addr().unwrap().to_string();
    slow.set_read_timeout(Some(std::time::Duration::from_mins(1)))
        .unwrap();
    write!(slow, "GET / HTTP/1.1\r\nHost: {host}\r\n").unwrap();
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).unwrap();
    scene.assert_logged_and_undisturbed(&[&address, "HTTP connection failed"]);
}
