//! Data that must survive the end of a server, and databases that a server must not touch.

use std::fs;
use std::io::Write;

use serde_json::json;

use crate::support::client::Client;
use crate::support::json::{hear, hello, say, through_tunnel};
use crate::support::server::{Server, run_to_end};

fn id(round: u32, number: u32) -> String {
    format!("00000000-0000-4000-8000-{round:04}{number:08}")
}

#[test]
fn what_was_acked_survives_kill_9_and_what_was_not_can_be_sent_again() {
    // An ack promises that the entry survives the server; without one the client has to send again.
    let fast = ["--sends-per-minute", "0"];
    let mut server = Server::start(&fast);
    let mut acked: Vec<(u64, String)> = Vec::new();
    for round in 0..4 {
        let mut client = Client::join_by_v2(server.tcp());
        hello(&mut client, "ada");
        say(
            &mut client,
            &json!({"type": "join", "room": "lobby", "after": 0}),
        );
        hear(&mut client, "joined");
        let message = |number| {
            json!({
                "type": "send", "room": "lobby", "id": id(round, number), "text": format!("text {number}"),
            })
        };
        // All of them are under way when the server dies: some acknowledged, some durable, some
        // neither.
        for number in 0..300 {
            say(&mut client, &message(number));
        }
        for _ in 0..round * 60 + 20 {
            let ack = hear(&mut client, "ack");
            acked.push((
                ack["seq"].as_u64().unwrap(),
                ack["id"].as_str().unwrap().to_owned(),
            ));
        }
        server = Server::start_in(server.kill(), &fast);
        // Sent again, as a client's outbox does.
        let mut client = Client::join_by_v2(server.tcp());
        hello(&mut client, "ada");
        say(
            &mut client,
            &json!({"type": "join", "room": "lobby", "after": 0}),
        );
        hear(&mut client, "joined");
        for number in 0..300 {
            say(&mut client, &message(number));
        }
        for _ in 0..300 {
            let ack = hear(&mut client, "ack");
            acked.push((
                ack["seq"].as_u64().unwrap(),
                ack["id"].as_str().unwrap().to_owned(),
            ));
        }
    }
    // An id has one number, and a number one id, over all rounds and servers.
    acked.sort();
    acked.dedup();
    let seqs: Vec<u64> = acked.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(seqs, (1..=1200).collect::<Vec<_>>());

    // A person who was away gets all of it, in that order.
    let mut reader = through_tunnel(server.http(), 0, "ada");
    say(
        &mut reader,
        &json!({"type": "join", "room": "lobby", "after": 0}),
    );
    let mut seen: Vec<(u64, String)> = Vec::new();
    while seen.len() < 1200 {
        for entry in hear(&mut reader, "page")["entries"].as_array().unwrap() {
            seen.push((
                entry["seq"].as_u64().unwrap(),
                entry["id"].as_str().unwrap().to_owned(),
            ));
        }
    }
    assert_eq!(seen, acked);
}

#[test]
fn two_servers_on_one_data_folder() {
    // Two servers would give the same numbers to different entries.
    let server = Server::start(&[]);
    let ended = run_to_end(server.data(), &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("another server"), "{ended:?}");
    Client::join_by_v2(server.tcp());
}

#[test]
fn a_database_that_is_none_newer_or_damaged_is_left_as_it_is() {
    // A backup or a newer server may still read it; overwriting it would lose the chat.
    let server = Server::start(&[]);
    let mut client = Client::join_by_v2(server.tcp());
    client.say("something to keep");
    assert!(client.receive_text().ends_with("something to keep"));
    drop(client);
    let mut server = server;
    server.terminate();
    assert!(server.wait().success());
    let path = server.data().join("chat.db");
    let whole = fs::read(&path).unwrap();
    let mut newer = whole.clone();
    // The bytes 60 to 63 of an SQLite database hold its user version: that of the schema.
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let mut damaged = whole.clone();
    damaged[4096..8192].fill(0xa5);
    for (bytes, word) in [
        (&b"not a database at all, but long enough to be looked at as if it were one; and some more"[..], "database"),
        (&newer, "newer"),
        (&damaged, "damaged"),
    ] {
        fs::write(&path, bytes).unwrap();
        let ended = run_to_end(server.data(), &[]);
        assert_eq!(ended.code, Some(1), "{word}: {ended:?}");
        assert!(ended.stderr.contains(word), "{word}: {ended:?}");
        assert!(fs::read(&path).unwrap() == bytes, "{word}: it was changed");
        for beside in ["chat.db-wal", "chat.db-shm"] {
            assert!(!server.data().join(beside).exists(), "{word}: {beside} is left behind");
        }
    }
    // The undamaged database is still good.
    fs::File::create(&path).unwrap().write_all(&whole).unwrap();
    let again = Server::start_in(server.take_data(), &[]);
    let mut client = Client::join_by_v2(again.tcp());
    hello(&mut client, "ada");
    say(
        &mut client,
        &json!({"type": "join", "room": "lobby", "after": 0}),
    );
    let page = hear(&mut client, "page");
    assert_eq!(page["entries"][0]["text"], "something to keep");
}
