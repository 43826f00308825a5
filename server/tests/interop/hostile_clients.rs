//! Python clients that attack the server: each gets exactly the right error frame and the end of
//! its connection, the log names the cause once, and a bystander notices nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use shared::chat::UserId;
use shared::chat::entry::DisplayName;

use crate::support::python::{Python, shorten};
use crate::support::server::Server;
use crate::support::{client_key, client_key_file};

const CLIENT: &str = "client_cryptography.py";

/// An attack, the code that the attacker is told, and the cause that the log names.
type Attack = (&'static str, &'static str, &'static str);

const KEY: &str = "public key is refused";
const ON_HANDSHAKES: [Attack; 13] = [
    ("blob_47", "handshake_failed", "session blob has 47 bytes"),
    ("blob_49", "handshake_failed", "session blob has 49 bytes"),
    (
        "signature_over_other_bytes",
        "handshake_failed",
        "client_sig does not verify",
    ),
    (
        "signature_zero",
        "handshake_failed",
        "client_sig does not verify",
    ),
    (
        "oaep_sha1",
        "handshake_failed",
        "enc_session does not decrypt",
    ),
    (
        "oaep_wrong_key",
        "handshake_failed",
        "enc_session does not decrypt",
    ),
    ("key_1024", "handshake_failed", KEY),
    ("key_8192", "handshake_failed", KEY),
    ("key_even_modulus", "handshake_failed", KEY),
    ("key_exponent_1", "handshake_failed", KEY),
    ("key_exponent_3", "handshake_failed", KEY),
    ("message_before_handshake", "malformed", "JSON is not valid"),
    (
        "endless_unterminated_frame",
        "frame_too_large",
        "longer than 16384 bytes",
    ),
];
const ON_MESSAGES: [Attack; 4] = [
    ("wrong_mac", "bad_message", "wrong MAC, length or padding"),
    (
        "wrong_padding_with_right_mac",
        "bad_message",
        "wrong MAC, length or padding",
    ),
    (
        "ciphertext_not_multiple_of_16",
        "bad_message",
        "wrong MAC, length or padding",
    ),
    ("handshake_twice", "malformed", "JSON is not valid"),
];
/// Attacks on the text of a frame: tried on the handshake and on a message.
const ON_EITHER: [Attack; 7] = [
    ("base64_junk", "malformed", "not canonical base64"),
    ("base64url_alphabet", "malformed", "not canonical base64"),
    ("json_deep", "malformed", "JSON is not valid"),
    ("json_giant", "frame_too_large", "frame is longer than"),
    ("json_array", "malformed", "JSON is not valid"),
    ("json_missing_field", "malformed", "JSON is not valid"),
    ("json_duplicate_field", "malformed", "JSON is not valid"),
];

/// A server, and a person who chats on it while it is attacked.
struct Scene {
    server: Server,
    bystander: Python,
    key: (tempfile::TempDir, std::path::PathBuf),
}

impl Scene {
    fn new() -> Self {
        let server = Server::start(&[]);
        let key = client_key_file();
        let options = ["--key", key.1.to_str().unwrap()];
        let (mut bystander, _) = Python::client(CLIENT, server.port(), &options);
        assert!(bystander.receive().starts_with("* Welcome"));
        Self {
            server,
            bystander,
            key,
        }
    }

    fn check(&mut self, (attack, code, cause): Attack, phase: &str) {
        println!("{attack} on the {phase}");
        let key = self.key.1.to_str().unwrap();
        let options = ["--key", key, "--attack", attack, "--phase", phase];
        let mark = self.server.log_mark();
        let attacker = Python::start_client(CLIENT, self.server.port(), &options);
        let announced = attacker.event("announced");
        let events = attacker.remaining_events();
        assert_refused(&events, code, attack);

        let address = announced["local"].as_str().unwrap();
        self.server.wait_for_log(mark, &[address, cause]);
        self.bystander_chats(attack);
        // Once: by now everything about that connection has been logged.
        let lines = self.server.logged_since(mark, &[address, cause]);
        assert_eq!(lines.len(), 1, "{attack}: {lines:#?}");
    }

    fn bystander_chats(&mut self, text: &str) {
        self.bystander.send(text);
        let guest = DisplayName::guest(UserId(client_key().public_key().fingerprint()));
        assert_eq!(self.bystander.receive_line(), format!("{guest}: {text}"));
    }
}

/// Asserts one error frame with `code` and a sentence, and then the end without a reset.
fn assert_refused(events: &[Value], code: &str, attack: &str) {
    let all = || events.iter().map(shorten).collect::<Vec<_>>();
    let errors: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "error_frame")
        .collect();
    assert_eq!(errors.len(), 1, "{attack}: {:#?}", all());
    assert_eq!(errors[0]["code"], code, "{attack}: {:#?}", all());
    assert!(
        errors[0]["message"]
            .as_str()
            .is_some_and(|text| text.ends_with('.')),
        "{attack}"
    );
    let after: Vec<_> = events
        .iter()
        .skip_while(|event| event["event"] != "error_frame")
        .skip(1)
        .filter(|event| !event["event"].as_str().unwrap().starts_with("attack_"))
        .collect();
    assert_eq!(after.len(), 1, "{attack}: {:#?}", all());
    assert_eq!(after[0]["event"], "closed", "{attack}: {:#?}", all());
    // A reset could cost a slower client the error frame. Only a client that never stops sending
    // gets one.
    let endless = attack == "endless_unterminated_frame";
    assert!(
        endless || after[0]["reset"] == false,
        "{attack}: {:#?}",
        all()
    );
    assert_eq!(after[0]["truncated"], false, "{attack}: {:#?}", all());
}

#[test]
fn attacks_on_the_handshake() {
    let mut scene = Scene::new();
    for attack in ON_HANDSHAKES {
        scene.check(attack, "handshake");
    }
}

#[test]
fn attacks_on_messages() {
    let mut scene = Scene::new();
    for attack in ON_MESSAGES {
        scene.check(attack, "message");
    }
}

#[test]
fn attacks_on_the_text_of_frames() {
    let mut scene = Scene::new();
    for attack in ON_EITHER {
        scene.check(attack, "handshake");
        scene.check(attack, "message");
    }
}

#[test]
fn wrong_mac_and_wrong_padding_cannot_be_told_apart() {
    // The difference would be a padding oracle (Vaudenay 2002): it decrypts a message without the
    // key.
    let server = Server::start(&[]);
    let (_folder, key) = client_key_file();
    let answers = ["wrong_mac", "wrong_padding_with_right_mac"].map(|attack| {
        let options = ["--key", key.to_str().unwrap(), "--attack", attack];
        let attacker = Python::start_client(CLIENT, server.port(), &options);
        attacker.wait_for("error_frame")
    });
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn a_text_that_is_not_utf8_gets_a_notice_and_reaches_nobody() {
    let mut scene = Scene::new();
    let key = scene.key.1.to_str().unwrap();
    let options = [
        "--key",
        key,
        "--attack",
        "invalid_utf8_plaintext",
        "--attack-timeout",
        "2",
    ];
    let attacker = Python::start_client(CLIENT, scene.server.port(), &options);
    let events = attacker.remaining_events();
    let notices: Vec<_> = events
        .iter()
        .filter_map(|event| event["text"].as_str())
        // The bystander may have come in the same second.
        .filter(|text| !text.ends_with(" joined"))
        .collect();
    assert!(notices[0].starts_with("* Welcome"), "{events:#?}");
    assert!(
        notices[1].starts_with("* ") && notices[1].contains("UTF-8"),
        "{events:#?}"
    );
    assert_eq!(notices.len(), 2, "{events:#?}");
    // A mistake, and no attack on the protocol: the session went on.
    assert_eq!(events.last().unwrap()["event"], "timeout", "{events:#?}");
    scene.bystander_chats("nothing came before this");
}

#[test]
fn a_client_that_ends_inside_a_frame_disturbs_nobody() {
    let mut scene = Scene::new();
    let (mut half, announced) = Python::client(CLIENT, scene.server.port(), &["--salt", "32"]);
    assert!(half.receive().starts_with("* Welcome"));
    let bytes = STANDARD.encode(b"{\"cipher\": \"AAAA");
    half.ask(&json!({"op": "raw", "base64": bytes}), "sent_raw");
    half.ask(&json!({"op": "half_close"}), "half_closed");
    half.receive_end();
    scene
        .server
        .wait_for_log(0, &[announced["local"].as_str().unwrap()]);
    scene.bystander_chats("and on");
}

#[test]
fn a_client_that_never_finishes_its_handshake_is_told_timeout() {
    let server = Server::start(&["--handshake-timeout", "1"]);
    // The clock, not the byte count, must cut off an endless trickle.
    let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
    let mut reader = stream.try_clone().unwrap();
    let trickle = std::thread::spawn(move || {
        use std::io::Write as _;
        for _ in 0..200 {
            if stream.write_all(b"{").is_err() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    });
    let mut received = String::new();
    // After the error frame this side's late bytes may turn the end into a reset.
    let _ = std::io::Read::read_to_string(&mut reader, &mut received);
    trickle.join().unwrap();
    assert!(received.contains("\"timeout\""), "{received}");
    server.wait_for_log(0, &["did not finish its handshake in time"]);
}
