//! Rooms that keep nothing: their entries get numbers and are told, and are nowhere written.
//!
//! Numbers are reserved in the store, in blocks, before one of them is used: so no number is given
//! twice, also not after the process has been killed. What is left of a block is skipped then.

use std::collections::{HashMap, VecDeque};

use shared::chat::{Author, Entry, Event, MessageId, Seq, Timestamp, UserId};
use tokio::sync::oneshot;

use crate::store::{Appended, NewEntry, StoreError};

/// Numbers that are reserved at once. A restart skips fewer.
pub(super) const BLOCK: u32 = 4096;

/// The next block is reserved when so few are left.
const LOW: Seq = 2048;

/// Entries whose ids are remembered, so that one that is sent again is not told again.
const REMEMBERED: usize = 1024;

/// Whoever waits for an append.
pub(super) type Reply = oneshot::Sender<Result<Appended, StoreError>>;

/// What a room that keeps nothing knows of its entries.
#[derive(Debug, Default)]
pub(super) struct Fleeting {
    /// The numbers that are free: those after the first, up to the second. Nothing as long as it is
    /// not known which the store gave last.
    free: Option<(Seq, Seq)>,
    /// More are asked for.
    reserving: bool,
    /// How often the room has begun to keep nothing.
    beginnings: u64,
    /// What came when there was no number.
    waiting: VecDeque<(NewEntry, Timestamp, Reply)>,
    recent: HashMap<(UserId, MessageId), Recent>,
    order: VecDeque<(UserId, MessageId)>,
    last_at: Option<Timestamp>,
}

/// What is remembered of an entry: not what it says.
#[derive(Debug, Clone)]
struct Recent {
    seq: Seq,
    at: Timestamp,
    /// It is a message, and was not deleted.
    is_message: bool,
}

impl Fleeting {
    /// Takes an entry, which is told if it comes back; one that waits for a number comes with
    /// [`Self::granted`].
    pub(super) fn append(&mut self, new: NewEntry, now: Timestamp, reply: Reply) -> Option<Entry> {
        let key = (new.from, new.id);
        if let Some(recent) = self.recent.get(&key) {
            let again = Appended {
                seq: recent.seq,
                at: recent.at,
                again: true,
            };
            // Whoever waited may have gone; so below.
            let _ = reply.send(Ok(again));
            return None;
        }
        let Some((last, end)) = self.free.filter(|(last, end)| last < end) else {
            self.waiting.push_back((new, now, reply));
            return None;
        };
        let seq = last + 1;
        self.free = Some((seq, end));
        let at = self.last_at.map_or(now, |last| last.max(now));
        self.last_at = Some(at);
        let entry = Entry {
            seq,
            id: new.id,
            from: Author {
                id: new.from,
                name: new.name,
            },
            at,
            event: new.event,
        };
        self.remember(key, &entry);
        let appended = Appended {
            seq,
            at,
            again: false,
        };
        let _ = reply.send(Ok(appended));
        Some(entry)
    }

    fn remember(&mut self, key: (UserId, MessageId), entry: &Entry) {
        let recent = Recent {
            seq: entry.seq,
            at: entry.at,
            is_message: matches!(entry.event, Event::Message { .. }),
        };
        if let Event::Deleted { of } = entry.event
            && let Some(gone) = self.recent.values_mut().find(|recent| recent.seq == of)
        {
            gone.is_message = false;
        }
        self.recent.insert(key, recent);
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.recent.remove(&oldest);
        }
    }

    /// The room keeps nothing from now on. Numbers that it had, or has asked for, are lower than
    /// those of what the store was given since.
    pub(super) fn begin(&mut self) {
        self.beginnings += 1;
        self.free = None;
        self.reserving = false;
    }

    /// Whether numbers are to be reserved now, and for which beginning; says so once until they are
    /// there.
    pub(super) fn wants_numbers(&mut self) -> Option<u64> {
        let left = self.free.map_or(0, |(last, end)| end - last);
        let wants = left < LOW && !std::mem::replace(&mut self.reserving, true);
        wants.then_some(self.beginnings)
    }

    /// Whether somebody waits for a number.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The numbers after `last` are free now, [`BLOCK`] of them, which were asked for in this
    /// beginning. Gives what waited for one; nothing if they cannot be used, because others after
    /// them were told already: `head` is the last of those.
    pub(super) fn granted(&mut self, last: Seq, beginning: u64, head: Seq) -> Vec<Entry> {
        if beginning != self.beginnings {
            return Vec::new();
        }
        self.reserving = false;
        let follows = self.free.is_some_and(|(_, end)| end == last);
        if last < head && !follows {
            self.free = None;
            return Vec::new();
        }
        let end = last + Seq::from(BLOCK);
        self.free = match self.free {
            // Blocks follow each other: nobody else takes numbers of this room.
            Some((used, former)) if former == last => Some((used, end)),
            _ => Some((last, end)),
        };
        let waiting = std::mem::take(&mut self.waiting);
        let told = waiting.into_iter();
        told.filter_map(|(new, now, reply)| self.append(new, now, reply))
            .collect()
    }

    /// There are no numbers to be had: whoever waits for one is told.
    pub(super) fn denied(&mut self, error: &StoreError, beginning: u64) {
        if beginning != self.beginnings {
            return;
        }
        self.reserving = false;
        for (_, _, reply) in self.waiting.drain(..) {
            let _ = reply.send(Err(error.clone()));
        }
    }

    /// Who wrote a recent message.
    pub(super) fn writer(&self, seq: Seq) -> Option<UserId> {
        let mut recent = self.recent.iter();
        let ((writer, _), found) = recent.find(|(_, recent)| recent.seq == seq)?;
        found.is_message.then_some(*writer)
    }
}
