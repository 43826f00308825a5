//! The chat inside the secure session: the meaning of plaintexts. It is the same over every version
//! and transport; server, page and terminal client share it, so that they cannot disagree.
//!
//! A plaintext is a JSON object with a `type` ([`ClientMessage`], [`ServerMessage`]), or a line of
//! the lobby's plain text ([`plain`]). The parts of both are types that cannot be wrong: a [`Text`]
//! or a [`RoomId`] needs no second check.
//!
//! Input and stored data are read by different rules. `parse` refuses whatever a new name, text or
//! topic must not have; `from_stored` also reads what earlier versions accepted, so that a stricter
//! rule never makes a database or a log unreadable.
//!
//! ```
//! use shared::chat::{ClientMessage, MessageId, RoomName, Text};
//!
//! let message = ClientMessage::Send {
//!     room: RoomName::lobby().into(),
//!     id: MessageId::from_random([7; 16]),
//!     text: Text::parse("hello")?,
//!     reply_to: None,
//! };
//! let plaintext = serde_json::to_string(&message)?;
//! assert_eq!(ClientMessage::parse(&plaintext).ok(), Some(message));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The module knows nothing of connections, storage and rights.

pub mod admission;
mod as_text;
pub mod client;
pub mod code;
pub mod emoji;
pub mod entry;
pub mod id;
pub mod keep;
pub mod limits;
mod look;
pub mod name;
mod normal;
pub mod operator;
pub mod plain;
pub mod room;
pub mod search;
pub mod server;
#[cfg(any(test, target_arch = "wasm32"))]
mod short_table;
pub mod text;
pub mod timestamp;
pub mod visible;

pub use admission::AdmissionMode;
pub use client::ClientMessage;
pub use code::{ClaimCode, InvitationCode};
pub use emoji::Emoji;
pub use entry::{Author, Entry, Event, Seq};
pub use id::{MessageId, UserId};
pub use keep::Keep;
pub use name::Name;
pub use normal::lowercase;
pub use operator::{OperatorAnswer, OperatorRequest};
pub use room::{DirectId, Role, RoomFilter, RoomId, RoomName, RoomsCursor, Topic};
pub use search::Query;
pub use server::{ChatErrorCode, ServerMessage};
pub use text::Text;
pub use timestamp::Timestamp;
