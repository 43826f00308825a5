//! The input of the reducer.
//!
//! Pure values. The part that makes them has the clock and the randomness; the reducer that takes
//! them has neither.

use shared::chat::{ClaimCode, InvitationCode};
use shared::chat::{ClientMessage, MessageId, RoomId, Seq};
use shared::connection::{Direction, Version};
use shared::error::Untrusted;

use super::connection::Target;
use super::ending::Ending;
use super::frame::Frame;
use super::handshake_report::ServerKey;
use super::identity::Identity;
use super::link::{Link, View};
use super::panel::Panel;
use super::pins::Pins;
use client::outbox::{Outgoing, Writing};
use client::sorted::SortedSet;

/// An input of the reducer. Times `at` are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The vault has reported a new state of the key.
    Identity(Identity),
    /// The pins were read or have changed.
    Pins(Pins),
    /// The page's address makes a statement about its server's key.
    Link(Link),
    /// The page's address has the code of a claim link.
    Claim(ClaimCode),
    /// The page's address, or the person, has the code of an invitation link.
    Invitation(InvitationCode),
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
    /// The browser reports that the network is back.
    NetworkBack,
    /// The browser reports that the network is gone.
    NetworkLost,
    /// The attempt with this number reports an event.
    Session {
        /// [`super::State::attempt`] at the beginning of the attempt.
        attempt: u32,
        /// The event of the attempt.
        event: SessionEvent,
    },
    /// The person wrote a line in the composer: a message, or a command.
    Compose {
        /// The line as it was typed.
        line: String,
        /// The message that the line answers.
        reply_to: Option<Seq>,
        /// The id of the entry, if the line is a message.
        id: MessageId,
        /// The time of writing.
        at: u64,
    },
    /// The person acts on a message of the room on the screen.
    Write {
        /// The entry's content.
        what: Writing,
        /// The id of the entry.
        id: MessageId,
        /// The time of writing.
        at: u64,
    },
    /// These entries were left by an earlier life of this tab, or by a tab that was closed.
    Remembered(Vec<Outgoing>),
    /// The browser keeps what is written, or does not.
    Keeps(bool),
    /// The person has a request for the server.
    Ask(ClientMessage),
    /// The person wants to see this room.
    Open(RoomId),
    /// The page's address names this part of the chat.
    Address(View),
    /// The person wants to see this panel, or none.
    Panel(Option<Panel>),
    /// The person wants to see this message.
    GoTo {
        /// The message's room.
        room: RoomId,
        /// The message's number.
        seq: Seq,
    },
    /// The person wants to see the messages before the loaded ones.
    LoadOlder(RoomId),
    /// The person has changed a message that is being written, at this time.
    Typing(u64),
    /// The person wants to see more of the list of rooms.
    MoreRooms,
    /// The person mutes a room, or ends that.
    Mute {
        /// The room.
        room: RoomId,
        /// The room is muted from now on.
        on: bool,
    },
    /// The browser keeps these rooms as muted.
    Muted(SortedSet<RoomId>),
    /// The person searches for a room whose name has this part.
    FindRooms(String),
    /// The person wants to see more members of a room.
    MoreMembers(RoomId),
    /// The panel of members shows a room whose list may be out of date.
    RefreshMembers(RoomId),
    /// Messages were in the person's view.
    Saw {
        /// The room of the messages.
        room: RoomId,
        /// The first message in view.
        first: Seq,
        /// The last message in view.
        last: Seq,
    },
    /// The server gives out another page than this one, or the same.
    PageIsAnother(bool),
    /// The person wants a message and everything after it to be unread.
    MarkUnread {
        /// The room of the message.
        room: RoomId,
        /// The message.
        from: Seq,
    },
    /// The person wants everything in a room to be read.
    MarkRead(RoomId),
    /// The person looks at the page again.
    Look,
    /// The engine has handed over the requests up to this number.
    Asked(u64),
    /// The engine has handed this entry to the socket.
    Sent(MessageId),
    /// The engine cannot send this entry.
    Refused {
        /// The id of the entry.
        id: MessageId,
        /// The reason, for people.
        reason: String,
    },
    /// The person does not want to send this entry any more.
    Cancel(MessageId),
    /// The person wants to send this entry again.
    Resend(MessageId),
}

/// An event of one attempt to connect. Times are microseconds on the page's clock, except `at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEvent {
    /// The attempt began.
    Began {
        /// The time of the beginning.
        now: u64,
        /// The protocol of the attempt.
        version: Version,
    },
    /// The tunnel is open, at this time.
    Opened(u64),
    /// The server's key was read.
    ServerKey(ServerKey),
    /// The worker was asked to sign, at this time.
    SignAsked(u64),
    /// The worker has signed.
    Signed {
        /// The time of the worker's answer.
        now: u64,
        /// The duration of the RSA operation.
        took: u64,
    },
    /// The session is established.
    Established {
        /// The session's public id; v1 has none.
        session_id: Option<String>,
    },
    /// In v2: this direction has new keys.
    Rekeyed(Direction),
    /// A frame crossed the wire.
    Frame(Frame),
    /// A message was opened.
    Text {
        /// The text as it was opened.
        text: String,
        /// The time of its arrival, in milliseconds since 1970.
        at: u64,
    },
    /// The server does not answer the question whether it is there.
    Silent {
        /// The time when it was heard last, in milliseconds since 1970.
        since: u64,
    },
    /// The server that did not answer is heard again.
    Answered,
    /// The attempt is over, because the server's key is not accepted.
    Untrusted(Untrusted),
    /// The attempt is over.
    Ended {
        /// The reason of the end.
        ending: Ending,
        /// The time of the end, in milliseconds since 1970.
        at: u64,
        /// The position of the next attempt in the back-off's range, in thousandths, 0..=1000.
        jitter: u16,
    },
}
