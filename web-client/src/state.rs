//! The page's whole state and its pure reducer: actions in, state out.
//!
//! It must not know the browser: no clock (times come with the actions), no randomness (jitter
//! comes with them too), no sockets, no storage. Hooks carry out the state's wishes.

mod action;
pub mod address;
mod codes;
mod coming_back;
pub mod connection;
pub mod ending;
pub mod frame;
pub mod handshake_report;
pub mod health;
pub mod identity;
pub mod inspection;
mod judging;
pub mod link;
pub mod muted;
pub mod news;
pub mod page_version;
pub mod panel;
pub mod pins;
pub mod qr;
pub mod settings;
pub mod shortcuts;
pub mod shown;
pub mod table;
pub mod trust;
pub mod window;

use shared::chat::{ClaimCode, InvitationCode};
use shared::chat::{MessageId, RoomId, RoomName, Seq, ServerMessage};
use shared::connection::Trust;

use crate::vault::messages::Failure;

pub use action::{Action, SessionEvent};
use client::Chat;
use client::backoff;
use client::compose::{Asked, Authorship};
use client::outbox::Account as Sender;
use codes::Codes;
use coming_back::ComesBack;
use connection::{Connection, Doubt, Target};
use ending::{Ending, Retry};
use handshake_report::HandshakeReport;
use identity::Identity;
pub use judging::Met;
use link::{Link, View};
use page_version::PageVersion;
use panel::Panel;
use pins::Pins;

/// The name of this program towards servers.
const PROGRAM: &str = concat!("secure-chat page ", env!("CARGO_PKG_VERSION"));

/// The whole state of the page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// The public side of the person's key.
    pub identity: Identity,
    /// The fingerprint of the person's key. It stays while the vault is started anew, because what
    /// is written belongs to it.
    key: String,
    /// The pins of this browser.
    pub pins: Pins,
    /// The statement of the page's address about its server's key.
    pub link: Option<Link>,
    /// The server that the person asked to connect to; `None` before the first attempt.
    pub target: Option<Target>,
    /// The state of the connection.
    pub connection: Connection,
    /// The time when the server was heard last, while it does not answer.
    silent_since: Option<u64>,
    /// The time when the server proved its key, in the session of `attempt`.
    proven: Option<u64>,
    /// The time when the server was heard last, by a text that only it could seal.
    heard: Option<u64>,
    /// The browser has reported that the network is gone.
    offline: bool,
    /// The server key that the attempt accepts, after that was decided.
    pub accepts: Option<Trust>,
    /// The number of the attempt in this page's life. Events of an earlier attempt are ignored: a
    /// socket can report its end after the next one has begun.
    pub attempt: u32,
    /// The number of failed attempts in a row.
    pub failures: u32,
    /// A session was established since the person pressed Connect: the chat is shown.
    pub entered: bool,
    /// The report of the last handshake.
    pub handshake: HandshakeReport,
    /// The rooms and the outbox.
    pub chat: Chat,
    /// The number of times that drafts and entries of an earlier life were found.
    pub remembered: u32,
    /// The browser does not keep what is written.
    pub forgets: bool,
    /// The codes of links while no session may have them.
    codes: Codes,
    /// The room to show when the server has said who the person is: the one of the page's address.
    opens: Option<RoomId>,
    /// The panel beside the log.
    pub panel: Option<Panel>,
    /// What is known of this page's version.
    pub version: PageVersion,
    /// The number of times that the vault had to be started anew for an attempt.
    pub vault_starts: u32,
    /// The state of the page's return to the chat after it was loaded again.
    comes_back: ComesBack,
}

impl State {
    /// Returns the state at start, with what the link says that opened the page.
    pub fn opened_by(
        comes_back_to: Option<Target>,
        view: Option<View>,
        link: Option<Link>,
        claim: Option<ClaimCode>,
        invitation: Option<InvitationCode>,
    ) -> Self {
        Self {
            link,
            codes: Codes { claim, invitation },
            panel: view.as_ref().and_then(|view| view.panel),
            opens: view
                .map(|view| view.room)
                .filter(|room| *room != RoomName::lobby().into()),
            comes_back: comes_back_to.map_or(ComesBack::No, ComesBack::To),
            ..Self::default()
        }
    }

    /// Returns the state after `action`.
    #[must_use]
    pub fn reduce(&self, action: Action) -> Self {
        // Yew keeps the former state for the renders that still use it. Rooms and messages are
        // shared, so that the copy is cheap.
        let mut state = self.clone();
        state.apply(action);
        if state.comes_back == ComesBack::UnderWay && !state.connection.is_under_way() {
            state.comes_back = ComesBack::No;
        }
        if state.is_own() {
            match state.connection {
                Connection::Blocked(_) => state.version.suspects(true),
                Connection::Ready => state.version.suspects(false),
                _ => {}
            }
        }
        state
    }

    fn apply(&mut self, action: Action) {
        match action {
            Action::Identity(identity) => self.identity(identity),
            Action::Pins(pins) => {
                self.pins(pins);
                self.come_back();
            }
            Action::Link(link) => self.link = Some(link),
            Action::Claim(code) => self.claim_server(code),
            Action::Invitation(code) => self.redeem(code),
            Action::ForgetLink => self.forget_link(),
            Action::Connect(target) => self.connect(target),
            // A dialog that closes because the answer was yes sends this, too.
            Action::Refuse if !matches!(self.connection, Connection::Asking { .. }) => {}
            Action::Disconnect | Action::Refuse => self.disconnect(),
            Action::Retry => self.retry(),
            Action::NetworkLost => self.network_lost(),
            Action::NetworkBack => self.network_back(),
            Action::Session { attempt, event } if attempt == self.attempt => self.session(event),
            Action::Session { .. } => {}
            Action::Remembered(lines) => {
                self.chat.outbox.adopt(lines);
                self.remembered += 1;
            }
            Action::Keeps(keeps) => self.forgets = !keeps,
            Action::Compose {
                line,
                reply_to,
                id,
                at,
            } => self.compose(&line, reply_to, id, at),
            Action::Write { what, id, at } => {
                let authorship = self.authorship(id, at);
                self.chat.write(what, authorship);
            }
            Action::Ask(message) => self.chat.ask(message),
            Action::Open(room) => self.chat.open(room),
            Action::Address(View { room, panel }) => {
                self.panel = panel;
                self.go_to_address(room);
            }
            Action::Panel(panel) => self.panel = panel,
            Action::GoTo { room, seq } => self.chat.go_to(room, seq),
            Action::LoadOlder(room) => self.chat.load_older(&room),
            Action::Typing(at) => self.chat.say_typing(at),
            Action::Mute { room, on } => self.chat.muted.set(room, on),
            Action::Muted(rooms) => self.chat.muted.load(rooms),
            Action::MoreRooms => self.chat.more_rooms(),
            Action::FindRooms(find) => self.chat.find_rooms(&find),
            Action::MoreMembers(room) => self.chat.more_members(&room),
            Action::RefreshMembers(room) => self.chat.refresh_members(&room),
            Action::Saw { room, first, last } => self.chat.saw(&room, first, last),
            Action::MarkUnread { room, from } => self.chat.mark_unread(&room, from),
            Action::MarkRead(room) => self.chat.mark_read(&room),
            Action::Look => self.chat.look(),
            Action::Asked(number) => self.chat.requests.sent(number),
            Action::Sent(id) => self.chat.outbox.sent(id),
            Action::Refused { id, reason } => {
                self.chat.outbox.refused(id, reason);
            }
            Action::PageIsAnother(is_another) => self.version.is_another = is_another,
            Action::Cancel(id) => self.chat.outbox.remove(id),
            Action::Resend(id) => self.chat.outbox.resend(id),
        }
    }

    fn identity(&mut self, identity: Identity) {
        self.identity = identity;
        match &self.identity {
            // A new key is a new person to the server: the session of the old one must not go on
            // under it.
            Identity::Ready(profile) | Identity::Remembered(profile) => {
                let old = std::mem::replace(&mut self.key, profile.fingerprint.clone());
                let replaced = !old.is_empty() && old != self.key;
                if self.connection == Connection::WaitingForKey
                    || (replaced && self.connection.is_live())
                {
                    self.open();
                }
            }
            Identity::Failed(failure) => {
                // The vault's program may be gone with the version that this page is of.
                self.version.doubt();
                if self.connection == Connection::WaitingForKey {
                    let failure = failure.clone();
                    self.stop(&failure);
                }
            }
            Identity::Absent => {
                self.key.clear();
                // A session must not outlive the key that it belongs to.
                if self.connection != Connection::Idle {
                    self.stop(&Failure::NoKey);
                }
            }
            _ => {}
        }
    }

    fn connect(&mut self, target: Target) {
        // Rooms of another server must not be shown as this one's. The outbox stays: its entries
        // know their server.
        self.chat.clear();
        self.target = Some(target);
        self.heard = None;
        self.place_codes();
        self.failures = 0;
        self.entered = false;
        self.open();
    }

    fn disconnect(&mut self) {
        self.comes_back = ComesBack::No;
        self.end_session();
        self.entered = false;
        self.connection = Connection::Idle;
    }

    fn retry(&mut self) {
        if matches!(
            self.connection,
            Connection::Waiting { .. }
                | Connection::Offline
                | Connection::Stopped { .. }
                | Connection::Asking { .. }
        ) {
            self.open();
        }
    }

    /// Returns the reason to doubt the session.
    pub fn doubt(&self) -> Option<Doubt> {
        if self.connection != Connection::Ready {
            return None;
        }
        let local = self.target.as_ref().is_some_and(|it| it.server.is_local());
        if self.offline && !local {
            return Some(Doubt::Offline);
        }
        self.silent_since.map(|since| Doubt::Silent { since })
    }

    fn network_lost(&mut self) {
        self.offline = true;
        // A live socket may survive a short gap, and to a server on this very machine it does. If
        // it does not, the missing answers end it.
        if matches!(self.connection, Connection::Waiting { .. }) {
            self.connection = Connection::Offline;
        }
    }

    fn network_back(&mut self) {
        self.offline = false;
        if matches!(
            self.connection,
            Connection::Waiting { .. } | Connection::Offline
        ) {
            self.open();
        }
    }

    /// Begins the next attempt, or waits for the key that it needs. The pins are read anew every
    /// time, because another tab may have changed them.
    fn open(&mut self) {
        self.end_session();
        self.connection = match &self.identity {
            Identity::Ready(_) | Identity::Remembered(_) => Connection::WaitingForPins,
            Identity::Loading | Identity::Creating { .. } => Connection::WaitingForKey,
            // A worker that died may live when it is started again. Once for each attempt: if it
            // does not start, the attempt ends with that.
            Identity::Failed(Failure::Stopped(_)) => {
                self.vault_starts += 1;
                Connection::WaitingForKey
            }
            Identity::Absent => stopped(&Failure::NoKey),
            Identity::Failed(failure) => stopped(failure),
        };
    }

    /// Ends the attempt: events that still come from it are ignored.
    fn end_session(&mut self) {
        self.attempt += 1;
        self.accepts = None;
        self.silent_since = None;
        self.proven = None;
        self.version.ended();
        self.chat.end();
    }

    fn stop(&mut self, failure: &Failure) {
        self.end_session();
        self.connection = stopped(failure);
    }

    fn session(&mut self, event: SessionEvent) {
        match event {
            SessionEvent::Began { now, version } => {
                self.handshake = HandshakeReport::begin(now, version);
            }
            SessionEvent::Opened(now) => {
                self.handshake.opened = Some(now);
                self.connection = Connection::Handshaking;
            }
            SessionEvent::ServerKey(key) => self.handshake.server_key = Some(key),
            SessionEvent::SignAsked(now) => self.handshake.sign_asked = Some(now),
            SessionEvent::Signed { now, took } => self.handshake.signed = Some((now, took)),
            SessionEvent::Frame(frame) => self.handshake.frame(frame),
            SessionEvent::Established { session_id } => {
                self.handshake.established = true;
                self.handshake.session_id = session_id;
                // The server may have been upgraded since the page was loaded.
                self.version.doubt();
                // At once: a server greets a client that is silent for a second as one of plain
                // text.
                let wanted = self.target.as_ref().map(|target| target.name.as_str());
                self.chat
                    .begin(wanted.filter(|name| !name.is_empty()), PROGRAM);
            }
            SessionEvent::Rekeyed(direction) => self.handshake.rekeyed(direction),
            SessionEvent::Text { text, at } => self.text(&text, at),
            SessionEvent::Silent { since } => self.silent_since = Some(since),
            SessionEvent::Answered => self.silent_since = None,
            SessionEvent::Untrusted(cause) => self.untrusted(cause),
            SessionEvent::Ended { ending, at, jitter } => self.ended(ending, at, jitter),
        }
    }

    /// Takes a text of the server. A text that opened proves that the server could open the
    /// session's keys.
    fn text(&mut self, text: &str, at: u64) {
        self.connection = Connection::Ready;
        self.proven.get_or_insert(at);
        self.heard = Some(at);
        self.entered = true;
        self.failures = 0;
        // Plain text comes from older servers, before the answer to `hello`. A message that cannot
        // be parsed comes from a later version.
        let Ok(message) = ServerMessage::read(text) else {
            if text.starts_with('{') {
                self.version.unreadable();
            }
            return;
        };
        self.chat.hear(message, at);
        if self.chat.me.is_some()
            && let Some(room) = self.opens.take()
        {
            self.go_to_address(room);
        }
        // Who is in needs no invitation; it must not stay in the page's address.
        if self.is_own() && self.chat.me.is_some() && self.chat.waiting.is_none() {
            self.chat.invitation = None;
        }
        // A name that was claimed later is the one to claim after the next reconnect.
        if let Some((target, own)) = self.target.as_mut().zip(self.chat.claimed_name()) {
            own.clone_into(&mut target.name);
        }
    }

    /// Returns the account that writes at present: this server, and this key.
    pub fn sender(&self) -> Sender {
        let server = self.target.as_ref();
        Sender {
            server: server
                .map(|it| it.server.address.clone())
                .unwrap_or_default(),
            key: self.key.clone(),
        }
    }

    fn authorship(&self, id: MessageId, at: u64) -> Authorship {
        let account = self.sender();
        Authorship { id, account, at }
    }

    fn compose(&mut self, line: &str, reply_to: Option<Seq>, id: MessageId, at: u64) {
        let authorship = self.authorship(id, at);
        match self.chat.compose(line, reply_to, authorship) {
            Some(Asked::Quit) => {
                self.end_session();
                self.connection = Connection::Stopped {
                    ending: Ending::Quit,
                };
            }
            Some(Asked::Console) => {
                self.chat.notice(client::lines::OPERATOR_HELP, at);
            }
            // The page has buttons for the terminal client's other commands: whatever else begins
            // with a slash is a text.
            Some(Asked::Command { .. }) => {
                let authorship = self.authorship(id, at);
                if let Err(why) = self.chat.say(line, reply_to, authorship) {
                    self.chat.notice(why, at);
                }
            }
            // The composer has kept the line, because it asks before.
            Some(Asked::Again) | None => {}
        }
    }

    fn ended(&mut self, ending: Ending, at: u64, jitter: u16) {
        // Only an end before the proof is a failed handshake.
        let refused = self.handshake.total().is_none();
        self.end_session();
        self.handshake.failed = refused;
        self.failures += 1;
        self.connection = match ending {
            Ending::NoNetwork => Connection::Offline,
            ending if ending.retry() == Retry::Automatic => {
                let delay = backoff::delay_ms(self.failures, f64::from(jitter) / 1000.0);
                Connection::Waiting {
                    ending,
                    retry_at: at.saturating_add(delay),
                }
            }
            ending => Connection::Stopped { ending },
        };
    }
}

/// Returns the state of a connection that lacks the key: nothing can be signed without it.
fn stopped(failure: &Failure) -> Connection {
    Connection::Stopped {
        ending: Ending::KeyFailed(failure.to_string()),
    }
}

#[cfg(test)]
mod tests;
