//! Searches, on every store.

use super::*;

/// The numbers of what is found in a room, and whether there is more.
async fn found(
    store: &dyn Store,
    rooms: &[&RoomId],
    query: &str,
    entries: u32,
) -> (Vec<Seq>, bool) {
    let rooms = rooms.iter().map(|room| (*room).clone()).collect();
    let query = Query::parse(query).unwrap();
    let page = PageSize { entries, ..PAGE };
    let found = store.search(rooms, query, None, page).await.unwrap();
    (
        found.entries.iter().map(|found| found.entry.seq).collect(),
        found.next.is_some(),
    )
}

#[tokio::test]
async fn a_search_finds_words_and_the_beginning_of_the_last_newest_first() {
    for Scene { store, _folder, .. } in scenes() {
        let room = create(&*store, "room").await;
        for (number, text) in [
            (1, "The blue boat"),
            (2, "blue, BOATS!"),
            (3, "a blueish boat"),
            (4, "größe"),
        ] {
            store
                .append(room.clone(), entry(1, number, message(text)))
                .await
                .unwrap();
        }
        for (query, expected) in [
            ("blue boat", vec![2, 1]),
            ("boat", vec![3, 2, 1]),
            ("BOAT blue", vec![3, 1]),
            ("blue the", vec![1]),
            ("oat", vec![]),
            ("GRÖ", vec![4]),
        ] {
            assert_eq!(
                found(&*store, &[&room], query, 10).await,
                (expected, false),
                "{query}"
            );
        }
        assert_eq!(found(&*store, &[], "boat", 10).await, (vec![], false));
        assert_eq!(
            found(&*store, &[&room], "boat", 2).await,
            (vec![3, 2], true)
        );
    }
}

#[tokio::test]
async fn a_search_goes_on_behind_the_last_through_all_rooms_without_gaps() {
    for Scene { store, _folder, .. } in scenes() {
        let rooms = vec![create(&*store, "one").await, create(&*store, "two").await];
        for number in 0..10 {
            let room = rooms[usize::from(number % 2 == 1)].clone();
            store
                .append(room, entry(1, number, message("word")))
                .await
                .unwrap();
        }
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = PageSize { entries: 3, ..PAGE };
            let query = Query::parse("word").unwrap();
            let found = store
                .search(rooms.clone(), query, before, page)
                .await
                .unwrap();
            seen.extend(
                found
                    .entries
                    .iter()
                    .map(|it| (it.room.clone(), it.entry.seq)),
            );
            let last = found.entries.last().unwrap();
            before = Some(Cursor {
                room: last.room.clone(),
                seq: last.entry.seq,
            });
            if found.next.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 10);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 10);
        let before = Some(Cursor {
            room: rooms[0].clone(),
            seq: 99,
        });
        let query = Query::parse("word").unwrap();
        assert_eq!(
            store.search(rooms, query, before, PAGE).await,
            Ok(Found::default())
        );
    }
}

#[tokio::test]
async fn a_search_follows_edits_and_deletions() {
    for Scene { store, _folder, .. } in scenes() {
        let room = create(&*store, "room").await;
        let append = |number, event| store.append(room.clone(), entry(1, number, event));
        append(1, message("first")).await.unwrap();
        append(2, message("first too")).await.unwrap();
        let text = |text| Some(Text::parse(text).unwrap());
        append(
            3,
            Event::Edited {
                of: 1,
                text: text("second"),
            },
        )
        .await
        .unwrap();
        append(
            4,
            Event::Edited {
                of: 1,
                text: text("third"),
            },
        )
        .await
        .unwrap();
        // Sent again: nothing changes.
        append(
            4,
            Event::Edited {
                of: 1,
                text: text("third"),
            },
        )
        .await
        .unwrap();
        for (query, expected) in [("first", vec![2]), ("second", vec![]), ("third", vec![1])] {
            assert_eq!(
                found(&*store, &[&room], query, 10).await.0,
                expected,
                "{query}"
            );
        }
        let query = Query::parse("third").unwrap();
        let it = store
            .search(vec![room.clone()], query, None, PAGE)
            .await
            .unwrap();
        assert_eq!(it.entries[0].entry.event, message("third"));
        append(5, Event::Deleted { of: 1 }).await.unwrap();
        append(
            6,
            Event::Edited {
                of: 1,
                text: text("third"),
            },
        )
        .await
        .unwrap();
        append(7, Event::Deleted { of: 1 }).await.unwrap();
        assert_eq!(
            found(&*store, &[&room], "third", 10).await.0,
            Vec::<Seq>::new()
        );
        let gone = Change::RoomDeleted { room: room.clone() };
        store.change(gone).await.unwrap();
        let room = create(&*store, "room").await;
        store
            .append(room.clone(), entry(1, 1, message("new")))
            .await
            .unwrap();
        assert_eq!(
            found(&*store, &[&room], "first", 10).await.0,
            Vec::<Seq>::new()
        );
        assert_eq!(found(&*store, &[&room], "new", 10).await.0, vec![1]);
    }
}

#[tokio::test]
async fn a_query_that_is_fts_syntax_is_only_words() {
    for Scene { store, _folder, .. } in scenes() {
        let room = create(&*store, "room").await;
        store
            .append(room.clone(), entry(1, 1, message("plain words or near")))
            .await
            .unwrap();
        for (query, expected) in [
            ("\"", None),
            ("words\" OR \"x", Some(vec![])),
            ("plain OR words", Some(vec![1])),
            ("NEAR(plain words, 5)", Some(vec![])),
            ("text:words", Some(vec![])),
            ("-words", Some(vec![1])),
            ("^plain AND", Some(vec![])),
            ("words*", Some(vec![1])),
            ("words') --", Some(vec![1])),
            ("plain;DROP", Some(vec![])),
            ("words\0", Some(vec![1])),
        ] {
            match expected {
                None => assert!(Query::parse(query).is_err()),
                Some(seqs) => {
                    assert_eq!(found(&*store, &[&room], query, 10).await.0, seqs, "{query}");
                }
            }
        }
    }
}
