//! Who is here, which rooms there are, and what each connection still has to be sent.
//!
//! Knows nothing of sockets and protocols: a connection is a key and a queue. What must outlive the
//! server is in the [store](crate::store); the hub keeps the rest of it in memory.

mod fleeting;
mod lines;
mod members;
mod names;
mod operating;
mod queue;
mod requests;
mod retention;
mod room;
mod session;
mod state;
#[cfg(test)]
mod tests;
mod writing;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::chat::limits::TEXT_BYTES;
use shared::chat::{Event, Keep, RoomId, RoomName, Seq, Topic};
use tokio::sync::{Notify, mpsc};

use self::retention::{Fleeting, Listener};
use self::state::State;
use crate::operators::Operators;
use crate::rates::{PerMinute, Rates};
use crate::store::{Change, Commit, Store, StoreError};

pub use queue::QUEUE_BYTES;
pub use session::{Due, Session};

/// A queue holds at least so many of the longest lines: who reads, but a little behind, is not put
/// out by lines that are allowed.
const LONGEST_LINES_IN_QUEUE: usize = 4;

/// Entries that are told under one lock, at most: many, so that whoever hears them is woken up once
/// and sends them together; few enough for the others who want the lock.
const TOLD_TOGETHER: usize = 64;

/// No more are told together when their texts have so many bytes: a small part of [`QUEUE_BYTES`].
const TOLD_TOGETHER_BYTES: usize = 128 * 1024;

/// What a server allows in its rooms.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Longest text of a message, in bytes.
    pub text_bytes: usize,
    /// How often things may be done.
    pub per_minute: PerMinute,
    /// What becomes of the entries of new rooms.
    pub keep: Keep,
    /// Most rooms that there may be, those of two among them.
    pub max_rooms: usize,
}

impl Default for Settings {
    /// As a server does without flags.
    fn default() -> Self {
        Self {
            text_bytes: TEXT_BYTES,
            per_minute: PerMinute::default(),
            keep: Keep::Forever,
            max_rooms: 10_000,
        }
    }
}

/// The rooms of a server.
#[derive(Debug)]
pub struct Hub {
    state: Mutex<State>,
    store: Arc<dyn Store>,
    /// What has become durable and is not told yet.
    commits: tokio::sync::Mutex<mpsc::UnboundedReceiver<Commit>>,
    /// Somebody was told something from the store.
    published: Notify,
    /// What was said in rooms that keep nothing and is not told yet, and numbers for them.
    fleeting: Fleeting,
    /// What becomes of the entries of new rooms.
    keep: Keep,
    /// Most rooms that there may be.
    max_rooms: usize,
    /// Longest text of a message, in bytes.
    text_bytes: usize,
    /// Most bytes that may wait for one connection.
    queue_bytes: usize,
    rates: Rates,
    operators: Operators,
}

impl Hub {
    /// The rooms that `store` has. The store sends what becomes durable to `commits`.
    ///
    /// # Errors
    /// What the store says.
    pub async fn open(
        store: Arc<dyn Store>,
        commits: mpsc::UnboundedReceiver<Commit>,
        settings: Settings,
    ) -> Result<Self, StoreError> {
        let Settings {
            text_bytes,
            per_minute,
            keep,
            max_rooms,
        } = settings;
        let mut snapshot = store.load().await?;
        let bans = std::mem::take(&mut snapshot.bans);
        let lobby = RoomName::lobby().into();
        if !snapshot.rooms.iter().any(|room| room.room == lobby) {
            let created = Change::RoomCreated {
                room: lobby,
                topic: Topic::default(),
                private: false,
                keep,
            };
            store.change(created).await?;
        }
        let longest = text_bytes.saturating_mul(LONGEST_LINES_IN_QUEUE);
        Ok(Self {
            state: Mutex::new(State::from_snapshot(snapshot, keep)),
            store,
            commits: tokio::sync::Mutex::new(commits),
            published: Notify::new(),
            fleeting: Fleeting::default(),
            keep,
            max_rooms,
            text_bytes,
            queue_bytes: QUEUE_BYTES.max(longest),
            rates: Rates::new(per_minute),
            operators: Operators::new(bans),
        })
    }

    /// What operators decide.
    pub fn operators(&self) -> &Operators {
        &self.operators
    }

    /// Whether anybody is an operator.
    pub fn has_operator(&self) -> bool {
        !self.lock().operators.is_empty()
    }

    /// How often things may be done.
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// Tells every entry that becomes durable to whom it concerns, for as long as the store lives.
    /// Runs once, beside everything else.
    pub async fn publish(&self) {
        let mut commits = self.commits.lock().await;
        let mut fleeting = self.fleeting.listen().await;
        let Listener { told, grants } = &mut *fleeting;
        loop {
            // What was said without being kept was said before what is kept now: see `retention`.
            let together = tokio::select! {
                biased;
                granted = grants.next() => {
                    // What was kept before has smaller numbers, and is told before.
                    while let Ok(first) = commits.try_recv() {
                        self.tell(batch(first, &mut commits, || true)).await;
                    }
                    self.grant(granted);
                    continue;
                }
                Some(first) = told.recv() => batch(first, told, || true),
                first = commits.recv() => {
                    let Some(first) = first else { return };
                    batch(first, &mut commits, || told.is_empty())
                }
            };
            self.tell(together).await;
        }
    }

    async fn tell(&self, together: Vec<Commit>) {
        let wakers = self.lock().publish(together);
        // Without the lock, which whoever wakes up may want at once.
        drop(wakers);
        self.published.notify_waiters();
        // Those who hear a burst of entries get to send what they have before more comes: what
        // waits for them is bounded.
        tokio::task::yield_now().await;
    }

    /// Waits until a room's entry has been told.
    async fn published_to(&self, room: &RoomId, seq: Seq) {
        loop {
            // Before the look, so that nothing can happen between look and wait.
            let published = self.published.notified();
            let head = self
                .lock()
                .rooms
                .get(room)
                .map_or(Seq::MAX, |room| room.head);
            if head >= seq {
                return;
            }
            published.await;
        }
    }

    /// From now on nobody is told who leaves: the server stops.
    pub fn close(&self) {
        self.lock().closing = true;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held would be a bug; the others' chat goes on all the same.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What waits behind `first` and may be told with it, as long as `more`.
fn batch(
    first: Commit,
    waiting: &mut mpsc::UnboundedReceiver<Commit>,
    more: impl Fn() -> bool,
) -> Vec<Commit> {
    let mut bytes = text_bytes(&first);
    let mut together = vec![first];
    while bytes < TOLD_TOGETHER_BYTES && together.len() < TOLD_TOGETHER && more() {
        let Ok(next) = waiting.try_recv() else { break };
        bytes += text_bytes(&next);
        together.push(next);
    }
    together
}

fn text_bytes(commit: &Commit) -> usize {
    match &commit.entry.event {
        Event::Message { text, .. } | Event::Edited { text, .. } => {
            text.as_ref().map_or(0, |text| text.as_str().len())
        }
        Event::Deleted { .. } | Event::Reacted { .. } => 0,
    }
}
