//! A store that forgets everything when it is dropped, for tests. It keeps what [`Store`] promises,
//! but for the end of the process.

mod changes;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::chat::operator::Ban;
use shared::chat::search::Cursor;
use shared::chat::server::RoomEntry;
use shared::chat::{
    AdmissionMode, Author, Entry, Event, Keep, MessageId, Name, Query, Role, RoomId, Seq,
    Timestamp, Topic, UserId,
};
use tokio::sync::mpsc::UnboundedReceiver;

use super::clock::Clock;
use super::outcome::{Answer, Reply, Subscription};
use super::reactions::Reactions;
use super::rules;
use super::{
    Appended, Change, Committed, Durable, Found, NewEntry, Outcome, PageSize, RoomRecord, Snapshot,
    Store, StoreError, StoredInvitation,
};

/// Rooms in memory. Everything is done before a method returns.
#[derive(Debug)]
pub struct MemoryStore {
    // Outcomes are published under the lock, so that they come in the order of the requests.
    state: Mutex<State>,
    subscription: Subscription,
}

#[derive(Debug)]
struct State {
    clock: Clock,
    rooms: BTreeMap<RoomId, Room>,
    names: BTreeMap<UserId, Name>,
    operators: BTreeSet<UserId>,
    bans: BTreeMap<String, Ban>,
    v2_users: BTreeSet<UserId>,
    admission: AdmissionMode,
    admitted: BTreeSet<UserId>,
    invitations: BTreeMap<u32, StoredInvitation>,
}

#[derive(Debug, Default)]
struct Room {
    topic: Topic,
    private: bool,
    keep: Keep,
    /// The last number that was given or reserved.
    head: Seq,
    entries: BTreeMap<Seq, Entry>,
    last_at: Option<Timestamp>,
    seqs: HashMap<(UserId, MessageId), Seq>,
    reactions: Reactions,
    members: BTreeMap<UserId, Seq>,
    invited: BTreeSet<UserId>,
    roles: BTreeMap<UserId, Role>,
}

impl Default for MemoryStore {
    /// Creates a store without rooms.
    fn default() -> Self {
        Self::with_clock(Clock::system())
    }
}

impl MemoryStore {
    pub(super) fn with_clock(clock: Clock) -> Self {
        Self {
            subscription: Subscription::default(),
            state: Mutex::new(State {
                clock,
                rooms: BTreeMap::new(),
                names: BTreeMap::new(),
                operators: BTreeSet::new(),
                bans: BTreeMap::new(),
                v2_users: BTreeSet::new(),
                admission: AdmissionMode::default(),
                admitted: BTreeSet::new(),
                invitations: BTreeMap::new(),
            }),
        }
    }

    /// Does something under the lock and publishes its outcome.
    fn publish<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State) -> (Result<T, StoreError>, Option<Committed>),
        answer: impl FnOnce(Reply<T>, Result<T, StoreError>) -> Answer,
    ) -> Durable<T> {
        let (reply, done) = Reply::channel();
        // Held until the outcome is published, which keeps the outcomes in the order of the
        // changes.
        let mut state = self.state();
        let (result, committed) = work(&mut state);
        let outcome = Outcome::new(committed, answer(reply, result));
        self.subscription.publish(vec![outcome]);
        drop(state);
        Box::pin(async move {
            let ended = |_| Err(StoreError::Failed("nobody answers".into()));
            done.await.map_or_else(ended, |(result, _)| result)
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No method leaves anything half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn load(&self) -> Durable<Snapshot> {
        done(Ok(self.state().snapshot()))
    }

    fn subscribe(&self) -> UnboundedReceiver<Vec<Outcome>> {
        self.subscription.subscribe()
    }

    fn append(&self, room: RoomId, entry: NewEntry) -> Durable<Appended> {
        self.publish(
            |state| match state.append(room, entry) {
                Ok((appended, committed)) => (Ok(appended), committed),
                Err(error) => (Err(error), None),
            },
            Answer::Appended,
        )
    }

    fn append_again(&self, room: RoomId, entry: NewEntry) -> Durable<Appended> {
        self.publish(
            |state| match state.again(&room, &entry) {
                Ok(Some(appended)) => (Ok(appended), None),
                Ok(None) => (Err(StoreError::QuotaReached), None),
                Err(error) => (Err(error), None),
            },
            Answer::Appended,
        )
    }

    fn read_after(&self, room: RoomId, after: Seq, page: PageSize) -> Durable<Vec<Entry>> {
        done(self.state().room(&room).map(|room| {
            let rest = room
                .entries
                .range((Bound::Excluded(after), Bound::Unbounded));
            page_of(rest.map(|(_, entry)| entry), page)
        }))
    }

    fn read_before(&self, room: RoomId, before: Seq, page: PageSize) -> Durable<Vec<Entry>> {
        done(self.state().room(&room).map(|room| {
            let former = room.entries.range(..before).rev();
            let mut entries = page_of(former.map(|(_, entry)| entry), page);
            entries.reverse();
            entries
        }))
    }

    fn entry(&self, room: RoomId, seq: Seq) -> Durable<Option<Entry>> {
        done(
            self.state()
                .room(&room)
                .map(|room| room.entries.get(&seq).cloned()),
        )
    }

    fn reserve(&self, room: RoomId, numbers: u32) -> Durable<Seq> {
        let reserve = |room: &mut Room| {
            let last = room.head;
            room.head += Seq::from(numbers);
            last
        };
        self.publish(
            |state| (state.room(&room).map(reserve), None),
            Answer::Reserved,
        )
    }

    fn search(
        &self,
        rooms: Vec<RoomId>,
        query: Query,
        before: Option<Cursor>,
        page: PageSize,
    ) -> Durable<Found> {
        done(Ok(self.state().search(&rooms, &query, before, page)))
    }

    fn change(&self, change: Change) -> Durable<()> {
        self.publish(
            |state| {
                let result = state.change(change.clone());
                let committed = result.is_ok().then_some(Committed::Change(change));
                (result, committed)
            },
            Answer::Changed,
        )
    }
}

impl State {
    fn snapshot(&self) -> Snapshot {
        let record = |(id, room): (&RoomId, &Room)| RoomRecord {
            room: id.clone(),
            topic: room.topic.clone(),
            private: room.private,
            keep: room.keep,
            head: room.head,
            members: room
                .members
                .iter()
                .map(|(&user, &seq)| (user, seq))
                .collect(),
            invited: room.invited.iter().copied().collect(),
            roles: room
                .roles
                .iter()
                .map(|(&user, &role)| (user, role))
                .collect(),
        };
        let name = |(&user, name): (&UserId, &Name)| (user, name.clone());
        Snapshot {
            rooms: self.rooms.iter().map(record).collect(),
            names: self.names.iter().map(name).collect(),
            operators: self.operators.iter().copied().collect(),
            bans: self.bans.values().cloned().collect(),
            v2_users: self.v2_users.iter().copied().collect(),
            admission: self.admission,
            admitted: self.admitted.iter().copied().collect(),
            invitations: self.invitations.values().cloned().collect(),
        }
    }

    /// Returns what was answered to the same entry before, if it is stored.
    fn again(&mut self, id: &RoomId, new: &NewEntry) -> Result<Option<Appended>, StoreError> {
        let room = self.room(id)?;
        let seq = room.seqs.get(&(new.from, new.id));
        let Some(stored) = seq.and_then(|seq| room.entries.get(seq)) else {
            return Ok(None);
        };
        if !rules::is_the_same(&stored.event, &new.event) {
            return Err(StoreError::IdReused);
        }
        Ok(Some(Appended {
            seq: stored.seq,
            at: stored.at,
            again: true,
        }))
    }

    fn append(
        &mut self,
        id: RoomId,
        new: NewEntry,
    ) -> Result<(Appended, Option<Committed>), StoreError> {
        let now = self.clock.now();
        if let Some(again) = self.again(&id, &new)? {
            return Ok((again, None));
        }
        let room = self.room(&id)?;
        let key = (new.from, new.id);
        if let Event::Edited { of, .. } = new.event {
            let of_it = |entry: &&Entry| matches!(entry.event, Event::Edited { of: other, .. } if other == of);
            if room.entries.values().filter(of_it).count() >= rules::MAX_EDITS {
                return Err(StoreError::TooManyEdits);
            }
        }
        room.reactions.judge(new.from, &new.event)?;
        let entry = Entry {
            seq: room.head + 1,
            id: new.id,
            from: Author {
                id: new.from,
                name: new.name,
            },
            at: rules::not_before(room.last_at, now),
            event: room.as_stored(new.event),
        };
        let appended = Appended {
            seq: entry.seq,
            at: entry.at,
            again: false,
        };
        if let Event::Deleted { of } = entry.event {
            for entry in room.entries.values_mut() {
                rules::scrub(entry.seq, &mut entry.event, of);
            }
        }
        room.reactions.apply(new.from, &entry.event);
        room.seqs.insert(key, entry.seq);
        room.head = entry.seq;
        room.last_at = Some(entry.at);
        room.entries.insert(entry.seq, entry.clone());
        let entry = RoomEntry { room: id, entry };
        Ok((appended, Some(Committed::Entry(entry))))
    }

    /// Searches by looking at every message.
    fn search(
        &mut self,
        rooms: &[RoomId],
        query: &Query,
        before: Option<Cursor>,
        page: PageSize,
    ) -> Found {
        for room in rooms {
            // One that is not there has none.
            let _ = self.room(room);
        }
        let mut all: Vec<_> = rooms
            .iter()
            .filter_map(|id| Some((id, self.rooms.get(id)?)))
            .flat_map(|(id, room)| room.entries.values().map(move |entry| (id, room, entry)))
            .collect();
        all.sort_by_key(|(id, _, entry)| Reverse((entry.at, *id, entry.seq)));
        // Behind a cursor to an entry that is gone the search goes on by its time, as in the database.
        let start = before.map_or(0, |last| {
            let at =
                |(id, _, entry): &(&RoomId, _, &Entry)| **id == last.room && entry.seq == last.seq;
            let behind = all.iter().position(at).map(|at| at + 1);
            let by_time = || {
                let at = last.at?;
                all.iter().position(|(_, _, entry)| entry.at <= at)
            };
            behind.or_else(by_time).unwrap_or(all.len())
        });
        let pattern = query.pattern();
        let mut filling = rules::Filling::new(page);
        let mut found = Found::default();
        for (id, room, entry) in all.drain(start..) {
            let Some(entry) = room.as_it_is_now(entry) else {
                continue;
            };
            let Event::Message {
                text: Some(text), ..
            } = &entry.event
            else {
                continue;
            };
            if !pattern.matches(text.as_str()) {
                continue;
            }
            if !filling.takes(&entry.event) {
                found.next = found.entries.last().map(|last| Cursor {
                    room: last.room.clone(),
                    seq: last.entry.seq,
                    at: Some(last.entry.at),
                });
                break;
            }
            found.entries.push(RoomEntry {
                room: id.clone(),
                entry,
            });
        }
        found
    }

    /// Returns a room, without the entries that retention removes.
    fn room(&mut self, room: &RoomId) -> Result<&mut Room, StoreError> {
        let room = self.rooms.get_mut(room).ok_or(StoreError::NoSuchRoom)?;
        room.sweep(self.clock.now());
        Ok(room)
    }
}

impl Room {
    fn sweep(&mut self, now: Timestamp) {
        while let Some(first) = self.entries.first_entry()
            && rules::goes(self.keep, *first.key(), first.get().at, self.head, now)
        {
            let gone = first.remove();
            self.seqs.remove(&(gone.from.id, gone.id));
            self.reactions.forget(gone.seq);
            if let Event::Reacted { of, emoji, .. } = &gone.event {
                // The message went before, unless this reaction came behind its end.
                self.reactions.take_back(*of, gone.from.id, emoji);
            }
        }
    }

    /// Returns an event as it is kept: an edit of a message that was deleted in the meantime has no
    /// text.
    fn as_stored(&self, event: Event) -> Event {
        match event {
            Event::Edited { of, .. } if self.is_deleted(of) => Event::Edited { of, text: None },
            event => event,
        }
    }

    /// Returns a message with its last text; `None` if the entry is no message.
    fn as_it_is_now(&self, entry: &Entry) -> Option<Entry> {
        let Event::Message {
            text: Some(_),
            reply_to,
        } = &entry.event
        else {
            return None;
        };
        let edits = self
            .entries
            .values()
            .rev()
            .find_map(|edit| match &edit.event {
                Event::Edited { of, text } if *of == entry.seq => text.clone(),
                _ => None,
            });
        Some(match edits {
            None => entry.clone(),
            text => Entry {
                event: Event::Message {
                    text,
                    reply_to: *reply_to,
                },
                ..entry.clone()
            },
        })
    }

    fn is_deleted(&self, seq: Seq) -> bool {
        let event = self.entries.get(&seq).map(|entry| &entry.event);
        matches!(event, Some(Event::Message { text: None, .. }))
    }
}

fn page_of<'a>(entries: impl Iterator<Item = &'a Entry>, page: PageSize) -> Vec<Entry> {
    let mut filling = rules::Filling::new(page);
    entries
        .take_while(|entry| filling.takes(&entry.event))
        .cloned()
        .collect()
}

fn done<T: Send + 'static>(result: Result<T, StoreError>) -> Durable<T> {
    Box::pin(std::future::ready(result))
}
