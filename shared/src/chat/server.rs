//! The messages of the server.

mod read;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::admission::AdmissionMode;
use super::entry::{Author, DisplayName, Entry, Seq};
use super::id::{MessageId, UserId};
use super::keep::Keep;
use super::operator::OperatorAnswer;
use super::room::{Role, RoomFilter, RoomId, RoomName, Topic};
use super::search::{Cursor, Query};
use super::timestamp::Timestamp;

/// A server's message: the content of one plaintext.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// Answers `hello`, the first message of a client.
    Welcome {
        /// The client's user id and name on this server.
        you: Author,
        /// The server's program and version.
        server: String,
        /// The first of the rooms that this person is in, by name.
        rooms: Vec<RoomSummary>,
        /// The list has more rooms; the client asks for them with `rooms`.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
        /// `true` if this person is an operator.
        #[serde(default)]
        operator: bool,
        /// The limits of this server.
        limits: ServerLimits,
    },
    /// The answer to `hello` of a key that is not admitted. Until it is, the server takes nothing
    /// but `hello`, `redeem`, `claim` and `ping`.
    Waiting {
        /// The server's admission mode.
        admission: AdmissionMode,
    },
    /// The key is admitted from now on; `hello` is answered by `welcome`.
    Admitted,
    /// Says that the client is in a room. Pages follow, then everything as it happens.
    Joined {
        /// The joined room.
        room: RoomId,
        /// The room's topic.
        #[serde(deserialize_with = "super::room::stored_topic")]
        topic: Topic,
        /// `true` if only invited people can see and join the room.
        private: bool,
        /// The first members, by id.
        members: Vec<Member>,
        /// The number of all members.
        #[serde(default)]
        count: usize,
        /// The room has more members; the client asks for them with `members`.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
        /// This person's role in the room.
        #[serde(default, skip_serializing_if = "Role::is_member")]
        role: Role,
        /// The number of the room's last entry; 0 if it has none.
        head: Seq,
        /// The last entry that this person has seen, on any device.
        read: Seq,
        /// The room's retention rule.
        #[serde(default, skip_serializing_if = "Keep::is_forever")]
        keep: Keep,
        /// The number up to which entries are gone and will not come: a client that has not all of
        /// them already begins anew behind it.
        #[serde(default, skip_serializing_if = "is_zero")]
        gone: Seq,
    },
    /// Answers `rooms` with the next rooms of the list.
    Rooms {
        /// The rooms, in the list's order.
        rooms: Vec<RoomSummary>,
        /// The filter that was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        find: Option<RoomFilter>,
        /// The list goes on after the last of these rooms.
        more: bool,
    },
    /// Answers `members` with the next members of a room.
    Members {
        /// The room of the members.
        room: RoomId,
        /// The next members, by id.
        members: Vec<Member>,
        /// The number of all members.
        count: usize,
        /// The list goes on after the last of these members.
        more: bool,
    },
    /// Says that the members of a large room have changed. Such a room announces neither presence
    /// nor single members; a client that shows the list asks for it again.
    Roster {
        /// The large room.
        room: RoomId,
        /// The number of all members.
        count: usize,
    },
    /// Says that a room has another name from now on.
    Renamed {
        /// The former name.
        room: RoomId,
        /// The new name.
        to: RoomName,
    },
    /// Says that a request without another answer was carried out.
    Done {
        /// The room that the request named.
        #[serde(rename = "for")]
        about: String,
    },
    /// Says that the client is no longer in a room, or that a public room is no longer there.
    Left {
        /// The room that was left or closed.
        room: RoomId,
        /// The room is gone for everybody.
        #[serde(default, skip_serializing_if = "is_false")]
        closed: bool,
    },
    /// Brings entries that were there before, oldest first.
    Page {
        /// The room of the entries.
        room: RoomId,
        /// The entries, with none left out.
        entries: Vec<Entry>,
    },
    /// Says that the client's entry is durable.
    Ack {
        /// The entry's id, made by the client.
        id: MessageId,
        /// The room of the entry.
        room: RoomId,
        /// The entry's number.
        seq: Seq,
        /// The time when the server accepted the entry.
        at: Timestamp,
    },
    /// Says that a member comes, goes or changes.
    Member {
        /// The room of the member.
        room: RoomId,
        /// The member, as it is now.
        member: Member,
        /// The kind of the change.
        change: MemberChange,
    },
    /// Says that a public room is new, or that the topic or the retention rule of a joined room has
    /// changed.
    Room {
        /// The room, as it is now.
        room: RoomSummary,
    },
    /// Says that somebody invites this person into a room, or has opened the room of two.
    Invited {
        /// The room that the person may join.
        room: RoomSummary,
        /// The person who invites.
        by: Author,
    },
    /// Says that somebody is writing.
    Typing {
        /// The room in which somebody writes.
        room: RoomId,
        /// The person who writes.
        from: Author,
    },
    /// Says that this person has seen everything up to an entry, on any device.
    Read {
        /// The room of the entry.
        room: RoomId,
        /// The last entry that was seen.
        seq: Seq,
        /// The person wants everything behind that entry to be unread, also what was seen before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        back: bool,
    },
    /// Answers `search`, newest message first.
    Found {
        /// The words that were searched for.
        query: Query,
        /// The only room that was searched, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomId>,
        /// The messages, with their present texts.
        entries: Vec<RoomEntry>,
        /// The search can go on behind `next`, or behind the last message.
        more: bool,
        /// The cursor where the search stopped; it may lie before messages that were found.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<Cursor>,
    },
    /// Answers an operator's request, or brings what an operator follows.
    Operator(OperatorAnswer),
    /// Brings a text of the server's own for people.
    Notice {
        /// The notice's text.
        text: String,
    },
    /// Refuses a request.
    Error {
        /// The reason for programs.
        code: ChatErrorCode,
        /// The reason for people.
        message: String,
        /// The time until the request may be tried again, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
        /// The request: its `id`, or the room, person or kind of request that it named.
        #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
        about: Option<String>,
    },
    /// Answers a client's `ping`.
    Pong,
    /// Brings an entry, as it happens: its own `type`, with the room beside it.
    #[serde(untagged)]
    // The last variant, because serde tries an untagged one only where no tag fits.
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

/// An entry, and the room that it is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomEntry {
    /// The room of the entry.
    pub room: RoomId,
    /// The entry itself.
    #[serde(flatten)]
    pub entry: Entry,
}

/// A room in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomSummary {
    /// The room's name, or the id of a room of two.
    pub room: RoomId,
    /// The room's topic.
    #[serde(deserialize_with = "super::room::stored_topic")]
    pub topic: Topic,
    /// `true` if only invited people can see and join the room.
    pub private: bool,
    /// The room's retention rule.
    #[serde(default, skip_serializing_if = "Keep::is_forever")]
    pub keep: Keep,
    /// `true` if the client's person is in the room.
    pub joined: bool,
    /// The number of the room's last entry.
    pub head: Seq,
    /// The last entry that this person has seen.
    pub read: Seq,
    /// The other person, in a room of two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Author>,
}

/// A person in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The member's user id.
    pub id: UserId,
    /// The member's present name.
    pub name: DisplayName,
    /// `true` if the member is connected.
    pub online: bool,
    /// The member's role in the room.
    #[serde(default, skip_serializing_if = "Role::is_member")]
    pub role: Role,
}

/// The kind of a member's change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberChange {
    /// The member is in the room from now on.
    Joined,
    /// The member is not in the room any more.
    Left,
    /// The member has another name.
    Renamed,
    /// The member is connected, or is not any more.
    Presence,
    /// The member has another role.
    Role,
}

/// The limits of a server, so that a client can tell its person before the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerLimits {
    /// The longest text in bytes.
    pub text_bytes: usize,
    /// The most entries of a page.
    pub page_entries: u32,
}

/// The reason why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChatErrorCode {
    /// The plaintext is no JSON object that the document describes.
    Malformed,
    /// The server does not know this `type`.
    UnknownType,
    /// A request came before `hello`.
    HelloFirst,
    /// The server does not admit this key, or not yet.
    NotAdmitted,
    /// The name belongs to another key, or looks like one that does.
    NameTaken,
    /// The text cannot be a name.
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
    /// The id was used for another entry.
    IdReused,
    /// The requests come too fast; `retry_after` says when the next may come.
    RateLimited,
    /// A limit on the number of something is reached.
    LimitReached,
    /// The server cannot store anything now; nothing was taken.
    StorageFailed,
    /// The code is one that this program does not know.
    #[serde(other)]
    Unknown,
}

impl fmt::Display for ChatErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // serde's text is the code on the wire, so that the two cannot differ.
        self.serialize(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::RoomName;
    use crate::testing::portable_test;

    portable_test! {
        // A newer server may have other codes, and its older clients must still show the text.
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
            // Unlike a code, an entry of an unknown type has no text that could be shown.
            let unknown = json.replace("\"message\"", "\"dance\"");
            assert!(serde_json::from_str::<ServerMessage>(&unknown).is_err());
        }

        fn a_read_marker_round_trips() {
            for (back, expected) in [
                (false, r#"{"type":"read","room":"lobby","seq":7}"#),
                (true, r#"{"type":"read","room":"lobby","seq":7,"back":true}"#),
            ] {
                let read = ServerMessage::Read { room: RoomName::lobby().into(), seq: 7, back };
                let json = serde_json::to_string(&read).unwrap();
                assert_eq!(json, expected);
                assert_eq!(serde_json::from_str::<ServerMessage>(&json).unwrap(), read);
            }
        }
    }
}
