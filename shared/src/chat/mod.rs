//! The chat inside the secure session: what plaintexts mean. The same over every version and
//! transport; shared by server, page and terminal client, so that they cannot disagree.
//!
//! A plaintext is a JSON object with a `type` ([`ClientMessage`], [`ServerMessage`]), or a line of
//! the lobby's plain text ([`plain`]). The parts of both are types that cannot be wrong: whoever
//! has a [`Text`] or a [`RoomId`] need not check it again.
//!
//! Knows nothing of connections, storage and who may do what.

pub mod client;
pub mod emoji;
pub mod entry;
pub mod id;
pub mod keep;
pub mod limits;
pub mod name;
pub mod operator;
pub mod plain;
pub mod room;
pub mod search;
pub mod server;
pub mod text;
pub mod timestamp;

pub use client::ClientMessage;
pub use emoji::Emoji;
pub use entry::{Author, Entry, Event, Seq};
pub use id::{MessageId, UserId};
pub use keep::Keep;
pub use name::Name;
pub use operator::{OperatorAnswer, OperatorRequest};
pub use room::{DirectId, Role, RoomFilter, RoomId, RoomName, RoomsCursor, Topic};
pub use search::Query;
pub use server::{ChatErrorCode, ServerMessage};
pub use text::Text;
pub use timestamp::Timestamp;

/// Lets serde read and write a type by its `FromStr`-like `parse` and its `Display`.
macro_rules! serde_as_text {
    ($type:ty, $parse:expr) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                $parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}
use serde_as_text;
