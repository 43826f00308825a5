//! What operators ask of a server, and what it answers.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::entry::{Author, DisplayName, Seq};
use super::id::UserId;
use super::keep::Keep;
use super::limits::{CLAIM_CHARACTERS, REASON_CHARACTERS};
use super::room::{Role, RoomId, RoomName, Topic};
use super::timestamp::Timestamp;

/// What an operator asks for; from anybody else it is `forbidden`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum OperatorRequest {
    /// How is the server? Answered by `status`.
    Status,
    /// Ends every session but the operators', and takes no others from now on; answered by `status`.
    StopListeners,
    /// Takes everybody again; answered by `status`.
    StartListeners,
    /// Asks for the next connections, oldest first; answered by `connections`.
    Connections {
        /// The number of the last connection that the client has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
    },
    /// Follows the log from now on, or no longer; answered by `done`, and while it is followed by
    /// `log` whenever there is something.
    Log {
        /// Whether.
        follow: bool,
    },
    /// Ends connections; answered by `done`.
    Kick {
        /// Which.
        #[serde(flatten)]
        who: Kicked,
    },
    /// Keeps somebody out, and ends their connections; answered by `bans`.
    Ban {
        /// Whom.
        #[serde(flatten)]
        who: Banned,
        /// Why, for the other operators.
        #[serde(default)]
        reason: Reason,
    },
    /// Lets somebody in again; answered by `bans`.
    Unban {
        /// Whom.
        #[serde(flatten)]
        who: Banned,
    },
    /// Asks for the next bans, by whom they keep out; answered by `bans`.
    Bans {
        /// The last ban that the client has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<BansCursor>,
    },
    /// Asks for the next rooms, private ones and rooms of two among them; answered by `rooms`.
    Rooms {
        /// The last room that the client has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<RoomId>,
    },
    /// Asks for the operators; answered by `operators`.
    Operators,
    /// Makes somebody an operator; answered by `operators`.
    Appoint {
        /// The new operator.
        user: UserId,
    },
    /// Takes an operator's rights away, but not the last one's; answered by `operators`.
    Revoke {
        /// The operator.
        user: UserId,
    },
    /// Frees a person's name; answered by `done`.
    ReleaseName {
        /// The person.
        user: UserId,
    },
    /// Gives a member of a room a role, so that a room whose owner is gone has one again; answered
    /// by `done`.
    Role {
        /// The room.
        room: RoomName,
        /// The member.
        user: UserId,
        /// The new role.
        role: Role,
    },
    /// Changes a room's topic; answered by `done`.
    Topic {
        /// The room.
        room: RoomName,
        /// The new topic.
        topic: Topic,
    },
    /// Removes a member from a room, or takes back an invitation; answered by `done`.
    Remove {
        /// The room.
        room: RoomName,
        /// The member.
        user: UserId,
    },
    /// Deletes a room with everything in it, whose members are told `left`; answered by `done`.
    DeleteRoom {
        /// Which.
        room: RoomId,
    },
    /// Changes how long a room's entries are kept; answered by `done`.
    Keep {
        /// Which room.
        room: RoomId,
        /// How long.
        keep: Keep,
    },
}

/// What an operator is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum OperatorAnswer {
    /// This person is an operator from now on: the answer to `claim`.
    Granted,
    /// This person is no operator any more.
    Revoked,
    /// How the server is.
    Status(ServerStatus),
    /// Some who are connected, oldest first.
    Connections {
        /// The connections.
        connections: Vec<ConnectionInfo>,
        /// The table goes on after the last of these.
        more: bool,
    },
    /// Lines of the log.
    Log {
        /// Oldest first.
        lines: Vec<LogLine>,
        /// How many others there were since the last, too many to be told.
        missed: u64,
    },
    /// Some who are kept out.
    Bans {
        /// The bans.
        bans: Vec<Ban>,
        /// The list goes on after the last of these.
        more: bool,
    },
    /// The next rooms of all rooms, by name.
    Rooms {
        /// The rooms.
        rooms: Vec<RoomInfo>,
        /// The list goes on after the last of these.
        more: bool,
    },
    /// All operators.
    Operators {
        /// The operators. A server has at most [`MAX_OPERATORS`](super::limits::MAX_OPERATORS).
        operators: Vec<Author>,
    },
    /// What was asked for is done.
    Done,
}

/// Which connections are ended. Written as one field, `connection` or `user`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kicked {
    /// One, by its number.
    Connection(u64),
    /// All of a person's.
    User(UserId),
}

/// Who is kept out. Written as one field, `user` or `address`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Banned {
    /// A key.
    User(UserId),
    /// An address; of IPv6 its /64.
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

/// A room in an operator's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInfo {
    /// The room.
    pub room: RoomId,
    /// Only those who were invited can see and join it.
    pub private: bool,
    /// The number of its members.
    pub members: usize,
    /// The number of its last entry.
    pub head: Seq,
    /// Its owner, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Author>,
}

/// Who is kept out, since when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// Who.
    #[serde(flatten)]
    pub who: Banned,
    /// Why.
    #[serde(default)]
    pub reason: Reason,
    /// Since when.
    pub at: Timestamp,
    /// By which operator.
    pub by: UserId,
}

/// How a server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerStatus {
    /// Whether it takes everybody, or operators only.
    pub listening: bool,
    /// When it was started.
    pub started: Timestamp,
    /// How many are connected.
    pub connections: usize,
    /// Most connections in all.
    pub max_connections: usize,
    /// Most connections from one address.
    pub max_connections_per_address: usize,
    /// Whether the log has what people say.
    pub log_plaintext: bool,
    /// What it allows people.
    #[serde(default)]
    pub limits: OperatorLimits,
}

/// What a server allows people. A rate is what may be done a minute, 0 if there is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorLimits {
    /// Longest text in bytes.
    pub text_bytes: usize,
    /// What one person writes into rooms.
    pub sends_per_minute: u32,
    /// Rooms that one person joins or leaves, invitations and names.
    pub joins_per_minute: u32,
    /// Rooms that one person creates.
    pub creates_per_minute: u32,
    /// Requests of one person that only read; dear ones count several times.
    #[serde(default)]
    pub asks_per_minute: u32,
    /// Connections from one address.
    pub handshakes_per_minute: u32,
    /// Most rooms.
    pub max_rooms: usize,
    /// What new rooms keep.
    pub keep: Keep,
}

/// For people, in one line.
impl fmt::Display for OperatorLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = |number: u32| match number {
            0 => "any number of".to_owned(),
            number => number.to_string(),
        };
        write!(
            f,
            "A text has at most {} bytes; a person writes {} messages, joins {} rooms, creates {} and \
             asks {} things a minute; an address makes {} connections a minute; there are at most {} rooms, \
             and new ones keep {}.",
            self.text_bytes,
            rate(self.sends_per_minute),
            rate(self.joins_per_minute),
            rate(self.creates_per_minute),
            rate(self.asks_per_minute),
            rate(self.handshakes_per_minute),
            self.max_rooms,
            self.keep,
        )
    }
}

/// A connection in the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionInfo {
    /// Its number, counted from the server's start.
    pub connection: u64,
    /// The peer's address and port.
    pub address: String,
    /// `tcp` or `ws`.
    pub transport: String,
    /// `v1` or `v2`, once the handshake is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whose it is, once the handshake is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UserId>,
    /// What they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DisplayName>,
    /// Since when.
    pub since: Timestamp,
    /// Bytes of the protocol that came in.
    pub bytes_in: u64,
    /// Bytes of the protocol that went out.
    pub bytes_out: u64,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// How severe.
    pub level: LogLevel,
    /// What.
    pub text: String,
}

/// How severe a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Something does not work.
    Error,
    /// Something should not happen.
    Warn,
    /// Who comes and goes, and why.
    Info,
    /// More.
    Debug,
    /// Everything.
    Trace,
}

/// Why somebody is kept out: at most 100 characters; what cannot be shown is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Reason(String);

impl Reason {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        let shown = text.chars().filter(|c| !c.is_control());
        Self(shown.take(REASON_CHARACTERS).collect())
    }
}

/// The code of a claim link. Its `Debug` does not show it: whoever has it can become an operator.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ClaimCode(String);

impl ClaimCode {
    /// The code, to compare it in constant time.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl TryFrom<String> for ClaimCode {
    type Error = NoClaimCode;

    fn try_from(text: String) -> Result<Self, NoClaimCode> {
        let length = (1..=CLAIM_CHARACTERS).contains(&text.len());
        let base64url = |c: u8| c.is_ascii_alphanumeric() || b"-_".contains(&c);
        if length && text.bytes().all(base64url) {
            Ok(Self(text))
        } else {
            Err(NoClaimCode)
        }
    }
}

impl fmt::Debug for ClaimCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClaimCode(..)")
    }
}

/// A text is no code of a claim link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoClaimCode;

impl fmt::Display for NoClaimCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is no code of a claim link")
    }
}

impl std::error::Error for NoClaimCode {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ClientMessage, RoomName, ServerMessage};
    use crate::identity::Fingerprint;
    use crate::testing::portable_test;

    fn read(json: &str) -> OperatorRequest {
        match ClientMessage::parse(json) {
            Ok(ClientMessage::Operator(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    portable_test! {
        fn requests_are_flat_json_and_round_trip() {
            let user = UserId(Fingerprint::of_spki(b"key"));
            for (json, expected) in [
                (r#""do":"status""#.to_owned(), OperatorRequest::Status),
                (r#""do":"log","follow":true"#.to_owned(), OperatorRequest::Log { follow: true }),
                (r#""do":"kick","connection":7"#.to_owned(),
                 OperatorRequest::Kick { who: Kicked::Connection(7) }),
                (format!(r#""do":"kick","user":"{user}""#),
                 OperatorRequest::Kick { who: Kicked::User(user) }),
                (r#""do":"ban","address":"2001:db8::1","reason":"noise\u0007""#.to_owned(),
                 OperatorRequest::Ban {
                    who: Banned::Address("2001:db8::1".parse().unwrap()),
                    reason: Reason::from("noise".to_owned()),
                 }),
                (format!(r#""do":"unban","user":"{user}""#),
                 OperatorRequest::Unban { who: Banned::User(user) }),
                (r#""do":"keep","room":"lobby","keep":"nothing""#.to_owned(),
                 OperatorRequest::Keep { room: RoomName::lobby().into(), keep: Keep::Nothing }),
            ] {
                let request = read(&format!(r#"{{"type":"operator",{json}}}"#));
                assert_eq!(request, expected);
                let again = serde_json::to_string(&ClientMessage::Operator(request)).unwrap();
                assert_eq!(read(&again), expected);
            }
        }

        fn requests_without_a_target_or_with_a_false_one_are_refused() {
            for json in [
                r#""do":"kick""#,
                r#""do":"kick","connection":-1"#,
                r#""do":"ban","user":"anna""#,
                r#""do":"ban","address":"nowhere""#,
                r#""do":"delete_room""#,
                r#""do":"shutdown""#,
                r#""follow":true"#,
            ] {
                let json = format!(r#"{{"type":"operator",{json}}}"#);
                assert!(ClientMessage::parse(&json).is_err(), "{json}");
            }
        }

        fn answers_round_trip() {
            let user = UserId(Fingerprint::of_spki(b"key"));
            let at = Timestamp::from_unix_millis(0).unwrap();
            for answer in [
                OperatorAnswer::Granted,
                OperatorAnswer::Revoked,
                OperatorAnswer::Status(ServerStatus {
                    listening: true,
                    started: at,
                    connections: 1,
                    max_connections: 2,
                    max_connections_per_address: 3,
                    log_plaintext: false,
                    limits: OperatorLimits::default(),
                }),
                OperatorAnswer::Bans {
                    bans: vec![Ban { who: Banned::User(user), reason: Reason::default(), at, by: user }],
                    more: false,
                },
                OperatorAnswer::Log {
                    lines: vec![LogLine { at, level: LogLevel::Warn, text: "x".into() }],
                    missed: 1,
                },
                OperatorAnswer::Connections {
                    connections: vec![ConnectionInfo {
                        connection: 1,
                        address: "127.0.0.1:1".into(),
                        transport: "tcp".into(),
                        version: Some("v2".into()),
                        id: Some(user),
                        name: Some(DisplayName::guest(user)),
                        since: at,
                        bytes_in: 1,
                        bytes_out: 2,
                    }],
                    more: true,
                },
                OperatorAnswer::Done,
            ] {
                let message = ServerMessage::Operator(answer);
                let json = serde_json::to_string(&message).unwrap();
                assert!(json.starts_with(r#"{"type":"operator","answer":""#), "{json}");
                assert_eq!(serde_json::from_str::<ServerMessage>(&json).unwrap(), message);
            }
        }

        fn a_claim_code_is_checked_and_never_shown() {
            let code = ClaimCode::try_from("abc-_9".to_owned()).unwrap();
            assert!(!format!("{code:?}").contains("abc"));
            for wrong in ["", "a b", "a\n", "ä", &"x".repeat(CLAIM_CHARACTERS + 1)] {
                assert!(ClaimCode::try_from(wrong.to_owned()).is_err(), "{wrong:?}");
            }
        }
    }
}
