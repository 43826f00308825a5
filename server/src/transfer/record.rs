//! The lines of an export, each a JSON object with one key that says what it is.

use serde::{Deserialize, Serialize};
use shared::chat::server::RoomEntry;
use shared::chat::{Keep, Role, RoomId, Seq, UserId};

/// One line of an export. They come in this order: the export's own line, people, then each room
/// with what belongs to it, and the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// The first line, which says what the file is.
    Export(Header),
    /// A person with a name, or who has used v2.
    Person(Person),
    /// A room; what belongs to it follows.
    Room(Room),
    /// A member of the room.
    Member(Member),
    /// A person who may join the room though it is private.
    Invited(Invited),
    /// A member with a role above a member's, or the owner, who may have left.
    Role(RoleOf),
    /// An entry of the room.
    Entry(RoomEntry),
    /// The last line: without it the file was cut.
    End(End),
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format. What else is in this line is for later versions.
    pub version: u32,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The person's key.
    pub id: UserId,
    /// The claimed name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `true` if the key has used v2.
    pub v2: bool,
}

/// A room, without its members and entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    /// The room's id.
    #[serde(rename = "room")]
    pub id: RoomId,
    /// The room's topic, which may be empty.
    pub topic: String,
    /// `true` if only invited people can see and join it.
    pub private: bool,
    /// The retention rule.
    pub keep: Keep,
    /// The last number that was given or reserved.
    pub head: Seq,
}

/// A member, with the last entry that counts as seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The room.
    pub room: RoomId,
    /// The member's key.
    pub user: UserId,
    /// The read marker.
    pub read: Seq,
}

/// An invited person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invited {
    /// The room.
    pub room: RoomId,
    /// The person's key.
    pub user: UserId,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleOf {
    /// The room.
    pub room: RoomId,
    /// The person's key.
    pub user: UserId,
    /// The role.
    pub role: Role,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The number of lines before this one.
    pub lines: u64,
}

impl Record {
    /// Returns the room that the line belongs to.
    pub(super) fn room(&self) -> Option<&RoomId> {
        match self {
            Self::Export(_) | Self::Person(_) | Self::End(_) => None,
            Self::Room(room) => Some(&room.id),
            Self::Member(member) => Some(&member.room),
            Self::Invited(invited) => Some(&invited.room),
            Self::Role(role) => Some(&role.room),
            Self::Entry(entry) => Some(&entry.room),
        }
    }
}
