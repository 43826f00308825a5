//! What JSON clients can do: the requests of [`ClientMessage`], their rights, and their answers.

use shared::chat::client::Unreadable;
use shared::chat::limits::{PAGE_BYTES, PAGE_ENTRIES, PAGE_ENTRIES_DEFAULT};
use shared::chat::server::{MemberChange, ServerLimits};
use shared::chat::{
    ChatErrorCode, ClientMessage, DirectId, Entry, Event, MessageId, Name, RoomId, RoomName, Seq,
    ServerMessage, Text, Topic, UserId,
};

use super::room::Room;
use super::session::Session;
use crate::store::{Appended, Change, NewEntry, PageSize, StoreError};

/// What `welcome` says that the server is.
const SERVER: &str = concat!("secure-chat-server ", env!("CARGO_PKG_VERSION"));

/// Why a request is refused, and which.
struct Refused {
    code: ChatErrorCode,
    message: String,
    about: Option<String>,
}

impl Refused {
    fn new(code: ChatErrorCode, message: impl Into<String>, about: &dyn ToString) -> Self {
        Self {
            code,
            message: message.into(),
            about: Some(about.to_string()),
        }
    }

    fn no_such_room(room: &RoomId, about: &dyn ToString) -> Self {
        let message = format!("There is no room {room}, or not for you.");
        Self::new(ChatErrorCode::NoSuchRoom, message, about)
    }
}

/// What somebody wants to do to an entry that is there.
enum Upon {
    Edit(Text),
    Delete,
    React(shared::chat::Emoji, bool),
}

impl Session<'_> {
    /// Does what a client asks for, or says why not.
    pub(super) fn request(&mut self, message: ClientMessage) {
        if !self.greeted && !matches!(message, ClientMessage::Hello { .. } | ClientMessage::Ping) {
            let text = "Say hello first.";
            return self.refuse(ChatErrorCode::HelloFirst, text, None);
        }
        let done = match message {
            ClientMessage::Hello { name, client } => {
                tracing::debug!(connection = %self.id, %client, "hello");
                self.hello(name.as_deref())
            }
            ClientMessage::Create {
                room,
                topic,
                private,
            } => {
                self.create(room, topic, private);
                Ok(())
            }
            ClientMessage::Join { room, after } => self.join(room, after),
            ClientMessage::Leave { room } => self.leave(room),
            ClientMessage::Invite { room, id } => self.invite(room, id),
            ClientMessage::Send {
                room,
                id,
                text,
                reply_to,
            } => self.send(room, id, text, reply_to),
            ClientMessage::Edit { room, id, of, text } => self.upon(room, id, of, Upon::Edit(text)),
            ClientMessage::Delete { room, id, of } => self.upon(room, id, of, Upon::Delete),
            ClientMessage::React {
                room,
                id,
                of,
                emoji,
                on,
            } => self.upon(room, id, of, Upon::React(emoji, on)),
            ClientMessage::History {
                room,
                before,
                limit,
            } => self.history(room, before, limit),
            ClientMessage::Direct { to } => self.direct(to),
            ClientMessage::Typing { room } => self.typing(&room),
            ClientMessage::Read { room, seq } => self.read(room, seq),
            ClientMessage::Ping => {
                self.reply(&ServerMessage::Pong);
                Ok(())
            }
        };
        if let Err(refused) = done {
            self.refuse(refused.code, refused.message, refused.about);
        }
    }

    pub(super) fn refuse_unreadable(&mut self, unreadable: Unreadable) {
        let code = if unreadable.known_type {
            ChatErrorCode::Malformed
        } else {
            ChatErrorCode::UnknownType
        };
        let about = unreadable.id.map(|id| id.to_string());
        self.refuse(code, unreadable.detail, about);
    }

    /// A plain line on a connection that speaks JSON.
    pub(super) fn refuse_line(&mut self) {
        let text = "This connection speaks JSON; your line was not delivered.";
        self.refuse(ChatErrorCode::Malformed, text, None);
    }

    fn refuse(&mut self, code: ChatErrorCode, message: impl Into<String>, about: Option<String>) {
        self.reply(&ServerMessage::Error {
            code,
            message: message.into(),
            retry_after: None,
            about,
        });
    }

    /// Something could not be stored or read. What is nobody's fault but ours is logged.
    pub(super) fn refuse_stored(&mut self, error: &StoreError, about: Option<String>) {
        let (code, message) = match error {
            StoreError::IdReused => (
                ChatErrorCode::IdReused,
                "This id was used for something else.",
            ),
            StoreError::NoSuchRoom => (ChatErrorCode::NoSuchRoom, "The room is gone."),
            StoreError::RoomExists => (
                ChatErrorCode::RoomExists,
                "There is a room of this name already.",
            ),
            StoreError::Full => (
                ChatErrorCode::StorageFailed,
                "The server's disk is full; nothing was taken.",
            ),
            StoreError::Failed(_) => (
                ChatErrorCode::StorageFailed,
                "The server could not store or read that.",
            ),
        };
        if code == ChatErrorCode::StorageFailed {
            tracing::error!(connection = %self.id, %error, "storage");
        }
        self.refuse(code, message, about);
    }

    fn hello(&mut self, name: Option<&str>) -> Result<(), Refused> {
        self.greeted = true;
        let Some(name) = name else {
            self.welcome();
            return Ok(());
        };
        // Whoever cannot have the name is welcome all the same, and called what they were.
        match Name::parse(name) {
            Ok(name) if self.hub.lock().name_of(self.user).as_str() == name.as_str() => {
                self.welcome();
            }
            Ok(name) => self.claim(&name, |session, claimed| {
                session.welcome();
                if let Err(reason) = claimed {
                    session.refuse(ChatErrorCode::NameTaken, reason, Some("hello".into()));
                }
            }),
            Err(error) => {
                self.welcome();
                let name: String = name.chars().take(40).collect();
                let message = format!("{name:?} cannot be your name: {error}.");
                return Err(Refused::new(ChatErrorCode::NameInvalid, message, &"hello"));
            }
        }
        Ok(())
    }

    fn welcome(&mut self) {
        let state = self.hub.lock();
        let welcome = ServerMessage::Welcome {
            you: state.author(self.user),
            server: SERVER.to_owned(),
            rooms: state.summaries(self.user),
            limits: ServerLimits {
                text_bytes: self.hub.text_bytes,
                page_entries: PAGE_ENTRIES,
            },
        };
        drop(state);
        self.reply(&welcome);
    }

    fn create(&mut self, name: RoomName, topic: Topic, private: bool) {
        let room = RoomId::from(name);
        let change = Change::RoomCreated {
            room: room.clone(),
            topic: topic.clone(),
            private,
        };
        let stored = self.hub.store.change(change);
        self.after(stored, move |session, stored| match stored {
            Ok(()) => {
                let mut state = session.hub.lock();
                state
                    .rooms
                    .entry(room.clone())
                    .or_insert_with(|| Room::new(topic, private));
                drop(state);
                session.enter(room, None);
            }
            Err(error) => session.refuse_stored(&error, Some(room.to_string())),
        });
    }

    fn join(&mut self, room: RoomId, after: Option<Seq>) -> Result<(), Refused> {
        let state = self.hub.lock();
        let Some(known) = state.room_for(&room, self.user) else {
            return Err(Refused::no_such_room(&room, &room));
        };
        let (is_in, head) = (known.has(self.user), known.head);
        drop(state);
        // A client that has more than we have has it from a store that was set back. What it has is
        // not what the others have: it starts anew.
        let after = after.filter(|after| *after <= head).or_else(|| {
            if after.is_some() {
                let text = format!("{room} has no entry {}; start anew.", after.unwrap_or(0));
                let about = Some(room.to_string());
                self.refuse(ChatErrorCode::NoSuchEntry, text, about);
            }
            None
        });
        if is_in {
            self.entered(room, after);
        } else {
            self.enter(room, after);
        }
        Ok(())
    }

    /// Makes this person a member, and then sends the room.
    fn enter(&mut self, room: RoomId, after: Option<Seq>) {
        let user = self.user;
        let change = Change::Joined {
            room: room.clone(),
            user,
        };
        let stored = self.hub.store.change(change);
        self.after(stored, move |session, stored| match stored {
            Ok(()) => {
                session.hub.lock().enter(&room, user);
                session.entered(room, after);
            }
            Err(error) => session.refuse_stored(&error, Some(room.to_string())),
        });
    }

    /// Sends a room that this person is in.
    fn entered(&mut self, room: RoomId, after: Option<Seq>) {
        let mut state = self.hub.lock();
        // Who comes and goes after what `joined` says is told, though entries come from the store.
        let Some(entered) = state.rooms.get_mut(&room) else {
            return;
        };
        entered.hearers.insert(self.id, None);
        let Some(entered) = state.rooms.get(&room) else {
            return;
        };
        let head = entered.head;
        let joined = ServerMessage::Joined {
            room: room.clone(),
            topic: entered.topic.clone(),
            private: entered.private,
            members: state.members(entered),
            head,
            read: entered.read_by(self.user),
        };
        drop(state);
        self.reply(&joined);
        if let Some(after) = after {
            return self.catch_up_from(room, after);
        }
        if head == 0 {
            return self.catch_up_from(room, 0);
        }
        let page = PageSize {
            entries: PAGE_ENTRIES_DEFAULT,
            bytes: PAGE_BYTES,
        };
        let read = self.hub.store.read_before(room.clone(), head + 1, page);
        self.after(read, move |session, read| match read {
            Ok(entries) => {
                let sent = entries.last().map_or(head, |last| last.seq);
                session.reply(&ServerMessage::Page {
                    room: room.clone(),
                    entries,
                });
                session.catch_up_from(room, sent);
            }
            Err(error) => session.refuse_stored(&error, Some(room.to_string())),
        });
    }

    fn leave(&mut self, room: RoomId) -> Result<(), Refused> {
        self.joined(&room, &room)?;
        let user = self.user;
        let change = Change::Left {
            room: room.clone(),
            user,
        };
        let stored = self.hub.store.change(change);
        self.after(stored, move |session, stored| match stored {
            Ok(()) => {
                session.stop_catching_up(&room);
                session.hub.lock().exit(&room, user);
            }
            Err(error) => session.refuse_stored(&error, Some(room.to_string())),
        });
        Ok(())
    }

    fn invite(&mut self, name: RoomName, guest: UserId) -> Result<(), Refused> {
        let room = RoomId::from(name.clone());
        self.joined(&room, &room)?;
        let user = self.user;
        let change = Change::Invited {
            room: name,
            user: guest,
        };
        let stored = self.hub.store.change(change);
        self.after(stored, move |session, stored| match stored {
            Ok(()) => session.hub.lock().invite(&room, user, guest),
            Err(error) => session.refuse_stored(&error, Some(room.to_string())),
        });
        Ok(())
    }

    fn send(
        &mut self,
        room: RoomId,
        id: MessageId,
        text: Text,
        reply_to: Option<Seq>,
    ) -> Result<(), Refused> {
        let head = self.joined(&room, &id)?;
        self.fits(&text, id)?;
        if reply_to.is_some_and(|seq| seq == 0 || seq > head) {
            let message = "There is no such message to answer.";
            return Err(Refused::new(ChatErrorCode::NoSuchEntry, message, &id));
        }
        let event = Event::Message {
            text: Some(text),
            reply_to,
        };
        self.append(room, id, event);
        Ok(())
    }

    fn fits(&self, text: &Text, id: MessageId) -> Result<(), Refused> {
        let (bytes, limit) = (text.as_str().len(), self.hub.text_bytes);
        if bytes <= limit {
            return Ok(());
        }
        let message = format!("A message has at most {limit} bytes; this has {bytes}.");
        Err(Refused::new(ChatErrorCode::Malformed, message, &id))
    }

    fn append(&mut self, room: RoomId, id: MessageId, event: Event) {
        let entry = self.new_entry(id, event);
        let stored = self.hub.store.append(room.clone(), entry);
        self.after(stored, move |session, stored| {
            session.appended(room, id, stored);
        });
    }

    fn new_entry(&self, id: MessageId, event: Event) -> NewEntry {
        NewEntry {
            id,
            from: self.user,
            name: self.hub.lock().name_of(self.user),
            event,
        }
    }

    fn appended(&mut self, room: RoomId, id: MessageId, stored: Result<Appended, StoreError>) {
        match stored {
            Ok(Appended { seq, at, .. }) => self.reply(&ServerMessage::Ack { id, room, seq, at }),
            Err(error) => self.refuse_stored(&error, Some(id.to_string())),
        }
    }

    /// Changes, deletes or reacts to an entry, which is looked at first.
    fn upon(&mut self, room: RoomId, id: MessageId, of: Seq, what: Upon) -> Result<(), Refused> {
        let head = self.joined(&room, &id)?;
        if let Upon::Edit(text) = &what {
            self.fits(text, id)?;
        }
        if let Upon::React(emoji, _) = &what
            && !emoji.is_one()
        {
            let message = "A reaction is one emoji.";
            return Err(Refused::new(ChatErrorCode::Malformed, message, &id));
        }
        if of == 0 || of > head {
            return Err(no_such_message(id));
        }
        let found = self.hub.store.entry(room.clone(), of);
        self.after(found, move |session, found| {
            let event = match found {
                Ok(entry) => session.judge(entry, of, what, id),
                Err(error) => return session.refuse_stored(&error, Some(id.to_string())),
            };
            match event {
                Ok(event) => session.append(room, id, event),
                Err(refused) => session.refuse(refused.code, refused.message, refused.about),
            }
        });
        Ok(())
    }

    /// Whether this person may do that to this entry.
    fn judge(
        &self,
        entry: Option<Entry>,
        of: Seq,
        what: Upon,
        id: MessageId,
    ) -> Result<Event, Refused> {
        let entry = entry.ok_or_else(|| no_such_message(id))?;
        // A deleted message has no text; what is done to it again with the same id is known to the
        // store, and answered from there.
        let Event::Message { text, .. } = &entry.event else {
            return Err(no_such_message(id));
        };
        let own = entry.from.id == self.user;
        let operator = self.hub.lock().operators.contains(&self.user);
        match what {
            Upon::Delete if own || operator => Ok(Event::Deleted { of }),
            Upon::Edit(_) | Upon::React(..) if text.is_none() => Err(no_such_message(id)),
            Upon::Edit(text) if own => Ok(Event::Edited {
                of,
                text: Some(text),
            }),
            Upon::React(emoji, on) => Ok(Event::Reacted { of, emoji, on }),
            Upon::Edit(_) | Upon::Delete => {
                let message = "This message is not yours.";
                Err(Refused::new(ChatErrorCode::Forbidden, message, &id))
            }
        }
    }

    fn history(&mut self, room: RoomId, before: Seq, limit: Option<u32>) -> Result<(), Refused> {
        let head = self.joined(&room, &room)?;
        let page = PageSize {
            entries: limit.unwrap_or(PAGE_ENTRIES_DEFAULT).clamp(1, PAGE_ENTRIES),
            bytes: PAGE_BYTES,
        };
        let before = before.min(head.saturating_add(1));
        let read = self.hub.store.read_before(room.clone(), before, page);
        self.after(read, move |session, read| match read {
            Ok(entries) => session.reply(&ServerMessage::Page { room, entries }),
            Err(error) => session.refuse_stored(&error, Some(room.to_string())),
        });
        Ok(())
    }

    fn direct(&mut self, other: UserId) -> Result<(), Refused> {
        let Some(direct) = DirectId::of(self.user, other) else {
            let message = "A room of two needs somebody else.";
            return Err(Refused::new(ChatErrorCode::Forbidden, message, &other));
        };
        let room = RoomId::Direct(direct);
        let state = self.hub.lock();
        let (there, known) = (state.rooms.contains_key(&room), state.knows(other));
        drop(state);
        if there {
            return self.join(room, None);
        }
        if !known {
            let message = "Nobody with this key has been here.";
            return Err(Refused::new(ChatErrorCode::NoSuchRoom, message, &other));
        }
        let user = self.user;
        let created = self.hub.store.change(Change::RoomCreated {
            room: room.clone(),
            topic: Topic::default(),
            private: true,
        });
        // Queued in this order, and so durable in this order.
        let invited = self.hub.store.change(Change::Joined {
            room: room.clone(),
            user: other,
        });
        let stored: crate::store::Durable<()> = Box::pin(async move {
            match created.await {
                // Both may have opened it at the same moment.
                Ok(()) | Err(StoreError::RoomExists) => invited.await,
                Err(error) => Err(error),
            }
        });
        self.after(stored, move |session, stored| match stored {
            Ok(()) => {
                let mut state = session.hub.lock();
                state
                    .rooms
                    .entry(room.clone())
                    .or_insert_with(|| Room::new(Topic::default(), true))
                    .members
                    .entry(other)
                    .or_insert(0);
                state.enter(&room, user);
                state.invite(&room, user, other);
                drop(state);
                session.enter(room, None);
            }
            Err(error) => session.refuse_stored(&error, Some(room.to_string())),
        });
        Ok(())
    }

    fn typing(&mut self, room: &RoomId) -> Result<(), Refused> {
        self.joined(room, room)?;
        let mut state = self.hub.lock();
        let message = ServerMessage::Typing {
            room: room.clone(),
            from: state.author(self.user),
        };
        state.tell_room(room, &message, None, Some(self.id));
        Ok(())
    }

    fn read(&mut self, room: RoomId, seq: Seq) -> Result<(), Refused> {
        let head = self.joined(&room, &room)?;
        let (user, seq) = (self.user, seq.min(head));
        let newer = self.hub.lock().has_read(&room, user, seq, self.id);
        if newer {
            let stored = self.hub.store.change(Change::Read {
                room: room.clone(),
                user,
                seq,
            });
            self.after(stored, move |session, stored| {
                if let Err(error) = stored {
                    session.refuse_stored(&error, Some(room.to_string()));
                }
            });
        }
        Ok(())
    }

    /// The room's head, if this person is in it.
    fn joined(&self, room: &RoomId, about: &dyn ToString) -> Result<Seq, Refused> {
        let state = self.hub.lock();
        let Some(known) = state.room_for(room, self.user) else {
            return Err(Refused::no_such_room(room, about));
        };
        if known.has(self.user) {
            return Ok(known.head);
        }
        let message = format!("You have not joined {room}.");
        Err(Refused::new(ChatErrorCode::NotJoined, message, about))
    }
}

fn no_such_message(id: MessageId) -> Refused {
    let message = "There is no such message.";
    Refused::new(ChatErrorCode::NoSuchEntry, message, &id)
}

impl super::state::State {
    fn members(&self, room: &Room) -> Vec<shared::chat::server::Member> {
        let online: std::collections::BTreeSet<UserId> =
            self.connections.values().map(|other| other.user).collect();
        room.members
            .keys()
            .map(|user| self.member(*user, online.contains(user)))
            .collect()
    }

    /// Somebody is in a room from now on.
    fn enter(&mut self, room: &RoomId, user: UserId) {
        let member = self.member(user, true);
        let Some(entered) = self.rooms.get_mut(room) else {
            return;
        };
        entered.invited.remove(&user);
        let head = entered.head;
        if entered.members.contains_key(&user) {
            return;
        }
        // What was said before is no news to somebody who was not there.
        entered.members.insert(user, head);
        let message = ServerMessage::Member {
            room: room.clone(),
            member,
            change: MemberChange::Joined,
        };
        self.tell_room(room, &message, None, None);
    }

    /// Somebody is not in a room any more, on none of their devices.
    fn exit(&mut self, room: &RoomId, user: UserId) {
        let of_user: Vec<_> = self.connections_of(user);
        let member = self.member(user, true);
        let Some(left) = self.rooms.get_mut(room) else {
            return;
        };
        left.members.remove(&user);
        for id in &of_user {
            left.hearers.remove(id);
        }
        let gone = super::state::encode(&ServerMessage::Left { room: room.clone() });
        for id in of_user {
            self.tell(id, &gone);
        }
        let message = ServerMessage::Member {
            room: room.clone(),
            member,
            change: MemberChange::Left,
        };
        self.tell_room(room, &message, None, None);
    }

    /// Somebody may join a room, and is told on all their devices.
    fn invite(&mut self, room: &RoomId, by: UserId, guest: UserId) {
        let by = self.author(by);
        let Some(open) = self.rooms.get_mut(room) else {
            return;
        };
        if !open.has(guest) {
            open.invited.insert(guest);
        }
        let Some(open) = self.rooms.get(room) else {
            return;
        };
        let message = ServerMessage::Invited {
            room: self.summary(room, open, guest),
            by,
        };
        let text = super::state::encode(&message);
        for id in self.json_connections_of(guest) {
            self.tell(id, &text);
        }
    }

    /// Moves what somebody has seen on, and tells their other devices. `false` if it was there.
    fn has_read(
        &mut self,
        room: &RoomId,
        user: UserId,
        seq: Seq,
        by: crate::clients::ConnectionId,
    ) -> bool {
        let seen = self
            .rooms
            .get_mut(room)
            .and_then(|room| room.members.get_mut(&user));
        let Some(seen) = seen.filter(|seen| **seen < seq) else {
            return false;
        };
        *seen = seq;
        let text = super::state::encode(&ServerMessage::Read {
            room: room.clone(),
            seq,
        });
        for id in self.json_connections_of(user) {
            if id != by {
                self.tell(id, &text);
            }
        }
        true
    }
}
