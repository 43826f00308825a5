//! Searches, on every store.

use std::time::Duration;

use super::*;

/// Longer than anything takes in a test.
const LONG: Duration = Duration::from_mins(1);

/// Every store, and a database whose searches walk through what was said.
fn searched() -> Vec<Scene> {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("chat.db")).unwrap();
    // The index may name no message, so every search that could find one walks.
    let store = store.bounded(0, LONG, LONG);
    let mut scenes = scenes();
    scenes.push(scene(Arc::new(store), Some(folder)));
    scenes
}

/// Returns the numbers of the messages that are found, and `true` if there are more.
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

// The last word may still be being typed, so its beginning is enough; a part in the middle is not.
#[tokio::test]
async fn a_search_finds_words_and_the_beginning_of_the_last_newest_first() {
    for Scene { store, _folder, .. } in searched() {
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

// A page may end between two rooms that have messages of the same time.
#[tokio::test]
async fn a_search_goes_on_behind_the_last_through_all_rooms_without_gaps() {
    for Scene { store, _folder, .. } in searched() {
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
                at: None,
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
            at: None,
        });
        let query = Query::parse("word").unwrap();
        assert_eq!(
            store.search(rooms, query, before, PAGE).await,
            Ok(Found::default())
        );
    }
}

// The attack: a text that was edited away or deleted is found by its words.
#[tokio::test]
async fn a_search_follows_edits_and_deletions() {
    for Scene { store, _folder, .. } in searched() {
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

// The attack: operators, columns and quotation marks of FTS5, and of SQL, in a query.
#[tokio::test]
async fn a_query_that_is_fts_syntax_is_only_words() {
    for Scene { store, _folder, .. } in searched() {
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

// Scripts without spaces, accents in both forms, emoji and `C++` were not found, or found wrongly.
#[tokio::test]
async fn words_inside_sentences_accents_wide_forms_and_symbols_are_found_as_they_are_meant() {
    const TEXTS: [&str; 12] = [
        "明日は東京へ行きます。",
        "a cafe\u{301} here",
        "the Café",
        "yes 👍🏽",
        "I like C++.",
        "C and D",
        "Ｗｉｄｅ ﬁne",
        "오늘 학교에서 만나요",
        "京東",
        "ｶﾞｲﾄﾞ and größe",
        "the abc++ of it",
        "50% of a_b",
    ];
    for Scene { store, _folder, .. } in searched() {
        let room = create(&*store, "room").await;
        for (number, text) in (1..).zip(TEXTS) {
            let new = entry(1, number, message(text));
            store.append(room.clone(), new).await.unwrap();
        }
        for (query, expected) in [
            ("東京", vec![1]),
            ("行きます", vec![1]),
            ("東", vec![9, 1]),
            ("東京都", vec![]),
            ("cafe", vec![3, 2]),
            ("CAFE\u{301}", vec![3, 2]),
            ("café the", vec![3]),
            ("👍", vec![4]),
            ("👎", vec![]),
            ("C++", vec![5]),
            ("c", vec![6, 5, 3, 2]),
            ("C d", vec![6]),
            ("wide", vec![7]),
            ("ｗｉｄｅ", vec![7]),
            ("fine", vec![7]),
            ("학교", vec![8]),
            ("ガイド", vec![10]),
            ("GRÖSSE", vec![10]),
            ("50%", vec![12]),
            ("a_b", vec![12]),
            ("%", vec![12]),
        ] {
            let found = found(&*store, &[&room], query, 100).await;
            assert_eq!(found, (expected, false), "{query} in {store:?}");
        }
    }
}

// The index leaves nothing out that a text matches in another way than by its own letters.
#[tokio::test]
async fn what_people_type_is_found_by_the_index_too() {
    for Scene { store, _folder, .. } in searched() {
        let room = create(&*store, "room").await;
        for (number, text) in [
            (1, "대한국인"),
            (2, "वह हिन्दी है"),
            (3, "Łódź by Acme™ now, 50 m² of it"),
            (4, "می‌خواهم محـــمود"),
            (5, "하나"),
        ] {
            let event = entry(1, number, message(text));
            store.append(room.clone(), event).await.unwrap();
        }
        for (query, expected) in [
            ("한국", vec![1]),
            ("한구", vec![1]),
            ("한", vec![5, 1]),
            ("하", vec![5, 1]),
            ("ㅎ", vec![5, 1]),
            ("하나", vec![5]),
            ("हिन", vec![2]),
            ("हिन्द", vec![2]),
            ("lodz", vec![3]),
            ("acme now", vec![3]),
            ("m2", vec![3]),
            ("m now", vec![3]),
            ("محمود", vec![4]),
            ("می خواهم", vec![4]),
            ("ميخواهم", vec![4]),
        ] {
            let (found, _) = found(&*store, &[&room], query, 10).await;
            assert_eq!(found, expected, "{query}");
        }
    }
}

// A query of as many tokens as there can be must not exceed what FTS5 takes.
#[tokio::test]
async fn the_longest_queries_are_taken() {
    let words: String = ('a'..='z')
        .cycle()
        .take(100)
        .flat_map(|c| [c, ' '])
        .collect();
    let symbols = "+".repeat(200);
    let han: String = ('\u{4e00}'..).take(200).collect();
    let spread: String = ('\u{4e00}'..).take(100).flat_map(|c| [c, ' ']).collect();
    for Scene { store, _folder, .. } in searched() {
        let room = create(&*store, "room").await;
        for (number, text) in (1..).zip([&words, &symbols, &han]) {
            let new = entry(1, number, message(text));
            store.append(room.clone(), new).await.unwrap();
        }
        for (query, expected) in [(&words, 1), (&symbols, 2), (&han, 3), (&spread, 3)] {
            let found = found(&*store, &[&room], query, 100).await;
            assert_eq!(found, (vec![expected], false), "{query} in {store:?}");
        }
    }
}

// The race against the clock: with no time at all, each look still has to get on, or a client would
// turn pages for ever.
#[tokio::test]
async fn a_search_whose_time_is_up_goes_on_where_it_stopped_until_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let millis = Arc::new(AtomicI64::new(0));
    let clock = Clock::of(Arc::clone(&millis));
    let store = SqliteStore::open_for_test(&folder.path().join("chat.db"), clock, None).unwrap();
    let store = store.bounded(0, LONG, Duration::ZERO);
    let (one, two) = (create(&store, "one").await, create(&store, "two").await);
    let mut expected = Vec::new();
    for number in 0..30 {
        // Some share their time, also across rooms.
        millis.store(i64::from(number / 4), Ordering::SeqCst);
        let room = if number % 3 == 0 { &one } else { &two };
        // Its grams are those of another word, which it has not.
        let hay = "京都 東京";
        let text = if number % 5 == 0 { "needle" } else { hay };
        let new = entry(1, number, message(text));
        let seq = store.append(room.clone(), new).await.unwrap().seq;
        if number % 5 == 0 {
            expected.push((room.clone(), seq));
        }
    }
    for (query, expected, looks) in [
        ("needle", expected, 30),
        ("東京都", vec![], 30),
        ("nothing", vec![], 1),
    ] {
        let (mut seen, mut before, mut steps) = (Vec::new(), None, 0);
        loop {
            let rooms = vec![one.clone(), two.clone()];
            let query = Query::parse(query).unwrap();
            let found = store.search(rooms, query, before, PAGE).await.unwrap();
            assert!(found.entries.len() <= 1, "{found:?}");
            let entries = found.entries.into_iter();
            seen.extend(entries.map(|found| (found.room, found.entry.seq)));
            before = found.next;
            steps += 1;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(steps, looks, "each looks at one message: {query}");
        seen.sort_unstable();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(seen, expected);
    }
}

// The attack: a word that every message has, so that the index takes too long to name them.
#[tokio::test]
async fn a_search_whose_index_takes_too_long_finds_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("chat.db")).unwrap();
    // The clock is looked at after thousands of steps only.
    let store = store.bounded(usize::MAX, Duration::ZERO, LONG);
    let room = create(&store, "room").await;
    let appends: Vec<_> = (0..5_000)
        .map(|number| store.append(room.clone(), entry(1, number, message("word"))))
        .collect();
    for append in appends {
        append.await.unwrap();
    }
    let (mut seen, mut before) = (0, None);
    loop {
        let query = Query::parse("wor").unwrap();
        let found = store.search(vec![room.clone()], query, before, PAGE).await;
        let found = found.unwrap();
        seen += found.entries.len();
        before = found.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, 5_000);
}

// The loss: everything behind a cursor whose message retention had taken, or whose room was renamed.
#[tokio::test]
async fn a_search_goes_on_behind_a_message_that_is_gone() {
    for Scene { store, _folder, .. } in searched() {
        let rooms = [create(&*store, "aa").await, create(&*store, "zz").await];
        for number in 0..4 {
            let room = rooms[usize::try_from(number % 2).unwrap()].clone();
            let said = entry(1, number, message("word"));
            store.append(room, said).await.unwrap();
            // The times differ.
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        let query = Query::parse("word").unwrap();
        let one = PageSize {
            entries: 2,
            bytes: 1 << 20,
        };
        let first = store.search(rooms.to_vec(), query.clone(), None, one).await;
        let first = first.unwrap();
        let last = first.entries.last().unwrap();
        for (of, seq) in [(last.room.clone(), 99), (room("renamed"), 1)] {
            let before = Some(Cursor {
                room: of,
                seq,
                at: Some(last.entry.at),
            });
            let rest = store
                .search(rooms.to_vec(), query.clone(), before, PAGE)
                .await;
            let rest = rest.unwrap().entries;
            // The message of the cursor's own time may come again.
            let seqs: Vec<_> = rest
                .iter()
                .map(|it| (it.room.clone(), it.entry.seq))
                .collect();
            assert!(seqs.contains(&(rooms[0].clone(), 1)), "{seqs:?}");
            assert!(seqs.contains(&(rooms[1].clone(), 1)), "{seqs:?}");
        }
    }
}
