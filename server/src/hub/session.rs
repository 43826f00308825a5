//! One connection's place in the hub: takes its plaintexts, and gives those that it is to be sent.
//!
//! Whatever needs the store goes on beside the connection, which reads on meanwhile; what is to be
//! done with the result runs here, so that one connection's state has one owner.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use shared::chat::limits::{PAGE_BYTES, PAGE_ENTRIES};
use shared::chat::operator::LogLine;
use shared::chat::plain::{ClientLine, ServerLine};
use shared::chat::{ClientMessage, Entry, RoomId, RoomName, Seq, ServerMessage, UserId};
use shared::error::ErrorCode;
use shared::identity::Fingerprint;

use super::Hub;
use super::queue::{Inbox, queue};
use super::state::{Mode, encode};
use crate::clients::ConnectionId;
use crate::operators::Follower;
use crate::rates::{RateClass, TooFast};
use crate::store::{Durable, NewEntry, PageSize, StoreError};

/// Requests of one connection that may wait for the store. With more it is not read from: its own
/// stream's flow control then holds it back.
const MAX_PENDING: usize = 256;

/// A place in the hub; dropping it leaves.
pub struct Session<'a> {
    pub(super) hub: &'a Hub,
    pub(super) id: ConnectionId,
    pub(super) user: UserId,
    pub(super) address: IpAddr,
    pub(super) mode: Mode,
    /// The client has said `hello`.
    pub(super) greeted: bool,
    inbox: Inbox,
    replies: VecDeque<Arc<str>>,
    pending: FuturesUnordered<Pending<'a>>,
    /// Plain lines of its own that are not told yet.
    untold_lines: usize,
    /// Plain text that waits until they are: answers come in the order of what they answer.
    deferred: VecDeque<String>,
    listening: Listening,
    catching_up: VecDeque<CatchUp>,
    /// The log, for an operator who follows it.
    pub(super) log: Option<Follower>,
    reading_page: bool,
}

/// Whether what a connection says is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listening {
    Yes,
    /// It has asked to end.
    Quit,
    /// It was not let in.
    Never,
}

/// What is due on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// A plaintext is to be sent.
    Text(Arc<str>),
    /// The connection asked to end, and everything before that is sent.
    Quit,
    /// It has been put out of the hub, and is told why.
    PutOut(ErrorCode),
}

type Then = Box<dyn for<'s, 'h> FnOnce(&'s mut Session<'h>) + Send>;
type Pending<'a> = Pin<Box<dyn Future<Output = Then> + Send + 'a>>;

/// A room whose entries a connection is still sent from the store. It hears the room as it happens
/// when there are no more.
#[derive(Debug)]
struct CatchUp {
    room: RoomId,
    /// The last entry that was sent.
    sent: Seq,
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .field("user", &self.user)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl Hub {
    /// Lets a connection in. Until it says otherwise, it is one of plain text in the lobby.
    pub fn join(&self, id: ConnectionId, key: Fingerprint, address: IpAddr) -> Session<'_> {
        let (outbox, inbox) = queue(self.queue_bytes);
        let user = UserId(key);
        let mut state = self.lock();
        let name = state.name_of(user);
        let refused = self.judge(&state, user, address);
        if let Some(code) = refused {
            state.turn_away(id, &outbox, code);
        } else {
            let came = !state.is_online(user);
            state.tell_plain(&format!("{name} joined"));
            state.arrive(id, user, outbox);
            let lobby: RoomId = RoomName::lobby().into();
            let head = state.rooms.get(&lobby).map_or(0, |room| room.head);
            state.go_live(id, &lobby, head);
            if came {
                state.tell_presence(user, true);
            }
        }
        drop(state);
        let mut session = Session {
            hub: self,
            id,
            user,
            address,
            mode: Mode::Plain,
            greeted: false,
            inbox,
            replies: VecDeque::new(),
            pending: FuturesUnordered::new(),
            catching_up: VecDeque::new(),
            log: None,
            untold_lines: 0,
            deferred: VecDeque::new(),
            listening: refused.map_or(Listening::Yes, |_| Listening::Never),
            reading_page: false,
        };
        if refused.is_none() {
            session.welcome_in_plain(&name);
        }
        session
    }
}

impl Session<'_> {
    /// What the connection's person is called.
    pub fn name(&self) -> String {
        self.hub.lock().name_of(self.user).to_string()
    }

    /// Takes a plaintext. One that is no UTF-8 or too long is answered, and nothing is done.
    pub fn handle(&mut self, plaintext: &[u8]) {
        if self.listening != Listening::Yes {
            return;
        }
        let Ok(text) = std::str::from_utf8(plaintext) else {
            return self.notice("Your line is not UTF-8 text. It was not delivered.");
        };
        let line = ClientLine::parse(text);
        if line == ClientLine::Object {
            self.become_json();
            return match ClientMessage::parse(text) {
                Ok(message) => self.request(message),
                Err(unreadable) => self.refuse_unreadable(unreadable),
            };
        }
        match self.mode {
            Mode::Plain if self.must_wait(&line) => self.deferred.push_back(text.to_owned()),
            Mode::Plain => self.line(&line),
            Mode::Json => self.refuse_line(),
        }
    }

    /// Lines need not wait for each other: they are told in the order in which they came.
    fn must_wait(&self, line: &ClientLine<'_>) -> bool {
        let is_text = matches!(line, ClientLine::Text(_));
        !self.deferred.is_empty() || (self.untold_lines > 0 && !is_text)
    }

    fn resume_deferred(&mut self) {
        while let Some(text) = self.deferred.pop_front() {
            let line = ClientLine::parse(&text);
            if self.untold_lines > 0 && !matches!(line, ClientLine::Text(_)) {
                return self.deferred.push_front(text);
            }
            self.line(&line);
        }
    }

    /// Whether this person may do that now.
    pub(super) fn may(&self, class: RateClass) -> Result<(), TooFast> {
        self.hub.rates.check(class, self.user, self.address)
    }

    /// Waits for what is due.
    ///
    /// Cancel safe: what is not returned comes the next time.
    pub async fn next(&mut self) -> Due {
        loop {
            if let Some(reply) = self.replies.pop_front() {
                return Due::Text(reply);
            }
            if self.listening == Listening::Quit {
                return Due::Quit;
            }
            self.catch_up();
            let pending = !self.pending.is_empty();
            tokio::select! {
                // What others said before our own answers goes before them.
                biased;
                text = self.inbox.next() => {
                    let Some(text) = text else {
                        return Due::PutOut(self.hub.lock().why_ended(self.id));
                    };
                    return Due::Text(text);
                },
                Some(then) = self.pending.next(), if pending => then(self),
                lines = next_lines(self.log.as_mut()) => self.log_says(lines),
            }
        }
    }

    /// A plaintext that waits already.
    pub fn try_next(&mut self) -> Option<Arc<str>> {
        loop {
            let text = self.replies.pop_front().or_else(|| self.inbox.try_next());
            if text.is_some() {
                return text;
            }
            // Many requests may be done at once: their answers go together.
            let then = self.pending.next().now_or_never()??;
            then(self);
        }
    }

    /// Whether the connection should be read from.
    pub fn wants_more(&self) -> bool {
        self.pending.len() < MAX_PENDING
            && self.deferred.len() < MAX_PENDING
            && self.listening == Listening::Yes
    }

    pub(super) fn quit(&mut self) {
        self.listening = Listening::Quit;
        self.deferred.clear();
    }

    /// What is still due on a connection that says nothing more: `None` when all that it has said
    /// is durable and told. Takes what waits as it comes, or much of it would be too much.
    pub async fn farewell(&mut self) -> Option<Arc<str>> {
        loop {
            if let Some(text) = self.try_next() {
                return Some(text);
            }
            let then = self.pending.next().await?;
            then(self);
        }
    }

    /// Waits until the store has done all that was asked for.
    #[cfg(test)]
    pub(super) async fn settle(&mut self) {
        while let Some(then) = self.pending.next().await {
            then(self);
        }
    }

    /// A notice, in whatever this connection is told in.
    pub fn notice_text(&self, text: &str) -> Arc<str> {
        match self.mode {
            Mode::Plain => ServerLine::Notice(text).to_string().into(),
            Mode::Json => encode(&ServerMessage::Notice { text: text.into() }),
        }
    }

    /// Tells this connection alone.
    pub fn notice(&mut self, text: &str) {
        let text = self.notice_text(text);
        self.push(text);
    }

    pub(super) fn reply(&mut self, message: &ServerMessage) {
        self.push(encode(message));
    }

    /// What was told before goes before it.
    fn push(&mut self, text: Arc<str>) {
        while let Some(told) = self.inbox.try_next() {
            self.replies.push_back(told);
        }
        self.replies.push_back(text);
    }

    /// Does something with the store, and then something with its result.
    pub(super) fn after<T: Send + 'static>(
        &mut self,
        work: Durable<T>,
        then: impl FnOnce(&mut Session<'_>, Result<T, StoreError>) + Send + 'static,
    ) {
        self.pending.push(Box::pin(async move {
            let result = work.await;
            let then: Then = Box::new(move |session| then(session, result));
            then
        }));
    }

    /// Appends a plain line of this connection's to the lobby, which counts as done when it is told.
    pub(super) fn append_line(&mut self, entry: NewEntry) {
        self.untold_lines += 1;
        let (hub, lobby) = (self.hub, RoomId::from(RoomName::lobby()));
        let stored = hub.append(lobby.clone(), entry);
        self.pending.push(Box::pin(async move {
            let stored = stored.await;
            if let Ok(appended) = &stored {
                hub.published_to(&lobby, appended.seq).await;
            }
            let then: Then = Box::new(move |session| {
                session.untold_lines -= 1;
                if let Err(error) = stored {
                    session.refuse_line_stored(&error);
                }
                session.resume_deferred();
            });
            then
        }));
    }

    /// From now on the connection is told in JSON, for good.
    fn become_json(&mut self) {
        if self.mode == Mode::Json {
            return;
        }
        self.mode = Mode::Json;
        self.hub.lock().become_json(self.id);
    }

    /// Sends the entries of a room after number `sent`, and then everything as it happens.
    pub(super) fn catch_up_from(&mut self, room: RoomId, sent: Seq) {
        self.stop_catching_up(&room);
        self.catching_up.push_back(CatchUp { room, sent });
        self.catch_up();
    }

    pub(super) fn stop_catching_up(&mut self, room: &RoomId) {
        self.catching_up.retain(|other| other.room != *room);
    }

    /// Asks for the next page, if one is due and everything before it is on its way.
    fn catch_up(&mut self) {
        while !self.reading_page && self.inbox.is_empty() {
            let Some(CatchUp { room, sent }) = self.catching_up.front() else {
                return;
            };
            let (room, sent) = (room.clone(), *sent);
            let mut state = self.hub.lock();
            let gone = !state
                .rooms
                .get(&room)
                .is_some_and(|room| room.has(self.user));
            if gone || state.go_live(self.id, &room, sent) {
                drop(state);
                self.catching_up.pop_front();
                continue;
            }
            drop(state);
            self.reading_page = true;
            let page = PageSize {
                entries: PAGE_ENTRIES,
                bytes: PAGE_BYTES,
            };
            let read = self.hub.store.read_after(room.clone(), sent, page);
            self.after(read, move |session, result| {
                session.reading_page = false;
                session.caught_up_with(room, sent, result);
            });
        }
    }

    fn caught_up_with(&mut self, room: RoomId, sent: Seq, page: Result<Vec<Entry>, StoreError>) {
        // The client may have left the room meanwhile, or asked for it anew.
        let front = self.catching_up.front_mut();
        let Some(front) = front.filter(|front| front.room == room && front.sent == sent) else {
            return;
        };
        match page {
            Ok(entries) => {
                let Some(last) = entries.last() else {
                    // The hub knows of entries that the store does not give: they are gone. What
                    // comes next shows the client that there is a gap.
                    let hub = self.hub;
                    let state = hub.lock();
                    let head = state.rooms.get(&room).map_or(sent, |room| room.head);
                    front.sent = head.max(sent);
                    return;
                };
                front.sent = last.seq;
                self.reply(&ServerMessage::Page { room, entries });
            }
            Err(error) => {
                self.catching_up.pop_front();
                self.refuse_stored(&error, Some(room.to_string()));
            }
        }
    }
}

async fn next_lines(log: Option<&mut Follower>) -> Option<(Vec<LogLine>, u64)> {
    match log {
        Some(log) => log.next().await,
        None => std::future::pending().await,
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        let mut state = self.hub.lock();
        state.leave(self.id);
        // Nobody asks any more.
        state.why_ended(self.id);
    }
}
