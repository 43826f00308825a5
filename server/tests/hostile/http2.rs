//! HTTP/2: what it has to share with HTTP/1.1, and the attacks that only it has.

use shared::connection::Version;

use crate::support::client::{Client, connect};
use crate::support::http2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, H2, HEADERS, PING, PRIORITY, RST_STREAM,
    Raw, SETTINGS, WINDOW_UPDATE, ask, fields, frame, get, request,
};
use crate::support::server::Server;
use crate::support::tls::{Tls, open};
use crate::support::websocket::ask_over;

const SESSION: &[u8] = b"secure-chat";

/// The error code of a stream that was not looked at.
const REFUSED_STREAM: u32 = 7;

/// A server with TLS, and a person who chats on it while it is attacked.
struct Scene {
    server: Server,
    bystander: Client<Tls>,
}

impl Scene {
    fn new(more: &[&str]) -> Self {
        let flags = [
            &["--tls-self-signed", "--public-url", "https://chat.example"],
            more,
        ];
        let server = Server::start(&flags.concat());
        let stream = open(server.http(), &[SESSION]);
        let mut bystander = Client::speaking(stream, Version::V2);
        bystander.establish();
        Self { server, bystander }
    }

    /// Shows that the attack has harmed nobody: who is there chats, and who comes gets the page.
    fn end(mut self) {
        self.bystander.say("still here");
        while !self.bystander.receive().ends_with(": still here") {}
        let url = "https://chat.example/healthz";
        let answer = ask(self.server.http(), "GET", url, &[]);
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"));
    }
}

#[test]
fn the_page_comes_by_http_2_with_its_policy() {
    let scene = Scene::new(&[]);
    let address = scene.server.http();
    let page = ask(address, "GET", "https://chat.example/", &[]);
    // The page itself, or the words that it is not built: as by HTTP/1.1.
    let mut first = open(address, &[b"http/1.1"]);
    let former = ask_over(&mut first, "GET / HTTP/1.1\nHost: chat.example");
    assert_eq!(page.status, former.status, "{page:?}");
    assert_eq!(page.body, former.body);
    for name in ["content-type", "content-security-policy"] {
        assert_eq!(page.headers[name], former.header(name), "{name}");
    }
    let policy = former.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let post = ask(address, "POST", "https://chat.example/", &[]);
    assert_eq!(post.status, 405);
    // Clients choose: those that do not know HTTP/2 get HTTP/1.1.
    for (offered, chosen) in [
        (&[H2, b"http/1.1"][..], Some(H2)),
        (&[b"http/1.1"], Some(&b"http/1.1"[..])),
        (&[], None),
    ] {
        let stream = open(address, offered);
        assert_eq!(stream.conn.alpn_protocol(), chosen);
    }
    scene.end();
}

// Content after the head of such an answer is an error of the protocol, which ends the stream.
#[test]
fn a_head_request_over_http_2_has_no_content_whatever_is_asked_for() {
    let scene = Scene::new(&[]);
    let address = scene.server.http();
    for path in ["", "healthz", "livez", "missing"] {
        for host in ["chat.example", "evil.example"] {
            let url = format!("https://{host}/{path}");
            let whole = ask(address, "GET", &url, &[]);
            let head = ask(address, "HEAD", &url, &[]);
            assert_eq!(
                (head.status, head.body.as_str()),
                (whole.status, ""),
                "{url}"
            );
            let (head, whole) = (&head.headers, &whole.headers);
            assert_eq!(head["content-length"], whole["content-length"], "{url}");
        }
    }
    scene.end();
}

#[test]
fn host_and_origin_are_checked_over_http_2() {
    let scene = Scene::new(&["--trusted-proxy", "127.0.0.1"]);
    let address = scene.server.http();
    let status = |url: &str, headers: &[(&str, &str)]| ask(address, "GET", url, headers).status;
    // A foreign page whose name was made to point here.
    assert_eq!(status("https://evil.example/", &[]), 403);
    scene
        .server
        .wait_for_log(&["refused: Host is not loopback", "\"evil.example\""]);
    // There is no such file, which is looked for after the host was checked.
    let missing = "https://chat.example/missing";
    assert_eq!(status("https://localhost/missing", &[]), 404);
    // Two names for one request: only one would be checked.
    for host in ["evil.example", "localhost"] {
        assert_eq!(status(missing, &[("host", host)]), 400);
    }
    assert_eq!(status(missing, &[("host", "chat.example")]), 404);
    let foreign = [("origin", "https://evil.example")];
    assert_eq!(status("https://chat.example/ws", &foreign), 403);
    // The tunnel is on connections of its own.
    let own = [("origin", "https://chat.example")];
    let tunnel = ask(address, "GET", "https://chat.example/ws", &own);
    assert_eq!(tunnel.status, 505, "{tunnel:?}");
    assert!(tunnel.body.contains("HTTP/1.1"), "{tunnel:?}");
    // Two clients for one request.
    let two = [
        ("x-forwarded-for", "192.0.2.1"),
        ("forwarded", "for=192.0.2.2"),
    ];
    assert_eq!(status("https://chat.example/", &two), 400);
    scene.end();
}

#[test]
fn connections_of_one_address_are_counted_with_those_of_http_1() {
    let scene = Scene::new(&[]);
    let held: Vec<_> = (0..64).map(|_| connect(scene.server.http())).collect();
    scene.server.wait_for_log(&["handshake done"]);
    let mut refused = connect(scene.server.http());
    let read = std::io::Read::read(&mut refused, &mut [0; 16]);
    assert_eq!(read.unwrap_or(0), 0);
    scene
        .server
        .wait_for_log(&["refused: too many connections"]);
    drop(held);
    let again = || std::panic::catch_unwind(|| open(scene.server.http(), &[H2])).ok();
    crate::support::eventually("a permit", again);
    scene.end();
}

// CVE-2023-44487.
#[test]
fn rapid_reset() {
    let scene = Scene::new(&[]);
    let mut attack = Raw::open(scene.server.http(), &[]);
    let block = get("/");
    let mut ended = false;
    for stream in (1..200_000).step_by(2).collect::<Vec<u32>>().chunks(100) {
        let mut burst = Vec::new();
        for stream in stream {
            burst.extend(request(*stream, &block));
            burst.extend(frame(RST_STREAM, 0, *stream, &8_u32.to_be_bytes()));
        }
        if !attack.write(&burst) {
            ended = true;
            break;
        }
    }
    let code = attack.read_to_end();
    assert!(ended || code.is_some(), "100,000 streams were taken");
    scene.end();
}

#[test]
fn streams_beyond_the_bound_are_refused() {
    let scene = Scene::new(&[]);
    // The window is closed, so that no answer ends.
    let mut attack = Raw::open(scene.server.http(), &[(4, 0)]);
    let block = get("/");
    let burst: Vec<_> = (0..200)
        .flat_map(|it| request(2 * it + 1, &block))
        .collect();
    attack.write(&burst);
    let (mut refused, mut answered) = (0, 0);
    while refused < 200 - 32 {
        let Some(frame) = attack.read() else {
            break;
        };
        match frame.kind {
            RST_STREAM => {
                let code = u32::from_be_bytes(frame.payload[..4].try_into().unwrap());
                assert_eq!(code, REFUSED_STREAM);
                refused += 1;
            }
            HEADERS => answered += 1,
            // Whoever goes on beyond the bound may be ended altogether.
            GOAWAY => break,
            _ => {}
        }
    }
    assert!(answered <= 32, "{answered}");
    scene.end();
}

#[test]
fn answers_that_are_never_read_hold_little_and_end() {
    let scene = Scene::new(&[]);
    let before = scene.server.resident_kib();
    let block = get("/");
    let mut held: Vec<_> = (0..30)
        .map(|_| {
            let mut attack = Raw::open(scene.server.http(), &[(4, 0)]);
            let burst: Vec<_> = (0..32).flat_map(|it| request(2 * it + 1, &block)).collect();
            assert!(attack.write(&burst));
            attack
        })
        .collect();
    // Each has got the head of its first answer.
    for attack in &mut held {
        while attack.read().unwrap().kind != HEADERS {}
    }
    let after = scene.server.resident_kib();
    let grown = after.saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB for 30 connections");
    scene.end();
}

#[test]
fn a_connection_without_requests_ends_whatever_it_sends() {
    let scene = Scene::new(&[]);
    let mut attack = Raw::open(scene.server.http(), &[]);
    let mut pings = 0_u64;
    // A ping is answered, and is no reason to be there.
    while attack.write(&frame(PING, 0, 0, &pings.to_be_bytes())) {
        pings += 1;
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert!(pings < 600, "it goes on");
    }
    attack.read_to_end();
    scene.end();
}

#[test]
fn heads_without_an_end_and_heads_that_are_too_long() {
    let scene = Scene::new(&[]);
    let long = "x".repeat(8 * 1024);
    let many: Vec<_> = (0..8).map(|_| ("x-long", long.as_str())).collect();
    let mut attack = Raw::open(scene.server.http(), &[]);
    let block = [get("/"), fields(&many)].concat();
    // In frames of the largest size.
    let mut parts = block.chunks(16_384);
    let mut bytes = frame(HEADERS, END_STREAM, 1, parts.next().unwrap());
    for part in parts {
        bytes.extend(frame(CONTINUATION, 0, 1, part));
    }
    bytes.extend(frame(CONTINUATION, END_HEADERS, 1, &[]));
    attack.write(&bytes);
    loop {
        match attack.read() {
            None => break,
            Some(it) if [RST_STREAM, GOAWAY].contains(&it.kind) => break,
            // 431: the request was answered, and not looked at.
            Some(it) if it.kind == HEADERS => {
                assert_ne!(it.payload[0], 0x88, "200 for 64 KiB of fields");
                break;
            }
            Some(_) => {}
        }
    }
    // CVE-2024-27316.
    let mut attack = Raw::open(scene.server.http(), &[]);
    assert!(attack.write(&frame(HEADERS, END_STREAM, 1, &get("/"))));
    let more = frame(CONTINUATION, 0, 1, &fields(&[("a", "b")]));
    let mut sent = 0;
    while attack.write(&more.repeat(100)) {
        sent += 1;
        assert!(sent < 10_000, "it goes on");
    }
    scene.end();
}

#[test]
fn requests_for_something_else_than_the_page() {
    let scene = Scene::new(&[]);
    let address = scene.server.http();
    let connect = |authority: &str| {
        let mut attack = Raw::open(address, &[]);
        let block = fields(&[(":method", "CONNECT"), (":authority", authority)]);
        attack.write(&frame(HEADERS, END_HEADERS, 1, &block));
        loop {
            let frame = attack.read().expect("an answer");
            if frame.kind == HEADERS {
                return frame.payload[0];
            }
        }
    };
    // Neither is 200, which would be a way through.
    assert_ne!(connect("evil.example:443"), 0x88);
    assert_ne!(connect("chat.example:443"), 0x88);
    // RFC 8441 was not offered.
    let mut attack = Raw::open(address, &[]);
    let block = [
        fields(&[(":method", "CONNECT"), (":protocol", "websocket")]),
        fields(&[(":scheme", "https"), (":authority", "chat.example")]),
        fields(&[(":path", "/ws"), ("sec-websocket-version", "13")]),
    ];
    attack.write(&frame(HEADERS, END_HEADERS, 1, &block.concat()));
    loop {
        match attack.read() {
            Some(it) if it.kind == SETTINGS => {
                let mut settings = it.payload.chunks(6);
                assert!(settings.all(|it| it[..2] != [0, 8]), "it is offered");
            }
            Some(it) if it.kind == HEADERS => assert_ne!(it.payload[0], 0x88),
            Some(it) if [RST_STREAM, GOAWAY].contains(&it.kind) => break,
            Some(_) => {}
            None => break,
        }
    }
    scene.end();
}

#[test]
fn frames_that_are_wrong_end_the_connection() {
    let scene = Scene::new(&[]);
    let block = get("/");
    let wrong: [(&str, Vec<u8>); 10] = [
        ("garbage", vec![0xff; 64]),
        (
            "HTTP/1.1",
            b"GET / HTTP/1.1\r\nHost: chat.example\r\n\r\n".to_vec(),
        ),
        ("a request on stream 0", request(0, &block)),
        ("a request on an even stream", request(2, &block)),
        ("a head that is no HPACK", request(1, &[0xff; 32])),
        ("data of no stream", frame(DATA, 0, 1, b"x")),
        ("a ping of 7 bytes", frame(PING, 0, 0, &[0; 7])),
        ("a window of nothing", frame(WINDOW_UPDATE, 0, 0, &[0; 4])),
        ("settings of 5 bytes", frame(SETTINGS, 0, 0, &[0; 5])),
        ("a head that is interrupted", {
            let begun = frame(HEADERS, END_STREAM, 1, &block);
            [begun, frame(PRIORITY, 0, 3, &[0; 5])].concat()
        }),
    ];
    for (what, bytes) in wrong {
        let mut attack = Raw::open(scene.server.http(), &[]);
        attack.write(&bytes);
        let code = attack.read_to_end();
        assert_ne!(code, Some(0), "{what}");
    }
    scene.end();
}

#[test]
fn a_flood_of_settings_or_of_empty_data() {
    let scene = Scene::new(&[]);
    let block = get("/");
    let open_request = frame(HEADERS, END_HEADERS, 1, &block);
    for (before, flood) in [
        (Vec::new(), frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255])),
        (open_request, frame(DATA, 0, 1, &[])),
        (Vec::new(), frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1])),
    ] {
        let mut attack = Raw::open(scene.server.http(), &[]);
        attack.write(&before);
        let mut sent = 0;
        // Nothing of what the server says is read.
        attack
            .0
            .sock
            .set_write_timeout(Some(std::time::Duration::from_secs(2)))
            .unwrap();
        while sent < 2_000 && attack.write(&flood.repeat(100)) {
            sent += 1;
        }
    }
    scene.end();
}
