//! Retention of a room's entries, as its members see it.

use super::operators::{operator, order};
use shared::chat::Keep;

use super::*;
use crate::store::{PageSize, SqliteStore};

async fn hub_that_keeps(keep: Keep) -> &'static Hub {
    let store = Arc::new(MemoryStore::default());
    open(store, keep).await
}

async fn open(store: Arc<dyn Store>, keep: Keep) -> &'static Hub {
    let hub = Hub::open(
        store,
        Settings {
            keep,
            ..unlimited()
        },
    );
    let hub: &'static Hub = Box::leak(Box::new(hub.await.unwrap()));
    tokio::spawn(hub.run());
    hub
}

pub(super) async fn create(session: &mut Session, room: &str, keep: Value) -> Value {
    let create = json!({"type": "create", "room": room, "keep": keep});
    say(session, &create).await;
    hear(session, "joined").await
}

async fn say_all(session: &mut Session, room: &str, numbers: std::ops::RangeInclusive<u8>) {
    for number in numbers {
        say(session, &send(room, number, &format!("text {number}"))).await;
        hear(session, "ack").await;
    }
}

/// Returns the numbers of the next messages.
async fn heard(session: &mut Session, count: usize) -> Vec<u64> {
    let mut seqs = Vec::new();
    while seqs.len() < count {
        seqs.push(hear(session, "message").await["seq"].as_u64().unwrap());
    }
    seqs
}

#[tokio::test]
async fn a_room_that_keeps_nothing_tells_everybody_and_writes_nothing() {
    let hub = hub().await;
    let (mut anna, mut bert) = (person(hub, 1, "anna").await, person(hub, 2, "bert").await);
    let joined = create(&mut anna, "den", json!("nothing")).await;
    assert_eq!(joined["keep"], "nothing");
    join(&mut bert, "den").await;
    say_all(&mut anna, "den", 1..=10).await;
    assert_eq!(heard(&mut bert, 10).await, (1..=10).collect::<Vec<_>>());
    let page = PageSize {
        entries: 100,
        bytes: 100_000,
    };
    let den = RoomId::parse("den").unwrap();
    assert_eq!(hub.store.read_after(den, 0, page).await.unwrap(), []);

    // Whoever comes back hears that what they missed is gone, and what comes now.
    let mut again = person(hub, 2, "bert").await;
    say(
        &mut again,
        &json!({"type": "join", "room": "den", "after": 3}),
    )
    .await;
    let joined = hear(&mut again, "joined").await;
    assert_eq!((&joined["head"], &joined["gone"]), (&json!(10), &json!(10)));
    say_all(&mut anna, "den", 11..=11).await;
    assert_eq!(heard(&mut again, 1).await, [11]);
    say(
        &mut again,
        &json!({"type": "history", "room": "den", "before": 5}),
    )
    .await;
    assert_eq!(hear(&mut again, "page").await["entries"], json!([]));
    say(&mut again, &json!({"type": "search", "query": "text"})).await;
    assert_eq!(hear(&mut again, "found").await["entries"], json!([]));
}

// The attack: somebody else edits a message whose text the server has not kept.
#[tokio::test]
async fn what_is_recent_can_be_changed_though_nothing_is_kept() {
    let hub = hub().await;
    let (mut anna, mut bert) = (person(hub, 1, "anna").await, person(hub, 2, "bert").await);
    create(&mut anna, "den", json!("nothing")).await;
    join(&mut bert, "den").await;
    say_all(&mut anna, "den", 1..=1).await;
    // The same again is not told again.
    say(&mut anna, &send("den", 1, "text 1")).await;
    assert_eq!(hear(&mut anna, "ack").await["seq"], 1);
    let upon = |kind: &str, number: u8| {
        json!({"type": kind, "room": "den", "id": id(number), "of": 1, "text": "new",
               "emoji": "👍"})
    };
    say(&mut bert, &upon("react", 2)).await;
    assert_eq!(hear(&mut anna, "reacted").await["seq"], 2);
    say(&mut bert, &upon("edit", 3)).await;
    assert_eq!(refused(&mut bert).await.0, "forbidden");
    say(&mut anna, &upon("edit", 4)).await;
    assert_eq!(hear(&mut bert, "edited").await["seq"], 3);
    say(&mut anna, &upon("delete", 5)).await;
    assert_eq!(hear(&mut bert, "deleted").await["seq"], 4);
    say(&mut anna, &upon("edit", 6)).await;
    assert_eq!(refused(&mut anna).await.0, "no_such_entry");
    // A reaction is no message.
    let mut edit = upon("edit", 7);
    edit["of"] = 2.into();
    say(&mut bert, &edit).await;
    assert_eq!(refused(&mut bert).await.0, "no_such_entry");
}

// A client believes that it has every entry up to the number it knows: a number given twice would
// hide a message.
#[tokio::test(flavor = "multi_thread")]
async fn no_number_is_told_twice_over_the_end_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let mut last = 0;
    for round in 0..3_u8 {
        let store = SqliteStore::open(&path).unwrap();
        let hub = Hub::open(
            Arc::new(store),
            Settings {
                keep: Keep::Nothing,
                ..unlimited()
            },
        );
        let hub = hub.await.unwrap();
        let told = async {
            let mut anna = connect_to(&hub, 1);
            anna.handle(json!({"type": "hello"}).to_string().as_bytes());
            let join = json!({"type": "join", "room": "lobby", "after": last});
            anna.handle(join.to_string().as_bytes());
            let joined = hear(&mut anna, "joined").await;
            assert!(joined["head"].as_u64().unwrap() >= last);
            assert_eq!(joined["gone"].as_u64().unwrap_or(0), joined["head"]);
            // More than a block, so that more are reserved while they are used.
            let mut seqs = Vec::new();
            for number in 0..5000_u32 {
                let mut bytes = [round; 16];
                bytes[..4].copy_from_slice(&number.to_be_bytes());
                let id = shared::chat::MessageId::from_random(bytes).to_string();
                let send = json!({"type": "send", "room": "lobby", "id": id, "text": "x"});
                anna.handle(send.to_string().as_bytes());
                let heard = hear(&mut anna, "message").await;
                seqs.push(heard["seq"].as_u64().unwrap());
            }
            assert!(seqs[0] > last);
            assert!(seqs.windows(2).all(|pair| pair[0] + 1 == pair[1]));
            last = *seqs.last().unwrap();
        };
        tokio::select! {
            () = told => {}
            () = hub.run() => panic!("the store has ended"),
        }
        // As if it were killed: nothing is told to the store at the end.
    }
}

// The race: appends under way to the store and to the unstored room while the room changes from one
// to the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_changes_what_it_keeps_again_and_again_loses_nothing() {
    const SENDS: u16 = 400;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("chat.db")).unwrap();
    let hub = open(Arc::new(store), Keep::Forever).await;
    let mut anna = operator(hub, 1, "anna").await;
    let mut bert = person(hub, 2, "bert").await;
    join(&mut bert, "lobby").await;
    let mut eve = person(hub, 3, "eve").await;
    let writing = tokio::spawn(async move {
        join(&mut eve, "lobby").await;
        for number in 0..SENDS {
            let mut bytes = [7; 16];
            bytes[..2].copy_from_slice(&number.to_be_bytes());
            let id = shared::chat::MessageId::from_random(bytes).to_string();
            let send =
                json!({"type": "send", "room": "lobby", "id": id, "text": number.to_string()});
            eve.handle(send.to_string().as_bytes());
            // Some at once, some one after the other.
            if number % 3 == 0 {
                eve.settle().await;
            }
        }
        eve.settle().await;
    });
    let switching = tokio::spawn(async move {
        for round in 0..40 {
            // As fast as the operator's requests are answered, so that appends meet every state in
            // between.
            let keep = if round % 2 == 0 { "nothing" } else { "forever" };
            order(
                &mut anna,
                json!({"do": "keep", "room": "lobby", "keep": keep}),
            )
            .await;
            tokio::task::yield_now().await;
        }
    });
    let (mut last, mut texts) = (0, Vec::new());
    while texts.len() < usize::from(SENDS) {
        let heard = hear(&mut bert, "message").await;
        let seq = heard["seq"].as_u64().unwrap();
        assert!(seq > last, "{seq} after {last}");
        last = seq;
        texts.push(heard["text"].as_str().unwrap().parse::<u16>().unwrap());
    }
    writing.await.unwrap();
    switching.await.unwrap();
    texts.sort_unstable();
    assert_eq!(texts, (0..SENDS).collect::<Vec<_>>());
}

#[tokio::test]
async fn of_a_room_that_keeps_the_last_ones_the_others_are_gone() {
    let hub = hub().await;
    let mut anna = person(hub, 1, "anna").await;
    create(&mut anna, "den", json!({"entries": 5})).await;
    say_all(&mut anna, "den", 1..=12).await;
    let kept: Vec<_> = (8..=12).collect();
    for (after, page) in [
        (json!(null), kept.clone()),
        (json!(3), kept.clone()),
        (json!(9), vec![10, 11, 12]),
    ] {
        let mut bert = person(hub, 2, "bert").await;
        say(
            &mut bert,
            &json!({"type": "join", "room": "den", "after": after}),
        )
        .await;
        let joined = hear(&mut bert, "joined").await;
        assert_eq!(
            (&joined["keep"], &joined["gone"], &joined["head"]),
            (&json!({"entries": 5}), &json!(7), &json!(12))
        );
        let entries = hear(&mut bert, "page").await["entries"].clone();
        let seqs: Vec<_> = entries
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["seq"].clone())
            .collect();
        assert_eq!(json!(seqs), json!(page), "after {after}");
        let history = json!({"type": "history", "room": "den", "before": 8});
        say(&mut bert, &history).await;
        assert_eq!(hear(&mut bert, "page").await["entries"], json!([]));
    }
}

// The attack: the owner of a room gets round the retention that the server's operator has chosen.
#[tokio::test]
async fn only_an_operator_has_a_room_keep_more_than_the_server_does() {
    let hub = hub_that_keeps(Keep::Days(std::num::NonZeroU32::new(30).unwrap())).await;
    let mut anna = person(hub, 1, "anna").await;
    let joined = create(&mut anna, "den", json!(null)).await;
    assert_eq!(joined["keep"], json!({"days": 30}));
    let joined = create(&mut anna, "cellar", json!({"days": 7})).await;
    assert_eq!(joined["keep"], json!({"days": 7}));
    for longer in [json!("forever"), json!({"days": 31}), json!({"entries": 1})] {
        let create = json!({"type": "create", "room": "attic", "keep": longer});
        say(&mut anna, &create).await;
        assert_eq!(
            refused(&mut anna).await,
            ("forbidden".into(), "attic".into())
        );
    }
    let mut oscar = operator(hub, 2, "oscar").await;
    create(&mut oscar, "attic", json!("forever")).await;
    join(&mut anna, "attic").await;
    order(
        &mut oscar,
        json!({"do": "keep", "room": "attic", "keep": {"days": 1}}),
    )
    .await;
    assert_eq!(hear(&mut oscar, "operator").await["answer"], "done");
    // Whoever may know of the room is told.
    while hear(&mut anna, "room").await["room"]["keep"] != json!({"days": 1}) {}
    order(
        &mut oscar,
        json!({"do": "keep", "room": "nowhere", "keep": "nothing"}),
    )
    .await;
    assert_eq!(refused(&mut oscar).await.0, "no_such_room");
}
