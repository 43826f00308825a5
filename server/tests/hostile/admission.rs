//! Admission modes over real sockets, and the command that changes the operators of a stopped
//! server.

use std::io::Write;

use serde_json::json;
use shared::chat::MessageId;
use shared::connection::Version;

use crate::support::client::{Client, connect};
use crate::support::json::{hear, hello, join, key, over_tcp, refusal, say, through_tunnel};
use crate::support::server::{Server, run_to_end};

fn user(who: usize) -> String {
    key(who).public_key().fingerprint().to_string()
}

#[test]
fn a_banned_person_with_a_new_key_needs_an_invitation() {
    let server = Server::start(&[]);
    let code = server.claim_code();
    let mut anna = over_tcp(server.tcp(), 1, "anna");
    say(&mut anna, &json!({"type": "claim", "code": code}));
    hear(&mut anna, "operator");
    let mut eve = through_tunnel(server.http(), 2, "eve");
    say(
        &mut anna,
        &json!({"type": "operator", "do": "admission", "mode": "invitation"}),
    );
    assert_eq!(hear(&mut anna, "operator")["admission"], "invitation");
    say(
        &mut anna,
        &json!({"type": "operator", "do": "ban", "user": user(2)}),
    );
    hear(&mut anna, "operator");
    eve.receive_end();

    let mut again = Client::of(key(3), connect(server.tcp()), Version::V2);
    again.shake_hands();
    say(&mut again, &json!({"type": "hello", "name": "eve2"}));
    assert_eq!(hear(&mut again, "waiting")["admission"], "invitation");
    say(&mut again, &json!({"type": "join", "room": "lobby"}));
    assert_eq!(refusal(&mut again).0, "not_admitted");
    // The code is worth nothing to a reader of the data folder.
    say(
        &mut anna,
        &json!({"type": "operator", "do": "invite", "uses": 1, "days": 1}),
    );
    let code = hear(&mut anna, "operator")["code"].clone();
    let kept = std::fs::read(server.data().join("chat.db-wal")).unwrap();
    let text = code.as_str().unwrap().as_bytes();
    assert!(!kept.windows(text.len()).any(|part| part == text));
    say(&mut again, &json!({"type": "redeem", "code": code}));
    hear(&mut again, "admitted");
    hello(&mut again, "eve2");
    // After a restart the mode is as it was, and whoever was admitted still is.
    drop((anna, again));
    let server = Server::start_in(server.kill(), &[]);
    let _again = over_tcp(server.tcp(), 3, "eve2");
    let mut stranger = Client::of(key(4), connect(server.tcp()), Version::V2);
    stranger.shake_hands();
    stranger.say("a line of plain text");
    assert!(stranger.receive().contains("invitation or approval"));
}

#[test]
fn nothing_of_the_banned_comes_after_the_bans_answer() {
    let rates = ["--sends-per-minute", "0", "--joins-per-minute", "0"];
    let server = Server::start(&rates);
    let code = server.claim_code();
    let mut anna = over_tcp(server.tcp(), 1, "anna");
    say(&mut anna, &json!({"type": "claim", "code": code}));
    hear(&mut anna, "operator");
    join(&mut anna, "lobby", 0);
    // A race: one round may go well by chance.
    for round in 0..10 {
        let mut eve = over_tcp(server.tcp(), 2, "eve");
        let mut device = through_tunnel(server.http(), 2, "eve");
        join(&mut eve, "lobby", 0);
        join(&mut device, "lobby", 0);
        let message = |number: u32| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&(1_000 * round + number).to_be_bytes());
            let id = MessageId::from_random(bytes).to_string();
            json!({"type": "send", "room": "lobby", "id": id, "text": "from eve"}).to_string()
        };
        let flood: Vec<_> = (0..200).map(message).collect();
        let flood: Vec<_> = flood.iter().map(String::as_str).collect();
        let frames = eve.seal_all(&flood);
        eve.wire.write_all(&frames).unwrap();
        for number in 200..220 {
            device.say(&message(number));
        }
        hear(&mut anna, "message");
        say(
            &mut anna,
            &json!({"type": "operator", "do": "ban", "user": user(2)}),
        );
        hear(&mut anna, "operator");
        say(&mut anna, &json!({"type": "ping"}));
        loop {
            let told = anna.receive();
            assert!(!told.contains("from eve"), "{told}");
            if told.contains(r#""type":"pong""#) {
                break;
            }
        }
        eve.receive_end();
        device.receive_end();
        let unban = json!({"type": "operator", "do": "unban", "user": user(2)});
        say(&mut anna, &unban);
        hear(&mut anna, "operator");
    }
}

#[test]
fn the_code_of_an_invitation_is_never_in_the_log() {
    let server = Server::start(&["--log-plaintext", "--log-level", "trace"]);
    let mut client = Client::join_by_v2(server.tcp());
    client.say(r#"{"type":"hello"}"#);
    client.say(r#"{"type":"redeem","code":"guess-which-code-this-is"}"#);
    server.wait_for_log(&["plaintext", "an invitation"]);
    assert!(!server.log().contains("guess-which"), "{}", server.log());
}

#[test]
fn a_stolen_operators_key_is_revoked_on_the_command_line() {
    let server = Server::start(&[]);
    let code = server.claim_code();
    let mut anna = over_tcp(server.tcp(), 1, "anna");
    let _bob = over_tcp(server.tcp(), 2, "bob");
    say(&mut anna, &json!({"type": "claim", "code": code}));
    hear(&mut anna, "operator");
    // Two programs must not write the same database.
    let busy = run_to_end(server.data(), &["operators", "list"]);
    assert_eq!(busy.code, Some(1), "{busy:?}");
    assert!(busy.stderr.contains("another server uses"), "{busy:?}");
    let data = server.kill();
    let run = |arguments: &[&str]| run_to_end(data.path(), arguments);
    assert_eq!(
        run(&["operators", "list"]).stdout,
        format!("{} anna\n", user(1))
    );
    let unknown = run(&["operators", "revoke", "carol"]);
    assert_eq!(unknown.code, Some(1));
    assert!(
        unknown.stderr.contains("nobody has the name"),
        "{unknown:?}"
    );
    let none = run(&["operators", "revoke", "bob"]);
    assert!(none.stderr.contains("is no operator"), "{none:?}");
    assert_eq!(run(&["operators", "add", "bob"]).code, Some(0));
    let left = run(&["operators", "revoke", &user(1)]);
    assert_eq!(left.stdout, format!("{} bob\n", user(2)));
    let server = Server::start_in(data, &[]);
    let mut anna = Client::of(key(1), connect(server.tcp()), Version::V2);
    anna.shake_hands();
    assert_eq!(hello(&mut anna, "anna")["operator"], false);
    let mut bob = Client::of(key(2), connect(server.tcp()), Version::V2);
    bob.shake_hands();
    assert_eq!(hello(&mut bob, "bob")["operator"], true);
}
