//! Rooms as their members see them.

use super::*;

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

// A client that lost its connection before the ack sends the message again.
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

// The race: entries are broadcast while the pages before them are still being read.
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

// The attacks: somebody else's edit and deletion, a reaction of two emoji, and a deleted text that
// an edit or a page brings back.
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
    // A late report is no step back, the person's wish is.
    let read = |back: bool| json!({"type": "read", "room": "lobby", "seq": 0, "back": back});
    say(&mut phone, &read(false)).await;
    say(&mut phone, &read(true)).await;
    let heard = hear(&mut desk, "read").await;
    assert_eq!((&heard["seq"], &heard["back"]), (&json!(0), &json!(true)));
    say(
        &mut desk,
        &json!({"type": "join", "room": "lobby", "after": 1}),
    )
    .await;
    assert_eq!(hear(&mut desk, "joined").await["read"], 0);
}

// A device too many, or a broken connection, is no news to others.
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
    // Her own presence may come in between.
    let mut gone = hear(&mut anna, "member").await;
    while presence(&gone).is_none() {
        gone = hear(&mut anna, "member").await;
    }
    assert_eq!(presence(&gone), Some(false));
    assert_eq!(gone["change"], "presence");
    assert!(waiting(&mut anna).is_empty());
    // Whoever leaves from here on is not announced.
    hub.close();
}

// The name of a private room is announced to nobody.
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
