//! The server's messages, and their effect on rooms, outbox and requests.

use std::rc::Rc;

use crate::sorted::SortedSet;
use shared::chat::operator::OperatorAnswer;
use shared::chat::server::{ChatErrorCode, MemberChange, RoomEntry, RoomSummary, ServerLimits};
use shared::chat::{AdmissionMode, Author, ClientMessage, Entry, RoomId, RoomName, ServerMessage};

use super::operating::Operating;
use super::room::{Room, Standing};
use super::{Chat, Renaming, log};

/// The number of renamings that are remembered. A program follows each one as it happens, and an
/// owner who renames a room again and again must not fill the memory.
pub(crate) const RENAMINGS: usize = 32;

/// The text for a request that the server does not know.
const OLD_SERVER: &str = "This server is of an earlier version and cannot do that.";

impl Chat {
    /// Applies a message of the server. `at` is the present time, in milliseconds since 1970.
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
            ServerMessage::Waiting { admission } => self.must_wait(admission, at),
            ServerMessage::Admitted => {
                if self.waiting.take().is_some()
                    && let Some(hello) = self.hello.clone()
                {
                    self.notice("You are admitted to this server.", at);
                    self.requests.push(hello);
                }
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
                    // The number is known, the names are not. They are asked for when the list is
                    // shown.
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
                // The server was set back to an older state, or the entries between its log and
                // this one are gone. Entries of both in one log would hide that.
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
                // The server may not have received the last report of this client, and must not take
                // it back.
                room.read = room.later_marker(read);
                let unreported = (room.read > read).then_some(room.read);
                room.role = role;
                room.meet(members, me);
                // An earlier version of the server sends all members and no count.
                room.count = count.max(room.members.len());
                room.more_members = more;
                // A large room's first members only: the rest is asked for when it is on the screen.
                room.members_changed = more;
                if room.divider.is_none() {
                    // Of the room on the screen too, which nobody opens after a reload.
                    room.mark_new(me);
                }
                if let Some(seq) = unreported {
                    let room = id.clone();
                    let back = false;
                    self.requests.push(ClientMessage::Read { room, seq, back });
                }
                if self.current == id {
                    self.refresh_members(&id);
                }
                if self.wanted.as_ref() == Some(&id) {
                    self.wanted = None;
                    self.open(id);
                }
            }
            ServerMessage::Left { room, closed } => self.left(&room, closed),
            ServerMessage::Page { room, entries } => self.page(&room, entries),
            ServerMessage::Entry(RoomEntry { room, entry }) => self.entry(&room, entry),
            ServerMessage::Ack { id, room, seq, .. } => {
                // The entry may have come before its ack; then nothing else would remove it from
                // the outbox.
                let last = self.rooms.get(&room).and_then(|room| room.log.last());
                self.outbox.acked(id, seq, last >= Some(seq));
            }
            ServerMessage::Member {
                room,
                member,
                change,
            } => {
                // The server also announces a new name that the person took on another device.
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
            ServerMessage::Read { room, seq, back } => {
                let room = self.known(&room);
                if back {
                    room.keep_unread(seq);
                } else {
                    room.read = room.read.max(seq);
                }
            }
            ServerMessage::Notice { text } => self.notice(text, at),
            ServerMessage::Error {
                code,
                message,
                about,
                ..
            } => self.refused(code, message, about.as_deref(), at),
            // A person who types on has searched anew: the answer to an older query is ignored.
            ServerMessage::Found {
                query,
                entries,
                more,
                next,
                ..
            } => {
                let room = self.search.room().cloned();
                if let Some(before) = self.search.found(&query, entries, more, next) {
                    // The server ends a long search early, for the sake of others, even before it
                    // has found anything.
                    self.search.go_on();
                    self.requests.push(ClientMessage::Search {
                        room,
                        query,
                        before: Some(before),
                        limit: None,
                    });
                }
            }
            ServerMessage::Operator(OperatorAnswer::Revoked) => {
                self.operator = false;
                self.operating = Operating::default();
                self.notice("You are no operator of this server any more.", at);
            }
            ServerMessage::Operator(OperatorAnswer::Granted) => {
                self.operator = true;
                self.notice("You are an operator of this server from now on.", at);
            }
            ServerMessage::Operator(answer) => {
                if let Some(request) = self.operating.hear(answer, at) {
                    self.requests.push(ClientMessage::Operator(request));
                } else if let Some(told) = self.operating.take_told() {
                    self.notice(told, at);
                }
            }
            // The effect of a finished request shows in its room, and a pong only proves that the
            // connection lives.
            ServerMessage::Done { .. } | ServerMessage::Pong => {}
        }
    }

    pub(crate) fn welcomed(
        &mut self,
        you: Author,
        rooms: Vec<RoomSummary>,
        more: bool,
        limits: ServerLimits,
    ) {
        self.me = Some(you);
        self.text_bytes = limits.text_bytes;
        // The answer to a new name is a `welcome` too. By then this session has joined its rooms.
        if !std::mem::replace(&mut self.greeted, true) {
            // Everybody is in the lobby, even if the page of the list that has it comes later.
            let lobby = RoomId::from(RoomName::lobby());
            let after = self.known(&lobby).log.last();
            self.listing = Some(SortedSet::from_iter([lobby.clone()]));
            self.requests
                .push(ClientMessage::Join { room: lobby, after });
        }
        self.list_rooms(rooms, more);
        // A claim code works once, so it is not sent again after a reconnect. A rejection comes as
        // an error.
        if let Some(code) = self.claim.take() {
            self.requests.push(ClientMessage::Claim { code });
        }
    }

    /// Shows the codes that the person has, or says what the person waits for.
    fn must_wait(&mut self, admission: AdmissionMode, at: u64) {
        self.waiting = Some(admission);
        if let Some(code) = self.claim.take() {
            self.requests.push(ClientMessage::Claim { code });
        } else if let Some(code) = self.invitation.take() {
            self.requests.push(ClientMessage::Redeem { code });
        } else {
            self.notice(waits_for(admission), at);
        }
    }

    pub(crate) fn invited(&mut self, summary: RoomSummary, by: Author, at: u64) {
        let id = summary.room.clone();
        let text = format!("{} invites you to {id}.", by.name);
        let room = self.known(&id);
        room.summarize(summary);
        // The session gets the entries already: joining again would send the latest ones twice.
        if room.is_live() {
            return;
        }
        if room.is_direct() {
            room.with = Some(by);
            // A room of two needs no consent: the other person opened it for this one.
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

    pub(crate) fn left(&mut self, id: &RoomId, closed: bool) {
        let Some(room) = self.room_mut(id) else {
            return;
        };
        // A closed room is gone, and only members and invited people see a private one. A room of two
        // comes back with its next message.
        if closed || room.private || room.is_direct() {
            self.rooms.remove(id);
        } else {
            // A public room stays in the list, but its entries are no longer this person's to read.
            let mut fresh = Room::new(id.clone());
            fresh.topic = room.topic.clone();
            // The number stays, so that a screen that goes by it finds the same room.
            fresh.number = room.number;
            *room = fresh;
        }
        if self.current == *id {
            self.current = RoomName::lobby().into();
        }
    }

    pub(crate) fn page(&mut self, id: &RoomId, entries: Vec<Entry>) {
        let Some(room) = self.room_mut(id) else {
            return;
        };
        let older = room
            .log
            .first()
            .zip(entries.last())
            .is_some_and(|(first, last)| last.seq < first);
        if older || entries.is_empty() {
            // The history is at its end, although the numbers would let one expect more. Without
            // this the client would ask again for ever.
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
        // The page leaves out the entries between: they are gone, or their numbers were never used.
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

    pub(crate) fn entry(&mut self, id: &RoomId, entry: Entry) {
        let (message, writer) = (entry.id, entry.from.id);
        let own = self.me.as_ref().is_some_and(|me| me.id == writer);
        let Some(room) = self.room_mut(id) else {
            return;
        };
        room.head = room.head.max(entry.seq);
        room.stops_typing(writer);
        if room.log.append(entry).is_err() {
            // A room that begins or stops to keep nothing skips numbers, and so may a faulty
            // server. The new answer to `join` shows which entries there are: see `page`.
            let after = room.log.last();
            let room = id.clone();
            return self.requests.push(ClientMessage::Join { room, after });
        }
        // Ids of other people may be the same by chance, so only own entries are looked for.
        if own {
            self.outbox.arrived(message);
        }
    }

    pub(crate) fn refused(
        &mut self,
        code: ChatErrorCode,
        message: String,
        about: Option<&str>,
        at: u64,
    ) {
        // The server's own text names a word of the protocol, which helps nobody.
        let mut message = match code {
            ChatErrorCode::UnknownType => OLD_SERVER.to_owned(),
            _ => message,
        };
        let id = about.and_then(|about| shared::chat::MessageId::parse(about).ok());
        if let Some(id) = id {
            // It was on its way when the room was renamed: nothing is wrong with it.
            let follows = code == ChatErrorCode::NoSuchRoom && self.outbox.follow(id);
            if follows || self.outbox.refused(id, message.clone()) {
                return;
            }
        }
        // A page that did not come can be asked for again.
        let page = about.and_then(|about| self.browsing.reject(about, &message));
        self.rooms_after = self.rooms_after.take().or(page);
        // A search has no id, so its error names the request, or nothing.
        if about.is_none_or(|about| about == "search") {
            self.search.stop();
        }
        let room = about.and_then(|about| RoomId::from_stored(about).ok());
        if let Some(room) = &room {
            if code == ChatErrorCode::RoomExists && self.wanted.as_ref() == Some(room) {
                // A person who wants to create a room wants to be in it, and it exists.
                return self.join(room.clone());
            }
            if self.wanted.as_ref() == Some(room) {
                self.wanted = None;
                // The server says the same of a private room and of none. A link leads strangers
                // here, who learn from it whom to ask.
                if code == ChatErrorCode::NoSuchRoom && matches!(room, RoomId::Named(_)) {
                    message = format!(
                        "The room {room} is private, or there is none. To be invited, ask whoever \
                         sent you its link, or somebody who is in it."
                    );
                }
            }
            if let Some(room) = self.room_mut(room) {
                room.loading = false;
            }
            // The list may be older than the end of the room.
            if code == ChatErrorCode::NoSuchRoom {
                self.left(room, true);
            }
        }
        let message = if code == ChatErrorCode::NameTaken {
            name_taken(&message)
        } else {
            message
        };
        self.notice(message, at);
    }

    /// Moves a room to its new name, with all that is known of it and all that is on its way to it.
    pub(crate) fn renamed(&mut self, from: &RoomId, to: RoomName) {
        let to = RoomId::from(to);
        if let Some(mut room) = self.rooms.remove(from) {
            Rc::make_mut(&mut room).id = to.clone();
            self.rooms.insert(to.clone(), room);
        }
        // An entry that still names the former room would be rejected.
        self.outbox.renamed(from, &to);
        self.requests.renamed(from, &to);
        self.search.renamed(from, &to);
        self.muted.renamed(from, &to);
        let goal = self.goal.as_mut().map(|goal| &mut goal.room);
        for room in [Some(&mut self.current), self.wanted.as_mut(), goal]
            .into_iter()
            .flatten()
        {
            if *room == *from {
                *room = to.clone();
            }
        }
        // Otherwise the end of the list would forget the room as one that the list has not shown.
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
}

/// Returns what a person is told whom the server does not admit.
pub fn waits_for(admission: AdmissionMode) -> &'static str {
    match admission {
        AdmissionMode::Approval => {
            "An operator of this server has to admit you. You can wait here, or come back later."
        }
        AdmissionMode::Invitation | AdmissionMode::Open => {
            "You need an invitation to this server: open its link, or type /invitation and the link."
        }
    }
}

/// Returns the notice of a refused name: the server's text, without the code with which it begins for
/// plain-text programs, and the way to another name.
fn name_taken(message: &str) -> String {
    let said = message.strip_prefix("name_taken: ").unwrap_or(message);
    format!("{said} To take another, write /name NEW.")
}
