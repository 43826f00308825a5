//! Other settings without a restart: each by its effect, and files that a running server must not
//! take.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use shared::connection::Version;
use shared::error::ErrorCode;

use crate::service_manager::Manager;
use crate::support::client::{Client, connect};
use crate::support::eventually;
use crate::support::json::{hear, join, key, over_tcp, refusal, say, send};
use crate::support::server::{Server, private_folder};
use crate::support::websocket::{WebSocket, ask, upgrade_head};

/// A server with a file of settings that changes.
struct Scene {
    server: Server,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new(settings: &str) -> Self {
        let folder = private_folder();
        let file = folder.path().join("chat.toml");
        fs::write(&file, settings).unwrap();
        Self {
            server: Server::start(&["--config", file.to_str().unwrap()]),
            file,
            _folder: folder,
        }
    }

    /// Has the server load this file, and waits until a further line has these words.
    fn reload_until(&self, settings: &str, words: &[&str]) {
        let lines = || self.server.logged(words).len();
        let before = lines();
        fs::write(&self.file, settings).unwrap();
        self.server.signal("HUP");
        eventually(&format!("{words:?} after {settings:?}"), || {
            (lines() > before).then_some(())
        });
    }

    /// Has the server load this file, by which the settings `names` change.
    fn reload(&self, settings: &str, names: &str) {
        let told = format!("loaded these settings: {names}");
        self.reload_until(settings, &[&told]);
    }

    fn tunnel_status(&self, host: &str, more: &str) -> u16 {
        ask(self.server.http(), &upgrade_head(host, "", more)).status
    }
}

#[test]
fn names_and_proxies_are_reloaded() {
    let scene = Scene::new("");
    let http = scene.server.http().to_string();
    let public = || scene.tunnel_status("chat.example", "X-Forwarded-For: 203.0.113.7");
    assert_eq!(public(), 403);
    let mut settings = "public_url = \"https://chat.example\"\n".to_owned();
    scene.reload(&settings, "public_url");
    assert_eq!(public(), 101);

    let of_another = || scene.tunnel_status(&http, "Origin: https://other.example");
    assert_eq!(of_another(), 403);
    settings += "allow_origin = [\"https://other.example\"]\n";
    scene.reload(&settings, "allow_origin");
    assert_eq!(of_another(), 101);

    let v1 = || Client::over(WebSocket::open_as(scene.server.http(), "chat.example", ""));
    v1().assert_told(ErrorCode::V1Disabled);
    settings += "allow_v1 = true\n";
    scene.reload(&settings, "allow_v1");
    v1().establish();

    settings += "trusted_proxy = [\"127.0.0.1\"]\n";
    scene.reload(&settings, "trusted_proxy");
    let fields = "X-Forwarded-For: 203.0.113.9";
    let wire = WebSocket::open_as(scene.server.http(), "chat.example", fields);
    Client::speaking(wire, Version::V2).establish();
    scene
        .server
        .wait_for_log(&["handshake done", "203.0.113.9"]);

    let mut direct = Client::join_by_v2(scene.server.tcp());
    settings += "proxy_protocol_from = [\"127.0.0.1\"]\n";
    scene.reload(&settings, "proxy_protocol_from");
    let mut late = connect(scene.server.tcp());
    late.write_all(b"no header\r\n\r\n").unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("valid PROXY header"), "{answer}");
    // Sessions go on.
    direct.say("still here");
    assert!(direct.receive_text().ends_with("still here"));

    // What is taken out of the file is as it was without it.
    scene.reload(
        "",
        "allow_origin, allow_v1, proxy_protocol_from, public_url, trusted_proxy",
    );
    assert_eq!((public(), of_another()), (403, 403));
    Client::join_by_v2(scene.server.tcp());
}

#[test]
fn limits_of_connections_are_reloaded() {
    let scene = Scene::new("");
    let address = scene.server.tcp();
    let mut first = Client::join(address);
    let assert_full = || Client::over(connect(address)).assert_told(ErrorCode::TooManyConnections);
    for setting in [
        "max_connections",
        "max_connections_per_address",
        "handshakes_per_minute",
    ] {
        scene.reload(&format!("{setting} = 1\n"), setting);
        if setting == "handshakes_per_minute" {
            drop(Client::join(address));
        }
        assert_full();
        scene.reload("", setting);
        drop(Client::join(address));
    }
    first.say("still here");
    assert!(first.receive_text().ends_with("still here"));

    scene.reload("handshake_timeout = 1\n", "handshake_timeout");
    let mut answer = String::new();
    connect(address).read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"timeout\""), "{answer}");

    scene.reload(
        "max_frame_bytes = 65536\n",
        "handshake_timeout, max_frame_bytes",
    );
    let mut attacker = Client::join(address);
    attacker.wire.write_all(&vec![b'{'; 200_000]).unwrap();
    attacker.assert_told(ErrorCode::FrameTooLarge);

    scene.reload("rekey_records = 1\n", "max_frame_bytes, rekey_records");
    let mut hasty = Client::join_by_v2(address);
    hasty.say("one");
    hasty.receive_rekeying();
}

#[test]
fn limits_of_people_are_reloaded() {
    let scene = Scene::new("");
    let mut anna = over_tcp(scene.server.tcp(), 1, "anna");
    join(&mut anna, "lobby", 0);
    let create = |room: &str, keep: &str| json!({"type": "create", "room": room, "keep": keep});
    let mut number = 0;
    let mut text = |bytes: usize| {
        number += 1;
        send("lobby", number, &"x".repeat(bytes))
    };

    scene.reload("max_text_bytes = 100\n", "max_text_bytes");
    say(&mut anna, &text(101));
    assert_eq!(refusal(&mut anna).0, "malformed");

    scene.reload("max_rooms = 1\n", "max_rooms, max_text_bytes");
    say(&mut anna, &create("den", "forever"));
    assert_eq!(refusal(&mut anna).0, "limit_reached");

    scene.reload("keep = \"30d\"\n", "keep, max_rooms");
    say(&mut anna, &create("den", "forever"));
    assert_eq!(refusal(&mut anna).0, "forbidden");

    let settings = "mib_per_day = 1\nsends_per_minute = 0\n";
    scene.reload(settings, "keep, mib_per_day, sends_per_minute");
    for _ in 0..70 {
        say(&mut anna, &text(16 * 1024));
    }
    assert_eq!(refusal(&mut anna).0, "limit_reached");
    let changed = "claims_per_day, mib_per_day, sends_per_minute";
    scene.reload("claims_per_day = 1\n", changed);
    say(&mut anna, &create("den", "forever"));
    let expected = ("limit_reached".to_owned(), "den".to_owned());
    // Those of the messages come first.
    while refusal(&mut anna) != expected {}

    for (setting, request) in [
        ("sends_per_minute", text(1)),
        ("joins_per_minute", json!({"type": "join", "room": "lobby"})),
        ("creates_per_minute", create("lobby", "forever")),
        ("asks_per_minute", json!({"type": "ping"})),
    ] {
        let former = match setting {
            "sends_per_minute" => "claims_per_day",
            "joins_per_minute" => "sends_per_minute",
            "creates_per_minute" => "joins_per_minute",
            _ => "creates_per_minute",
        };
        let mut changed = [former, setting];
        changed.sort_unstable();
        scene.reload(&format!("{setting} = 1\n"), &changed.join(", "));
        say(&mut anna, &request);
        say(&mut anna, &request);
        while refusal(&mut anna).0 != "rate_limited" {}
    }
}

#[test]
fn who_may_take_part_is_reloaded() {
    let scene = Scene::new("");
    let address = scene.server.tcp();
    scene.reload("new_keys_wait = 1000\n", "new_keys_wait");
    let mut bert = Client::of(key(2), connect(address), Version::V2);
    bert.shake_hands();
    say(&mut bert, &json!({"type": "hello"}));
    hear(&mut bert, "welcome");
    join(&mut bert, "lobby", 0);
    say(&mut bert, &send("lobby", 1, "too early"));
    assert_eq!(refusal(&mut bert).0, "rate_limited");

    scene.reload("admission = \"approval\"\n", "admission, new_keys_wait");
    let mut carl = Client::of(key(3), connect(address), Version::V2);
    carl.shake_hands();
    say(&mut carl, &json!({"type": "hello", "name": "carl"}));
    assert_eq!(hear(&mut carl, "waiting")["admission"], "approval");
    // Without the setting the mode stays as it was left.
    scene.reload("", "admission");
    let mut dora = Client::of(key(4), connect(address), Version::V2);
    dora.shake_hands();
    say(&mut dora, &json!({"type": "hello", "name": "dora"}));
    assert_eq!(hear(&mut dora, "waiting")["admission"], "approval");
}

#[test]
fn what_is_logged_is_reloaded() {
    let scene = Scene::new("");
    let mut client = Client::join(scene.server.tcp());
    client.say("not for the log");
    assert!(client.receive_text().ends_with("not for the log"));
    scene.reload("log_plaintext = true\n", "log_plaintext");
    scene.server.wait_for_log(&["WARN", "--log-plaintext"]);
    client.say("for the log");
    scene.server.wait_for_log(&["plaintext", "for the log"]);
    assert!(!scene.server.log().contains("not for the log"));

    scene.reload("log_level = \"debug\"\n", "log_level, log_plaintext");
    let stranger = connect(scene.server.tcp());
    let address = stranger.local_addr().unwrap().to_string();
    scene.server.wait_for_log(&["DEBUG", &address]);
    // Back at the first level nobody hears of strangers.
    scene.reload("", "log_level");
    let other = connect(scene.server.tcp());
    let address = other.local_addr().unwrap().to_string();
    Client::join(scene.server.tcp());
    assert_eq!(scene.server.logged(&[&address]), [""; 0]);
}

#[test]
fn what_needs_a_restart_is_named_and_stays() {
    let scene = Scene::new("");
    let settings = "data_dir = \"elsewhere\"\nkey_bits = 3072\nmax_history_mib = 7\n\
        max_rooms = 1\nnew_claim = true\ntls_self_signed = true\n";
    // The flags of this server win over the file's listeners and folder.
    let named = "need a restart: key_bits, max_history_mib, new_claim, tls_self_signed";
    scene.reload_until(settings, &[named]);
    scene
        .server
        .wait_for_log(&["loaded these settings: max_rooms"]);
    // It still stands there, and is told again.
    scene.reload_until(settings, &[named]);
    // TLS was not turned on for half of the program.
    let response = ask(
        scene.server.http(),
        "GET /healthz HTTP/1.1\nHost: localhost",
    );
    assert_eq!(response.status, 200);
    scene.reload_until("", &["loaded these settings: max_rooms"]);
}

#[test]
fn a_broken_file_leaves_the_settings_as_they_are_with_one_line() {
    let scene = Scene::new("max_rooms = 1\n");
    let mut anna = over_tcp(scene.server.tcp(), 1, "anna");
    let broken = [
        (
            "max_rooms = 50\nmax_room = 5\n",
            "line 2, column 1: unknown field `max_room`",
        ),
        ("max_rooms = 50\nkeep = 5\n", "line 2"),
        ("max_rooms = \n", "line 1"),
        ("max_rooms = 50\nmax_rooms = 51\n", "duplicate"),
        (
            "max_rooms = 50\nhandshake_timeout = 0\n",
            "handshake_timeout is 0",
        ),
        (
            "max_rooms = 50\nallow_origin = [\"*\"]\n",
            "allow_origin has",
        ),
        (
            "max_rooms = 50\ntls_cert = \"cert.pem\"\n",
            "tls_cert needs tls_key",
        ),
        ("\u{0}\u{1}", "line 1"),
    ];
    for (settings, word) in broken {
        scene.reload_until(settings, &["ERROR", "the settings in use go on", word]);
        say(&mut anna, &json!({"type": "create", "room": "den"}));
        assert_eq!(refusal(&mut anna).0, "limit_reached", "{settings:?}");
    }
    fs::remove_file(&scene.file).unwrap();
    scene.server.signal("HUP");
    scene
        .server
        .wait_for_log(&["ERROR", "the settings in use go on", "cannot read"]);
    let errors = scene.server.logged(&["ERROR"]);
    assert_eq!(errors.len(), broken.len() + 1, "{errors:#?}");
    // No line of the file's drawing either.
    assert!(!scene.server.log().contains("^^"), "{}", scene.server.log());
    scene.reload("max_rooms = 50\n", "max_rooms");
    say(&mut anna, &json!({"type": "create", "room": "den"}));
    hear(&mut anna, "joined");
}

// The flood: each signal would read the file and write a line.
#[test]
fn signals_that_come_while_settings_are_loaded_are_one() {
    let folder = private_folder();
    let file = folder.path().join("chat.toml");
    fs::write(&file, "").unwrap();
    let manager = Manager::new();
    let mut server = manager.start(&[("SECURE_CHAT_CONFIG", file.clone())]);
    assert_eq!(manager.hear(), ["READY=1"]);
    // A file whose reader waits for a writer, so that the first reload takes as long as it should.
    fs::remove_file(&file).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(&file)
            .status()
            .unwrap()
            .success()
    );
    server.signal("HUP");
    let heard = manager.hear();
    assert_eq!(heard[0], "RELOADING=1", "{heard:?}");
    let micros = heard[1].strip_prefix("MONOTONIC_USEC=").unwrap();
    assert!(micros.parse::<u64>().unwrap() > 0);
    for _ in 0..200 {
        server.signal("HUP");
    }
    let mut client = Client::join(server.tcp());
    client.say("people chat meanwhile");
    assert!(client.receive_text().ends_with("people chat meanwhile"));
    fs::write(&file, "max_rooms = 5\n").unwrap();
    assert_eq!(manager.hear(), ["READY=1"]);
    assert_eq!(manager.hear()[0], "RELOADING=1");
    fs::write(&file, "max_rooms = 6\n").unwrap();
    assert_eq!(manager.hear(), ["READY=1"]);
    // There is no third, which would tell so first.
    server.terminate();
    assert_eq!(manager.hear()[0], "STOPPING=1");
    assert!(server.wait().success());
    assert_eq!(
        server.logged(&["loaded these settings: max_rooms"]).len(),
        2
    );
}
