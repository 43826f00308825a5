//! Searches find messages in rooms that the person is in, and in no other.

use super::*;

async fn search(session: &mut Session, mut request: Value) -> Value {
    request["type"] = "search".into();
    say(session, &request).await;
    hear(session, "found").await
}

fn texts(found: &Value) -> Vec<&str> {
    let entries = found["entries"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry["text"].as_str().unwrap())
        .collect()
}

// The attacks: a search in a private room by its name, by a cursor into it, and after leaving it.
#[tokio::test]
async fn a_search_finds_nothing_in_rooms_that_somebody_is_not_in() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    let mut eve = person(hub, 2, "eve").await;
    say(
        &mut anna,
        &json!({"type": "create", "room": "secret", "private": true}),
    )
    .await;
    hear(&mut anna, "joined").await;
    say(&mut anna, &send("secret", 1, "the treasure")).await;
    hear(&mut anna, "ack").await;
    join(&mut eve, "lobby").await;
    let found = search(&mut eve, json!({"query": "treasure"})).await;
    assert_eq!((texts(&found), &found["more"]), (vec![], &json!(false)));
    say(
        &mut eve,
        &json!({"type": "search", "query": "treasure", "room": "secret"}),
    )
    .await;
    assert_eq!(
        refused(&mut eve).await,
        ("no_such_room".into(), "search".into())
    );
    let before = json!({"room": "secret", "seq": 1});
    let found = search(&mut eve, json!({"query": "treasure", "before": before})).await;
    assert_eq!(texts(&found), Vec::<&str>::new());
    let found = search(&mut anna, json!({"query": "treasure"})).await;
    assert_eq!(texts(&found), ["the treasure"]);
    assert_eq!(found["entries"][0]["room"], "secret");
    // Whoever has left finds nothing any more.
    say(&mut anna, &json!({"type": "leave", "room": "secret"})).await;
    hear(&mut anna, "left").await;
    let found = search(&mut anna, json!({"query": "treasure"})).await;
    assert_eq!(texts(&found), Vec::<&str>::new());
}

// The attack: the syntax of the full-text index instead of words.
#[tokio::test]
async fn a_search_without_words_is_malformed_and_a_limit_is_kept() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    join(&mut anna, "lobby").await;
    for number in 0..3 {
        say(&mut anna, &send("lobby", number, &format!("word {number}"))).await;
        hear(&mut anna, "ack").await;
    }
    say(&mut anna, &json!({"type": "search", "query": "\"*"})).await;
    assert_eq!(refused(&mut anna).await.0, "malformed");
    let found = search(
        &mut anna,
        json!({"query": "wo", "limit": 2, "room": "lobby"}),
    )
    .await;
    assert_eq!(
        (texts(&found), &found["more"]),
        (vec!["word 2", "word 1"], &json!(true))
    );
    let before = json!({"room": "lobby", "seq": found["entries"][1]["seq"]});
    let found = search(
        &mut anna,
        json!({"query": "wo", "limit": 2, "before": before}),
    )
    .await;
    assert_eq!(
        (texts(&found), &found["more"]),
        (vec!["word 0"], &json!(false))
    );
}
