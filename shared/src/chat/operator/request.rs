//! The requests of operators.

use serde::{Deserialize, Serialize};

use super::ban::{Banned, BansCursor, Reason};
use crate::chat::admission::AdmissionMode;
use crate::chat::id::UserId;
use crate::chat::keep::Keep;
use crate::chat::room::{Role, RoomId, RoomName, Topic};

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

/// The connections that an operator ends. Written as one field, `connection` or `user`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kicked {
    /// One connection, by its number.
    Connection(u64),
    /// All connections of a person.
    User(UserId),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ClientMessage;
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
    }
}
