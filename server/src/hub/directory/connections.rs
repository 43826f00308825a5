//! The connections of people: how they come, speak and go.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use shared::chat::UserId;
use shared::chat::entry::DisplayName;
use shared::error::ErrorCode;

use super::{Connected, Directory, Online, Person};
use crate::clients::ConnectionId;
use crate::hub::authorize::may_know;
use crate::hub::encoding::Mode;
use crate::hub::queue::{Outbox, Wakers};
use crate::hub::room::Room;

impl Directory {
    /// Takes a connection in. It subscribes to nothing yet.
    pub(in crate::hub) fn arrive(
        &mut self,
        id: ConnectionId,
        user: UserId,
        connected: Connected,
    ) -> Arc<Person> {
        self.names.meet(user.0);
        let name = self.name_of(user);
        let operator = self.operators.contains(&user);
        let admitted = self.is_admitted(user);
        let online = self.online.entry(user).or_insert_with(|| {
            // What was announced last stays, however often somebody comes and goes before the next
            // turn.
            self.presence.entry(user).or_insert(false);
            Online {
                person: Arc::new(Person {
                    user,
                    name: Mutex::new(name),
                    operator: AtomicBool::new(operator),
                    admitted: AtomicBool::new(admitted),
                }),
                connections: BTreeMap::new(),
            }
        });
        online.connections.insert(id, connected);
        self.users.insert(id, user);
        Arc::clone(&online.person)
    }

    /// Remembers why a connection ends that is not, or no longer, taken in.
    pub(in crate::hub) fn note_end(&mut self, id: ConnectionId, code: ErrorCode) {
        self.ended.insert(id, code);
    }

    /// Returns why a connection was ended, once: an evicted one did not read.
    pub(in crate::hub) fn take_end(&mut self, id: ConnectionId) -> ErrorCode {
        self.ended.remove(&id).unwrap_or(ErrorCode::SlowConsumer)
    }

    /// Takes a connection out, and closes its queue.
    pub(in crate::hub) fn remove(
        &mut self,
        id: ConnectionId,
        wakers: &mut Wakers,
    ) -> Option<Connected> {
        let user = self.users.remove(&id)?;
        let online = self.online.get_mut(&user)?;
        let connected = online.connections.remove(&id)?;
        if online.connections.is_empty() {
            self.online.remove(&user);
            self.presence.entry(user).or_insert(true);
        }
        connected.outbox.close(wakers);
        let announced = self.arrivals.remove(&id).is_none();
        // Somebody whose arrival was never announced has not left either.
        if connected.mode == Some(Mode::Plain) && announced && !self.closing {
            self.departures.push(user);
        }
        Some(connected)
    }

    pub(in crate::hub) fn connected(&self, id: ConnectionId) -> Option<&Connected> {
        let user = self.users.get(&id)?;
        self.online.get(user)?.connections.get(&id)
    }

    pub(in crate::hub) fn connected_mut(&mut self, id: ConnectionId) -> Option<&mut Connected> {
        let user = self.users.get(&id)?;
        self.online.get_mut(user)?.connections.get_mut(&id)
    }

    /// Marks a connection as one of plain text, whose arrival the lobby's clock announces.
    pub(in crate::hub) fn become_plain(&mut self, id: ConnectionId) {
        if let Some(user) = self.users.get(&id).copied()
            && let Some(connected) = self.connected_mut(id)
        {
            connected.mode = Some(Mode::Plain);
            self.arrivals.insert(id, user);
        }
    }

    /// Returns the name of a plain-text connection that was not announced yet, to announce it now.
    pub(in crate::hub) fn take_arrival(&mut self, id: ConnectionId) -> Option<DisplayName> {
        let user = self.arrivals.remove(&id)?;
        Some(self.name_of(user))
    }

    /// Returns the presence that was last announced. Lists show this one, not the present one: a
    /// client that reads a list between two turns of the clock would otherwise never be sent that a
    /// person who came within the turn has left again.
    pub(super) fn is_announced_online(&self, user: UserId) -> bool {
        let announced = self.presence.get(&user).copied();
        announced.unwrap_or_else(|| self.is_online(user))
    }

    pub(in crate::hub) fn is_online(&self, user: UserId) -> bool {
        self.online.contains_key(&user)
    }

    pub(in crate::hub) fn connections_of(
        &self,
        user: UserId,
    ) -> impl Iterator<Item = (ConnectionId, &Connected)> {
        let online = self.online.get(&user).into_iter();
        online.flat_map(|online| online.connections.iter().map(|(id, it)| (*id, it)))
    }

    /// Returns the queues of a person's JSON connections.
    pub(in crate::hub) fn json_outboxes(
        &self,
        user: UserId,
    ) -> impl Iterator<Item = (ConnectionId, &Outbox)> {
        let connections = self.connections_of(user);
        connections
            .filter(|(_, connected)| connected.mode == Some(Mode::Json))
            .map(|(id, connected)| (id, &connected.outbox))
    }

    /// Returns the queues of a person's JSON connections that may hear of `room`.
    pub(in crate::hub) fn json_outboxes_for(
        &self,
        user: UserId,
        room: &Room,
    ) -> impl Iterator<Item = (ConnectionId, &Outbox)> {
        let connections = self.connections_of(user);
        connections
            .filter(|(_, it)| it.mode == Some(Mode::Json) && may_know(it.version, room))
            .map(|(id, connected)| (id, &connected.outbox))
    }

    /// Returns every connection with its person.
    pub(in crate::hub) fn everybody(
        &self,
    ) -> impl Iterator<Item = (ConnectionId, UserId, &Connected)> {
        self.online.iter().flat_map(|(user, online)| {
            let connections = online.connections.iter();
            connections.map(|(id, connected)| (*id, *user, connected))
        })
    }

    /// Returns the person of a connection.
    pub(in crate::hub) fn user_of(&self, id: ConnectionId) -> Option<UserId> {
        self.users.get(&id).copied()
    }

    /// Notes that somebody is no longer a plain-text client, for the lobby's others.
    pub(in crate::hub) fn note_departure(&mut self, id: ConnectionId) {
        if let Some(user) = self.user_of(id) {
            self.departures.push(user);
        }
    }
}
