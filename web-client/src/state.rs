//! The page's whole state and its pure reducer: actions in, state out.
//!
//! It must not know the browser: no clock (times come with the actions), no randomness (jitter
//! comes with them too), no sockets, no storage. Hooks carry out what the state asks for.

pub mod account;
pub mod address;
pub mod backoff;
pub mod chat;
pub mod connection;
pub mod ending;
pub mod identity;
pub mod lines;
pub mod outbox;

use crate::vault::messages::Failure;

use account::{Account, Frame, ServerKey};
use chat::Chat;
use connection::{Connection, Target};
use ending::{Ending, Retry};
use identity::Identity;
use outbox::Outbox;

/// Everything that the page shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// The person's key, its public side.
    pub identity: Identity,
    /// What the person asked to connect to; nothing on the connect screen's first sight.
    pub target: Option<Target>,
    /// Where the connection is.
    pub connection: Connection,
    /// Counts the attempts of this page's life: events of an earlier one are ignored.
    pub attempt: u32,
    /// Failed attempts in a row.
    pub failures: u32,
    /// A session was there since the person pressed Connect: the chat is shown.
    pub entered: bool,
    /// The name to claim as soon as the session is there.
    pub claim: Option<String>,
    /// The last handshake.
    pub account: Account,
    /// The log and the outbox.
    pub chat: Chat,
}

/// What can happen. Times `at` are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The vault's work has come to this.
    Identity(Identity),
    /// The person pressed Connect.
    Connect(Target),
    /// The person pressed Disconnect or Cancel.
    Disconnect,
    /// The person pressed "Retry now", or the wait is over.
    Retry,
    /// The browser says that the network is back.
    NetworkBack,
    /// The browser says that the network is gone.
    NetworkLost,
    /// Something happened to the attempt with this number.
    Session {
        /// [`State::attempt`] at its beginning.
        attempt: u32,
        /// What happened.
        event: SessionEvent,
    },
    /// The person wrote a line.
    Compose {
        /// The line.
        text: String,
        /// When.
        at: u64,
    },
    /// The engine has sent the command that claims the name.
    Claimed,
    /// The engine handed this line to the socket.
    Sent(u32),
    /// The engine cannot send this line.
    Refused {
        /// The line.
        id: u32,
        /// Why.
        reason: String,
    },
    /// The person does not want to send this line any more.
    Cancel(u32),
    /// The person wants an unconfirmed line sent again.
    Resend {
        /// The line.
        id: u32,
        /// When.
        at: u64,
    },
}

/// What happens to one attempt to connect. Times are microseconds on the page's clock, except `at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEvent {
    /// The attempt began.
    Began(u64),
    /// The tunnel is open.
    Opened(u64),
    /// The server's key was read.
    ServerKey(ServerKey),
    /// The worker was asked to sign.
    SignAsked(u64),
    /// The worker has signed.
    Signed {
        /// When its answer came.
        now: u64,
        /// How long the RSA operation took.
        took: u64,
    },
    /// A frame crossed the wire.
    Frame(Frame),
    /// A message was opened.
    Text {
        /// Its text.
        text: String,
        /// When it came, in milliseconds since 1970.
        at: u64,
    },
    /// It is over.
    Ended {
        /// Why.
        ending: Ending,
        /// When, in milliseconds since 1970.
        at: u64,
        /// In thousandths, 0..=1000: where in the back-off's range the next attempt comes.
        jitter: u16,
    },
}

impl State {
    /// The state at start: only what an earlier life of this page left to be sent.
    pub fn restore(outbox: Outbox) -> Self {
        Self {
            chat: Chat::restore(outbox),
            ..Self::default()
        }
    }

    /// The state after `action`.
    #[must_use]
    pub fn reduce(&self, action: Action) -> Self {
        let mut state = self.clone();
        state.apply(action);
        state
    }

    fn apply(&mut self, action: Action) {
        match action {
            Action::Identity(identity) => self.identity(identity),
            Action::Connect(target) => self.connect(target),
            Action::Disconnect => self.disconnect(),
            Action::Retry => self.retry(),
            Action::NetworkLost => self.network_lost(),
            Action::NetworkBack => self.network_back(),
            Action::Session { attempt, event } if attempt == self.attempt => self.session(event),
            Action::Session { .. } => {}
            Action::Compose { text, at } => self.chat.outbox.push(text, at),
            Action::Claimed => self.claim = None,
            Action::Sent(id) => self.chat.outbox.sent(id),
            Action::Refused { id, reason } => self.chat.outbox.refused(id, reason),
            Action::Cancel(id) => self.chat.outbox.remove(id),
            Action::Resend { id, at } => self.chat.outbox.resend(id, at),
        }
    }

    fn identity(&mut self, identity: Identity) {
        let was = std::mem::replace(&mut self.identity, identity);
        match &self.identity {
            Identity::Ready(profile) => {
                let replaced = was.profile().is_some_and(|old| old != profile);
                if self.connection == Connection::WaitingForKey
                    || (replaced && self.connection.is_live())
                {
                    self.open();
                }
            }
            Identity::Failed(failure) if self.connection == Connection::WaitingForKey => {
                let failure = failure.clone();
                self.stop(&failure);
            }
            // A session of a key that is gone must not go on.
            Identity::Absent if self.connection != Connection::Idle => {
                self.stop(&Failure::NoKey);
            }
            _ => {}
        }
    }

    fn connect(&mut self, target: Target) {
        self.chat.clear();
        self.target = Some(target);
        self.failures = 0;
        self.entered = false;
        self.open();
    }

    fn disconnect(&mut self) {
        self.end_session();
        self.entered = false;
        self.connection = Connection::Idle;
    }

    fn retry(&mut self) {
        if matches!(
            self.connection,
            Connection::Waiting { .. } | Connection::Offline | Connection::Stopped { .. }
        ) {
            self.open();
        }
    }

    fn network_lost(&mut self) {
        // A live socket may survive (a server on this very machine does): it ends by itself.
        if matches!(self.connection, Connection::Waiting { .. }) {
            self.connection = Connection::Offline;
        }
    }

    fn network_back(&mut self) {
        if matches!(
            self.connection,
            Connection::Waiting { .. } | Connection::Offline
        ) {
            self.open();
        }
    }

    /// Begins the next attempt, or waits for the key that it needs.
    fn open(&mut self) {
        self.end_session();
        self.connection = match &self.identity {
            Identity::Ready(_) => Connection::Opening,
            Identity::Loading | Identity::Creating { .. } => Connection::WaitingForKey,
            Identity::Absent => stopped(&Failure::NoKey),
            Identity::Failed(failure) => stopped(failure),
        };
    }

    /// Whatever comes from the attempt until now is of no interest any more.
    fn end_session(&mut self) {
        self.attempt += 1;
        self.claim = None;
        self.chat.outbox.disconnected();
    }

    fn stop(&mut self, failure: &Failure) {
        self.end_session();
        self.connection = stopped(failure);
    }

    fn session(&mut self, event: SessionEvent) {
        match event {
            SessionEvent::Began(now) => self.account = Account::begin(now),
            SessionEvent::Opened(now) => {
                self.account.opened = Some(now);
                self.connection = Connection::Handshaking;
            }
            SessionEvent::ServerKey(key) => self.account.server_key = Some(key),
            SessionEvent::SignAsked(now) => self.account.sign_asked = Some(now),
            SessionEvent::Signed { now, took } => self.account.signed = Some((now, took)),
            SessionEvent::Frame(frame) => self.account.frame(frame),
            SessionEvent::Text { text, at } => self.text(&text, at),
            SessionEvent::Ended { ending, at, jitter } => self.ended(ending, at, jitter),
        }
    }

    /// A text that opened proves that the server could open the session key.
    fn text(&mut self, text: &str, at: u64) {
        let first = self.connection != Connection::Ready;
        self.connection = Connection::Ready;
        self.entered = true;
        self.failures = 0;
        self.chat.receive(text, at);
        if let Some(target) = &mut self.target {
            let own = self.chat.own_name.as_deref();
            if first {
                let wanted = Some(target.name.as_str()).filter(|name| !name.is_empty());
                self.claim = wanted.filter(|name| own != Some(name)).map(str::to_owned);
            } else if let Some(own) = own.filter(|_| self.claim.is_none()) {
                // A name taken later is the one to claim after the next reconnect.
                if !own.starts_with("guest-") {
                    own.clone_into(&mut target.name);
                }
            }
        }
    }

    fn ended(&mut self, ending: Ending, at: u64, jitter: u16) {
        let refused = self.account.proof.is_none();
        self.end_session();
        self.account.failed = refused;
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

/// Nothing goes without the key.
fn stopped(failure: &Failure) -> Connection {
    Connection::Stopped {
        ending: Ending::KeyFailed(failure.to_string()),
    }
}

#[cfg(test)]
mod tests;
