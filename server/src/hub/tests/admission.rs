//! Admission of keys: modes, applicants, invitations, and new keys that may not write yet.

use std::time::Duration;

use shared::chat::{AdmissionMode, UserId};

use super::operators::{answer, operator, order};
use super::*;

fn user(seed: u8) -> String {
    UserId(key(seed)).to_string()
}

async fn set_mode(anna: &mut Session, mode: &str) {
    order(anna, json!({"do": "admission", "mode": mode})).await;
    loop {
        let answer = answer(anna).await;
        if answer["answer"] == "status" {
            assert_eq!(answer["admission"], mode);
            return;
        }
    }
}

/// Says hello with a key that the server does not admit.
async fn applicant(hub: &'static Hub, seed: u8, name: &str) -> Session {
    let mut session = connect(hub, seed);
    say(&mut session, &json!({"type": "hello", "name": name})).await;
    hear(&mut session, "waiting").await;
    session
}

// The attack: a banned person comes back with a new key, which took 0.14 s.
#[tokio::test]
async fn a_banned_person_with_a_new_key_waits_for_an_operator() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    let _eve = person(hub, 2, "eve").await;
    set_mode(&mut anna, "approval").await;
    order(&mut anna, json!({"do": "ban", "user": user(2)})).await;
    assert_eq!(answer(&mut anna).await["answer"], "bans");

    let mut again = applicant(hub, 3, "eve2").await;
    for request in [
        json!({"type": "join", "room": "lobby"}),
        json!({"type": "create", "room": "den"}),
        json!({"type": "rooms"}),
        json!({"type": "direct", "to": user(1)}),
        json!({"type": "search", "query": "x"}),
        send("lobby", 1, "hi"),
    ] {
        say(&mut again, &request).await;
        assert_eq!(refused(&mut again).await.0, "not_admitted", "{request}");
    }
    // Nobody lets somebody in by talking to them.
    let mut bob = person_known(hub, &mut anna, 4, "bob").await;
    say(&mut bob, &json!({"type": "direct", "to": user(3)})).await;
    assert_eq!(refused(&mut bob).await.0, "no_such_room");

    order(&mut anna, json!({"do": "applicants"})).await;
    let listed = answer(&mut anna).await;
    assert_eq!(listed["applicants"][0]["id"], user(3));
    assert_eq!(listed["applicants"][0]["name"], "eve2");
    assert_eq!(listed["applicants"][0]["address"], "127.0.0.1");
    order(&mut anna, json!({"do": "admit", "user": user(3)})).await;
    assert_eq!(answer(&mut anna).await["answer"], "done");
    hear(&mut again, "admitted").await;
    say(&mut again, &json!({"type": "hello", "name": "eve2"})).await;
    hear(&mut again, "welcome").await;
    join(&mut again, "lobby").await;
    order(&mut anna, json!({"do": "applicants"})).await;
    assert_eq!(answer(&mut anna).await["applicants"], json!([]));
}

/// Connects a person whom an operator admits first.
async fn person_known(hub: &'static Hub, anna: &mut Session, seed: u8, name: &str) -> Session {
    order(anna, json!({"do": "admit", "user": user(seed)})).await;
    assert_eq!(answer(anna).await["answer"], "done");
    person(hub, seed, name).await
}

// The attacks: a guessed code, and a link that is passed on to more people than it is for.
#[tokio::test]
async fn an_invitation_admits_as_many_keys_as_it_says_and_no_guess_admits_any() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    set_mode(&mut anna, "invitation").await;
    order(&mut anna, json!({"do": "invite", "uses": 2, "days": 1})).await;
    let made = answer(&mut anna).await;
    let redeem = json!({"type": "redeem", "code": made["code"]});
    let mut eve = applicant(hub, 2, "eve").await;
    say(&mut eve, &json!({"type": "redeem", "code": "guess"})).await;
    assert_eq!(
        refused(&mut eve).await,
        ("not_admitted".into(), "redeem".into())
    );
    for seed in [3, 4] {
        let mut guest = applicant(hub, seed, "guest").await;
        say(&mut guest, &redeem).await;
        hear(&mut guest, "admitted").await;
        // Once is enough: the key is admitted for good.
        say(&mut guest, &redeem).await;
        hear(&mut guest, "admitted").await;
        drop(guest);
        let mut back = connect(hub, seed);
        say(&mut back, &json!({"type": "hello"})).await;
        hear(&mut back, "welcome").await;
    }
    say(&mut eve, &redeem).await;
    assert_eq!(refused(&mut eve).await.0, "not_admitted");
    order(&mut anna, json!({"do": "invitations"})).await;
    assert_eq!(answer(&mut anna).await["invitations"], json!([]));
}

// The attacks: a link that leaked and was ended, and invitations until the memory is full.
#[tokio::test]
async fn an_invitation_that_was_ended_admits_nobody_and_their_number_is_bounded() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    set_mode(&mut anna, "invitation").await;
    for wrong in [
        json!({"do": "invite", "uses": 0}),
        json!({"do": "invite", "uses": 1, "days": 366}),
    ] {
        order(&mut anna, wrong).await;
        assert_eq!(refused(&mut anna).await.0, "malformed");
    }
    let mut codes = Vec::new();
    for _ in 0..shared::chat::limits::MAX_INVITATIONS {
        order(&mut anna, json!({"do": "invite"})).await;
        let made = answer(&mut anna).await;
        codes.push((made["code"].clone(), made["invitation"]["number"].clone()));
    }
    order(&mut anna, json!({"do": "invite"})).await;
    assert_eq!(refused(&mut anna).await.0, "limit_reached");
    let (code, number) = codes.swap_remove(7);
    order(&mut anna, json!({"do": "uninvite", "number": number})).await;
    assert_eq!(answer(&mut anna).await["answer"], "invitations");
    let mut eve = applicant(hub, 2, "eve").await;
    say(&mut eve, &json!({"type": "redeem", "code": code})).await;
    assert_eq!(refused(&mut eve).await.0, "not_admitted");
    order(&mut anna, json!({"do": "uninvite", "number": number})).await;
    assert_eq!(refused(&mut anna).await.0, "no_such_entry");
}

// The attack: a stranger who only listens to the lobby's plain text when the mode changes, and
// stays.
#[tokio::test]
async fn known_people_stay_when_the_mode_changes_and_listeners_nobody_knows_are_ended() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    let mut member = connect(hub, 2);
    say(&mut member, &json!({"type": "hello"})).await;
    join(&mut member, "lobby").await;
    let mut listener = plain(hub, 3);
    set_mode(&mut anna, "invitation").await;
    loop {
        match next(&mut listener).await {
            Due::Ended(code) => {
                assert_eq!(code, ErrorCode::Kicked);
                break;
            }
            Due::Text(_) => {}
            other => panic!("{other:?}"),
        }
    }
    say(&mut member, &send("lobby", 1, "still here")).await;
    hear(&mut member, "ack").await;

    let mut stranger = connect(hub, 3);
    stranger.handle(b"hi");
    let told = hear_line(&mut stranger).await;
    assert!(told.contains("invitation or approval"), "{told}");
    say(&mut member, &send("lobby", 2, "secret")).await;
    hear(&mut member, "ack").await;
    stranger.handle(b"/who");
    let told = hear_line(&mut stranger).await;
    assert!(told.contains("invitation or approval"), "{told}");
    // Whoever waits is let in when the doors open.
    let mut waiting = applicant(hub, 4, "dora").await;
    set_mode(&mut anna, "open").await;
    hear(&mut waiting, "admitted").await;
    stranger.handle(b"hi");
    let told = hear_line(&mut stranger).await;
    assert!(told.contains("Welcome"), "{told}");
}

// A server by invitation has nobody who could invite its first operator.
#[tokio::test]
async fn the_code_of_a_claim_link_lets_the_first_operator_in() {
    let hub = hub_of(Settings {
        admission: Some(AdmissionMode::Invitation),
        ..unlimited()
    })
    .await;
    let mut anna = applicant(hub, 1, "anna").await;
    let code = hub.operators().claim.make().unwrap();
    say(&mut anna, &json!({"type": "claim", "code": code})).await;
    hear(&mut anna, "admitted").await;
    assert_eq!(answer(&mut anna).await["answer"], "granted");
    say(&mut anna, &json!({"type": "hello", "name": "anna"})).await;
    assert_eq!(hear(&mut anna, "welcome").await["operator"], true);
}

// A restart must not open the doors that an operator has closed.
#[tokio::test]
async fn the_mode_that_an_operator_has_set_outlives_the_server() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let first = Hub::open(Arc::clone(&store), unlimited()).await.unwrap();
    let first: &'static Hub = Box::leak(Box::new(first));
    tokio::spawn(first.run());
    let mut anna = operator(first, 1, "anna").await;
    set_mode(&mut anna, "approval").await;
    let second = Hub::open(Arc::clone(&store), unlimited()).await.unwrap();
    let second: &'static Hub = Box::leak(Box::new(second));
    tokio::spawn(second.run());
    applicant(second, 2, "eve").await;
    person(second, 1, "anna").await;
    // A flag wins.
    let open = Settings {
        admission: Some(AdmissionMode::Open),
        ..unlimited()
    };
    let third = Hub::open(store, open).await.unwrap();
    let third: &'static Hub = Box::leak(Box::new(third));
    tokio::spawn(third.run());
    person(third, 2, "eve").await;
}

// The attack: a spammer who makes a new key for each message.
#[tokio::test(start_paused = true)]
async fn a_new_key_reads_at_once_and_writes_after_a_while() {
    let hub = hub_of(Settings {
        new_keys_wait: Duration::from_mins(10),
        ..unlimited()
    })
    .await;
    let mut anna = operator(hub, 1, "anna").await;
    let mut eve = person(hub, 2, "eve").await;
    join(&mut eve, "lobby").await;
    for request in [
        send("lobby", 1, "spam"),
        json!({"type": "create", "room": "den"}),
        json!({"type": "direct", "to": user(1)}),
    ] {
        say(&mut eve, &request).await;
        let told = hear_refusal(&mut eve).await;
        assert_eq!(told["code"], "rate_limited", "{request}");
        let wait = told["retry_after"].as_u64().unwrap();
        assert!((590_000..=600_001).contains(&wait), "{wait}");
    }
    let mut listener = plain(hub, 3);
    listener.handle(b"spam");
    while !hear_line(&mut listener).await.contains("Not delivered") {}
    // Another connection of the same key does not begin anew, nor does it help.
    let mut other = connect(hub, 2);
    say(&mut other, &json!({"type": "hello"})).await;
    join(&mut other, "lobby").await;
    say(&mut other, &send("lobby", 2, "spam")).await;
    assert_eq!(refused(&mut other).await.0, "rate_limited");
    // An operator does not wait, and lets others write earlier.
    join(&mut anna, "lobby").await;
    say(&mut anna, &send("lobby", 3, "hello")).await;
    hear(&mut anna, "ack").await;
    // The clock of the test is paused: nobody waits ten minutes.
    tokio::time::advance(Duration::from_mins(10)).await;
    say(&mut eve, &send("lobby", 4, "hello")).await;
    hear(&mut eve, "ack").await;
}

// The attack: a new key writes with its names, and with being seen to type under them.
#[tokio::test(start_paused = true)]
async fn a_new_key_does_not_write_with_names() {
    let hub = hub_of(Settings {
        new_keys_wait: Duration::from_mins(10),
        ..unlimited()
    })
    .await;
    let mut anna = operator(hub, 1, "anna").await;
    join(&mut anna, "lobby").await;
    let mut eve = connect(hub, 2);
    say(&mut eve, &json!({"type": "hello"})).await;
    join(&mut eve, "lobby").await;
    // The first is taken, and told to nobody.
    say(&mut eve, &json!({"type": "hello", "name": "buy-pills"})).await;
    assert_eq!(hear(&mut eve, "welcome").await["you"]["name"], "buy-pills");
    say(&mut eve, &json!({"type": "typing", "room": "lobby"})).await;
    say(&mut eve, &json!({"type": "hello", "name": "buy-more"})).await;
    assert_eq!(refused(&mut eve).await.0, "rate_limited");
    assert!(!waiting(&mut anna).concat().contains("pills"));
    tokio::time::advance(Duration::from_mins(10)).await;
    say(&mut eve, &json!({"type": "hello", "name": "eve"})).await;
    assert!(waiting(&mut anna).concat().contains("renamed"));
}

// The attack: an applicant who is called as the operator, or as another applicant, is.
#[tokio::test]
async fn nobody_waits_under_the_name_of_somebody_else() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    set_mode(&mut anna, "approval").await;
    let mut waiting = Vec::new();
    for (seed, name) in [
        (2, "carol"),
        (3, "Carol"),
        (4, "anna"),
        (5, "ANNA"),
        (6, "dave"),
    ] {
        waiting.push(applicant(hub, seed, name).await);
    }
    order(&mut anna, json!({"do": "applicants"})).await;
    let told = answer(&mut anna).await;
    let names: std::collections::BTreeMap<String, Value> = told["applicants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["id"].as_str().unwrap().to_owned(), it["name"].clone()))
        .collect();
    let name = |seed: u8| &names[&user(seed)];
    assert_eq!((name(2), name(6)), (&json!("carol"), &json!("dave")));
    for seed in 3..=5 {
        assert_eq!(name(seed), &Value::Null, "{seed}");
    }
}
