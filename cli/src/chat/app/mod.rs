//! The state of the full-screen mode: the chat, the connection, and the present activity of the
//! person. Its [keys](super::keys) change it, its [views](super::view) show it. No terminal, no
//! sockets. This file has the state, and what the link and the drawing do to it.

mod commands;
mod navigation;
mod sending;

use std::collections::BTreeMap;

use client::Chat;
use client::outbox::{Account, Outgoing};
use shared::chat::RoomId;
use shared::connection::{SessionId, Version};
use shared::identity::Fingerprint;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::composer::Composer;
use super::discarded::Discarded;
use super::draft_file::Draft;
use super::layers::Layer;
use super::link::News;
use super::rows::Anchor;
use crate::printable;
use crate::session;

/// The name of this program towards servers.
const PROGRAM: &str = concat!("secure-chat ", env!("CARGO_PKG_VERSION"));

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
    /// The texts that the person has let go of.
    pub(super) discarded: Discarded,
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
            discarded: Discarded::default(),
            followed: 0,
            outgoing: None,
            meant: 0,
        }
    }

    /// Puts the drafts of an earlier run into their rooms.
    pub(crate) fn restore(&mut self, drafts: Vec<Draft>) {
        for draft in drafts {
            let composer = Composer::with(&draft.text);
            if draft.room == self.drafting {
                self.composer = composer;
            } else {
                self.drafts.insert(draft.room, composer);
            }
        }
    }

    /// Returns the drafts of all rooms, for the next run.
    pub(crate) fn drafts(&self) -> Vec<Draft> {
        let here = [(&self.drafting, &self.composer)];
        let all = here.into_iter().chain(&self.drafts);
        let texts = all.filter_map(|(room, composer)| Some((room, composer.message()?)));
        texts
            .map(|(room, text)| Draft {
                account: self.account.clone(),
                room: room.clone(),
                text,
            })
            .collect()
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

    pub(super) fn heard(&mut self, plaintext: &[u8], at: u64) {
        let with_draft = self.drafts.keys();
        let before: Vec<_> = with_draft
            .filter(|room| self.chat.rooms.contains_key(room))
            .cloned()
            .collect();
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
        for room in &before {
            self.discard_homeless(room);
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
        let meant = unseen.map(|room| room.mentions(me, false)).sum();
        if meant > self.meant {
            self.bell = true;
        }
        self.meant = meant;
    }

    fn is_at_end(&self) -> bool {
        self.place.is_none()
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
