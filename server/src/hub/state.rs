//! What the hub keeps in memory, and how it tells it to connections. Every method runs under the
//! hub's lock and waits for nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use shared::chat::entry::DisplayName;
use shared::chat::plain::ServerLine;
use shared::chat::server::{Member, MemberChange, RoomEntry, RoomSummary};
use shared::chat::{Author, Event, Keep, Name, RoomId, RoomName, Seq, ServerMessage, UserId};

use shared::error::ErrorCode;

use super::names::Names;
use super::queue::{Outbox, Wakers};
use super::room::{Hearer, Room};
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
    connections: BTreeMap<ConnectionId, Connected>,
    /// The same by who they are of; nobody without a connection is in it.
    online: HashMap<UserId, BTreeSet<ConnectionId>>,
    /// Those of [`Mode::Plain`], all of which hear the lobby.
    plain: BTreeSet<ConnectionId>,
    /// Those that were ended for another reason than that they do not read, until they know.
    ended: HashMap<ConnectionId, ErrorCode>,
    /// Everybody leaves now, and telling everybody of each would cost the square of their number.
    pub(super) closing: bool,
}

impl State {
    /// What the store has; a lobby that it does not have yet keeps so much.
    pub(super) fn from_snapshot(snapshot: Snapshot, keep: Keep) -> Self {
        let mut names = Names::default();
        for (user, name) in snapshot.names {
            names.restore(user.0, name);
        }
        let mut rooms: HashMap<_, _> = snapshot.rooms.into_iter().map(Room::from_record).collect();
        // A new server's store has it not yet: `Hub::open` writes it.
        rooms
            .entry(RoomName::lobby().into())
            .or_insert_with(|| Room::new(shared::chat::Topic::default(), false, keep));
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

    /// A connection is here from now on, in plain text.
    pub(super) fn arrive(&mut self, id: ConnectionId, user: UserId, outbox: Outbox) {
        let connected = Connected {
            user,
            mode: Mode::Plain,
            outbox,
        };
        self.connections.insert(id, connected);
        self.online.entry(user).or_default().insert(id);
        self.plain.insert(id);
    }

    /// A connection is told in JSON from now on. It hears the lobby again when it joins it.
    pub(super) fn become_json(&mut self, id: ConnectionId) {
        if let Some(connected) = self.connections.get_mut(&id) {
            connected.mode = Mode::Json;
        }
        self.plain.remove(&id);
        if let Some(lobby) = self.rooms.get_mut(&RoomName::lobby().into()) {
            lobby.hearers.remove(&id);
        }
    }

    pub(super) fn connections(&self) -> impl Iterator<Item = &Connected> {
        self.connections.values()
    }

    pub(super) fn is_connected(&self, id: ConnectionId) -> bool {
        self.connections.contains_key(&id)
    }

    /// Every connection, and whose it is.
    pub(super) fn everybody(&self) -> Vec<(ConnectionId, UserId)> {
        let all = self.connections.iter();
        all.map(|(id, connected)| (*id, connected.user)).collect()
    }

    /// Takes a connection out of everything; it ends when it has sent what waits for it.
    pub(super) fn end(&mut self, id: ConnectionId, code: ErrorCode) {
        if self.is_connected(id) {
            self.ended.insert(id, code);
            self.leave(id);
        }
    }

    /// A connection is not let in.
    pub(super) fn turn_away(&mut self, id: ConnectionId, outbox: &Outbox, code: ErrorCode) {
        self.ended.insert(id, code);
        outbox.close(&mut Wakers::default());
    }

    /// Why a connection was taken out of everything.
    pub(super) fn why_ended(&mut self, id: ConnectionId) -> ErrorCode {
        self.ended.remove(&id).unwrap_or(ErrorCode::SlowConsumer)
    }

    pub(super) fn is_online(&self, user: UserId) -> bool {
        self.online.contains_key(&user)
    }

    pub(super) fn is_in_lobby(&self, user: UserId) -> bool {
        let lobby = self.rooms.get(&RoomName::lobby().into());
        lobby.is_some_and(|lobby| lobby.has(user))
    }

    pub(super) fn connections_of(&self, user: UserId) -> Vec<ConnectionId> {
        let of_user = self.online.get(&user).into_iter().flatten();
        of_user.copied().collect()
    }

    pub(super) fn json_connections_of(&self, user: UserId) -> Vec<ConnectionId> {
        let mut of_user = self.connections_of(user);
        of_user.retain(|id| !self.plain.contains(id));
        of_user
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

    pub(super) fn rooms_of(&self, user: UserId) -> Vec<RoomId> {
        let of_user = self.rooms.iter().filter(|(_, room)| room.has(user));
        of_user.map(|(id, _)| id.clone()).collect()
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
            keep: room.keep,
            joined: room.has(user),
            head: room.head,
            read: room.read_by(user),
            with,
        }
    }

    /// Tells entries that have become durable to whom they concern, who wake up with the answer.
    pub(super) fn publish(&mut self, commits: impl IntoIterator<Item = Commit>) -> Wakers {
        let mut wakers = Wakers::default();
        let mut commits = commits.into_iter().peekable();
        while let Some(first) = commits.next() {
            let room = first.room.clone();
            let mut told = vec![Told::new(first)];
            while let Some(next) = commits.next_if(|next| next.room == room) {
                told.push(Told::new(next));
            }
            let slow = self.publish_to(&room, &told, &mut wakers);
            self.put_out_with(slow, &mut wakers);
        }
        wakers
    }

    /// Tells entries of one room in their order; says who could not take them.
    fn publish_to(
        &mut self,
        room: &RoomId,
        told: &[Told],
        wakers: &mut Wakers,
    ) -> Vec<ConnectionId> {
        let Some((room, last)) = self.rooms.get_mut(room).zip(told.last()) else {
            return Vec::new();
        };
        room.head = room.head.max(last.seq);
        let mut slow = Vec::new();
        for (id, hearer) in &mut room.hearers {
            let Some(sent) = &mut hearer.sent else {
                continue;
            };
            let new = &told[told.partition_point(|entry| entry.seq <= *sent)..];
            *sent = (*sent).max(last.seq);
            let pushed = match hearer.mode {
                Mode::Json => hearer
                    .outbox
                    .push(new.iter().map(|entry| &entry.json), wakers),
                Mode::Plain => {
                    let lines = new.iter().filter_map(|entry| entry.line.as_ref());
                    hearer.outbox.push(lines, wakers)
                }
            };
            if pushed.is_err() {
                slow.push(*id);
            }
        }
        slow
    }

    /// Tells one connection. One that is not there any more is told nothing.
    pub(super) fn tell(&mut self, id: ConnectionId, text: &Arc<str>) {
        let mut wakers = Wakers::default();
        if let Some(connected) = self.connections.get(&id)
            && connected.outbox.push([text], &mut wakers).is_err()
        {
            self.put_out_with(vec![id], &mut wakers);
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
        let mut wakers = Wakers::default();
        let slow = self.try_tell_room(room, message, notice, but, &mut wakers);
        self.put_out_with(slow, &mut wakers);
    }

    fn try_tell_room(
        &self,
        room: &RoomId,
        message: &ServerMessage,
        notice: Option<&str>,
        but: Option<ConnectionId>,
        wakers: &mut Wakers,
    ) -> Vec<ConnectionId> {
        let Some(room) = self.rooms.get(room) else {
            return Vec::new();
        };
        let json = encode(message);
        let line: Option<Arc<str>> = notice.map(|text| ServerLine::Notice(text).to_string().into());
        let hears = room.hearers.iter().filter(|(id, _)| Some(**id) != but);
        hears
            .filter(|(_, hearer)| {
                let text = match hearer.mode {
                    Mode::Json => Some(&json),
                    Mode::Plain => line.as_ref(),
                };
                hearer.outbox.push(text, wakers).is_err()
            })
            .map(|(id, _)| *id)
            .collect()
    }

    /// Tells the rooms that somebody is in that they came or went.
    pub(super) fn tell_presence(&mut self, user: UserId, online: bool) {
        let mut wakers = Wakers::default();
        let slow = self.try_tell_presence(user, online, &mut wakers);
        self.put_out_with(slow, &mut wakers);
    }

    fn try_tell_presence(
        &self,
        user: UserId,
        online: bool,
        wakers: &mut Wakers,
    ) -> Vec<ConnectionId> {
        let of_user = self.rooms.iter().filter(|(_, room)| room.has(user));
        of_user
            .flat_map(|(id, _)| {
                let message = ServerMessage::Member {
                    room: id.clone(),
                    member: self.member(user, online),
                    change: MemberChange::Presence,
                };
                self.try_tell_room(id, &message, None, None, wakers)
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
    fn put_out_with(&mut self, mut slow: Vec<ConnectionId>, wakers: &mut Wakers) {
        while let Some(id) = slow.pop() {
            let Some((connected, heard_lobby)) = self.remove(id, wakers) else {
                continue;
            };
            slow.extend(self.try_tell_departure(&connected, heard_lobby, wakers));
        }
    }

    /// Takes a connection out of everything, and tells it.
    pub(super) fn leave(&mut self, id: ConnectionId) {
        let mut wakers = Wakers::default();
        let Some((connected, heard_lobby)) = self.remove(id, &mut wakers) else {
            return;
        };
        if !self.closing {
            let slow = self.try_tell_departure(&connected, heard_lobby, &mut wakers);
            self.put_out_with(slow, &mut wakers);
        }
    }

    fn remove(&mut self, id: ConnectionId, wakers: &mut Wakers) -> Option<(Connected, bool)> {
        let connected = self.connections.remove(&id)?;
        connected.outbox.close(wakers);
        self.plain.remove(&id);
        if let Some(of_user) = self.online.get_mut(&connected.user) {
            of_user.remove(&id);
            if of_user.is_empty() {
                self.online.remove(&connected.user);
            }
        }
        let lobby = RoomName::lobby().into();
        let mut heard_lobby = false;
        for (room_id, room) in &mut self.rooms {
            if room.hearers.remove(&id).is_some() && *room_id == lobby {
                heard_lobby = true;
            }
        }
        Some((connected, heard_lobby))
    }

    fn try_tell_departure(
        &self,
        gone: &Connected,
        heard_lobby: bool,
        wakers: &mut Wakers,
    ) -> Vec<ConnectionId> {
        let user = gone.user;
        let mut slow = Vec::new();
        if !self.is_online(user) {
            slow.extend(self.try_tell_presence(user, false, wakers));
        }
        if gone.mode == Mode::Plain && heard_lobby {
            let notice = format!("{} left", self.name_of(user));
            slow.extend(self.try_tell_plain(&notice, wakers));
        }
        slow
    }

    /// Tells everybody who speaks JSON of a room that all may join.
    pub(super) fn tell_of(&mut self, room: &RoomId) {
        if self.rooms.get(room).is_some_and(|open| !open.private) {
            self.tell_changed(room);
        }
    }

    /// Tells everybody who speaks JSON and may know of a room how it is now.
    pub(super) fn tell_changed(&mut self, room: &RoomId) {
        let Some(open) = self.rooms.get(room) else {
            return;
        };
        let mut wakers = Wakers::default();
        let mut slow = Vec::new();
        // What is told depends on who is told; a person's devices are told the same.
        let online = self.online.iter();
        for (user, connections) in online.filter(|(user, _)| open.is_open_to(**user)) {
            let told = encode(&ServerMessage::Room {
                room: self.summary(room, open, *user),
            });
            for id in connections.iter().filter(|id| !self.plain.contains(id)) {
                let outbox = self.connections.get(id).map(|it| &it.outbox);
                if outbox.is_some_and(|outbox| outbox.push([&told], &mut wakers).is_err()) {
                    slow.push(*id);
                }
            }
        }
        self.put_out_with(slow, &mut wakers);
    }

    /// Tells a notice to the plain connections, all of which are in the lobby.
    pub(super) fn tell_plain(&mut self, notice: &str) {
        let mut wakers = Wakers::default();
        let slow = self.try_tell_plain(notice, &mut wakers);
        self.put_out_with(slow, &mut wakers);
    }

    fn try_tell_plain(&self, notice: &str, wakers: &mut Wakers) -> Vec<ConnectionId> {
        let line: Arc<str> = ServerLine::Notice(notice).to_string().into();
        let plain = self
            .plain
            .iter()
            .filter_map(|id| self.connections.get_key_value(id));
        plain
            .filter(|(_, connected)| connected.outbox.push([&line], wakers).is_err())
            .map(|(id, _)| *id)
            .collect()
    }

    /// A connection hears what happens in a room, but its entries still come from the store.
    pub(super) fn hear(&mut self, id: ConnectionId, room: &RoomId) {
        self.listen(id, room, None);
    }

    /// A connection hears a room from now on, if it was sent everything up to its head.
    pub(super) fn go_live(&mut self, id: ConnectionId, room: &RoomId, sent: Seq) -> bool {
        let up_to_date = self.rooms.get(room).is_some_and(|room| room.head <= sent);
        up_to_date && self.listen(id, room, Some(sent))
    }

    fn listen(&mut self, id: ConnectionId, room: &RoomId, sent: Option<Seq>) -> bool {
        let connected = self.connections.get(&id);
        let Some((room, connected)) = self.rooms.get_mut(room).zip(connected) else {
            return false;
        };
        let hearer = Hearer {
            sent,
            mode: connected.mode,
            outbox: connected.outbox.clone(),
        };
        room.hearers.insert(id, hearer);
        true
    }
}

/// An entry as it is told: encoded once for everybody.
struct Told {
    seq: Seq,
    json: Arc<str>,
    /// For plain-text clients, which see the lobby only.
    line: Option<Arc<str>>,
}

impl Told {
    fn new(Commit { room, entry }: Commit) -> Self {
        let in_lobby = room == RoomName::lobby().into();
        Self {
            seq: entry.seq,
            line: in_lobby
                .then(|| plain_line(&entry.from.name, &entry.event))
                .flatten(),
            json: encode(&ServerMessage::Entry(RoomEntry { room, entry })),
        }
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
