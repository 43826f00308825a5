//! Attacks on the bounds of lists, replies and queues.

use shared::chat::limits::{LIST_ENTRIES, MESSAGE_BYTES, ROOM_NAME_CHARACTERS, TOPIC_CHARACTERS};
use shared::chat::{RoomId, RoomName, Topic};

use shared::chat::Keep;

use super::*;
use crate::hub::room::MAX_MEMBERS;
use crate::store::{Change, Store};

/// Creates a hub whose state is at its caps: as many rooms as there may be, with the longest names
/// and topics, and as many members of the lobby.
pub(super) async fn hub_at_the_caps(rooms: usize, members: usize) -> &'static Hub {
    let store = Arc::new(MemoryStore::default());
    // Quotation marks double in JSON.
    let topic = Topic::parse(&"\"".repeat(TOPIC_CHARACTERS)).unwrap();
    for number in 0..rooms {
        let digits = format!("{number:05}");
        // Three bytes a character: names are limited in characters, messages in bytes.
        let name = "語".repeat(ROOM_NAME_CHARACTERS - digits.len()) + &digits;
        let created = Change::RoomCreated {
            room: RoomName::parse(&name).unwrap().into(),
            topic: topic.clone(),
            private: false,
            keep: Keep::Forever,
            owner: None,
        };
        store.change(created).await.unwrap();
    }
    let lobby = RoomId::from(RoomName::lobby());
    let created = Change::RoomCreated {
        room: lobby.clone(),
        topic,
        private: false,
        keep: Keep::Forever,
        owner: None,
    };
    store.change(created).await.unwrap();
    for number in 0..members {
        let user = UserId(Fingerprint::of_spki(&number.to_be_bytes()));
        let room = lobby.clone();
        let by = None;
        store
            .change(Change::Joined { room, user, by })
            .await
            .unwrap();
        let name = "語".repeat(27) + &format!("{number:05}");
        let name = shared::chat::Name::parse(&name).unwrap();
        store.change(Change::Named { user, name }).await.unwrap();
    }
    let hub = Hub::open(store, unlimited()).await.unwrap();
    let hub: &'static Hub = Box::leak(Box::new(hub));
    tokio::spawn(hub.run());
    hub
}

/// Returns the next message of this type, which must fit a message of v2.
async fn hear_short(session: &mut Session, kind: &str) -> Value {
    loop {
        let Due::Text(text) = next(session).await else {
            panic!("the session has ended")
        };
        assert!(text.len() <= MESSAGE_BYTES, "{} bytes", text.len());
        let message: Value = serde_json::from_str(&text).unwrap_or_default();
        if message["type"] == kind {
            return message;
        }
    }
}

// The attack: 60 public rooms with long topics made `welcome` longer than a message of v2, and
// nobody got in, also after a restart.
#[tokio::test]
async fn at_the_caps_every_list_comes_in_messages_that_fit_and_nothing_of_it_is_lost() {
    const ROOMS: usize = 10_000;
    let hub = hub_at_the_caps(ROOMS, MAX_MEMBERS).await;
    let mut eve = connect(hub, 1);
    say(&mut eve, &json!({"type": "hello"})).await;
    let welcome = hear_short(&mut eve, "welcome").await;
    assert_eq!(welcome["more"], true);

    let (mut rooms, mut pages) = (std::collections::BTreeSet::new(), 0);
    let mut after = json!(null);
    loop {
        say(&mut eve, &json!({"type": "rooms", "after": after})).await;
        let page = hear_short(&mut eve, "rooms").await;
        pages += 1;
        let listed = page["rooms"].as_array().unwrap();
        assert!(!listed.is_empty() && listed.len() <= LIST_ENTRIES);
        for room in listed {
            assert!(rooms.insert(room["room"].as_str().unwrap().to_owned()));
        }
        let last = listed.last().unwrap();
        after = json!({"others": !last["joined"].as_bool().unwrap(), "room": last["room"]});
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(rooms.len(), ROOMS + 1);
    assert!(pages >= ROOMS / LIST_ENTRIES, "{pages}");

    // The lobby is full, and somebody new gets in all the same: one who is not here makes place.
    say(&mut eve, &json!({"type": "join", "room": "lobby"})).await;
    assert_eq!(hear_short(&mut eve, "joined").await["count"], MAX_MEMBERS);
    let member = UserId(Fingerprint::of_spki(&0_usize.to_be_bytes()));
    let version = shared::connection::Version::V2;
    let mut member = hub.join(connection_id(), member.0, [127, 0, 0, 1].into(), version);
    say(&mut member, &json!({"type": "hello"})).await;
    hear_short(&mut member, "welcome").await;
    say(&mut member, &json!({"type": "join", "room": "lobby"})).await;
    let joined = hear_short(&mut member, "joined").await;
    assert_eq!(joined["count"], MAX_MEMBERS);
    let mut seen: Vec<String> = Vec::new();
    let ids = |page: &Value| -> Vec<String> {
        let list = page["members"].as_array().unwrap();
        list.iter()
            .map(|it| it["id"].as_str().unwrap().to_owned())
            .collect()
    };
    seen.extend(ids(&joined));
    let mut more = joined["more"].clone();
    while more == true {
        let after = seen.last().unwrap();
        say(
            &mut member,
            &json!({"type": "members", "room": "lobby", "after": after}),
        )
        .await;
        let page = hear_short(&mut member, "members").await;
        seen.extend(ids(&page));
        more = page["more"].clone();
    }
    assert_eq!(seen.len(), MAX_MEMBERS);
    say(&mut member, &json!({"type": "search", "query": "anything"})).await;
    hear_short(&mut member, "found").await;
}

#[tokio::test]
async fn a_filter_finds_rooms_by_a_part_of_their_name() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    for room in ["garden", "gardening", "attic"] {
        say(&mut ada, &json!({"type": "create", "room": room})).await;
        hear(&mut ada, "joined").await;
    }
    let mut bob = person(hub, 2, "bob").await;
    say(&mut bob, &json!({"type": "rooms", "find": "ARDEN"})).await;
    let page = hear(&mut bob, "rooms").await;
    let names: Vec<_> = page["rooms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["room"])
        .collect();
    assert_eq!(names, ["garden", "gardening"]);
    assert_eq!(
        (&page["find"], &page["more"]),
        (&json!("arden"), &json!(false))
    );
}

// The attack: 3,286 `hello` in one record of 66 KB made the server build 800 MiB of answers.
#[tokio::test]
async fn thousands_of_requests_in_one_record_are_answered_within_a_budget() {
    let hub = hub_at_the_caps(1000, 0).await;
    let mut eve = person(hub, 1, "eve").await;
    for request in [
        json!({"type": "hello"}),
        json!({"type": "rooms"}),
        json!({"type": "join", "room": "lobby"}),
        json!({"type": "history", "room": "lobby", "before": 1}),
        json!({"type": "dance"}),
    ] {
        let request = request.to_string();
        let mut handled = 0;
        while eve.wants_more() && handled < 100_000 {
            eve.handle(request.as_bytes());
            handled += 1;
        }
        assert!(handled < 100_000, "{request}");
        eve.settle().await;
        let bytes: usize = waiting(&mut eve).iter().map(String::len).sum();
        // The budget of 256 KiB, and the replies of the last request that it let in.
        assert!(bytes <= 400 * 1024, "{request}: {bytes}");
        assert!(eve.wants_more(), "{request}");
    }
}

// The attack: requests of every kind without a pause, each of which costs a rejection.
#[tokio::test]
async fn whoever_asks_too_fast_is_told_and_then_not_handled_for_a_while() {
    let limits = PerMinute {
        asks: 100,
        ..PerMinute::UNLIMITED
    };
    let hub = hub_with(1000, limits).await;
    let mut eve = person(hub, 1, "eve").await;
    for request in [
        json!({"type": "ping"}),
        json!({"type": "dance"}),
        json!({"type": "send", "room": 7}),
        json!("a plain line"),
        json!({"type": "typing", "room": "lobby"}),
        json!({"type": "read", "room": "lobby", "seq": 1}),
        json!({"type": "search", "query": "a"}),
        json!({"type": "members", "room": "lobby"}),
    ] {
        for _ in 0..101 {
            eve.handle(request.to_string().as_bytes());
        }
        eve.settle().await;
        let replies = waiting(&mut eve);
        let limited = replies.iter().filter(|text| text.contains("rate_limited"));
        assert!(limited.clone().count() > 0, "{request}");
        assert!(limited.clone().all(|text| text.contains("retry_after")));
    }
    assert!(!eve.wants_more());
    // It is handled again, without anybody doing anything.
    assert_eq!(next(&mut eve).await, Due::Resume);
    assert!(eve.wants_more());
}

// The attacks: `typing` without a pause evicted 40 of 40 members in 6 s; connections that came and
// went made 182 MB/s of presence.
#[tokio::test]
async fn typing_and_presence_in_floods_evict_nobody() {
    let hub = hub().await;
    let mut eve = person(hub, 1, "eve").await;
    join(&mut eve, "lobby").await;
    let mut bystanders = Vec::new();
    // Forty members who only listen, as in the attack.
    for seed in 10..50 {
        let mut bystander = person(hub, seed, &format!("name-{seed}")).await;
        join(&mut bystander, "lobby").await;
        bystanders.push(bystander);
    }
    let typing = json!({"type": "typing", "room": "lobby"}).to_string();
    for _ in 0..20_000 {
        eve.handle(typing.as_bytes());
    }
    for _ in 0..2_000 {
        drop(person(hub, 2, "flap").await);
    }
    for mut bystander in bystanders {
        let heard = waiting(&mut bystander);
        let typing = heard
            .iter()
            .filter(|text| text.contains(r#""typing""#))
            .count();
        // One in three seconds, however many were sent.
        assert!(typing <= 3, "{typing}");
        say(&mut bystander, &json!({"type": "ping"})).await;
        hear(&mut bystander, "pong").await;
    }
}

// The fault: a hundred hits with the longest names and texts full of quotation marks were longer than a
// message, and the search could not be gone on with.
#[tokio::test]
async fn a_search_is_gone_through_however_long_its_hits_are() {
    let hub = hub().await;
    let name = "語".repeat(32);
    let mut ada = person(hub, 1, &name).await;
    let room = "語".repeat(64);
    say(&mut ada, &json!({"type": "create", "room": room})).await;
    hear(&mut ada, "joined").await;
    for number in 0..150_u8 {
        // Each quotation mark is two bytes of JSON.
        let text = format!("word {}", "\"".repeat(80));
        say(&mut ada, &send(&room, number, &text)).await;
        hear(&mut ada, "ack").await;
    }
    let (mut before, mut seen) = (Value::Null, Vec::new());
    loop {
        let mut search = json!({"type": "search", "query": "word", "limit": 100});
        if !before.is_null() {
            search["before"] = before;
        }
        say(&mut ada, &search).await;
        let found = hear_short(&mut ada, "found").await;
        let entries = found["entries"].as_array().unwrap();
        seen.extend(entries.iter().map(|entry| entry["seq"].as_u64().unwrap()));
        if found["more"] == false {
            break;
        }
        before = found["next"].clone();
    }
    assert_eq!(seen, (1..=150).rev().collect::<Vec<_>>());
}
