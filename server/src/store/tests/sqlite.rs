//! Promises of the database alone: the disk, retention and export.

use super::*;

/// Opens a database with a clock that a test moves.
fn sqlite(path: &Path, millis: &Arc<AtomicI64>, pages: Option<u32>) -> SqliteStore {
    SqliteStore::open_for_test(path, Clock::of(Arc::clone(millis)), pages).unwrap()
}

// The times of a room rise, also over a restart, whatever the wall clock does.
#[tokio::test]
async fn a_clock_that_is_set_back_does_not_set_a_room_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let clock = Arc::new(AtomicI64::new(5000));
    let store = sqlite(&path, &clock, None);
    let room = create(&store, "room").await;
    let mut times = Vec::new();
    for (number, now) in [(0, 5000), (1, 3000), (2, 6000)] {
        clock.store(now, Ordering::SeqCst);
        let appended = store
            .append(room.clone(), entry(1, number, message("a")))
            .await;
        times.push(appended.unwrap().at.unix_millis());
    }
    drop(store);
    clock.store(10, Ordering::SeqCst);
    let store = sqlite(&path, &clock, None);
    let appended = store.append(room, entry(1, 3, message("a"))).await.unwrap();
    times.push(appended.at.unix_millis());
    assert_eq!(times, [5000, 5000, 6000, 6000]);
}

// The fault: no space left. What was acknowledged stays, and what is refused is not there.
#[tokio::test]
async fn a_full_disk_refuses_loses_nothing_and_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let clock = Arc::new(AtomicI64::new(0));
    // 60 pages of 4 KiB: SQLite then fails as on a full disk.
    let store = sqlite(&path, &clock, Some(60));
    let room = create(&store, "room").await;
    let mut acked = Vec::new();
    let mut refused = 0;
    for number in 0..100 {
        let event = message(&"x".repeat(8000));
        match store.append(room.clone(), entry(1, number, event)).await {
            Ok(appended) => acked.push(appended.seq),
            Err(StoreError::Full) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(refused > 50 && acked.len() > 5, "{refused} refused");
    assert_eq!(acked, (1..=acked.len() as u64).collect::<Vec<_>>());
    // Reading goes on.
    let page = store
        .read_before(room.clone(), Seq::MAX, PAGE)
        .await
        .unwrap();
    assert_eq!(page.last().map(|entry| entry.seq), acked.last().copied());
    drop(store);
    // With space again, it goes on where it was.
    let store = sqlite(&path, &clock, None);
    let next = store
        .append(room, entry(1, 1000, message("a")))
        .await
        .unwrap();
    assert_eq!(next.seq, acked.len() as u64 + 1);
}

// The attacks: another user of the machine reads the files, and a second server writes into them.
#[tokio::test]
async fn the_database_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let store = SqliteStore::open(&path).unwrap();
    let room = create(&store, "room").await;
    store.append(room, entry(1, 1, message("a"))).await.unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.path());
    }
    let second = SqliteStore::open(&path);
    assert!(matches!(second, Err(OpenError::InUse(_))), "{second:?}");
}

// The attack: somebody with the disk looks for deleted texts, in the tables, the index and the log.
#[tokio::test]
async fn the_words_of_what_is_deleted_are_not_left_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let millis = Arc::new(AtomicI64::new(0));
    let on_disk = |word: &str| {
        let bytes = std::fs::read(&path).unwrap();
        bytes.windows(word.len()).any(|at| at == word.as_bytes())
    };
    let room = room("room");
    {
        let store = sqlite(&path, &millis, None);
        create(&store, "room").await;
        for (number, text) in [
            (1, "xylophone"),
            (2, "quartz"),
            (3, "jukebox"),
            (4, "wolfram"),
        ] {
            let new = entry(1, number, message(text));
            store.append(room.clone(), new).await.unwrap();
        }
        let text = Some(Text::parse("zeppelin").unwrap());
        let edit = entry(1, 5, Event::Edited { of: 2, text });
        store.append(room.clone(), edit).await.unwrap();
    }
    for word in ["xylophone", "quartz", "zeppelin", "jukebox", "wolfram"] {
        assert!(on_disk(word), "{word}");
    }
    {
        let store = sqlite(&path, &millis, None);
        for (number, of) in [(6, 1), (7, 2)] {
            let deletion = entry(1, number, Event::Deleted { of });
            store.append(room.clone(), deletion).await.unwrap();
        }
    }
    for word in ["xylophone", "quartz", "zeppelin"] {
        assert!(!on_disk(word), "{word}");
    }
    assert!(on_disk("jukebox"));
    {
        let store = sqlite(&path, &millis, None);
        let gone = Change::RoomDeleted { room };
        store.change(gone).await.unwrap();
    }
    assert!(!on_disk("jukebox") && !on_disk("wolfram"));
}

// Operators export rooms without stopping the server.
#[tokio::test]
async fn a_room_is_exported_in_order_while_a_server_runs_and_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let missing = export(&path, &room("room"), &mut Vec::new()).unwrap_err();
    assert!(
        matches!(missing, ExportError::Open(OpenError::Io(..))),
        "{missing}"
    );
    assert!(!path.exists());

    let store = sqlite(&path, &Arc::new(AtomicI64::new(0)), None);
    let room = create(&store, "room").await;
    for (number, text) in [(1, "one"), (2, "two\nlines"), (3, "three")] {
        let new = entry(1, number, message(text));
        store.append(room.clone(), new).await.unwrap();
    }
    let read = || {
        let mut out = Vec::new();
        export(&path, &room, &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        let line = |line| serde_json::from_str::<RoomEntry>(line).unwrap();
        out.lines().map(line).collect::<Vec<_>>()
    };
    let live = read();
    assert_eq!(live.len(), 3);
    assert_eq!(
        (live[1].entry.seq, &live[1].entry.event),
        (2, &message("two\nlines"))
    );
    let nowhere = export(&path, &super::room("nowhere"), &mut Vec::new());
    assert!(matches!(
        nowhere,
        Err(ExportError::Store(StoreError::NoSuchRoom))
    ));
    drop(store);
    assert_eq!(read(), live);
    // The export must not take any file for a database, nor make one.
    std::fs::write(&path, "no database").unwrap();
    let wrong = export(&path, &room, &mut Vec::new()).unwrap_err();
    assert!(
        matches!(wrong, ExportError::Open(OpenError::NotADatabase(_))),
        "{wrong}"
    );
}

// Retention must leave neither words in the index nor numbers to be given twice.
#[tokio::test]
async fn what_is_too_old_goes_with_its_words_and_its_number_is_not_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let day = 24 * 60 * 60 * 1000;
    let millis = Arc::new(AtomicI64::new(day));
    let store = sqlite(&path, &millis, None);
    let kept = create(&store, "kept").await;
    let room = create(&store, "room").await;
    let keep = Keep::Days(std::num::NonZeroU32::new(2).unwrap());
    let change = Change::Kept {
        room: room.clone(),
        keep,
    };
    store.change(change).await.unwrap();
    // More than one batch of them is old.
    for number in 0..700 {
        let text = message(&format!("zebra {number}"));
        store
            .append(room.clone(), entry(1, number, text))
            .await
            .unwrap();
    }
    store
        .append(kept.clone(), entry(1, 1, message("zebra")))
        .await
        .unwrap();
    // The young one is a day younger, and not old when the others are.
    millis.store(2 * day, Ordering::SeqCst);
    store
        .append(room.clone(), entry(1, 9000, message("zebra young")))
        .await
        .unwrap();
    millis.store(3 * day, Ordering::SeqCst);
    let left = loop {
        let left = store.read_after(room.clone(), 0, PAGE).await.unwrap();
        if left.len() == 1 {
            break left;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    assert_eq!(seqs(&left), [701]);
    let query = Query::parse("zebra").unwrap();
    let rooms = vec![room.clone(), kept.clone()];
    let found = store.search(rooms, query, None, PAGE).await.unwrap();
    assert_eq!(
        found.entries.len(),
        2,
        "the young one, and the one that is kept"
    );
    assert_eq!(store.entry(room.clone(), 5).await.unwrap(), None);
    // All of it goes, and the numbers go on, also after a restart.
    millis.store(9 * day, Ordering::SeqCst);
    while !store
        .read_after(room.clone(), 0, PAGE)
        .await
        .unwrap()
        .is_empty()
    {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    drop(store);
    let store = sqlite(&path, &millis, None);
    let loaded = store.load().await.unwrap();
    let record = loaded
        .rooms
        .iter()
        .find(|record| record.room == room)
        .unwrap();
    assert_eq!((record.head, record.keep), (701, keep));
    let appended = store
        .append(room, entry(1, 5, message("again")))
        .await
        .unwrap();
    assert_eq!((appended.seq, appended.again), (702, false));
    assert_eq!(seqs(&store.read_after(kept, 0, PAGE).await.unwrap()), [1]);
}

/// A writer that takes an export, and stalls at its first byte until the test lets it go on.
struct Stalled {
    out: Vec<u8>,
    stalls: Option<(std::sync::mpsc::Sender<()>, std::sync::mpsc::Receiver<()>)>,
}

impl std::io::Write for Stalled {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Some((stalled, go_on)) = self.stalls.take() {
            stalled.send(()).unwrap();
            go_on.recv().unwrap();
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

// The stall: an export that nobody read kept the log growing, and deleted texts in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_export_keeps_no_deleted_text_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let store = sqlite(&path, &Arc::new(AtomicI64::new(0)), None);
    let room = create(&store, "room").await;
    for number in 1..=600 {
        // On the second page of the export, which stalls within the first.
        let text = if number == 600 { "xylophone" } else { "other" };
        let new = entry(1, number, message(text));
        store.append(room.clone(), new).await.unwrap();
    }
    let (stalled, is_stalled) = std::sync::mpsc::channel();
    let (go_on, told) = std::sync::mpsc::channel();
    let (from, of) = (path.clone(), room.clone());
    let exported = tokio::task::spawn_blocking(move || {
        let mut out = Stalled {
            out: Vec::new(),
            stalls: Some((stalled, told)),
        };
        export(&from, &of, &mut out).unwrap();
        String::from_utf8(out.out).unwrap()
    });
    tokio::task::spawn_blocking(move || is_stalled.recv().unwrap())
        .await
        .unwrap();
    let deletion = entry(1, 601, Event::Deleted { of: 600 });
    store.append(room.clone(), deletion).await.unwrap();
    let on_disk = || {
        let files = std::fs::read_dir(folder.path()).unwrap();
        let mut bytes = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        bytes.any(|bytes| bytes.windows(9).any(|at| at == b"xylophone"))
    };
    while on_disk() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    go_on.send(()).unwrap();
    let exported = exported.await.unwrap();
    let lines: Vec<RoomEntry> = exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // What was written after the beginning is not part of it.
    assert_eq!(lines.len(), 600);
    let gone = Event::Message {
        text: None,
        reply_to: None,
    };
    assert_eq!(lines[599].entry.event, gone);
}

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

// The attack: a disk that strangers fill for good.
#[tokio::test]
async fn a_history_of_its_largest_size_takes_nothing_but_deletions_until_it_is_smaller() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let store = SqliteStore::open_bounded(&path, 1 << 20).unwrap();
    let (room, other) = (create(&store, "room").await, create(&store, "other").await);
    let mut acked = 0;
    let refused = loop {
        let new = entry(1, acked, message(&"x".repeat(8_000)));
        match store.append(room.clone(), new).await {
            Ok(_) => acked += 1,
            Err(error) => break error,
        }
        // The size is looked at now and then, so that what is written meanwhile passes it.
        assert!(acked < 1_000_000);
    };
    assert_eq!(refused, StoreError::HistoryFull);
    // What was sent before is answered as before.
    let again = entry(1, 0, message(&"x".repeat(8_000)));
    assert!(store.append(room.clone(), again).await.unwrap().again);
    let deletion = entry(1, 2_000_000, Event::Deleted { of: 1 });
    store.append(room.clone(), deletion).await.unwrap();
    let change = Change::RoomDeleted { room };
    store.change(change).await.unwrap();
    for number in 3_000_000.. {
        let new = entry(1, number, message("there is space again"));
        match store.append(other.clone(), new).await {
            Ok(_) => break,
            Err(error) => assert_eq!(error, StoreError::HistoryFull),
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
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
    let left: i64 = connection
        .query_row("SELECT count(*) FROM entries WHERE room = 1", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(left, 0);
}
