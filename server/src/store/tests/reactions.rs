//! Bounds of the reactions to one message, on every store, and what of them is in a database.

use super::*;
use crate::store::rules::{MAX_OWN_REACTIONS, MAX_REACTIONS};

/// Returns one of many different emoji.
fn emoji(number: usize) -> Emoji {
    let code = 0x1f400 + u32::try_from(number).unwrap();
    Emoji::parse(&char::from_u32(code).unwrap().to_string()).unwrap()
}

fn reaction(of: Seq, number: usize, on: bool) -> Event {
    Event::Reacted {
        of,
        emoji: emoji(number),
        on,
    }
}

/// A room of which message ids are counted by themselves.
struct Wall {
    store: Arc<dyn Store>,
    room: RoomId,
    next: std::sync::atomic::AtomicU32,
}

impl Wall {
    async fn with_messages(store: Arc<dyn Store>, messages: usize) -> Self {
        let room = create(&*store, "room").await;
        let wall = Self {
            store,
            room,
            next: 0.into(),
        };
        for _ in 0..messages {
            wall.append(1, message("look")).await.unwrap();
        }
        wall
    }

    async fn append(&self, from: u8, event: Event) -> Result<Appended, StoreError> {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let new = entry(from, number, event);
        self.store.append(self.room.clone(), new).await
    }

    async fn react(&self, from: u8, of: Seq, number: usize) -> Result<Appended, StoreError> {
        self.append(from, reaction(of, number, true)).await
    }

    async fn take_back(&self, from: u8, of: Seq, number: usize) {
        let taken = self.append(from, reaction(of, number, false)).await;
        taken.expect("a reaction can always be taken back");
    }

    /// Fills message 1 with as many different reactions as it may have, of persons from 10 on.
    async fn fill(&self) {
        for number in 0..MAX_REACTIONS {
            let from = 10 + u8::try_from(number / MAX_OWN_REACTIONS).unwrap();
            self.react(from, 1, number).await.unwrap();
        }
    }
}

// The attack: one person put 260 different reactions on one message.
#[tokio::test]
async fn one_person_floods_a_message_with_reactions() {
    for Scene { store, _folder, .. } in scenes() {
        let wall = Wall::with_messages(store, 2).await;
        for number in 0..MAX_OWN_REACTIONS {
            wall.react(2, 1, number).await.unwrap();
        }
        for number in MAX_OWN_REACTIONS..260 {
            let refused = wall.react(2, 1, number).await;
            assert_eq!(refused, Err(StoreError::TooManyOwnReactions));
        }
        // One that is there stays as it is, and is refused to nobody.
        assert!(!wall.react(2, 1, 0).await.unwrap().again);
        let refused = wall.react(2, 1, 100).await;
        assert_eq!(refused, Err(StoreError::TooManyOwnReactions));
        // Other messages and other people are not concerned.
        wall.react(2, 2, 100).await.unwrap();
        wall.react(3, 1, 100).await.unwrap();
        // A reaction that one takes back leaves place for one other, also if it was added twice.
        wall.take_back(2, 1, 0).await;
        wall.take_back(2, 1, 0).await;
        wall.react(2, 1, 100).await.unwrap();
        let refused = wall.react(2, 1, 0).await;
        assert_eq!(refused, Err(StoreError::TooManyOwnReactions));
        // One that is not there frees nothing, nor does somebody else's.
        wall.take_back(2, 1, 200).await;
        wall.take_back(3, 1, 1).await;
        let refused = wall.react(2, 1, 0).await;
        assert_eq!(refused, Err(StoreError::TooManyOwnReactions));
    }
}

// Keyboards write `❤` with or without U+FE0F.
#[tokio::test]
async fn a_reaction_in_another_presentation_is_the_same_reaction() {
    for Scene { store, _folder, .. } in scenes() {
        let wall = Wall::with_messages(store, 1).await;
        let heart = |text, on| Event::Reacted {
            of: 1,
            emoji: Emoji::parse(text).unwrap(),
            on,
        };
        for number in 1..MAX_OWN_REACTIONS {
            wall.react(2, 1, number).await.unwrap();
        }
        wall.append(2, heart("❤", true)).await.unwrap();
        wall.append(2, heart("❤\u{fe0f}", true)).await.unwrap();
        let refused = wall.react(2, 1, 100).await;
        assert_eq!(refused, Err(StoreError::TooManyOwnReactions));
        wall.append(2, heart("❤\u{fe0f}", false)).await.unwrap();
        wall.react(2, 1, 100).await.unwrap();
    }
}

// The attack: as many keys as it takes, each with as many reactions as one may have.
#[tokio::test]
async fn many_people_flood_a_message_with_reactions() {
    for Scene { store, _folder, .. } in scenes() {
        let wall = Wall::with_messages(store, 2).await;
        wall.fill().await;
        for from in 50..70 {
            let refused = wall.react(from, 1, 100 + usize::from(from)).await;
            assert_eq!(refused, Err(StoreError::TooManyReactions));
            // Those that are there anybody may add too.
            wall.react(from, 1, usize::from(from) % MAX_REACTIONS)
                .await
                .unwrap();
        }
        wall.react(50, 2, 200).await.unwrap();
        // 10 is the person whose this is alone, 50 has added 10 to it.
        wall.take_back(50, 1, 10).await;
        let refused = wall.react(50, 1, 200).await;
        assert_eq!(refused, Err(StoreError::TooManyReactions));
        wall.take_back(10, 1, 0).await;
        wall.react(51, 1, 200).await.unwrap();
        let refused = wall.react(10, 1, 0).await;
        assert_eq!(refused, Err(StoreError::TooManyReactions));
        wall.react(10, 1, 200).await.unwrap();
    }
}

// The race: whoever counts first and appends later lets two connections pass the bound together.
#[tokio::test(flavor = "multi_thread")]
async fn many_connections_race_for_the_last_reactions() {
    for Scene { store, _folder, .. } in scenes() {
        let wall = Arc::new(Wall::with_messages(store, 1).await);
        let tasks = (0..8_u8).map(|device| {
            let wall = Arc::clone(&wall);
            tokio::spawn(async move {
                let mut taken = 0;
                for number in 0..30 {
                    // Persons 2 and 3 have four connections each, with emoji of their own.
                    let number = usize::from(device) * 30 + number;
                    match wall.react(2 + device % 2, 1, number).await {
                        Ok(_) => taken += 1,
                        Err(error) => assert_eq!(error, StoreError::TooManyOwnReactions),
                    }
                }
                taken
            })
        });
        let mut taken = 0;
        for task in tasks.collect::<Vec<_>>() {
            taken += task.await.unwrap();
        }
        assert_eq!(taken, 2 * MAX_OWN_REACTIONS);
        let tasks = (100..140_u8).map(|from| {
            let wall = Arc::clone(&wall);
            tokio::spawn(async move { wall.react(from, 1, 140 + usize::from(from)).await.is_ok() })
        });
        let mut taken = 0;
        for task in tasks.collect::<Vec<_>>() {
            taken += usize::from(task.await.unwrap());
        }
        assert_eq!(taken, MAX_REACTIONS - 2 * MAX_OWN_REACTIONS);
    }
}

// The loss: an ack that got lost, and a bound that was reached since.
#[tokio::test]
async fn a_reaction_that_is_sent_again_at_the_bound_is_acked_as_before() {
    for Scene { store, _folder, .. } in scenes() {
        let wall = Wall::with_messages(store, 1).await;
        let mut appended = Vec::new();
        for number in 0..MAX_OWN_REACTIONS {
            appended.push(wall.react(2, 1, number).await.unwrap().seq);
        }
        // Taken back since, and its place is somebody else's.
        wall.take_back(2, 1, 3).await;
        wall.react(2, 1, 100).await.unwrap();
        for (number, seq) in appended.into_iter().enumerate() {
            let id = 1 + u32::try_from(number).unwrap();
            let again = entry(2, id, reaction(1, number, true));
            let again = wall.store.append(wall.room.clone(), again).await.unwrap();
            assert_eq!((again.seq, again.again), (seq, true));
        }
        let other = entry(2, 1, reaction(1, 100, true));
        let other = wall.store.append(wall.room.clone(), other).await;
        assert_eq!(other, Err(StoreError::IdReused));
        // What was sent again has put nothing back.
        wall.take_back(2, 1, 100).await;
        wall.react(2, 1, 101).await.unwrap();
        let refused = wall.react(2, 1, 102).await;
        assert_eq!(refused, Err(StoreError::TooManyOwnReactions));
    }
}

#[tokio::test]
async fn a_room_or_message_that_is_deleted_leaves_no_reactions_to_another() {
    for Scene { store, _folder, .. } in scenes() {
        let wall = Wall::with_messages(store, 2).await;
        wall.fill().await;
        wall.react(10, 2, 0).await.unwrap();
        wall.append(1, Event::Deleted { of: 1 }).await.unwrap();
        // The hub refuses reactions to what is deleted, but for those that race with the deletion.
        wall.react(70, 1, 200).await.unwrap();
        for number in 1..MAX_OWN_REACTIONS {
            wall.react(10, 2, number).await.unwrap();
        }
        let refused = wall.react(10, 2, 200).await;
        assert_eq!(refused, Err(StoreError::TooManyOwnReactions));
        let Wall { store, room, .. } = wall;
        store.change(Change::RoomDeleted { room }).await.unwrap();
        let wall = Wall::with_messages(store, 1).await;
        wall.fill().await;
    }
}

/// Counts the entries whose reaction is there, as the database has it.
fn standing(path: &Path) -> i64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT count(*) FROM entries WHERE stands IS NOT NULL";
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn the_bounds_hold_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let millis = Arc::new(AtomicI64::new(0));
    let wall = Wall::with_messages(Arc::new(sqlite(&path, &millis, None)), 1).await;
    wall.fill().await;
    wall.take_back(10, 1, 0).await;
    let Wall { store, room, next } = wall;
    drop(store);
    let store: Arc<dyn Store> = Arc::new(sqlite(&path, &millis, None));
    let wall = Wall { store, room, next };
    wall.react(10, 1, 200).await.unwrap();
    let refused = wall.react(10, 1, 201).await;
    assert_eq!(refused, Err(StoreError::TooManyOwnReactions));
    let refused = wall.react(70, 1, 201).await;
    assert_eq!(refused, Err(StoreError::TooManyReactions));
    assert_eq!(standing(&path), i64::try_from(MAX_REACTIONS).unwrap());
}

// The leak: what counts the reactions of messages that are gone.
#[tokio::test]
async fn deletion_and_retention_leave_nothing_that_counts_reactions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let day = 24 * 60 * 60 * 1000;
    let millis = Arc::new(AtomicI64::new(day));
    let wall = Wall::with_messages(Arc::new(sqlite(&path, &millis, None)), 2).await;
    wall.fill().await;
    wall.react(10, 2, 0).await.unwrap();
    wall.append(1, Event::Deleted { of: 1 }).await.unwrap();
    assert_eq!(standing(&path), 1);
    let change = Change::Kept {
        room: wall.room.clone(),
        keep: Keep::Days(std::num::NonZeroU32::MIN),
    };
    wall.store.change(change).await.unwrap();
    millis.store(3 * day, Ordering::SeqCst);
    while standing(&path) > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

// Rooms from before there was a bound keep what they have, and take no new ones.
#[tokio::test]
async fn a_message_that_has_more_from_before_keeps_them_and_takes_no_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let millis = Arc::new(AtomicI64::new(0));
    let wall = Wall::with_messages(Arc::new(sqlite(&path, &millis, None)), 1).await;
    // Appends beside the bound: 260 reactions of one person to the same message.
    for number in 0..260 {
        let of = 1000 + Seq::try_from(number).unwrap();
        wall.react(2, of, number).await.unwrap();
    }
    let Wall { store, room, next } = wall;
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let sql = "UPDATE entries SET target = 1 WHERE target IS NOT NULL";
    connection.execute_batch(sql).unwrap();
    drop(connection);
    let store: Arc<dyn Store> = Arc::new(sqlite(&path, &millis, None));
    let wall = Wall { store, room, next };
    assert_eq!(standing(&path), 260);
    wall.react(2, 1, 100).await.unwrap();
    let refused = wall.react(2, 1, 270).await;
    assert_eq!(refused, Err(StoreError::TooManyOwnReactions));
    let refused = wall.react(3, 1, 270).await;
    assert_eq!(refused, Err(StoreError::TooManyReactions));
    wall.react(3, 1, 259).await.unwrap();
    for number in 0..=260 - MAX_OWN_REACTIONS {
        wall.take_back(2, 1, number).await;
    }
    wall.react(2, 1, 270).await.unwrap();
}
