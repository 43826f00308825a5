//! Requests that are refused, and what outlives the hub.

use super::*;

// A client with several requests under way must know which of them was refused.
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

// The attack: messages and rooms as fast as the connection allows, in JSON and in plain lines.
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
