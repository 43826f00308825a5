//! Private rooms and rooms of two.

use super::*;

// The attack: requests of every kind for a room that somebody is not to know of.
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

// The attacks: a third person joins by the room's id; a room of two with oneself, or with a key
// that nobody has.
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
    // A key that has never connected.
    let nobody = UserId(key(99)).to_string();
    say(&mut eve, &json!({"type": "direct", "to": nobody})).await;
    assert_eq!(refused(&mut eve).await.0, "no_such_room");
}

// The loss: a room of two of an old database, which forgot the one who had left.
#[tokio::test]
async fn a_room_of_two_that_forgot_one_is_dead_for_nobody() {
    for asks_first in [1, 2] {
        let store = Arc::new(MemoryStore::default());
        let direct = shared::chat::DirectId::of(UserId(key(1)), UserId(key(2))).unwrap();
        let room = shared::chat::RoomId::Direct(direct);
        let created = crate::store::Change::RoomCreated {
            room: room.clone(),
            topic: shared::chat::Topic::default(),
            private: true,
            keep: shared::chat::Keep::Forever,
            owner: None,
        };
        store.change(created).await.unwrap();
        let joined = crate::store::Change::Joined {
            room: room.clone(),
            user: UserId(key(2)),
            by: None,
        };
        store.change(joined).await.unwrap();
        let hub = Hub::open(store, unlimited()).await.unwrap();
        let hub: &'static Hub = Box::leak(Box::new(hub));
        tokio::spawn(hub.run());
        let ada = person(hub, 1, "ada").await;
        let bob = person(hub, 2, "bob").await;
        let (mut first, mut second) = if asks_first == 1 {
            (ada, bob)
        } else {
            (bob, ada)
        };
        let to = second.user().to_string();
        say(&mut first, &json!({"type": "direct", "to": to})).await;
        hear(&mut first, "joined").await;
        join(&mut second, &room.to_string()).await;
        say(&mut first, &send(&room.to_string(), 1, "there you are")).await;
        assert_eq!(hear(&mut second, "message").await["text"], "there you are");
    }
}

/// Connects somebody over v1 who speaks JSON.
async fn over_v1(hub: &'static Hub, seed: u8) -> Session {
    let version = shared::connection::Version::V1;
    let mut session = hub.join(connection_id(), key(seed), [127, 0, 0, 1].into(), version);
    say(&mut session, &json!({"type": "hello"})).await;
    hear(&mut session, "welcome").await;
    session
}

// The attack: a relay of somebody's v1 login reads which private rooms there are, and who writes to
// whom.
#[tokio::test]
async fn nothing_of_private_rooms_is_told_over_v1() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    let mut old = over_v1(hub, 2).await;
    let create = json!({"type": "create", "room": "attic", "topic": "merger", "private": true});
    say(&mut anna, &create).await;
    let guest = old.user().to_string();
    say(
        &mut anna,
        &json!({"type": "invite", "room": "attic", "id": guest}),
    )
    .await;
    say(&mut anna, &json!({"type": "direct", "to": guest})).await;
    say(&mut anna, &json!({"type": "create", "room": "public"})).await;
    say(&mut old, &json!({"type": "rooms"})).await;
    let heard = waiting(&mut old).concat();
    assert!(heard.contains("public"), "{heard}");
    for secret in ["attic", "merger", "invited", "dm:", "direct"] {
        assert!(!heard.contains(secret), "{secret}: {heard}");
    }
    let mut again = over_v1(hub, 2).await;
    let heard = waiting(&mut again).concat();
    assert!(
        !heard.contains("attic") && !heard.contains("anna"),
        "{heard}"
    );
}

// The attack: requests about a person in a room that one may not know of say whether both are there.
#[tokio::test]
async fn a_stranger_cannot_ask_who_is_in_a_private_room() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    let mut ben = person(hub, 2, "ben").await;
    let mut eve = person(hub, 3, "eve").await;
    say(
        &mut anna,
        &json!({"type": "create", "room": "attic", "private": true}),
    )
    .await;
    let guest = ben.user().to_string();
    say(
        &mut anna,
        &json!({"type": "invite", "room": "attic", "id": guest}),
    )
    .await;
    join(&mut ben, "attic").await;
    for room in ["attic", "nowhere"] {
        for seed in 1..=3 {
            let id = UserId(key(seed)).to_string();
            for request in [
                json!({"type": "role", "room": room, "id": id, "role": "member"}),
                json!({"type": "remove", "room": room, "id": id}),
                json!({"type": "invite", "room": room, "id": id}),
            ] {
                say(&mut eve, &request).await;
                let refusal = hear_refusal(&mut eve).await;
                assert_eq!(refusal["code"], "no_such_room", "{request}");
            }
        }
    }
}

// The race: an invitation that was taken back still admitted, and the moderator was told `done`.
#[tokio::test]
async fn whoever_was_removed_is_not_in_the_room_though_they_joined_at_the_same_moment() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    let mut ben = person(hub, 2, "ben").await;
    say(
        &mut anna,
        &json!({"type": "create", "room": "attic", "private": true}),
    )
    .await;
    let id = ben.user().to_string();
    let remove = json!({"type": "remove", "room": "attic", "id": id}).to_string();
    let enter = json!({"type": "join", "room": "attic"}).to_string();
    for first_removes in [true, false] {
        say(
            &mut anna,
            &json!({"type": "invite", "room": "attic", "id": id}),
        )
        .await;
        if first_removes {
            anna.handle(remove.as_bytes());
            ben.handle(enter.as_bytes());
        } else {
            ben.handle(enter.as_bytes());
            anna.handle(remove.as_bytes());
        }
        tokio::join!(anna.settle(), ben.settle());
        let room = hub
            .rooms
            .get(&RoomId::from(RoomName::parse("attic").unwrap()));
        let room = room.unwrap();
        assert!(!room.lock().has(ben.user()), "{first_removes}");
        assert!(
            !room.lock().invited.contains(&ben.user()),
            "{first_removes}"
        );
    }
}

// The attack: one invitation after the other fills somebody's screen.
#[tokio::test]
async fn an_invitation_is_told_once_and_taken_back_aloud() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    let mut ben = person(hub, 2, "ben").await;
    say(&mut anna, &json!({"type": "create", "room": "pills"})).await;
    let id = ben.user().to_string();
    waiting(&mut ben);
    for _ in 0..15 {
        say(
            &mut anna,
            &json!({"type": "invite", "room": "pills", "id": id}),
        )
        .await;
    }
    say(
        &mut anna,
        &json!({"type": "remove", "room": "pills", "id": id}),
    )
    .await;
    let heard = waiting(&mut ben);
    let told = |kind: &str| heard.iter().filter(|it| it.contains(kind)).count();
    assert_eq!((told("\"invited\""), told("\"left\"")), (1, 1), "{heard:?}");
}
