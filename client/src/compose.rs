//! The effect of a line that a person enters: a message on its way, a request, or a notice.
//!
//! The module is pure.

use shared::chat::room::InvalidRoom;
use shared::chat::server::Member;
use shared::chat::{
    ClientMessage, DirectId, InvitationCode, MessageId, RoomId, RoomName, Seq, Text, Topic, UserId,
};

use super::Chat;
use super::lines::{self, Line};
use super::outbox::{Account, DeliveryState, Outgoing, Writing};

/// The id, the account and the time of an entry that a person writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorship {
    /// The id, made by this client.
    pub id: MessageId,
    /// The account of the writer.
    pub account: Account,
    /// The time, in milliseconds since 1970.
    pub at: u64,
}

/// A step that the program itself must take for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'a> {
    /// End the session.
    Quit,
    /// Show the operators' console.
    Console,
    /// A command that not every client has.
    Command {
        /// The command's first word, without the slash.
        word: &'a str,
        /// The text behind the first word.
        rest: &'a str,
    },
}

impl Chat {
    /// Puts an entry for the room on the screen into the outbox.
    pub fn write(&mut self, what: Writing, authorship: Authorship) {
        let room = self.current.clone();
        self.write_to(room, what, authorship);
    }

    fn write_to(&mut self, room: RoomId, what: Writing, authorship: Authorship) {
        self.outbox.push(Outgoing {
            id: authorship.id,
            account: authorship.account,
            room,
            what,
            state: DeliveryState::Queued,
            at: authorship.at,
        });
    }

    /// Shows the code of an invitation, which may stand in its link.
    pub fn redeem(&mut self, link: &str, at: u64) {
        let code = link
            .rsplit_once("invitation=")
            .map_or(link, |(_, code)| code);
        match InvitationCode::try_from(code.to_owned()) {
            Ok(code) => self.ask(ClientMessage::Redeem { code }),
            Err(_) => self.notice("That is no invitation. /invitation LINK", at),
        }
    }

    /// Carries out a line, as far as all clients do the same. Returns the step that is left to the
    /// program.
    pub fn compose<'a>(
        &mut self,
        line: &'a str,
        reply_to: Option<Seq>,
        authorship: Authorship,
    ) -> Option<Asked<'a>> {
        let at = authorship.at;
        match lines::parse(line) {
            Line::Say(text) => match Text::parse(text) {
                Ok(text) => {
                    // A person who writes has read the new messages.
                    let current = self.current.clone();
                    if let Some(room) = self.room_mut(&current) {
                        room.divider = None;
                        // The message ends the report that the person writes, so the next one may
                        // be reported at once.
                        room.said_typing = 0;
                    }
                    self.write(Writing::Say { text, reply_to }, authorship);
                }
                Err(error) => self.notice(format!("Not sent: {error}."), at),
            },
            Line::Name(name) => match lines::check_name(name) {
                // To the server an empty name means a guest name, so a forgotten argument would
                // take the person's name away.
                Ok(()) if name.is_empty() => self.notice("Which name? /name NEW", at),
                Ok(()) => self.ask(ClientMessage::Hello {
                    name: Some(name.to_owned()),
                    client: String::new().into(),
                }),
                Err(why) => self.notice(why, at),
            },
            Line::Join(name) => match room_name(name) {
                // To create a known room would only bring `room_exists` first.
                Ok(room) if self.rooms.contains_key(&room.clone().into()) => {
                    self.open(room.into());
                }
                Ok(room) => self.create(room, false),
                Err(error) => self.no_room(error, at),
            },
            Line::Private(name) => match room_name(name) {
                Ok(room) => self.create(room, true),
                Err(error) => self.no_room(error, at),
            },
            Line::Invite(name) => self.invite(name, at),
            Line::Message { to, text } => self.message(to, text, authorship),
            Line::Leave => {
                let room = self.current.clone();
                self.ask(ClientMessage::Leave { room });
            }
            Line::Topic(text) => match Topic::parse(text) {
                Ok(topic) => self.ask_of_room(at, |room| ClientMessage::Topic { room, topic }),
                Err(error) => self.notice(format!("Not changed: {error}."), at),
            },
            Line::Rename(name) => match room_name(name) {
                Ok(to) => self.ask_of_room(at, |room| ClientMessage::Rename { room, to }),
                Err(error) => self.notice(format!("Not renamed: {error}."), at),
            },
            Line::Close(name) => self.close(name, at),
            Line::Remove(name) => {
                self.ask_of_member(name, at, |room, id| ClientMessage::Remove { room, id });
            }
            Line::Role { name, role } => {
                self.ask_of_member(name, at, |room, id| ClientMessage::Role { room, id, role });
            }
            Line::Invitation(code) => self.redeem(code, at),
            Line::Operate { word: "", .. } => return Some(Asked::Console),
            Line::Operate { word, rest } => self.operate(word, rest, at),
            Line::Who => self.who(at),
            Line::Help => {
                self.notice(lines::HELP, at);
                if self.operator {
                    self.notice(lines::OPERATOR_HELP, at);
                }
            }
            Line::Quit => return Some(Asked::Quit),
            Line::Other { word, rest } => return Some(Asked::Command { word, rest }),
            Line::Empty => {}
        }
        None
    }

    /// Puts a notice that there is no such command, and lists the commands.
    pub fn no_command(&mut self, word: &str, at: u64) {
        // The word may be as long as a message. The notice shows its beginning.
        let word: String = word.chars().take(32).collect();
        self.notice(format!("There is no command /{word}. {}", lines::HELP), at);
    }

    /// Returns a member of this name in any known room.
    pub fn person(&self, name: &str) -> Option<&Member> {
        let name = name.strip_prefix('@').unwrap_or(name).to_lowercase();
        let mut people = self.rooms.values().flat_map(|room| &room.members);
        people.find(|it| it.name.as_str().to_lowercase() == name)
    }

    /// Queues a request about the room on the screen, which must be a room with a name.
    fn ask_of_room(&mut self, at: u64, message: impl FnOnce(RoomName) -> ClientMessage) {
        match self.current.clone() {
            RoomId::Named(room) => self.ask(message(room)),
            RoomId::Direct(_) => {
                self.notice("A room of two has no moderators, topic or name.", at);
            }
        }
    }

    /// Queues a request about a member of the room on the screen. A fingerprint instead of the name
    /// reaches people who are not among the known members of a large room, or who were only
    /// invited.
    fn ask_of_member(
        &mut self,
        name: &str,
        at: u64,
        message: impl FnOnce(RoomName, UserId) -> ClientMessage,
    ) {
        let short = name.strip_prefix('@').unwrap_or(name).to_lowercase();
        let members = self.room().map(|room| room.members.as_slice());
        let mut members = members.unwrap_or_default().iter();
        let member = members.find(|it| it.name.as_str().to_lowercase() == short);
        let id = member.map(|it| it.id).or_else(|| UserId::parse(name).ok());
        match id {
            Some(id) => self.ask_of_room(at, |room| message(room, id)),
            None => self.nobody(name, at),
        }
    }

    /// Deletes the room on the screen, if the person types its name again: a deletion cannot be
    /// undone.
    fn close(&mut self, name: &str, at: u64) {
        let RoomId::Named(room) = self.current.clone() else {
            return self.notice("A room of two is not closed; /leave leaves it.", at);
        };
        if room_name(name).is_ok_and(|name| name == room) {
            self.ask(ClientMessage::Close { room });
        } else {
            let text = format!("This deletes {room} with everything in it: /close {room} does so.");
            self.notice(text, at);
        }
    }

    fn create(&mut self, room: RoomName, private: bool) {
        self.ask(ClientMessage::Create {
            room,
            topic: Topic::default(),
            private,
            keep: None,
        });
    }

    fn no_room(&mut self, error: InvalidRoom, at: u64) {
        self.notice(format!("No room: {error}."), at);
    }

    pub(crate) fn nobody(&mut self, name: &str, at: u64) {
        let name: String = name.chars().take(32).collect();
        let text = if name.is_empty() {
            "Whom? Give a name.".to_owned()
        } else {
            format!("Nobody in your rooms is called {name}.")
        };
        self.notice(text, at);
    }

    fn invite(&mut self, name: &str, at: u64) {
        let RoomId::Named(room) = self.current.clone() else {
            // The server knows people by their fingerprint. The name is only looked up here.
            return self.notice("Nobody can be invited to a room of two.", at);
        };
        match self.person(name).map(|it| (it.id, it.name.clone())) {
            Some((id, name)) => {
                self.notice(format!("{name} is invited to {room}."), at);
                self.ask(ClientMessage::Invite { room, id });
            }
            None => self.nobody(name, at),
        }
    }

    fn message(&mut self, name: &str, text: &str, authorship: Authorship) {
        let at = authorship.at;
        let Some(to) = self.person(name).map(|it| it.id) else {
            return self.nobody(name, at);
        };
        let me = self.me.as_ref().map(|me| me.id);
        let Some(room) = me.and_then(|me| DirectId::of(me, to)).map(RoomId::Direct) else {
            return self.notice("That is you.", at);
        };
        // The message waits in the outbox until `joined` has come for the room of two.
        if !text.is_empty() {
            match Text::parse(text) {
                Ok(text) => {
                    let reply_to = None;
                    self.write_to(room.clone(), Writing::Say { text, reply_to }, authorship);
                }
                Err(error) => return self.notice(format!("Not sent: {error}."), at),
            }
        }
        if self.rooms.get(&room).is_some_and(|room| room.is_joined()) {
            self.open(room);
        } else {
            self.ask(ClientMessage::Direct { to });
        }
    }

    fn who(&mut self, at: u64) {
        let Some(room) = self.room() else {
            return self.notice("0 here: ", at);
        };
        let here = room.members.iter().filter(|it| it.online);
        let names: Vec<_> = here.map(|it| it.name.to_string()).collect();
        let here = format!("{} here: {}", names.len(), names.join(", "));
        let (known, count) = (room.members.len(), room.count);
        let text = if known < count {
            // Whoever reads a number takes it for that of everybody.
            format!("{here} (of {count} members, {known} are known here)")
        } else {
            here
        };
        self.notice(text, at);
    }
}

/// Parses the name of a room, which may have the sign before it with which rooms are shown.
pub(crate) fn room_name(text: &str) -> Result<RoomName, InvalidRoom> {
    RoomName::parse(text.strip_prefix('#').unwrap_or(text))
}

#[cfg(test)]
mod tests;
