//! What JSON clients can do: the requests of [`ClientMessage`], their rights, and their answers.

use shared::chat::client::Unreadable;
use shared::chat::limits::{PAGE_BYTES, PAGE_ENTRIES, PAGE_ENTRIES_DEFAULT};
use shared::chat::search::Cursor;
use shared::chat::server::ServerLimits;
use shared::chat::{
    ChatErrorCode, ClientMessage, DirectId, Keep, Name, Query, RoomId, RoomName, Seq,
    ServerMessage, Topic, UserId,
};

use std::time::Duration;

use super::room::Room;
use super::session::Session;
use super::writing::Upon;
use crate::rates::{RateClass, TooFast};
use crate::store::{Change, Found, PageSize, StoreError};

/// What `welcome` says that the server is.
const SERVER: &str = concat!("secure-chat-server ", env!("CARGO_PKG_VERSION"));

/// Why a request is refused, and which.
pub(super) struct Refused {
    code: ChatErrorCode,
    message: String,
    about: Option<String>,
    retry_after: Option<Duration>,
}

impl Refused {
    pub(super) fn new(
        code: ChatErrorCode,
        message: impl Into<String>,
        about: &dyn ToString,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            about: Some(about.to_string()),
            retry_after: None,
        }
    }

    fn too_fast(too_fast: TooFast, about: Option<String>) -> Self {
        Self {
            code: ChatErrorCode::RateLimited,
            message: too_fast.to_string(),
            about,
            retry_after: Some(too_fast.retry_after),
        }
    }

    pub(super) fn no_such_room(room: &RoomId, about: &dyn ToString) -> Self {
        let message = format!("There is no room {room}, or not for you.");
        Self::new(ChatErrorCode::NoSuchRoom, message, about)
    }
}

/// What the protocol has, but not this server.
pub(super) fn not_here(about: &dyn ToString) -> Refused {
    let message = "This server does not do that.";
    Refused::new(ChatErrorCode::Forbidden, message, about)
}

impl Session<'_> {
    /// Does what a client asks for, or says why not.
    pub(super) fn request(&mut self, message: ClientMessage) {
        if !self.greeted && !matches!(message, ClientMessage::Hello { .. } | ClientMessage::Ping) {
            let text = "Say hello first.";
            return self.refuse(ChatErrorCode::HelloFirst, text, None);
        }
        if let Some((class, about)) = limited(&message)
            && let Err(too_fast) = self.may(class)
        {
            return self.refuse_with(Refused::too_fast(too_fast, about));
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
                keep,
            } => {
                let id = RoomId::from(room);
                self.has_place_for(&id, &id)
                    .and_then(|()| self.keep_of_new(&id, keep))
                    .map(|keep| self.create(id, topic, private, keep))
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
            ClientMessage::Search {
                room,
                query,
                before,
                limit,
            } => self.search(room, query, before, limit),
            ClientMessage::Claim { code } => self.claim_operator(&code),
            ClientMessage::Operator(request) => self.operate(request),
            ClientMessage::Ping => {
                self.reply(&ServerMessage::Pong);
                Ok(())
            }
        };
        if let Err(refused) = done {
            self.refuse_with(refused);
        }
    }

    pub(super) fn refuse_with(&mut self, refused: Refused) {
        self.reply(&ServerMessage::Error {
            code: refused.code,
            message: refused.message,
            // Rounded up: whoever waits so long has waited long enough.
            retry_after: refused
                .retry_after
                .map(|wait| u64::try_from(wait.as_millis()).map_or(u64::MAX, |ms| ms + 1)),
            about: refused.about,
        });
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
            operator: state.operators.contains(&self.user),
            limits: ServerLimits {
                text_bytes: self.hub.text_bytes,
                page_entries: PAGE_ENTRIES,
            },
        };
        drop(state);
        self.reply(&welcome);
    }

    /// Whether there may be another room. Of one that is there already the store says so.
    fn has_place_for(&self, room: &RoomId, about: &dyn ToString) -> Result<(), Refused> {
        let state = self.hub.lock();
        if state.rooms.len() < self.hub.max_rooms || state.rooms.contains_key(room) {
            return Ok(());
        }
        let message = "This server has as many rooms as it may have.";
        Err(Refused::new(ChatErrorCode::LimitReached, message, about))
    }

    fn create(&mut self, room: RoomId, topic: Topic, private: bool, keep: Keep) {
        let change = Change::RoomCreated {
            room: room.clone(),
            topic: topic.clone(),
            private,
            keep,
        };
        let stored = self.hub.store.change(change);
        self.after(stored, move |session, stored| match stored {
            Ok(()) => {
                let mut state = session.hub.lock();
                state
                    .rooms
                    .entry(room.clone())
                    .or_insert_with(|| Room::new(topic, private, keep));
                state.tell_of(&room);
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
        let keep = self.hub.lock().rooms.get(&room).map(|room| room.keep);
        match keep {
            None | Some(Keep::Forever) => self.show(room, after, Some(0)),
            Some(Keep::Nothing) => self.show(room, after, None),
            Some(Keep::Days(_) | Keep::Entries(_)) => {
                let one = PageSize {
                    entries: 1,
                    bytes: 0,
                };
                let first = self.hub.store.read_after(room.clone(), 0, one);
                self.after(first, move |session, first| match first {
                    Ok(first) => {
                        // Without any, everything is gone.
                        let gone = first.first().map(|first| first.seq - 1);
                        session.show(room, after, gone);
                    }
                    Err(error) => session.refuse_stored(&error, Some(room.to_string())),
                });
            }
        }
    }

    /// Sends a room whose entries up to `gone` are gone; all of them, without it.
    fn show(&mut self, room: RoomId, after: Option<Seq>, gone: Option<Seq>) {
        let hub = self.hub;
        let mut state = hub.lock();
        // Who comes and goes after what `joined` says is told, though entries come from the store.
        state.hear(self.id, &room);
        let Some(entered) = state.rooms.get(&room) else {
            return;
        };
        let head = entered.head;
        // The store may be ahead; what it has swept by then is still told here.
        let gone = gone.unwrap_or(head).min(head);
        let joined = ServerMessage::Joined {
            room: room.clone(),
            topic: entered.topic.clone(),
            private: entered.private,
            members: state.members(entered),
            head,
            read: entered.read_by(self.user),
            keep: entered.keep,
            gone,
        };
        // What is nowhere written is heard from this moment on, or never.
        let live = entered.keep == Keep::Nothing && state.go_live(self.id, &room, head);
        // Under the lock, so that nothing of it is told before.
        self.reply(&joined);
        drop(state);
        if live {
            return self.stop_catching_up(&room);
        }
        if let Some(after) = after {
            return self.catch_up_from(room, after.max(gone));
        }
        if head == gone {
            return self.catch_up_from(room, head);
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

    fn history(&mut self, room: RoomId, before: Seq, limit: Option<u32>) -> Result<(), Refused> {
        let head = self.joined(&room, &room)?;
        let page = page_of(limit);
        let before = before.min(head.saturating_add(1));
        let read = self.hub.store.read_before(room.clone(), before, page);
        self.after(read, move |session, read| match read {
            Ok(entries) => session.reply(&ServerMessage::Page { room, entries }),
            Err(error) => session.refuse_stored(&error, Some(room.to_string())),
        });
        Ok(())
    }

    fn search(
        &mut self,
        room: Option<RoomId>,
        query: Query,
        before: Option<Cursor>,
        limit: Option<u32>,
    ) -> Result<(), Refused> {
        let rooms = match &room {
            Some(room) => {
                self.joined(room, &"search")?;
                vec![room.clone()]
            }
            None => self.hub.lock().rooms_of(self.user),
        };
        let page = page_of(limit);
        let found = self.hub.store.search(rooms, query.clone(), before, page);
        self.after(found, move |session, found| match found {
            Ok(Found { entries, more }) => session.reply(&ServerMessage::Found {
                query,
                room,
                entries,
                more,
            }),
            Err(error) => session.refuse_stored(&error, Some("search".into())),
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
        self.has_place_for(&room, &other)?;
        let user = self.user;
        let created = self.hub.store.change(Change::RoomCreated {
            room: room.clone(),
            topic: Topic::default(),
            private: true,
            keep: self.hub.keep,
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
                    .or_insert_with(|| Room::new(Topic::default(), true, session.hub.keep))
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
    pub(super) fn joined(&self, room: &RoomId, about: &dyn ToString) -> Result<Seq, Refused> {
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

/// A page that fits a message, of as many entries as a client asks for.
fn page_of(limit: Option<u32>) -> PageSize {
    PageSize {
        entries: limit.unwrap_or(PAGE_ENTRIES_DEFAULT).clamp(1, PAGE_ENTRIES),
        bytes: PAGE_BYTES,
    }
}

/// What of the limited things a message asks for, and how its refusal is known.
fn limited(message: &ClientMessage) -> Option<(RateClass, Option<String>)> {
    Some(match message {
        ClientMessage::Send { id, .. }
        | ClientMessage::Edit { id, .. }
        | ClientMessage::Delete { id, .. }
        | ClientMessage::React { id, .. } => (RateClass::Send, Some(id.to_string())),
        ClientMessage::Join { room, .. } | ClientMessage::Leave { room } => {
            (RateClass::Join, Some(room.to_string()))
        }
        ClientMessage::Invite { room, .. } => (RateClass::Join, Some(room.to_string())),
        ClientMessage::Direct { .. } => (RateClass::Join, None),
        ClientMessage::Hello { name: Some(_), .. } => (RateClass::Join, Some("hello".into())),
        ClientMessage::Create { room, .. } => (RateClass::Create, Some(room.to_string())),
        // A search costs more than a page, and a code must not be guessed.
        ClientMessage::Search { .. } => (RateClass::Join, Some("search".into())),
        ClientMessage::Claim { .. } => (RateClass::Join, Some("claim".into())),
        // Operators are trusted; from others it is refused at no cost.
        ClientMessage::Operator(_)
        | ClientMessage::Hello { name: None, .. }
        | ClientMessage::History { .. }
        | ClientMessage::Typing { .. }
        | ClientMessage::Read { .. }
        | ClientMessage::Ping => return None,
    })
}
