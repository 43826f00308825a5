//! The requests of operators, and the server's answers to them.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::admission::{AdmissionMode, Applicant, Invitation};
use super::code::InvitationCode;
use super::entry::{Author, DisplayName, Seq};
use super::id::UserId;
use super::keep::Keep;
use super::limits::REASON_CHARACTERS;
use super::room::{Role, RoomId, RoomName, Topic};
use super::timestamp::Timestamp;

/// A request of an operator. From anybody else it is refused with `forbidden`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum OperatorRequest {
    /// Asks for the server's state; answered by `status`.
    Status,
    /// Ends every session but the operators', and takes no others from now on; answered by
    /// `status`.
    StopListeners,
    /// Takes everybody again; answered by `status`.
    StartListeners,
    /// Asks for the next connections, oldest first; answered by `connections`.
    Connections {
        /// The number of the last connection that the client has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
    },
    /// Follows the log from now on, or no longer; answered by `done`, and by `log` whenever there
    /// are lines while it is followed.
    Log {
        /// `true` to follow the log, `false` to stop.
        follow: bool,
    },
    /// Ends connections; answered by `done`.
    Kick {
        /// The connections to end.
        #[serde(flatten)]
        who: Kicked,
    },
    /// Keeps somebody out, and ends their connections; answered by `bans`.
    Ban {
        /// The key or address to ban.
        #[serde(flatten)]
        who: Banned,
        /// The reason, for the other operators.
        #[serde(default)]
        reason: Reason,
    },
    /// Lets somebody in again; answered by `bans`.
    Unban {
        /// The banned key or address.
        #[serde(flatten)]
        who: Banned,
    },
    /// Asks for the next bans, in the order of their keys and addresses; answered by `bans`.
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
        /// The new operator's user id.
        user: UserId,
    },
    /// Takes an operator's rights away, but not the last one's; answered by `operators`.
    Revoke {
        /// The operator's user id.
        user: UserId,
    },
    /// Frees a person's name; answered by `done`.
    ReleaseName {
        /// The person's user id.
        user: UserId,
    },
    /// Gives a member of a room a role, so that a room whose owner is gone has one again; answered
    /// by `done`.
    Role {
        /// The room in which the role counts.
        room: RoomName,
        /// The member's user id.
        user: UserId,
        /// The member's new role.
        role: Role,
    },
    /// Changes a room's topic; answered by `done`.
    Topic {
        /// The room whose topic changes.
        room: RoomName,
        /// The new topic.
        topic: Topic,
    },
    /// Removes a member from a room, or takes back an invitation; answered by `done`.
    Remove {
        /// The room to remove the member from.
        room: RoomName,
        /// The member's user id.
        user: UserId,
    },
    /// Deletes a room with everything in it; its members are sent `left`. Answered by `done`.
    DeleteRoom {
        /// The room to delete.
        room: RoomId,
    },
    /// Changes how long a room's entries are kept; answered by `done`.
    Keep {
        /// The room whose retention changes.
        room: RoomId,
        /// The new retention rule.
        keep: Keep,
    },
    /// Changes the admission mode, also for the server's next start; answered by `status`.
    Admission {
        /// The new mode.
        mode: AdmissionMode,
    },
    /// Asks for the next applicants, by key; answered by `applicants`.
    Applicants {
        /// The last applicant that the client has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
    },
    /// Admits a key for good; answered by `done`.
    Admit {
        /// The key.
        user: UserId,
    },
    /// Makes an invitation; answered by `invitation`, which has its code.
    Invite {
        /// The number of keys that it admits.
        #[serde(default = "one")]
        uses: u32,
        /// Its life in days.
        #[serde(default = "week")]
        days: u32,
    },
    /// Asks for all open invitations; answered by `invitations`.
    Invitations,
    /// Ends an invitation; answered by `invitations`.
    Uninvite {
        /// The invitation's number.
        number: u32,
    },
}

fn one() -> u32 {
    1
}

fn week() -> u32 {
    7
}

/// The server's answer to an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum OperatorAnswer {
    /// Says that this person is an operator from now on: the answer to `claim`, or an appointment.
    Granted,
    /// Says that this person is no operator any more.
    Revoked,
    /// Answers with the server's state.
    Status(ServerStatus),
    /// Answers with the next connections, oldest first.
    Connections {
        /// The next rows of the table.
        connections: Vec<ConnectionInfo>,
        /// The table goes on after the last of these rows.
        more: bool,
    },
    /// Brings lines of the log.
    Log {
        /// The lines, oldest first.
        lines: Vec<LogLine>,
        /// The number of other lines since the last answer, which were too many to be sent.
        missed: u64,
    },
    /// Answers with the next bans.
    Bans {
        /// The next bans of the list.
        bans: Vec<Ban>,
        /// The list goes on after the last of these bans.
        more: bool,
    },
    /// Answers with the next of all rooms, by name.
    Rooms {
        /// The next rooms of the list.
        rooms: Vec<RoomInfo>,
        /// The list goes on after the last of these rooms.
        more: bool,
    },
    /// Answers with all operators.
    Operators {
        /// The operators. A server has at most [`MAX_OPERATORS`](super::limits::MAX_OPERATORS).
        operators: Vec<Author>,
    },
    /// The next applicants, by key.
    Applicants {
        /// The applicants.
        applicants: Vec<Applicant>,
        /// The list goes on after the last of these.
        more: bool,
    },
    /// A new invitation.
    Invitation {
        /// The code of its link, which the server does not keep.
        code: InvitationCode,
        /// The invitation.
        invitation: Invitation,
    },
    /// All open invitations.
    Invitations {
        /// The invitations. A server has at most
        /// [`MAX_INVITATIONS`](super::limits::MAX_INVITATIONS).
        invitations: Vec<Invitation>,
    },
    /// Says that the request was carried out.
    Done,
}

/// The connections that an operator ends. Written as one field, `connection` or `user`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kicked {
    /// One connection, by its number.
    Connection(u64),
    /// All connections of a person.
    User(UserId),
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

/// Writes the limits for people, in one line.
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
             and new ones keep {}.{}",
            self.text_bytes,
            rate(self.sends_per_minute),
            rate(self.joins_per_minute),
            rate(self.creates_per_minute),
            rate(self.asks_per_minute),
            rate(self.handshakes_per_minute),
            self.max_rooms,
            self.keep,
            match self.new_keys_wait {
                0 => String::new(),
                seconds => format!(" New keys may write after {seconds} s."),
            },
        )
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
                (r#""do":"admission","mode":"invitation""#.to_owned(),
                 OperatorRequest::Admission { mode: AdmissionMode::Invitation }),
                (r#""do":"invite""#.to_owned(), OperatorRequest::Invite { uses: 1, days: 7 }),
                (format!(r#""do":"admit","user":"{user}""#), OperatorRequest::Admit { user }),
                (r#""do":"keep","room":"lobby","keep":"nothing""#.to_owned(),
                 OperatorRequest::Keep { room: RoomName::lobby().into(), keep: Keep::Nothing }),
            ] {
                let request = read(&format!(r#"{{"type":"operator",{json}}}"#));
                assert_eq!(request, expected);
                let again = serde_json::to_string(&ClientMessage::Operator(request)).unwrap();
                assert_eq!(read(&again), expected);
            }
        }

        // A kick or a ban that lost its target must not be read as one of everybody.
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
                    admission: AdmissionMode::Approval,
                    applicants: 1,
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
                OperatorAnswer::Applicants {
                    applicants: vec![Applicant {
                        id: user,
                        name: Some(DisplayName::parse("ada").unwrap()),
                        address: "192.0.2.1".into(),
                        since: at,
                    }],
                    more: false,
                },
                OperatorAnswer::Invitation {
                    code: InvitationCode::try_from("abc".to_owned()).unwrap(),
                    invitation: Invitation { number: 1, uses: 2, expires: at, by: user },
                },
                OperatorAnswer::Invitations { invitations: Vec::new() },
                OperatorAnswer::Done,
            ] {
                let message = ServerMessage::Operator(answer);
                let json = serde_json::to_string(&message).unwrap();
                assert!(json.starts_with(r#"{"type":"operator","answer":""#), "{json}");
                assert_eq!(serde_json::from_str::<ServerMessage>(&json).unwrap(), message);
            }
        }
    }
}
