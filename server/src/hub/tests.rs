//! The hub with a store in memory, and sessions without connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use shared::chat::UserId;
use shared::error::ErrorCode;
use shared::identity::Fingerprint;

use super::*;
use crate::clients::{Clients, ConnectionId, Transport};
use crate::rates::PerMinute;
use crate::store::MemoryStore;

mod health;
mod limits;
mod operators;
mod retention;
mod searching;
mod truth;

/// What nobody waits longer for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A hub that lives as long as the test program.
async fn hub_for(text_bytes: usize) -> &'static Hub {
    hub_with(text_bytes, PerMinute::UNLIMITED).await
}

async fn hub_with(text_bytes: usize, per_minute: PerMinute) -> &'static Hub {
    let store = Arc::new(MemoryStore::default());
    let hub = Hub::open(
        store,
        Settings {
            text_bytes,
            per_minute,
            ..Settings::default()
        },
    )
    .await
    .unwrap();
    let hub: &'static Hub = Box::leak(Box::new(hub));
    tokio::spawn(hub.run());
    hub
}

async fn hub() -> &'static Hub {
    hub_for(16 * 1024).await
}

fn unlimited() -> Settings {
    Settings {
        per_minute: PerMinute::UNLIMITED,
        ..Settings::default()
    }
}

fn key(seed: u8) -> Fingerprint {
    Fingerprint::of_spki(&[seed])
}

fn connection_id() -> ConnectionId {
    static CLIENTS: std::sync::OnceLock<Clients> = std::sync::OnceLock::new();
    let address: SocketAddr = ([127, 0, 0, 1], 1).into();
    let clients = CLIENTS.get_or_init(Clients::default);
    clients.enter(address, Transport::Tcp).id
}

/// A connection that has not shown yet how it speaks.
fn connect(hub: &'static Hub, seed: u8) -> Session {
    connect_to(hub, seed)
}

fn connect_to(hub: &Hub, seed: u8) -> Session {
    let version = shared::connection::Version::V2;
    hub.join(connection_id(), key(seed), [127, 0, 0, 1].into(), version)
}

/// A connection of plain text, which an empty line shows.
fn plain(hub: &'static Hub, seed: u8) -> Session {
    let mut session = connect(hub, seed);
    session.handle(b"");
    session
}

/// Somebody who speaks JSON, and has said hello under this name.
async fn person(hub: &'static Hub, seed: u8, name: &str) -> Session {
    let mut session = connect(hub, seed);
    say(
        &mut session,
        &json!({"type": "hello", "name": name, "client": "test 1"}),
    )
    .await;
    let welcome = hear(&mut session, "welcome").await;
    assert_eq!(welcome["you"]["name"], name);
    session
}

/// Says something, and waits until the store has done its part: nobody else drives the session.
async fn say(session: &mut Session, message: &Value) {
    session.handle(message.to_string().as_bytes());
    session.settle().await;
}

async fn next(session: &mut Session) -> Due {
    let due = tokio::time::timeout(PATIENCE, session.next()).await;
    due.expect("something is due")
}

/// The next JSON message of this type; others before it are passed over, plain text too.
async fn hear(session: &mut Session, kind: &str) -> Value {
    loop {
        let Due::Text(text) = next(session).await else {
            panic!("the session has ended")
        };
        let message: Value = serde_json::from_str(&text).unwrap_or_default();
        if message["type"] == kind {
            return message;
        }
        assert_ne!(message["type"], "error", "{message}");
    }
}

/// The error that comes next, among whatever else.
async fn hear_refusal(session: &mut Session) -> Value {
    loop {
        let Due::Text(text) = next(session).await else {
            panic!("the session has ended")
        };
        let message: Value = serde_json::from_str(&text).unwrap_or_default();
        if message["type"] == "error" {
            return message;
        }
    }
}

/// Its code, and what it is about.
async fn refused(session: &mut Session) -> (String, String) {
    let message = hear_refusal(session).await;
    let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
    (text("code"), text("for"))
}

async fn hear_line(session: &mut Session) -> String {
    match next(session).await {
        Due::Text(text) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

/// What waits, without waiting.
fn waiting(session: &mut Session) -> Vec<String> {
    std::iter::from_fn(|| session.try_next())
        .map(|text| text.to_string())
        .collect()
}

fn id(number: u8) -> String {
    shared::chat::MessageId::from_random([number; 16]).to_string()
}

fn send(room: &str, number: u8, text: &str) -> Value {
    json!({"type": "send", "room": room, "id": id(number), "text": text})
}

async fn join(session: &mut Session, room: &str) -> Value {
    say(session, &json!({"type": "join", "room": room})).await;
    hear(session, "joined").await
}

#[tokio::test]
async fn what_is_sent_is_acked_and_comes_to_everybody_with_its_number() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    let mut bert = person(hub, 2, "bert").await;
    say(
        &mut anna,
        &json!({"type": "create", "room": "Garden", "topic": "plants"}),
    )
    .await;
    let joined = hear(&mut anna, "joined").await;
    assert_eq!(
        (&joined["room"], &joined["topic"], &joined["head"]),
        (&json!("garden"), &json!("plants"), &json!(0))
    );
    let joined = join(&mut bert, "garden").await;
    assert_eq!(joined["members"].as_array().unwrap().len(), 2);
    let member = hear(&mut anna, "member").await;
    assert_eq!(
        (&member["change"], &member["member"]["name"]),
        (&json!("joined"), &json!("bert"))
    );

    for number in 1..=3 {
        say(
            &mut bert,
            &send("garden", number, &format!("text {number}")),
        )
        .await;
    }
    for number in 1..=3_u8 {
        let heard = hear(&mut anna, "message").await;
        assert_eq!(
            (&heard["seq"], &heard["text"], &heard["from"]["name"]),
            (
                &json!(number),
                &json!(format!("text {number}")),
                &json!("bert")
            )
        );
        assert_eq!(
            (&heard["room"], &heard["id"]),
            (&json!("garden"), &json!(id(number)))
        );
    }
    let mut acks = Vec::new();
    while acks.len() < 3 {
        acks.push(hear(&mut bert, "ack").await["seq"].as_u64().unwrap());
    }
    acks.sort_unstable();
    assert_eq!(acks, [1, 2, 3]);
}

#[tokio::test]
async fn the_same_id_again_gets_the_same_ack_and_no_second_message() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    join(&mut anna, "lobby").await;
    say(&mut anna, &send("lobby", 1, "once")).await;
    hear(&mut anna, "message").await;
    let first = hear(&mut anna, "ack").await;
    say(&mut anna, &send("lobby", 1, "once")).await;
    assert_eq!(hear(&mut anna, "ack").await, first);
    // The same id with another text is another message's.
    say(&mut anna, &send("lobby", 1, "other")).await;
    assert_eq!(refused(&mut anna).await, ("id_reused".into(), id(1)));
    // Somebody else's ids are their own.
    let mut bert = person(hub, 2, "bert").await;
    let joined = join(&mut bert, "lobby").await;
    assert_eq!(joined["head"], 1);
    say(&mut bert, &send("lobby", 1, "mine")).await;
    assert_eq!(hear(&mut bert, "ack").await["seq"], 2);
}

#[tokio::test]
async fn who_comes_back_is_sent_what_was_missed_and_nothing_twice() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    join(&mut anna, "lobby").await;
    for number in 1..=250_u8 {
        say(&mut anna, &send("lobby", number, "text")).await;
        hear(&mut anna, "ack").await;
    }
    let mut bert = person(hub, 2, "bert").await;
    join(&mut bert, "lobby").await;
    let page = hear(&mut bert, "page").await;
    let seqs = |page: &Value| -> Vec<u64> {
        let entries = page["entries"].as_array().unwrap();
        entries
            .iter()
            .map(|entry| entry["seq"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(seqs(&page), (201..=250).collect::<Vec<_>>());
    drop(bert);
    // From here on live messages and pages come together.
    let mut bert = person(hub, 2, "bert").await;
    say(
        &mut bert,
        &json!({"type": "join", "room": "lobby", "after": 7}),
    )
    .await;
    hear(&mut bert, "joined").await;
    let mut seen = Vec::new();
    let mut more = 0;
    while seen.last() != Some(&253) {
        if more < 3 {
            more += 1;
            let id = shared::chat::MessageId::from_random([
                more, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9,
            ]);
            say(
                &mut anna,
                &json!({"type": "send", "room": "lobby", "id": id.to_string(), "text": "later"}),
            )
            .await;
            hear(&mut anna, "ack").await;
        }
        let Due::Text(text) = next(&mut bert).await else {
            panic!()
        };
        let message: Value = serde_json::from_str(&text).unwrap();
        match message["type"].as_str().unwrap() {
            "page" => seen.extend(seqs(&message)),
            "message" => seen.push(message["seq"].as_u64().unwrap()),
            _ => {}
        }
    }
    assert_eq!(seen, (8..=253).collect::<Vec<_>>());

    say(
        &mut bert,
        &json!({"type": "history", "room": "lobby", "before": 8, "limit": 5}),
    )
    .await;
    assert_eq!(seqs(&hear(&mut bert, "page").await), [3, 4, 5, 6, 7]);
    say(
        &mut bert,
        &json!({"type": "history", "room": "lobby", "before": 1}),
    )
    .await;
    assert!(seqs(&hear(&mut bert, "page").await).is_empty());
    // Whoever knows more than the server has it from somewhere else.
    say(
        &mut bert,
        &json!({"type": "join", "room": "lobby", "after": 9999}),
    )
    .await;
    assert_eq!(
        refused(&mut bert).await,
        ("no_such_entry".into(), "lobby".into())
    );
    assert_eq!(seqs(&hear(&mut bert, "page").await).last(), Some(&253));
}

#[tokio::test]
async fn edits_deletions_and_reactions_are_the_writers_or_anybodys() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    let mut bert = person(hub, 2, "bert").await;
    join(&mut anna, "lobby").await;
    join(&mut bert, "lobby").await;
    say(&mut anna, &send("lobby", 1, "helo")).await;
    hear(&mut bert, "message").await;
    let upon = |kind: &str, number: u8, more: &Value| {
        let mut message = json!({"type": kind, "room": "lobby", "id": id(number), "of": 1});
        message
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        message
    };
    say(&mut bert, &upon("edit", 2, &json!({"text": "mine"}))).await;
    assert_eq!(refused(&mut bert).await, ("forbidden".into(), id(2)));
    say(&mut bert, &upon("delete", 3, &json!({}))).await;
    assert_eq!(refused(&mut bert).await, ("forbidden".into(), id(3)));
    say(&mut bert, &upon("react", 4, &json!({"emoji": "👍👍"}))).await;
    assert_eq!(refused(&mut bert).await, ("malformed".into(), id(4)));
    say(&mut bert, &upon("react", 4, &json!({"emoji": "👍"}))).await;
    let reacted = hear(&mut anna, "reacted").await;
    assert_eq!(
        (&reacted["of"], &reacted["emoji"], &reacted["on"]),
        (&json!(1), &json!("👍"), &json!(true))
    );
    say(&mut anna, &upon("edit", 5, &json!({"text": "hello"}))).await;
    assert_eq!(hear(&mut bert, "edited").await["text"], "hello");
    say(&mut anna, &upon("delete", 6, &json!({}))).await;
    assert_eq!(hear(&mut bert, "deleted").await["of"], 1);
    // Nobody who comes later sees what it said, nor what it was edited to.
    say(
        &mut bert,
        &json!({"type": "join", "room": "lobby", "after": 0}),
    )
    .await;
    let page = hear(&mut bert, "page").await.to_string();
    assert!(!page.contains("helo") && !page.contains("hello"), "{page}");
    say(&mut anna, &upon("edit", 7, &json!({"text": "again"}))).await;
    assert_eq!(refused(&mut anna).await, ("no_such_entry".into(), id(7)));
    // An edit is no message.
    say(
        &mut anna,
        &json!({"type": "delete", "room": "lobby", "id": id(8), "of": 3}),
    )
    .await;
    assert_eq!(refused(&mut anna).await.0, "no_such_entry");
}

#[tokio::test]
async fn a_private_room_is_not_there_for_others_until_they_are_invited() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    let mut bert = person(hub, 2, "bert").await;
    say(
        &mut anna,
        &json!({"type": "create", "room": "attic", "private": true}),
    )
    .await;
    hear(&mut anna, "joined").await;
    for message in [
        json!({"type": "join", "room": "attic"}),
        json!({"type": "history", "room": "attic", "before": 9}),
        json!({"type": "typing", "room": "attic"}),
        json!({"type": "invite", "room": "attic", "id": "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"}),
    ] {
        say(&mut bert, &message).await;
        assert_eq!(refused(&mut bert).await.0, "no_such_room");
    }
    // That its name is taken is all that shows.
    say(&mut bert, &json!({"type": "create", "room": "attic"})).await;
    assert_eq!(refused(&mut bert).await.0, "room_exists");
    let guest = bert.user().to_string();
    say(
        &mut anna,
        &json!({"type": "invite", "room": "attic", "id": guest}),
    )
    .await;
    let invited = hear(&mut bert, "invited").await;
    assert_eq!(
        (&invited["room"]["room"], &invited["by"]["name"]),
        (&json!("attic"), &json!("anna"))
    );
    join(&mut bert, "attic").await;
    say(&mut bert, &json!({"type": "leave", "room": "attic"})).await;
    hear(&mut bert, "left").await;
    // The invitation was for once.
    say(&mut bert, &json!({"type": "join", "room": "attic"})).await;
    assert_eq!(refused(&mut bert).await.0, "no_such_room");
}

#[tokio::test]
async fn a_room_of_two_is_for_two() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    let mut bert = person(hub, 2, "bert").await;
    let mut eve = person(hub, 3, "eve").await;
    let (of_anna, of_bert) = (anna.user().to_string(), bert.user().to_string());
    say(&mut anna, &json!({"type": "direct", "to": of_bert})).await;
    let room = hear(&mut anna, "joined").await["room"]
        .as_str()
        .unwrap()
        .to_owned();
    let invited = hear(&mut bert, "invited").await;
    assert_eq!(
        (&invited["room"]["room"], &invited["room"]["with"]["name"]),
        (&json!(room), &json!("anna"))
    );
    say(&mut anna, &send(&room, 9, "are you there?")).await;
    hear(&mut anna, "message").await;
    say(&mut bert, &json!({"type": "direct", "to": of_anna})).await;
    let joined = hear(&mut bert, "joined").await;
    assert_eq!(joined["room"], room.as_str());
    // What was said before he came was said to him: it is not read.
    assert_eq!((&joined["head"], &joined["read"]), (&json!(1), &json!(0)));
    say(&mut anna, &send(&room, 1, "between us")).await;
    assert_eq!(hear(&mut bert, "message").await["text"], "between us");
    say(&mut eve, &json!({"type": "join", "room": room})).await;
    assert_eq!(refused(&mut eve).await.0, "no_such_room");
    let of_eve = eve.user().to_string();
    say(&mut eve, &json!({"type": "direct", "to": of_eve})).await;
    assert_eq!(refused(&mut eve).await.0, "forbidden");
    let nobody = UserId(key(99)).to_string();
    say(&mut eve, &json!({"type": "direct", "to": nobody})).await;
    assert_eq!(refused(&mut eve).await.0, "no_such_room");
}

#[tokio::test]
async fn what_one_device_has_read_the_other_knows() {
    let hub = hub().await;
    let mut desk = person(hub, 1, "anna").await;
    let mut phone = person(hub, 1, "anna").await;
    join(&mut desk, "lobby").await;
    join(&mut phone, "lobby").await;
    say(&mut desk, &send("lobby", 1, "hi")).await;
    hear(&mut phone, "message").await;
    // Beyond the end means the end.
    say(
        &mut phone,
        &json!({"type": "read", "room": "lobby", "seq": 99}),
    )
    .await;
    assert_eq!(hear(&mut desk, "read").await["seq"], 1);
    say(
        &mut phone,
        &json!({"type": "join", "room": "lobby", "after": 1}),
    )
    .await;
    assert_eq!(hear(&mut phone, "joined").await["read"], 1);
}

#[tokio::test]
async fn requests_that_cannot_be_are_refused_by_name() {
    let hub = hub_for(100).await;
    let mut early = connect(hub, 9);
    say(&mut early, &json!({"type": "join", "room": "lobby"})).await;
    assert_eq!(refused(&mut early).await.0, "hello_first");
    say(&mut early, &json!({"type": "ping"})).await;
    hear(&mut early, "pong").await;

    let mut anna = person(hub, 1, "anna").await;
    for (message, code, about) in [
        (send("lobby", 1, "hi"), "not_joined", id(1)),
        (send("nowhere", 2, "hi"), "no_such_room", id(2)),
        (send("lobby", 3, ""), "malformed", id(3)),
        (send("a b", 4, "hi"), "malformed", id(4)),
        (json!({"type": "dance", "id": id(5)}), "unknown_type", id(5)),
        (
            json!({"type": "create", "room": "lobby"}),
            "room_exists",
            "lobby".into(),
        ),
    ] {
        say(&mut anna, &message).await;
        assert_eq!(
            refused(&mut anna).await,
            (code.to_owned(), about),
            "{message}"
        );
    }
    join(&mut anna, "lobby").await;
    say(&mut anna, &send("lobby", 6, &"x".repeat(101))).await;
    assert_eq!(refused(&mut anna).await, ("malformed".into(), id(6)));
    say(
        &mut anna,
        &json!({"type": "send", "room": "lobby", "id": id(7), "text": "hi", "reply_to": 1}),
    )
    .await;
    assert_eq!(refused(&mut anna).await, ("no_such_entry".into(), id(7)));
    anna.handle(b"a plain line");
    assert_eq!(refused(&mut anna).await.0, "malformed");
    anna.handle(b"\xff\xfe");
    hear(&mut anna, "notice").await;
    let mut other = connect(hub, 2);
    say(&mut other, &json!({"type": "hello", "name": "Anna"})).await;
    let welcome = hear(&mut other, "welcome").await;
    assert!(
        welcome["you"]["name"]
            .as_str()
            .unwrap()
            .starts_with("guest-")
    );
    assert_eq!(
        refused(&mut other).await,
        ("name_taken".into(), "hello".into())
    );
    say(&mut other, &json!({"type": "hello", "name": "a b"})).await;
    assert_eq!(
        refused(&mut other).await,
        ("name_invalid".into(), "hello".into())
    );
}

#[tokio::test]
async fn names_and_rooms_outlive_the_hub() {
    let store = Arc::new(MemoryStore::default());
    let first = Hub::open(store.clone(), unlimited()).await.unwrap();
    let first: &'static Hub = Box::leak(Box::new(first));
    tokio::spawn(first.run());
    let mut anna = person(first, 1, "anna").await;
    say(
        &mut anna,
        &json!({"type": "create", "room": "garden", "private": true}),
    )
    .await;
    hear(&mut anna, "joined").await;
    // Its store goes on to another.
    let second = Hub::open(store, unlimited()).await.unwrap();
    let second: &'static Hub = Box::leak(Box::new(second));
    tokio::spawn(second.run());
    let mut again = connect(second, 1);
    say(&mut again, &json!({"type": "hello"})).await;
    let welcome = hear(&mut again, "welcome").await;
    assert_eq!(welcome["you"]["name"], "anna");
    let rooms = welcome["rooms"].as_array().unwrap();
    let garden = rooms.iter().find(|room| room["room"] == "garden").unwrap();
    assert_eq!(
        (&garden["joined"], &garden["private"]),
        (&json!(true), &json!(true))
    );
    let mut eve = connect(second, 3);
    say(&mut eve, &json!({"type": "hello", "name": "anna"})).await;
    assert!(
        !hear(&mut eve, "welcome")
            .await
            .to_string()
            .contains("garden")
    );
    assert_eq!(refused(&mut eve).await.0, "name_taken");
}

#[tokio::test]
async fn plain_clients_and_json_clients_share_the_lobby() {
    let hub = hub().await;
    let mut old = plain(hub, 1);
    assert!(
        hear_line(&mut old)
            .await
            .starts_with("* Welcome to the lobby, guest-")
    );
    let mut anna = person(hub, 2, "anna").await;
    join(&mut anna, "lobby").await;
    old.handle("hi\nall\u{1b}[2J".as_bytes());
    let heard = hear(&mut anna, "message").await;
    assert_eq!(heard["text"], "hi\nall[2J");
    say(&mut anna, &send("lobby", 1, "and you")).await;
    let mut lines = Vec::new();
    while lines
        .last()
        .is_none_or(|line: &String| line != "anna: and you")
    {
        lines.push(hear_line(&mut old).await);
    }
    let guest = old.name();
    assert!(lines.contains(&format!("{guest}: hi\nall[2J")), "{lines:?}");
    // Answers come in the order of what they answer.
    old.handle(b"one");
    old.handle(b"/who");
    old.handle(b"two");
    old.handle(b"/quit");
    old.handle(b"never");
    let mut lines = Vec::new();
    while let Due::Text(text) = next(&mut old).await {
        lines.push(text.to_string());
    }
    let who = lines
        .iter()
        .position(|line| line.starts_with("* 2 here: "))
        .unwrap();
    assert_eq!(lines[who - 1], format!("{guest}: one"));
    assert_eq!(
        lines[who + 1..],
        [format!("{guest}: two"), "* bye".to_owned()]
    );
}

#[tokio::test]
async fn a_line_goes_with_its_writers_name_and_a_name_with_its_key() {
    let hub = hub().await;
    let mut anna = plain(hub, 1);
    let guest = anna.name();
    anna.handle(b"/name anna");
    anna.handle(b"/name anna");
    anna.handle(b"/name an na");
    let mut lines = Vec::new();
    while lines.len() < 4 {
        lines.push(hear_line(&mut anna).await);
    }
    assert!(
        lines.contains(&format!("* {guest} is now anna")),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| line == "* You are anna already."),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| line.contains("no spaces")),
        "{lines:?}"
    );
    drop(anna);
    let again = plain(hub, 1);
    assert_eq!(again.name(), "anna");
    let mut other = plain(hub, 2);
    hear_line(&mut other).await;
    other.handle(b"/name Anna");
    assert!(
        hear_line(&mut other)
            .await
            .starts_with("* name_taken: Anna")
    );
    other.handle(b"/dance");
    assert!(
        hear_line(&mut other)
            .await
            .starts_with("* There is no command /dance.")
    );
}

#[tokio::test]
async fn a_stalled_reader_is_put_out_and_the_others_go_on() {
    let hub = hub().await;
    let mut anna = plain(hub, 1);
    let mut stalled = plain(hub, 2);
    let stalled_name = stalled.name();
    let text = "x".repeat(16 * 1024);
    let mut heard = 0;
    for _ in 0..200 {
        anna.handle(text.as_bytes());
        while !hear_line(&mut anna).await.ends_with(&text) {}
        heard += 1;
    }
    assert_eq!(heard, 200);
    let waited: usize = waiting(&mut stalled).iter().map(String::len).sum();
    assert!(waited <= QUEUE_BYTES, "{waited}");
    assert_eq!(
        next(&mut stalled).await,
        Due::Ended(ErrorCode::SlowConsumer)
    );
    anna.handle(b"/who");
    let line = loop {
        let line = hear_line(&mut anna).await;
        if line.contains(" here: ") {
            break line;
        }
        assert_eq!(line, format!("* {stalled_name} left"));
    };
    assert!(line.starts_with("* 1 here: guest-"), "{line}");
}

#[test]
fn any_number_of_stalled_readers_is_put_out_at_once() {
    // A stack far smaller than a runtime's thread has.
    let thread = std::thread::Builder::new().stack_size(256 * 1024);
    let crowd = thread.spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            const STALLED: usize = 1000;
            let hub = hub_for(2 * QUEUE_BYTES).await;
            let count_of = |what: &'static str| {
                move |line: &str| match line.strip_suffix(what) {
                    Some(who) => who
                        .strip_suffix(" others ")
                        .map_or(1, |who| who.trim_start_matches("* and ").parse().unwrap()),
                    None => 0,
                }
            };
            let mut anna = plain(hub, 1);
            let mut stalled = Vec::new();
            for _ in 0..STALLED {
                stalled.push(plain(hub, 2));
            }
            let (mut joined, count) = (0_usize, count_of("joined"));
            while joined < STALLED {
                joined += count(&hear_line(&mut anna).await);
            }
            let text = "x".repeat(QUEUE_BYTES);
            let mut left = 0_usize;
            let count = count_of("left");
            for _ in 0..12 {
                anna.handle(text.as_bytes());
                loop {
                    let line = hear_line(&mut anna).await;
                    left += count(&line);
                    if line.ends_with(&text) {
                        break;
                    }
                }
            }
            anna.handle(b"/who");
            loop {
                let line = hear_line(&mut anna).await;
                left += count(&line);
                if line.contains(" here: ") {
                    assert!(line.starts_with("* 1 here: "), "{line}");
                    break;
                }
            }
            // The hub's clock announces them, twenty by name in a turn.
            while left < STALLED {
                left += count(&hear_line(&mut anna).await);
            }
            assert_eq!(left, STALLED);
        });
    });
    crowd.unwrap().join().unwrap();
}

#[tokio::test]
async fn who_comes_and_goes_is_told_once_whatever_the_number_of_devices() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    join(&mut anna, "lobby").await;
    let mut desk = person(hub, 2, "bert").await;
    join(&mut desk, "lobby").await;
    // The clock announces presence.
    let presence = |member: &Value| {
        let (name, online) = (&member["member"]["name"], &member["member"]["online"]);
        (name == "bert").then(|| online == true)
    };
    while presence(&hear(&mut anna, "member").await) != Some(true) {}
    let phone = person(hub, 2, "bert").await;
    drop(desk);
    drop(phone);
    let gone = hear(&mut anna, "member").await;
    assert_eq!(presence(&gone), Some(false));
    assert_eq!(gone["change"], "presence");
    assert!(waiting(&mut anna).is_empty());
    hub.close();
}

#[tokio::test]
async fn a_flood_is_refused_with_the_time_to_wait_and_nothing_of_it_is_said() {
    let limits = PerMinute {
        sends: 2,
        joins: 20,
        creates: 1,
        asks: 0,
        handshakes: 0,
    };
    let hub = hub_with(1000, limits).await;
    let mut ada = person(hub, 1, "ada").await;
    join(&mut ada, "lobby").await;
    for number in 1..=2 {
        say(&mut ada, &send("lobby", number, "x")).await;
        hear(&mut ada, "ack").await;
    }
    say(&mut ada, &send("lobby", 3, "too much")).await;
    let refusal = hear_refusal(&mut ada).await;
    assert_eq!(
        (&refusal["code"], &refusal["for"]),
        (&json!("rate_limited"), &json!(id(3)))
    );
    let millis = refusal["retry_after"].as_u64().unwrap();
    assert!((1..=30_001).contains(&millis), "{millis}");
    say(&mut ada, &json!({"type": "create", "room": "one"})).await;
    hear(&mut ada, "joined").await;
    say(&mut ada, &json!({"type": "create", "room": "two"})).await;
    assert_eq!(
        refused(&mut ada).await,
        ("rate_limited".into(), "two".into())
    );

    // Somebody else is not kept from anything; plain lines are answered with a notice.
    let mut bob = plain(hub, 2);
    for text in ["one", "two", "three"] {
        bob.handle(text.as_bytes());
    }
    bob.settle().await;
    let heard = waiting(&mut bob);
    let refused = heard
        .iter()
        .filter(|it| it.starts_with("* Not delivered: rate_limited."));
    assert_eq!(refused.count(), 1, "{heard:?}");
    assert!(
        !heard
            .iter()
            .any(|it| it.ends_with(": three") || it.ends_with(": too much"))
    );
}

#[tokio::test]
async fn a_new_room_is_told_to_everybody_who_may_join_it() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    let mut bob = person(hub, 2, "bob").await;
    say(
        &mut ada,
        &json!({"type": "create", "room": "secret", "private": true}),
    )
    .await;
    say(
        &mut ada,
        &json!({"type": "create", "room": "open", "topic": "all"}),
    )
    .await;
    let told = hear(&mut bob, "room").await;
    assert_eq!(
        (&told["room"]["room"], &told["room"]["topic"]),
        (&json!("open"), &json!("all"))
    );
    assert_eq!(told["room"]["joined"], false);
    assert!(!waiting(&mut bob).iter().any(|text| text.contains("secret")));
}
