//! One key that takes what lasts: rooms, names, invitations and the disk.

use serde_json::{Value, json};

use crate::support::client::{Client, Wire};
use crate::support::json::{
    UNHURRIED, hear, id, join, key, over_tcp, refusal, say, send, through_tunnel,
};
use crate::support::server::Server;

/// The rooms that one key may own, by `docs/LIMITS.md`.
const ROOMS_OF_A_KEY: usize = 100;

fn create<W: Wire>(client: &mut Client<W>, room: &str) {
    say(
        client,
        &json!({"type": "create", "room": room, "private": true}),
    );
}

#[test]
fn one_key_does_not_use_up_the_rooms_also_by_leaving_them_and_after_a_restart() {
    let server = Server::start(&UNHURRIED);
    let mut eve = over_tcp(server.tcp(), 1, "eve");
    for number in 0..ROOMS_OF_A_KEY {
        let room = format!("den-{number}");
        create(&mut eve, &room);
        hear(&mut eve, "joined");
        say(&mut eve, &send(&room, 1, "mine"));
        hear(&mut eve, "ack");
        // A room with an entry stays when nobody is in it.
        say(&mut eve, &json!({"type": "leave", "room": room}));
        hear(&mut eve, "left");
    }
    create(&mut eve, "one-more");
    assert_eq!(refusal(&mut eve).0, "limit_reached");
    drop(eve);
    let server = Server::start_in(server.kill(), &UNHURRIED);
    let mut eve = through_tunnel(server.http(), 1, "eve");
    create(&mut eve, "one-more");
    assert_eq!(refusal(&mut eve).0, "limit_reached");
    // Nobody else is hindered, and an operator sees what was taken and gives it back.
    let mut anna = over_tcp(server.tcp(), 2, "anna");
    create(&mut anna, "annas");
    hear(&mut anna, "joined");
    let code = server.claim_code();
    say(&mut anna, &json!({"type": "claim", "code": code}));
    hear(&mut anna, "operator");
    let mut seen = 0;
    let mut after = Value::Null;
    loop {
        say(
            &mut anna,
            &json!({"type": "operator", "do": "rooms", "after": after}),
        );
        let page = hear(&mut anna, "operator");
        let rooms = page["rooms"].as_array().unwrap();
        let of_eve = |room: &&Value| room["room"].as_str().unwrap().starts_with("den-");
        seen += rooms.iter().filter(of_eve).count();
        if page["more"] != true {
            break;
        }
        after = rooms.last().unwrap()["room"].clone();
    }
    assert_eq!(seen, ROOMS_OF_A_KEY);
    say(
        &mut anna,
        &json!({"type": "operator", "do": "delete_room", "room": "den-0"}),
    );
    hear(&mut anna, "operator");
    create(&mut eve, "one-more");
    hear(&mut eve, "joined");
}

#[test]
fn one_network_does_not_use_up_the_names() {
    let server = Server::start(&[&UNHURRIED[..], &["--claims-per-day", "3"]].concat());
    let mut eve = over_tcp(server.tcp(), 1, "eve");
    let mut mallory = through_tunnel(server.http(), 2, "mallory");
    create(&mut eve, "den");
    hear(&mut eve, "joined");
    create(&mut mallory, "another");
    assert_eq!(refusal(&mut mallory).0, "limit_reached");
    // Another key of the network enters as a guest, is told why, and can talk.
    let mut late = over_tcp(server.tcp(), 3, "late");
    assert_eq!(refusal(&mut late).0, "limit_reached");
    join(&mut late, "lobby", 0);
    say(&mut late, &send("lobby", 1, "hello"));
    hear(&mut late, "ack");
    // Whoever has a name may keep it or take another.
    for name in ["mallory", "quagga"] {
        say(&mut mallory, &json!({"type": "hello", "name": name}));
        assert_eq!(hear(&mut mallory, "welcome")["you"]["name"], name);
    }
}

#[test]
fn one_key_does_not_fill_the_disk() {
    let server = Server::start(&[&UNHURRIED[..], &["--mib-per-day", "1"]].concat());
    let mut eve = over_tcp(server.tcp(), 1, "eve");
    let mut other = through_tunnel(server.http(), 1, "eve");
    let mut anna = over_tcp(server.tcp(), 2, "anna");
    join(&mut eve, "lobby", 0);
    join(&mut other, "lobby", 0);
    join(&mut anna, "lobby", 0);
    let text = "x".repeat(16 * 1024);
    let send = |number| send("lobby", number, &text);
    // 64 of these are a mebibyte.
    for number in 0..65 {
        say(&mut eve, &send(number));
    }
    assert_eq!(refusal(&mut eve).0, "limit_reached");
    // Another connection of the key is the same key.
    say(&mut other, &send(1000));
    assert_eq!(refusal(&mut other).0, "limit_reached");
    say(&mut anna, &send(1));
    hear(&mut anna, "ack");
    let delete = json!({"type": "delete", "room": "lobby", "id": id(2000), "of": 1});
    say(&mut other, &delete);
    hear(&mut other, "ack");
}

#[test]
fn people_who_do_not_exist_are_not_invited() {
    let server = Server::start(&UNHURRIED);
    let mut eve = over_tcp(server.tcp(), 1, "eve");
    create(&mut eve, "den");
    hear(&mut eve, "joined");
    let nobody = key(3).public_key().fingerprint().to_string();
    for (request, code) in [
        (
            json!({"type": "invite", "room": "den", "id": nobody}),
            "no_such_entry",
        ),
        (json!({"type": "direct", "to": nobody}), "no_such_room"),
    ] {
        say(&mut eve, &request);
        assert_eq!(refusal(&mut eve).0, code);
    }
    // Nothing of it is left for the one who comes later.
    drop(eve);
    let server = Server::start_in(server.kill(), &UNHURRIED);
    let mut late = over_tcp(server.tcp(), 3, "late");
    say(&mut late, &json!({"type": "join", "room": "den"}));
    assert_eq!(refusal(&mut late).0, "no_such_room");
}
