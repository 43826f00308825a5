//! Rights and names: roles in rooms, operators, keys that have used v2, and look-alike names.

use shared::connection::Version;

use super::operators::{answer, operator, order};
use super::*;

// The attack: a v1 server that the person opens relays the login, and is the person: as operator,
// in rooms of two, in private rooms.
#[tokio::test]
async fn a_key_that_has_used_v2_is_nobody_over_v1() {
    let hub = hub().await;
    let over =
        |seed: u8, version| hub.join(connection_id(), key(seed), [127, 0, 0, 1].into(), version);
    // Before: v1 is what it was, without private rooms.
    let mut old = over(5, Version::V1);
    say(&mut old, &json!({"type": "hello", "name": "old"})).await;
    hear(&mut old, "welcome").await;
    join(&mut old, "lobby").await;
    for request in [
        json!({"type": "create", "room": "attic", "private": true}),
        json!({"type": "direct", "to": UserId(key(1)).to_string()}),
        json!({"type": "claim", "code": hub.operators().claim.make().unwrap()}),
    ] {
        say(&mut old, &request).await;
        assert_eq!(refused(&mut old).await.0, "forbidden", "{request}");
    }
    let mut anna = operator(hub, 1, "anna").await;
    join(&mut anna, "lobby").await;
    say(
        &mut anna,
        &send("lobby", 1, "so that the store has applied it"),
    )
    .await;
    hear(&mut anna, "ack").await;
    let mut relayed = over(1, Version::V1);
    assert_eq!(next(&mut relayed).await, Due::Ended(ErrorCode::V1Disabled));
}

// The attacks: a member takes the rights of a moderator, a moderator those of the owner, and a
// former owner those of the new one.
#[tokio::test]
async fn owners_and_moderators_have_their_rights_and_nobody_else_has() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    let mut bob = person(hub, 2, "bob").await;
    let mut eve = person(hub, 3, "eve").await;
    say(&mut ada, &json!({"type": "create", "room": "den"})).await;
    assert_eq!(hear(&mut ada, "joined").await["role"], "owner");
    join(&mut bob, "den").await;
    join(&mut eve, "den").await;
    let (of_ada, of_bob, of_eve) = (
        ada.user().to_string(),
        bob.user().to_string(),
        eve.user().to_string(),
    );
    for request in [
        json!({"type": "topic", "room": "den", "topic": "mine"}),
        json!({"type": "rename", "room": "den", "to": "mine"}),
        json!({"type": "remove", "room": "den", "id": of_ada}),
        json!({"type": "role", "room": "den", "id": of_eve, "role": "owner"}),
        json!({"type": "close", "room": "den"}),
    ] {
        say(&mut eve, &request).await;
        assert_eq!(
            refused(&mut eve).await,
            ("forbidden".into(), "den".into()),
            "{request}"
        );
    }
    say(
        &mut ada,
        &json!({"type": "role", "room": "den", "id": of_bob, "role": "moderator"}),
    )
    .await;
    hear(&mut ada, "done").await;
    say(
        &mut bob,
        &json!({"type": "topic", "room": "den", "topic": "ours"}),
    )
    .await;
    hear(&mut bob, "done").await;
    assert_eq!(hear(&mut eve, "room").await["room"]["topic"], "ours");
    say(&mut eve, &send("den", 1, "spam")).await;
    hear(&mut eve, "ack").await;
    say(
        &mut bob,
        &json!({"type": "delete", "room": "den", "id": id(2), "of": 1}),
    )
    .await;
    hear(&mut bob, "ack").await;
    say(
        &mut bob,
        &json!({"type": "remove", "room": "den", "id": of_ada}),
    )
    .await;
    assert_eq!(refused(&mut bob).await.0, "forbidden");
    say(
        &mut bob,
        &json!({"type": "remove", "room": "den", "id": of_eve}),
    )
    .await;
    hear(&mut bob, "done").await;
    assert_eq!(hear(&mut eve, "left").await["room"], "den");
    say(
        &mut ada,
        &json!({"type": "role", "room": "den", "id": of_bob, "role": "owner"}),
    )
    .await;
    hear(&mut ada, "done").await;
    say(
        &mut ada,
        &json!({"type": "rename", "room": "den", "to": "cave"}),
    )
    .await;
    assert_eq!(refused(&mut ada).await.0, "forbidden");
    say(
        &mut bob,
        &json!({"type": "rename", "room": "den", "to": "cave"}),
    )
    .await;
    assert_eq!(hear(&mut ada, "renamed").await["to"], "cave");
    // Who was removed may still have the public room in a list.
    assert_eq!(hear(&mut eve, "renamed").await["to"], "cave");
    say(&mut ada, &send("cave", 3, "still here")).await;
    hear(&mut ada, "ack").await;
    say(&mut bob, &json!({"type": "close", "room": "cave"})).await;
    for session in [&mut ada, &mut eve] {
        let left = hear(session, "left").await;
        assert_eq!(
            (&left["room"], &left["closed"]),
            (&json!("cave"), &json!(true))
        );
    }
}

// A stolen operator's key can be revoked. The last operator stays, because nobody could make
// another.
#[tokio::test]
async fn operators_can_be_revoked_but_the_last_one_stays() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    let mut bob = person(hub, 2, "bob").await;
    let of = |seed: u8| UserId(key(seed)).to_string();
    order(&mut anna, json!({"do": "revoke", "user": of(1)})).await;
    assert_eq!(refused(&mut anna).await.0, "forbidden");
    order(&mut anna, json!({"do": "appoint", "user": of(2)})).await;
    assert_eq!(
        answer(&mut anna).await["operators"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    order(&mut bob, json!({"do": "revoke", "user": of(1)})).await;
    hear(&mut bob, "operator").await;
    assert_eq!(hear(&mut anna, "operator").await["answer"], "revoked");
    order(&mut anna, json!({"do": "status"})).await;
    assert_eq!(refused(&mut anna).await.0, "forbidden");
    order(&mut bob, json!({"do": "release_name", "user": of(1)})).await;
    hear(&mut bob, "operator").await;
    let mut carl = person(hub, 3, "anna").await;
    say(&mut carl, &json!({"type": "ping"})).await;
    hear(&mut carl, "pong").await;
    // All rooms, also those that the operator is not in.
    say(
        &mut carl,
        &json!({"type": "create", "room": "secret", "private": true}),
    )
    .await;
    hear(&mut carl, "joined").await;
    waiting(&mut bob);
    order(&mut bob, json!({"do": "rooms"})).await;
    let rooms = hear(&mut bob, "operator").await;
    assert!(
        rooms["rooms"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["room"] == "secret")
    );
}

// The attack: a room with a Cyrillic letter in its name, which people take for the one they know.
#[tokio::test]
async fn a_room_cannot_be_called_what_looks_like_another_ones_name() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    say(&mut ada, &json!({"type": "create", "room": "general"})).await;
    hear(&mut ada, "joined").await;
    // All Cyrillic, and one letter in Cyrillic.
    for fake in ["lоbby", "generаl"] {
        say(&mut ada, &json!({"type": "create", "room": fake})).await;
        let code = refused(&mut ada).await.0;
        assert!(
            code == "room_exists" || code == "malformed",
            "{fake}: {code}"
        );
    }
    say(&mut ada, &json!({"type": "create", "room": "den"})).await;
    hear(&mut ada, "joined").await;
    say(
        &mut ada,
        &json!({"type": "rename", "room": "den", "to": "generаl"}),
    )
    .await;
    let code = refused(&mut ada).await.0;
    assert!(code == "room_exists" || code == "malformed", "{code}");
}
