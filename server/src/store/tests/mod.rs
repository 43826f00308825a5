//! The promises of every store, tested on each, and those of the database alone.

mod appends;
mod changes;
mod index;
mod reactions;
mod retention;
mod searches;
mod sqlite;
mod transfer;

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

/// Opens a database with a clock that a test moves.
fn sqlite(path: &Path, millis: &Arc<AtomicI64>, pages: Option<u32>) -> SqliteStore {
    SqliteStore::open_for_test(path, Clock::of(Arc::clone(millis)), pages).unwrap()
}

/// Asserts that no row refers to one that is not there: the connection that writes does not look.
fn assert_references(connection: &rusqlite::Connection) {
    let mut check = connection.prepare("PRAGMA foreign_key_check").unwrap();
    assert!(!check.exists([]).unwrap(), "a reference to nothing");
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
