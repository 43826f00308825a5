//! Commits take effect, and answers come after their effects, also when a connection is cut.

use super::operators::{answer, operator, order};
use shared::chat::Name;

use super::*;

// The crash: a connection cut after `create`. The store had the room, and memory had not until a
// restart.
#[tokio::test]
async fn a_change_is_applied_though_the_one_who_asked_is_gone() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    join(&mut ada, "lobby").await;
    for number in 0..50 {
        // Cut right after the request.
        let mut eve = person(hub, 2, "eve").await;
        let room = format!("room-{number}");
        eve.handle(
            json!({"type": "create", "room": room})
                .to_string()
                .as_bytes(),
        );
        drop(eve);
        // What others ask of the store comes after it, so it is applied by then.
        say(&mut ada, &send("lobby", number, "later")).await;
        hear(&mut ada, "ack").await;
        join(&mut ada, &room).await;
    }
}

// The same with a ban, which then kept nobody out, and a claim, which made nobody an operator.
#[tokio::test]
async fn a_ban_and_a_claim_hold_though_the_operator_is_cut_off() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    let _eve = person(hub, 2, "eve").await;
    let ban = json!({"type": "operator", "do": "ban", "user": UserId(key(2)).to_string()});
    anna.handle(ban.to_string().as_bytes());
    drop(anna);
    let mut ben = person(hub, 3, "ben").await;
    join(&mut ben, "lobby").await;
    let mut eve = connect(hub, 2);
    assert_eq!(next(&mut eve).await, Due::Ended(ErrorCode::Kicked));

    let code = hub.operators().claim.make().unwrap();
    let claim = json!({"type": "claim", "code": code});
    let mut cut = person(hub, 4, "cut").await;
    cut.handle(claim.to_string().as_bytes());
    drop(cut);
    say(&mut ben, &json!({"type": "leave", "room": "lobby"})).await;
    hear(&mut ben, "left").await;
    let mut again = connect(hub, 4);
    say(&mut again, &json!({"type": "hello"})).await;
    assert_eq!(hear(&mut again, "welcome").await["operator"], true);
}

// The race: the ack came before the entry was applied, and 12 to 113 of 500 reactions were refused.
#[tokio::test]
async fn a_message_can_be_reacted_to_as_soon_as_it_is_acked() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    join(&mut ada, "lobby").await;
    for number in 0..100_u8 {
        ada.handle(send("lobby", number, "text").to_string().as_bytes());
        let seq = hear(&mut ada, "ack").await["seq"].clone();
        let react = json!({
            "type": "react", "room": "lobby", "id": id(number + 100), "of": seq, "emoji": "👍",
        });
        ada.handle(react.to_string().as_bytes());
        hear(&mut ada, "ack").await;
    }
}

// The stall: 300 `read` in one write, and the message behind them had no ack for 20 s.
#[tokio::test]
async fn hundreds_of_read_markers_in_one_write_do_not_stop_the_session() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    join(&mut ada, "lobby").await;
    for number in 0..250_u8 {
        say(&mut ada, &send("lobby", number, "text")).await;
        hear(&mut ada, "ack").await;
    }
    waiting(&mut ada);
    // As the connection does it: handle while more is wanted, otherwise wait for what is due.
    let mut inputs: std::collections::VecDeque<String> = (1..=300)
        .map(|seq| json!({"type": "read", "room": "lobby", "seq": seq}).to_string())
        .collect();
    inputs.push_back(send("lobby", 251, "after them").to_string());
    let acked = async {
        loop {
            while ada.wants_more() {
                let Some(input) = inputs.pop_front() else {
                    break;
                };
                ada.handle(input.as_bytes());
            }
            if let Due::Text(text) = ada.next().await
                && text.starts_with(r#"{"type":"ack""#)
            {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, acked).await.unwrap();
}

// The loss: after one had left, the room was dead for both, and acknowledged messages went nowhere.
#[tokio::test]
async fn a_room_of_two_that_one_has_left_comes_back_with_the_next_message() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    let mut bob = person(hub, 2, "bob").await;
    say(
        &mut ada,
        &json!({"type": "direct", "to": bob.user().to_string()}),
    )
    .await;
    let room = hear(&mut ada, "joined").await["room"]
        .as_str()
        .unwrap()
        .to_owned();
    hear(&mut bob, "invited").await;
    say(&mut bob, &json!({"type": "leave", "room": room})).await;
    hear(&mut bob, "left").await;
    say(&mut ada, &send(&room, 1, "are you there?")).await;
    hear(&mut ada, "ack").await;
    let invited = hear(&mut bob, "invited").await;
    assert_eq!(invited["room"]["room"], room.as_str());
    // The one who has left may also come back without being asked.
    say(&mut ada, &json!({"type": "leave", "room": room})).await;
    hear(&mut ada, "left").await;
    say(
        &mut ada,
        &json!({"type": "direct", "to": bob.user().to_string()}),
    )
    .await;
    assert_eq!(hear(&mut ada, "joined").await["head"], 1);
    let mut eve = person(hub, 3, "eve").await;
    say(&mut eve, &json!({"type": "join", "room": room})).await;
    assert_eq!(refused(&mut eve).await.0, "no_such_room");
}

// The race: entries that the banned had queued came after the operator was told that the ban holds.
#[tokio::test]
async fn a_bans_answer_comes_after_the_last_entry_of_the_banned() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    join(&mut anna, "lobby").await;
    // A race: one round may go well by chance.
    for round in 0..20_u8 {
        let mut eve = person(hub, 2, "eve").await;
        join(&mut eve, "lobby").await;
        for number in 0..10 {
            eve.handle(
                send("lobby", round * 10 + number, "x")
                    .to_string()
                    .as_bytes(),
            );
        }
        order(
            &mut anna,
            json!({"do": "ban", "user": UserId(key(2)).to_string()}),
        )
        .await;
        // Not handled any more.
        eve.handle(send("lobby", 255, "late").to_string().as_bytes());
        let mut answered = false;
        say(&mut anna, &json!({"type": "ping"})).await;
        loop {
            let Due::Text(text) = next(&mut anna).await else {
                panic!()
            };
            if text.contains(r#""answer":"bans""#) {
                answered = true;
            }
            assert!(
                !(answered && text.contains("\"message\"") && text.contains("eve")),
                "{text}"
            );
            if text.contains("pong") {
                break;
            }
        }
        assert!(answered);
        order(
            &mut anna,
            json!({"do": "unban", "user": UserId(key(2)).to_string()}),
        )
        .await;
        answer(&mut anna).await;
    }
}

// The race: an amendment looks at its target first, and a plain line may wait behind a command. Both
// were queued behind the ban.
#[tokio::test]
async fn what_the_banned_had_only_begun_is_not_done() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    join(&mut anna, "lobby").await;
    let mut eve = person(hub, 2, "eve").await;
    join(&mut eve, "lobby").await;
    say(&mut eve, &send("lobby", 1, "before")).await;
    hear(&mut eve, "ack").await;
    let mut device = plain(hub, 2);
    device.settle().await;
    let react =
        json!({"type": "react", "room": "lobby", "id": id(2), "of": 1, "emoji": "👍", "on": true});
    eve.handle(react.to_string().as_bytes());
    for line in [&b"first"[..], b"/who", b"behind"] {
        device.handle(line);
    }
    let ban = json!({"type": "operator", "do": "ban", "user": UserId(key(2)).to_string()});
    anna.handle(ban.to_string().as_bytes());
    tokio::join!(anna.settle(), eve.settle(), device.settle());
    let told = waiting(&mut anna);
    let answered = told
        .iter()
        .position(|text| text.contains(r#""answer":"bans""#));
    // This store has the target at once, so that the reaction was queued before the ban.
    let entries = ["before", "reacted", "first"];
    for (place, text) in told
        .iter()
        .enumerate()
        .filter(|(_, text)| text.contains("\"seq\""))
    {
        assert!(Some(place) < answered, "{told:?}");
        assert!(entries.iter().any(|entry| text.contains(entry)), "{told:?}");
    }
}

// The race: a member who is being removed went on writing until the removal was stored.
#[tokio::test]
async fn nothing_of_a_removed_member_comes_after_the_removal() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    let mut eve = person(hub, 2, "eve").await;
    super::retention::create(&mut ada, "den", json!(null)).await;
    join(&mut eve, "den").await;
    let id = eve.user().to_string();
    let remove = json!({"type": "remove", "room": "den", "id": id});
    ada.handle(remove.to_string().as_bytes());
    eve.handle(send("den", 1, "late").to_string().as_bytes());
    tokio::join!(ada.settle(), eve.settle());
    hear(&mut ada, "done").await;
    assert_eq!(refused(&mut eve).await.0, "not_joined");
    assert_eq!(
        hub.room(&RoomId::parse("den").unwrap())
            .unwrap()
            .lock()
            .head,
        0
    );
}

// The stall: a ban that failed left the connections that it had held unread.
#[tokio::test]
async fn a_connection_goes_on_when_the_ban_of_its_person_fails() {
    let hub = hub().await;
    let mut eve = person(hub, 2, "eve").await;
    let holds = |set: bool| {
        let directory = hub.directory();
        for (_, connected) in directory.connections_of(UserId(key(2))) {
            if set {
                connected.hold.set();
            } else {
                connected.hold.release();
            }
        }
    };
    // While it waits, and between two waits.
    for waits in [true, false] {
        waiting(&mut eve);
        holds(true);
        assert!(!eve.wants_more());
        if !waits {
            holds(false);
        }
        let (due, ()) = tokio::join!(next(&mut eve), async {
            if waits {
                tokio::task::yield_now().await;
                holds(false);
            }
        });
        assert!(matches!(due, Due::Resume), "{due:?}");
        assert!(eve.wants_more());
    }
}

// The loss: a room was renamed while somebody was sent its older entries, and nothing more of it came
// to them, old or new.
#[tokio::test]
async fn a_room_that_is_renamed_goes_on_for_those_who_catch_up() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    say(&mut ada, &json!({"type": "create", "room": "before"})).await;
    hear(&mut ada, "joined").await;
    for number in 0..250_u8 {
        say(&mut ada, &send("before", number, "text")).await;
        waiting(&mut ada);
    }
    let mut bob = person(hub, 2, "bob").await;
    // The first page is asked for, and not taken.
    bob.handle(
        json!({"type": "join", "room": "before", "after": 0})
            .to_string()
            .as_bytes(),
    );
    hear(&mut bob, "joined").await;
    say(
        &mut ada,
        &json!({"type": "rename", "room": "before", "to": "behind"}),
    )
    .await;
    say(&mut ada, &send("behind", 251, "new")).await;
    hear(&mut ada, "ack").await;
    let mut seqs = Vec::new();
    while seqs.len() < 251 {
        let Due::Text(text) = next(&mut bob).await else {
            panic!("it has ended");
        };
        let message: Value = serde_json::from_str(&text).unwrap();
        match message["type"].as_str() {
            Some("page") => {
                let entries = message["entries"].as_array().unwrap();
                seqs.extend(entries.iter().map(|entry| entry["seq"].as_u64().unwrap()));
            }
            Some("message") => seqs.push(message["seq"].as_u64().unwrap()),
            _ => {}
        }
    }
    assert_eq!(seqs, (1..=251).collect::<Vec<_>>());
}

// The loss: entries of an unstored room were acked, and told to nobody, when it was renamed before
// they were broadcast.
#[tokio::test]
async fn every_acked_entry_of_a_room_that_keeps_nothing_is_told_while_it_is_renamed() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    let create = json!({"type": "create", "room": "room-0", "keep": "nothing"});
    say(&mut ada, &create).await;
    let mut bob = person(hub, 2, "bob").await;
    join(&mut bob, "room-0").await;
    let (mut acked, mut told) = (0, 0);
    for round in 0..40_u8 {
        let (from, to) = (format!("room-{round}"), format!("room-{}", round + 1));
        for number in 0..3 {
            ada.handle(
                send(&from, round * 3 + number, "text")
                    .to_string()
                    .as_bytes(),
            );
            if number == 1 {
                let rename = json!({"type": "rename", "room": from, "to": to});
                ada.handle(rename.to_string().as_bytes());
            }
        }
        ada.settle().await;
        acked += waiting(&mut ada)
            .iter()
            .filter(|it| it.contains(r#""type":"ack""#))
            .count();
        told += waiting(&mut bob)
            .iter()
            .filter(|it| it.contains(r#""type":"message""#))
            .count();
    }
    assert!(acked >= 80, "{acked}");
    assert_eq!(told, acked);
}

// The disorder: of edits in one record an older one was committed last, and stood in the room.
#[tokio::test]
async fn what_one_connection_asks_is_committed_in_its_order() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    join(&mut ada, "lobby").await;
    say(&mut ada, &send("lobby", 0, "text")).await;
    let mut number = 1;
    for round in 0..30 {
        for at in 0..4 {
            let message = if (round + at) % 3 == 0 {
                send("lobby", number, &number.to_string())
            } else {
                json!({
                    "type": "edit", "room": "lobby", "id": id(number), "of": 1,
                    "text": number.to_string(),
                })
            };
            ada.handle(message.to_string().as_bytes());
            number += 1;
        }
        ada.settle().await;
    }
    let mut order = Vec::new();
    for text in waiting(&mut ada) {
        let message: Value = serde_json::from_str(&text).unwrap();
        if message["type"] == "ack" {
            order.push((message["seq"].as_u64().unwrap(), message["id"].clone()));
        }
    }
    order.sort_by_key(|(seq, _)| *seq);
    let ids: Vec<_> = order.into_iter().skip(1).map(|(_, id)| id).collect();
    let asked: Vec<_> = (1..number).map(|number| json!(id(number))).collect();
    assert_eq!(ids, asked);
}

// The attack: a room is renamed while the target of an edit is read, and another room gets its name:
// the edit of one's own message there changed somebody else's here. Searches and pages of history gave
// texts of the other room.
#[tokio::test]
async fn what_is_read_while_a_room_loses_its_name_is_not_of_another_room() {
    let hub = hub().await;
    let mut ada = person(hub, 1, "ada").await;
    say(&mut ada, &json!({"type": "create", "room": "garden"})).await;
    say(&mut ada, &send("garden", 1, "hers")).await;
    let room = RoomId::from(RoomName::parse("garden").unwrap());
    let known = hub.rooms.get(&room).unwrap();
    let reads = std::sync::atomic::AtomicU32::new(0);
    let read = hub.read(&known, |_, id| {
        let is_first = reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        Box::pin(async move {
            if is_first {
                let mut device = person(hub, 1, "ada").await;
                say(
                    &mut device,
                    &json!({"type": "rename", "room": "garden", "to": "yard"}),
                )
                .await;
                let mut eve = person(hub, 2, "eve").await;
                say(&mut eve, &json!({"type": "create", "room": "garden"})).await;
                hear(&mut eve, "joined").await;
                say(&mut eve, &send("garden", 1, "another's")).await;
                hear(&mut eve, "ack").await;
            }
            hub.store.entry(id, 1).await
        })
    });
    let entry = read.await.unwrap().unwrap();
    assert_eq!(entry.from.id, UserId(key(1)));
    assert_eq!(reads.into_inner(), 2);
}

// A database of before has names that today's rules reserve.
#[tokio::test]
async fn whoever_has_a_name_says_hello_with_it_whatever_the_rules_are_now() {
    let hub = hub().await;
    let user = UserId(key(1));
    let name = Name::from_stored("1admin").unwrap();
    hub.store
        .change(Change::Named { user, name })
        .await
        .unwrap();
    let mut old = connect(hub, 1);
    say(&mut old, &json!({"type": "hello", "name": "1admin"})).await;
    let heard = waiting(&mut old);
    assert!(heard[0].contains("1admin"), "{heard:?}");
    assert!(!heard.concat().contains("error"), "{heard:?}");
}
