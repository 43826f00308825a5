//! Appends entries to the store, or to an unstored room itself.
//!
//! When a room becomes unstored, or stored again, its numbers still go up: appends are queued under
//! the room's lock, where its retention is looked at; unstored entries are broadcast before
//! anything that the store commits later; and numbers are [granted](Hub::grant) behind everything
//! that the store committed before them.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::{Instant, SystemTime};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use shared::chat::{Keep, RoomId, Seq};
use tokio::sync::{mpsc, oneshot};

use super::Hub;
use super::room::{BLOCK, Room, RoomLock, UnstoredEntry};
use crate::logging::Repeated;
use crate::store::{Appended, Durable, NewEntry, StoreError};
use crate::system;
use crate::telemetry;

/// Every room without numbers asks again with its next entry.
static UNRESERVED: Repeated = Repeated::new();

/// The queues from unstored rooms to the hub's task.
#[derive(Debug)]
pub(super) struct UnstoredQueues {
    entries: mpsc::UnboundedSender<(Weak<RoomLock>, UnstoredEntry)>,
    reservations: mpsc::UnboundedSender<Reservation>,
}

/// The hub's ends of [`UnstoredQueues`]. What waits in them is bounded by the requests of all
/// connections that wait for an answer.
#[derive(Debug)]
pub(super) struct UnstoredReceivers {
    /// Entries to be broadcast.
    pub(super) entries: mpsc::UnboundedReceiver<(Weak<RoomLock>, UnstoredEntry)>,
    pub(super) grants: Grants,
}

/// The reservations of numbers that are under way.
#[derive(Debug)]
pub(super) struct Grants {
    asked: mpsc::UnboundedReceiver<Reservation>,
    pending: FuturesUnordered<Granting>,
}

/// A reservation of numbers for a room.
struct Reservation {
    // Not its name, which another room may have got by then.
    room: Weak<RoomLock>,
    /// The room's period, see [`Unstored`](super::room::Unstored).
    period: u64,
    reserved: Durable<Seq>,
}

impl std::fmt::Debug for Reservation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reservation")
            .field("room", &self.room)
            .finish_non_exhaustive()
    }
}

/// The store's answer to a reservation.
pub(super) type Granted = (Weak<RoomLock>, u64, Result<Seq, StoreError>);

type Granting = Pin<Box<dyn Future<Output = Granted> + Send>>;

/// Creates the queues.
pub(super) fn unstored_queues() -> (UnstoredQueues, UnstoredReceivers) {
    let (entries, unstored) = mpsc::unbounded_channel();
    let (reservations, asked) = mpsc::unbounded_channel();
    let queues = UnstoredQueues {
        entries,
        reservations,
    };
    let grants = Grants {
        asked,
        pending: FuturesUnordered::new(),
    };
    let receivers = UnstoredReceivers {
        entries: unstored,
        grants,
    };
    (queues, receivers)
}

impl Grants {
    /// Waits for the store's answer to a reservation.
    ///
    /// Cancel safe.
    pub(super) async fn next(&mut self) -> Granted {
        loop {
            // Reservations stay in `self.pending` when this future is dropped, so none is lost.
            let waiting = !self.pending.is_empty();
            tokio::select! {
                Some(granted) = self.pending.next(), if waiting => return granted,
                Some(asked) = self.asked.recv() => {
                    let Reservation { room, period, reserved } = asked;
                    self.pending.push(Box::pin(async move { (room, period, reserved.await) }));
                }
                // The other end is in the same hub, which awaits this.
                else => std::future::pending().await,
            }
        }
    }
}

impl Hub {
    /// Appends an entry to a room. Queues it at once: entries of one connection keep their order.
    pub(super) fn append(&self, room: &mut Room, entry: NewEntry) -> Durable<Appended> {
        // The caller holds the room's lock, under which its retention changes too: an append is
        // clearly before or after such a change.
        if room.keep != Keep::Nothing {
            return self.append_stored(room.id.clone(), entry);
        }
        let (asked, metrics) = (Instant::now(), Arc::clone(self.metrics()));
        let (reply, appended) = oneshot::channel();
        let now = system::timestamp(SystemTime::now());
        let entry = room.unstored.append(entry, now, reply);
        // Broadcast by the hub's task, not here: it applies the store's commits as well, and so
        // keeps the order when the room's retention changes.
        self.queue_unstored(room, entry);
        // Asked for at half a block, so that appends rarely wait for the disk.
        self.reserve(room);
        Box::pin(async move {
            let ended = |_| Err(StoreError::Failed("nobody answers".into()));
            let appended = telemetry::within("hub.broadcast", appended).await;
            let appended = appended.unwrap_or_else(ended);
            if appended.is_ok() {
                metrics.ack.observe(asked.elapsed());
            }
            appended
        })
    }

    fn append_stored(&self, room: RoomId, entry: NewEntry) -> Durable<Appended> {
        let user = entry.from;
        let Some(bytes) = self.written.charge(user, &entry.event) else {
            // What is sent again because its ack was lost is no news.
            return self.store.append_again(room, entry);
        };
        let (asked, hub) = (Instant::now(), self.clone());
        let stored = self.store.append(room, entry);
        Box::pin(async move {
            let stored = stored.await;
            if stored.is_ok() {
                hub.metrics().ack.observe(asked.elapsed());
            }
            if stored.as_ref().map_or(true, |appended| appended.again) {
                // Nothing was stored for these bytes: the append failed, or the entry was there
                // before.
                hub.written.refund(user, bytes);
            }
            stored
        })
    }

    fn queue_unstored(&self, room: &Room, entries: impl IntoIterator<Item = UnstoredEntry>) {
        for entry in entries {
            // With the room and not its name: entries of a room that was renamed before they were
            // broadcast were acked, and came to nobody.
            let entry = (Weak::clone(&room.this), entry);
            // The hub's task listens as long as the hub lives.
            let _ = self.unstored.entries.send(entry);
        }
    }

    /// Reserves numbers, if the room needs more.
    pub(super) fn reserve(&self, room: &mut Room) {
        if let Some(period) = room.unstored.wants_numbers() {
            let _ = self.unstored.reservations.send(Reservation {
                room: Weak::clone(&room.this),
                period,
                reserved: self.store.reserve(room.id.clone(), BLOCK),
            });
        }
    }

    /// Gives a room the numbers that it reserved, or fails the appends that wait for them.
    pub(super) fn grant(&self, (room, period, granted): Granted) {
        let Some(room) = room.upgrade() else {
            return;
        };
        let mut room = room.lock();
        if room.closed {
            return;
        }
        match granted {
            Ok(last) => {
                let head = room.head;
                let entries = room.unstored.granted(last, period, head);
                self.queue_unstored(&room, entries);
                // The block may have been of no use, because the room was renamed, or stored for a
                // while, since it was asked for.
                if room.keep == Keep::Nothing || room.unstored.is_waiting() {
                    self.reserve(&mut room);
                }
            }
            Err(error) => {
                if let Some(suppressed) = UNRESERVED.take() {
                    tracing::error!(%error, room = %room.id, suppressed, "no numbers could be reserved");
                }
                // The appends that wait fail now, because a full disk may stay full.
                room.unstored.denied(&error, period);
            }
        }
    }
}
