//! Floods of reactions to one message, over real sockets and on a real store.

use std::io::Write;

use serde_json::{Value, json};

use crate::support::client::{Client, Wire};
use crate::support::json::{UNHURRIED, hear, id, join, over_tcp, say, send, through_tunnel};
use crate::support::server::Server;

/// The reactions that one person may have on a message, by `docs/LIMITS.md`.
const OWN: usize = 12;

/// The different reactions that a message may have, by `docs/LIMITS.md`.
const DIFFERENT: usize = 40;

/// Returns the request for one of many different reactions to message 1.
fn reaction(room: &str, number: usize, on: bool) -> String {
    let number = u32::try_from(number).unwrap();
    let emoji = char::from_u32(0x1f400 + number).unwrap();
    let id = id(1000 + 2 * number + u32::from(on));
    json!({
        "type": "react", "room": room, "id": id, "of": 1, "emoji": emoji.to_string(), "on": on,
    })
    .to_string()
}

/// Seals reactions, so that they can be written at once.
fn seal<W: Wire>(
    client: &mut Client<W>,
    room: &str,
    numbers: impl Iterator<Item = usize>,
) -> Vec<u8> {
    let requests: Vec<_> = numbers.map(|number| reaction(room, number, true)).collect();
    let requests: Vec<_> = requests.iter().map(String::as_str).collect();
    client.seal_all(&requests)
}

/// Counts how many of the next answers are acks. The others must name the bound.
fn acks<W: Wire>(client: &mut Client<W>, answers: usize) -> usize {
    let (mut acks, mut refused) = (0, 0);
    while acks + refused < answers {
        let answer: Value = serde_json::from_str(&client.receive()).unwrap_or_default();
        if answer["type"] == "error" {
            assert_eq!(answer["code"], "limit_reached", "{answer}");
            refused += 1;
        } else if answer["type"] == "ack" {
            acks += 1;
        }
    }
    acks
}

fn reacts<W: Wire>(client: &mut Client<W>, room: &str, number: usize, on: bool) -> bool {
    client.say(&reaction(room, number, on));
    acks(client, 1) == 1
}

/// Creates a room with one message in it.
fn create<W: Wire>(owner: &mut Client<W>, room: &str, keep: &str) {
    say(
        owner,
        &json!({"type": "create", "room": room, "keep": keep}),
    );
    hear(owner, "joined");
    say(owner, &send(room, 1, "look"));
    hear(owner, "ack");
}

const ROOMS: [(&str, &str); 2] = [("kept", "forever"), ("den", "nothing")];

#[test]
fn one_person_floods_a_message_in_one_write_and_again_after_a_restart() {
    // One person put 260 different reactions on one message.
    let server = Server::start(&UNHURRIED);
    let mut anna = over_tcp(server.tcp(), 1, "anna");
    let mut eve = over_tcp(server.tcp(), 2, "eve");
    for (room, keep) in ROOMS {
        create(&mut anna, room, keep);
        join(&mut eve, room, 0);
        let flood = seal(&mut eve, room, 0..260);
        eve.wire.write_all(&flood).unwrap();
        assert_eq!(acks(&mut eve, 260), OWN, "{room}");
        for _ in 0..OWN {
            hear(&mut anna, "reacted");
        }
    }
    let server = Server::start_in(server.kill(), &UNHURRIED);
    let mut eve = through_tunnel(server.http(), 2, "eve");
    join(&mut eve, "kept", 0);
    // What is sent again, because its ack was lost, is acked again.
    let again = seal(&mut eve, "kept", 0..260);
    eve.wire.write_all(&again).unwrap();
    assert_eq!(acks(&mut eve, 260), OWN);
    assert!(reacts(&mut eve, "kept", 0, false));
    assert!(reacts(&mut eve, "kept", 270, true));
    assert!(!reacts(&mut eve, "kept", 271, true));
}

#[test]
fn two_connections_of_one_person_race_for_the_last_reaction() {
    let server = Server::start(&UNHURRIED);
    let mut anna = over_tcp(server.tcp(), 1, "anna");
    let mut one = over_tcp(server.tcp(), 2, "eve");
    let mut two = through_tunnel(server.http(), 2, "eve");
    for (room, keep) in ROOMS {
        create(&mut anna, room, keep);
        join(&mut one, room, 0);
        join(&mut two, room, 0);
        for number in 0..OWN - 1 {
            assert!(reacts(&mut one, room, number, true));
        }
        for round in 0..10 {
            let first = 20 + 20 * round;
            let floods = (
                seal(&mut one, room, first..first + 10),
                seal(&mut two, room, first + 10..first + 20),
            );
            std::thread::scope(|scope| {
                scope.spawn(|| one.wire.write_all(&floods.0).unwrap());
                scope.spawn(|| two.wire.write_all(&floods.1).unwrap());
            });
            let taken = acks(&mut one, 10) + acks(&mut two, 10);
            assert_eq!(taken, 1, "{room}, round {round}");
            // Whichever it is: one that is not there is taken back without an effect.
            for number in first..first + 20 {
                assert!(reacts(&mut two, room, number, false));
            }
        }
    }
}

#[test]
fn many_people_flood_a_message_at_once() {
    let server = Server::start(&UNHURRIED);
    let mut people: Vec<_> = (0..4)
        .map(|who| over_tcp(server.tcp(), who, &format!("eve-{who}")))
        .collect();
    for (room, keep) in ROOMS {
        create(&mut people[0], room, keep);
        let mut floods = Vec::new();
        for (who, eve) in people.iter_mut().enumerate() {
            join(eve, room, 0);
            let first = 50 * who;
            floods.push(seal(eve, room, first..first + 50));
        }
        std::thread::scope(|scope| {
            for (eve, flood) in people.iter_mut().zip(&floods) {
                scope.spawn(|| eve.wire.write_all(flood).unwrap());
            }
        });
        let taken: usize = people.iter_mut().map(|eve| acks(eve, 50)).sum();
        assert_eq!(taken, DIFFERENT, "{room}");
    }
}
