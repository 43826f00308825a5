//! The reducer's input.
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

/// An input of the reducer. Times `at` are milliseconds since 1970.
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
        /// The event of the attempt.
        event: SessionEvent,
    },
    /// The person wrote a line in the composer: a message, or a command.
    Compose {
        /// The line as it was typed.
        line: String,
        /// The message that it answers.
        reply_to: Option<Seq>,
        /// The id, if the line is a message.
        id: MessageId,
        /// The time of writing.
        at: u64,
    },
    /// The person does something to a message of the room on the screen.
    Write {
        /// The entry's content.
        what: Writing,
        /// The id of the entry.
        id: MessageId,
        /// The time of writing.
        at: u64,
    },
    /// The person asks the server for something.
    Ask(ClientMessage),
    /// The person wants to see this room.
    Open(RoomId),
    /// The person wants to see this message.
    GoTo {
        /// The message's room.
        room: RoomId,
        /// The message's number.
        seq: Seq,
    },
    /// The person wants to see what was before what is here.
    LoadOlder(RoomId),
    /// The person has changed a message that is being written.
    Typing(u64),
    /// The person wants to see more of the list of rooms.
    MoreRooms,
    /// The person looks for a room whose name has this part.
    FindRooms(String),
    /// The person wants to see more members of a room.
    MoreMembers(RoomId),
    /// The panel of members shows a room whose list may be out of date.
    RefreshMembers(RoomId),
    /// The person has seen everything up to an entry.
    Seen {
        /// The room of the entry.
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
        /// The id of the entry.
        id: MessageId,
        /// The reason, for people.
        reason: String,
    },
    /// The person does not want to send this any more.
    Cancel(MessageId),
    /// The person wants this tried again.
    Resend(MessageId),
}

/// An event of one attempt to connect. Times are microseconds on the page's clock, except `at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEvent {
    /// The attempt began.
    Began {
        /// The time of the beginning.
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
        /// The text as it was opened.
        text: String,
        /// When it came, in milliseconds since 1970.
        at: u64,
    },
    /// It is over: the server's key is not accepted.
    Untrusted(Untrusted),
    /// It is over.
    Ended {
        /// The reason of the end.
        ending: Ending,
        /// When, in milliseconds since 1970.
        at: u64,
        /// In thousandths, 0..=1000: where in the back-off's range the next attempt comes.
        jitter: u16,
    },
}
