//! One connection's part in the hub: takes the client's plaintexts, and gives the server's.
//!
//! A request runs beside the session, which goes on reading: the session's end takes nothing with
//! it but the answer. What follows for the session itself comes back as an [`Effect`], so that its
//! state has one owner.

mod admission;
mod catch_up;
mod due;
mod handle;
pub(super) mod plain_text;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use shared::chat::{ClientMessage, ServerMessage, UserId};
use shared::connection::Version;
use shared::identity::Fingerprint;
use tokio::time::Instant;

use self::catch_up::CatchUp;
use self::plain_text::PlainText;
use super::Hub;
use super::directory::Connected;
use super::encoding::{Mode, encode, encode_notice};
use super::hold::Hold;
use super::queue::{Inbox, queue};
use super::requester::Requester;
use super::requests::Effect;
use crate::clients::ConnectionId;
use crate::operators::Follower;

pub use due::Due;

/// Most requests of one connection that wait for an answer. With more, nothing of it is handled:
/// its own stream's flow control then holds it back.
const MAX_PENDING: usize = 256;

/// Most bytes of replies that wait for one connection, those that its pending requests may bring
/// among them. Past it nothing of the connection is handled: 3,286 `hello` in one record made the
/// server build 800 MiB of answers.
const REPLY_BYTES: usize = 256 * 1024;

/// A client that says nothing for so long speaks plain text, and is greeted.
const GREETING_DELAY: Duration = Duration::from_secs(1);

/// The time after which a client is greeted again whose key was not admitted.
const GREETING_AGAIN: Duration = Duration::from_hours(1);

/// A connection's part in the hub. Dropping it leaves.
pub struct Session {
    hub: Hub,
    requester: Arc<Requester>,
    /// `None` until the client has shown how it speaks.
    mode: Option<Mode>,
    /// The client has said `hello`.
    greeted: bool,
    /// The time at which a silent client is taken for one of plain text.
    greet_at: Instant,
    inbox: Inbox,
    pending: FuturesUnordered<Pending>,
    /// Bytes that the replies of pending requests may have.
    reserved: usize,
    listening: Listening,
    plain: PlainText,
    catch_up: CatchUp,
    log: Option<Follower>,
    rejections: u32,
    paused_until: Option<Instant>,
}

/// The decision whether a session still handles plaintexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listening {
    Yes,
    /// The client has asked to end.
    Quit,
    /// The client was not admitted.
    Never,
}

/// A request that is done.
pub(super) struct Completed {
    reserved: usize,
    effect: Effect,
}

// Boxed, because every kind of request is a future of its own type, and one set holds them all.
type Pending = Pin<Box<dyn std::future::Future<Output = Completed> + Send>>;

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.requester.connection)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl Hub {
    /// Admits a connection whose handshake proved `key`. Until the client shows how it speaks, it
    /// receives nothing of the lobby.
    pub fn join(
        &self,
        id: ConnectionId,
        key: Fingerprint,
        address: IpAddr,
        version: Version,
    ) -> Session {
        let (outbox, inbox) = queue(self.queue_limit());
        let user = UserId(key);
        let hold = Arc::<Hold>::default();
        let connected = Connected {
            address,
            version,
            mode: None,
            outbox: outbox.clone(),
            // Shared, so that the session sees the hold of a ban without the directory's lock.
            hold: Arc::clone(&hold),
            subscriptions: std::collections::BTreeSet::new(),
        };
        // A refused connection gets a session too: it has to be told why it ends.
        let (person, refused) = self.admit(id, user, version, connected);
        let requester = Arc::new(Requester {
            hub: self.clone(),
            connection: id,
            person,
            address,
            version,
            outbox,
            hold,
            writing: tokio::sync::Mutex::default(),
        });
        Session {
            hub: self.clone(),
            requester,
            mode: None,
            greeted: false,
            greet_at: Instant::now() + GREETING_DELAY,
            inbox,
            pending: FuturesUnordered::new(),
            reserved: 0,
            listening: if refused {
                Listening::Never
            } else {
                Listening::Yes
            },
            plain: PlainText::default(),
            catch_up: CatchUp::default(),
            log: None,
            rejections: 0,
            paused_until: None,
        }
    }
}

impl Session {
    /// Returns the name of the connection's person.
    pub fn name(&self) -> String {
        self.requester.person.name().to_string()
    }

    /// Returns the connection's number.
    #[cfg(test)]
    pub(super) fn id(&self) -> ConnectionId {
        self.requester.connection
    }

    /// Returns the connection's person.
    #[cfg(test)]
    pub(super) fn user(&self) -> UserId {
        self.requester.user()
    }

    /// Returns a notice in the form in which this connection is sent messages.
    pub fn notice_text(&self, text: &str) -> Arc<str> {
        match self.mode {
            Some(Mode::Json) => encode(&ServerMessage::Notice { text: text.into() }),
            _ => encode_notice(text),
        }
    }

    /// Sends a notice to this connection alone.
    pub fn notice(&mut self, text: &str) {
        self.requester.outbox.reply(self.notice_text(text));
    }

    /// Switches to JSON, for good.
    fn become_json(&mut self) {
        if self.mode == Some(Mode::Json) {
            return;
        }
        self.mode = Some(Mode::Json);
        self.hub.become_json(self.requester.connection);
    }

    /// Takes the connection for one of plain text: greets it, and subscribes it to the lobby. One
    /// whose key is not admitted gets a notice instead.
    fn become_plain(&mut self) {
        if !self.requester.person.is_admitted() {
            self.greet_at = Instant::now() + GREETING_AGAIN;
            return self.notice(plain_text::NOT_ADMITTED);
        }
        self.mode = Some(Mode::Plain);
        self.hub.become_plain(self.requester.connection);
        self.greet();
    }
}

/// Returns a plaintext for the log, without the code of a claim or an invitation: whoever reads it
/// there could use it.
pub fn loggable(plaintext: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(plaintext);
    match ClientMessage::parse(&text) {
        // The codes are still good when the line is written, and a log has many readers.
        Ok(ClientMessage::Claim { .. }) => "a claim".into(),
        Ok(ClientMessage::Redeem { .. }) => "an invitation".into(),
        _ => text,
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Every way out comes by here: a broken stream, an eviction, a panic of the connection's
        // task.
        self.hub.leave(self.requester.connection);
    }
}
