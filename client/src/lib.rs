//! A client's model of the chat: rooms, their entries, and the requests to the server. The page and
//! the terminal client show the same [`Chat`], each in its own way.
//!
//! The model is pure: it has no sockets, no clock and no screen, so the browser can run it and a
//! test can feed it any answer at any time. An entry that must not be lost waits in the [outbox];
//! other requests belong to one session and wait in the [requests](Requests).

pub mod backoff;
pub mod browsing;
pub mod completion;
pub mod compose;
pub mod drafts;
pub mod emoji;
pub mod formatting;
pub mod fuzzy;
pub mod hear;
pub mod lines;
pub mod listing;
mod lists;
pub mod liveness;
pub mod log;
pub mod markup;
pub mod mention;
pub mod muted;
pub mod operating;
pub mod outbox;
mod requests;
pub mod rights;
pub mod room;
pub mod search;
pub mod sorted;
pub mod sorting;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod timeline;

use std::rc::Rc;

use crate::sorted::{SortedMap, SortedSet};
use shared::chat::limits::TEXT_BYTES;
use shared::chat::name::GUEST_PREFIX;
use shared::chat::{
    AdmissionMode, Author, ClaimCode, ClientMessage, InvitationCode, Name, RoomId, RoomName,
    RoomsCursor, Seq,
};

pub use requests::Requests;

use operating::Operating;
use outbox::Outbox;
use room::{Room, Standing};

/// The shortest time between two reports to the server that the person writes in a room, in
/// milliseconds. The server passes on no more than one in this time.
const TYPING_AGAIN_MS: u64 = 3_000;

/// The state of the chat: rooms, entries on their way to the server, and requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// The person's key and name, as the server last said.
    pub me: Option<Author>,
    /// The rooms that this client knows. They are shared, because the state is copied with every
    /// action.
    pub rooms: SortedMap<RoomId, Rc<Room>>,
    /// The room on the screen.
    pub current: RoomId,
    /// The entries that the server has not acknowledged yet.
    pub outbox: Outbox,
    /// The requests that wait for the session.
    pub requests: Requests,
    /// The person is an operator of the server.
    pub operator: bool,
    /// The server's answers to an operator.
    pub operating: Operating,
    /// The code with which the person wants to become an operator.
    pub claim: Option<ClaimCode>,
    /// The code with which the person wants to be admitted to the server.
    pub invitation: Option<InvitationCode>,
    /// The server does not admit this key, or not yet.
    pub waiting: Option<AdmissionMode>,
    /// The length limit of the server for a text, in bytes.
    pub text_bytes: usize,
    /// The search at the server, and its results.
    pub search: search::Search,
    /// The rooms that the person has muted.
    pub muted: muted::Muted,
    /// The person's search for rooms to join.
    pub browsing: browsing::Browsing,
    /// A message that the person wants to see.
    pub goal: Option<search::Goal>,
    /// The first request of this session, which is made again when the key is admitted.
    hello: Option<ClientMessage>,
    /// The server has answered `hello` in this session.
    greeted: bool,
    /// The list of rooms goes on behind this position.
    rooms_after: Option<RoomsCursor>,
    /// The rooms that this session's list has shown so far, until it has shown all joined ones.
    listing: Option<SortedSet<RoomId>>,
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

impl Default for Chat {
    fn default() -> Self {
        let lobby = RoomId::from(RoomName::lobby());
        Self {
            me: None,
            rooms: SortedMap::from([(lobby.clone(), Rc::new(Room::new(lobby.clone())))]),
            current: lobby,
            outbox: Outbox::default(),
            requests: Requests::default(),
            operator: false,
            operating: Operating::default(),
            claim: None,
            invitation: None,
            waiting: None,
            hello: None,
            text_bytes: TEXT_BYTES,
            search: search::Search::default(),
            muted: muted::Muted::default(),
            browsing: browsing::Browsing::default(),
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

    /// Forgets the rooms, and keeps the outbox and what is muted.
    pub fn clear(&mut self) {
        let mut requests = std::mem::take(&mut self.requests);
        // The numbers go on: a program that has handed over the requests up to one number would
        // skip new requests with lower numbers.
        requests.clear();
        *self = Self {
            requests,
            claim: self.claim.take(),
            invitation: self.invitation.take(),
            last_room: self.last_room,
            muted: std::mem::take(&mut self.muted),
            renamings: std::mem::take(&mut self.renamings),
            ..Self::restore(std::mem::take(&mut self.outbox))
        };
    }

    /// Returns the entries that can be handed to a session of this account now: the entries for
    /// live rooms.
    pub fn queued(&self, account: &outbox::Account) -> Vec<outbox::Outgoing> {
        // A rejected entry waits for the person, so none is sent before `joined` has said that the
        // room is open to them.
        let live = |room: &RoomId| self.rooms.get(room).is_some_and(|room| room.is_live());
        let queued = self.outbox.queued(account);
        queued.filter(|line| live(&line.room)).cloned().collect()
    }

    /// Returns the person's name, as the server last sent it.
    pub fn own_name(&self) -> Option<&str> {
        self.me.as_ref().map(|me| me.name.as_str())
    }

    /// Returns the room on the screen.
    pub fn room(&self) -> Option<&Rc<Room>> {
        self.rooms.get(&self.current)
    }

    /// Returns the rooms of two whose other person could be taken for the one of another such room.
    /// The server gives a name once, but a client can know a former owner by it.
    pub fn namesakes(&self) -> SortedSet<RoomId> {
        let mut by_look: SortedMap<String, SortedSet<&RoomId>> = SortedMap::default();
        for room in self.rooms.values().filter(|room| room.is_direct()) {
            let Some(with) = &room.with else {
                continue;
            };
            let name = with.name.as_str();
            // A name that no server can have given looks like itself only.
            let looks = Name::from_stored(name)
                .map_or_else(|_| vec![name.to_owned()], |name| name.skeletons().to_vec());
            for look in looks {
                by_look
                    .or_insert_with(look, SortedSet::default)
                    .insert(&room.id);
            }
        }
        let alike = by_look.values().filter(|rooms| rooms.len() > 1);
        alike
            .flat_map(SortedSet::iter)
            .map(|id| (*id).clone())
            .collect()
    }

    /// Returns the room to change it, if it is known.
    pub fn room_mut(&mut self, room: &RoomId) -> Option<&mut Room> {
        // Copies the room only if an earlier state still shares it.
        self.rooms.get_mut(room).map(Rc::make_mut)
    }

    /// Returns the name to ask for after the next reconnect, unless it is a guest name of the
    /// server.
    pub fn claimed_name(&self) -> Option<&str> {
        // Guest names are reserved for the server: asking for one would only get a rejection.
        self.own_name().filter(|own| !own.starts_with(GUEST_PREFIX))
    }

    fn known(&mut self, room: &RoomId) -> &mut Room {
        let last = &mut self.last_room;
        Rc::make_mut(self.rooms.or_insert_with(room.clone(), || {
            *last += 1;
            let mut room = Room::new(room.clone());
            room.number = *last;
            Rc::new(room)
        }))
    }

    /// Begins a session: queues the `hello` with `name`, if there is one, and the name of
    /// `program`.
    pub fn begin(&mut self, name: Option<&str>, program: &str) {
        // Requests of the former session are void: their answers can never come.
        self.requests.clear();
        self.greeted = false;
        self.rooms_after = None;
        self.browsing = browsing::Browsing::default();
        self.listing = None;
        self.waiting = None;
        let hello = ClientMessage::Hello {
            name: name.map(str::to_owned),
            client: program.to_owned().into(),
        };
        self.hello = Some(hello.clone());
        self.requests.push(hello);
    }

    /// Ends the session. Its unanswered requests are void.
    pub fn end(&mut self) {
        self.requests.clear();
        self.outbox.disconnected();
        self.search.stop();
        // Otherwise a room that comes in the next session would jump onto the screen.
        self.wanted = None;
        for room in self.rooms.values_mut() {
            if room.is_live() {
                let room = Rc::make_mut(room);
                room.standing = Standing::Member;
                room.loading = false;
                room.typing.clear();
                // The answer to a page that was asked for can come no more, and must not block the
                // next request.
                room.ask_anew();
            }
        }
    }

    /// Shows a room, with a mark before the new messages. A room that the person is not in is
    /// joined first.
    pub fn open(&mut self, id: RoomId) {
        // The person has gone elsewhere, so the message that was looked for must not pull them
        // back.
        self.goal = None;
        let me = self.me.as_ref().map(|me| me.id);
        let Some(room) = self.room_mut(&id) else {
            return;
        };
        room.kept_unread = false;
        room.mark_new(me);
        if room.is_joined() {
            self.refresh_members(&id);
            self.current = id;
        } else {
            self.join(id);
        }
    }

    /// Asks to join a room, and shows it as soon as the server answers.
    pub fn join(&mut self, room: RoomId) {
        self.browsing.ask_anew();
        self.wanted = Some(room.clone());
        self.requests
            .push(ClientMessage::Join { room, after: None });
    }

    /// Queues a request. A room that comes of it is shown.
    pub fn ask(&mut self, message: ClientMessage) {
        match &message {
            ClientMessage::Create { room, .. } => self.wanted = Some(room.clone().into()),
            ClientMessage::Direct { to } => {
                // The id of a room of two follows from both fingerprints, so the room is known
                // before the answer comes.
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

    /// Records that the messages from `first` to `last` were in the person's view. If an unread one
    /// is before `first`, nothing becomes read: the marker has one position, and would pass it.
    pub fn saw(&mut self, id: &RoomId, first: Seq, last: Seq) {
        let me = self.me.as_ref().map(|me| me.id);
        let Some(room) = self.rooms.get(id) else {
            return;
        };
        if room.first_unread(me).is_some_and(|unread| unread < first) {
            return;
        }
        let newest = room.log.messages().last().map(|message| message.seq);
        // Edits and reactions behind the newest message are in view with their messages.
        let seq = if Some(last) >= newest {
            room.log.last().unwrap_or(last)
        } else {
            last
        };
        self.seen(id, seq);
    }

    /// Makes a message and everything after it unread, on all devices, until the room is opened
    /// again.
    pub fn mark_unread(&mut self, id: &RoomId, from: Seq) {
        let me = self.me.as_ref().map(|me| me.id);
        let seq = from.saturating_sub(1);
        if let Some(room) = self.room_mut(id)
            && room.is_joined()
        {
            room.keep_unread(seq);
            room.mark_new(me);
            let (room, back) = (id.clone(), true);
            self.requests.push(ClientMessage::Read { room, seq, back });
        }
    }

    /// Marks everything in a room as read.
    pub fn mark_read(&mut self, id: &RoomId) {
        if let Some(room) = self.room_mut(id) {
            room.kept_unread = false;
        }
        let head = self.rooms.get(id).map(|room| room.head);
        self.seen(id, head.unwrap_or_default());
    }

    /// Puts the mark of the new messages before what has come into the room on the screen while the
    /// person did not look.
    pub fn look(&mut self) {
        let me = self.me.as_ref().map(|me| me.id);
        let current = self.current.clone();
        if let Some(room) = self.room_mut(&current)
            && room.first_unread(me).is_some()
        {
            room.mark_new(me);
        }
    }

    /// Reports to the server that the person has seen a room's entries up to `seq`.
    pub fn seen(&mut self, id: &RoomId, seq: Seq) {
        if let Some(room) = self.room_mut(id)
            // Positions only rise: a report that comes late must not make entries unread again.
            && room.read < seq
            && !room.kept_unread
            && room.is_joined()
        {
            room.read = seq;
            let (room, back) = (id.clone(), false);
            self.requests.push(ClientMessage::Read { room, seq, back });
        }
    }

    /// Asks for the page before the oldest entry that is here.
    pub fn load_older(&mut self, id: &RoomId) {
        if let Some(room) = self.room_mut(id)
            // One page at a time: a second request would get the same page again.
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

    /// Reports to the server that the person writes in the room on the screen, at most once in
    /// three seconds in each room.
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

    /// Returns the renamings after the one with this number, oldest first, for a program that keeps
    /// something under a room's name. Only the latest renamings are remembered.
    pub fn renamings(&self, after: u64) -> impl Iterator<Item = &Renaming> {
        self.renamings.iter().filter(move |it| it.number > after)
    }
}

#[cfg(test)]
mod tests;
