//! One connection's part in the hub: takes its plaintexts, and gives those that it is to be sent.
//!
//! A request runs beside the session, which goes on reading: the session's end takes nothing with it
//! but the answer. What follows for the session itself comes back as an [`Effect`], so that its state
//! has one owner.

mod catch_up;
mod due;
pub(super) mod plain_text;
pub(super) mod queue;
mod requester;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::FuturesUnordered;
use shared::chat::plain::ClientLine;
use shared::chat::{ChatErrorCode, ClientMessage, RoomId, Seq, ServerMessage, UserId};
use shared::connection::Version;
use shared::identity::Fingerprint;
use tokio::time::Instant;

use self::catch_up::{CatchUp, PageRead};
use self::plain_text::PlainText;
use self::queue::{Inbox, queue};
use super::Hub;
use super::directory::Connected;
use super::encoding::{Mode, encode, encode_notice};
use super::requests::{self, Rejection};
use crate::clients::ConnectionId;
use crate::operators::Follower;
use crate::rates::{RateClass, TooFast};

pub use due::Due;
pub(super) use requester::Requester;

/// Most requests of one connection that wait for an answer. With more, nothing of it is handled: its
/// own stream's flow control then holds it back.
const MAX_PENDING: usize = 256;

/// Most bytes of replies that wait for one connection, those that its pending requests may bring
/// among them. Past it nothing of the connection is handled: 3,286 `hello` in one record made the
/// server build 800 MiB of answers.
const REPLY_BYTES: usize = 256 * 1024;

/// A client that says nothing for so long speaks plain text, and is greeted.
const GREETING_DELAY: Duration = Duration::from_secs(1);

/// Rejections for speed in a row after which a connection is not handled for [`PAUSE`]: a client
/// that ignores `retry_after` must not cost a rejection for each request.
const PATIENCE_REJECTIONS: u32 = 20;

/// See [`PATIENCE_REJECTIONS`].
const PAUSE: Duration = Duration::from_secs(1);

/// A connection's part in the hub. Dropping it leaves.
pub struct Session {
    hub: Hub,
    requester: Arc<Requester>,
    /// `None` until the client has shown how it speaks.
    mode: Option<Mode>,
    /// The client has said `hello`.
    greeted: bool,
    /// When a silent client is taken for one of plain text.
    greet_at: Instant,
    inbox: Inbox,
    pending: FuturesUnordered<Pending>,
    /// Bytes that the replies of pending requests may have.
    reserved: usize,
    held: Arc<AtomicBool>,
    listening: Listening,
    plain: PlainText,
    catch_up: CatchUp,
    log: Option<Follower>,
    rejections: u32,
    paused_until: Option<Instant>,
}

/// The state of a session's ear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listening {
    Yes,
    /// The client has asked to end.
    Quit,
    /// The client was not admitted.
    Never,
}

/// What a request does to its session when it is done.
pub(super) enum Effect {
    /// Nothing.
    None,
    /// Sends a room's entries after `sent`, and then everything as it happens.
    CatchUp { room: RoomId, sent: Seq },
    /// Stops sending a room's entries.
    StopCatchUp(RoomId),
    /// Takes a page that was read to catch up.
    Page(PageRead),
    /// A plain line is done.
    LineDone(Option<Rejection>),
    /// The log is followed from now on, or no longer.
    Follow(Option<Follower>),
}

/// A request that is done.
pub(super) struct Completed {
    reserved: usize,
    effect: Effect,
}

type Pending = Pin<Box<dyn Future<Output = Completed> + Send>>;

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
        let (outbox, inbox) = queue(self.queue_bytes);
        let user = UserId(key);
        let held = Arc::new(AtomicBool::new(false));
        let connected = Connected {
            address,
            mode: None,
            outbox: outbox.clone(),
            held: Arc::clone(&held),
            subscriptions: std::collections::BTreeSet::new(),
        };
        let (person, refused) = self.admit(id, user, version, connected);
        let requester = Arc::new(Requester {
            hub: self.clone(),
            connection: id,
            person,
            address,
            version,
            outbox,
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
            held,
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

    /// Takes a plaintext. One that is not UTF-8 or too long is answered, and nothing is done.
    ///
    /// The caller asks [`Self::wants_more`] before every plaintext, also before the next one of the
    /// same record.
    pub fn handle(&mut self, plaintext: &[u8]) {
        if self.listening != Listening::Yes {
            return;
        }
        let Ok(text) = std::str::from_utf8(plaintext) else {
            if self.charge_noise() {
                self.reject_line("Your line is not UTF-8 text. It was not delivered.");
            }
            return;
        };
        let line = ClientLine::parse(text);
        if line == ClientLine::Object {
            self.become_json();
            return match ClientMessage::parse(text) {
                Ok(message) => self.request(message),
                Err(unreadable) => self.reject_noise(Rejection::unreadable(unreadable)),
            };
        }
        match self.mode {
            Some(Mode::Json) => {
                let message = "This connection speaks JSON; your line was not delivered.";
                self.reject_noise(Rejection::new(ChatErrorCode::Malformed, message));
            }
            _ => self.handle_line(text, &line),
        }
    }

    /// Rejects a line in the form in which this connection speaks.
    fn reject_line(&mut self, text: &str) {
        if self.mode.is_none() {
            self.become_plain();
        }
        self.notice(text);
    }

    fn request(&mut self, message: ClientMessage) {
        let price = requests::Price::of(&message);
        if !self.greeted {
            match message {
                ClientMessage::Hello { .. } => self.greeted = true,
                ClientMessage::Ping => {}
                _ => {
                    let rejection = Rejection::new(ChatErrorCode::HelloFirst, "Say hello first.");
                    return self.reject_noise(rejection);
                }
            }
        }
        if let Err(too_fast) = self.charge(price.class, price.tokens) {
            let rejection = Rejection::too_fast(too_fast);
            return self.finish_early(rejection.about(&price.about));
        }
        let reserved = price.reply_bytes;
        let requester = Arc::clone(&self.requester);
        let work = requests::start(requester, message, self.log.is_some());
        let requester = Arc::clone(&self.requester);
        let about = price.about;
        self.spawn(reserved, async move {
            work.await.unwrap_or_else(|rejection| {
                requester.reply(&rejection.about(&about).into_message());
                Effect::None
            })
        });
    }

    /// Takes tokens from the person's and the address's buckets. A connection that goes on without
    /// them is not handled for a while.
    fn charge(&mut self, class: RateClass, tokens: u32) -> Result<(), TooFast> {
        let from = &self.requester;
        let charged = (self.hub.rates).check(class, tokens, from.user(), from.address);
        if charged.is_ok() {
            self.rejections = 0;
        } else {
            self.rejections += 1;
            if self.rejections >= PATIENCE_REJECTIONS {
                self.paused_until = Some(Instant::now() + PAUSE);
                self.rejections = 0;
            }
        }
        charged
    }

    /// Charges a plaintext that is no request. Returns `false` if it is not even answered: it has no
    /// id, so nobody could wait for the answer.
    fn charge_noise(&mut self) -> bool {
        self.charge(RateClass::Ask, 1).is_ok()
    }

    fn reject_noise(&mut self, rejection: Rejection) {
        match self.charge(RateClass::Ask, 1) {
            Ok(()) => self.finish_early(rejection),
            Err(too_fast) => self.finish_early(Rejection::too_fast(too_fast)),
        }
    }

    fn finish_early(&mut self, rejection: Rejection) {
        self.requester.reply(&rejection.into_message());
    }

    /// Runs work beside the session. Its first part runs at once, so that what it queues keeps the
    /// order of the requests.
    fn spawn(&mut self, reserved: usize, work: impl Future<Output = Effect> + Send + 'static) {
        let mut work: Pending = Box::pin(work.map(move |effect| Completed { reserved, effect }));
        self.reserved += reserved;
        // Polled again, with the waker that counts, as soon as it is among the pending.
        match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(completed) => self.complete(completed),
            Poll::Pending => self.pending.push(work),
        }
    }

    fn complete(&mut self, completed: Completed) {
        self.reserved -= completed.reserved;
        match completed.effect {
            Effect::None => {}
            Effect::CatchUp { room, sent } => self.catch_up_from(room, sent),
            Effect::StopCatchUp(room) => self.catch_up.stop(&room),
            Effect::Page(read) => self.take_page(read),
            Effect::LineDone(rejection) => self.line_done(rejection),
            Effect::Follow(log) => self.log = log,
        }
    }

    fn quit(&mut self) {
        self.listening = Listening::Quit;
        self.plain.clear();
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

    /// Takes the connection for one of plain text: greets it, and lets it hear the lobby.
    fn become_plain(&mut self) {
        self.mode = Some(Mode::Plain);
        self.hub.become_plain(self.requester.connection);
        self.greet();
    }
}

/// Returns a plaintext for the log, without the code of a claim: whoever reads it there could use it.
pub fn loggable(plaintext: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(plaintext);
    match ClientMessage::parse(&text) {
        Ok(ClientMessage::Claim { .. }) => "a claim".into(),
        _ => text,
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.hub.leave(self.requester.connection);
    }
}
