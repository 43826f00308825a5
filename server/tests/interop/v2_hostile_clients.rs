//! Python clients that attack the server over v2: each gets exactly the alert that the protocol
//! demands, in clear or sealed, and then the end. The log names the alert, and a bystander on the
//! same server notices nothing. The attacks and their answers are in `attacks_v2.py`.

use serde_json::Value;

use shared::chat::UserId;
use shared::chat::entry::DisplayName;

use crate::support::attacks::{Attack, attacks};
use crate::support::python::Python;
use crate::support::server::Server;
use crate::support::{client_key, client_key_file};

const CLIENT: &str = "client_v2.py";

/// Returns the reason that the log must give for `attack`'s connection.
fn reason(attack: &Attack) -> String {
    match attack.alert() {
        Some(alert) => format!("reason={alert}: "),
        None if attack.cuts() => "reason=the peer's stream was cut".to_owned(),
        None => "reason=the peer reported ".to_owned(),
    }
}

fn check(server: &Server, key: &str, attack: &Attack) -> Result<(), String> {
    let options = ["--key", key, "--attack", &attack.name];
    let mark = server.log_mark();
    let attacker = Python::start_client(CLIENT, server.port(), &options);
    let announced = attacker.event("announced");
    attack.judge(&attacker.remaining_events())?;
    let address = announced["local"].as_str().unwrap();
    let lines = server.wait_for_log(mark, &[address, "closed"]);
    if lines.len() != 1 || !lines[0].contains(&reason(attack)) {
        return Err(format!("{}: the log says {lines:#?}", attack.name));
    }
    Ok(())
}

/// Runs all attacks of `stages`, one after the other, beside a person who chats.
fn refuses(stages: &[&str], least: usize) {
    let server = Server::start(&[]);
    let (_folder, key) = client_key_file();
    let key = key.to_str().unwrap();
    let (mut bystander, _) = Python::client(CLIENT, server.port(), &["--key", key]);
    let guest = DisplayName::guest(UserId(client_key().public_key().fingerprint()));
    let mut failures = Vec::new();
    for attack in attacks("client", stages, least) {
        println!("{}", attack.name);
        failures.extend(check(&server, key, &attack).err());
        bystander.send(&attack.name);
        // The attackers' own messages in the lobby, from before their attacks, come in between.
        let own = format!("{guest}: {}", attack.name);
        while bystander.receive() != own {}
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn preface_hello_low_order_point_and_malformed_ml_kem_key() {
    refuses(&["hello"], 25);
}

#[test]
fn client_auth_wrong_signature_salt_key_or_spki() {
    refuses(&["auth"], 40);
}

#[test]
fn wrong_client_finished() {
    refuses(&["finished"], 12);
}

#[test]
fn tampered_replayed_reflected_and_malformed_records() {
    refuses(&["established"], 50);
}

#[test]
fn a_client_that_never_finishes_its_handshake_is_told_timeout() {
    // A handshake without a deadline would keep its permit for ever.
    let server = Server::start(&["--handshake-timeout", "1"]);
    // With the whole hello the server has keys, and the alert is sealed; without it the alert is in
    // clear.
    for (name, sealed) in [
        ("silence_before_hello", false),
        ("silence_before_auth", true),
    ] {
        let options = ["--attack", &format!("silence/{name}")];
        let attacker = Python::start_client(CLIENT, server.port(), &options);
        let alert = attacker.wait_for("alert");
        assert_eq!(alert["name"], "timeout", "{name}: {alert}");
        assert_eq!(alert["sealed"], sealed, "{name}: {alert}");
        assert_eq!(attacker.wait_for("closed")["truncated"], false, "{name}");
    }
}

#[test]
fn a_stopping_server_tells_its_clients_sealed() {
    let mut server = Server::start(&[]);
    let options: [&str; 0] = [];
    let (mut client, _) = Python::client(CLIENT, server.port(), &options);
    assert!(client.receive().starts_with("* Welcome"));
    server.terminate();
    let mut events: Vec<Value> = Vec::new();
    while events.last().is_none_or(|event| event["event"] != "closed") {
        if events
            .last()
            .is_none_or(|event| event["event"] == "message")
        {
            client.tell(&serde_json::json!({"op": "recv", "timeout": 20}));
        }
        events.push(client.any_event().unwrap());
    }
    let alert = events.iter().find(|event| event["event"] == "alert");
    let alert = alert.unwrap_or_else(|| panic!("{events:#?}"));
    assert_eq!(alert["name"], "server_stopping");
    assert_eq!(alert["sealed"], true);
    assert!(server.wait().success());
}
