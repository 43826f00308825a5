//! The state of the full-screen mode: the chat, the connection, and the present activity of the
//! person. Its [keys](super::keys) change it, its [views](super::view) show it. No terminal, no
//! sockets.

use std::collections::BTreeMap;

use client::Chat;
use client::compose::{Asked, Authorship};
use client::outbox::{Account, DeliveryState, Outgoing, Writing};
use shared::chat::ClaimCode;
use shared::chat::{ClientMessage, MessageId, OperatorRequest, Query, RoomId, Seq, Text};
use shared::connection::{SessionId, Version};
use shared::identity::Fingerprint;
use shared::trust::words;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;

use super::composer::{About, Composer};
use super::layers::{Console, Finder, Layer, Tab};
use super::link::News;
use super::rows::Anchor;
use crate::printable;
use crate::session;

/// The name of this program towards servers.
const PROGRAM: &str = concat!("secure-chat ", env!("CARGO_PKG_VERSION"));

/// The help for the commands that only this program has.
const HELP: &str = "Here also: /search WORDS, /resend and /drop for what was refused, /claim CODE \
                    to become an operator, /op and /keep 30d for operators, /verify for \
                    what both sides can compare. F1 shows the keys.";

/// The state of the connection.
#[derive(Debug)]
pub(crate) enum Connection {
    /// An attempt is under way.
    Connecting,
    /// A session is established.
    Up {
        /// The version that is spoken.
        version: Version,
        /// The server's key.
        server: Fingerprint,
        /// The session's id, which both sides can compare in v2.
        id: Option<SessionId>,
    },
    /// There is no session, and a further attempt follows.
    Down {
        /// The reason, in one sentence.
        why: String,
        /// The time of the next attempt.
        retry_at: Instant,
    },
    /// No attempt would help, for this reason.
    Stopped(String),
}

/// The measures of the last drawing, for the keys that scroll.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shown {
    /// The rows of the log.
    pub(crate) rows: u16,
    /// The columns of the log.
    pub(crate) width: u16,
    /// The oldest row that this client has is on the screen.
    pub(crate) oldest: bool,
}

/// The whole state of the full-screen mode.
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent facts, not states"
)]
pub(crate) struct App {
    pub(crate) chat: Chat,
    pub(crate) composer: Composer,
    pub(crate) layer: Layer,
    pub(crate) connection: Connection,
    /// The lowest visible row; the log's end if there is none.
    pub(crate) place: Option<Anchor>,
    pub(crate) shown: Shown,
    /// The server's address.
    pub(crate) server: String,
    /// The terminal's window has the person's attention, as far as the terminal reports it.
    pub(crate) focused: bool,
    /// The terminal's bell is to ring at the next drawing.
    pub(crate) bell: bool,
    account: Account,
    name: Option<String>,
    /// The drafts of the other rooms.
    drafts: BTreeMap<RoomId, Composer>,
    /// The text that Ctrl-C removed last.
    pub(super) discarded: Option<String>,
    /// The next Up restores the removed text, instead of going to the messages.
    pub(super) offers_discarded: bool,
    /// The room whose draft is in the composer.
    drafting: RoomId,
    /// The number of the last renamed room whose draft has moved.
    followed: u64,
    outgoing: Option<mpsc::Sender<session::Outgoing>>,
    /// The number of unseen messages that mention the person.
    meant: u64,
}

impl App {
    /// Creates the state for a chat with a server as `account`, in which `lines` wait to be sent.
    pub(crate) fn new(account: Account, name: Option<String>, lines: Vec<Outgoing>) -> Self {
        let outbox = client::outbox::Outbox::restore(lines);
        let chat = Chat::restore(outbox);
        Self {
            drafting: chat.current.clone(),
            chat,
            composer: Composer::default(),
            layer: Layer::default(),
            connection: Connection::Connecting,
            place: None,
            shown: Shown::default(),
            server: account.server.clone(),
            focused: true,
            bell: false,
            account,
            name,
            drafts: BTreeMap::new(),
            discarded: None,
            offers_discarded: false,
            followed: 0,
            outgoing: None,
            meant: 0,
        }
    }

    /// Takes an event of the link.
    pub(crate) fn news(&mut self, news: News, at: u64) {
        match news {
            News::Connecting => self.connection = Connection::Connecting,
            News::Up(session) => {
                self.outgoing = Some(session.outgoing);
                // At once: a server greets a client that is silent for a second as one of plain
                // text.
                self.chat.begin(self.name.as_deref(), PROGRAM);
                self.connection = Connection::Up {
                    version: session.version,
                    server: session.server,
                    id: session.id,
                };
            }
            News::Heard(plaintext) => self.heard(&plaintext, at),
            News::Trouble(text) => self.chat.notice(text, at),
            News::Down { why, retry_at } => {
                self.ended();
                self.connection = Connection::Down { why, retry_at };
            }
            News::Stopped(failure) => {
                self.ended();
                self.connection = Connection::Stopped(failure.text);
            }
        }
    }

    fn ended(&mut self) {
        self.outgoing = None;
        self.chat.end();
    }

    fn heard(&mut self, plaintext: &[u8], at: u64) {
        // Plain text comes from older servers, before the answer to `hello`. A message that cannot
        // be parsed comes from a later version.
        if let Ok(message) = serde_json::from_slice(plaintext) {
            self.chat.hear(message, at);
        }
        // A name that was claimed later is the one to claim after the next reconnect.
        if let Some(own) = self.chat.claimed_name() {
            self.name = Some(own.to_owned());
        }
        // A draft is kept by its room's name, so it has to follow a rename.
        for renaming in self.chat.renamings(self.followed) {
            let to = renaming.to.clone();
            if self.drafting == renaming.from {
                self.drafting = to;
            } else if let Some(draft) = self.drafts.remove(&renaming.from) {
                self.drafts.insert(to, draft);
            }
            self.followed = renaming.number;
        }
        self.ring();
        self.follow_goal();
    }

    /// Rings when a message that the person does not see mentions the person.
    fn ring(&mut self) {
        let Some(me) = &self.chat.me else {
            return;
        };
        // The room on the screen counts as seen only if its end is visible: a person who reads the
        // history does not see what arrives below.
        let looking = self.focused && self.is_at_end();
        let unseen = self.chat.rooms.values();
        let unseen = unseen.filter(|room| !looking || room.id != self.chat.current);
        let meant = unseen.map(|room| room.mentions(me)).sum();
        if meant > self.meant {
            self.bell = true;
        }
        self.meant = meant;
    }

    fn is_at_end(&self) -> bool {
        self.place.is_none()
    }

    /// Hands waiting requests to the session. `true` if the session takes no more at present.
    pub(crate) fn flush(&mut self) -> bool {
        let Some(outgoing) = self.outgoing.clone() else {
            return false;
        };
        // A request is removed only when the session has taken it, so a full channel loses nothing.
        while let Some((number, message)) = self.chat.requests.waiting().first() {
            let number = *number;
            match hand_over(&outgoing, message) {
                Handed::Taken => self.chat.requests.sent(number),
                Handed::Full => return true,
                Handed::Gone => return false,
            }
        }
        for line in self.chat.queued(&self.account) {
            match hand_over(&outgoing, &line.request()) {
                Handed::Taken => self.chat.outbox.sent(line.id),
                Handed::Full => return true,
                Handed::Gone => return false,
            }
        }
        false
    }

    /// Returns the session's queue, to wait until it takes more.
    pub(crate) fn outgoing(&self) -> Option<mpsc::Sender<session::Outgoing>> {
        self.outgoing.clone()
    }

    /// Returns the entries of the outbox for the room on the screen.
    pub(crate) fn on_their_way(&self) -> Vec<&Outgoing> {
        let lines = self.chat.outbox.lines().iter();
        let here =
            |line: &&Outgoing| line.room == self.chat.current && line.account == self.account;
        lines.filter(here).collect()
    }

    /// Puts the right draft into the composer after the room on the screen has changed.
    pub(crate) fn settle(&mut self) {
        if self.drafting != self.chat.current {
            let next = self.drafts.remove(&self.chat.current).unwrap_or_default();
            let draft = std::mem::replace(&mut self.composer, next);
            let room = std::mem::replace(&mut self.drafting, self.chat.current.clone());
            if !draft.is_empty() {
                self.drafts.insert(room, draft);
            }
            self.place = None;
            // A picked message belongs to the room that was left.
            if matches!(self.layer, Layer::Picked(_) | Layer::React(_)) {
                self.layer = Layer::Nothing;
            }
        }
        self.follow_goal();
    }

    /// Records the measures of a drawing. `true` if the drawing is out of date by that: the visible
    /// messages are no longer new.
    pub(crate) fn drawn(&mut self, shown: Shown) -> bool {
        self.shown = shown;
        let room = self.chat.current.clone();
        // The history is loaded only when its oldest row is on the screen.
        if shown.oldest && self.chat.room().is_some_and(|room| room.is_live()) {
            self.chat.load_older(&room);
        }
        let last = self.chat.room().and_then(|room| room.log.last());
        // Only a person who looks has read: a window in the background marks nothing as read.
        let read = |chat: &Chat| chat.room().map(|room| room.read);
        let before = read(&self.chat);
        if let Some(last) = last.filter(|_| self.focused && self.is_at_end()) {
            self.chat.seen(&room, last);
        }
        self.ring();
        read(&self.chat) != before
    }

    /// Shows a message that was searched for, as soon as it has been loaded.
    fn follow_goal(&mut self) {
        let goal = self.chat.goal.as_ref();
        let Some(goal) = goal.filter(|goal| goal.room == self.chat.current) else {
            return;
        };
        let here = self.chat.room().and_then(|room| room.log.message(goal.seq));
        if here.is_some() {
            self.pick(goal.seq);
            self.chat.goal = None;
        }
    }

    /// Picks a message and scrolls to it.
    pub(crate) fn pick(&mut self, seq: Seq) {
        let last = self.chat.room().and_then(|room| room.log.messages().last());
        // At the log's end nothing is anchored, so that new messages keep appearing.
        let at_end = last.is_some_and(|last| last.seq == seq);
        self.place = (!at_end).then_some(Anchor { seq, below: 0 });
        self.layer = Layer::Picked(seq);
    }

    /// Returns the message before or after a picked one.
    pub(crate) fn neighbour(&self, seq: Seq, after: bool) -> Option<Seq> {
        let messages = self.chat.room()?.log.messages();
        let at = messages.binary_search_by_key(&seq, |message| message.seq);
        let at = at.unwrap_or_else(|next| next);
        let to = if after { at + 1 } else { at.checked_sub(1)? };
        messages.get(to).map(|message| message.seq)
    }

    /// Shows a room.
    pub(crate) fn open(&mut self, room: RoomId) {
        self.chat.open(room);
        self.settle();
    }

    /// Shows the room before or after the present one, in the order of the list.
    pub(crate) fn step(&mut self, down: bool) {
        let rooms: Vec<_> = self.joined();
        let at = rooms.iter().position(|room| *room == self.chat.current);
        let at = at.unwrap_or(0);
        let to = if down {
            (at + 1) % rooms.len().max(1)
        } else {
            at.checked_sub(1).unwrap_or(rooms.len().saturating_sub(1))
        };
        if let Some(room) = rooms.get(to) {
            self.open(room.clone());
        }
    }

    /// Shows the next room with new messages; rooms that mention the person come first.
    pub(crate) fn next_new(&mut self) {
        let me = self.chat.me.clone();
        let rooms = self
            .chat
            .rooms
            .values()
            .filter(|room| room.id != self.chat.current);
        let new = rooms.filter_map(|room| {
            let unread = room.unread(me.as_ref().map(|me| me.id));
            let meant = me.as_ref().map_or(0, |me| room.mentions(me));
            (unread > 0).then(|| (meant > 0, unread, room.id.clone()))
        });
        if let Some((.., room)) = new.max() {
            self.open(room);
        }
    }

    /// Returns the rooms that the person is in or invited to, in the order of the list.
    pub(crate) fn joined(&self) -> Vec<RoomId> {
        let rooms = self.chat.rooms.values();
        let mut rooms: Vec<_> = rooms
            .filter(|room| room.is_joined())
            .map(|room| {
                (
                    room.is_direct(),
                    room.title().to_lowercase(),
                    room.id.clone(),
                )
            })
            .collect();
        rooms.sort();
        rooms.into_iter().map(|(.., id)| id).collect()
    }

    /// Tells the server that the person writes, if the changed text is a message.
    pub(crate) fn typed(&mut self, at: u64) {
        if client::lines::is_message(&self.composer.text()) {
            self.chat.say_typing(at);
        }
    }

    /// Takes the written text. `true` if the person wants to leave.
    pub(crate) fn submit(&mut self, id: MessageId, at: u64) -> bool {
        let text = self.composer.text();
        let about = self.composer.about.take();
        // Checked before the composer is cleared: a text that is too long stays there to be
        // shortened.
        if text.len() > self.chat.text_bytes && !text.starts_with('/') {
            let limit = self.chat.text_bytes;
            let text = format!(
                "Not sent: a text has at most {limit} bytes, this one {}.",
                text.len()
            );
            self.composer.about = about;
            self.chat.notice(text, at);
            return false;
        }
        self.composer.clear();
        self.place = None;
        let account = self.account.clone();
        let authorship = Authorship { id, account, at };
        if let Some(About::Edit(of)) = about {
            match Text::parse(&text) {
                Ok(text) => self.chat.write(Writing::Edit { of, text }, authorship),
                Err(error) => self.chat.notice(format!("Not changed: {error}."), at),
            }
            return false;
        }
        let reply_to = match about {
            Some(About::Reply(seq)) => Some(seq),
            _ => None,
        };
        let asked = self.chat.compose(&text, reply_to, authorship);
        if text.trim() == "/help" {
            self.chat.notice(HELP, at);
        }
        let leave = match asked {
            Some(Asked::Quit) => true,
            Some(Asked::Console) => {
                self.open_console(at);
                false
            }
            Some(Asked::Command { word, rest }) => {
                self.command(word, rest, at);
                false
            }
            None => false,
        };
        self.settle();
        leave
    }

    fn command(&mut self, word: &str, rest: &str, at: u64) {
        match (word, rest) {
            ("search", words) => {
                self.layer = Layer::Finder(Finder {
                    input: Composer::with(words).area,
                    ..Finder::default()
                });
                if let Ok(query) = Query::parse(words) {
                    self.search(query);
                }
            }
            ("verify", "") => self.verify(at),
            ("keep", keep) => match keep.parse() {
                Ok(keep) => {
                    let room = self.chat.current.clone();
                    let request = OperatorRequest::Keep { room, keep };
                    self.chat.ask(ClientMessage::Operator(request));
                }
                Err(error) => self.chat.notice(format!("Not changed: {error}."), at),
            },
            ("claim", link) => {
                // The whole claim link is accepted as well as the code in it.
                let code = link.rsplit_once("#claim=").map_or(link, |(_, code)| code);
                match ClaimCode::try_from(code.to_owned()) {
                    Ok(code) => self.chat.ask(ClientMessage::Claim { code }),
                    Err(_) => self.chat.notice("That is no claim code.", at),
                }
            }
            ("resend", "") => self.refused(|chat, id| chat.outbox.resend(id)),
            ("drop", "") => self.refused(|chat, id| chat.outbox.remove(id)),
            (word, _) => self.chat.no_command(word, at),
        }
    }

    /// Shows the data that both sides can compare.
    fn verify(&mut self, at: u64) {
        let Connection::Up {
            version,
            server,
            id,
        } = &self.connection
        else {
            return self.chat.notice("There is no session.", at);
        };
        let mut lines = vec![
            format!("The server's key is {server}."),
            format!("Its words are: {}", words(server)),
        ];
        lines.push(match (version, id) {
            (_, Some(id)) => format!("This session is {id}: the server's log names it, too."),
            _ => "Protocol v1 proves nothing about the server.".to_owned(),
        });
        for line in lines {
            self.chat.notice(line, at);
        }
    }

    fn refused(&mut self, each: impl Fn(&mut Chat, MessageId)) {
        let lines = self.on_their_way().into_iter();
        let refused = lines.filter(|line| matches!(line.state, DeliveryState::Refused(_)));
        for id in refused.map(|line| line.id).collect::<Vec<_>>() {
            each(&mut self.chat, id);
        }
    }

    /// Asks the server to search in all rooms.
    pub(crate) fn search(&mut self, query: Query) {
        self.chat.ask(ClientMessage::Search {
            room: None,
            query,
            before: None,
            limit: None,
        });
    }

    /// Opens the operators' console, if the person is an operator.
    pub(crate) fn open_console(&mut self, at: u64) {
        if !self.chat.operator {
            return self.chat.notice(
                "You are no operator of this server; /claim CODE makes you one.",
                at,
            );
        }
        self.layer = Layer::Console(Console::default());
        for request in [OperatorRequest::Status, Tab::Connections.request()] {
            self.chat.ask(ClientMessage::Operator(request));
        }
    }

    /// Writes an entry that is no message: an edit, a deletion or a reaction.
    pub(crate) fn write(&mut self, what: Writing, id: MessageId, at: u64) {
        let account = self.account.clone();
        self.chat.write(what, Authorship { id, account, at });
    }

    /// Returns `true` if the screen changes by itself.
    pub(crate) fn is_moving(&self) -> bool {
        let typing = self.chat.room().is_some_and(|room| !room.typing.is_empty());
        typing || matches!(self.connection, Connection::Down { .. })
    }

    /// Returns the names of the people who are writing in the room on the screen.
    pub(crate) fn typists(&self, at: u64) -> Vec<String> {
        let typing = self.chat.room().map_or(&[][..], |room| &room.typing);
        let now = typing
            .iter()
            .filter(|(_, since)| at.saturating_sub(*since) < client::room::TYPING_MS);
        now.map(|(who, _)| printable::line(who.name.as_str().as_bytes()))
            .collect()
    }
}

/// The result of handing a message to the session.
enum Handed {
    Taken,
    Full,
    Gone,
}

fn hand_over(outgoing: &mpsc::Sender<session::Outgoing>, message: &ClientMessage) -> Handed {
    // The serialization cannot fail: everything in a message is text and numbers.
    let Ok(json) = serde_json::to_vec(message) else {
        return Handed::Taken;
    };
    match outgoing.try_send(session::Outgoing::Message(json)) {
        Ok(()) => Handed::Taken,
        Err(TrySendError::Full(_)) => Handed::Full,
        Err(TrySendError::Closed(_)) => Handed::Gone,
    }
}
