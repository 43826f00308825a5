//! What the hub keeps in memory, and how it tells it to connections. Every method runs under the
//! hub's lock and waits for nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use shared::chat::entry::DisplayName;
use shared::chat::plain::ServerLine;
use shared::chat::server::{Member, MemberChange, RoomEntry, RoomSummary};
use shared::chat::{Author, Event, Name, RoomId, RoomName, Seq, ServerMessage, UserId};

use super::names::Names;
use super::queue::Outbox;
use super::room::Room;
use crate::clients::ConnectionId;
use crate::store::{Commit, Snapshot};

/// What a connection is told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Lines of the lobby, for clients as old as the seed's.
    Plain,
    /// JSON.
    Json,
}

/// Somebody's connection.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) user: UserId,
    pub(super) mode: Mode,
    pub(super) outbox: Outbox,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) rooms: HashMap<RoomId, Room>,
    pub(super) names: Names,
    pub(super) operators: BTreeSet<UserId>,
    pub(super) connections: BTreeMap<ConnectionId, Connected>,
    /// Everybody leaves now, and telling everybody of each would cost the square of their number.
    pub(super) closing: bool,
}

impl State {
    pub(super) fn from_snapshot(snapshot: Snapshot) -> Self {
        let mut names = Names::default();
        for (user, name) in snapshot.names {
            names.restore(user.0, name);
        }
        let mut rooms: HashMap<_, _> = snapshot.rooms.into_iter().map(Room::from_record).collect();
        // A new server's store has it not yet: `Hub::open` writes it.
        rooms
            .entry(RoomName::lobby().into())
            .or_insert_with(|| Room::new(shared::chat::Topic::default(), false));
        Self {
            rooms,
            names,
            operators: snapshot.operators.into_iter().collect(),
            ..Self::default()
        }
    }

    pub(super) fn name_of(&self, user: UserId) -> DisplayName {
        self.names.display(user)
    }

    pub(super) fn author(&self, user: UserId) -> Author {
        Author {
            id: user,
            name: self.name_of(user),
        }
    }

    pub(super) fn is_online(&self, user: UserId) -> bool {
        self.connections.values().any(|other| other.user == user)
    }

    pub(super) fn is_in_lobby(&self, user: UserId) -> bool {
        let lobby = self.rooms.get(&RoomName::lobby().into());
        lobby.is_some_and(|lobby| lobby.has(user))
    }

    pub(super) fn connections_of(&self, user: UserId) -> Vec<ConnectionId> {
        let of_user = self
            .connections
            .iter()
            .filter(|(_, other)| other.user == user);
        of_user.map(|(id, _)| *id).collect()
    }

    pub(super) fn json_connections_of(&self, user: UserId) -> Vec<ConnectionId> {
        let of_user = self
            .connections
            .iter()
            .filter(|(_, other)| other.user == user);
        let json = of_user.filter(|(_, other)| other.mode == Mode::Json);
        json.map(|(id, _)| *id).collect()
    }

    /// Whether the server has ever met somebody, as far as it remembers.
    pub(super) fn knows(&self, user: UserId) -> bool {
        self.names.has_name(user)
            || self.is_online(user)
            || self.rooms.values().any(|room| room.has(user))
    }

    pub(super) fn member(&self, user: UserId, online: bool) -> Member {
        Member {
            id: user,
            name: self.name_of(user),
            online,
        }
    }

    /// The room, if this person may know of it.
    pub(super) fn room_for(&self, room: &RoomId, user: UserId) -> Option<&Room> {
        self.rooms.get(room).filter(|room| room.is_open_to(user))
    }

    /// What this person sees in the list: their rooms, and the public ones.
    pub(super) fn summaries(&self, user: UserId) -> Vec<RoomSummary> {
        let open = self.rooms.iter().filter(|(_, room)| room.is_open_to(user));
        let mut rooms: Vec<_> = open
            .map(|(id, room)| self.summary(id, room, user))
            .collect();
        rooms.sort_by(|a, b| a.room.cmp(&b.room));
        rooms
    }

    pub(super) fn summary(&self, id: &RoomId, room: &Room, user: UserId) -> RoomSummary {
        let other = || room.members.keys().find(|other| **other != user);
        let with = match id {
            RoomId::Direct(_) => other().map(|other| self.author(*other)),
            RoomId::Named(_) => None,
        };
        RoomSummary {
            room: id.clone(),
            topic: room.topic.clone(),
            private: room.private,
            joined: room.has(user),
            head: room.head,
            read: room.read_by(user),
            with,
        }
    }

    /// Tells an entry that has become durable to whom it concerns. Encoded once for all of them.
    pub(super) fn publish(&mut self, commit: Commit) {
        let Commit { room: id, entry } = commit;
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        let seq = entry.seq;
        room.head = room.head.max(seq);
        let due: Vec<ConnectionId> = room
            .hearers
            .iter_mut()
            .filter(|(_, sent)| sent.is_some_and(|sent| sent < seq))
            .map(|(connection, sent)| {
                *sent = Some(seq);
                *connection
            })
            .collect();
        let line = if id == RoomName::lobby().into() {
            plain_line(&entry.from.name, &entry.event)
        } else {
            None
        };
        let json = encode(&ServerMessage::Entry(RoomEntry { room: id, entry }));
        let mut slow = Vec::new();
        for connection in due {
            let Some(connected) = self.connections.get(&connection) else {
                continue;
            };
            let text = match connected.mode {
                Mode::Json => Some(&json),
                Mode::Plain => line.as_ref(),
            };
            if text.is_some_and(|text| connected.outbox.push(text).is_err()) {
                slow.push(connection);
            }
        }
        self.put_out(slow);
    }

    /// Tells one connection. One that is not there any more is told nothing.
    pub(super) fn tell(&mut self, id: ConnectionId, text: &Arc<str>) {
        if let Some(connected) = self.connections.get(&id)
            && connected.outbox.push(text).is_err()
        {
            self.put_out(vec![id]);
        }
    }

    /// Tells every connection that hears a room: JSON ones the message, plain ones the notice.
    pub(super) fn tell_room(
        &mut self,
        room: &RoomId,
        message: &ServerMessage,
        notice: Option<&str>,
        but: Option<ConnectionId>,
    ) {
        let slow = self.try_tell_room(room, message, notice, but);
        self.put_out(slow);
    }

    fn try_tell_room(
        &self,
        room: &RoomId,
        message: &ServerMessage,
        notice: Option<&str>,
        but: Option<ConnectionId>,
    ) -> Vec<ConnectionId> {
        let Some(room) = self.rooms.get(room) else {
            return Vec::new();
        };
        let json = encode(message);
        let line: Option<Arc<str>> = notice.map(|text| ServerLine::Notice(text).to_string().into());
        let hears = room.hearers.keys().filter(|id| Some(**id) != but);
        hears
            .filter(|id| {
                self.connections.get(id).is_some_and(|connected| {
                    let text = match connected.mode {
                        Mode::Json => Some(&json),
                        Mode::Plain => line.as_ref(),
                    };
                    text.is_some_and(|text| connected.outbox.push(text).is_err())
                })
            })
            .copied()
            .collect()
    }

    /// Tells the rooms that somebody is in that they came or went.
    pub(super) fn tell_presence(&mut self, user: UserId, online: bool) {
        let slow = self.try_tell_presence(user, online);
        self.put_out(slow);
    }

    fn try_tell_presence(&self, user: UserId, online: bool) -> Vec<ConnectionId> {
        let of_user = self.rooms.iter().filter(|(_, room)| room.has(user));
        of_user
            .flat_map(|(id, _)| {
                let message = ServerMessage::Member {
                    room: id.clone(),
                    member: self.member(user, online),
                    change: MemberChange::Presence,
                };
                self.try_tell_room(id, &message, None, None)
            })
            .collect()
    }

    /// Tells everybody who may see it that somebody is called something else.
    pub(super) fn tell_renamed(&mut self, user: UserId, former: Option<&Name>) {
        let old = former.map_or_else(|| DisplayName::guest(user), DisplayName::from);
        let online = self.is_online(user);
        let rooms: Vec<_> = self
            .rooms
            .iter()
            .filter(|(_, room)| room.has(user))
            .map(|(id, _)| id.clone())
            .collect();
        for room in rooms {
            let message = ServerMessage::Member {
                room: room.clone(),
                member: self.member(user, online),
                change: MemberChange::Renamed,
            };
            self.tell_room(&room, &message, None, None);
        }
        let now = self.name_of(user);
        self.tell_plain(&format!("{old} is now {now}"));
    }

    /// Takes connections that do not read out of everything: their inboxes end, and they with them.
    /// That is told, which may be too much for others in turn: a loop, because a crowd that stalls
    /// together is as deep as it is large.
    fn put_out(&mut self, mut slow: Vec<ConnectionId>) {
        while let Some(id) = slow.pop() {
            let Some((connected, heard_lobby)) = self.remove(id) else {
                continue;
            };
            slow.extend(self.try_tell_departure(&connected, heard_lobby));
        }
    }

    /// Takes a connection out of everything, and tells it.
    pub(super) fn leave(&mut self, id: ConnectionId) {
        let Some((connected, heard_lobby)) = self.remove(id) else {
            return;
        };
        if !self.closing {
            let slow = self.try_tell_departure(&connected, heard_lobby);
            self.put_out(slow);
        }
    }

    fn remove(&mut self, id: ConnectionId) -> Option<(Connected, bool)> {
        let connected = self.connections.remove(&id)?;
        let lobby = RoomName::lobby().into();
        let mut heard_lobby = false;
        for (room_id, room) in &mut self.rooms {
            if room.hearers.remove(&id).is_some() && *room_id == lobby {
                heard_lobby = true;
            }
        }
        Some((connected, heard_lobby))
    }

    fn try_tell_departure(&self, gone: &Connected, heard_lobby: bool) -> Vec<ConnectionId> {
        let user = gone.user;
        let mut slow = Vec::new();
        if !self.is_online(user) {
            slow.extend(self.try_tell_presence(user, false));
        }
        if gone.mode == Mode::Plain && heard_lobby {
            slow.extend(self.try_tell_plain(&format!("{} left", self.name_of(user))));
        }
        slow
    }

    /// Tells a notice to the plain connections, all of which are in the lobby.
    pub(super) fn tell_plain(&mut self, notice: &str) {
        let slow = self.try_tell_plain(notice);
        self.put_out(slow);
    }

    fn try_tell_plain(&self, notice: &str) -> Vec<ConnectionId> {
        let line: Arc<str> = ServerLine::Notice(notice).to_string().into();
        let plain = self
            .connections
            .iter()
            .filter(|(_, connected)| connected.mode == Mode::Plain);
        plain
            .filter(|(_, connected)| connected.outbox.push(&line).is_err())
            .map(|(id, _)| *id)
            .collect()
    }

    /// A connection hears a room from now on, if it was sent everything up to its head.
    pub(super) fn go_live(&mut self, id: ConnectionId, room: &RoomId, sent: Seq) -> bool {
        let Some(room) = self.rooms.get_mut(room) else {
            return false;
        };
        if room.head > sent {
            return false;
        }
        room.hearers.insert(id, Some(sent));
        true
    }
}

/// The line in which plain-text clients see an entry; nothing of what they could not undo.
fn plain_line(from: &DisplayName, event: &Event) -> Option<Arc<str>> {
    match event {
        Event::Message {
            text: Some(text), ..
        } => {
            let (from, text) = (from.as_str(), text.as_str());
            Some(ServerLine::Message { from, text }.to_string().into())
        }
        _ => None,
    }
}

/// A message as the plaintext that carries it.
pub(super) fn encode(message: &ServerMessage) -> Arc<str> {
    // Our own types always have a JSON form; an empty plaintext would be ignored by every client.
    serde_json::to_string(message).unwrap_or_default().into()
}
