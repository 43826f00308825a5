//! Requests of operators, and the same requests of other people.

use std::net::IpAddr;

use super::*;

/// Connects a person who has shown the code of the claim link.
pub(super) async fn operator(hub: &'static Hub, seed: u8, name: &str) -> Session {
    let mut session = person(hub, seed, name).await;
    let code = hub.operators().claim.make().unwrap();
    say(&mut session, &json!({"type": "claim", "code": code})).await;
    assert_eq!(answer(&mut session).await["answer"], "granted");
    session
}

pub(super) async fn answer(session: &mut Session) -> Value {
    hear(session, "operator").await
}

pub(super) async fn order(session: &mut Session, mut request: Value) {
    request["type"] = "operator".into();
    say(session, &request).await;
}

/// Returns the code with which the session ends, after everything else that it is sent.
async fn ended(session: &mut Session) -> ErrorCode {
    loop {
        if let Due::Ended(code) = next(session).await {
            return code;
        }
    }
}

/// Creates a hub whose operators can follow what this thread logs, while the guard lives.
async fn hub_with_log() -> (&'static Hub, tracing::subscriber::DefaultGuard) {
    use tracing_subscriber::layer::SubscriberExt;

    let log = crate::operators::Log::default();
    let hub = hub_of(Settings {
        log: Some(log.clone()),
        ..unlimited()
    });
    let logging = tracing::subscriber::set_default(tracing_subscriber::registry().with(log));
    (hub.await, logging)
}

fn user(seed: u8) -> String {
    UserId(key(seed)).to_string()
}

fn from(hub: &'static Hub, seed: u8, address: &str) -> Session {
    hub.join(
        connection_id(),
        key(seed),
        address.parse::<IpAddr>().unwrap(),
        shared::connection::Version::V2,
    )
}

// The attack: each of the operators' requests from a key that is no operator's.
#[tokio::test]
async fn operator_commands_of_somebody_else_change_nothing() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    let mut eve = person(hub, 2, "eve").await;
    say(&mut anna, &json!({"type": "create", "room": "rust"})).await;
    hear(&mut anna, "joined").await;
    for request in [
        json!({"do": "status"}),
        json!({"do": "stop_listeners"}),
        json!({"do": "start_listeners"}),
        json!({"do": "connections"}),
        json!({"do": "log", "follow": true}),
        json!({"do": "kick", "user": user(1)}),
        json!({"do": "ban", "user": user(1)}),
        json!({"do": "ban", "address": "192.0.2.1"}),
        json!({"do": "unban", "user": user(1)}),
        json!({"do": "bans"}),
        json!({"do": "delete_room", "room": "rust"}),
        json!({"do": "keep", "room": "rust", "keep": "nothing"}),
    ] {
        order(&mut eve, request).await;
        assert_eq!(
            refused(&mut eve).await,
            ("forbidden".into(), "operator".into())
        );
    }
    assert!(hub.operators().is_open());
    assert!(hub.operators().bans.after(None).is_empty());
    say(&mut anna, &json!({"type": "join", "room": "rust"})).await;
    hear(&mut anna, "joined").await;
}

// An operator who stops the listeners must still get in to start them.
#[tokio::test]
async fn stopped_listeners_let_only_operators_in_until_they_are_started() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    let mut ben = person(hub, 2, "ben").await;
    let mut seed = plain(hub, 3);
    order(&mut anna, json!({"do": "stop_listeners"})).await;
    assert_eq!(answer(&mut anna).await["listening"], false);
    assert_eq!(ended(&mut ben).await, ErrorCode::ServerStopping);
    assert_eq!(ended(&mut seed).await, ErrorCode::ServerStopping);
    drop((ben, seed));

    let mut ben = plain(hub, 2);
    ben.handle(b"/name mallory");
    assert_eq!(next(&mut ben).await, Due::Ended(ErrorCode::ServerStopping));
    let mut device = connect(hub, 1);
    say(&mut device, &json!({"type": "hello"})).await;
    assert_eq!(hear(&mut device, "welcome").await["operator"], true);

    order(&mut anna, json!({"do": "start_listeners"})).await;
    assert_eq!(answer(&mut anna).await["listening"], true);
    person(hub, 2, "ben").await;
}

// The attack: a banned key comes back from another address.
#[tokio::test]
async fn a_banned_key_is_ended_and_does_not_come_back() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    let mut eve = person(hub, 2, "eve").await;
    order(
        &mut anna,
        json!({"do": "ban", "user": user(2), "reason": "noise"}),
    )
    .await;
    let told = answer(&mut anna).await;
    assert_eq!(told["bans"][0]["user"], user(2));
    assert_eq!(told["bans"][0]["reason"], "noise");
    assert_eq!(told["bans"][0]["by"], user(1));
    assert_eq!(ended(&mut eve).await, ErrorCode::Kicked);
    drop(eve);
    let mut eve = from(hub, 2, "192.0.2.9");
    assert_eq!(next(&mut eve).await, Due::Ended(ErrorCode::Kicked));
    // Nobody is told of who was not let in.
    assert!(!hub.directory().is_online(UserId(key(2))));

    order(&mut anna, json!({"do": "unban", "user": user(2)})).await;
    assert_eq!(answer(&mut anna).await["bans"], json!([]));
    person(hub, 2, "eve").await;
}

// The attack: another key, or another address of the same IPv6 network, which has 2^64 of them.
#[tokio::test]
async fn a_banned_address_is_refused_whatever_the_key_and_wherever_in_its_network() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    order(&mut anna, json!({"do": "ban", "address": "2001:db8::1"})).await;
    assert_eq!(answer(&mut anna).await["bans"][0]["address"], "2001:db8::");
    for seed in 2..4 {
        let mut eve = from(hub, seed, "2001:db8::77");
        assert_eq!(next(&mut eve).await, Due::Ended(ErrorCode::Kicked));
    }
    let neighbour = "2001:db8:0:1::1".parse().unwrap();
    assert!(!hub.operators().is_banned_address(neighbour));
    order(&mut anna, json!({"do": "unban", "address": "2001:db8::5"})).await;
    assert_eq!(answer(&mut anna).await["bans"], json!([]));
}

// A mistake must not ban an operator, or delete the room in which everybody starts.
#[tokio::test]
async fn operators_cannot_shut_operators_out() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    for who in [json!({"user": user(1)}), json!({"address": "127.0.0.1"})] {
        let mut request = who;
        request["do"] = "ban".into();
        order(&mut anna, request).await;
        assert_eq!(refused(&mut anna).await.0, "forbidden");
    }
    order(&mut anna, json!({"do": "delete_room", "room": "lobby"})).await;
    assert_eq!(refused(&mut anna).await.0, "forbidden");
}

#[tokio::test]
async fn who_is_kicked_is_told_so_and_may_come_back() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    let mut ben = person(hub, 2, "ben").await;
    let mut device = plain(hub, 2);
    order(
        &mut anna,
        json!({"do": "kick", "connection": device.id().number()}),
    )
    .await;
    assert_eq!(answer(&mut anna).await["answer"], "done");
    assert_eq!(ended(&mut device).await, ErrorCode::Kicked);
    say(&mut ben, &json!({"type": "ping"})).await;
    hear(&mut ben, "pong").await;
    order(&mut anna, json!({"do": "kick", "user": user(2)})).await;
    assert_eq!(ended(&mut ben).await, ErrorCode::Kicked);
    drop(ben);
    answer(&mut anna).await;
    order(&mut anna, json!({"do": "kick", "user": user(2)})).await;
    assert_eq!(refused(&mut anna).await.0, "no_such_entry");
    person(hub, 2, "ben").await;
}

#[tokio::test]
async fn a_deleted_room_is_left_by_everybody_and_its_name_is_free() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    let mut ben = person(hub, 2, "ben").await;
    say(&mut ben, &json!({"type": "create", "room": "rust"})).await;
    hear(&mut ben, "joined").await;
    order(&mut anna, json!({"do": "delete_room", "room": "rust"})).await;
    assert_eq!(answer(&mut anna).await["answer"], "done");
    assert_eq!(hear(&mut ben, "left").await["room"], "rust");
    say(&mut ben, &json!({"type": "join", "room": "rust"})).await;
    assert_eq!(refused(&mut ben).await.0, "no_such_room");
    say(&mut ben, &json!({"type": "create", "room": "rust"})).await;
    assert_eq!(hear(&mut ben, "joined").await["head"], 0);
    order(&mut anna, json!({"do": "delete_room", "room": "nowhere"})).await;
    assert_eq!(refused(&mut anna).await.0, "no_such_room");
}

// More connections than fit a message, as on any server of some size.
#[tokio::test]
async fn the_table_of_connections_comes_in_parts_and_names_people() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    let clients = &hub.operators().clients;
    let here: SocketAddr = ([192, 0, 2, 1], 7).into();
    let entries: Vec<_> = (0..150)
        .map(|_| clients.enter(here.into(), Transport::WebSocket))
        .collect();
    let session = (shared::connection::Version::V2, key(1));
    entries[0].session.set(session).unwrap();
    order(&mut anna, json!({"do": "connections"})).await;
    let first = answer(&mut anna).await;
    let last = first["connections"][99]["connection"].clone();
    order(&mut anna, json!({"do": "connections", "after": last})).await;
    let second = answer(&mut anna).await;
    let rows = |part: &Value| part["connections"].as_array().unwrap().len();
    assert_eq!((rows(&first), &first["more"]), (100, &json!(true)));
    assert_eq!((rows(&second), &second["more"]), (50, &json!(false)));
    let row = &first["connections"][0];
    assert_eq!(row["address"], "192.0.2.1:7");
    assert_eq!(
        (&row["transport"], &row["version"]),
        (&json!("ws"), &json!("v2"))
    );
    assert_eq!(
        (&row["id"], &row["name"]),
        (&json!(user(1)), &json!("anna"))
    );
    assert_eq!(first["connections"][1]["id"], Value::Null);
    order(&mut anna, json!({"do": "status"})).await;
    assert_eq!(answer(&mut anna).await["connections"], 150);
}

// The attack: the log is read by somebody else, or has a claim code in it.
#[tokio::test]
async fn the_log_comes_while_it_is_followed_and_to_operators_only() {
    let (hub, _logging) = hub_with_log().await;
    let mut anna = operator(hub, 1, "anna").await;
    let mut ben = person(hub, 2, "ben").await;
    order(&mut anna, json!({"do": "log", "follow": true})).await;
    assert_eq!(answer(&mut anna).await["answer"], "done");
    say(&mut ben, &json!({"type": "claim", "code": "guessed"})).await;
    let told = answer(&mut anna).await;
    assert_eq!(
        (&told["answer"], &told["lines"][0]["level"]),
        (&json!("log"), &json!("warn"))
    );
    let text = told["lines"][0]["text"].as_str().unwrap();
    assert!(
        text.contains("wrong claim code") && !text.contains("guessed"),
        "{text}"
    );
    order(&mut anna, json!({"do": "log", "follow": false})).await;
    assert_eq!(answer(&mut anna).await["answer"], "done");
    say(&mut ben, &json!({"type": "claim", "code": "guessed"})).await;
    order(&mut anna, json!({"do": "status"})).await;
    assert_eq!(answer(&mut anna).await["answer"], "status");
    assert!(
        !waiting(&mut ben)
            .iter()
            .any(|text| text.contains("operator\""))
    );
}

// The attack: whoever is no operator any more reads the log on, and stays on a stopped server.
#[tokio::test]
async fn a_revoked_operator_has_nothing_left_of_the_rights() {
    let (hub, _logging) = hub_with_log().await;
    let mut anna = operator(hub, 1, "anna").await;
    let mut ben = operator(hub, 2, "ben").await;
    order(&mut ben, json!({"do": "log", "follow": true})).await;
    assert_eq!(answer(&mut ben).await["answer"], "done");
    order(&mut anna, json!({"do": "stop_listeners"})).await;
    order(&mut anna, json!({"do": "revoke", "user": user(2)})).await;
    while answer(&mut anna).await["answer"] != "operators" {}
    tracing::warn!("a secret of operators");
    let mut heard = Vec::new();
    let code = loop {
        match next(&mut ben).await {
            Due::Text(text) => heard.push(text.to_string()),
            Due::Ended(code) => break code,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code, ErrorCode::ServerStopping);
    assert!(
        heard.iter().any(|text| text.contains("revoked")),
        "{heard:?}"
    );
    assert!(
        !heard.iter().any(|text| text.contains("a secret")),
        "{heard:?}"
    );
}

// The same on a server that is open, where the connection goes on.
#[tokio::test]
async fn a_revoked_operator_follows_the_log_no_more() {
    let (hub, _logging) = hub_with_log().await;
    let mut anna = operator(hub, 1, "anna").await;
    let mut ben = operator(hub, 2, "ben").await;
    order(&mut ben, json!({"do": "log", "follow": true})).await;
    order(&mut anna, json!({"do": "revoke", "user": user(2)})).await;
    while answer(&mut ben).await["answer"] != "revoked" {}
    tracing::warn!("a secret of operators");
    // Behind this answer the lines would have come.
    say(&mut ben, &json!({"type": "rooms"})).await;
    ben.settle().await;
    let heard = waiting(&mut ben);
    assert!(
        !heard.iter().any(|text| text.contains("a secret")),
        "{heard:?}"
    );
}

// The last operator was one whom the server does not let in.
#[tokio::test]
async fn a_banned_key_is_made_no_operator() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    drop(person(hub, 2, "eve").await);
    order(&mut anna, json!({"do": "ban", "user": user(2)})).await;
    answer(&mut anna).await;
    order(&mut anna, json!({"do": "appoint", "user": user(2)})).await;
    assert_eq!(refused(&mut anna).await.0, "forbidden");
    order(&mut anna, json!({"do": "revoke", "user": user(1)})).await;
    assert_eq!(refused(&mut anna).await.0, "forbidden", "the last operator");
    // Both at once: whichever is first, the other is refused.
    drop(person(hub, 3, "mallory").await);
    for request in [
        json!({"type": "operator", "do": "appoint", "user": user(3)}),
        json!({"type": "operator", "do": "ban", "user": user(3)}),
    ] {
        anna.handle(request.to_string().as_bytes());
    }
    anna.settle().await;
    let is_operator = hub.is_operator(UserId(key(3)));
    assert_ne!(is_operator, hub.operators().bans.has_user(UserId(key(3))));
}
