//! What the server says.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::entry::{Author, DisplayName, Entry, Seq};
use super::id::{MessageId, UserId};
use super::keep::Keep;
use super::operator::OperatorAnswer;
use super::room::{Role, RoomFilter, RoomId, RoomName, Topic};
use super::search::{Cursor, Query};
use super::timestamp::Timestamp;

/// One plaintext of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The answer to `hello`.
    Welcome {
        /// Who the client is here.
        you: Author,
        /// The server's program and version.
        server: String,
        /// The first rooms of the list: those that this person is in, then the public ones, both by
        /// name. Rooms that this person is not in come without their topic.
        rooms: Vec<RoomSummary>,
        /// The list has more rooms; the client asks for them with `rooms`.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
        /// Whether this person is an operator.
        #[serde(default)]
        operator: bool,
        /// What this server allows.
        limits: ServerLimits,
    },
    /// The client is in a room. Pages follow, then everything as it happens.
    Joined {
        /// Which.
        room: RoomId,
        /// What it is about.
        #[serde(deserialize_with = "super::room::stored_topic")]
        topic: Topic,
        /// Whether only those who were invited can see and join it.
        private: bool,
        /// The first members, by id.
        members: Vec<Member>,
        /// The number of all members.
        #[serde(default)]
        count: usize,
        /// The room has more members; the client asks for them with `members`.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
        /// This person's role.
        #[serde(default, skip_serializing_if = "Role::is_member")]
        role: Role,
        /// The number of its last entry; 0 if it has none.
        head: Seq,
        /// The last entry that this person has seen, on any device.
        read: Seq,
        /// What becomes of its entries.
        #[serde(default, skip_serializing_if = "Keep::is_forever")]
        keep: Keep,
        /// Entries up to this one are gone, and will not come: a client that has not all of them
        /// already begins anew behind it.
        #[serde(default, skip_serializing_if = "is_zero")]
        gone: Seq,
    },
    /// The next rooms of the list.
    Rooms {
        /// The rooms, in the list's order.
        rooms: Vec<RoomSummary>,
        /// The filter that was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        find: Option<RoomFilter>,
        /// The list goes on after the last of these.
        more: bool,
    },
    /// The next members of a room.
    Members {
        /// The room.
        room: RoomId,
        /// The members, by id.
        members: Vec<Member>,
        /// The number of all members.
        count: usize,
        /// The list goes on after the last of these.
        more: bool,
    },
    /// The members of a large room have changed. Such a room announces neither presence nor single
    /// members; whoever shows the list asks for it again.
    Roster {
        /// The room.
        room: RoomId,
        /// The number of all members.
        count: usize,
    },
    /// A room has another name from now on.
    Renamed {
        /// The former name.
        room: RoomId,
        /// The new name.
        to: RoomName,
    },
    /// A request that has no other answer was carried out.
    Done {
        /// The room that the request named.
        #[serde(rename = "for")]
        about: String,
    },
    /// The client is no longer in a room, or a public room is no longer there.
    Left {
        /// The room.
        room: RoomId,
        /// The room is gone for everybody.
        #[serde(default, skip_serializing_if = "is_false")]
        closed: bool,
    },
    /// Entries that were there before, oldest first.
    Page {
        /// Where.
        room: RoomId,
        /// Without gaps.
        entries: Vec<Entry>,
    },
    /// What the client sent is durable.
    Ack {
        /// Its name.
        id: MessageId,
        /// Where.
        room: RoomId,
        /// Its number.
        seq: Seq,
        /// When the server took it.
        at: Timestamp,
    },
    /// Somebody comes, goes or is called something else.
    Member {
        /// Where.
        room: RoomId,
        /// Who.
        member: Member,
        /// What has happened.
        change: MemberChange,
    },
    /// A public room is new, or its topic or rule of retention has changed.
    Room {
        /// Which.
        room: RoomSummary,
    },
    /// Somebody lets this person into a private room.
    Invited {
        /// Which.
        room: RoomSummary,
        /// Who.
        by: Author,
    },
    /// Somebody is writing.
    Typing {
        /// Where.
        room: RoomId,
        /// Who.
        from: Author,
    },
    /// This person has seen everything up to an entry, on another device.
    Read {
        /// Where.
        room: RoomId,
        /// The last entry seen.
        seq: Seq,
    },
    /// Messages in which something was looked for, newest first.
    Found {
        /// What.
        query: Query,
        /// Where, if not everywhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomId>,
        /// The messages, with their texts as they are now.
        entries: Vec<RoomEntry>,
        /// The search can go on behind `next`, or behind the last message.
        more: bool,
        /// The position where the search stopped; it may lie before messages that were found.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<Cursor>,
    },
    /// What an operator asked for, or follows.
    Operator(OperatorAnswer),
    /// Something for people that nobody wrote.
    Notice {
        /// What.
        text: String,
    },
    /// A request was refused.
    Error {
        /// Why, for programs.
        code: ChatErrorCode,
        /// Why, for people.
        message: String,
        /// When to try again, in milliseconds from now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
        /// Which request: its `id`, or the room that it named.
        #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
        about: Option<String>,
    },
    /// The answer to `ping`.
    Pong,
    /// An entry, as it happens: its own `type`, with the room beside it.
    #[serde(untagged)]
    Entry(RoomEntry),
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(seq: &Seq) -> bool {
    *seq == 0
}

/// An entry, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomEntry {
    /// Where.
    pub room: RoomId,
    /// What.
    #[serde(flatten)]
    pub entry: Entry,
}

/// A room in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomSummary {
    /// Which.
    pub room: RoomId,
    /// What it is about.
    #[serde(deserialize_with = "super::room::stored_topic")]
    pub topic: Topic,
    /// Whether only those who were invited can see and join it.
    pub private: bool,
    /// What becomes of its entries.
    #[serde(default, skip_serializing_if = "Keep::is_forever")]
    pub keep: Keep,
    /// Whether the client's person is in it.
    pub joined: bool,
    /// The number of its last entry.
    pub head: Seq,
    /// The last entry that this person has seen.
    pub read: Seq,
    /// The other one, in a room of two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Author>,
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub id: UserId,
    /// What they are called.
    pub name: DisplayName,
    /// Whether they are connected.
    pub online: bool,
    /// The member's role in the room.
    #[serde(default, skip_serializing_if = "Role::is_member")]
    pub role: Role,
}

/// What has happened to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberChange {
    /// Is in the room from now on.
    Joined,
    /// Is not any more.
    Left,
    /// Is called something else.
    Renamed,
    /// Is connected, or is not any more.
    Presence,
    /// Has another role.
    Role,
}

/// What a server allows; a client tells its person before the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerLimits {
    /// Longest text in bytes.
    pub text_bytes: usize,
    /// Most entries of a page.
    pub page_entries: u32,
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChatErrorCode {
    /// No JSON object that the document describes.
    Malformed,
    /// A `type` that this server does not know.
    UnknownType,
    /// Something came before `hello`.
    HelloFirst,
    /// The name belongs to another key, or looks like one that does.
    NameTaken,
    /// The name cannot be one.
    NameInvalid,
    /// There is no such room, or this person may not know of it.
    NoSuchRoom,
    /// The room is there already.
    RoomExists,
    /// The client has not joined the room.
    NotJoined,
    /// This person may not do that.
    Forbidden,
    /// There is no such entry, or it is not one to which that can be done.
    NoSuchEntry,
    /// The id was used for something else.
    IdReused,
    /// Too much, too fast; `retry_after` says when.
    RateLimited,
    /// Some count is at its most.
    LimitReached,
    /// The server cannot store anything now; nothing was taken.
    StorageFailed,
    /// A code that this program does not know.
    #[serde(other)]
    Unknown,
}

impl fmt::Display for ChatErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::RoomName;
    use crate::testing::portable_test;

    portable_test! {
        fn errors_are_read_whatever_their_code() {
            let error = ServerMessage::Error {
                code: ChatErrorCode::RateLimited,
                message: "too fast".into(),
                retry_after: Some(250),
                about: Some("lobby".into()),
            };
            let json = serde_json::to_string(&error).unwrap();
            assert_eq!(json, r#"{"type":"error","code":"rate_limited","message":"too fast","retry_after":250,"for":"lobby"}"#);
            assert_eq!(serde_json::from_str::<ServerMessage>(&json).unwrap(), error);
            let later = json.replace("rate_limited", "out_of_coffee");
            assert!(matches!(serde_json::from_str(&later).unwrap(),
                ServerMessage::Error { code: ChatErrorCode::Unknown, .. }));
            assert_eq!(ChatErrorCode::NoSuchRoom.to_string(), "no_such_room");
        }

        fn an_entry_is_flat_beside_its_room() {
            let json = r#"{"room":"lobby","seq":7,"id":"abababab-abab-4bab-abab-abababababab","from":{"id":"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU","name":"anna"},"at":"2026-11-24T03:45:00.000Z","type":"message","text":"hi"}"#;
            let read: ServerMessage = serde_json::from_str(json).unwrap();
            let ServerMessage::Entry(RoomEntry { room, entry }) = &read else {
                panic!("{read:?}")
            };
            assert_eq!((room.to_string().as_str(), entry.seq), ("lobby", 7));
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
            let unknown = json.replace("\"message\"", "\"dance\"");
            assert!(serde_json::from_str::<ServerMessage>(&unknown).is_err());
        }

        fn a_read_marker_round_trips() {
            let read = ServerMessage::Read { room: RoomName::lobby().into(), seq: 7 };
            let json = serde_json::to_string(&read).unwrap();
            assert_eq!(json, r#"{"type":"read","room":"lobby","seq":7}"#);
            assert_eq!(serde_json::from_str::<ServerMessage>(&json).unwrap(), read);
        }
    }
}
