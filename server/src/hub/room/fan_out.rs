//! Sends a room's events to its subscribers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::chat::{RoomId, Seq, ServerMessage, UserId};

use super::{Room, Subscriber};
use crate::clients::ConnectionId;
use crate::hub::encoding::{EncodedEntry, Mode, encode};
use crate::hub::queue::{Outbox, Overflow, Wakers};

/// Shortest time between two `typing` events of one person in one room: clients show one for twice
/// as long.
const TYPING_INTERVAL: Duration = Duration::from_secs(3);

/// Most people whose last `typing` a room remembers. All are forgotten at more, which costs at most
/// one event too many each.
const TYPING_REMEMBERED: usize = 1_000;

/// Connections whose queue an event did not fit. The caller evicts them, without the room's lock.
pub(in crate::hub) type Slow = Vec<ConnectionId>;

/// The result of a broadcast of entries.
#[derive(Debug, Default)]
pub(in crate::hub) struct Published {
    pub(in crate::hub) slow: Slow,
    /// Entries that were queued, for all subscribers together.
    pub(in crate::hub) deliveries: usize,
}

impl Room {
    /// Broadcasts entries in their order.
    pub(in crate::hub) fn publish(
        &mut self,
        entries: &[EncodedEntry],
        wakers: &mut Wakers,
    ) -> Published {
        let mut published = Published::default();
        let Some(last) = entries.last() else {
            return published;
        };
        self.head = self.head.max(last.seq);
        for (id, subscriber) in &mut self.subscribers {
            // It still reads older entries from the store, and would get these before them.
            let Some(sent) = &mut subscriber.sent else {
                continue;
            };
            // A page from the store, which is ahead of the broadcasts, may have brought some of
            // them already.
            let new = &entries[entries.partition_point(|entry| entry.seq <= *sent)..];
            *sent = (*sent).max(last.seq);
            let pushed = match subscriber.mode {
                Mode::Json => {
                    let json = new.iter().map(|entry| &entry.json);
                    subscriber.outbox.push(json, wakers)
                }
                Mode::Plain => {
                    let lines = new.iter().filter_map(|entry| entry.line.as_ref());
                    subscriber.outbox.push(lines, wakers)
                }
            };
            match pushed {
                Ok(queued) => published.deliveries += queued,
                Err(Overflow) => published.slow.push(*id),
            }
        }
        published
    }

    /// Broadcasts a message to the JSON subscribers.
    pub(in crate::hub) fn broadcast(&self, message: &ServerMessage, wakers: &mut Wakers) -> Slow {
        let json = encode(message);
        let subscribers = self.json_subscribers();
        subscribers
            .filter(|(_, subscriber)| subscriber.outbox.push([&json], wakers).is_err())
            .map(|(id, _)| *id)
            .collect()
    }

    /// Broadcasts a message that clients can do without: it evicts nobody.
    pub(in crate::hub) fn broadcast_droppable(
        &self,
        message: &ServerMessage,
        but: Option<ConnectionId>,
        wakers: &mut Wakers,
    ) {
        let json = encode(message);
        for (id, subscriber) in self.json_subscribers() {
            if Some(*id) != but {
                subscriber.outbox.push_droppable(&json, wakers);
            }
        }
    }

    fn json_subscribers(&self) -> impl Iterator<Item = (&ConnectionId, &Subscriber)> {
        let subscribers = self.subscribers.iter();
        subscribers.filter(|(_, subscriber)| subscriber.mode == Mode::Json)
    }

    /// Returns the JSON subscribers with their people, for messages that depend on the person.
    pub(in crate::hub) fn json_outboxes(&self) -> impl Iterator<Item = (UserId, &Outbox)> {
        self.json_subscribers()
            .map(|(_, subscriber)| (subscriber.user, &subscriber.outbox))
    }

    /// Broadcasts that somebody is writing, unless that was broadcast just now.
    pub(in crate::hub) fn type_in(
        &mut self,
        by: UserId,
        now: Instant,
        message: impl FnOnce(RoomId) -> ServerMessage,
        but: ConnectionId,
        wakers: &mut Wakers,
    ) {
        // One of thousands types at any time, and each would cost a message for all others.
        if self.is_large() {
            return;
        }
        // A client can send `typing` for every key that is pressed. One connection that sent
        // nothing else evicted 40 of 40 members in 6 s.
        let last = self.typing.get(&by);
        if last.is_some_and(|last| now.saturating_duration_since(*last) < TYPING_INTERVAL) {
            return;
        }
        if self.typing.len() >= TYPING_REMEMBERED {
            self.typing.clear();
        }
        self.typing.insert(by, now);
        let message = message(self.id.clone());
        self.broadcast_droppable(&message, Some(but), wakers);
    }

    /// Subscribes a connection to everything but entries, which it still reads from the store.
    pub(in crate::hub) fn subscribe(&mut self, id: ConnectionId, subscriber: Subscriber) {
        self.subscribers.insert(id, subscriber);
    }

    pub(in crate::hub) fn unsubscribe(&mut self, id: ConnectionId) {
        self.subscribers.remove(&id);
    }

    pub(in crate::hub) fn is_subscribed(&self, id: ConnectionId) -> bool {
        self.subscribers.contains_key(&id)
    }

    /// Lets entries come to a subscriber as they happen, if it was sent everything up to the head.
    pub(in crate::hub) fn go_live(&mut self, id: ConnectionId, sent: Seq) -> bool {
        // Under the same lock as `publish`: no entry falls between the last page and the first
        // broadcast.
        let up_to_date = self.head <= sent;
        match self.subscribers.get_mut(&id) {
            Some(subscriber) if up_to_date => {
                subscriber.sent = Some(subscriber.sent.unwrap_or(0).max(sent));
                true
            }
            _ => false,
        }
    }

    /// Returns the people whose connections are subscribed, one for each connection.
    pub(in crate::hub) fn subscribed_users(&self) -> impl Iterator<Item = UserId> {
        self.subscribers.values().map(|subscriber| subscriber.user)
    }

    /// Sends a line to the plain-text subscribers, which only the lobby has, but not to `but`. They
    /// can do without it.
    pub(in crate::hub) fn notify_plain(
        &self,
        line: &Arc<str>,
        but: Option<ConnectionId>,
        wakers: &mut Wakers,
    ) {
        debug_assert!(self.id.is_lobby());
        for (id, subscriber) in &self.subscribers {
            if subscriber.mode == Mode::Plain && Some(*id) != but {
                subscriber.outbox.push_droppable(line, wakers);
            }
        }
    }
}
