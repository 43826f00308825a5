//! Traces: what a collector is sent, and collectors that do not take it.

use std::path::Path;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::json;

use crate::support::client::{Client, connect};
use crate::support::collector::{Collector, Manner, texts};
use crate::support::json::{UNHURRIED, hear, join, over_tcp, say, send, through_tunnel};
use crate::support::server::{Server, private_folder};
use crate::support::tls::issue_by_authority;
use crate::support::websocket::ask;
use crate::support::{Scene, eventually, free};

/// The time for one batch of spans: a server that waited for its collector would need as long.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

const NAME: &str = "quetzalcoatl";
const ROOM: &str = "obsidian-garden";
const TEXT: &str = "the feathered serpent sleeps";
const PATH: &str = "/tezcatlipoca";

/// The keys of all attributes that spans may have.
const ATTRIBUTES: [&str; 9] = [
    "chat.protocol.version",
    "chat.request.type",
    "chat.result",
    "chat.transport",
    "error.type",
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "network.protocol.version",
];

/// Returns the flags that send every trace to `endpoint`.
fn sampled<'a>(endpoint: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut flags = vec!["--otlp-endpoint", endpoint, "--otlp-sample", "1"];
    flags.extend(more);
    flags
}

/// Waits for a span of this name.
fn span(collector: &Collector, name: &str) -> Span {
    eventually(&format!("a span {name}"), || {
        let mut spans = collector.spans().into_iter();
        spans.find(|span| span.name == name)
    })
}

/// Returns the names of the spans below `parent`, in the order of their beginnings.
fn below(collector: &Collector, parent: &Span) -> Vec<String> {
    let spans = collector.spans().into_iter();
    let mut below: Vec<_> = spans
        .filter(|span| span.parent_span_id == parent.span_id)
        .collect();
    below.sort_by_key(|span| span.start_time_unix_nano);
    for span in &below {
        assert_eq!(span.trace_id, parent.trace_id);
        assert!(span.start_time_unix_nano >= parent.start_time_unix_nano);
        assert!(span.end_time_unix_nano <= parent.end_time_unix_nano);
    }
    below.into_iter().map(|span| span.name).collect()
}

#[test]
fn a_write_is_traced_through_queue_disk_and_hub() {
    let collector = Collector::start(Manner::Takes);
    let endpoint = collector.endpoint();
    let mut server = Server::start(&sampled(&endpoint, &[]));
    let mut client = over_tcp(server.tcp(), 0, NAME);
    say(&mut client, &json!({"type": "create", "room": ROOM}));
    hear(&mut client, "joined");
    say(&mut client, &send(ROOM, 1, TEXT));
    hear(&mut client, "ack");
    say(
        &mut client,
        &json!({"type": "history", "room": ROOM, "before": 1000}),
    );
    hear(&mut client, "page");
    let host = server.http();
    let answer = ask(host, &format!("GET {PATH} HTTP/1.1\nHost: {host}"));
    assert_eq!(answer.status, 404);
    ask(host, &format!("GET /livez HTTP/1.1\nHost: {host}"));

    // Those below a span end before it, and so are sent before it or with it.
    let sent = span(&collector, "request send");
    assert_eq!(sent.parent_span_id, b"");
    let stages = [
        "store.queue",
        "store.write",
        "store.commit",
        "hub.queue",
        "hub.apply",
        "ack",
    ];
    assert_eq!(below(&collector, &sent), stages);
    let read = span(&collector, "request history");
    assert_eq!(below(&collector, &read), ["store.read"]);
    let handshake = span(&collector, "handshake");
    assert_eq!(below(&collector, &handshake), ["handshake.private_key"]);
    let attributes = texts(&handshake.attributes);
    for (key, value) in [
        ("chat.transport", "tcp"),
        ("chat.protocol.version", "v2"),
        ("chat.result", "done"),
    ] {
        assert_eq!(attributes[key], value);
    }
    let page = texts(&span(&collector, "GET /{file}").attributes);
    assert_eq!(page["http.response.status_code"], "404");
    assert_eq!(page["http.request.method"], "GET");
    let probe = texts(&span(&collector, "GET /livez").attributes);
    assert_eq!(probe["http.response.status_code"], "200");
    let resource = collector.resource();
    assert_eq!(resource["service.name"], "secure-chat-server");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
    let head = &collector.requests()[0].head;
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/MONITORING.md");
    let document = std::fs::read_to_string(document).unwrap();
    let documented = stages.iter().chain(&ATTRIBUTES);
    for name in documented.chain(&["store.read", "handshake.private_key"]) {
        assert!(document.contains(&format!("`{name}`")), "{name}");
    }
    drop(client);
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
    // The log is what it is without traces.
    let log = server.log();
    assert!(log.contains("traces go to http://127.0.0.1:"), "{log}");
    for name in stages
        .iter()
        .chain(&["handshake.private_key", "request send"])
    {
        assert!(!log.contains(name), "{log}");
    }
    assert!(!log.contains("spans were dropped"), "{log}");
}

/// A text that no request may leave in a span.
const STRANGE: &str = "xipe-totec";

/// The trace that a stranger names in a `traceparent`.
const FOREIGN_TRACE: [u8; 16] = [0xab; 16];

/// Chats with everything that is private, and asks for what is refused. Returns the private texts.
fn chat_in_private(server: &Server) -> Vec<String> {
    let code = server.claim_code();
    let mut client = through_tunnel(server.http(), 0, NAME);
    let address = client.address();
    say(&mut client, &json!({"type": "claim", "code": code}));
    let room = json!({"type": "create", "room": ROOM, "topic": TEXT});
    say(&mut client, &room);
    hear(&mut client, "joined");
    say(&mut client, &send(ROOM, 1, TEXT));
    hear(&mut client, "ack");
    let search = json!({"type": "search", "query": "feathered serpent"});
    say(&mut client, &search);
    hear(&mut client, "found");
    // Requests that are refused, and what is no request at all.
    say(&mut client, &json!({"type": "join", "room": STRANGE}));
    client.say(&format!("{{\"type\": \"{STRANGE}\"}}"));
    client.say(STRANGE);
    let host = server.http();
    let head = format!(
        "XIPE {PATH}?{STRANGE} HTTP/1.1\nHost: {host}\nCookie: {STRANGE}\n\
         User-Agent: {STRANGE}\ntraceparent: 00-{0}{0}{0}{0}-{0}{0}-01",
        "abababab"
    );
    ask(host, &head);
    // One who fails.
    drop(connect(server.tcp()));
    eventually("the refused request", || {
        (!server.logged(&[STRANGE]).is_empty()).then_some(())
    });
    let private = [NAME, ROOM, TEXT, PATH, "feathered", "serpent", STRANGE];
    let private = private.map(str::to_owned).into_iter();
    private.chain([address, code]).collect()
}

// The attack: an operator's collector, or whoever reads what goes there, learns who says what where.
#[test]
fn nothing_private_is_in_any_byte_that_a_collector_gets() {
    let collector = Collector::start(Manner::Takes);
    let endpoint = collector.endpoint();
    let mut server = Server::start(&sampled(&endpoint, &["--log-plaintext"]));
    let private = chat_in_private(&server);
    for name in [
        "request send",
        "request search",
        "request claim",
        "_OTHER /{file}",
    ] {
        span(&collector, name);
    }
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
    for request in collector.requests() {
        let body = String::from_utf8_lossy(&request.body);
        for word in &private {
            assert!(!body.contains(word), "{word} in {body}");
            assert!(!request.head.contains(word), "{word} in {}", request.head);
        }
        // The collector's own address is in the head.
        for word in ["XIPE", "SHA256:", "127.0.0.1", "[::1]"] {
            assert!(!body.contains(word), "{word} in {body}");
        }
    }
    let spans = collector.spans();
    assert!(spans.len() > 20, "{}", spans.len());
    for span in spans {
        assert_ne!(span.trace_id, FOREIGN_TRACE);
        assert!(span.events.is_empty() && span.links.is_empty(), "{span:?}");
        for (key, value) in texts(&span.attributes) {
            assert!(ATTRIBUTES.contains(&key.as_str()), "{key} is {value}");
        }
    }
}

#[test]
fn a_collector_is_trusted_by_its_certificate_and_gets_what_the_operator_sets() {
    let (root, certificate) = issue_by_authority();
    let folder = private_folder();
    let [known, unknown] = ["known.pem", "unknown.pem"].map(|name| folder.path().join(name));
    std::fs::write(&known, root).unwrap();
    std::fs::write(&unknown, issue_by_authority().0).unwrap();
    for (authorities, is_trusted) in [(known, true), (unknown, false)] {
        let collector = Collector::start_secure(&certificate);
        let endpoint = collector.endpoint();
        let variables = [
            ("SSL_CERT_FILE", authorities),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-token=a%20b".into()),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "deployment.environment.name=x".into(),
            ),
        ];
        let mut server = Server::start_under(&variables, &sampled(&endpoint, &[]));
        drop(over_tcp(server.tcp(), 0, NAME));
        if is_trusted {
            span(&collector, "handshake");
        }
        server.terminate();
        assert_eq!(server.wait().code(), Some(0));
        let requests = collector.requests();
        assert_eq!(requests.is_empty(), !is_trusted);
        let told = server.logged(&["spans were dropped"]);
        assert_eq!(told.is_empty(), is_trusted, "{}", server.log());
        if is_trusted {
            let head = &requests[0].head;
            assert!(head.contains("x-token: a b\r\n"), "{head}");
            assert_eq!(collector.resource()["deployment.environment.name"], "x");
        }
    }
}

#[test]
fn a_trace_that_is_not_sampled_is_sent_nowhere() {
    let collector = Collector::start(Manner::Takes);
    let flags = [
        "--otlp-endpoint",
        &collector.endpoint(),
        "--otlp-sample",
        "0",
    ];
    let mut scene = Scene::new(&flags);
    scene.assert_undisturbed();
    scene.server.terminate();
    assert_eq!(scene.server.wait().code(), Some(0));
    assert!(collector.requests().is_empty());
}

/// Asserts that people chat, and the server stops, whatever the collector at `endpoint` does.
fn assert_unmoved(endpoint: &str) {
    let begin = Instant::now();
    let mut server = Server::start(&sampled(endpoint, &UNHURRIED));
    let mut reader = Client::join(server.tcp());
    let mut writer = over_tcp(server.tcp(), 0, NAME);
    join(&mut writer, "lobby", 0);
    // Seven spans each: more than may wait for the collector.
    let start = Instant::now();
    for number in 0..1000 {
        say(&mut writer, &send("lobby", number, "hello"));
        hear(&mut writer, "ack");
    }
    let written = start.elapsed();
    while !reader.receive_text().ends_with(": hello") {}
    drop((reader, writer));
    let start = Instant::now();
    server.terminate();
    assert_eq!(server.wait().code(), Some(0));
    let stopped = start.elapsed();
    assert!(stopped < EXPORT_TIMEOUT, "{stopped:?}");
    // What was lost is told once a minute, and at the end.
    let told = server.logged(&["spans were dropped"]).len() as u64;
    let most = 2 + begin.elapsed().as_secs() / 60;
    assert!((1..=most).contains(&told), "{}", server.log());
    println!("{written:?} for 1,000 messages, {stopped:?} for the stop");
}

// The attacks: collectors that do not take what they are sent.

#[test]
fn a_collector_that_never_answers_delays_nothing() {
    assert_unmoved(&Collector::start(Manner::Hangs).endpoint());
}

#[test]
fn a_collector_that_fails_delays_nothing() {
    assert_unmoved(&Collector::start(Manner::Fails).endpoint());
}

#[test]
fn a_collector_that_ends_connections_delays_nothing() {
    assert_unmoved(&Collector::start(Manner::Ends).endpoint());
}

#[test]
fn a_collector_that_speaks_no_http_delays_nothing() {
    assert_unmoved(&Collector::start(Manner::Babbles).endpoint());
}

#[test]
fn a_collector_that_is_not_there_delays_nothing() {
    assert_unmoved(&format!("http://{}", free()));
}
