//! The names of the server: who may call it by which, and what the links begin with.

use shared::error::ErrorCode;

use crate::support::client::Client;
use crate::support::server::{Server, private_folder, run_to_end};
use crate::support::websocket::{Response, WebSocket, ask, upgrade_head};

const PUBLIC: [&str; 2] = ["--public-url", "https://chat.example"];

/// Asks for a path that the page does not have: 404 whoever is served, 403 whoever is not.
fn status(server: &Server, host: &str, more: &str) -> u16 {
    let head = format!("GET /nowhere HTTP/1.1\nHost: {host}\n{more}");
    ask(server.http(), &head).status
}

fn open(server: &Server, host: &str, more: &str) -> Response {
    ask(server.http(), &upgrade_head(host, "", more))
}

#[test]
fn a_proxy_that_keeps_the_host_is_not_answered_with_403() {
    // nginx with `proxy_set_header Host $host`, and Caddy, as they are set up by most people.
    let server = Server::start(&PUBLIC);
    for host in [
        "chat.example",
        "CHAT.example:443",
        "localhost",
        "127.0.0.1:1",
    ] {
        assert_eq!(
            status(&server, host, "X-Forwarded-For: 203.0.113.7"),
            404,
            "{host}"
        );
    }
    let page = "Origin: https://chat.example\nX-Forwarded-For: 203.0.113.7";
    for host in ["chat.example", "127.0.0.1:8080"] {
        assert_eq!(open(&server, host, page).status, 101, "{host}");
    }
}

#[test]
fn names_that_only_look_like_the_public_one() {
    let server = Server::start(&PUBLIC);
    for host in [
        "chat.example.evil",
        "evil.example",
        "evilchat.example",
        "example",
        "",
    ] {
        assert_eq!(status(&server, host, ""), 403, "{host}");
    }
    for origin in [
        "https://chat.example.evil",
        "https://evil.example",
        "http://chat.example:81",
        "https://chat.example:444",
        "null",
    ] {
        let more = format!("Origin: {origin}");
        assert_eq!(
            open(&server, "127.0.0.1:8080", &more).status,
            403,
            "{origin}"
        );
    }
}

#[test]
fn a_page_with_a_rebound_name_that_claims_to_be_a_proxy() {
    // DNS rebinding: a page of the attacker's may set these fields for its own origin.
    let server = Server::start(&[]);
    for more in [
        "X-Forwarded-For: 203.0.113.7",
        "Forwarded: for=203.0.113.7",
        "Via: 1.1 proxy",
    ] {
        assert_eq!(status(&server, "evil.example", more), 403, "{more}");
    }
}

#[test]
fn whoever_comes_by_a_proxy_on_this_machine_is_not_local() {
    // Behind a proxy on loopback everybody has a loopback peer, which must not open v1 to the
    // internet.
    let server = Server::start(&PUBLIC);
    for (host, more) in [
        ("chat.example", ""),
        ("127.0.0.1:8080", "Origin: https://chat.example"),
        ("127.0.0.1:8080", "X-Forwarded-For: 127.0.0.1"),
        ("127.0.0.1:8080", "X-Forwarded-For: garbage"),
        ("127.0.0.1:8080", "Forwarded: for=unknown"),
        ("127.0.0.1:8080", "X-Forwarded-Proto: https"),
        ("127.0.0.1:8080", "X-Real-IP: 127.0.0.1"),
        ("127.0.0.1:8080", "Via: 1.1 proxy"),
    ] {
        let mut tunnel = Client::over(WebSocket::open_as(server.http(), host, more));
        tunnel.assert_told(ErrorCode::V1Disabled);
    }
    Client::join_through_tunnel(server.http(), "text");
}

#[test]
fn a_page_on_the_clients_own_machine_through_a_proxy() {
    // Loopback origins are for developers on this machine, and not for those of other machines.
    let server = Server::start(&PUBLIC);
    let page = "Origin: http://localhost:3000";
    assert_eq!(open(&server, "127.0.0.1:8080", page).status, 101);
    let proxied = format!("{page}\nX-Forwarded-For: 203.0.113.7");
    assert_eq!(open(&server, "127.0.0.1:8080", &proxied).status, 403);
    assert_eq!(open(&server, "chat.example", page).status, 403);
}

#[test]
fn links_begin_with_the_public_address() {
    let both = [
        "--public-url",
        "https://chat.example,https://other.example:8443/",
    ];
    let server = Server::start(&both);
    let link = server.claim_link();
    assert!(
        link.starts_with("operator claim link: https://chat.example/#claim="),
        "{link}"
    );
    for page in ["https://chat.example/", "https://other.example:8443/"] {
        server.wait_for_log(&[&format!("the page is at {page}")]);
        server.wait_for_log(&[&format!("{page}#pin=SHA256:")]);
    }
    assert!(
        !server.log().contains("http://127.0.0.1"),
        "{}",
        server.log()
    );
}

#[test]
fn no_link_leads_to_every_address() {
    for every in ["0.0.0.0:0", "[::]:0"] {
        let server = Server::start(&["--http", every, "--insecure-http"]);
        let link = server.claim_link();
        server.wait_for_log(&["key in the link"]);
        for words in ["://0.0.0.0", "://[::]"] {
            assert!(
                !link.contains(words) && !server.log().contains(words),
                "{link}"
            );
        }
    }
}

#[test]
fn a_public_address_that_is_none() {
    for url in [
        "chat.example",
        "https://chat.example/chat",
        "https://0.0.0.0",
        "ftp://a",
    ] {
        let data = private_folder();
        let ended = run_to_end(data.path(), &["--public-url", url]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("is no public address"), "{ended:?}");
    }
}
