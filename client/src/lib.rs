//! A client's model of the chat: rooms, their entries, and the requests to the server. The page and
//! the terminal client show the same [`Chat`], each in its way.
//!
//! Pure: no sockets, no clock, no screen. An entry that must not be lost waits in the [outbox]; other
//! requests belong to one session and wait in the [requests](Requests).

pub mod backoff;
pub mod compose;
pub mod fuzzy;
pub mod lines;
pub mod log;
pub mod mention;
pub mod operating;
pub mod outbox;
pub mod rights;
pub mod room;
pub mod search;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod timeline;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use shared::chat::limits::{LIST_ENTRIES, TEXT_BYTES};
use shared::chat::name::GUEST_PREFIX;
use shared::chat::operator::{ClaimCode, OperatorAnswer};
use shared::chat::server::{ChatErrorCode, MemberChange, RoomEntry, RoomSummary, ServerLimits};
use shared::chat::{
    Author, ClientMessage, Entry, RoomFilter, RoomId, RoomName, RoomsCursor, Seq, ServerMessage,
};

use operating::Operating;
use outbox::Outbox;
use room::{Room, Standing};

/// Rooms that are known before the list of public ones is read on only when the person asks for
/// more:
/// one page of the server.
const LISTED_ROOMS: usize = LIST_ENTRIES;

/// Members of a room that are known before their list is read on only when the person asks for
/// more:
/// one page of the server. A small room is complete at once.
const LISTED_MEMBERS: usize = LIST_ENTRIES;

/// Renamed rooms that are remembered: a program follows each as it happens, and an owner who
/// renames
/// a room again and again must not fill the memory.
const RENAMINGS: usize = 32;

/// The server is told at most once in this time, in milliseconds, that the person writes in a room:
/// a server passes on no more.
const TYPING_AGAIN_MS: u64 = 3_000;

/// The rooms and what is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// The person's key and name, as the server last said.
    pub me: Option<Author>,
    /// All rooms that we know of. Shared, because the state is copied with every action.
    pub rooms: BTreeMap<RoomId, Rc<Room>>,
    /// The room on the screen.
    pub current: RoomId,
    /// Entries that are not acknowledged yet.
    pub outbox: Outbox,
    /// Requests that wait for the session.
    pub requests: Requests,
    /// The person is an operator of the server.
    pub operator: bool,
    /// The server's answers to an operator.
    pub operating: Operating,
    /// The code with which the person wants to become an operator.
    pub claim: Option<ClaimCode>,
    /// Longest text that the server takes, in bytes.
    pub text_bytes: usize,
    /// The search at the server, and its results.
    pub search: search::Search,
    /// A message that the person wants to see.
    pub goal: Option<search::Goal>,
    /// The server has answered `hello` in this session.
    greeted: bool,
    /// The list of rooms goes on behind this position.
    rooms_after: Option<RoomsCursor>,
    /// The rooms that this session's list has shown so far, until it has shown all joined ones.
    listing: Option<BTreeSet<RoomId>>,
    /// A room that the person asked for: it is shown as soon as the person is in it.
    wanted: Option<RoomId>,
    /// The latest rooms that were renamed, oldest first.
    renamings: Vec<Renaming>,
    /// The number of the room that became known last.
    last_room: u64,
}

/// A room that was renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renaming {
    /// Counts up from 1.
    pub number: u64,
    /// The former name.
    pub from: RoomId,
    /// The new name.
    pub to: RoomId,
}

/// Requests that wait for the session, in order. A request that was handed over leaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requests {
    waiting: Vec<(u64, ClientMessage)>,
    last: u64,
}

impl Requests {
    /// Returns the requests that wait, by number.
    pub fn waiting(&self) -> &[(u64, ClientMessage)] {
        &self.waiting
    }

    /// Adds a request at the end.
    pub fn push(&mut self, message: ClientMessage) {
        self.last += 1;
        self.waiting.push((self.last, message));
    }

    /// Removes the requests up to this number: they were handed over.
    pub fn sent(&mut self, number: u64) {
        self.waiting.retain(|(other, _)| *other > number);
    }

    fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Directs what waits for a room to the room's new name.
    fn renamed(&mut self, from: &RoomId, to: &RoomId) {
        for (_, message) in &mut self.waiting {
            if let ClientMessage::Join { room, .. }
            | ClientMessage::Leave { room }
            | ClientMessage::Members { room, .. }
            | ClientMessage::History { room, .. }
            | ClientMessage::Typing { room }
            | ClientMessage::Read { room, .. }
            | ClientMessage::Search {
                room: Some(room), ..
            } = message
                && *room == *from
            {
                *room = to.clone();
            }
        }
    }
}

impl Default for Chat {
    fn default() -> Self {
        let lobby = RoomId::from(RoomName::lobby());
        Self {
            me: None,
            rooms: BTreeMap::from([(lobby.clone(), Rc::new(Room::new(lobby.clone())))]),
            current: lobby,
            outbox: Outbox::default(),
            requests: Requests::default(),
            operator: false,
            operating: Operating::default(),
            claim: None,
            text_bytes: TEXT_BYTES,
            search: search::Search::default(),
            goal: None,
            greeted: false,
            rooms_after: None,
            listing: None,
            wanted: None,
            renamings: Vec::new(),
            last_room: 0,
        }
    }
}

impl Chat {
    /// Returns a chat with the outbox that an earlier run of the program left.
    pub fn restore(outbox: Outbox) -> Self {
        Self {
            outbox,
            ..Self::default()
        }
    }

    /// Returns the chat of somebody who wants to become an operator.
    #[must_use]
    pub fn claiming(self, claim: Option<ClaimCode>) -> Self {
        Self { claim, ..self }
    }

    /// Forgets the rooms; what waits to be sent stays.
    pub fn clear(&mut self) {
        let mut requests = std::mem::take(&mut self.requests);
        // Their numbers go on: whoever has asked up to one asks none of them again.
        requests.clear();
        *self = Self {
            requests,
            claim: self.claim.take(),
            last_room: self.last_room,
            renamings: std::mem::take(&mut self.renamings),
            ..Self::restore(std::mem::take(&mut self.outbox))
        };
    }

    /// Returns the entries that can be handed to a session of this account now: those for live
    /// rooms.
    pub fn queued(&self, account: &outbox::Account) -> Vec<outbox::Outgoing> {
        let live = |room: &RoomId| self.rooms.get(room).is_some_and(|room| room.is_live());
        let queued = self.outbox.queued(account);
        queued.filter(|line| live(&line.room)).cloned().collect()
    }

    /// Returns the person's name, as the server last said.
    pub fn own_name(&self) -> Option<&str> {
        self.me.as_ref().map(|me| me.name.as_str())
    }

    /// Returns the room on the screen.
    pub fn room(&self) -> Option<&Rc<Room>> {
        self.rooms.get(&self.current)
    }

    /// Returns the room to change it, if it is known.
    pub fn room_mut(&mut self, room: &RoomId) -> Option<&mut Room> {
        self.rooms.get_mut(room).map(Rc::make_mut)
    }

    /// Returns the name to claim after the next reconnect, unless it is the server's guest name.
    pub fn claimed_name(&self) -> Option<&str> {
        self.own_name().filter(|own| !own.starts_with(GUEST_PREFIX))
    }

    fn known(&mut self, room: &RoomId) -> &mut Room {
        let entry = self.rooms.entry(room.clone());
        let last = &mut self.last_room;
        Rc::make_mut(entry.or_insert_with(|| {
            *last += 1;
            let mut room = Room::new(room.clone());
            room.number = *last;
            Rc::new(room)
        }))
    }

    /// Begins a session: asks for `name`, if there is one, on behalf of `program`.
    pub fn begin(&mut self, name: Option<&str>, program: &str) {
        self.requests.clear();
        self.greeted = false;
        self.rooms_after = None;
        self.listing = None;
        self.requests.push(ClientMessage::Hello {
            name: name.map(str::to_owned),
            client: program.to_owned().into(),
        });
    }

    /// Ends the session; its unanswered requests are void.
    pub fn end(&mut self) {
        self.requests.clear();
        self.outbox.disconnected();
        self.search.stop();
        self.wanted = None;
        for room in self.rooms.values_mut() {
            if room.is_live() {
                let room = Rc::make_mut(room);
                room.standing = Standing::Member;
                room.loading = false;
                room.typing.clear();
                room.ask_anew();
            }
        }
    }

    /// Shows a room, with a mark before the new messages.
    pub fn open(&mut self, id: RoomId) {
        self.goal = None;
        let Some(room) = self.room_mut(&id) else {
            return;
        };
        room.divider = (room.head > room.read).then_some(room.read);
        if room.is_joined() {
            self.current = id;
        } else {
            self.join(id);
        }
    }

    /// Asks to enter a room, which is shown then.
    pub fn join(&mut self, room: RoomId) {
        self.wanted = Some(room.clone());
        self.requests
            .push(ClientMessage::Join { room, after: None });
    }

    /// Asks the server for something; a room that comes of it is shown.
    pub fn ask(&mut self, message: ClientMessage) {
        match &message {
            ClientMessage::Create { room, .. } => self.wanted = Some(room.clone().into()),
            ClientMessage::Direct { to } => {
                let me = self.me.as_ref().map(|me| me.id);
                let room = me.and_then(|me| shared::chat::DirectId::of(me, *to));
                self.wanted = room.map(RoomId::Direct);
            }
            ClientMessage::Search {
                query,
                before,
                room,
                ..
            } => {
                self.search.ask(query, before.as_ref(), room.as_ref());
            }
            _ => {}
        }
        self.requests.push(message);
    }

    /// Tells the server that the person has seen a room's entries up to `seq`.
    pub fn seen(&mut self, id: &RoomId, seq: Seq) {
        if let Some(room) = self.room_mut(id)
            && room.read < seq
            && room.is_joined()
        {
            room.read = seq;
            let room = id.clone();
            self.requests.push(ClientMessage::Read { room, seq });
        }
    }

    /// Asks for the page before the oldest entry that is here.
    pub fn load_older(&mut self, id: &RoomId) {
        if let Some(room) = self.room_mut(id)
            && !room.loading
            && room.has_older()
            && let Some(before) = room.log.first()
        {
            room.loading = true;
            self.requests.push(ClientMessage::History {
                room: id.clone(),
                before,
                limit: None,
            });
        }
    }

    /// Puts a notice into the room on the screen.
    pub fn notice(&mut self, text: impl Into<String>, at: u64) {
        let current = self.current.clone();
        self.known(&current).notice(text.into(), at);
    }

    /// Takes a message of the server.
    #[allow(
        clippy::too_many_lines,
        reason = "one arm for each message, most of a few lines"
    )]
    pub fn hear(&mut self, message: ServerMessage, at: u64) {
        match message {
            ServerMessage::Welcome {
                you,
                rooms,
                more,
                operator,
                limits,
                ..
            } => {
                self.operator = operator;
                self.welcomed(you, rooms, more, limits);
            }
            ServerMessage::Rooms { rooms, find, more } => {
                if let Some(find) = find {
                    self.found_rooms(rooms, find, more);
                } else {
                    self.list_rooms(rooms, more);
                }
            }
            ServerMessage::Members {
                room,
                members,
                count,
                more,
            } => {
                let id = room;
                if let Some(room) = self.room_mut(&id) {
                    room.meet_more(members, count, more);
                }
                self.read_members_on(&id);
            }
            ServerMessage::Roster { room, count } => {
                if let Some(room) = self.room_mut(&room) {
                    room.count = count;
                    room.members_changed = true;
                }
            }
            ServerMessage::Renamed { room, to } => self.renamed(&room, to),

            ServerMessage::Joined {
                room: id,
                topic,
                private,
                members,
                count,
                more,
                role,
                head,
                read,
                keep,
                gone,
            } => {
                let me = self.me.as_ref().map(|me| me.id);
                let room = self.known(&id);
                // The server was set back, or what comes after what we have is gone.
                if room
                    .log
                    .last()
                    .is_some_and(|last| last > head || last < gone)
                {
                    room.log = log::Log::default();
                }
                room.keep = keep;
                room.gone = gone;
                room.topic = topic;
                room.private = private;
                room.standing = Standing::Live;
                room.invited_by = None;
                room.head = head;
                // A server that has not heard yet what was seen here must not take it back.
                room.read = room.read.max(read).min(head);
                room.role = role;
                room.meet(members, me);
                // A server of an earlier version sends all members and no count.
                room.count = count.max(room.members.len());
                room.more_members = more;
                self.read_members_on(&id);
                if self.wanted.as_ref() == Some(&id) {
                    self.wanted = None;
                    self.open(id);
                }
            }
            ServerMessage::Left { room } => self.left(&room),
            ServerMessage::Page { room, entries } => self.page(&room, entries),
            ServerMessage::Entry(RoomEntry { room, entry }) => self.entry(&room, entry),
            ServerMessage::Ack { id, room, seq, .. } => {
                let last = self.rooms.get(&room).and_then(|room| room.log.last());
                self.outbox.acked(id, seq, last >= Some(seq));
            }
            ServerMessage::Member {
                room,
                member,
                change,
            } => {
                if let Some(me) = self.me.as_mut().filter(|me| me.id == member.id)
                    && change == MemberChange::Renamed
                {
                    me.name = member.name.clone();
                }
                let own = self.me.as_ref().is_some_and(|me| me.id == member.id);
                let room = self.known(&room);
                if own {
                    room.role = member.role;
                }
                room.change(member, change, at);
            }
            ServerMessage::Room { room: summary } => {
                let id = summary.room.clone();
                self.known(&id).summarize(summary);
            }
            ServerMessage::Invited { room, by } => self.invited(room, by, at),
            ServerMessage::Typing { room, from } => self.known(&room).types(from, at),
            ServerMessage::Read { room, seq } => {
                let room = self.known(&room);
                room.read = room.read.max(seq);
            }
            ServerMessage::Notice { text } => self.notice(text, at),
            ServerMessage::Error {
                code,
                message,
                about,
                ..
            } => self.refused(code, message, about.as_deref(), at),
            // Other answers belong to a search that is not shown any more.
            ServerMessage::Found {
                query,
                entries,
                more,
                next,
                ..
            } => {
                let room = self.search.room().cloned();
                if let Some(before) = self.search.found(&query, entries, more, next) {
                    // The server stopped for its own sake, before it found enough.
                    self.search.go_on();
                    self.requests.push(ClientMessage::Search {
                        room,
                        query,
                        before: Some(before),
                        limit: None,
                    });
                }
            }
            ServerMessage::Operator(OperatorAnswer::Granted) => {
                self.operator = true;
                self.notice("You are an operator of this server from now on.", at);
            }
            ServerMessage::Operator(answer) => {
                if let Some(request) = self.operating.hear(answer) {
                    self.requests.push(ClientMessage::Operator(request));
                } else if let Some(told) = self.operating.take_told() {
                    self.notice(told, at);
                }
            }
            // The effect of a request that is done shows in its room.
            ServerMessage::Done { .. } | ServerMessage::Pong => {}
        }
    }

    fn welcomed(&mut self, you: Author, rooms: Vec<RoomSummary>, more: bool, limits: ServerLimits) {
        self.me = Some(you);
        self.text_bytes = limits.text_bytes;
        // After the answer to a new name we are in our rooms already.
        if !std::mem::replace(&mut self.greeted, true) {
            // Everybody is in the lobby, whether the list has come to it yet or not.
            let lobby = RoomId::from(RoomName::lobby());
            let after = self.known(&lobby).log.last();
            self.listing = Some(BTreeSet::from([lobby.clone()]));
            self.requests
                .push(ClientMessage::Join { room: lobby, after });
        }
        self.list_rooms(rooms, more);
        // It works once; what is wrong with it the server says.
        if let Some(code) = self.claim.take() {
            self.requests.push(ClientMessage::Claim { code });
        }
    }

    /// Takes a page of the list of rooms. The list begins with those that we are in; as soon as all
    /// of them are known, rooms that are not among them are forgotten.
    fn list_rooms(&mut self, rooms: Vec<RoomSummary>, more: bool) {
        let last = rooms.last().map(|last| RoomsCursor {
            others: !last.joined,
            room: last.room.clone(),
        });
        let shows_others = last.as_ref().is_some_and(|last| last.others);
        let lobby = RoomId::from(RoomName::lobby());
        for summary in rooms {
            let id = summary.room.clone();
            let room = self.known(&id);
            room.summarize(summary);
            let (enter, after) = (room.is_joined(), room.log.last());
            if let Some(listing) = &mut self.listing
                && listing.insert(id.clone())
                && enter
            {
                self.requests.push(ClientMessage::Join { room: id, after });
            }
        }
        let first_others = RoomsCursor {
            others: false,
            room: lobby.clone(),
        };
        self.rooms_after = more.then(|| last.unwrap_or(first_others));
        if more && !shows_others {
            // The next page has more of ours, or the first public ones.
            return self.more_rooms();
        }
        if let Some(listed) = self.listing.take() {
            // Public rooms that are not listed yet may still come.
            self.rooms
                .retain(|id, room| listed.contains(id) || more && !room.is_joined());
            if !self.rooms.contains_key(&lobby) {
                self.rooms
                    .insert(lobby.clone(), Rc::new(Room::new(lobby.clone())));
            }
        }
        if !self.rooms.contains_key(&self.current) {
            self.current = lobby;
        }
        if self.rooms.len() < LISTED_ROOMS {
            self.more_rooms();
        }
    }

    /// Returns `true` if the server has more rooms than are known.
    pub fn has_more_rooms(&self) -> bool {
        self.rooms_after.is_some()
    }

    /// Asks for the next page of the list of rooms, if there is one.
    pub fn more_rooms(&mut self) {
        if let Some(after) = self.rooms_after.take() {
            let after = Some(after);
            self.requests
                .push(ClientMessage::Rooms { after, find: None });
        }
    }

    /// Asks for rooms whose names have this part. Without effect if the list is complete or if the
    /// part is empty: then everything that could be found is here.
    pub fn find_rooms(&mut self, part: &str) {
        let part = part.trim();
        if self.has_more_rooms() && !part.is_empty() && self.greeted {
            let find = Some(RoomFilter::from(part.to_owned()));
            self.requests
                .push(ClientMessage::Rooms { after: None, find });
        }
    }

    /// Takes a page of rooms that were looked for. A server compares a filter with a bounded part
    /// of
    /// its list only, so an empty page with more behind it means that nothing was found yet.
    fn found_rooms(&mut self, rooms: Vec<RoomSummary>, find: RoomFilter, more: bool) {
        let after = rooms.last().map(|last| RoomsCursor {
            others: !last.joined,
            room: last.room.clone(),
        });
        let known = self.rooms.len();
        for summary in rooms {
            let id = summary.room.clone();
            self.known(&id).summarize(summary);
        }
        // A page without a new room is no reason to stop: the rooms may all be known already.
        if more && after.is_some() && self.rooms.len() == known {
            let find = Some(find);
            self.requests.push(ClientMessage::Rooms { after, find });
        }
    }

    /// Tells the server that the person writes in the room on the screen, at most every three
    /// seconds in each room.
    pub fn say_typing(&mut self, at: u64) {
        let current = self.current.clone();
        if let Some(room) = self.room_mut(&current)
            && room.is_live()
            && at.saturating_sub(room.said_typing) >= TYPING_AGAIN_MS
        {
            room.said_typing = at;
            self.requests.push(ClientMessage::Typing { room: current });
        }
    }

    /// Asks for the members of a room from the beginning, if a large room has told that they have
    /// changed. To be called when the list is shown: such a room tells nothing of single members.
    pub fn refresh_members(&mut self, id: &RoomId) {
        if let Some(room) = self.room_mut(id)
            && room.begin_members()
        {
            let room = id.clone();
            self.requests
                .push(ClientMessage::Members { room, after: None });
        }
    }

    fn read_members_on(&mut self, id: &RoomId) {
        let known = self.rooms.get(id).map_or(0, |room| room.members.len());
        if known < LISTED_MEMBERS {
            self.more_members(id);
        }
    }

    /// Asks for the next members of a room, if there are more.
    pub fn more_members(&mut self, id: &RoomId) {
        if let Some(room) = self.room_mut(id)
            && let Some(after) = room.next_member()
        {
            let room = id.clone();
            let after = Some(after);
            self.requests.push(ClientMessage::Members { room, after });
        }
    }

    /// Moves a room, with everything that is known of it and on its way to it, to its new name.
    fn renamed(&mut self, from: &RoomId, to: RoomName) {
        let to = RoomId::from(to);
        if let Some(mut room) = self.rooms.remove(from) {
            Rc::make_mut(&mut room).id = to.clone();
            self.rooms.insert(to.clone(), room);
        }
        self.outbox.renamed(from, &to);
        self.requests.renamed(from, &to);
        self.search.renamed(from, &to);
        let goal = self.goal.as_mut().map(|goal| &mut goal.room);
        for room in [Some(&mut self.current), self.wanted.as_mut(), goal]
            .into_iter()
            .flatten()
        {
            if *room == *from {
                *room = to.clone();
            }
        }
        if let Some(listing) = &mut self.listing
            && listing.remove(from)
        {
            listing.insert(to.clone());
        }
        let number = self.renamings.last().map_or(0, |last| last.number) + 1;
        if self.renamings.len() == RENAMINGS {
            self.renamings.remove(0);
        }
        self.renamings.push(Renaming {
            number,
            from: from.clone(),
            to,
        });
    }

    /// Returns the latest rooms that were renamed after the one with this number, oldest first, for
    /// a program that keeps something under a room's name.
    pub fn renamings(&self, after: u64) -> impl Iterator<Item = &Renaming> {
        self.renamings.iter().filter(move |it| it.number > after)
    }

    fn invited(&mut self, summary: RoomSummary, by: Author, at: u64) {
        let id = summary.room.clone();
        let text = format!("{} invites you to {id}.", by.name);
        let room = self.known(&id);
        room.summarize(summary);
        if room.is_live() {
            return;
        }
        if room.is_direct() {
            room.with = Some(by);
            // There is nothing to ask the person: whoever opened it means us.
            return self.requests.push(ClientMessage::Join {
                room: id,
                after: None,
            });
        }
        if room.is_joined() {
            return;
        }
        room.invited_by = Some(by);
        self.notice(text, at);
    }

    fn left(&mut self, id: &RoomId) {
        let Some(room) = self.room_mut(id) else {
            return;
        };
        if room.private || room.is_direct() {
            self.rooms.remove(id);
        } else {
            let mut fresh = Room::new(id.clone());
            fresh.topic = room.topic.clone();
            fresh.number = room.number;
            *room = fresh;
        }
        if self.current == *id {
            self.current = RoomName::lobby().into();
        }
    }

    fn page(&mut self, id: &RoomId, entries: Vec<Entry>) {
        let Some(room) = self.room_mut(id) else {
            return;
        };
        let older = room
            .log
            .first()
            .zip(entries.last())
            .is_some_and(|(first, last)| last.seq < first);
        if older || entries.is_empty() {
            let end = entries.is_empty();
            if end
                && room.loading
                && let Some(first) = room.log.first()
            {
                room.gone = room.gone.max(first - 1);
            }
            room.loading = false;
            room.log.prepend(entries);
            if !end {
                self.approach();
            }
            return;
        }
        // Entries that a page leaves out are gone.
        let next = room.log.last().map(|last| last + 1);
        if let Some(first) = entries.first().map(|first| first.seq)
            && next.is_some_and(|next| first > next)
        {
            room.log = log::Log::default();
            room.gone = first - 1;
        }
        for entry in entries {
            self.entry(id, entry);
        }
    }

    fn entry(&mut self, id: &RoomId, entry: Entry) {
        let (message, writer) = (entry.id, entry.from.id);
        let own = self.me.as_ref().is_some_and(|me| me.id == writer);
        let Some(room) = self.room_mut(id) else {
            return;
        };
        room.head = room.head.max(entry.seq);
        room.stops_typing(writer);
        if room.log.append(entry).is_err() {
            // Never, as far as the server keeps to the document; what is missing is asked for.
            let after = room.log.last();
            let room = id.clone();
            return self.requests.push(ClientMessage::Join { room, after });
        }
        if own {
            self.outbox.arrived(message);
        }
    }

    fn refused(&mut self, code: ChatErrorCode, message: String, about: Option<&str>, at: u64) {
        let id = about.and_then(|about| shared::chat::MessageId::parse(about).ok());
        if id.is_some_and(|id| self.outbox.refused(id, message.clone())) {
            return;
        }
        // A search has no name of its own.
        if about.is_none_or(|about| about == "search") {
            self.search.stop();
        }
        let room = about.and_then(|about| RoomId::from_stored(about).ok());
        if let Some(room) = &room {
            if code == ChatErrorCode::RoomExists && self.wanted.as_ref() == Some(room) {
                // A person who wants to create a room wants to be in it.
                return self.join(room.clone());
            }
            if self.wanted.as_ref() == Some(room) {
                self.wanted = None;
            }
            if let Some(room) = self.room_mut(room) {
                room.loading = false;
            }
            if code == ChatErrorCode::NoSuchRoom {
                self.left(room);
            }
        }
        self.notice(message, at);
    }
}

#[cfg(test)]
mod tests;
