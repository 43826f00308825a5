//! The effect of a line that a person enters: a message on its way, a request, or a notice.
//!
//! The module is pure.

use std::borrow::Cow;

use shared::chat::lowercase;
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

/// The reason for which a line was not carried out: a sentence for the person.
pub type Fault = Cow<'static, str>;

/// A step that the program itself must take for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'a> {
    /// End the session.
    Quit,
    /// Show the operators' console.
    Console,
    /// Have the line written differently: nothing was done, and a notice says why. It goes back to
    /// the composer, since what was typed must not be lost.
    Again,
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
    fn redeem(&mut self, link: &str) -> Result<(), Fault> {
        let code = link
            .rsplit_once("invitation=")
            .map_or(link, |(_, code)| code);
        match InvitationCode::try_from(code.to_owned()) {
            Ok(code) => self.ask(ClientMessage::Redeem { code }),
            Err(_) => return Err("That is no invitation. /invitation LINK".into()),
        }
        Ok(())
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
        match self.carry_out(line, reply_to, authorship) {
            Ok(asked) => asked,
            Err(why) => {
                self.notice(why, at);
                Some(Asked::Again)
            }
        }
    }

    /// Returns `true` if [`Chat::compose`] would carry a line out, or hand it to the program. A
    /// composer asks before it lets go of the line.
    pub fn takes(&self, line: &str) -> bool {
        let authorship = Authorship {
            id: MessageId::new(0, [0; 10]),
            account: Account::default(),
            at: 0,
        };
        !matches!(
            self.clone().compose(line, None, authorship),
            Some(Asked::Again)
        )
    }

    /// Puts a message into the outbox, whatever it begins with.
    ///
    /// # Errors
    /// Returns a sentence for the person if the text is no message.
    pub fn say(
        &mut self,
        text: &str,
        reply_to: Option<Seq>,
        authorship: Authorship,
    ) -> Result<(), Fault> {
        let text = Text::parse(text).map_err(|error| format!("Not sent: {error}."))?;
        // A person who writes has read the new messages.
        let current = self.current.clone();
        self.mark_read(&current);
        if let Some(room) = self.room_mut(&current) {
            room.divider = None;
            // The message ends the report that the person writes, so the next one may be reported
            // at once.
            room.said_typing = 0;
        }
        self.write(Writing::Say { text, reply_to }, authorship);
        Ok(())
    }

    fn carry_out<'a>(
        &mut self,
        line: &'a str,
        reply_to: Option<Seq>,
        authorship: Authorship,
    ) -> Result<Option<Asked<'a>>, Fault> {
        match lines::parse(line) {
            Line::Say(text) => self.say(text, reply_to, authorship)?,
            Line::Empty => {}
            command => return self.command(command, authorship),
        }
        Ok(None)
    }

    /// Carries out a line that is no message.
    // A function of its own in the program, too: the page has it in its later part.
    #[inline(never)]
    fn command<'a>(
        &mut self,
        command: Line<'a>,
        authorship: Authorship,
    ) -> Result<Option<Asked<'a>>, Fault> {
        let at = authorship.at;
        match command {
            Line::Name(name) => match lines::check_name(name) {
                // To the server an empty name means a guest name, so a forgotten argument would
                // take the person's name away.
                Ok(()) if name.is_empty() => return Err("Which name? /name NEW".into()),
                Ok(()) => self.ask(ClientMessage::Hello {
                    name: Some(name.to_owned()),
                    client: String::new().into(),
                }),
                Err(why) => return Err(why.into()),
            },
            Line::Join(name) => match room_name(name) {
                // To create a known room would only bring `room_exists` first.
                Ok(room) if self.rooms.contains_key(&room.clone().into()) => {
                    self.open(room.into());
                }
                Ok(room) => self.create(room, false),
                Err(error) => return Err(no_room(error)),
            },
            Line::Private(name) => match room_name(name) {
                Ok(room) => self.create(room, true),
                Err(error) => return Err(no_room(error)),
            },
            Line::Invite(name) => self.invite(name, at)?,
            Line::Message { to, text } => self.message(to, text, authorship)?,
            Line::Leave => {
                let room = self.current.clone();
                self.ask(ClientMessage::Leave { room });
            }
            Line::Topic(text) => match Topic::parse(text) {
                Ok(topic) => self.ask_of_room(|room| ClientMessage::Topic { room, topic })?,
                Err(error) => return Err(format!("Not changed: {error}.").into()),
            },
            Line::Rename(name) => match room_name(name) {
                Ok(to) => self.ask_of_room(|room| ClientMessage::Rename { room, to })?,
                Err(error) => return Err(format!("Not renamed: {error}.").into()),
            },
            Line::Close(name) => self.close(name)?,
            Line::Remove(name) => {
                self.ask_of_member(name, |room, id| ClientMessage::Remove { room, id })?;
            }
            Line::Role { name, role } => {
                self.ask_of_member(name, |room, id| ClientMessage::Role { room, id, role })?;
            }
            Line::Invitation(code) => self.redeem(code)?,
            Line::Operate { word: "", .. } => return Ok(Some(Asked::Console)),
            Line::Operate { word, rest } => self.operate(word, rest)?,
            Line::Who => self.who(at),
            Line::Help => {
                self.notice(lines::HELP, at);
                if self.operator {
                    self.notice(lines::OPERATOR_HELP, at);
                }
            }
            Line::Quit => return Ok(Some(Asked::Quit)),
            Line::Other { word, rest } => return Ok(Some(Asked::Command { word, rest })),
            // These are no commands.
            Line::Say(_) | Line::Empty => {}
        }
        Ok(None)
    }

    /// Puts a notice that there is no such command, and lists the commands.
    pub fn no_command(&mut self, word: &str, at: u64) {
        // The word may be as long as a message. The notice shows its beginning.
        let word: String = word.chars().take(32).collect();
        self.notice(format!("There is no command /{word}. {}", lines::HELP), at);
    }

    /// Returns a member of this name in any known room.
    pub fn person(&self, name: &str) -> Option<&Member> {
        let name = lowercase(name.strip_prefix('@').unwrap_or(name));
        let mut people = self.rooms.values().flat_map(|room| &room.members);
        people.find(|it| lowercase(it.name.as_str()) == name)
    }

    /// Queues a request about the room on the screen, which must be a room with a name.
    fn ask_of_room(
        &mut self,
        message: impl FnOnce(RoomName) -> ClientMessage,
    ) -> Result<(), Fault> {
        let RoomId::Named(room) = self.current.clone() else {
            return Err("A room of two has no moderators, topic or name.".into());
        };
        self.ask(message(room));
        Ok(())
    }

    /// Queues a request about a member of the room on the screen. A fingerprint instead of the name
    /// reaches people who are not among the known members of a large room, or who were only
    /// invited.
    fn ask_of_member(
        &mut self,
        name: &str,
        message: impl FnOnce(RoomName, UserId) -> ClientMessage,
    ) -> Result<(), Fault> {
        let short = lowercase(name.strip_prefix('@').unwrap_or(name));
        let members = self.room().map(|room| room.members.as_slice());
        let mut members = members.unwrap_or_default().iter();
        let member = members.find(|it| lowercase(it.name.as_str()) == short);
        let id = member.map(|it| it.id).or_else(|| UserId::parse(name).ok());
        let id = id.ok_or_else(|| nobody(name))?;
        self.ask_of_room(|room| message(room, id))
    }

    /// Deletes the room on the screen, if the person types its name again: a deletion cannot be
    /// undone.
    fn close(&mut self, name: &str) -> Result<(), Fault> {
        let RoomId::Named(room) = self.current.clone() else {
            return Err("A room of two is not closed; /leave leaves it.".into());
        };
        if room_name(name).is_ok_and(|name| name == room) {
            self.ask(ClientMessage::Close { room });
            return Ok(());
        }
        let why = format!("This deletes {room} with everything in it: /close {room} does so.");
        Err(why.into())
    }

    fn create(&mut self, room: RoomName, private: bool) {
        self.ask(ClientMessage::Create {
            room,
            topic: Topic::default(),
            private,
            keep: None,
        });
    }

    fn invite(&mut self, name: &str, at: u64) -> Result<(), Fault> {
        let RoomId::Named(room) = self.current.clone() else {
            return Err("Nobody can be invited to a room of two.".into());
        };
        // The server knows people by their fingerprint. The name is only looked up here.
        let person = self.person(name).ok_or_else(|| nobody(name))?;
        let (id, name) = (person.id, person.name.clone());
        self.notice(format!("{name} is invited to {room}."), at);
        self.ask(ClientMessage::Invite { room, id });
        Ok(())
    }

    fn message(&mut self, name: &str, text: &str, authorship: Authorship) -> Result<(), Fault> {
        let to = self.person(name).ok_or_else(|| nobody(name))?.id;
        let me = self.me.as_ref().map(|me| me.id);
        let Some(room) = me.and_then(|me| DirectId::of(me, to)).map(RoomId::Direct) else {
            return Err("That is you.".into());
        };
        // The message waits in the outbox until `joined` has come for the room of two.
        if !text.is_empty() {
            let text = Text::parse(text).map_err(|error| format!("Not sent: {error}."))?;
            let reply_to = None;
            self.write_to(room.clone(), Writing::Say { text, reply_to }, authorship);
        }
        if self.rooms.get(&room).is_some_and(|room| room.is_joined()) {
            self.open(room);
        } else {
            self.ask(ClientMessage::Direct { to });
        }
        Ok(())
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

/// Returns the sentence about a name of a room that is none.
fn no_room(error: InvalidRoom) -> Fault {
    format!("No room: {error}.").into()
}

/// Returns the sentence about a name that leads to nobody.
pub(crate) fn nobody(name: &str) -> Fault {
    if name.is_empty() {
        return "Whom? Give a name.".into();
    }
    // The name may be as long as a message. The sentence shows its beginning.
    let name: String = name.chars().take(32).collect();
    format!("Nobody in your rooms is called {name}.").into()
}

/// Parses the name of a room, which may have the sign before it with which rooms are shown.
pub(crate) fn room_name(text: &str) -> Result<RoomName, InvalidRoom> {
    RoomName::parse(text.strip_prefix('#').unwrap_or(text))
}

#[cfg(test)]
mod tests;
