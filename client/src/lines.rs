//! What the person types: text, or a command.
//!
//! Pure. The forms are those of the lobby's plain text, which `shared` reads.

use shared::chat::name::MAX_CHARACTERS as NAME_MAX_CHARS;
use shared::chat::plain::ClientLine;

/// What `/help` says.
pub const HELP: &str = "/name NEW takes a name, /who lists who is here, /join ROOM joins or \
                        creates a room, /private ROOM creates one for those who are invited, \
                        /invite NAME lets somebody in, /msg NAME TEXT writes to somebody alone, \
                        /leave leaves this room, /quit ends the session, // starts a message with \
                        a slash.";

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    /// Say this.
    Say(&'a str),
    /// Take a name.
    Name(&'a str),
    /// Join a room, or create it.
    Join(&'a str),
    /// Create a room for those who are invited.
    Private(&'a str),
    /// Let somebody into this room.
    Invite(&'a str),
    /// Write to somebody alone.
    Message {
        /// Who.
        to: &'a str,
        /// What; nothing only opens their room.
        text: &'a str,
    },
    /// Leave the room.
    Leave,
    /// Who is here?
    Who,
    /// Which commands are there?
    Help,
    /// End the session.
    Quit,
    /// Another command, which a program may have.
    Other {
        /// Its first word.
        word: &'a str,
        /// What follows.
        rest: &'a str,
    },
    /// Nothing.
    Empty,
}

/// Reads a line.
pub fn parse(line: &str) -> Line<'_> {
    match ClientLine::parse(line) {
        ClientLine::Text(text) => Line::Say(text),
        ClientLine::Name(name) => Line::Name(name),
        ClientLine::Who => Line::Who,
        ClientLine::Help => Line::Help,
        ClientLine::Quit => Line::Quit,
        ClientLine::UnknownCommand(word) => command(word, rest(line)),
        ClientLine::Empty => Line::Empty,
        // Here it is a text like any other.
        ClientLine::Object => Line::Say(line.trim_end()),
    }
}

/// What follows the first word.
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
        "leave" if rest.is_empty() => Line::Leave,
        word => Line::Other { word, rest },
    }
}

/// Checks a display name before it is sent; empty means the server's guest name. The server checks
/// again, and more: which scripts may be mixed, and who has the name already.
///
/// # Errors
/// One sentence that says what is wrong.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    if name.chars().count() > NAME_MAX_CHARS {
        return Err("A name has at most 32 characters.");
    }
    if name.contains(char::is_whitespace) {
        return Err("A name has no spaces; use - or _ instead.");
    }
    // Beyond ASCII, accents and vowel signs are neither letters nor digits, and belong to names.
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
            (" \n", Line::Empty),
        ] {
            assert_eq!(parse(line), expected, "{line:?}");
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
