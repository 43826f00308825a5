//! The plain-text chat of the lobby: lines and slash commands, for clients as old as the Python
//! demo's.
//!
//! A plaintext that is no JSON object with a `type` is a line to the lobby. The server answers in
//! plain text: `<name>: <text>` for everybody's lines, `* <notice>` for everything else.

use std::fmt;

use crate::json::text_fields;

/// A line of a plain-text client, as a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientLine<'a> {
    /// A line for everybody in the lobby.
    Text(&'a str),
    /// `/name NEW`: takes a name.
    Name(&'a str),
    /// `/who`: asks for the people in the lobby.
    Who,
    /// `/help`: asks for the commands.
    Help,
    /// `/quit`: ends the session.
    Quit,
    /// A slash command that does not exist, with its first word.
    UnknownCommand(&'a str),
    /// A line of nothing but white space.
    Empty,
    /// A JSON object with a `type`: a chat object, not a line.
    Object,
}

impl<'a> ClientLine<'a> {
    /// Reads a plaintext.
    ///
    /// A line that starts with `//` is text that starts with `/`.
    pub fn parse(plaintext: &'a str) -> Self {
        // Only newlines at the end are dropped: all others are part of the person's text.
        let text = plaintext.trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            return Self::Empty;
        }
        if is_chat_object(text) {
            return Self::Object;
        }
        let Some(command) = text.strip_prefix('/') else {
            return Self::Text(text);
        };
        if command.starts_with('/') {
            return Self::Text(command);
        }
        let (word, rest) = command
            .split_once(char::is_whitespace)
            .unwrap_or((command, ""));
        match (word, rest.trim()) {
            ("name", name) => Self::Name(name),
            ("who", "") => Self::Who,
            ("help", "") => Self::Help,
            ("quit", "") => Self::Quit,
            _ => Self::UnknownCommand(word),
        }
    }
}

fn is_chat_object(text: &str) -> bool {
    // Most texts have no brace, and need no look at the rest.
    text.trim_start().starts_with('{')
        && text_fields(text.as_bytes(), ["type"]).is_ok_and(|[kind]| kind.is_some())
}

/// A line of the server to a plain-text client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerLine<'a> {
    /// A person's line, the receiver's own included.
    Message {
        /// The writer's name.
        from: &'a str,
        /// The line's text.
        text: &'a str,
    },
    /// A line of the server's own.
    Notice(&'a str),
}

impl<'a> ServerLine<'a> {
    /// Reads a line. It is unambiguous, because a name has no colon, no space and does not start
    /// with `*`; a line that fits neither form is a notice as a whole.
    pub fn parse(line: &'a str) -> Self {
        // A notice first, because no name starts with `*` (PROTOCOL.md §4.1).
        if let Some(notice) = line.strip_prefix("* ") {
            return Self::Notice(notice);
        }
        match line.split_once(": ") {
            // A name has no white space, so a colon behind some belongs to a notice's text.
            Some((from, text)) if !from.is_empty() && !from.contains(char::is_whitespace) => {
                Self::Message { from, text }
            }
            _ => Self::Notice(line),
        }
    }
}

impl fmt::Display for ServerLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message { from, text } => write!(f, "{from}: {text}"),
            Self::Notice(text) => write!(f, "* {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn commands_and_text_are_told_apart() {
            for (text, expected) in [
                ("hello", ClientLine::Text("hello")),
                ("hello\n", ClientLine::Text("hello")),
                ("two\nlines", ClientLine::Text("two\nlines")),
                (" /who", ClientLine::Text(" /who")),
                ("//etc", ClientLine::Text("/etc")),
                ("/name anna", ClientLine::Name("anna")),
                ("/name  anna b ", ClientLine::Name("anna b")),
                ("/name", ClientLine::Name("")),
                ("/who", ClientLine::Who),
                ("/help\r\n", ClientLine::Help),
                ("/quit ", ClientLine::Quit),
                ("/quit now", ClientLine::UnknownCommand("quit")),
                ("/dance", ClientLine::UnknownCommand("dance")),
                ("", ClientLine::Empty),
                (" \n\n", ClientLine::Empty),
                ("{\"type\":\"hello\"}", ClientLine::Object),
                ("{\"kind\":\"hello\"}", ClientLine::Text("{\"kind\":\"hello\"}")),
                ("{\"type\":7}", ClientLine::Text("{\"type\":7}")),
                ("{oops", ClientLine::Text("{oops")),
            ] {
                assert_eq!(ClientLine::parse(text), expected, "{text:?}");
            }
        }

        fn server_lines_round_trip() {
            for line in [
                ServerLine::Message { from: "anna", text: "see: this" },
                ServerLine::Message { from: "anna", text: "* not a notice" },
                ServerLine::Notice("anna joined"),
                ServerLine::Notice("bert: said nothing"),
            ] {
                assert_eq!(ServerLine::parse(&line.to_string()), line);
            }
        }
    }
}
