//! The chat: people, rooms, and the queue of each connection.
//!
//! Knows nothing of sockets and protocols: a connection is a key and a queue. What must outlive the
//! server is in the [store](crate::store); the hub keeps the rest of it in memory.
//!
//! A [`Session`] takes a client's plaintexts; each is a [request](requests) that is
//! [authorized](authorize) and asks the [store](crate::store). The store's commits come to the
//! hub's one task, which [applies](apply) them to the [directory] and the [rooms](room), broadcasts
//! them, and only then answers the request. Locks are taken in the order directory, room, queue.

mod admit;
mod announce;
mod append;
mod apply;
mod authorize;
mod daily;
mod directory;
mod encoding;
mod health;
mod hold;
mod names;
mod page;
mod queue;
mod quota;
mod reading;
mod requester;
mod requests;
mod room;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod under_way;
mod written;

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::chat::entry::DisplayName;
use shared::chat::{RoomId, RoomName, Topic};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use self::append::{UnstoredQueues, UnstoredReceivers, unstored_queues};
use self::directory::Directory;
use self::quota::Quota;
use self::requests::{Rejection, Searches};
use self::room::{Room, RoomLock, RoomTable};
use self::written::Written;
use crate::current::Current;
use crate::metrics::Metrics;
use crate::operators::Operators;
use crate::rates::Rates;
use crate::store::{Change, Outcome, Store, StoreError};

pub use self::settings::Settings;
pub use health::{HEALTH_DEADLINE, Unhealthy};
pub use queue::QUEUE_BYTES;
pub use session::{Due, Session, loggable};

/// A queue holds at least so many of the longest lines: a client that reads, but a little behind,
/// is not evicted by lines that are allowed.
const LONGEST_LINES_IN_QUEUE: usize = 4;

/// Most unstored entries that are broadcast before their subscribers wake up.
const UNSTORED_TOGETHER: usize = 64;

/// The rooms of a server, and the people in them. Clones share them.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Inner>);

/// The parts of a hub.
#[derive(Debug)]
pub struct Inner {
    directory: Mutex<Directory>,
    rooms: RoomTable,
    quota: Quota,
    written: Written,
    store: Arc<dyn Store>,
    /// The store's outcomes and the unstored rooms' entries, until [`Hub::run`] takes them.
    sources: tokio::sync::Mutex<Sources>,
    unstored: UnstoredQueues,
    searches: Searches,
    /// Held while an operator's decision is stored that depends on what others decide.
    deciding: Arc<tokio::sync::Mutex<()>>,
    settings: Current<Settings>,
    metrics: Arc<Metrics>,
    rates: Current<Rates>,
    operators: Operators,
}

#[derive(Debug)]
struct Sources {
    outcomes: mpsc::UnboundedReceiver<Vec<Outcome>>,
    unstored: UnstoredReceivers,
}

impl Deref for Hub {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Hub {
    /// Opens the rooms that `store` has.
    ///
    /// # Errors
    /// The store's.
    pub async fn open(store: Arc<dyn Store>, settings: Settings) -> Result<Self, StoreError> {
        let mut snapshot = store.load().await?;
        let bans = std::mem::take(&mut snapshot.bans);
        let lobby = RoomId::from(RoomName::lobby());
        let is_new = !snapshot.rooms.iter().any(|room| room.room == lobby);
        // Written through, so that a later start without the flag finds the same mode.
        if let Some(mode) = settings.admission
            && mode != snapshot.admission
        {
            store.change(Change::AdmissionMode(mode)).await?;
            snapshot.admission = mode;
        }
        let (mut directory, mut rooms) = Directory::from_snapshot(snapshot);
        // The lobby has no owner: everybody starts in it, and only operators give roles there.
        if is_new {
            let created = Change::RoomCreated {
                room: lobby.clone(),
                topic: Topic::default(),
                private: false,
                keep: settings.keep,
                owner: None,
            };
            store.change(created).await?;
            let room = Room::new(lobby, Topic::default(), false, settings.keep);
            directory.add_room(&room);
            rooms.push(room);
        }
        // After the lobby was written: everything from here on is applied.
        let outcomes = store.subscribe();
        let (queues, unstored) = unstored_queues();
        let (table, quota) = (RoomTable::default(), Quota::new(settings.claims_per_day));
        for room in rooms {
            quota.add(&room.id, room.owner());
            // A crash came before the room's end. Not awaited: applied once the hub runs.
            if room.ends() {
                let room = room.id.clone();
                drop(store.change(Change::RoomEnded { room }));
            }
            table.insert(room);
        }
        Ok(Self(Arc::new(Inner {
            directory: Mutex::new(directory),
            rooms: table,
            quota,
            written: Written::new(settings.bytes_per_day),
            store,
            sources: tokio::sync::Mutex::new(Sources { outcomes, unstored }),
            unstored: queues,
            searches: Searches::default(),
            deciding: Arc::default(),
            rates: Current::new(Rates::new(settings.per_minute)),
            operators: Operators::new(bans, settings.shown, settings.log.clone()),
            metrics: Arc::clone(&settings.metrics),
            settings: Current::new(settings),
        })))
    }

    /// Applies other settings. Retention holds for new rooms, and an admission mode that
    /// the settings had before stays what the operators have made of it.
    ///
    /// # Errors
    /// The store's, when the admission mode is not stored; nothing is changed then.
    pub async fn reconfigure(&self, settings: Settings) -> Result<(), StoreError> {
        let former = self.settings();
        if let Some(mode) = settings.admission
            && settings.admission != former.admission
        {
            self.store.change(Change::AdmissionMode(mode)).await?;
        }
        // New buckets are full: the same rates keep theirs.
        if settings.per_minute != former.per_minute {
            self.rates.set(Rates::new(settings.per_minute));
        }
        self.quota.set_claims_per_day(settings.claims_per_day);
        self.written.set_most(settings.bytes_per_day);
        self.operators.show(settings.shown);
        self.settings.set(settings);
        Ok(())
    }

    /// Returns the present settings.
    fn settings(&self) -> Arc<Settings> {
        self.0.settings.get()
    }

    /// Returns the most bytes of events that may wait for a new connection.
    fn queue_limit(&self) -> usize {
        let longest = self.settings().text_bytes;
        QUEUE_BYTES.max(longest.saturating_mul(LONGEST_LINES_IN_QUEUE))
    }

    /// Returns what operators decide.
    pub fn operators(&self) -> &Operators {
        &self.0.operators
    }

    /// Returns `true` if the server has an operator.
    pub fn has_operator(&self) -> bool {
        !self.directory().operators.is_empty()
    }

    /// Returns the server's metrics.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.0.metrics
    }

    /// Returns the rates at which people may do things.
    pub fn rates(&self) -> Arc<Rates> {
        self.0.rates.get()
    }

    /// Applies everything that becomes durable, for as long as the store lives, and announces what
    /// is announced by the clock. Runs once, beside everything else.
    pub async fn run(&self) {
        // Held for as long as the task runs: a second task would apply commits beside this one, out
        // of their order.
        let mut sources = self.sources.lock().await;
        let Sources { outcomes, unstored } = &mut *sources;
        let UnstoredReceivers { entries, grants } = unstored;
        let mut clock = tokio::time::interval(announce::TICK);
        // A turn that comes late announces everything at once, so turns that were missed are not
        // made up for.
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut turn = 0_u64;
        loop {
            // Drain unstored entries first: they precede anything that the store commits from now
            // on.
            tokio::select! {
                biased;
                granted = grants.next() => {
                    // Entries that were stored before have smaller numbers, and are broadcast
                    // before.
                    while let Ok(outcomes) = outcomes.try_recv() {
                        while let Ok(first) = entries.try_recv() {
                            self.apply_unstored(together(first, entries)).await;
                        }
                        self.apply_all(outcomes).await;
                    }
                    self.grant(granted);
                }
                Some(first) = entries.recv() => {
                    self.apply_unstored(together(first, entries)).await;
                }
                outcomes = outcomes.recv() => {
                    // The store is gone, so nothing becomes durable any more.
                    let Some(outcomes) = outcomes else { return };
                    self.apply_all(outcomes).await;
                }
                // Last by `biased`: announcements can wait while there are commits to apply.
                _ = clock.tick() => {
                    turn += 1;
                    self.announce(turn);
                }
            }
        }
    }

    /// Announces nobody who leaves from now on: the server stops.
    pub fn close(&self) {
        self.directory().closing = true;
    }

    fn directory(&self) -> MutexGuard<'_, Directory> {
        let directory = self.0.directory.lock();
        // A panic under the lock would be a bug; the others' chat goes on all the same.
        directory.unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a room.
    ///
    /// # Errors
    /// A [`Rejection`] if there is none; whether somebody may know of it is for
    /// [`authorize`](authorize::authorize) to decide.
    fn room(&self, id: &RoomId) -> Result<Arc<RoomLock>, Rejection> {
        self.rooms
            .get(id)
            .ok_or_else(|| Rejection::no_such_room(id))
    }

    /// Returns how many connections receive the lobby, and the names of some of their people.
    fn present_in_lobby(&self, most: usize) -> (usize, Vec<DisplayName>) {
        let Some(lobby) = self.lobby() else {
            return (0, Vec::new());
        };
        // Directory before room, as everywhere.
        let (directory, lobby) = (self.directory(), lobby.lock());
        let users = lobby.subscribed_users().take(most);
        let names = users.map(|user| directory.name_of(user)).collect();
        (lobby.subscribed_users().count(), names)
    }
}

/// Takes what waits behind `first` and may be broadcast with it.
fn together<T>(first: T, waiting: &mut mpsc::UnboundedReceiver<T>) -> Vec<T> {
    let mut together = vec![first];
    while together.len() < UNSTORED_TOGETHER {
        let Ok(next) = waiting.try_recv() else { break };
        together.push(next);
    }
    together
}
