//! `--capture`, `--keylog` and `decode`: real sessions, captured by the real program and shown by it
//! again; and captures that are cut, changed, or another program's.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Finished, Home, Server};

/// A captured session.
struct Captured {
    home: Home,
    capture: PathBuf,
    key_log: PathBuf,
    /// The session's own end, with a line on standard error for each frame.
    session: Finished,
}

const TEXT: &str = "größer 🦀 \u{202e}and back";

impl Captured {
    /// Says something to a server by this protocol, with everything captured.
    fn of(address: &str, version: &str) -> Self {
        let home = Home::new();
        let [capture, key_log] = ["a.pcapng", "a.keys"].map(|name| home.path().join(name));
        let arguments = [
            "connect",
            address,
            "--accept-new",
            "--protocol",
            version,
            "--verbose",
            "--capture",
            capture.to_str().unwrap(),
            "--keylog",
            key_log.to_str().unwrap(),
        ];
        let long = "x".repeat(9000);
        let session = home
            .run(&arguments, format!("{TEXT}\n{long}\nlast\n"))
            .expect(0);
        session.says(&["capturing the session to", "THE SECRETS OF THIS SESSION"]);
        Self {
            home,
            capture,
            key_log,
            session,
        }
    }

    fn decode(&self, more: &[&str]) -> Finished {
        let mut arguments = vec!["decode", self.capture.to_str().unwrap()];
        arguments.extend(more);
        self.home.run(&arguments, "")
    }

    fn decode_with_keys(&self, more: &[&str]) -> Finished {
        let mut arguments = vec!["--keylog", self.key_log.to_str().unwrap()];
        arguments.extend(more);
        self.decode(&arguments)
    }

    /// Writes another capture, and returns its path.
    fn other(&self, name: &str, bytes: &[u8]) -> String {
        self.home.write(name, bytes);
        self.home.path().join(name).to_str().unwrap().to_owned()
    }
}

/// Returns direction, kind and length of each frame in these lines, by direction.
fn frames(lines: &str) -> [Vec<String>; 2] {
    ["-> ", "<- "].map(|arrow| {
        let frames = lines.lines().filter_map(|line| line.split_once(arrow));
        frames.map(|(_, frame)| frame.to_owned()).collect()
    })
}

#[test]
fn a_captured_session_is_decoded_as_the_client_has_seen_it() {
    let server = Server::start();
    for version in ["v1", "v2"] {
        for address in [server.tcp(), server.ws()] {
            let captured = Captured::of(&address, version);
            let decoded = captured.decode_with_keys(&[]).expect(0);
            assert!(decoded.stdout.starts_with(&format!("protocol {version}\n")));
            assert!(decoded.stderr.is_empty(), "{decoded:#?}");
            let seen = frames(&captured.session.stderr);
            assert!(seen[0].len() > 3 && seen[1].len() > 3, "{seen:?}");
            assert_eq!(frames(&decoded.stdout), seen, "{version} {address}");

            let json = captured.decode_with_keys(&["--json"]).expect(0).stdout;
            assert!(json.is_ascii() && !json.contains('\x1b'));
            let document: Value = serde_json::from_str(&json).unwrap();
            assert_eq!(document["format"], "secure-chat-frames");
            assert_eq!(document["protocol"], version);
            let list = document["frames"].as_array().unwrap();
            for (at, frame) in list.iter().enumerate() {
                assert_eq!(frame["number"], at + 1);
                assert_eq!(frame["verdict"], "accepted", "{frame}");
                let keys = frame["keys"].as_array().unwrap();
                assert!(keys.iter().all(|key| key.get("value").is_none()));
            }
            let said = |frame: &Value| frame.to_string().contains("größer 🦀 \u{202e}and back");
            assert!(
                list.iter().any(said),
                "{version}: the message is in its frame"
            );

            let fields = captured.decode_with_keys(&["--fields"]).expect(0).stdout;
            assert!(fields.contains("plaintext (") && !fields.contains('\u{202e}'));
        }
    }
}

#[test]
fn without_the_key_log_sealed_frames_are_shown_as_such() {
    let server = Server::start();
    for version in ["v1", "v2"] {
        let captured = Captured::of(&server.tcp(), version);
        let decoded = captured.decode(&["--json"]).expect(0);
        assert!(!decoded.stdout.contains("and back"));
        let document: Value = serde_json::from_str(&decoded.stdout).unwrap();
        let list = document["frames"].as_array().unwrap();
        let of = |verdict: &str| list.iter().filter(|it| it["verdict"] == verdict).count();
        assert!(of("accepted") >= 1 && of("unchecked") >= 4);
        assert_eq!(of("accepted") + of("unchecked"), list.len());
        let lines = captured.decode(&[]).expect(0).stdout;
        assert!(lines.contains(", not opened"), "{lines}");
    }
}

#[test]
fn the_key_log_of_another_session_is_noticed() {
    let server = Server::start();
    for version in ["v1", "v2"] {
        let [captured, other] = [0, 1].map(|_| Captured::of(&server.tcp(), version));
        let keys = ["--keylog", other.key_log.to_str().unwrap()];
        let decoded = captured.decode(&keys).expect(1);
        decoded.says(&["the key log has no secrets of this connection"]);
        assert!(decoded.stdout.contains(", not opened"));

        let text = fs::read_to_string(&captured.key_log).unwrap();
        let wrong: Vec<_> = text
            .lines()
            .map(|line| {
                let (head, secret) = line.rsplit_once(' ').unwrap();
                format!("{head} {}", "7".repeat(secret.len()))
            })
            .collect();
        let wrong = captured.other("wrong.keys", wrong.join("\n").as_bytes());
        let decoded = captured.decode(&["--keylog", &wrong]).expect(1);
        decoded.says(&["do not open this connection"]);
        assert!(decoded.stdout.contains("REFUSED by"), "{decoded:#?}");

        let broken = captured.other("broken.keys", b"# mine\nSECURE_CHAT_V2 oops\n");
        let decoded = captured.decode(&["--keylog", &broken]).expect(1);
        decoded.says(&["broken.keys, line 2: not of the form"]);
        let empty = captured.other("empty.keys", b"CLIENT_RANDOM 00 00\n");
        let decoded = captured.decode(&["--keylog", &empty]).expect(1);
        decoded.says(&["has no secrets of this protocol"]);
    }
}

#[test]
fn json_of_frames_is_read_again_as_it_was_written() {
    let server = Server::start();
    let captured = Captured::of(&server.tcp(), "v2");
    let json = captured.decode_with_keys(&["--json"]).expect(0).stdout;
    let path = captured.other("frames.json", json.as_bytes());
    let again = captured
        .home
        .run(&["decode", &path, "--json"], "")
        .expect(0);
    assert!(again.stdout == json, "the same document");
    for form in [&[][..], &["--fields"]] {
        let arguments = [&["decode", &path], form].concat();
        let read = captured.home.run(&arguments, "").expect(0).stdout;
        assert_eq!(read, captured.decode_with_keys(form).expect(0).stdout);
    }
    let keys = captured.key_log.to_str().unwrap();
    let arguments = ["decode", &path, "--keylog", keys];
    captured.home.run(&arguments, "").expect(1);

    for (change, code, words) in [
        (json[..json.len() / 2].to_owned(), 7, "the JSON is cut"),
        (json.replace("-frames", "-gifs"), 1, "another format"),
        (
            json.replace("\"version\":1", "\"version\":2"),
            1,
            "a newer version",
        ),
        (
            json.replace("\"end\":4", "\"end\":5"),
            1,
            "do not fit its bytes",
        ),
        (
            json.replace("\"frames\"", "\"\\u001b[2J\""),
            1,
            "it has no frames",
        ),
        (
            format!("{{\"x\":\"{}\"}}", "y".repeat(17 << 20)),
            1,
            "longer than any",
        ),
    ] {
        let path = captured.other("changed.json", change.as_bytes());
        let read = captured.home.run(&["decode", &path], "").expect(code);
        read.says(&[words]);
        assert!(!read.stderr.contains('\x1b'));
    }
}

#[test]
fn a_capture_that_is_cut_shows_what_is_there() {
    let server = Server::start();
    for version in ["v1", "v2"] {
        let captured = Captured::of(&server.tcp(), version);
        let bytes = fs::read(&captured.capture).unwrap();
        let whole = captured.decode_with_keys(&[]).expect(0).stdout;
        for length in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
            let path = captured.other("cut.pcapng", &bytes[..length]);
            let keys = captured.key_log.to_str().unwrap();
            let decoded = captured.home.run(&["decode", &path, "--keylog", keys], "");
            assert!([0, 1, 7].contains(&decoded.code), "{decoded:#?}");
            assert!(!decoded.stderr.contains("panicked"), "{decoded:#?}");
            let shown = decoded
                .stdout
                .strip_prefix("protocol of an unknown version\n");
            let shown = shown.unwrap_or(&decoded.stdout);
            assert!(whole.contains(shown), "{length}: {decoded:#?}");
        }
        let path = captured.other("cut.pcapng", &bytes[..bytes.len() - 3]);
        let decoded = captured.home.run(&["decode", &path], "").expect(7);
        decoded.says(&["the capture is cut"]);
    }
}

#[test]
fn a_capture_that_was_changed_is_refused_by_a_named_check_or_passed_over() {
    let server = Server::start();
    let captured = Captured::of(&server.tcp(), "v2");
    let bytes = fs::read(&captured.capture).unwrap();
    let mut refused = 0;
    for at in (28..bytes.len()).step_by(bytes.len() / 60 + 1) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        let path = captured.other("changed.pcapng", &changed);
        let keys = captured.key_log.to_str().unwrap();
        let decoded = captured.home.run(&["decode", &path, "--keylog", keys], "");
        assert!([0, 1, 7].contains(&decoded.code), "{decoded:#?}");
        assert!(!decoded.stderr.contains("panicked"), "{decoded:#?}");
        refused += usize::from(decoded.stdout.contains("REFUSED by"));
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn files_of_other_programs_are_named_as_such() {
    let server = Server::start();
    let captured = Captured::of(&server.tcp(), "v2");
    let bytes = fs::read(&captured.capture).unwrap();
    let mut other = bytes.clone();
    for (name, new) in [
        (&b"SC/2\n"[..], &b"SSH-2"[..]),
        (b"SERVER_PUB", b"220 ready."),
    ] {
        let found = other.windows(name.len()).position(|it| it == name).unwrap();
        other[found..found + new.len()].copy_from_slice(new);
    }
    let path = captured.other("other.pcapng", &other);
    let decoded = captured.home.run(&["decode", &path], "").expect(1);
    decoded.says(&["the capture has 0 of this protocol"]);
    let second = captured.decode(&["--connection", "2"]).expect(1);
    second.says(&["the capture has 1 of this protocol, and number 2"]);
    for content in [
        &b""[..],
        b"hello",
        b"\x1f\x8b\x08",
        b"\xd4\xc3\xb2\xa1\x02\0\x04\0",
    ] {
        let path = captured.other("none.pcapng", content);
        let decoded = captured.home.run(&["decode", &path], "").expect(1);
        decoded.says(&["neither a pcapng capture nor the JSON"]);
    }
    let missing = captured.home.path().join("missing");
    captured
        .home
        .run(&["decode", missing.to_str().unwrap()], "")
        .expect(1);
}

#[test]
fn no_file_is_overwritten_and_secrets_are_written_only_when_asked_for() {
    let server = Server::start();
    let captured = Captured::of(&server.tcp(), "v2");
    let before = fs::read(&captured.capture).unwrap();
    let path = captured.capture.to_str().unwrap();
    let address = server.tcp();
    let arguments = ["connect", &address, "--accept-new", "--capture", path];
    let refused = captured.home.run(&arguments, "").expect(1);
    refused.says(&["a.pcapng exists already"]);
    assert_eq!(fs::read(&captured.capture).unwrap(), before);

    let new = captured.home.path().join("new.pcapng");
    let new = new.to_str().unwrap();
    let arguments = ["connect", "127.0.0.1:9", "--accept-new", "--capture", new];
    captured.home.run(&arguments, "").expect(2);
    assert!(!fs::exists(new).unwrap(), "no session, no file");
    let arguments = ["connect", &address, "--accept-new", "--keylog", new];
    captured
        .home
        .run(&arguments, "")
        .expect(1)
        .says(&["--capture"]);
    let mut command = captured
        .home
        .command(&["connect", &address, "--capture", new]);
    command.env("SSLKEYLOGFILE", captured.home.path().join("tls.keys"));
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!captured.home.path().join("tls.keys").exists());
    let decoded = captured.home.run(&["decode", new], "").expect(0);
    assert!(decoded.stdout.contains("client_hello"), "{decoded:#?}");
    let secrets = fs::read_to_string(&captured.key_log).unwrap();
    for line in secrets.lines() {
        let secret = line.rsplit(' ').next().unwrap();
        assert!(!captured.session.stderr.contains(secret));
        assert!(
            !captured
                .decode_with_keys(&["--json"])
                .stdout
                .contains(secret)
        );
    }
}

/// A field on the wire: its section and name, its start and end in the frame.
type Placed = (String, u64, u64);

/// Returns the fields of each frame by the capture's own records, without keys.
fn placed_by_decode(captured: &Captured) -> Vec<Vec<Placed>> {
    let json = captured.decode(&["--json"]).expect(0).stdout;
    let document: Value = serde_json::from_str(&json).unwrap();
    let is_v2 = document["protocol"] == "v2";
    let frames = document["frames"].as_array().unwrap().iter();
    let placed = frames.map(|frame| {
        let mut placed = Vec::new();
        for layer in frame["layers"].as_array().unwrap() {
            // What v1's base64 was decoded to does not lie in the frame.
            if layer["name"] != "wire" && !is_v2 {
                continue;
            }
            let behind = if layer["name"] == "wire" { 0 } else { 5 };
            for field in layer["fields"].as_array().unwrap() {
                let text = |name: &str| field[name].as_str().unwrap();
                let at = |name: &str| behind + field[name].as_u64().unwrap();
                if at("start") < at("end") {
                    let name = format!("{} {}", text("section"), text("name"));
                    placed.push((name, at("start"), at("end")));
                }
            }
        }
        placed.sort_by_key(|(_, start, end)| (*start, u64::MAX - end));
        placed
    });
    placed.collect()
}

/// Returns the fields of each frame by tshark's description of the packets (PDML).
fn placed_by_tshark(pdml: &str) -> Vec<Vec<Placed>> {
    fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
        let start = format!(" {name}=\"");
        let (_, value) = element.split_once(&start).unwrap();
        value.split('"').next().unwrap()
    }
    let frames = pdml.split("<proto name=\"secure_chat\"").skip(1);
    let placed = frames.map(|frame| {
        let frame = frame.split("</proto>").next().unwrap();
        let number = |element: &str, name: &str| attribute(element, name).parse::<u64>().unwrap();
        let first = number(frame, "pos");
        let fields = frame.split("<field").skip(1);
        let fields = fields.filter_map(|field| {
            let name = attribute(field, "name").strip_prefix("secure_chat.s")?;
            let (section, name) = name.split_once('.').unwrap();
            let start = number(field, "pos") - first;
            let name = format!("{} {name}", section.replace('_', "."));
            Some((name, start, start + number(field, "size")))
        });
        fields.collect()
    });
    placed.collect()
}

#[test]
fn wireshark_finds_the_same_fields_at_the_same_places() {
    use std::process::{Command, Stdio};
    let mut version = Command::new("tshark");
    let version = version
        .arg("-v")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if !version.status().is_ok_and(|status| status.success()) {
        // `cargo xtask test` unpacks it, and says so if it cannot.
        return;
    }
    let server = Server::start();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/secure-chat.lua");
    for version in ["v1", "v2"] {
        let captured = Captured::of(&server.tcp(), version);
        let output = Command::new("tshark")
            .arg("-X")
            .arg(format!("lua_script:{script}"))
            .args([
                "-o",
                "tcp.check_checksum:TRUE",
                "-o",
                "ip.check_checksum:TRUE",
            ])
            .args(["-T", "pdml", "-r"])
            .arg(&captured.capture)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let pdml = String::from_utf8(output.stdout).unwrap();
        assert!(
            pdml.contains("secure_chat"),
            "{:?}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!pdml.contains("_ws.malformed") && !pdml.contains("checksum.bad"));
        assert_eq!(
            placed_by_tshark(&pdml),
            placed_by_decode(&captured),
            "{version}"
        );
    }
}
