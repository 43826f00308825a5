//! A well-behaved Python client against the server, over v2.

use serde_json::json;

use shared::chat::UserId;
use shared::chat::entry::DisplayName;

use crate::support::python::Python;
use crate::support::server::Server;
use crate::support::{NON_ASCII, client_key, client_key_file};

const CLIENT: &str = "client_v2.py";

/// Returns the name that the server gives to the test key.
fn guest() -> String {
    DisplayName::guest(UserId(client_key().public_key().fingerprint())).to_string()
}

/// Returns a client with the test key, behind its welcome.
fn client(port: u16, options: &[&str]) -> (tempfile::TempDir, Python) {
    let (folder, key) = client_key_file();
    let options = [options, &["--key", key.to_str().unwrap()]].concat();
    let (mut client, _) = Python::client(CLIENT, port, &options);
    let welcome = client.receive();
    let expected = format!("* Welcome to the lobby, {}.", guest());
    assert!(welcome.starts_with(&expected), "{welcome}");
    (folder, client)
}

/// Expects the close of the server's direction, and the end of the stream behind it.
fn expect_close(client: &mut Python) {
    let recv = json!({"op": "recv", "timeout": 20});
    client.ask(&recv, "close_received");
    let closed = client.ask(&recv, "closed");
    assert_eq!(closed["bytes_after_close"], 0, "{closed}");
    assert_eq!(closed["reset"], false, "{closed}");
}

/// Sends a thousand lines each way, during which both sides change their keys several times.
fn converse(server: &Server, port: u16, options: &[&str]) {
    println!("{options:?}");
    let (_folder, mut client) = client(port, options);
    for round in 0..10 {
        let texts: Vec<_> = (0..100)
            .map(|at| format!("{round} {at} {NON_ASCII}"))
            .collect();
        if round % 2 == 0 {
            client.ask(&json!({"op": "send_all", "texts": texts}), "sent");
        } else {
            for text in &texts {
                client.send(text);
            }
        }
        for text in &texts {
            assert_eq!(client.receive_line(), format!("{}: {text}", guest()));
        }
        let rekeyed = client.ask(&json!({"op": "rekey"}), "rekeyed");
        assert_eq!(rekeyed["sent_updates"], round + 1);
    }
    let rekeyed = client.ask(&json!({"op": "rekey"}), "rekeyed");
    let received = rekeyed["received_updates"].as_u64().unwrap();
    assert!(received >= 2, "{rekeyed}");
    client.send("and on");
    assert_eq!(client.receive_line(), format!("{}: and on", guest()));
    client.ask(&json!({"op": "finish"}), "finished");
    expect_close(&mut client);
    server.wait_for_log(0, &["closed", "reason=the peer closed"]);
}

#[test]
fn a_thousand_messages_each_way_while_both_sides_change_their_keys() {
    let server = Server::start(&["--rekey-records=10", "--sends-per-minute=0"]);
    for options in [
        ["--write", "whole", "--hello", "early"],
        ["--write", "bytewise", "--hello", "early"],
        ["--write", "whole", "--hello", "late"],
    ] {
        converse(&server, server.port(), &options);
    }
}

#[test]
fn the_same_through_the_tunnel() {
    let server = Server::start(&["--rekey-records=10", "--sends-per-minute=0"]);
    converse(&server, server.http_port(), &["--websocket"]);
}

#[test]
fn the_clients_key_may_be_large_and_the_servers_too() {
    for bits in ["3072", "4096"] {
        let server = Server::start(&["--key-bits", bits]);
        let options = ["--key-bits", bits];
        let (mut client, _) = Python::client(CLIENT, server.port(), &options);
        client.send(bits);
        assert!(client.receive_line().ends_with(&format!(": {bits}")));
    }
}

#[test]
fn data_of_the_largest_record_right_behind_client_finished() {
    // The limit of a body is smaller until the server has verified client_finished. Data in the
    // same read must be checked against the limit of its own place.
    let server = Server::start(&["--max-text-bytes", "65536"]);
    let (_folder, key) = client_key_file();
    let (first, second) = ("x".repeat(60_000), "y".repeat(5_719));
    let merged = json!([first, second]).to_string();
    let options = ["--key", key.to_str().unwrap(), "--merge-texts", &merged];
    let (mut client, _) = Python::client(CLIENT, server.port(), &options);
    assert_eq!(client.receive_line(), format!("{}: {first}", guest()));
    assert_eq!(client.receive_line(), format!("{}: {second}", guest()));
}

#[test]
fn after_the_clients_close_the_answers_still_come() {
    let server = Server::start(&[]);
    let (_folder, mut client) = client(server.port(), &[]);
    client.ask(
        &json!({"op": "send_all", "texts": ["one", "two", "three"]}),
        "sent",
    );
    client.ask(&json!({"op": "finish"}), "finished");
    client.ask(&json!({"op": "half_close"}), "half_closed");
    for text in ["one", "two", "three"] {
        assert_eq!(client.receive_line(), format!("{}: {text}", guest()));
    }
    expect_close(&mut client);
}

#[test]
fn the_server_ends_its_direction_with_a_close_too() {
    let server = Server::start(&[]);
    let (_folder, mut client) = client(server.port(), &[]);
    client.send("/quit");
    assert_eq!(client.receive(), "* bye");
    client.ask(&json!({"op": "recv", "timeout": 20}), "close_received");
    client.ask(&json!({"op": "finish"}), "finished");
    let closed = client.ask(&json!({"op": "recv", "timeout": 20}), "closed");
    assert_eq!(closed["bytes_after_close"], 0, "{closed}");
}

#[test]
fn a_stream_that_is_cut_is_logged_as_that() {
    let server = Server::start(&[]);
    let (_folder, mut client) = client(server.port(), &[]);
    client.ask(&json!({"op": "cut"}), "bye");
    server.wait_for_log(0, &["closed", "reason=the peer's stream was cut"]);
}

#[test]
fn the_first_contact_learns_the_proven_key_and_gets_a_close_for_its_close() {
    let server = Server::start(&[]);
    let pem = std::fs::read_to_string(server.key_file()).unwrap();
    let key = shared::identity::PrivateKey::from_pem(&pem).unwrap();
    let fingerprint = key.public_key().fingerprint().to_string();
    let learner = Python::start_client(CLIENT, server.port(), &["--learn"]);
    assert_eq!(
        learner.event("announced")["pem"],
        key.public_key().to_spki_pem()
    );
    assert_eq!(learner.event("untrusted")["presented"], fingerprint);
    learner.event("close_received");
    assert_eq!(learner.event("closed")["truncated"], false);
    let logged = server.wait_for_log(0, &["closed", "reason="]);
    assert!(logged[0].contains("reason=the peer closed"), "{logged:?}");

    let (mut pinned, _) = Python::client(CLIENT, server.port(), &["--pin", &fingerprint]);
    assert!(pinned.receive().starts_with("* Welcome"));
}

#[test]
fn a_client_that_refuses_the_key_says_handshake_failed() {
    let server = Server::start(&[]);
    let options = ["--pin", "SHA256:of another key"];
    let refuser = Python::start_client(CLIENT, server.port(), &options);
    refuser.event("announced");
    refuser.event("untrusted");
    server.wait_for_log(0, &["closed", "reason=the peer reported handshake_failed"]);
}

#[test]
fn v1_and_v2_share_the_lobby() {
    let server = Server::start(&[]);
    let (_folder, mut new) = client(server.port(), &[]);
    let options = ["--salt", "32"];
    let (mut old, _) = Python::client("client_cryptography.py", server.port(), &options);
    old.receive();
    let joined = new.receive();
    assert!(joined.ends_with(" joined"), "{joined}");
    old.send("from v1");
    assert!(new.receive_line().ends_with(": from v1"));
    new.send("from v2");
    assert!(old.receive_line().ends_with(": from v1"));
    assert_eq!(old.receive_line(), format!("{}: from v2", guest()));
}
