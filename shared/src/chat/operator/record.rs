//! What operators are shown of the server: its state and limits, its connections, rooms and log.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::chat::admission::AdmissionMode;
use crate::chat::entry::{Author, DisplayName, Seq};
use crate::chat::id::UserId;
use crate::chat::keep::Keep;
use crate::chat::room::RoomId;
use crate::chat::timestamp::Timestamp;

/// The state of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerStatus {
    /// `true` if the server takes everybody, `false` if it takes operators only.
    pub listening: bool,
    /// The time when the server was started.
    pub started: Timestamp,
    /// The number of connections.
    pub connections: usize,
    /// The most connections in all.
    pub max_connections: usize,
    /// The most connections from one address.
    pub max_connections_per_address: usize,
    /// `true` if people's texts go into the log.
    pub log_plaintext: bool,
    /// The admission mode.
    #[serde(default)]
    pub admission: AdmissionMode,
    /// The number of applicants.
    #[serde(default)]
    pub applicants: usize,
    /// The server's limits for people.
    #[serde(default)]
    pub limits: OperatorLimits,
}

/// A server's limits for people. A rate counts tokens a minute, and 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorLimits {
    /// The longest text in bytes.
    pub text_bytes: usize,
    /// The rate of one person's entries.
    pub sends_per_minute: u32,
    /// The rate of one person's joins, leaves, invitations, names and changes of rooms.
    pub joins_per_minute: u32,
    /// The rate of one person's new rooms, those of two included.
    pub creates_per_minute: u32,
    /// The rate of one person's requests that only read; dear ones count several times.
    #[serde(default)]
    pub asks_per_minute: u32,
    /// The rate of connections from one address.
    pub handshakes_per_minute: u32,
    /// The most rooms with a name.
    pub max_rooms: usize,
    /// The retention rule of new rooms.
    pub keep: Keep,
    /// Seconds for which a key that the server has not seen before may not write.
    #[serde(default)]
    pub new_keys_wait: u64,
}

impl OperatorLimits {
    /// Returns the limits for people, in one line, with each number as `number` writes it.
    pub fn describe(&self, number: impl Fn(u64) -> String) -> String {
        let rate = |count: u32| match count {
            0 => "any number of".to_owned(),
            count => number(count.into()),
        };
        let keep = match self.keep {
            Keep::Entries(most) if most.get() > 1 => {
                format!("the last {} entries", number(most.get().into()))
            }
            keep => keep.to_string(),
        };
        let wait = match self.new_keys_wait {
            0 => String::new(),
            seconds => format!(" New keys may write after {} s.", number(seconds)),
        };
        format!(
            "A text has at most {} bytes; a person writes {} messages, joins {} rooms, creates {} and \
             asks {} things a minute; an address makes {} connections a minute; there are at most {} rooms, \
             and new ones keep {keep}.{wait}",
            number(self.text_bytes as u64),
            rate(self.sends_per_minute),
            rate(self.joins_per_minute),
            rate(self.creates_per_minute),
            rate(self.asks_per_minute),
            rate(self.handshakes_per_minute),
            number(self.max_rooms as u64),
        )
    }
}

/// Writes the limits for people, in one line, with plain numbers.
impl fmt::Display for OperatorLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(|number| number.to_string()))
    }
}

/// A connection in an operator's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionInfo {
    /// The connection's number, counted from the server's start.
    pub connection: u64,
    /// The peer's address and port.
    pub address: String,
    /// The transport: `tcp` or `ws`.
    pub transport: String,
    /// The protocol's version, `v1` or `v2`, once the handshake is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The peer's user id, once the handshake is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UserId>,
    /// The peer's name, once the handshake is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DisplayName>,
    /// The time of the accept.
    pub since: Timestamp,
    /// The bytes of the protocol that came in.
    pub bytes_in: u64,
    /// The bytes of the protocol that went out.
    pub bytes_out: u64,
}

/// A room in an operator's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInfo {
    /// The room's name, or the id of a room of two.
    pub room: RoomId,
    /// `true` if only invited people can see and join the room.
    pub private: bool,
    /// The number of the room's members.
    pub members: usize,
    /// The number of the room's last entry.
    pub head: Seq,
    /// The room's owner, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Author>,
}

/// A line of the server's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// The time of the event.
    pub at: Timestamp,
    /// The severity of the event.
    pub level: LogLevel,
    /// The line's text.
    pub text: String,
}

/// The severity of a line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Something does not work.
    Error,
    /// Something should not happen.
    Warn,
    /// Somebody comes or goes, and why.
    Info,
    /// A detail for the search for a fault.
    Debug,
    /// A detail of every step.
    Trace,
}
