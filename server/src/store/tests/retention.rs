//! What the database removes by itself.

use super::*;

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
    assert_references(&rusqlite::Connection::open(&path).unwrap());
}

/// Waits until a room has entries of these numbers only.
async fn until_left(store: &dyn Store, room: &RoomId, left: &[Seq]) {
    while seqs(&store.read_after(room.clone(), 0, PAGE).await.unwrap()) != left {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

const DAY: i64 = 24 * 60 * 60 * 1000;

fn keep_a_day(room: &RoomId) -> Change {
    Change::Kept {
        room: room.clone(),
        keep: Keep::Days(std::num::NonZeroU32::new(1).unwrap()),
    }
}

// The fault: the edit was too old, its message from a clock that was ahead was not, and showed the
// text that its writer had taken back.
#[tokio::test]
async fn an_edit_stays_as_long_as_its_message() {
    let folder = tempfile::tempdir().unwrap();
    let millis = Arc::new(AtomicI64::new(1000 * DAY));
    let store = sqlite(&folder.path().join("chat.db"), &millis, None);
    let room = create(&store, "room").await;
    let append = |number, event| store.append(room.clone(), entry(1, number, event));
    append(1, message("first")).await.unwrap();
    millis.store(DAY, Ordering::SeqCst);
    append(2, message("other")).await.unwrap();
    let edit = Event::Edited {
        of: 1,
        text: Some(Text::parse("second").unwrap()),
    };
    append(3, edit).await.unwrap();
    store.change(keep_a_day(&room)).await.unwrap();
    millis.store(5 * DAY, Ordering::SeqCst);
    until_left(&store, &room, &[1, 3]).await;
    millis.store(1002 * DAY, Ordering::SeqCst);
    until_left(&store, &room, &[]).await;
}

// The fault: entries that could not be removed kept those of every other room.
#[tokio::test]
async fn rooms_that_cannot_be_swept_keep_nothing_of_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let millis = Arc::new(AtomicI64::new(DAY));
    let store = sqlite(&path, &millis, None);
    let mut rooms = Vec::new();
    for name in ["broken", "broken-too", "deleted", "swept"] {
        let room = create(&store, name).await;
        let appended = store
            .append(room.clone(), entry(1, 1, message("quagga")))
            .await;
        appended.unwrap();
        rooms.push(room);
    }
    // Stands for damaged pages.
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER damaged BEFORE DELETE ON entries WHEN old.room IN (1, 2)
             BEGIN SELECT RAISE(ABORT, 'damaged'); END",
        )
        .unwrap();
    for room in [&rooms[1], &rooms[3]] {
        store.change(keep_a_day(room)).await.unwrap();
    }
    for room in [&rooms[0], &rooms[2]] {
        let deleted = Change::RoomDeleted { room: room.clone() };
        store.change(deleted).await.unwrap();
    }
    millis.store(3 * DAY, Ordering::SeqCst);
    until_left(&store, &rooms[3], &[]).await;
    let count = || -> i64 {
        let sql = "SELECT count(*) FROM entries WHERE room NOT IN (1, 2)";
        other.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    while count() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(
        seqs(&store.read_after(rooms[1].clone(), 0, PAGE).await.unwrap()),
        [1]
    );
}

// The loss: a server that starts with a clock years ahead removed its history in the first seconds.
#[tokio::test]
async fn a_clock_that_is_far_ahead_at_the_start_removes_nothing_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let millis = Arc::new(AtomicI64::new(DAY));
    let store = sqlite(&path, &millis, None);
    let (room, other) = (create(&store, "room").await, create(&store, "other").await);
    store.change(keep_a_day(&room)).await.unwrap();
    for room in [&room, &other] {
        let appended = store.append(room.clone(), entry(1, 1, message("a"))).await;
        appended.unwrap();
    }
    drop(store);
    millis.store(700 * DAY, Ordering::SeqCst);
    let store = sqlite(&path, &millis, None);
    // A deleted room goes all the same, and with it a sweep has passed.
    let deleted = Change::RoomDeleted { room: other };
    store.change(deleted).await.unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let entries = || -> i64 {
        connection
            .query_row("SELECT count(*) FROM entries", [], |row| row.get(0))
            .unwrap()
    };
    while entries() > 1 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(seqs(&store.read_after(room, 0, PAGE).await.unwrap()), [1]);
}
