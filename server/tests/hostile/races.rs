//! Requests that race with each other, on a real store.

use std::io::Write;

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::json::{UNHURRIED, hear, id, join, over_tcp, say, send};
use crate::support::server::Server;

fn next(client: &mut Client) -> Value {
    serde_json::from_str(&client.receive()).unwrap_or_default()
}

// The disorder: an edit first looks at its message, in threads that overtake each other. Of several
// edits in one write an older one was committed last, in 30 of 100 tries, and stood in the room.
#[test]
fn edits_and_messages_of_one_connection_are_committed_in_their_order() {
    let server = Server::start(&UNHURRIED);
    let mut ada = over_tcp(server.tcp(), 1, "ada");
    join(&mut ada, "lobby", 0);
    say(&mut ada, &send("lobby", 0, "first"));
    hear(&mut ada, "ack");
    let (mut number, mut last) = (0, 1);
    for _ in 0..60 {
        let begin = number;
        let requests: Vec<_> = (0..6)
            .map(|_| {
                number += 1;
                let text = number.to_string();
                let request = if number % 3 == 0 {
                    send("lobby", number, &text)
                } else {
                    json!({
                        "type": "edit", "room": "lobby", "id": id(number), "of": 1, "text": text,
                    })
                };
                request.to_string()
            })
            .collect();
        let requests: Vec<_> = requests.iter().map(String::as_str).collect();
        let sealed = ada.seal_all(&requests);
        ada.wire.write_all(&sealed).unwrap();
        let mut acked: Vec<(u64, String)> = (0..6)
            .map(|_| {
                let ack = hear(&mut ada, "ack");
                (
                    ack["seq"].as_u64().unwrap(),
                    ack["id"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        acked.sort();
        for (at, (seq, of)) in acked.into_iter().enumerate() {
            last += 1;
            assert_eq!(
                (seq, of),
                (last, id(begin + u32::try_from(at).unwrap() + 1))
            );
        }
    }
}

// The loss: entries of a room that keeps nothing were acked and told to nobody, when the room was
// renamed before they were broadcast.
#[test]
fn every_acked_entry_is_told_though_its_room_is_renamed_at_that_moment() {
    const ROUNDS: u32 = 60;
    const TEXTS: u32 = 60;
    let server = Server::start(&UNHURRIED);
    let mut ada = over_tcp(server.tcp(), 1, "ada");
    let mut bob = over_tcp(server.tcp(), 2, "bob");
    let mut eve = over_tcp(server.tcp(), 3, "eve");
    say(
        &mut ada,
        &json!({"type": "create", "room": "room-0", "keep": "nothing"}),
    );
    hear(&mut ada, "joined");
    join(&mut bob, "room-0", 0);
    join(&mut eve, "room-0", 0);
    join(&mut eve, "lobby", 0);
    let (mut acked, mut told) = (0, 0);
    for round in 0..ROUNDS {
        let (from, to) = (format!("room-{round}"), format!("room-{}", round + 1));
        let rename = json!({"type": "rename", "room": from, "to": to});
        let texts: Vec<_> = (0..TEXTS)
            .map(|number| send(&from, round * TEXTS + number, "text").to_string())
            .collect();
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        let sealed = bob.seal_all(&texts);
        // Stored beside it, so that the rename is committed in a group.
        let stored: Vec<_> = (0..TEXTS)
            .map(|number| send("lobby", round * TEXTS + number, "text").to_string())
            .collect();
        let stored: Vec<_> = stored.iter().map(String::as_str).collect();
        let beside = eve.seal_all(&stored);
        eve.wire.write_all(&beside).unwrap();
        say(&mut ada, &rename);
        bob.wire.write_all(&sealed).unwrap();
        // Each is acked, or refused because its room has another name by then.
        let mut answers = 0;
        while answers < TEXTS {
            let answer = next(&mut bob);
            let is_ack = answer["type"] == "ack";
            acked += u32::from(is_ack);
            answers += u32::from(is_ack || answer["type"] == "error");
        }
        hear(&mut ada, "done");
        say(&mut eve, &json!({"type": "rooms"}));
        // What was acked was told before it.
        loop {
            let heard = next(&mut eve);
            if heard["type"] == "rooms" {
                break;
            }
            let of_bob = heard["type"] == "message" && heard["room"] != "lobby";
            told += u32::from(of_bob);
        }
    }
    assert_eq!(told, acked);
    assert!(acked > ROUNDS, "{acked}");
}
