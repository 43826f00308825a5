//! Promises of the database alone: the disk and export.

use super::*;

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
    // Each was asked for alone, and so failed alone.
    assert_eq!(store.metrics().store_failures.get(), refused);
    assert!(store.metrics().commit.count() >= acked.len() as u64);
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

// The attack: a disk that strangers fill for good.
#[tokio::test]
async fn a_history_of_its_largest_size_takes_nothing_but_deletions_until_it_is_smaller() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let store = SqliteStore::open_bounded(&path, 1 << 20, &Arc::default()).unwrap();
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

// What somebody copies who does not know of the log.
#[tokio::test]
async fn an_idle_server_has_its_whole_history_in_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let log = folder.path().join("chat.db-wal");
    let emptied = async || {
        while std::fs::metadata(&log).unwrap().len() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let store = sqlite(&path, &Arc::new(AtomicI64::new(0)), None);
    let room = create(&store, "room").await;
    for number in 1..=3 {
        let new = entry(1, number, message("hello"));
        store.append(room.clone(), new).await.unwrap();
        emptied().await;
        // The database alone, while the store is open.
        let copy = folder.path().join("copy.db");
        std::fs::copy(&path, &copy).unwrap();
        let copied = sqlite(&copy, &Arc::default(), None);
        let page = copied.read_after(room.clone(), 0, PAGE).await.unwrap();
        assert_eq!(page.len(), number as usize);
    }
    // A reader that needs the log, as a backup does, keeps it; it is emptied afterwards.
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM entries")
        .unwrap();
    let new = entry(1, 4, message("meanwhile"));
    store.append(room, new).await.unwrap();
    assert!(std::fs::metadata(&log).unwrap().len() > 0);
    reader.execute_batch("COMMIT").unwrap();
    emptied().await;
}
