//! The limits on the number of rooms.

use super::retention::create;
use super::*;

// The attack: `direct` with minted keys used up all 10,000 rooms in 0.6 s, for ever.
#[tokio::test]
async fn many_keys_do_not_use_up_the_rooms_of_two() {
    let hub = hub().await;
    let _victim = person(hub, 1, "victim").await;
    let victim = UserId(key(1)).to_string();
    let mut eve = person(hub, 2, "eve").await;
    // A hundred more than one key may open.
    for number in 0..600_u16 {
        let other = hub.join(
            connection_id(),
            Fingerprint::of_spki(&number.to_be_bytes()),
            [127, 0, 0, 1].into(),
            shared::connection::Version::V2,
        );
        let other_id = other.user().to_string();
        eve.handle(
            json!({"type": "direct", "to": other_id})
                .to_string()
                .as_bytes(),
        );
        eve.settle().await;
        drop(other);
    }
    let replies = waiting(&mut eve);
    let refused = replies
        .iter()
        .filter(|text| text.contains("limit_reached"))
        .count();
    assert_eq!(refused, 100, "500 rooms of two for one key");
    // Another key is not hindered by it.
    let mut bob = person(hub, 3, "bob").await;
    say(&mut bob, &json!({"type": "direct", "to": victim})).await;
    hear(&mut bob, "joined").await;
}

// The fault: a room of two that the other one has made at the same moment counted for both.
#[tokio::test]
async fn a_room_of_two_counts_for_whoever_has_made_it() {
    let hub = hub().await;
    let mut bob = person(hub, 2, "bob").await;
    let mut ada = person(hub, 1, "ada").await;
    let direct = |to: UserId| json!({"type": "direct", "to": to.to_string()});
    // Connected, because nobody opens a room with a key that was never here.
    let others: Vec<Session> = (0..500_u16)
        .map(|number| {
            let key = Fingerprint::of_spki(&number.to_be_bytes());
            let version = shared::connection::Version::V2;
            hub.join(connection_id(), key, [127, 0, 0, 1].into(), version)
        })
        .collect();
    let (bobs, adas) = (direct(ada.user()), direct(bob.user()));
    bob.handle(bobs.to_string().as_bytes());
    ada.handle(adas.to_string().as_bytes());
    tokio::join!(bob.settle(), ada.settle());
    hear(&mut bob, "joined").await;
    hear(&mut ada, "joined").await;
    let mut refused = Vec::new();
    for (number, other) in others.iter().enumerate() {
        say(&mut ada, &direct(other.user())).await;
        if waiting(&mut ada).concat().contains("limit_reached") {
            refused.push(number);
        }
    }
    assert_eq!(refused, [0; 0], "ada has made 500, as many as one may");
}

// Rooms that never ended could be used up by creating and leaving them.
#[tokio::test]
async fn an_empty_room_ends_and_its_name_is_free() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    say(&mut ada, &json!({"type": "create", "room": "brief"})).await;
    hear(&mut ada, "joined").await;
    say(&mut ada, &json!({"type": "leave", "room": "brief"})).await;
    hear(&mut ada, "left").await;
    let mut bob = person(hub, 2, "bob").await;
    // The deletion is queued before the creation, and so happens before it.
    say(
        &mut bob,
        &json!({"type": "create", "room": "brief", "private": true}),
    )
    .await;
    let joined = loop {
        let Due::Text(text) = next(&mut bob).await else {
            panic!()
        };
        if text.contains("room_exists") {
            say(
                &mut bob,
                &json!({"type": "create", "room": "brief", "private": true}),
            )
            .await;
        } else if text.starts_with(r#"{"type":"joined""#) {
            break text;
        }
    };
    assert!(joined.contains(r#""role":"owner""#), "{joined}");
}

// The loss: the room was deleted under whoever had joined it meanwhile, with what they had sent.
#[tokio::test]
async fn a_room_that_somebody_joins_while_the_last_member_leaves_goes_on() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    let mut bob = person(hub, 2, "bob").await;
    create(&mut ada, "brief", json!(null)).await;
    ada.handle(br#"{"type":"leave","room":"brief"}"#);
    bob.handle(br#"{"type":"join","room":"brief"}"#);
    // Both are stored before the hub applies the first.
    tokio::join!(ada.settle(), bob.settle());
    hear(&mut ada, "left").await;
    hear(&mut bob, "joined").await;
    say(&mut bob, &send("brief", 1, "still here")).await;
    hear(&mut bob, "ack").await;
    let rejoined = join(&mut ada, "brief").await;
    assert_eq!(rejoined["head"], 1, "{rejoined}");
}

// The cap holds, and a full server still lets people into the rooms that are there.
#[tokio::test]
async fn there_are_no_more_rooms_than_there_may_be() {
    let settings = Settings {
        max_rooms: 2,
        ..unlimited()
    };
    let hub = hub_of(settings).await;
    let mut anna = person(hub, 1, "anna").await;
    let bert = person(hub, 2, "bert").await;
    create(&mut anna, "den", json!(null)).await;
    let create = json!({"type": "create", "room": "attic"});
    say(&mut anna, &create).await;
    let refusal = refused(&mut anna).await;
    assert_eq!(refusal, ("limit_reached".into(), "attic".into()));
    // Rooms of two are counted apart: neither kind uses up the other.
    say(
        &mut anna,
        &json!({"type": "direct", "to": bert.user().to_string()}),
    )
    .await;
    hear(&mut anna, "joined").await;
    // One that is there can be joined as before.
    join(&mut anna, "den").await;
}

// The attack: 220 MB of messages in five seconds, and so on.
#[tokio::test]
async fn a_key_that_has_written_its_day_is_told_so_in_either_form() {
    let settings = Settings {
        bytes_per_day: 1 << 20,
        ..unlimited()
    };
    let hub = hub_of(settings).await;
    let mut eve = person(hub, 1, "eve").await;
    join(&mut eve, "lobby").await;
    let mut device = plain(hub, 1);
    let text = "x".repeat(16_000);
    let refusal = loop {
        let id = shared::chat::MessageId::from_random(crate::system::random_bytes().unwrap());
        let send = json!({"type": "send", "room": "lobby", "id": id.to_string(), "text": text});
        say(&mut eve, &send).await;
        if let Some(refusal) = waiting(&mut eve)
            .into_iter()
            .find(|text| text.contains(r#""error""#))
        {
            break refusal;
        }
    };
    assert!(
        refusal.contains("limit_reached") && refusal.contains("as much in a day"),
        "{refusal}"
    );
    waiting(&mut device);
    device.handle(text.as_bytes());
    device.settle().await;
    let told = waiting(&mut device).concat();
    assert!(
        told.contains("Not delivered: You have written as much"),
        "{told}"
    );
    let delete = json!({"type": "delete", "room": "lobby", "id": id(9), "of": 1});
    say(&mut eve, &delete).await;
    hear(&mut eve, "ack").await;
    // A room that keeps nothing fills no disk.
    say(
        &mut eve,
        &json!({"type": "create", "room": "den", "keep": "nothing"}),
    )
    .await;
    hear(&mut eve, "joined").await;
    say(&mut eve, &send("den", 10, &text)).await;
    hear(&mut eve, "ack").await;
}

// The attack: minted keys of one address that take every name and every room, within all rates.
#[tokio::test]
async fn the_keys_of_one_network_take_so_many_names_and_rooms_in_a_day_and_no_more() {
    let settings = Settings {
        claims_per_day: 5,
        ..unlimited()
    };
    let hub = hub_of(settings).await;
    let mut ada = person(hub, 1, "ada").await;
    create(&mut ada, "one", json!(null)).await;
    create(&mut ada, "two", json!(null)).await;
    // A name that is taken counts for nothing, however often a client asks for it.
    let mut bob = connect(hub, 2);
    for _ in 0..9 {
        say(&mut bob, &json!({"type": "hello", "name": "ada"})).await;
        assert_eq!(refused(&mut bob).await.0, "name_taken");
    }
    say(&mut bob, &json!({"type": "hello", "name": "bob"})).await;
    assert_eq!(hear(&mut bob, "welcome").await["you"]["name"], "bob");
    create(&mut bob, "three", json!(null)).await;
    say(&mut bob, &json!({"type": "create", "room": "four"})).await;
    assert_eq!(
        refused(&mut bob).await,
        ("limit_reached".into(), "four".into())
    );
    // Everybody is welcome all the same, and who has a name may take another.
    let mut eve = connect(hub, 3);
    say(&mut eve, &json!({"type": "hello", "name": "eve"})).await;
    assert!(
        hear(&mut eve, "welcome").await["you"]["name"]
            .as_str()
            .unwrap()
            .starts_with("guest-")
    );
    assert_eq!(refused(&mut eve).await.0, "limit_reached");
    join(&mut eve, "one").await;
    say(&mut ada, &json!({"type": "hello", "name": "lovelace"})).await;
    assert_eq!(hear(&mut ada, "welcome").await["you"]["name"], "lovelace");
    // Another network is not concerned.
    let version = shared::connection::Version::V2;
    let mut far = hub.join(connection_id(), key(4), [192, 0, 2, 1].into(), version);
    say(&mut far, &json!({"type": "hello", "name": "far"})).await;
    assert_eq!(hear(&mut far, "welcome").await["you"]["name"], "far");
    create(&mut far, "four", json!(null)).await;
}
