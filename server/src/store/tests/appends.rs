//! Appends, pages and reservations, on every store.

use super::*;

// The race: eight writers and two rooms share one queue.
#[tokio::test(flavor = "multi_thread")]
async fn many_writers_get_numbers_without_gaps_told_in_order() {
    for Scene {
        store,
        mut commits,
        _folder,
    } in scenes()
    {
        let rooms = [create(&*store, "one").await, create(&*store, "two").await];
        let mut tasks = Vec::new();
        for writer in 0..8_u8 {
            let (store, rooms) = (Arc::clone(&store), rooms.clone());
            tasks.push(tokio::spawn(async move {
                let mut appended = Vec::new();
                for number in 0..50 {
                    // In turns, so that appends to both rooms share transactions.
                    let to = rooms[usize::from(number % 2 == 0)].clone();
                    let event = message(&format!("{writer} {number}"));
                    appended.push(store.append(to, entry(writer, number, event)));
                }
                for appended in appended {
                    assert!(!appended.await.unwrap().again);
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let mut told = [Vec::new(), Vec::new()];
        for _ in 0..400 {
            let commit = commits.recv().await.unwrap();
            told[usize::from(commit.room == rooms[1])].push(commit.entry);
        }
        for (room, told) in rooms.iter().zip(told) {
            assert_eq!(seqs(&told), (1..=200).collect::<Vec<_>>());
            let mut read = Vec::new();
            while read.len() < 200 {
                let page = store
                    .read_after(room.clone(), read.len() as u64, PAGE)
                    .await
                    .unwrap();
                read.extend(page);
            }
            assert_eq!(read, told);
        }
    }
}

// A client that lost an ack sends again; a client with a fault uses an id twice.
#[tokio::test]
async fn the_same_again_is_the_first_and_another_under_its_id_is_refused() {
    for Scene {
        store,
        mut commits,
        _folder,
    } in scenes()
    {
        let room = create(&*store, "room").await;
        let first = store
            .append(room.clone(), entry(1, 1, message("a")))
            .await
            .unwrap();
        assert_eq!((first.seq, first.again), (1, false));
        let again = store
            .append(room.clone(), entry(1, 1, message("a")))
            .await
            .unwrap();
        assert_eq!((again.seq, again.at, again.again), (1, first.at, true));
        let reused = store.append(room.clone(), entry(1, 1, message("b"))).await;
        assert_eq!(reused, Err(StoreError::IdReused));
        // Another writer's, and another room's, are others.
        let other = store
            .append(room.clone(), entry(2, 1, message("b")))
            .await
            .unwrap();
        assert_eq!(other.seq, 2);
        let elsewhere = create(&*store, "elsewhere").await;
        let there = store
            .append(elsewhere, entry(1, 1, message("b")))
            .await
            .unwrap();
        assert_eq!(there.seq, 1);
        let nowhere = store
            .append(super::room("nowhere"), entry(1, 9, message("x")))
            .await;
        assert_eq!(nowhere, Err(StoreError::NoSuchRoom));
        let told: Vec<Seq> = std::iter::from_fn(|| commits.try_recv().ok())
            .map(|c| c.entry.seq)
            .collect();
        assert_eq!(told, [1, 2, 1]);
    }
}

// A page without entries would stop a client that turns pages.
#[tokio::test]
async fn pages_end_where_they_are_full_and_hold_one_at_least() {
    for Scene { store, _folder, .. } in scenes() {
        let room = create(&*store, "room").await;
        for number in 0..10 {
            let event = message(&"x".repeat(1000));
            store
                .append(room.clone(), entry(1, number, event))
                .await
                .unwrap();
        }
        let page = |entries, bytes| PageSize { entries, bytes };
        let after = |seq, page| store.read_after(room.clone(), seq, page);
        let before = |seq, page| store.read_before(room.clone(), seq, page);
        assert_eq!(seqs(&after(0, page(3, 100_000)).await.unwrap()), [1, 2, 3]);
        assert_eq!(
            seqs(&before(11, page(3, 100_000)).await.unwrap()),
            [8, 9, 10]
        );
        assert_eq!(seqs(&before(4, page(9, 100_000)).await.unwrap()), [1, 2, 3]);
        // Two of 1,200 bytes fit, the third does not.
        assert_eq!(seqs(&after(4, page(9, 3000)).await.unwrap()), [5, 6]);
        assert_eq!(seqs(&before(11, page(9, 3000)).await.unwrap()), [9, 10]);
        assert_eq!(seqs(&after(9, page(1, 1)).await.unwrap()), [10]);
        assert!(after(10, PAGE).await.unwrap().is_empty());
        assert!(before(1, PAGE).await.unwrap().is_empty());
        assert!(after(Seq::MAX, PAGE).await.unwrap().is_empty());
        assert_eq!(seqs(&before(Seq::MAX, page(1, 1)).await.unwrap()), [10]);
        assert_eq!(store.entry(room.clone(), 11).await.unwrap(), None);
        assert_eq!(store.entry(room.clone(), Seq::MAX).await.unwrap(), None);
    }
}

// A deletion that left the text in an edit would have deleted nothing.
#[tokio::test]
async fn a_deleted_text_is_gone_with_its_edits_and_everything_else_comes_back_as_it_was() {
    for Scene {
        store,
        mut commits,
        _folder,
    } in scenes()
    {
        let room = create(&*store, "room").await;
        let emoji = Emoji::parse("👍").unwrap();
        let text = |text| Some(Text::parse(text).unwrap());
        let events = [
            message("first"),
            Event::Message {
                text: text("an answer"),
                reply_to: Some(1),
            },
            Event::Edited {
                of: 1,
                text: text("second"),
            },
            Event::Reacted {
                of: 1,
                emoji,
                on: true,
            },
            Event::Edited {
                of: 2,
                text: text("stays"),
            },
            Event::Deleted { of: 1 },
        ];
        for (number, event) in (0..).zip(events.clone()) {
            store
                .append(room.clone(), entry(1, number, event))
                .await
                .unwrap();
            assert_eq!(
                commits.recv().await.unwrap().entry.event,
                events[number as usize]
            );
        }
        let read = store.read_after(room.clone(), 0, PAGE).await.unwrap();
        let mut expected = events.to_vec();
        expected[0] = Event::Message {
            text: None,
            reply_to: None,
        };
        expected[2] = Event::Edited { of: 1, text: None };
        let events: Vec<_> = read.into_iter().map(|entry| entry.event).collect();
        assert_eq!(events, expected);
    }
}

// A number that both the store and an unstored room gave would hide one of two messages.
#[tokio::test]
async fn what_is_reserved_is_nobody_elses() {
    for Scene { store, _folder, .. } in scenes() {
        let room = create(&*store, "room").await;
        let append = |number| store.append(room.clone(), entry(1, number, message("a")));
        append(1).await.unwrap();
        assert_eq!(store.reserve(room.clone(), 10).await, Ok(1));
        assert_eq!(store.reserve(room.clone(), 10).await, Ok(11));
        assert_eq!(append(2).await.unwrap().seq, 22);
        assert_eq!(store.load().await.unwrap().rooms[0].head, 22);
        let keep = Keep::Entries(std::num::NonZeroU32::MIN);
        let change = Change::Kept {
            room: room.clone(),
            keep,
        };
        store.change(change).await.unwrap();
        let nowhere = store.reserve(super::room("nowhere"), 1).await;
        assert_eq!(nowhere, Err(StoreError::NoSuchRoom));
        while seqs(&store.read_after(room.clone(), 0, PAGE).await.unwrap()) != [22] {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

// The attack: a message with 200,000 edits, whose deletion every other write waited for.
#[tokio::test]
async fn a_message_is_changed_so_often_and_no_more() {
    for Scene { store, _folder, .. } in scenes() {
        let room = create(&*store, "room").await;
        let append = |number, event| store.append(room.clone(), entry(1, number, event));
        append(0, message("first")).await.unwrap();
        let edit = |of| Event::Edited {
            of,
            text: Some(Text::parse("again").unwrap()),
        };
        for number in 1..=500 {
            append(number, edit(1)).await.unwrap();
        }
        assert_eq!(append(501, edit(1)).await, Err(StoreError::TooManyEdits));
        // What was stored is answered again, and other messages are not concerned.
        assert!(append(500, edit(1)).await.unwrap().again);
        append(502, message("second")).await.unwrap();
        append(503, edit(502)).await.unwrap();
        append(504, Event::Deleted { of: 1 }).await.unwrap();
    }
}
