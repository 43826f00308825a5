//! The entries of unstored rooms: they get numbers and are broadcast, and nothing of them is
//! written anywhere.
//!
//! Numbers are reserved in the store, in blocks, before one of them is used. So no number is given
//! twice, also not after a `kill -9`; the rest of a block is skipped then.

use std::collections::{HashMap, VecDeque};

use shared::chat::{Author, Entry, Event, MessageId, Seq, Timestamp, UserId};
use tokio::sync::oneshot;

use crate::store::{Appended, NewEntry, Reactions, StoreError, not_before};

/// Numbers that are reserved at once. A restart skips fewer.
pub(in crate::hub) const BLOCK: u32 = 4096;

/// The next block is reserved when fewer numbers than this are left.
const LOW: Seq = 2048;

/// Entries whose ids are remembered, so that one that is sent again is not broadcast again.
const REMEMBERED: usize = 1024;

/// Most entries that wait for numbers: the store is slow or its disk is full then.
const WAITING: usize = 4096;

/// The requester of an append.
pub(in crate::hub) type Reply = oneshot::Sender<Result<Appended, StoreError>>;

/// An entry that has its number. It is broadcast first, and its requester is answered afterwards.
#[derive(Debug)]
pub(in crate::hub) struct UnstoredEntry {
    entry: Entry,
    appended: Appended,
    reply: Reply,
}

impl UnstoredEntry {
    /// Answers the requester, who may have gone.
    pub(in crate::hub) fn acknowledge(appended: Appended, reply: Reply) {
        let _ = reply.send(Ok(appended));
    }

    /// Answers the requester of an entry that nobody got, because its room was closed.
    pub(in crate::hub) fn refuse(reply: Reply) {
        let _ = reply.send(Err(StoreError::NoSuchRoom));
    }

    /// Takes the entry out, to broadcast it and then to [acknowledge](Self::acknowledge) it.
    pub(in crate::hub) fn into_parts(self) -> (Entry, Appended, Reply) {
        (self.entry, self.appended, self.reply)
    }
}

/// The numbers and the recent entries of an unstored room.
#[derive(Debug, Default)]
pub(in crate::hub) struct Unstored {
    /// The numbers that are free: those after the first, up to the second. `None` as long as the
    /// last number of the store is not known.
    free: Option<(Seq, Seq)>,
    /// A reservation is under way.
    reserving: bool,
    /// Counts how often the room has become unstored, to tell reservations of earlier times apart.
    period: u64,
    /// Appends that came when there was no number.
    waiting: VecDeque<(NewEntry, Timestamp, Reply)>,
    recent: HashMap<(UserId, MessageId), Recent>,
    /// The keys of `recent`, with their rising numbers.
    order: VecDeque<(Seq, (UserId, MessageId))>,
    /// The reactions to the messages in `recent`. Each was added by an entry behind its message, so
    /// that they are fewer than [`REMEMBERED`].
    reactions: Reactions,
    last_at: Option<Timestamp>,
}

/// The parts of an entry that are remembered: everything but its text.
#[derive(Debug, Clone)]
struct Recent {
    seq: Seq,
    at: Timestamp,
    /// The entry is a message, and was not deleted.
    is_message: bool,
}

impl Unstored {
    /// Appends an entry and returns it to be broadcast. One that has to wait for a number comes
    /// later, with [`Self::granted`].
    pub(in crate::hub) fn append(
        &mut self,
        new: NewEntry,
        now: Timestamp,
        reply: Reply,
    ) -> Option<UnstoredEntry> {
        let key = (new.from, new.id);
        // Sent again, because an acknowledgement was lost: acknowledged as before, and broadcast
        // once.
        if let Some(recent) = self.recent.get(&key) {
            let again = Appended {
                seq: recent.seq,
                at: recent.at,
                again: true,
            };
            UnstoredEntry::acknowledge(again, reply);
            return None;
        }
        let Some((last, end)) = self.free.filter(|(last, end)| last < end) else {
            if self.waiting.len() >= WAITING {
                let _ = reply.send(Err(StoreError::Full));
                return None;
            }
            self.waiting.push_back((new, now, reply));
            return None;
        };
        // Not before there is a number: entries that wait may add reactions and take them back.
        if let Err(error) = self.reactions.judge(new.from, &new.event) {
            let _ = reply.send(Err(error));
            return None;
        }
        let seq = last + 1;
        self.free = Some((seq, end));
        let at = not_before(self.last_at, now);
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
        Some(UnstoredEntry {
            entry,
            appended,
            reply,
        })
    }

    fn remember(&mut self, key: (UserId, MessageId), entry: &Entry) {
        let recent = Recent {
            seq: entry.seq,
            at: entry.at,
            is_message: matches!(entry.event, Event::Message { .. }),
        };
        match entry.event {
            Event::Deleted { of } => {
                if let Some(gone) = self.key(of).and_then(|key| self.recent.get_mut(&key)) {
                    gone.is_message = false;
                }
                self.reactions.apply(entry.from.id, &entry.event);
            }
            // A reaction that waited for a number may come when its message is gone: it would be
            // counted for ever.
            Event::Reacted { of, .. } if self.writer(of).is_some() => {
                self.reactions.apply(entry.from.id, &entry.event);
            }
            Event::Reacted { .. } | Event::Message { .. } | Event::Edited { .. } => {}
        }
        self.recent.insert(key, recent);
        self.order.push_back((entry.seq, key));
        if self.order.len() > REMEMBERED
            && let Some((seq, oldest)) = self.order.pop_front()
        {
            self.recent.remove(&oldest);
            self.reactions.forget(seq);
        }
    }

    /// Returns the key of a recent entry.
    fn key(&self, seq: Seq) -> Option<(UserId, MessageId)> {
        let at = self.order.binary_search_by_key(&seq, |(seq, _)| *seq);
        at.ok()
            .and_then(|at| self.order.get(at))
            .map(|(_, key)| *key)
    }

    /// Begins a period in which the room is unstored. Numbers of an earlier one are lower than
    /// those of entries that were stored since, so they are not used.
    pub(in crate::hub) fn begin(&mut self) {
        self.period += 1;
        self.free = None;
        // The reservation under way is of the former period: its answer is passed over, and would
        // otherwise keep this period from ever asking.
        self.reserving = false;
    }

    /// Returns the period for which numbers are to be reserved now, once until they are there.
    pub(in crate::hub) fn wants_numbers(&mut self) -> Option<u64> {
        let left = self.free.map_or(0, |(last, end)| end - last);
        let wants = left < LOW && !std::mem::replace(&mut self.reserving, true);
        wants.then_some(self.period)
    }

    /// Returns `true` if an append waits for a number.
    pub(in crate::hub) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes the [`BLOCK`] numbers after `last`, which were reserved in `period`, and returns the
    /// entries that waited for them. Numbers before `head`, the last entry that was broadcast,
    /// cannot be used.
    pub(in crate::hub) fn granted(
        &mut self,
        last: Seq,
        period: u64,
        head: Seq,
    ) -> Vec<UnstoredEntry> {
        // From before the room was stored for a while: the store has given larger numbers since.
        if period != self.period {
            return Vec::new();
        }
        self.reserving = false;
        let follows = self.free.is_some_and(|(_, end)| end == last);
        // The store has broadcast larger numbers; smaller ones behind them would never be shown.
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
        let entries = waiting.into_iter();
        entries
            .filter_map(|(new, now, reply)| self.append(new, now, reply))
            .collect()
    }

    /// Refuses the appends that wait for a number, because none can be reserved.
    pub(in crate::hub) fn denied(&mut self, error: &StoreError, period: u64) {
        if period != self.period {
            return;
        }
        self.reserving = false;
        self.refuse_waiting(error);
    }

    /// Refuses the appends that wait for a number.
    pub(in crate::hub) fn refuse_waiting(&mut self, error: &StoreError) {
        for (_, _, reply) in self.waiting.drain(..) {
            let _ = reply.send(Err(error.clone()));
        }
    }

    /// Returns the writer of a recent message.
    pub(in crate::hub) fn writer(&self, seq: Seq) -> Option<UserId> {
        let key = self.key(seq)?;
        let found = self.recent.get(&key)?;
        found.is_message.then_some(key.0)
    }
}

#[cfg(test)]
mod tests {
    use shared::chat::entry::DisplayName;
    use shared::chat::{Emoji, Text};
    use shared::identity::Fingerprint;

    use super::*;
    use crate::store::MAX_OWN_REACTIONS;

    fn user(number: u32) -> UserId {
        UserId(Fingerprint::of_spki(&number.to_be_bytes()))
    }

    /// Appends an entry of an id that no other has, and returns its answer, if there is one yet.
    fn append(
        room: &mut Unstored,
        from: u32,
        event: Event,
    ) -> oneshot::Receiver<Result<Appended, StoreError>> {
        let (reply, appended) = oneshot::channel();
        let new = NewEntry {
            id: MessageId::from_random(crate::system::random_bytes().unwrap()),
            from: user(from),
            name: DisplayName::guest(user(from)),
            event,
        };
        let now = Timestamp::from_unix_millis(0).unwrap();
        if let Some(entry) = room.append(new, now, reply) {
            let (_, appended, reply) = entry.into_parts();
            UnstoredEntry::acknowledge(appended, reply);
        }
        appended
    }

    fn message() -> Event {
        Event::Message {
            text: Text::parse("look").ok(),
            reply_to: None,
        }
    }

    fn reaction(of: Seq, number: u32) -> Event {
        reacted(of, number, true)
    }

    fn reacted(of: Seq, number: u32, on: bool) -> Event {
        let emoji = char::from_u32(0x1f400 + number).unwrap().to_string();
        Event::Reacted {
            of,
            emoji: Emoji::parse(&emoji).unwrap(),
            on,
        }
    }

    fn grant(room: &mut Unstored, last: Seq) {
        for entry in room.granted(last, 0, last) {
            let (_, appended, reply) = entry.into_parts();
            UnstoredEntry::acknowledge(appended, reply);
        }
    }

    // The leak: reactions of messages that nobody can react to any more.
    #[test]
    fn a_flood_of_reactions_to_ever_new_messages_takes_no_more_memory() {
        let mut room = Unstored::default();
        grant(&mut room, 0);
        for of in (1..=4000).step_by(4) {
            append(&mut room, 0, message());
            for from in 1..=3 {
                append(&mut room, from, reaction(of, from));
            }
            assert!(room.reactions.len() < REMEMBERED);
        }
        assert!(room.reactions.len() > REMEMBERED / 2);
        for of in (1..=4000).step_by(4) {
            if room.writer(of).is_some() {
                room.reactions.judge(user(1), &reaction(of, 100)).unwrap();
            }
        }
        grant(&mut room, 4096);
        for _ in 0..REMEMBERED {
            append(&mut room, 0, message());
        }
        assert_eq!(room.reactions.len(), 0);
    }

    // The race: all of a flood waits for numbers, and was let in before any of it counted.
    #[test]
    fn a_flood_of_reactions_that_waits_for_numbers_passes_no_bound() {
        let mut room = Unstored::default();
        let mut said = append(&mut room, 0, message());
        let mut answers: Vec<_> = (0..100)
            .map(|number| append(&mut room, 1, reaction(1, number)))
            .collect();
        grant(&mut room, 0);
        assert_eq!(said.try_recv().unwrap().unwrap().seq, 1);
        let answers: Vec<_> = answers
            .iter_mut()
            .map(|answer| answer.try_recv().unwrap())
            .collect();
        let taken = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(taken, MAX_OWN_REACTIONS);
        let refused = Err(StoreError::TooManyOwnReactions);
        assert_eq!(answers[MAX_OWN_REACTIONS..], vec![refused; 100 - taken]);
    }

    #[test]
    fn a_reaction_that_is_taken_back_while_both_wait_for_numbers_leaves_its_place() {
        let mut room = Unstored::default();
        grant(&mut room, 0);
        append(&mut room, 0, message());
        for number in 0..u32::try_from(MAX_OWN_REACTIONS).unwrap() {
            append(&mut room, 1, reaction(1, number));
        }
        room.begin();
        append(&mut room, 1, reacted(1, 0, false));
        let mut added = append(&mut room, 1, reaction(1, 100));
        let mut refused = append(&mut room, 1, reaction(1, 0));
        for entry in room.granted(5000, room.period, 0) {
            let (_, appended, reply) = entry.into_parts();
            UnstoredEntry::acknowledge(appended, reply);
        }
        assert_eq!(added.try_recv().unwrap().unwrap().seq, 5002);
        let error = Err(StoreError::TooManyOwnReactions);
        assert_eq!(refused.try_recv().unwrap(), error);
    }

    // The leak: a reaction that waited for a number, while its message was deleted.
    #[test]
    fn a_reaction_that_comes_behind_the_deletion_of_its_message_is_not_counted() {
        let mut room = Unstored::default();
        append(&mut room, 0, message());
        append(&mut room, 0, Event::Deleted { of: 1 });
        append(&mut room, 1, reaction(1, 1));
        grant(&mut room, 0);
        assert_eq!(room.reactions.len(), 0);
        assert_eq!(room.writer(1), None);
    }
}
