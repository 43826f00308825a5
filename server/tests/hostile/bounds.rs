//! One stranger against everybody: lists that grow, floods of requests, events and searches, over
//! real sockets and with the limits of rates off, so that nothing but the bounds themselves holds.

use serde_json::{Value, json};
use shared::chat::UserId;
use shared::chat::entry::DisplayName;
use shared::connection::Version;

use crate::support::client::{Client, connect};
use crate::support::eventually;
use crate::support::json::{
    UNHURRIED, hear, hello, id, join, key, over_tcp, say, send, through_tunnel,
};
use crate::support::server::Server;

fn ping(client: &mut Client) {
    say(client, &json!({"type": "ping"}));
    hear(client, "pong");
}

#[test]
fn hundreds_of_rooms_with_long_topics_keep_nobody_out() {
    // 60 rooms made `welcome` longer than a message of v2, also after a restart.
    let server = Server::start(&UNHURRIED);
    let topic = "\"".repeat(250);
    for owner in 1..=3 {
        let mut client = over_tcp(server.tcp(), owner, &format!("eve-{owner}"));
        for number in 0..100 {
            let room = format!("room-{owner}-{number}");
            let create = json!({"type": "create", "room": room, "topic": topic});
            say(&mut client, &create);
            hear(&mut client, "joined");
        }
    }
    let server = Server::start_in(server.kill(), &UNHURRIED);
    let mut newcomer = over_tcp(server.tcp(), 4, "newcomer");
    let _other = through_tunnel(server.http(), 0, "other");
    let mut listed = 0;
    let mut after = Value::Null;
    loop {
        say(&mut newcomer, &json!({"type": "rooms", "after": after}));
        let page = hear(&mut newcomer, "rooms");
        let rooms = page["rooms"].as_array().unwrap();
        listed += rooms.len();
        if page["more"] == false {
            break;
        }
        after = json!({"others": true, "room": rooms.last().unwrap()["room"]});
    }
    assert_eq!(listed, 301, "with the lobby");
}

#[test]
fn thousands_of_hellos_in_one_write_take_no_memory() {
    // One record of 66 KB made the server build 800 MiB of answers.
    let server = Server::start_within(256 * 1024, &UNHURRIED);
    let mut honest = over_tcp(server.tcp(), 1, "honest");
    let before = server.resident_kib();
    let mut floods = Vec::new();
    for _ in 0..3 {
        let mut flood = Client::of(key(2), connect(server.tcp()), Version::V2);
        flood.shake_hands();
        let frames = flood.seal_all(&vec![r#"{"type":"hello"}"#; 3_286]);
        std::io::Write::write_all(&mut flood.wire, &frames).unwrap();
        floods.push(flood);
    }
    for _ in 0..50 {
        ping(&mut honest);
        let now = server.resident_kib();
        assert!(now < before + 64 * 1024, "{now} KiB, {before} before");
    }
}

#[test]
fn a_flood_of_typing_evicts_nobody_who_does_not_read() {
    let server = Server::start(&UNHURRIED);
    let mut members: Vec<_> = (0..20)
        .map(|number| {
            let who = 1 + number % 3;
            let mut member = over_tcp(server.tcp(), who, &format!("member-{who}"));
            join(&mut member, "lobby", 0);
            member
        })
        .collect();
    let mut flood = over_tcp(server.tcp(), 4, "flood");
    join(&mut flood, "lobby", 0);
    let typing = json!({"type": "typing", "room": "lobby"}).to_string();
    for _ in 0..20 {
        let frames = flood.seal_all(&vec![typing.as_str(); 1_000]);
        std::io::Write::write_all(&mut flood.wire, &frames).unwrap();
    }
    ping(&mut flood);
    members.iter_mut().for_each(ping);
}

#[test]
fn a_flood_of_searches_does_not_stop_history() {
    let server = Server::start(&UNHURRIED);
    let mut writer = over_tcp(server.tcp(), 1, "writer");
    join(&mut writer, "lobby", 0);
    for number in 0..2_000 {
        say(
            &mut writer,
            &send("lobby", number, "a word that is everywhere"),
        );
        hear(&mut writer, "ack");
    }
    let mut flood = over_tcp(server.tcp(), 2, "flood");
    join(&mut flood, "lobby", 0);
    let search = json!({"type": "search", "query": "a"}).to_string();
    let frames = flood.seal_all(&vec![search.as_str(); 600]);
    std::thread::scope(|scope| {
        // Written from aside: the server stops reading when enough answers wait.
        scope.spawn(|| {
            let _ = std::io::Write::write_all(&mut flood.wire, &frames);
        });
        let mut honest = over_tcp(server.tcp(), 3, "honest");
        join(&mut honest, "lobby", 0);
        for before in (100..2_000).step_by(100) {
            let history = json!({"type": "history", "room": "lobby", "before": before});
            say(&mut honest, &history);
            loop {
                let page = hear(&mut honest, "page");
                if page["entries"][0]["seq"].as_u64() < Some(before) {
                    break;
                }
            }
        }
        server.signal("KILL");
    });
}

#[test]
fn who_connects_and_leaves_at_once_is_announced_to_nobody() {
    // Announcing each took 9.5 ms of processor time with 1,000 listeners.
    let server = Server::start(&[&UNHURRIED[..], &["--log-level", "debug"]].concat());
    let mut listener = Client::join(server.tcp());
    let passer_by = UserId(key(1).public_key().fingerprint());
    let passer_by = DisplayName::guest(passer_by);
    for _ in 0..20 {
        let mut client = Client::of(key(1), connect(server.tcp()), Version::V2);
        client.shake_hands();
    }
    eventually("all of them are gone", || {
        (server.logged(&["closed"]).len() >= 20).then_some(())
    });
    let mut speaker = over_tcp(server.tcp(), 2, "speaker");
    join(&mut speaker, "lobby", 0);
    say(&mut speaker, &send("lobby", 1, "the end"));
    hear(&mut speaker, "ack");
    loop {
        let line = listener.receive();
        if line.ends_with("the end") {
            break;
        }
        assert!(!line.contains(passer_by.as_str()), "{line}");
    }
}

#[test]
fn a_change_is_applied_though_the_connection_was_reset() {
    let server = Server::start(&UNHURRIED);
    let code = server.claim_code();
    let mut other = over_tcp(server.tcp(), 2, "other");
    let cut = |message: &Value| {
        let mut client = over_tcp(server.tcp(), 1, "anna");
        say(&mut client, message);
        let socket = socket2::SockRef::from(&client.wire);
        socket.set_linger(Some(std::time::Duration::ZERO)).unwrap();
    };
    // What arrived before the reset may be lost with it, so each is made until it was heard.
    eventually("the room is there", || {
        cut(&json!({"type": "create", "room": "den"}));
        say(&mut other, &json!({"type": "join", "room": "den"}));
        let answer: Value = serde_json::from_str(&other.receive()).unwrap_or_default();
        (answer["type"] == "joined").then_some(())
    });
    eventually("anna is an operator", || {
        cut(&json!({"type": "claim", "code": code}));
        let mut anna = Client::of(key(1), connect(server.tcp()), Version::V2);
        anna.shake_hands();
        (hello(&mut anna, "anna")["operator"] == true).then_some(())
    });
    let banned = key(3).public_key().fingerprint().to_string();
    eventually("the ban holds", || {
        cut(&json!({"type": "operator", "do": "ban", "user": banned}));
        let mut eve = Client::of(key(3), connect(server.tcp()), Version::V2);
        let refused = eve.try_shake_hands().is_err() || eve.is_ended();
        refused.then_some(())
    });
}

#[test]
fn a_message_can_be_reacted_to_as_soon_as_it_is_acked() {
    let server = Server::start(&UNHURRIED);
    let mut anna = over_tcp(server.tcp(), 1, "anna");
    join(&mut anna, "lobby", 0);
    for number in 0..500 {
        say(&mut anna, &send("lobby", number, "x"));
        let of = hear(&mut anna, "ack")["seq"].clone();
        let id = id(1_000_000 + number);
        say(
            &mut anna,
            &json!({"type": "react", "room": "lobby", "id": id, "of": of, "emoji": "👍"}),
        );
        hear(&mut anna, "ack");
    }
}

#[test]
fn hundreds_of_read_markers_in_one_write_do_not_hold_up_a_message() {
    let server = Server::start(&UNHURRIED);
    let mut anna = over_tcp(server.tcp(), 1, "anna");
    join(&mut anna, "lobby", 0);
    for number in 0..300 {
        say(&mut anna, &send("lobby", number, "x"));
        hear(&mut anna, "ack");
    }
    // Each moves the marker on, and so is stored.
    let read = |seq: u32| json!({"type": "read", "room": "lobby", "seq": seq}).to_string();
    let mut requests: Vec<_> = (1..=300).map(read).collect();
    requests.push(send("lobby", 1000, "x").to_string());
    let requests: Vec<_> = requests.iter().map(String::as_str).collect();
    let frames = anna.seal_all(&requests);
    std::io::Write::write_all(&mut anna.wire, &frames).unwrap();
    hear(&mut anna, "ack");
}

#[test]
fn a_room_of_two_that_one_has_left_is_dead_for_nobody() {
    let server = Server::start(&UNHURRIED);
    let mut anna = over_tcp(server.tcp(), 1, "anna");
    let mut bert = over_tcp(server.tcp(), 2, "bert");
    let user = key(2).public_key().fingerprint().to_string();
    say(&mut anna, &json!({"type": "direct", "to": user}));
    let room = hear(&mut anna, "joined")["room"].clone();
    let room = room.as_str().unwrap();
    join(&mut bert, room, 0);
    say(&mut bert, &json!({"type": "leave", "room": room}));
    hear(&mut bert, "left");
    say(&mut anna, &send(room, 1, "come back"));
    hear(&mut anna, "ack");
    hear(&mut bert, "invited");
    join(&mut bert, room, 0);
    assert_eq!(hear(&mut bert, "page")["entries"][0]["text"], "come back");
}
