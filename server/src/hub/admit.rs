//! Admits connections, and ends them.

use std::sync::Arc;

use shared::chat::operator::Banned;
use shared::chat::{RoomId, RoomName, UserId};
use shared::connection::Version;
use shared::error::ErrorCode;

use super::Hub;
use super::directory::{Connected, Directory, Person};
use super::encoding::{Mode, encode_notice};
use super::queue::Wakers;
use super::requests::is_by;
use super::room::{Room, Subscriber};
use crate::clients::ConnectionId;

impl Hub {
    /// Takes a connection in, or decides why it is not. Returns its person, and `true` if it was
    /// refused.
    ///
    /// The directory's lock is held from the decision to the entry, and whoever closes the doors
    /// ends connections under it: nobody slips in between.
    pub(super) fn admit(
        &self,
        id: ConnectionId,
        user: UserId,
        version: Version,
        connected: Connected,
    ) -> (Arc<Person>, bool) {
        let mut directory = self.directory();
        let refused = self.refusal(&directory, user, version, &connected);
        let outbox = connected.outbox.clone();
        directory.meet(user, self.settings().new_keys_wait);
        let person = directory.arrive(id, user, connected);
        // It was taken in and is taken out again, so that its session ends as every other: its
        // queue ends, and the noted code is sent. Nobody hears of it, because presence is announced
        // by the clock.
        if let Some(code) = refused {
            let mut wakers = Wakers::default();
            directory.remove(id, &mut wakers);
            directory.note_end(id, code);
            outbox.close(&mut wakers);
        }
        (person, refused.is_some())
    }

    fn refusal(
        &self,
        directory: &Directory,
        user: UserId,
        version: Version,
        connected: &Connected,
    ) -> Option<ErrorCode> {
        if self.operators.is_banned(user, connected.address) {
            // At debug level: somebody who is banned decides how often this line is written.
            tracing::debug!(key = %user, address = %connected.address, "refused: banned");
            return Some(ErrorCode::Kicked);
        }
        if version == Version::V1 && directory.has_used_v2(user) {
            // Over v1 any server that the person opens can relay the login and be the person.
            tracing::debug!(key = %user, "refused: this key has used v2");
            return Some(ErrorCode::V1Disabled);
        }
        // Over v1 a relay could be the operator, so a stopped server admits operators over v2 only.
        let is_operator = directory.operators.contains(&user) && version >= Version::V2;
        let stopped = !self.operators.is_open() && !is_operator;
        stopped.then_some(ErrorCode::ServerStopping)
    }

    /// Ends every session but the operators', and admits nobody else.
    pub(super) fn stop_listening(&self) {
        let ids: Vec<_> = {
            let directory = self.directory();
            // Under the lock in which `admit` decides: nobody slips in between.
            self.operators.set_open(false);
            let everybody = directory.everybody();
            everybody
                .filter(|(_, user, _)| !directory.operators.contains(user))
                .map(|(id, ..)| id)
                .collect()
        };
        // The lock is given back first: `end` takes it for each connection.
        self.end(ids, ErrorCode::ServerStopping);
    }

    /// Ends the connections of somebody who is banned from now on.
    pub(super) fn enforce(&self, who: Banned) {
        let ids: Vec<_> = {
            let directory = self.directory();
            let everybody = directory.everybody();
            everybody
                .filter(|(_, user, connected)| is_by(who, *user, connected.address))
                .map(|(id, ..)| id)
                .collect()
        };
        self.end(ids, ErrorCode::Kicked);
    }

    /// Ends connections: each is sent everything that waits for it, and then `code`.
    pub(super) fn end(&self, ids: Vec<ConnectionId>, code: ErrorCode) {
        let mut wakers = Wakers::default();
        for id in ids {
            if self.remove(id, Some(code), &mut wakers) {
                tracing::debug!(connection = %id, %code, "ended");
            }
        }
    }

    /// Evicts slow consumers. What follows from it for others is announced by the hub's clock, so
    /// that a crowd that stalls together does not overflow each other's queues.
    pub(super) fn evict(&self, slow: Vec<ConnectionId>, wakers: &mut Wakers) {
        for id in slow {
            // No code is noted, so the session is told `slow_consumer`.
            if self.remove(id, None, wakers) {
                self.metrics().slow_consumers.inc();
            }
        }
    }

    /// Takes a connection out of everything, when its session ends.
    pub(super) fn leave(&self, id: ConnectionId) {
        let mut wakers = Wakers::default();
        self.remove(id, None, &mut wakers);
        // Nobody asks any more.
        self.directory().take_end(id);
    }

    fn remove(&self, id: ConnectionId, code: Option<ErrorCode>, wakers: &mut Wakers) -> bool {
        let mut directory = self.directory();
        let Some(connected) = directory.remove(id, wakers) else {
            return false;
        };
        if let Some(code) = code {
            directory.note_end(id, code);
        }
        // The directory no longer has the connection, so a request of it that is still at work
        // cannot subscribe it again.
        for room in &connected.subscriptions {
            if let Some(room) = self.rooms.get(room) {
                room.lock().unsubscribe(id);
            }
        }
        true
    }

    /// Marks a connection as one of JSON.
    pub(super) fn become_json(&self, id: ConnectionId) {
        let mut directory = self.directory();
        // An arrival that was not announced needs no departure either.
        let was_plain = directory.take_arrival(id).is_none();
        let Some(connected) = directory.connected_mut(id) else {
            return;
        };
        let was_plain = was_plain && connected.mode == Some(Mode::Plain);
        connected.mode = Some(Mode::Json);
        let lobby = RoomId::from(RoomName::lobby());
        if connected.subscriptions.remove(&lobby)
            && let Some(lobby) = self.rooms.get(&lobby)
        {
            // It receives the lobby again when it joins it.
            lobby.lock().unsubscribe(id);
        }
        if was_plain {
            directory.note_departure(id);
        }
    }

    /// Marks a connection as one of plain text, which receives the lobby from now on.
    pub(super) fn become_plain(&self, id: ConnectionId) {
        let mut directory = self.directory();
        directory.become_plain(id);
        if let Some(lobby) = self.lobby() {
            let mut lobby = lobby.lock();
            directory.subscribe(id, &mut lobby);
            // Plain-text clients cannot ask for history, so they start at the head.
            let head = lobby.head;
            lobby.go_live(id, head);
        }
    }

    /// Announces a plain-text connection in the lobby now, because its first line follows.
    pub(super) fn announce_arrival(&self, id: ConnectionId) {
        let arrived = self.directory().take_arrival(id);
        if let Some(name) = arrived
            && let Some(lobby) = self.lobby()
        {
            let mut wakers = Wakers::default();
            let line = encode_notice(&format!("{name} joined"));
            lobby.lock().notify_plain(&line, Some(id), &mut wakers);
        }
    }
}

impl Directory {
    /// Subscribes a connection to a room. Its entries come when it [goes live](Room::go_live).
    pub(super) fn subscribe(&mut self, id: ConnectionId, room: &mut Room) {
        // A request may be done after its session has ended; nobody would read the queue then.
        let user = self.user_of(id);
        let Some((user, connected)) = user.zip(self.connected_mut(id)) else {
            return;
        };
        connected.subscriptions.insert(room.id.clone());
        let subscriber = Subscriber {
            user,
            sent: None,
            mode: connected.mode.unwrap_or(Mode::Plain),
            outbox: connected.outbox.clone(),
        };
        room.subscribe(id, subscriber);
    }
}
