//! Attacks with reactions, on rooms that are stored and on those that are not.

use super::retention::create;
use super::*;
use crate::store::{MAX_OWN_REACTIONS, MAX_REACTIONS};

/// Returns one of many different emoji.
fn emoji(number: usize) -> String {
    let code = 0x1f400 + u32::try_from(number).unwrap();
    char::from_u32(code).unwrap().to_string()
}

/// Returns a request that adds a reaction to message `of` or takes it back. Its id is drawn.
fn reaction(room: &str, of: usize, number: usize, on: bool) -> Value {
    let id = shared::chat::MessageId::from_random(crate::system::random_bytes().unwrap());
    json!({
        "type": "react", "room": room, "id": id.to_string(), "of": of, "emoji": emoji(number), "on": on,
    })
}

/// Asks for a reaction, and returns the answer.
async fn react(session: &mut Session, request: &Value) -> Value {
    say(session, request).await;
    loop {
        let Due::Text(text) = next(session).await else {
            panic!("the session has ended")
        };
        let message: Value = serde_json::from_str(&text).unwrap_or_default();
        if message["type"] == "ack" || message["type"] == "error" {
            return message;
        }
    }
}

async fn reacts(session: &mut Session, request: &Value) {
    let answer = react(session, request).await;
    assert_eq!(answer["type"], "ack", "{answer}");
}

/// Asserts that a reaction is rejected, with a text that names the bound.
async fn is_refused(session: &mut Session, request: &Value, bound: usize) {
    let answer = react(session, request).await;
    assert_eq!(answer["code"], "limit_reached", "{answer}");
    assert_eq!(answer["for"], request["id"]);
    let text = answer["message"].as_str().unwrap();
    assert!(text.contains(&bound.to_string()), "{text}");
}

/// The rooms of these tests: one that is stored, and one that is not.
async fn rooms(anna: &mut Session) -> [&'static str; 2] {
    create(anna, "kept", json!("forever")).await;
    create(anna, "den", json!("nothing")).await;
    for room in ["kept", "den"] {
        for number in 1..=2 {
            say(anna, &send(room, number, "look")).await;
            hear(anna, "ack").await;
        }
    }
    ["kept", "den"]
}

// The attack: one person put 260 different reactions on one message.
#[tokio::test]
async fn one_person_floods_a_message_with_reactions() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    let mut eve = person(hub, 2, "eve").await;
    for room in rooms(&mut anna).await {
        join(&mut eve, room).await;
        let first = reaction(room, 1, 0, true);
        reacts(&mut eve, &first).await;
        for number in 1..MAX_OWN_REACTIONS {
            reacts(&mut eve, &reaction(room, 1, number, true)).await;
        }
        for number in MAX_OWN_REACTIONS..260 {
            let request = reaction(room, 1, number, true);
            is_refused(&mut eve, &request, MAX_OWN_REACTIONS).await;
        }
        // One that is there, under another id and under its own.
        reacts(&mut eve, &reaction(room, 1, 0, true)).await;
        reacts(&mut eve, &first).await;
        reacts(&mut eve, &reaction(room, 2, 100, true)).await;
        // One place is free, and the first one is acked again without taking it.
        reacts(&mut eve, &reaction(room, 1, 0, false)).await;
        reacts(&mut eve, &first).await;
        reacts(&mut eve, &reaction(room, 1, 100, true)).await;
        is_refused(&mut eve, &reaction(room, 1, 0, true), MAX_OWN_REACTIONS).await;
        // What was refused was told to nobody.
        let told = waiting(&mut anna);
        let told = told.iter().filter(|text| text.contains(r#""reacted""#));
        assert_eq!(told.count(), MAX_OWN_REACTIONS + 4, "{room}");
    }
}

// The attack: minted keys, each with as many reactions as one may have.
#[tokio::test]
async fn many_people_flood_a_message_with_reactions() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    for room in rooms(&mut anna).await {
        for number in 0..MAX_REACTIONS {
            let who = 10 + u8::try_from(number / MAX_OWN_REACTIONS).unwrap();
            let mut eve = person(hub, who, &format!("eve-{who}")).await;
            join(&mut eve, room).await;
            reacts(&mut eve, &reaction(room, 1, number, true)).await;
        }
        is_refused(&mut anna, &reaction(room, 1, 100, true), MAX_REACTIONS).await;
        reacts(&mut anna, &reaction(room, 1, 0, true)).await;
        reacts(&mut anna, &reaction(room, 2, 100, true)).await;
        // The other one with the same emoji still has it.
        reacts(&mut anna, &reaction(room, 1, 0, false)).await;
        is_refused(&mut anna, &reaction(room, 1, 100, true), MAX_REACTIONS).await;
        let mut eve = person(hub, 10, "eve-10").await;
        join(&mut eve, room).await;
        reacts(&mut eve, &reaction(room, 1, 0, false)).await;
        reacts(&mut anna, &reaction(room, 1, 100, true)).await;
        is_refused(&mut eve, &reaction(room, 1, 0, true), MAX_REACTIONS).await;
    }
}

// The race: requests of two devices that are under way at the same time.
#[tokio::test]
async fn two_connections_race_for_the_last_reaction() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    for room in rooms(&mut anna).await {
        let (mut one, mut two) = (person(hub, 2, "eve").await, person(hub, 2, "eve").await);
        join(&mut one, room).await;
        join(&mut two, room).await;
        for number in 0..30 {
            one.handle(reaction(room, 1, number, true).to_string().as_bytes());
            let other = reaction(room, 1, 100 + number, true).to_string();
            two.handle(other.as_bytes());
        }
        tokio::join!(one.settle(), two.settle());
        let told = [waiting(&mut one), waiting(&mut two)].concat();
        let count = |kind| told.iter().filter(|text| text.contains(kind)).count();
        assert_eq!(count(r#""ack""#), MAX_OWN_REACTIONS, "{room}");
        assert_eq!(count("limit_reached"), 60 - MAX_OWN_REACTIONS, "{room}");
    }
}

// Whoever speaks JSON over v1 is bounded alike, with the same count: it is one person.
#[tokio::test]
async fn a_person_over_v1_floods_a_message_with_reactions() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    for room in rooms(&mut anna).await {
        let version = shared::connection::Version::V1;
        let mut eve = hub.join(connection_id(), key(2), [127, 0, 0, 1].into(), version);
        say(&mut eve, &json!({"type": "hello"})).await;
        join(&mut eve, room).await;
        for number in 0..MAX_OWN_REACTIONS {
            reacts(&mut eve, &reaction(room, 1, number, true)).await;
        }
        is_refused(&mut eve, &reaction(room, 1, 100, true), MAX_OWN_REACTIONS).await;
    }
}

#[tokio::test]
async fn a_message_that_is_deleted_takes_its_reactions_with_it() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    for room in rooms(&mut anna).await {
        for number in 0..MAX_OWN_REACTIONS {
            reacts(&mut anna, &reaction(room, 1, number, true)).await;
        }
        let delete = json!({"type": "delete", "room": room, "id": id(9), "of": 1});
        say(&mut anna, &delete).await;
        hear(&mut anna, "ack").await;
        for (number, on) in [(0, true), (100, true), (0, false)] {
            let answer = react(&mut anna, &reaction(room, 1, number, on)).await;
            assert_eq!(answer["code"], "no_such_entry");
        }
        reacts(&mut anna, &reaction(room, 2, 0, true)).await;
    }
}
