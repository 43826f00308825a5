//! Bans: of whom, why, since when and by whom. The server keeps them in this form.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::chat::id::UserId;
use crate::chat::limits::REASON_CHARACTERS;
use crate::chat::timestamp::Timestamp;

/// A ban: its subject, its reason, its time and its operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// The banned key or address.
    #[serde(flatten)]
    pub who: Banned,
    /// The reason, for the other operators.
    #[serde(default)]
    pub reason: Reason,
    /// The time of the ban.
    pub at: Timestamp,
    /// The operator who banned.
    pub by: UserId,
}

/// The subject of a ban. Written as one field, `user` or `address`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
// Ordered, because the list of bans is read page by page behind its last row.
pub enum Banned {
    /// A person's key.
    User(UserId),
    /// An address; for IPv6 its /64.
    Address(IpAddr),
}

impl fmt::Display for Banned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => fmt::Display::fmt(user, f),
            Self::Address(address) => fmt::Display::fmt(address, f),
        }
    }
}

/// A position in the list of bans. Written as one field, `user` or `address`.
pub type BansCursor = Banned;

/// The reason of a ban: at most 100 characters, without control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Reason(String);

impl Reason {
    /// Returns the reason's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        // Other operators are shown the reason, so it must not bring escape sequences of its own.
        let shown = text.chars().filter(|c| !c.is_control());
        Self(shown.take(REASON_CHARACTERS).collect())
    }
}
