//! What every store promises, shown on each; and what only a database has to.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use shared::chat::Emoji;
use shared::chat::{Text, Topic};
use shared::identity::Fingerprint;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::clock::Clock;
use super::*;

/// A store, the entries that it commits, and the folder that it lives in.
struct Scene {
    store: Arc<dyn Store>,
    commits: UnboundedReceiver<RoomEntry>,
    _folder: Option<tempfile::TempDir>,
}

fn scenes() -> Vec<Scene> {
    let memory = scene(Arc::new(MemoryStore::default()), None);
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("chat.db")).unwrap();
    vec![memory, scene(Arc::new(store), Some(folder))]
}

/// Subscribes as the hub does: takes note of what is committed, and then lets the answers go.
fn scene(store: Arc<dyn Store>, folder: Option<tempfile::TempDir>) -> Scene {
    let mut outcomes = store.subscribe();
    let (entries, commits) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(outcomes) = outcomes.recv().await {
            for mut outcome in outcomes {
                if let Some(Committed::Entry(entry)) = outcome.committed.take() {
                    // A test that looks at answers only has dropped the receiver.
                    let _ = entries.send(entry);
                }
                outcome.release();
            }
        }
    });
    Scene {
        store,
        commits,
        _folder: folder,
    }
}

fn room(name: &str) -> RoomId {
    RoomId::parse(name).unwrap()
}

fn user(seed: u8) -> UserId {
    UserId(Fingerprint::of_spki(&[seed]))
}

fn id(number: u32) -> MessageId {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    MessageId::from_random(bytes)
}

fn message(text: &str) -> Event {
    Event::Message {
        text: Some(Text::parse(text).unwrap()),
        reply_to: None,
    }
}

fn entry(seed: u8, number: u32, event: Event) -> NewEntry {
    NewEntry {
        id: id(number),
        from: user(seed),
        name: DisplayName::guest(user(seed)),
        event,
    }
}

const PAGE: PageSize = PageSize {
    entries: 100,
    bytes: 100_000,
};

async fn create(store: &dyn Store, name: &str) -> RoomId {
    let room = room(name);
    let created = Change::RoomCreated {
        room: room.clone(),
        topic: Topic::parse("about").unwrap(),
        private: false,
        keep: Keep::Forever,
        owner: None,
    };
    store.change(created).await.unwrap();
    room
}

fn seqs(entries: &[Entry]) -> Vec<Seq> {
    entries.iter().map(|entry| entry.seq).collect()
}

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
            .append(super::tests::room("nowhere"), entry(1, 9, message("x")))
            .await;
        assert_eq!(nowhere, Err(StoreError::NoSuchRoom));
        let told: Vec<Seq> = std::iter::from_fn(|| commits.try_recv().ok())
            .map(|c| c.entry.seq)
            .collect();
        assert_eq!(told, [1, 2, 1]);
    }
}

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

/// One of every kind, some twice.
fn changes() -> Vec<Change> {
    let (room, attic) = (room("room"), RoomName::parse("attic").unwrap());
    let name = |text| Name::parse(text).unwrap();
    let private = Change::RoomCreated {
        room: attic.clone().into(),
        topic: Topic::default(),
        private: true,
        keep: Keep::Forever,
        owner: None,
    };
    vec![
        private,
        Change::Joined {
            room: room.clone(),
            user: user(1),
            by: None,
        },
        Change::Joined {
            room: room.clone(),
            user: user(1),
            by: None,
        },
        Change::Read {
            room: room.clone(),
            user: user(1),
            seq: 7,
        },
        Change::Read {
            room: room.clone(),
            user: user(1),
            seq: 3,
        },
        Change::Joined {
            room: room.clone(),
            user: user(2),
            by: None,
        },
        Change::Left {
            room: room.clone(),
            user: user(2),
        },
        Change::Invited {
            room: attic.clone(),
            user: user(3),
            by: user(1),
        },
        Change::Invited {
            room: attic.clone(),
            user: user(3),
            by: user(1),
        },
        Change::Invited {
            room: attic.clone(),
            user: user(4),
            by: user(1),
        },
        Change::Joined {
            room: attic.clone().into(),
            user: user(4),
            by: None,
        },
        Change::Named {
            user: user(1),
            name: name("anna"),
        },
        Change::Named {
            user: user(1),
            name: name("ada"),
        },
        Change::Operator {
            user: user(1),
            is: true,
        },
        Change::Operator {
            user: user(2),
            is: true,
        },
        Change::Operator {
            user: user(2),
            is: false,
        },
        Change::Role {
            room: room.clone(),
            user: user(1),
            role: Role::Moderator,
        },
        Change::Role {
            room: room.clone(),
            user: user(1),
            role: Role::Owner,
        },
        Change::SpokeV2 { user: user(1) },
        Change::Approved { user: user(2) },
        Change::Banned(ban(Banned::User(user(7)), "first")),
        Change::Banned(ban(Banned::User(user(7)), "again")),
        Change::Banned(ban(Banned::User(user(8)), "")),
        Change::Unbanned(Banned::User(user(8))),
        Change::Banned(ban(Banned::Address([192, 0, 2, 1].into()), "noise")),
    ]
}

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

fn ban(who: Banned, reason: &str) -> Ban {
    Ban {
        who,
        reason: reason.to_owned().into(),
        at: Timestamp::from_unix_millis(7).unwrap(),
        by: user(1),
    }
}

#[tokio::test]
async fn every_change_is_there_when_it_is_loaded() {
    for Scene { store, _folder, .. } in scenes() {
        let room = create(&*store, "room").await;
        let name = |text| Name::parse(text).unwrap();
        store
            .append(room.clone(), entry(1, 1, message("a")))
            .await
            .unwrap();
        let again = store
            .change(Change::RoomCreated {
                room: room.clone(),
                topic: Topic::default(),
                private: true,
                keep: Keep::Forever,
                owner: None,
            })
            .await;
        assert_eq!(again, Err(StoreError::RoomExists));
        for change in changes() {
            store.change(change).await.unwrap();
        }
        let lost = store
            .change(Change::Joined {
                room: super::tests::room("nowhere"),
                user: user(1),
                by: None,
            })
            .await;
        assert_eq!(lost, Err(StoreError::NoSuchRoom));
        let mut loaded = store.load().await.unwrap();
        loaded.rooms.sort_by(|a, b| a.room.cmp(&b.room));
        assert_eq!(
            loaded,
            Snapshot {
                rooms: vec![
                    RoomRecord {
                        room: super::tests::room("attic"),
                        topic: Topic::default(),
                        private: true,
                        keep: Keep::Forever,
                        head: 0,
                        members: vec![(user(4), 0)],
                        invited: vec![user(3)],
                        roles: Vec::new(),
                    },
                    RoomRecord {
                        room: room.clone(),
                        topic: Topic::parse("about").unwrap(),
                        private: false,
                        keep: Keep::Forever,
                        head: 1,
                        members: vec![(user(1), 7)],
                        invited: Vec::new(),
                        roles: vec![(user(1), Role::Owner)],
                    },
                ],
                names: vec![(user(1), name("ada"))],
                operators: vec![user(1)],
                bans: vec![
                    ban(Banned::Address([192, 0, 2, 1].into()), "noise"),
                    ban(Banned::User(user(7)), "again"),
                ],
                v2_users: vec![user(1)],
                approved: vec![user(2)],
            }
        );
    }
}

#[tokio::test]
async fn a_deleted_room_is_gone_with_everything_in_it() {
    for Scene { store, _folder, .. } in scenes() {
        let room = create(&*store, "room").await;
        store
            .append(room.clone(), entry(1, 1, message("a")))
            .await
            .unwrap();
        store
            .change(Change::RoomDeleted { room: room.clone() })
            .await
            .unwrap();
        let gone = store.append(room.clone(), entry(1, 2, message("b"))).await;
        assert_eq!(gone, Err(StoreError::NoSuchRoom));
        // A room of the same name is a new one.
        let room = create(&*store, "room").await;
        assert!(
            store
                .read_after(room.clone(), 0, PAGE)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            store
                .append(room, entry(1, 1, message("c")))
                .await
                .unwrap()
                .seq,
            1
        );
    }
}

/// A database with a clock that a test moves.
fn sqlite(path: &Path, millis: &Arc<AtomicI64>, pages: Option<u32>) -> SqliteStore {
    SqliteStore::open_for_test(path, Clock::of(Arc::clone(millis)), pages).unwrap()
}

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

#[tokio::test]
async fn a_full_disk_refuses_loses_nothing_and_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let clock = Arc::new(AtomicI64::new(0));
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
    let nowhere = export(&path, &super::tests::room("nowhere"), &mut Vec::new());
    assert!(matches!(
        nowhere,
        Err(ExportError::Store(StoreError::NoSuchRoom))
    ));
    drop(store);
    assert_eq!(read(), live);
    std::fs::write(&path, "no database").unwrap();
    let wrong = export(&path, &room, &mut Vec::new()).unwrap_err();
    assert!(
        matches!(wrong, ExportError::Open(OpenError::NotADatabase(_))),
        "{wrong}"
    );
}

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
    millis.store(2 * day, Ordering::SeqCst);
    store
        .append(room.clone(), entry(1, 9000, message("zebra young")))
        .await
        .unwrap();
    millis.store(3 * day, Ordering::SeqCst);
    let left = loop {
        let left = store.read_after(room.clone(), 0, PAGE).await.unwrap();
        if left.len() < 100 {
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
        let nowhere = store.reserve(super::tests::room("nowhere"), 1).await;
        assert_eq!(nowhere, Err(StoreError::NoSuchRoom));
        while seqs(&store.read_after(room.clone(), 0, PAGE).await.unwrap()) != [22] {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

/// Takes an export and stands still at its first byte until it is told to go on.
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

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_export_keeps_no_deleted_text_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let store = sqlite(&path, &Arc::new(AtomicI64::new(0)), None);
    let room = create(&store, "room").await;
    for number in 1..=600 {
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
