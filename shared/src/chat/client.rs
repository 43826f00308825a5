//! The messages of a client.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::code::{ClaimCode, InvitationCode};
use super::emoji::Emoji;
use super::entry::Seq;
use super::id::{MessageId, UserId};
use super::keep::Keep;
use super::limits::CLIENT_CHARACTERS;
use super::operator::OperatorRequest;
use super::room::{Role, RoomFilter, RoomId, RoomName, RoomsCursor, Topic};
use super::search::{Cursor, Query};
use super::text::Text;

/// A client's message: the content of one plaintext.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Introduces the client, before any other message; answered by `welcome`.
    Hello {
        /// The display name that this key claims. The server decides whether it is free.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The client's program and version, for the server's log.
        #[serde(default)]
        client: ClientName,
    },
    /// Creates a room and joins it; answered by `joined`.
    Create {
        /// The new room's name.
        #[serde(deserialize_with = "super::room::new_name")]
        room: RoomName,
        /// The new room's topic.
        #[serde(default)]
        topic: Topic,
        /// `true` if only invited people can see and join the room.
        #[serde(default)]
        private: bool,
        /// The room's retention rule; without it, the server's rule for new rooms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keep: Option<Keep>,
    },
    /// Joins a room, or comes back to it; answered by `joined` and pages.
    Join {
        /// The room to join.
        room: RoomId,
        /// The last entry that this client has: everything after it follows, oldest first. Without
        /// it, the latest page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Seq>,
    },
    /// Leaves a room on every device; answered by `left`. Nothing of the room comes any more.
    Leave {
        /// The room to leave.
        room: RoomId,
    },
    /// Invites somebody into a room, who may then join it once.
    Invite {
        /// The room that the guest may join.
        room: RoomName,
        /// The guest's user id.
        id: UserId,
    },
    /// Sends a message; answered by `ack` when it is durable. The same id again gets the same ack,
    /// and no second message.
    Send {
        /// The room that gets the message.
        room: RoomId,
        /// The message's id, made by the client.
        id: MessageId,
        /// The message's text.
        text: Text,
        /// The message that this answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
    },
    /// Changes the text of the sender's own message; answered by `ack`.
    Edit {
        /// The room of the message.
        room: RoomId,
        /// The id of the edit itself.
        id: MessageId,
        /// The target: the message to change.
        of: Seq,
        /// The message's new text.
        text: Text,
    },
    /// Deletes the sender's own message, or as a moderator or operator any; answered by `ack`.
    Delete {
        /// The room of the message.
        room: RoomId,
        /// The id of the deletion itself.
        id: MessageId,
        /// The target: the message to delete.
        of: Seq,
    },
    /// Reacts to a message, or takes a reaction back; answered by `ack`.
    React {
        /// The room of the message.
        room: RoomId,
        /// The id of the reaction itself.
        id: MessageId,
        /// The target: the message to react to.
        of: Seq,
        /// The emoji of the reaction.
        emoji: Emoji,
        /// `true` if the reaction is there from now on.
        #[serde(default = "yes")]
        on: bool,
    },
    /// Asks for the next rooms of the list; answered by `rooms`.
    Rooms {
        /// The last room of the list that the client has; without it, the list begins anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<RoomsCursor>,
        /// A part of the names to list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        find: Option<RoomFilter>,
    },
    /// Asks for the next members of a room; answered by `members`.
    Members {
        /// The room, which the client must be in.
        room: RoomId,
        /// The last member that the client has; without it, the list begins anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
    },
    /// Changes a room's topic, as its owner or a moderator; answered by `done`.
    Topic {
        /// The room whose topic changes.
        room: RoomName,
        /// The new topic.
        topic: Topic,
    },
    /// Renames a room, as its owner; answered by `done`.
    Rename {
        /// The room's present name.
        room: RoomName,
        /// The room's new name.
        #[serde(deserialize_with = "super::room::new_name")]
        to: RoomName,
    },
    /// Changes a member's role, as the room's owner; answered by `done`. An owner who makes another
    /// member the owner becomes a moderator.
    Role {
        /// The room in which the role counts.
        room: RoomName,
        /// The member's user id.
        id: UserId,
        /// The member's new role.
        role: Role,
    },
    /// Removes a member or takes back an invitation, as a moderator or the owner; answered by
    /// `done`.
    Remove {
        /// The room to remove the member from.
        room: RoomName,
        /// The member's user id.
        id: UserId,
    },
    /// Deletes a room with everything in it, as its owner; answered by `done`.
    Close {
        /// The room to delete.
        room: RoomName,
    },
    /// Asks for older entries; answered by `page`.
    History {
        /// The room of the entries.
        room: RoomId,
        /// The entry before which the page ends.
        before: Seq,
        /// The most entries of the page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// Opens the room of two; answered by `joined`.
    Direct {
        /// The user id of the other one.
        to: UserId,
    },
    /// Tells the others that this person is writing; nothing of it is stored.
    Typing {
        /// The room in which the person writes.
        room: RoomId,
    },
    /// Says that this person has seen everything up to an entry. Kept per key, so that all its
    /// devices agree.
    Read {
        /// The room of the entry.
        room: RoomId,
        /// The last entry that was seen.
        seq: Seq,
        /// The person wants everything behind that entry to be unread, also what was seen before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        back: bool,
    },
    /// Searches for messages in the rooms that this person is in; answered by `found`.
    Search {
        /// The only room to search; without it, all rooms of the person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomId>,
        /// The words to search for.
        query: Query,
        /// The cursor behind which the search goes on: `next` of the last answer, or without it the
        /// last message that was found.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Cursor>,
        /// The most messages of the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// Becomes an operator, by the code of the claim link; answered by `operator`.
    Claim {
        /// The code, which is worth nothing afterwards.
        code: ClaimCode,
    },
    /// Shows the code of an invitation link; answered by `admitted`.
    Redeem {
        /// The code.
        code: InvitationCode,
    },
    /// Asks for something that only operators may ask for.
    Operator(OperatorRequest),
    /// Checks whether the server answers; answered by `pong`.
    Ping,
}

// serde takes the default from a function: a reaction without `on` is one that is added.
fn yes() -> bool {
    true
}

impl ClientMessage {
    /// Reads a plaintext that is a JSON object with a `type`.
    ///
    /// # Errors
    /// [`Unreadable`] says what is wrong and, as far as that can be known, with which request: one
    /// wrong field must not keep the client from knowing which of its messages was refused.
    pub fn parse(plaintext: &str) -> Result<Self, Unreadable> {
        serde_json::from_str(plaintext).map_err(|error| Unreadable::new(plaintext, &error))
    }
}

/// The name of a client's program: at most 64 characters, without control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct ClientName(String);

impl From<String> for ClientName {
    fn from(text: String) -> Self {
        // The name goes into the server's log, so it must not bring lines or escape sequences of
        // its own.
        let shown = text.chars().filter(|c| !c.is_control());
        Self(shown.take(CLIENT_CHARACTERS).collect())
    }
}

impl fmt::Display for ClientName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error: a plaintext that is no message of a client's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{detail}")]
pub struct Unreadable {
    /// `true` if its `type` is one that this version knows.
    pub known_type: bool,
    /// The `id` of the message, if it has one.
    pub id: Option<MessageId>,
    /// The reason for people.
    pub detail: String,
}

impl Unreadable {
    fn new(plaintext: &str, error: &serde_json::Error) -> Self {
        #[derive(Deserialize)]
        struct Partly {
            #[serde(default)]
            // Any value is taken, so that an id of a wrong type is no second error here.
            id: Option<serde_json::Value>,
        }
        let partly = serde_json::from_str::<Partly>(plaintext).ok();
        let id = partly.and_then(|partly| MessageId::parse(partly.id?.as_str()?).ok());
        let detail = error.to_string();
        Self {
            // serde tells an unknown tag by its text only.
            known_type: !detail.starts_with("unknown variant"),
            id,
            // serde's text may quote the plaintext, so it is cut and cleaned before a log or a
            // terminal has it.
            detail: detail
                .chars()
                .filter(|c| !c.is_control())
                .take(200)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    const ID: &str = "abababab-abab-4bab-abab-abababababab";

    portable_test! {
        fn messages_are_read_from_what_the_document_says() {
            let lobby = RoomId::from(RoomName::lobby());
            for (json, expected) in [
                (r#"{"type":"ping"}"#.to_owned(), ClientMessage::Ping),
                // Unknown fields are ignored, missing ones have defaults.
                (r#"{"type":"hello","new":1}"#.to_owned(),
                 ClientMessage::Hello { name: None, client: ClientName::default() }),
                (r#"{"type":"join","room":"Lobby","after":0}"#.to_owned(),
                 ClientMessage::Join { room: lobby.clone(), after: Some(0) }),
                (format!(r#"{{"type":"send","room":"lobby","id":"{ID}","text":"hi"}}"#),
                 ClientMessage::Send {
                    room: lobby.clone(),
                    id: MessageId::parse(ID).unwrap(),
                    text: Text::parse("hi").unwrap(),
                    reply_to: None,
                 }),
                (format!(r#"{{"type":"react","room":"lobby","id":"{ID}","of":1,"emoji":"👍"}}"#),
                 ClientMessage::React {
                    room: lobby,
                    id: MessageId::parse(ID).unwrap(),
                    of: 1,
                    emoji: Emoji::parse("👍").unwrap(),
                    on: true,
                 }),
            ] {
                let read = ClientMessage::parse(&json).unwrap();
                assert_eq!(read, expected);
                let again = serde_json::to_string(&read).unwrap();
                assert_eq!(ClientMessage::parse(&again), Ok(read));
            }
        }

        fn what_is_wrong_is_said_with_the_id_of_what_was_refused() {
            let long = "x".repeat(1024 * 1024 + 1);
            // One message for each kind of mistake: type, missing field, wrong value, wrong kind of
            // value.
            for (json, known_type, detail) in [
                (r#"{"type":"dance","id":"ID"}"#, false, "unknown variant `dance`"),
                (r#"{"type":"send","id":"ID","text":"hi"}"#, true, "missing field `room`"),
                (r#"{"type":"send","id":"ID","room":"a b","text":"hi"}"#, true, "no spaces"),
                (r#"{"type":"send","id":"ID","room":"lobby","text":""}"#, true, "some text"),
                (r#"{"type":"send","id":"ID","room":"lobby","text":"LONG"}"#, true, "at most 1048576"),
                (r#"{"type":"send","id":"ID","room":"lobby","text":7}"#, true, "expected"),
                (r#"{"type":"read","id":"ID","room":"lobby","seq":-1}"#, true, "invalid value"),
            ] {
                let json = json.replace("ID", ID).replace("LONG", &long);
                let error = ClientMessage::parse(&json).unwrap_err();
                assert_eq!(error.known_type, known_type, "{error}");
                assert!(error.detail.contains(detail), "{error}");
                assert_eq!(error.id, MessageId::parse(ID).ok(), "{error}");
            }
            let error = ClientMessage::parse(r#"{"type":"send","id":7}"#).unwrap_err();
            assert_eq!(error.id, None);
        }

        fn a_clients_name_is_cut_to_what_can_be_shown() {
            let name = ClientName::from(format!("page\u{1b} {}", "1".repeat(100)));
            assert_eq!(name.to_string().chars().count(), CLIENT_CHARACTERS);
            assert!(name.to_string().starts_with("page 1"));
        }
    }
}
