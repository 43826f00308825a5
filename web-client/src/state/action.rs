//! What can happen to the state: the reducer's input.
//!
//! Pure values. Whoever makes them has the clock and the dice; whoever takes them has neither.

use shared::chat::operator::ClaimCode;
use shared::chat::{ClientMessage, MessageId, RoomId, Seq};
use shared::connection::{Direction, Version};
use shared::error::Untrusted;

use super::connection::Target;
use super::ending::Ending;
use super::frame::Frame;
use super::handshake_report::ServerKey;
use super::identity::Identity;
use super::link::Link;
use super::pins::Pins;
use client::outbox::Writing;

/// What can happen. Times `at` are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The vault's work has come to this.
    Identity(Identity),
    /// The pins were read or have changed.
    Pins(Pins),
    /// The page's address says something about its server's key.
    Link(Link),
    /// The page's address has the code of a claim link.
    Claim(ClaimCode),
    /// The person does not believe the link any more.
    ForgetLink,
    /// The person pressed Connect.
    Connect(Target),
    /// The person pressed Disconnect or Cancel.
    Disconnect,
    /// The person does not trust the unknown server.
    Refuse,
    /// The person pressed "Retry now" or trusts the server now, or the wait is over.
    Retry,
    /// The browser says that the network is back.
    NetworkBack,
    /// The browser says that the network is gone.
    NetworkLost,
    /// Something happened to the attempt with this number.
    Session {
        /// [`super::State::attempt`] at its beginning.
        attempt: u32,
        /// What happened.
        event: SessionEvent,
    },
    /// The person wrote a line in the composer: a message, or a command.
    Compose {
        /// The line.
        line: String,
        /// The message that it answers.
        reply_to: Option<Seq>,
        /// Its name, if it is a message.
        id: MessageId,
        /// When.
        at: u64,
    },
    /// The person does something to a message of the room on the screen.
    Write {
        /// What.
        what: Writing,
        /// The name of that.
        id: MessageId,
        /// When.
        at: u64,
    },
    /// The person asks the server for something.
    Ask(ClientMessage),
    /// The person wants to see this room.
    Open(RoomId),
    /// The person wants to see this message.
    GoTo {
        /// Where it is.
        room: RoomId,
        /// Its number.
        seq: Seq,
    },
    /// The person wants to see what was before what is here.
    LoadOlder(RoomId),
    /// The person has seen everything up to an entry.
    Seen {
        /// Where.
        room: RoomId,
        /// The last entry seen.
        seq: Seq,
    },
    /// The engine has asked for everything up to the request with this number.
    Asked(u64),
    /// The engine handed this to the socket.
    Sent(MessageId),
    /// The engine cannot send this.
    Refused {
        /// What.
        id: MessageId,
        /// Why.
        reason: String,
    },
    /// The person does not want to send this any more.
    Cancel(MessageId),
    /// The person wants this tried again.
    Resend(MessageId),
}

/// What happens to one attempt to connect. Times are microseconds on the page's clock, except `at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEvent {
    /// The attempt began.
    Began {
        /// When.
        now: u64,
        /// With this protocol.
        version: Version,
    },
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
    /// The session is there.
    Established {
        /// Its public name; v1 has none.
        session_id: Option<String>,
    },
    /// v2: this direction has new keys.
    Rekeyed(Direction),
    /// A frame crossed the wire.
    Frame(Frame),
    /// A message was opened.
    Text {
        /// Its text.
        text: String,
        /// When it came, in milliseconds since 1970.
        at: u64,
    },
    /// It is over: the server's key is not accepted.
    Untrusted(Untrusted),
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
