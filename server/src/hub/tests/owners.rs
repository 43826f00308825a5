//! Rooms count for their owners, whatever becomes of either.

use super::retention::create;
use super::*;

// The attack: a room with a line that its owner leaves stays, and counted for nobody.
#[tokio::test]
async fn rooms_that_their_owner_has_left_count_as_the_owners() {
    let hub = hub().await;
    let mut eve = person(hub, 1, "eve").await;
    for number in 0..100_u8 {
        let room = format!("left-{number}");
        create(&mut eve, &room, json!(null)).await;
        say(&mut eve, &send(&room, number, "mine")).await;
        hear(&mut eve, "ack").await;
        say(&mut eve, &json!({"type": "leave", "room": room})).await;
        hear(&mut eve, "left").await;
    }
    say(&mut eve, &json!({"type": "create", "room": "one-more"})).await;
    let refusal = refused(&mut eve).await;
    assert_eq!(refusal, ("limit_reached".into(), "one-more".into()));
    // And so she can come back to close one.
    let joined = join(&mut eve, "left-7").await;
    assert_eq!(joined["role"], "owner", "{joined}");
    say(&mut eve, &json!({"type": "close", "room": "left-7"})).await;
    hear(&mut eve, "done").await;
    create(&mut eve, "one-more", json!(null)).await;
}

// The attack: pairs of requests that are judged before the first of them is applied. Each left a room
// that counted for nobody.
#[tokio::test]
async fn no_order_of_requests_makes_a_room_that_counts_for_nobody() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    let mut bob = person(hub, 2, "bob").await;
    let id = bob.user().to_string();
    let role =
        |room: &str, role: &str| json!({"type": "role", "room": room, "id": id, "role": role});
    let remove = |room: &str| json!({"type": "remove", "room": room, "id": id});
    let orders = [
        ["remove", "owner"],
        ["owner", "moderator"],
        ["owner", "remove"],
    ];
    for (number, order) in orders.iter().enumerate() {
        let room = format!("room-{number}");
        create(&mut ada, &room, json!(null)).await;
        join(&mut bob, &room).await;
        for word in order {
            let request = match *word {
                "remove" => remove(&room),
                other => role(&room, other),
            };
            ada.handle(request.to_string().as_bytes());
        }
        ada.settle().await;
        let owner = hub
            .room(&RoomId::parse(&room).unwrap())
            .unwrap()
            .lock()
            .owner();
        assert!(owner.is_some(), "{room}");
        let owner = owner.unwrap();
        let loaded = hub.store.load().await.unwrap();
        let record = loaded
            .rooms
            .into_iter()
            .find(|record| record.room.to_string() == room);
        assert!(
            record
                .unwrap()
                .roles
                .contains(&(owner, shared::chat::Role::Owner)),
            "{room}: store and memory name the same owner"
        );
    }
    waiting(&mut ada);
    waiting(&mut bob);
}

// The attack: two keys that pass rooms to each other, so that neither ever has too many.
#[tokio::test]
async fn nobody_is_made_the_owner_of_more_rooms_than_one_may_own() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    let mut bob = person(hub, 2, "bob").await;
    let id = bob.user().to_string();
    for number in 0..100 {
        create(&mut bob, &format!("bobs-{number}"), json!(null)).await;
    }
    create(&mut ada, "gift", json!(null)).await;
    join(&mut bob, "gift").await;
    let give = json!({"type": "role", "room": "gift", "id": id, "role": "owner"});
    say(&mut ada, &give).await;
    let refusal = refused(&mut ada).await;
    assert_eq!(refusal, ("limit_reached".into(), "gift".into()));
    // A room less, and a room more.
    say(&mut bob, &json!({"type": "close", "room": "bobs-7"})).await;
    hear(&mut bob, "done").await;
    say(&mut ada, &give).await;
    hear(&mut ada, "done").await;
    say(&mut bob, &json!({"type": "create", "room": "one-more"})).await;
    let refusal = refused(&mut bob).await;
    assert_eq!(refusal.0, "limit_reached");
}
