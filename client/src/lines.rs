//! Lines that a person types: a text, or a command.
//!
//! The module is pure. It extends the commands of the lobby's plain text, which `shared` reads.

use shared::chat::Role;
use shared::chat::name::MAX_CHARACTERS as NAME_MAX_CHARS;
use shared::chat::plain::ClientLine;

/// The answer to `/help`.
pub const HELP: &str = "/name NEW takes a name, /who lists who is here, /join ROOM joins or \
                        creates a room, /private ROOM creates one for those who are invited, \
                        /invite NAME lets somebody in, /msg NAME TEXT writes to somebody alone, \
                        /leave leaves this room, /quit ends the session, // starts a message with \
                        a slash. Moderators of a room: /topic TEXT changes its topic, /remove NAME \
                        removes a member. Its owner also: /rename NEW, /mod NAME and /unmod NAME \
                        make moderators, /handover NAME gives the room away, /close ROOM deletes it. \
                        /invitation LINK gets you into a server that wants one.";

/// The operators' part of the help.
pub const OPERATOR_HELP: &str = "Operators: /op operators and /op rooms list them, /op appoint WHO \
                                 and /op revoke WHO change the operators, /op release WHO frees a \
                                 name, /op owner ROOM WHO gives a room an owner. /op admission MODE \
                                 (open, invitation or approval) says which new keys may take part, \
                                 /op applicants lists who waits, /op admit WHO admits one, /op \
                                 invite KEYS DAYS makes an invitation, /op invitations lists them, \
                                 /op uninvite NUMBER ends one. WHO is a name or a fingerprint.";

/// The meaning of a line that a person types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// Sends a message with this text.
    Say(&'a str),
    /// Takes this name.
    Name(&'a str),
    /// Joins the room of this name, or creates it.
    Join(&'a str),
    /// Creates a private room of this name.
    Private(&'a str),
    /// Invites the person of this name into the room.
    Invite(&'a str),
    /// Writes to a person in the room of two.
    Message {
        /// The other person's name.
        to: &'a str,
        /// The message; an empty one only opens the room.
        text: &'a str,
    },
    /// Leaves the room on the screen.
    Leave,
    /// Changes the room's topic to this text.
    Topic(&'a str),
    /// Gives the room this name.
    Rename(&'a str),
    /// Deletes the room of this name with everything in it.
    Close(&'a str),
    /// Removes the member of this name from the room.
    Remove(&'a str),
    /// Gives a member of the room a role.
    Role {
        /// The member's name.
        name: &'a str,
        /// The member's new role.
        role: Role,
    },
    /// Redeems an invitation to the server: its link, or the code in it.
    Invitation(&'a str),
    /// Carries out an operation of an operator.
    Operate {
        /// The operation; empty opens the console.
        word: &'a str,
        /// The operation's arguments.
        rest: &'a str,
    },
    /// Lists the members who are connected.
    Who,
    /// Lists the commands.
    Help,
    /// Ends the session.
    Quit,
    /// A command that only some programs have.
    Other {
        /// The command's first word.
        word: &'a str,
        /// The text behind the first word.
        rest: &'a str,
    },
    /// A line of blanks only.
    Empty,
}

/// Reads a line of the composer.
pub fn parse(line: &str) -> Line<'_> {
    match ClientLine::parse(line) {
        ClientLine::Text(text) => Line::Say(text),
        ClientLine::Name(name) => Line::Name(name),
        ClientLine::Who => Line::Who,
        ClientLine::Help => Line::Help,
        ClientLine::Quit => Line::Quit,
        ClientLine::UnknownCommand(word) if is_command(word) => command(word, rest(line)),
        ClientLine::Empty => Line::Empty,
        // A path, a regular expression, a face: nobody means a command. And only a client of plain
        // text must tell an object of the protocol from a text; here a person typed it.
        ClientLine::UnknownCommand(_) | ClientLine::Object => Line::Say(line.trim_end()),
    }
}

/// Returns `true` if a word could be a command: all commands consist of small letters.
fn is_command(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase())
}

/// Returns the text behind the first word.
fn rest(line: &str) -> &str {
    let words = line.trim().split_once(char::is_whitespace);
    words.map_or("", |(_, rest)| rest.trim())
}

fn command<'a>(word: &'a str, rest: &'a str) -> Line<'a> {
    match word {
        "join" => Line::Join(rest),
        "private" => Line::Private(rest),
        "invite" => Line::Invite(rest),
        "msg" => {
            let (to, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let text = text.trim();
            Line::Message { to, text }
        }
        "invitation" => Line::Invitation(rest),
        // `/leave` leaves the room on the screen. With an argument it could mean another one, so it
        // is no command.
        "leave" if rest.is_empty() => Line::Leave,
        "topic" => Line::Topic(rest),
        "rename" => Line::Rename(rest),
        "close" => Line::Close(rest),
        "remove" => Line::Remove(rest),
        "mod" => role(rest, Role::Moderator),
        "unmod" => role(rest, Role::Member),
        "handover" => role(rest, Role::Owner),
        "op" => {
            let (word, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let rest = rest.trim();
            Line::Operate { word, rest }
        }
        word => Line::Other { word, rest },
    }
}

fn role(name: &str, role: Role) -> Line<'_> {
    Line::Role { name, role }
}

/// Returns `true` if the line, as far as it is written, is a message and not a command.
pub fn is_message(line: &str) -> bool {
    // Others must not see that the person writes while it is only a command.
    matches!(parse(line), Line::Say(_))
}

/// Checks a display name before it is sent. An empty one asks for a guest name of the server. The
/// server checks again, and more: the mixture of scripts, and whether another person has the name.
///
/// # Errors
/// Returns one sentence about the fault of the name.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    if name.chars().count() > NAME_MAX_CHARS {
        return Err("A name has at most 32 characters.");
    }
    if name.contains(char::is_whitespace) {
        return Err("A name has no spaces; use - or _ instead.");
    }
    // Beyond ASCII, accents and vowel signs are neither letters nor digits, but belong to names.
    let allowed =
        |c: char| c.is_alphanumeric() || "-_.".contains(c) || !(c.is_ascii() || c.is_control());
    if !name.chars().all(allowed) {
        return Err("A name has letters, digits, and - _ . only.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_text_or_commands() {
        for (line, expected) in [
            ("hi\nthere\n", Line::Say("hi\nthere")),
            ("//name x", Line::Say("/name x")),
            (r#"{"type":"ping"}"#, Line::Say(r#"{"type":"ping"}"#)),
            ("/name ada", Line::Name("ada")),
            ("/join rust", Line::Join("rust")),
            ("/join", Line::Join("")),
            ("/leave", Line::Leave),
            ("/quit", Line::Quit),
            (
                "/dance  now ",
                Line::Other {
                    word: "dance",
                    rest: "now",
                },
            ),
            (
                "/leave it",
                Line::Other {
                    word: "leave",
                    rest: "it",
                },
            ),
            (
                "/usr/bin/env is a path",
                Line::Say("/usr/bin/env is a path"),
            ),
            ("/^a+$/", Line::Say("/^a+$/")),
            ("/ or /1 or /A", Line::Say("/ or /1 or /A")),
            ("/private den", Line::Private("den")),
            ("/invite", Line::Invite("")),
            ("/invite bob", Line::Invite("bob")),
            (
                "/msg bob  two words",
                Line::Message {
                    to: "bob",
                    text: "two words",
                },
            ),
            (
                "/msg bob",
                Line::Message {
                    to: "bob",
                    text: "",
                },
            ),
            ("/topic  two words ", Line::Topic("two words")),
            ("/topic", Line::Topic("")),
            ("/rename cave", Line::Rename("cave")),
            ("/close den", Line::Close("den")),
            ("/remove bob", Line::Remove("bob")),
            ("/mod bob", role("bob", Role::Moderator)),
            ("/unmod bob", role("bob", Role::Member)),
            ("/handover bob", role("bob", Role::Owner)),
            ("/op", Line::Operate { word: "", rest: "" }),
            (
                "/op owner  den bob",
                Line::Operate {
                    word: "owner",
                    rest: "den bob",
                },
            ),
            (" \n", Line::Empty),
        ] {
            assert_eq!(parse(line), expected, "{line:?}");
        }
    }

    #[test]
    fn commands_and_blanks_are_no_message_that_somebody_writes() {
        for (line, expected) in [
            ("hi", true),
            ("//hi", true),
            ("/msg bob", false),
            ("/", true),
            ("/usr/bin", true),
            (" \n", false),
            ("", false),
        ] {
            assert_eq!(is_message(line), expected, "{line:?}");
        }
    }

    #[test]
    fn names_are_checked_before_they_are_sent() {
        for name in ["", "ada", "größe", "名前", "a-b_c.d"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["a b", "a:b", "a\u{7}", &"x".repeat(33)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
