//! Stores with everything in them, exported and imported.

use std::collections::BTreeMap;

use super::*;
use crate::transfer::{self, ImportError, Options, Source};

/// Does everything to a store that it can keep.
#[allow(
    clippy::too_many_lines,
    reason = "one line for each thing that a store can keep"
)]
async fn fill(store: &dyn Store) {
    let lobby = create(store, "lobby").await;
    let room = create(store, "room").await;
    let rooms = [
        ("private", true, Keep::Forever, Some(user(2))),
        (
            "short",
            false,
            serde_json::from_str(r#"{"entries":3}"#).unwrap(),
            Some(user(1)),
        ),
        ("unstored", false, Keep::Nothing, None),
    ];
    for (name, private, keep, owner) in rooms {
        let created = Change::RoomCreated {
            room: super::room(name),
            topic: Topic::parse("a \"topic\" \\ with 明日").unwrap(),
            private,
            keep,
            owner,
        };
        store.change(created).await.unwrap();
    }
    let direct = RoomId::Direct(shared::chat::room::DirectId::of(user(1), user(2)).unwrap());
    let created = Change::RoomCreated {
        room: direct.clone(),
        topic: Topic::default(),
        private: true,
        keep: Keep::Forever,
        owner: None,
    };
    store.change(created).await.unwrap();
    let RoomId::Named(private) = super::room("private") else {
        unreachable!()
    };
    let name = |text: &str| Name::parse(text).unwrap();
    for change in [
        Change::Joined {
            room: lobby.clone(),
            user: user(1),
            by: None,
        },
        Change::Joined {
            room: room.clone(),
            user: user(1),
            by: None,
        },
        Change::Joined {
            room: room.clone(),
            user: user(2),
            by: None,
        },
        Change::Joined {
            room: private.clone().into(),
            user: user(2),
            by: None,
        },
        Change::Invited {
            room: private.clone(),
            user: user(3),
            by: user(2),
        },
        Change::Joined {
            room: direct.clone(),
            user: user(1),
            by: Some(user(2)),
        },
        Change::Joined {
            room: direct.clone(),
            user: user(2),
            by: None,
        },
        Change::Left {
            room: direct.clone(),
            user: user(2),
        },
        Change::Role {
            room: room.clone(),
            user: user(1),
            role: Role::Owner,
        },
        Change::Role {
            room: room.clone(),
            user: user(2),
            role: Role::Moderator,
        },
        // The owner of this one has left, and owns it still.
        Change::Left {
            room: private.into(),
            user: user(2),
        },
        Change::Named {
            user: user(1),
            name: name("anna"),
        },
        Change::Named {
            user: user(2),
            name: name("Олег"),
        },
        Change::SpokeV2 { user: user(2) },
        Change::SpokeV2 { user: user(9) },
        Change::Operator {
            user: user(1),
            is: true,
        },
    ] {
        store.change(change).await.unwrap();
    }
    let text = |text: &str| Some(Text::parse(text).unwrap());
    let emoji = |text: &str| Emoji::parse(text).unwrap();
    let events = [
        message("first \"quoted\" \\ and\n\ttwo lines"),
        message("second 明日 🎉"),
        Event::Message {
            text: text("an answer"),
            reply_to: Some(1),
        },
        Event::Edited {
            of: 1,
            text: text("first, but better"),
        },
        Event::Reacted {
            of: 2,
            emoji: emoji("❤"),
            on: true,
        },
        Event::Reacted {
            of: 2,
            emoji: emoji("❤\u{fe0f}"),
            on: false,
        },
        Event::Reacted {
            of: 2,
            emoji: emoji("👍"),
            on: true,
        },
        Event::Edited {
            of: 3,
            text: text("an answer that will go"),
        },
        Event::Deleted { of: 3 },
        Event::Edited {
            of: 3,
            text: text("too late"),
        },
        message(&"long ".repeat(3000)),
    ];
    for (number, event) in (1..).zip(events) {
        store
            .append(room.clone(), entry(1, number, event))
            .await
            .unwrap();
    }
    // The same id by another person is another entry.
    store
        .append(room.clone(), entry(2, 1, message("by another")))
        .await
        .unwrap();
    store
        .append(direct, entry(1, 1, message("to you alone")))
        .await
        .unwrap();
    // Retention removes the first ones.
    for number in 1..=6 {
        let short = super::room("short");
        store
            .append(short, entry(1, number, message("short-lived")))
            .await
            .unwrap();
    }
    store.reserve(super::room("unstored"), 1000).await.unwrap();
    let read = |seq, back| Change::Read {
        room: room.clone(),
        user: user(2),
        seq,
        back,
    };
    store.change(read(7, false)).await.unwrap();
    store.change(read(4, true)).await.unwrap();
}

/// A store that was read at one moment.
struct Read {
    snapshot: Snapshot,
    entries: BTreeMap<RoomId, Vec<Entry>>,
}

impl Read {
    async fn of(store: &dyn Store) -> Self {
        let snapshot = store.load().await.unwrap();
        let mut entries = BTreeMap::new();
        for record in &snapshot.rooms {
            let room = record.room.clone();
            let page = PageSize {
                entries: 1000,
                bytes: 1 << 20,
            };
            let read = store.read_after(room.clone(), 0, page).await.unwrap();
            entries.insert(room, read);
        }
        Self { snapshot, entries }
    }
}

impl Source for Read {
    fn snapshot(&mut self) -> Result<Snapshot, StoreError> {
        Ok(self.snapshot.clone())
    }

    fn read_after(
        &mut self,
        room: &RoomId,
        after: Seq,
        _: PageSize,
    ) -> Result<Vec<Entry>, StoreError> {
        let entries = self.entries[room].iter().filter(|entry| entry.seq > after);
        Ok(entries.cloned().collect())
    }
}

fn exported(source: &mut dyn Source) -> String {
    let mut out = Vec::new();
    transfer::write(source, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Exports the database of a folder.
fn export_of(folder: &Path) -> String {
    let mut out = Vec::new();
    transfer::export(folder, "chat.db", &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Imports a text into the database of a folder.
fn import_into(folder: &Path, text: &str) -> Result<transfer::Report, ImportError> {
    let file = folder.join("export.jsonl");
    std::fs::write(&file, text).unwrap();
    let done = transfer::import(&file, folder, "chat.db", &Options::default());
    std::fs::remove_file(&file).unwrap();
    done
}

// The promise: what moves is the same afterwards, byte for byte.
#[tokio::test]
async fn an_export_of_everything_is_the_same_from_each_store_and_after_an_import() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let millis = || Arc::new(AtomicI64::new(1_795_491_900_007));
    let memory = MemoryStore::with_clock(Clock::of(millis()));
    let database = sqlite(&path, &millis(), None);
    fill(&memory).await;
    fill(&database).await;
    // Retention is swept in the background.
    let short = room("short");
    while database
        .read_after(short.clone(), 0, PAGE)
        .await
        .unwrap()
        .len()
        > 3
    {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let first = exported(&mut Read::of(&memory).await);
    // While the store is open, and once it is closed.
    assert_eq!(export_of(folder.path()), first);
    drop(database);
    assert_eq!(export_of(folder.path()), first);
    for part in [
        r#"{"export":{"version":1}}"#,
        r#""name":"anna","v2":false}}"#,
        r#"{"room":{"room":"short","topic":"a \"topic\" \\ with 明日","private":false,"keep":{"entries":3},"head":6}}"#,
        r#"{"room":{"room":"unstored","topic":"a \"topic\" \\ with 明日","private":false,"keep":"nothing","head":1000}}"#,
        r#""read":4}}"#,
        r#""role":"owner"}}"#,
        r#""type":"reacted","of":2,"emoji":"❤️","on":false}}"#,
        r#""type":"edited","of":3}}"#,
        r#"{"invited":{"room":"private","#,
    ] {
        assert!(first.contains(part), "{part} in\n{first}");
    }
    assert!(!first.contains("too late") && !first.contains("that will go"));

    let other = tempfile::tempdir().unwrap();
    let report = import_into(other.path(), &first).unwrap();
    assert_eq!((report.rooms, report.entries), (6, 16), "{report:?}");
    assert!(report.notes.is_empty(), "{report:?}");
    let second = export_of(other.path());
    assert!(second == first, "{second}\n{first}");

    // The same in use: numbers go on, ids are known, words are found, reactions are counted.
    let path = other.path().join("chat.db");
    {
        let connection = rusqlite::Connection::open(&path).unwrap();
        assert_references(&connection);
    }
    let store = sqlite(&path, &millis(), None);
    let room = room("room");
    let again = store
        .append(room.clone(), entry(1, 2, message("second 明日 🎉")))
        .await
        .unwrap();
    assert_eq!((again.seq, again.again), (2, true));
    let next = store
        .append(room.clone(), entry(3, 1, message("next")))
        .await
        .unwrap();
    assert_eq!(next.seq, 13);
    let query = |text| Query::parse(text).unwrap();
    for (words, seqs) in [
        ("better", &[1][..]),
        ("quoted", &[]),
        ("明日", &[2]),
        ("answer", &[]),
    ] {
        let found = store
            .search(vec![room.clone()], query(words), None, PAGE)
            .await
            .unwrap();
        let found: Vec<Seq> = found.entries.iter().map(|found| found.entry.seq).collect();
        assert_eq!(found, seqs, "{words}");
    }
    for number in 0..11 {
        // Eleven more beside the one that stands.
        let emoji = Emoji::parse(
            [
                "🎉", "🔥", "👀", "✅", "❌", "🤔", "👏", "🚀", "☕", "😀", "😄",
            ][number],
        );
        let on = Event::Reacted {
            of: 2,
            emoji: emoji.unwrap(),
            on: true,
        };
        let number = u32::try_from(number).unwrap();
        store
            .append(room.clone(), entry(1, 100 + number, on))
            .await
            .unwrap();
    }
    let one_more = Event::Reacted {
        of: 2,
        emoji: Emoji::parse("😁").unwrap(),
        on: true,
    };
    let refused = store.append(room, entry(1, 200, one_more)).await;
    assert_eq!(refused, Err(StoreError::TooManyOwnReactions));
}

// A server that was started once has a lobby, and one that was used has rooms and names.
#[tokio::test]
async fn an_import_goes_into_a_server_that_was_started_and_collides_with_one_that_was_used() {
    let millis = || Arc::new(AtomicI64::new(0));
    let folder = tempfile::tempdir().unwrap();
    {
        let store = sqlite(&folder.path().join("chat.db"), &millis(), None);
        fill(&store).await;
        let lobby = room("lobby");
        store
            .append(lobby, entry(1, 1, message("in the lobby")))
            .await
            .unwrap();
    }
    let text = export_of(folder.path());

    let started = tempfile::tempdir().unwrap();
    {
        let store = sqlite(&started.path().join("chat.db"), &millis(), None);
        let lobby = create(&store, "lobby").await;
        let joined = Change::Joined {
            room: lobby,
            user: user(7),
            by: None,
        };
        store.change(joined).await.unwrap();
        let name = Name::parse("ANNA").unwrap();
        store
            .change(Change::Named {
                user: user(8),
                name,
            })
            .await
            .unwrap();
    }
    let report = import_into(started.path(), &text).unwrap();
    // Another key has a name that looks like it.
    assert_eq!(report.notes.len(), 1, "{report:?}");
    let store = sqlite(&started.path().join("chat.db"), &millis(), None);
    let snapshot = store.load().await.unwrap();
    assert_eq!(snapshot.names.len(), 2, "{:?}", snapshot.names);
    assert!(
        snapshot.operators.is_empty(),
        "rights over a server are not imported"
    );
    let page = store.read_after(room("lobby"), 0, PAGE).await.unwrap();
    assert_eq!(page.len(), 1);
    drop(store);

    // Again: nothing of it, and the reason.
    let before = export_of(started.path());
    let error = import_into(started.path(), &text).unwrap_err().to_string();
    assert!(error.contains("the room lobby is there already"), "{error}");
    assert!(
        error.contains("line 5") && error.contains("--rename"),
        "{error}"
    );
    assert!(export_of(started.path()) == before);
    let file = started.path().join("export.jsonl");
    std::fs::write(&file, &text).unwrap();
    let with = |renamed: &[(&str, &str)], skip_existing| {
        let options = Options {
            renamed: renamed
                .iter()
                .map(|(from, to)| (room(from), shared::chat::RoomName::parse(to).unwrap()))
                .collect(),
            skip_existing,
            owner: None,
        };
        transfer::import(&file, started.path(), "chat.db", &options)
    };
    let error = with(&[("nowhere", "elsewhere")], true)
        .unwrap_err()
        .to_string();
    assert!(error.contains("nowhere"), "{error}");
    assert!(export_of(started.path()) == before);
    let report = with(&[("lobby", "old-lobby")], true).unwrap();
    assert_eq!((report.rooms, report.entries), (1, 1), "{report:?}");
    assert!(export_of(started.path()).contains(r#"{"room":{"room":"old-lobby","#));
}

// The attack: a server that runs, under which an import would change everything.
#[tokio::test]
async fn nothing_is_imported_under_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(&folder.path().join("chat.db"), &Arc::default(), None);
    create(&store, "room").await;
    let text = export_of(folder.path());
    let error = import_into(folder.path(), &text).unwrap_err();
    assert!(
        matches!(error, ImportError::Open(OpenError::InUse(_))),
        "{error}"
    );
}
