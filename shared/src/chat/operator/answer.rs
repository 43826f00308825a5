//! The server's answers to operators.

use serde::{Deserialize, Serialize};

use super::ban::Ban;
use super::record::{ConnectionInfo, LogLine, RoomInfo, ServerStatus};
use crate::chat::admission::{Applicant, Invitation};
use crate::chat::code::InvitationCode;
use crate::chat::entry::Author;

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
        /// The operators. A server has at most [`MAX_OPERATORS`](crate::chat::limits::MAX_OPERATORS).
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
        /// [`MAX_INVITATIONS`](crate::chat::limits::MAX_INVITATIONS).
        invitations: Vec<Invitation>,
    },
    /// Says that the request was carried out.
    Done,
}

#[cfg(test)]
mod tests {
    use super::super::ban::{Banned, Reason};
    use super::super::record::{LogLevel, OperatorLimits};
    use super::*;
    use crate::chat::ServerMessage;
    use crate::chat::admission::AdmissionMode;
    use crate::chat::entry::DisplayName;
    use crate::chat::id::UserId;
    use crate::chat::timestamp::Timestamp;
    use crate::identity::Fingerprint;
    use crate::testing::portable_test;

    portable_test! {
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
