//! The database's index of words follows its messages.

use super::*;

/// Returns the numbers of a room's messages with this word.
async fn found(store: &dyn Store, room: &RoomId, word: &str) -> Vec<Seq> {
    let query = Query::parse(word).unwrap();
    let found = store.search(vec![room.clone()], query, None, PAGE).await;
    let found = found.unwrap().entries;
    found.iter().map(|found| found.entry.seq).collect()
}

// The index gets messages many at a time; none may be missed by a search, an edit or a crash.
#[tokio::test]
async fn what_was_acked_is_found_at_once_and_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let store = SqliteStore::open(&path).unwrap();
    let (room, other) = (create(&store, "room").await, create(&store, "other").await);
    let mut number = 0;
    let mut say = |room: &RoomId, event: Event| {
        number += 1;
        store.append(room.clone(), entry(1, number, event))
    };
    say(&room, message("zebra")).await.unwrap();
    assert_eq!(found(&store, &room, "zebra").await, [1]);
    say(&room, message("zebra and quagga")).await.unwrap();
    say(&other, message("zebra")).await.unwrap();
    let text = Some(Text::parse("horse").unwrap());
    // In one group, and of a message that the index does not have yet.
    let (edited, said, deleted) = (
        say(&room, Event::Edited { of: 2, text }),
        say(&room, message("zebra foal")),
        say(&room, Event::Deleted { of: 1 }),
    );
    edited.await.unwrap();
    said.await.unwrap();
    deleted.await.unwrap();
    // As a crash leaves it: nothing is written when the server ends.
    let copied = folder.path().join("copy.db");
    for suffix in ["", "-wal"] {
        let [from, to] = [&path, &copied].map(|path| {
            let mut path = path.as_os_str().to_owned();
            path.push(suffix);
            path
        });
        std::fs::copy(from, to).unwrap();
    }
    for store in [store, SqliteStore::open(&copied).unwrap()] {
        assert_eq!(found(&store, &room, "zebra").await, [4]);
        assert_eq!(found(&store, &room, "horse").await, [2]);
        assert_eq!(found(&store, &room, "quagga").await, [0; 0]);
        assert_eq!(found(&store, &other, "zebra").await, [1]);
    }
}

/// Appends so many texts of thousands of different words, and waits until the index has them.
async fn say_dense(store: &SqliteStore, room: &RoomId, texts: u8) {
    let first = u32::from('\u{4e00}');
    for number in 0..texts {
        // Pairs of characters are its words, and hardly one comes twice.
        let character = |at: u32| {
            let step = (at * 7_919 + u32::from(number) * 104_729) % 20_000;
            char::from_u32(first + step).unwrap()
        };
        let text: String = (0..5_400).map(character).collect();
        let sent = store.append(room.clone(), entry(1, number.into(), message(&text)));
        sent.await.unwrap();
    }
    assert_eq!(found(store, room, "kept").await, [0; 0]);
}

/// Waits until no change of the index waits in a database.
async fn all_changes_made(path: &std::path::Path) {
    let reader = rusqlite::Connection::open(path).unwrap();
    let waiting = || -> i64 {
        let sql = "SELECT count(*) FROM word_changes";
        reader.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    while waiting() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

// The loss: changes that waited when the server stopped were never made, so that searches missed
// edited messages, and words of deleted ones stayed on the disk.
#[tokio::test]
async fn changes_of_the_index_that_waited_at_a_stop_are_made_after_it() {
    const TEXTS: u8 = 40;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let store = SqliteStore::open(&path).unwrap();
    let room = create(&store, "room").await;
    say_dense(&store, &room, TEXTS).await;
    let mut changes = Vec::new();
    for number in 0..TEXTS {
        let of = Seq::from(number) + 1;
        let event = match number % 2 {
            0 => Event::Deleted { of },
            _ => Event::Edited {
                of,
                text: Some(Text::parse("zebra").unwrap()),
            },
        };
        let new = entry(1, u32::from(TEXTS + number), event);
        changes.push(store.append(room.clone(), new));
    }
    // In one group: hardly any of them is made before the store is closed.
    for changed in changes {
        changed.await.unwrap();
    }
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    let edited: Vec<Seq> = (1..=Seq::from(TEXTS))
        .rev()
        .filter(|seq| seq % 2 == 0)
        .collect();
    assert_eq!(found(&store, &room, "zebra").await, edited);
    all_changes_made(&path).await;
    assert_eq!(found(&store, &room, "zebra").await, edited);
}

// The attack: a text of thousands of different words takes a tenth of a second to be taken out of the
// index, and sixty deletions stopped every write for eight seconds.
#[tokio::test]
async fn a_write_does_not_wait_for_the_words_of_the_messages_deleted_before_it() {
    const TEXTS: u8 = 30;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let store = SqliteStore::open(&path).unwrap();
    let room = create(&store, "room").await;
    say_dense(&store, &room, TEXTS).await;
    let deletions: Vec<_> = (0..TEXTS)
        .map(|number| {
            let of = Seq::from(number) + 1;
            let deleted = entry(1, u32::from(TEXTS + number), Event::Deleted { of });
            store.append(room.clone(), deleted)
        })
        .collect();
    let kept = entry(1, u32::from(TEXTS) * 2, message("kept"));
    store.append(room.clone(), kept).await.unwrap();
    for deleted in deletions {
        deleted.await.unwrap();
    }
    let reader = rusqlite::Connection::open(&path).unwrap();
    let waiting = || -> i64 {
        let sql = "SELECT count(*) FROM word_changes";
        reader.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert!(
        waiting() > 100,
        "the write came after all of them: {}",
        waiting()
    );
    while waiting() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(
        found(&store, &room, "kept").await,
        [Seq::from(TEXTS) * 2 + 1]
    );
    let sql = "SELECT count(*) FROM words WHERE words MATCH ?1";
    let left: i64 = reader
        .query_row(sql, ["\"\u{e100}\u{4e00}\" *"], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

// A search that nothing can be written for looks at every message instead.
#[tokio::test]
async fn a_full_disk_hides_no_message_from_a_search() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let store = sqlite(&path, &Arc::new(AtomicI64::new(0)), Some(100));
    let room = create(&store, "room").await;
    let mut acked = Vec::new();
    for number in 0.. {
        // Words that the index does not have yet, so that it needs more pages.
        let text = format!("zebra {number} {}", "x".repeat(2_000));
        match store
            .append(room.clone(), entry(1, number, message(&text)))
            .await
        {
            Ok(appended) => acked.push(appended.seq),
            Err(StoreError::Full) => break,
            Err(error) => panic!("{error}"),
        }
    }
    acked.reverse();
    let zebras = found(&store, &room, "zebra").await;
    assert!(!zebras.is_empty());
    assert_eq!(zebras, acked[..zebras.len()]);
}

/// Returns the texts that a room's messages have now, by number.
fn present(entries: &[Entry]) -> std::collections::BTreeMap<Seq, String> {
    let mut texts = std::collections::BTreeMap::new();
    for entry in entries {
        match &entry.event {
            Event::Message { text, .. } => {
                texts.insert(entry.seq, text.as_ref().map(ToString::to_string));
            }
            Event::Edited {
                of,
                text: Some(text),
            } => {
                texts.insert(*of, Some(text.to_string()));
            }
            Event::Deleted { of } => {
                texts.insert(*of, None);
            }
            _ => {}
        }
    }
    let present = texts.into_iter();
    present
        .filter_map(|(seq, text)| Some((seq, text?)))
        .collect()
}

// Messages, edits and deletions in any order, before and after they are indexed, with searches,
// retention and restarts in between: the index names what is there and nothing else.
#[tokio::test]
async fn the_index_follows_whatever_happens_to_messages() {
    const WORDS: [&str; 5] = ["zebra", "quagga", "東京", "c++", "okapi"];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let millis = Arc::new(AtomicI64::new(1));
    let mut store = sqlite(&path, &millis, None);
    let rooms = [create(&store, "room").await, create(&store, "brief").await];
    let keep = Keep::Entries(std::num::NonZeroU32::new(60).unwrap());
    let brief = rooms[1].clone();
    store
        .change(Change::Kept { room: brief, keep })
        .await
        .unwrap();
    let mut random = 7_u32;
    let mut next = |below: u32| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) % below
    };
    for number in 0..1_500 {
        let room = rooms[next(2) as usize].clone();
        let page = store
            .read_before(room.clone(), Seq::MAX, PAGE)
            .await
            .unwrap();
        let texts = present(&page);
        let own = texts.keys().nth(next(30) as usize).copied();
        let text = format!("{} {}", WORDS[next(5) as usize], WORDS[next(5) as usize]);
        let event = match (next(10), own) {
            (0, Some(of)) => Event::Deleted { of },
            (1 | 2, Some(of)) => {
                let text = Some(Text::parse(&text).unwrap());
                Event::Edited { of, text }
            }
            _ => message(&text),
        };
        store
            .append(room.clone(), entry(1, number, event))
            .await
            .unwrap();
        match next(40) {
            0 => {
                drop(store);
                store = sqlite(&path, &millis, None);
            }
            1..=3 => {
                let word = WORDS[next(5) as usize];
                let found = found(&store, &room, word).await;
                let page = store.read_before(room, Seq::MAX, PAGE).await.unwrap();
                let first = page.first().map_or(0, |entry| entry.seq);
                // A page of the room's end is compared; retention may go on between the two reads.
                let found: Vec<_> = found
                    .into_iter()
                    .filter(|seq| *seq >= first)
                    .rev()
                    .collect();
                let texts = present(&page);
                let has = |(seq, text): (&Seq, &String)| text.contains(word).then_some(*seq);
                let expected: Vec<_> = texts.iter().filter_map(has).collect();
                let expected: Vec<_> = expected.into_iter().filter(|seq| *seq >= first).collect();
                assert_eq!(found, expected, "{word} after {number}");
            }
            _ => {}
        }
    }
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let sql = "INSERT INTO words (words) VALUES ('integrity-check')";
    connection.execute_batch(sql).unwrap();
    assert_references(&connection);
    // Whatever the index names is a message with that word.
    let sql = "SELECT count(*) FROM words LEFT JOIN entries ON place = words.rowid
               WHERE words MATCH 'zebra' AND (kind IS NOT 0 OR text IS NULL)";
    let strays: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(strays, 0);
}

// The attack: messages and the end of their room in one write. Their words are not in the index, and
// taking them out all the same spoilt it for every other room.
#[tokio::test]
async fn a_room_that_is_deleted_with_its_last_messages_leaves_the_index_sound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let store = sqlite(&path, &Arc::new(AtomicI64::new(0)), None);
    let (room, other) = (create(&store, "room").await, create(&store, "other").await);
    let mut writes = Vec::new();
    for number in 0..10 {
        writes.push(store.append(other.clone(), entry(1, number, message("okapi"))));
    }
    for number in 0..50 {
        let text = message(&format!("zebra {number}"));
        writes.push(store.append(room.clone(), entry(1, number, text)));
    }
    let deleted = Change::RoomDeleted { room };
    let deleted = store.change(deleted);
    for write in writes {
        write.await.unwrap();
    }
    deleted.await.unwrap();
    for number in 0..10 {
        let deletion = Event::Deleted { of: number + 1 };
        let number = u32::try_from(number).unwrap() + 100;
        let deletion = entry(1, number, deletion);
        store.append(other.clone(), deletion).await.unwrap();
    }
    assert_eq!(found(&store, &other, "okapi").await, [0; 0]);
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let sql = "INSERT INTO words (words) VALUES ('integrity-check')";
    connection.execute_batch(sql).unwrap();
    assert_references(&connection);
    let left: i64 = connection
        .query_row("SELECT count(*) FROM entries WHERE room = 1", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(left, 0);
}
