//! The listener for programs that watch the server: each metric is moved by what it counts, and
//! nobody who reaches it gets more than metrics, or slows the chat down.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::json;
use shared::connection::Version;

use crate::support::client::{Client, connect, connect_from};
use crate::support::json::{hear, join, over_tcp, say, send};
use crate::support::metrics::{sample, samples, scrape, wait_for, wait_until};
use crate::support::server::{Server, private_folder, run_to_end};
use crate::support::tls::open;
use crate::support::websocket::{ask, read_response, write_head};
use crate::support::{Scene, eventually, stall};

const OPS: [&str; 2] = ["--ops", "127.0.0.1:0"];

/// Asks for a path under a name of this machine.
fn status(server: &Server, path: &str) -> u16 {
    ask(
        server.ops(),
        &format!("GET {path} HTTP/1.1\nHost: localhost"),
    )
    .status
}

fn with(more: &[&'static str]) -> Vec<&'static str> {
    OPS.iter().chain(more).copied().collect()
}

#[test]
fn sessions_and_handshakes_are_counted_by_their_kind() {
    let server = Server::start(&with(&["--tls-self-signed", "--handshake-timeout", "2"]));
    let ops = server.ops();
    for transport in ["tcp", "tls", "ws"] {
        let series = format!("connections_opened_total{{transport=\"{transport}\"}}");
        assert!(samples(ops).contains_key(&format!("secure_chat_{series}")));
    }
    let old = Client::join(server.tcp());
    let new = Client::join_by_v2(server.tcp());
    let mut inside = Client::speaking(open(server.http(), &[b"secure-chat"]), Version::V2);
    inside.establish();
    wait_for(ops, "connections{transport=\"tcp\"}", 2.0);
    wait_for(ops, "connections{transport=\"tls\"}", 1.0);
    wait_for(ops, "handshakes_total{version=\"v1\",result=\"done\"}", 1.0);
    wait_for(ops, "handshakes_total{version=\"v2\",result=\"done\"}", 2.0);
    drop((old, new, inside));
    wait_for(ops, "connections{transport=\"tcp\"}", 0.0);
    wait_for(ops, "connections{transport=\"tls\"}", 0.0);
    // Whoever does not get through its handshake, each in another way.
    let silent = connect(server.tcp());
    let mut endless = connect(server.tcp());
    // One byte more than a frame has before the handshake is done.
    endless.write_all(&vec![b'{'; 16 * 1024 + 1]).unwrap();
    drop(connect(server.tcp()));
    for result in ["timeout", "frame_too_large", "left"] {
        let series = format!("handshakes_total{{version=\"none\",result=\"{result}\"}}");
        wait_for(ops, &series, 1.0);
    }
    drop((silent, endless));
    wait_for(ops, "connections_opened_total{transport=\"tcp\"}", 5.0);
}

#[test]
fn tunnels_and_refusals_are_counted() {
    let server = Server::start(&with(&["--max-connections-per-address", "2"]));
    let ops = server.ops();
    let tunnel = Client::join_through_tunnel(server.http(), "text");
    let second = Client::join(server.tcp());
    wait_for(ops, "connections{transport=\"ws\"}", 1.0);
    let mut refused = Client::over(connect(server.tcp()));
    refused.receive_end();
    wait_for(
        ops,
        "connections_refused_total{reason=\"address_full\"}",
        1.0,
    );
    // Nothing else is counted for it.
    assert!(sample(ops, "connections_opened_total{transport=\"tcp\"}") < 2.0);
    drop((tunnel, second));
    wait_for(ops, "connections{transport=\"ws\"}", 0.0);
}

#[test]
fn each_limit_of_connections_is_counted_by_its_name() {
    for (flag, reason) in [
        ("--max-connections", "server_full"),
        ("--handshakes-per-minute", "too_often"),
    ] {
        let server = Server::start(&with(&[flag, "1"]));
        let first = Client::join(server.tcp());
        let mut refused = Client::over(connect(server.tcp()));
        refused.receive_end();
        let series = format!("connections_refused_total{{reason=\"{reason}\"}}");
        wait_for(server.ops(), &series, 1.0);
        drop(first);
    }
}

#[test]
fn whoever_is_banned_is_counted() {
    let server = Server::start(&OPS);
    let mut operator = over_tcp(server.tcp(), 1, "anna");
    let claim = json!({"type": "claim", "code": server.claim_code()});
    say(&mut operator, &claim);
    hear(&mut operator, "operator");
    let ban = json!({"type": "operator", "do": "ban", "address": "127.0.0.9"});
    say(&mut operator, &ban);
    hear(&mut operator, "operator");
    let mut banned = Client::over(connect_from([127, 0, 0, 9], server.tcp()));
    banned.receive_end();
    let series = "connections_refused_total{reason=\"banned\"}";
    wait_for(server.ops(), series, 1.0);
}

#[test]
fn entries_and_deliveries_are_counted_and_no_label_names_anybody() {
    let server = Server::start(&OPS);
    let ops = server.ops();
    let mut anna = over_tcp(server.tcp(), 1, "anna");
    let mut bert = over_tcp(server.tcp(), 2, "bert");
    say(&mut anna, &json!({"type": "create", "room": "garden"}));
    hear(&mut anna, "joined");
    join(&mut bert, "garden", 0);
    for number in 0..3 {
        say(&mut anna, &send("garden", number, "look"));
        hear(&mut anna, "ack");
    }
    wait_for(ops, "entries_appended_total{stored=\"yes\"}", 3.0);
    wait_for(ops, "deliveries_total", 6.0);
    wait_for(ops, "ack_seconds_count", 3.0);
    let commits = sample(ops, "commit_seconds_count");
    assert!(commits >= 3.0, "{commits}");
    assert!(sample(ops, "commit_seconds_sum") > 0.0);
    // Nothing of an unstored room is committed.
    let keep = json!({"type": "create", "room": "whispers", "keep": "nothing"});
    say(&mut anna, &keep);
    hear(&mut anna, "joined");
    say(&mut anna, &send("whispers", 9, "psst"));
    hear(&mut anna, "ack");
    wait_for(ops, "entries_appended_total{stored=\"no\"}", 1.0);
    wait_for(ops, "entries_appended_total{stored=\"yes\"}", 3.0);
    wait_for(ops, "deliveries_total", 7.0);
    wait_for(ops, "ack_seconds_count", 4.0);
    // Everything that was committed is broadcast.
    wait_for(ops, "log_lag", 0.0);
    let text = scrape(ops).body;
    for word in [
        "garden",
        "whispers",
        "anna",
        "bert",
        "SHA256",
        "127.0.0.1",
        "lobby",
    ] {
        assert!(!text.contains(word), "{word} in\n{text}");
    }
}

#[test]
fn a_client_that_does_not_read_is_seen_waiting_and_then_evicted() {
    let server = Server::start(&with(&["--sends-per-minute", "0"]));
    let ops = server.ops();
    let mut talker = Client::join(server.tcp());
    let stalled = Client::join(server.tcp());
    let text = "x".repeat(16 * 1024);
    let mut waited = 0.0_f64;
    // The sockets between them hold some megabytes before the client's queue does.
    for _ in 0..2000 {
        talker.say(&text);
        while !talker.receive().ends_with(&text) {}
        let all = samples(ops);
        waited = waited.max(all["secure_chat_longest_queue_bytes"]);
        assert!(all["secure_chat_queue_bytes"] >= all["secure_chat_longest_queue_bytes"]);
        if all["secure_chat_slow_consumers_total"] > 0.0 {
            break;
        }
    }
    wait_for(ops, "slow_consumers_total", 1.0);
    drop(stalled);
    wait_for(ops, "queue_bytes", 0.0);
}

#[test]
fn a_server_says_what_it_is_and_until_when_its_certificate_is_good() {
    let began = SystemTime::now();
    let server = Server::start(&with(&["--tls-self-signed"]));
    let all = samples(server.ops());
    let since = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let build = format!("secure_chat_build_info{{version=\"{version}\"}}");
    assert!(all.contains_key(&build), "{all:#?}");
    assert!(all["secure_chat_healthy"] > 0.0);
    let started = all["secure_chat_start_time_seconds"];
    assert!(started + 1.0 > since(began).as_secs_f64(), "{started}");
    let expiry = all["secure_chat_certificate_expiry_timestamp_seconds"];
    let days = (expiry - since(began).as_secs_f64()) / 86_400.0;
    assert!((300.0..400.0).contains(&days), "{days}");
}

// The fault: a page that tells people to watch what is not there, or does not tell of what is.
#[test]
fn the_document_has_the_metrics_that_are_there_and_no_others() {
    let server = Server::start(&with(&["--tls-self-signed"]));
    let text = scrape(server.ops()).body;
    let types = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE secure_chat_"));
    let there: BTreeSet<_> = types.map(|it| it.split(' ').next().unwrap()).collect();
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/MONITORING.md");
    let document = fs::read_to_string(document).unwrap();
    let (_, table) = document.split_once("All names begin with").unwrap();
    // Other sections have tables of other things.
    let (table, _) = table.split_once("\n## ").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let told: BTreeSet<_> = rows
        .flat_map(|row| row.split(" | ").next().unwrap().split(", `"))
        .map(|name| name.split(['{', '`']).next().unwrap())
        .map(|name| name.trim_end_matches("_total").trim_end_matches("_info"))
        .collect();
    assert_eq!(told, there);
}

#[test]
fn metrics_on_other_addresses_need_a_word() {
    let data = private_folder();
    for address in ["0.0.0.0:0", "[::]:0"] {
        let ended = run_to_end(data.path(), &["--ops", address]);
        assert_eq!(ended.code, Some(64), "{ended:?}");
        assert!(ended.stderr.contains("--insecure-ops"), "{ended:?}");
    }
    let server = Server::start(&["--ops", "0.0.0.0:0", "--insecure-ops"]);
    assert_eq!(status(&server, "/livez"), 200);
}

#[test]
fn a_page_with_a_rebound_name_reads_no_metrics() {
    let server = Server::start(&OPS);
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "192.0.2.1:9090",
        "",
    ] {
        for (path, expected) in [("/metrics", 403), ("/livez", 200), ("/readyz", 200)] {
            let head = format!("GET {path} HTTP/1.1\nHost: {host}");
            let response = ask(server.ops(), &head);
            assert_eq!(response.status, expected, "{host} {path}");
            assert_eq!(response.header("access-control-allow-origin"), "");
        }
    }
    assert_eq!(status(&server, "/metrics"), 200);
}

#[test]
fn the_listener_has_no_other_pages_and_the_chat_has_none_of_these() {
    let server = Server::start(&OPS);
    for path in ["/", "/ws", "/index.html", "/metrics/", "/livez/../metrics"] {
        assert_eq!(status(&server, path), 404, "{path}");
    }
    let ops = server.ops();
    let head = "POST /metrics HTTP/1.1\nHost: localhost\nContent-Length: 0";
    assert_eq!(ask(ops, head).status, 405);
    for path in ["/metrics", "/readyz"] {
        let head = format!("GET {path} HTTP/1.1\nHost: localhost");
        assert_eq!(ask(server.http(), &head).status, 404, "{path}");
    }
    // Without the flag there is no listener at all.
    let server = Server::start(&[]);
    server.wait_for_log(&["the page is at"]);
    assert_eq!(server.printed(&["ops listening"]), [""; 0]);
}

#[test]
fn an_old_scraper_and_one_without_a_body_are_answered() {
    let server = Server::start(&OPS);
    let ops = server.ops();
    let old = ask(ops, "GET /metrics HTTP/1.1\nHost: localhost");
    assert!(
        old.header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    assert!(
        old.body
            .contains("\n# TYPE secure_chat_deliveries_total counter\n")
    );
    let new = scrape(ops);
    assert!(
        new.header("content-type")
            .starts_with("application/openmetrics-text")
    );
    assert!(new.body.ends_with("# EOF\n"), "{new:?}");
    assert_eq!(new.header("connection"), "close");
    let mut stream = connect(ops);
    write_head(&mut stream, "HEAD /metrics HTTP/1.1\nHost: localhost");
    assert_eq!(read_response(&mut stream, false).status, 200);
    assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0);
}

#[test]
fn a_flood_of_scrapes_and_scrapers_that_hang_leave_the_chat_alone() {
    let mut scene = Scene::new(&OPS);
    let ops = scene.server.ops();
    // More than the listener takes at a time: some say nothing, some stop in the middle of a head,
    // and some read nothing.
    let mut hanging: Vec<TcpStream> = (0..48).map(|_| connect(ops)).collect();
    for (at, stream) in hanging.iter_mut().enumerate() {
        match at % 3 {
            0 => {}
            1 => stream.write_all(b"GET /metrics HTTP/1.1\r\nHost:").unwrap(),
            _ => stream
                .write_all(&b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(50))
                .unwrap(),
        }
    }
    scene.assert_undisturbed();
    let flood = std::thread::spawn(move || {
        for _ in 0..200 {
            let mut stream = connect(ops);
            // Ended by either side; that it is asked is enough.
            let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        }
    });
    for _ in 0..20 {
        scene.assert_undisturbed();
    }
    flood.join().unwrap();
    // The listener gets rid of them by itself, and of what they have left.
    assert_eq!(status(&scene.server, "/metrics"), 200);
    for mut stream in hanging {
        let _ = stream.read_to_end(&mut Vec::new());
    }
    scene.assert_undisturbed();
}

#[test]
fn a_head_without_an_end_on_the_ops_listener() {
    let server = Server::start(&OPS);
    let mut stream = connect(server.ops());
    let head = format!("GET /metrics HTTP/1.1\r\nX: {}", "x".repeat(20_000));
    // The server may end the connection before it has read all of it.
    let _ = stream.write_all(head.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.starts_with(b"HTTP/1.1 431"), "{answer:?}");
}

#[test]
fn a_unix_socket_for_whoever_watches() {
    let folder = private_folder();
    let path = folder.path().join("ops");
    let flag = format!("unix:{}?mode=600", path.display());
    let server = Server::start(&["--ops", &flag]);
    let mut answer = String::new();
    eventually("the socket", || {
        let mut stream = UnixStream::connect(&path).ok()?;
        let head = "GET /metrics HTTP/1.1\r\nHost: anything\r\n\r\n";
        stream.write_all(head.as_bytes()).ok()?;
        stream.read_to_string(&mut answer).ok()
    });
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("secure_chat_healthy 1"), "{answer}");
    drop(server);
}

#[test]
fn a_server_that_stops_lives_and_is_not_ready() {
    let server = Server::start(&with(&["--sends-per-minute", "0"]));
    assert_eq!(status(&server, "/readyz"), 200);
    // A client that does not read keeps the server from stopping at once.
    let stalled = stall(&server);
    server.terminate();
    server.wait_for_log(&["stopping"]);
    let ready = ask(server.ops(), "GET /readyz HTTP/1.1\nHost: localhost");
    assert_eq!(
        (ready.status, &*ready.body),
        (503, "the server is stopping\n")
    );
    assert_eq!(status(&server, "/livez"), 200);
    drop(stalled);
}

// Prometheus gives up after 10 s by itself.
#[test]
fn a_connection_is_ended_whatever_it_does() {
    let server = Server::start(&OPS);
    let mut dripping = connect(server.ops());
    let mut ended = false;
    for byte in b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: "
        .iter()
        .chain(&[b'x'; 2000])
    {
        if dripping.write_all(&[*byte]).is_err() {
            ended = true;
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(ended, "a head that comes in drops held its place");
    wait_until(server.ops(), "healthy", |healthy| healthy > 0.0);
}
