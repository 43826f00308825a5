//! Completion in the composer: people after `@`, emoji after `:`, commands after a `/` at the
//! beginning.
//!
//! Pure: text and caret in, the word under completion and its options out.

use std::ops::Range;

use crate::fuzzy;
use crate::markup::is_word;
use crate::sorting;

/// Most options that are offered: so many stand over a composer without covering the talk.
pub const OFFERED: usize = 8;

/// The commands, their arguments, and their effects. Those of the console are a help of their own.
pub const COMMANDS: [(&str, &str, &str); 17] = [
    ("name", "NEW", "Take another name"),
    ("join", "ROOM", "Join or create a room"),
    ("private", "ROOM", "Create a room for those who are invited"),
    ("invite", "NAME", "Let somebody into this room"),
    ("msg", "NAME TEXT", "Write to somebody alone"),
    ("leave", "", "Leave this room"),
    ("who", "", "List who is here"),
    ("topic", "TEXT", "Change the topic of this room"),
    ("rename", "NEW", "Rename this room"),
    ("remove", "NAME", "Remove a member from this room"),
    ("mod", "NAME", "Make a member a moderator"),
    ("unmod", "NAME", "Make a moderator a member"),
    ("handover", "NAME", "Give this room away"),
    ("close", "ROOM", "Delete a room with everything in it"),
    ("invitation", "LINK", "Redeem an invitation to this server"),
    ("help", "", "List the commands"),
    ("quit", "", "End the session"),
];

/// The kind of a word under completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A person's name.
    Person,
    /// A command.
    Command,
    /// An emoji, by its name.
    Emoji,
}

/// A word under completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The kind of the word.
    pub kind: Kind,
    /// The bytes of the text that are replaced, from the sign on.
    pub range: Range<usize>,
    /// The word without its sign, as far as it is written.
    pub typed: String,
}

/// Returns the word that the caret is at the end of, if it can be completed. `caret` is in bytes.
pub fn word_at(text: &str, caret: usize) -> Option<Word> {
    let before = text.get(..caret)?;
    // Inside of a word nobody waits for its end.
    let goes_on = |c: char| is_word(c) || matches!(c, '_' | '-' | '.');
    if text[caret..].chars().next().is_some_and(goes_on) {
        return None;
    }
    if let Some(typed) = before.strip_prefix('/') {
        return typed.bytes().all(|b| b.is_ascii_lowercase()).then(|| Word {
            kind: Kind::Command,
            range: 0..caret,
            typed: typed.to_owned(),
        });
    }
    if let Some(word) = emoji_at(before) {
        return Some(word);
    }
    let at = before.rfind('@')?;
    let typed = &before[at + 1..];
    let inside = before[..at].chars().next_back().is_some_and(is_word);
    // As a mention is found in a text: `mail@ada` is none.
    (!inside && typed.chars().all(goes_on)).then(|| Word {
        kind: Kind::Person,
        range: at..caret,
        typed: typed.to_owned(),
    })
}

/// Returns the name of an emoji that `before` ends with. Two letters are needed, and a blank before
/// the sign: times, addresses and paths of programs have colons, too.
fn emoji_at(before: &str) -> Option<Word> {
    let at = before.rfind(':')?;
    let typed = &before[at + 1..];
    let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_+-".contains(&b);
    let outside = before[..at].chars().next_back();
    let begins = outside.is_none_or(|c| c.is_whitespace() || "([{\"“„«".contains(c));
    (begins && typed.len() >= 2 && typed.bytes().all(is_name)).then(|| Word {
        kind: Kind::Emoji,
        range: at..before.len(),
        typed: typed.to_owned(),
    })
}

/// Returns the names that fit `typed` best, at most [`OFFERED`].
pub fn people(typed: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let scored = names.filter_map(|name| Some((fuzzy::score(typed, &name)?, name)));
    let mut scored: Vec<_> = scored.collect();
    // What fits alike by name.
    sorting::sort_by(&mut scored, |a, b| {
        b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1))
    });
    scored.dedup();
    scored.truncate(OFFERED);
    scored.into_iter().map(|(_, name)| name).collect()
}

/// Returns the places in [`COMMANDS`] of the commands that begin with `typed`.
pub fn commands(typed: &str) -> Vec<usize> {
    let all = COMMANDS.iter().enumerate();
    let found = all.filter(|(_, (name, ..))| name.starts_with(typed));
    found.map(|(place, _)| place).take(OFFERED).collect()
}

/// Returns `text` with the option in the place of the word, and the caret behind it, in bytes.
pub fn complete(text: &str, word: &Word, option: &str) -> (String, usize) {
    let sign = match word.kind {
        Kind::Person => "@",
        Kind::Command => "/",
        // The emoji itself is written.
        Kind::Emoji => "",
    };
    let (before, after) = (&text[..word.range.start], &text[word.range.end..]);
    // One blank, so that one can write on.
    let blank = if after.starts_with(' ') { "" } else { " " };
    let head = format!("{before}{sign}{option}{blank}");
    let caret = head.len() + usize::from(blank.is_empty());
    (head + after, caret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::{self, HELP, Line};

    fn typed(text: &str) -> Option<(Kind, String)> {
        let caret = text.find('|').unwrap();
        let word = word_at(&text.replace('|', ""), caret)?;
        Some((word.kind, word.typed))
    }

    #[test]
    fn names_and_commands_are_completed_where_they_can_stand() {
        let person = |name: &str| Some((Kind::Person, name.to_owned()));
        let emoji = |name: &str| Some((Kind::Emoji, name.to_owned()));
        let command = |name: &str| Some((Kind::Command, name.to_owned()));
        for (text, expected) in [
            ("@|", person("")),
            ("hi @ad|", person("ad")),
            ("hi @ad| and more", person("ad")),
            ("(@ad|)", person("ad")),
            ("@a.b-c|", person("a.b-c")),
            // Chinese has no blanks.
            ("你好@zo|", person("zo")),
            ("mail@ad|", None),
            ("@ad a|", None),
            ("@a|da", None),
            ("no sign|", None),
            ("|@ada", None),
            ("/|", command("")),
            ("/jo|", command("jo")),
            ("/join de|", None),
            ("say /jo|", None),
            ("/usr/b|", None),
            ("/J|", None),
            ("//|", None),
            ("/msg @bo|", None),
            (":ro|", emoji("ro")),
            ("so (:ro|)", emoji("ro")),
            (":r|", None),
            (":)|", None),
            ("10:30|", None),
            ("std::io|", None),
            ("http://ro|", None),
            (": ro|", None),
        ] {
            assert_eq!(typed(text), expected, "{text}");
        }
        for caret in 0..=8 {
            // Also within a character, which no caret is.
            let _ = word_at("ä@öü", caret);
        }
    }

    #[test]
    fn an_option_takes_the_place_of_the_word() {
        for (text, option, expected) in [
            ("hi @ad|", "ada", "hi @ada |"),
            ("hi @ad| you", "ada", "hi @ada |you"),
            ("(@ad|)", "ada", "(@ada |)"),
            ("/jo|", "join", "/join |"),
            ("go :ro|", "🚀", "go 🚀 |"),
        ] {
            let caret = text.find('|').unwrap();
            let text = text.replace('|', "");
            let word = word_at(&text, caret).unwrap();
            let (mut done, caret) = complete(&text, &word, option);
            done.insert(caret, '|');
            assert_eq!(done, expected);
        }
    }

    #[test]
    fn the_best_few_are_offered() {
        let names = ["bob", "ada", "adam", "zoe", "Ada-B"].map(str::to_owned);
        assert_eq!(
            people("ad", names.clone().into_iter()),
            ["Ada-B", "ada", "adam"]
        );
        assert_eq!(people("q", names.clone().into_iter()), [""; 0]);
        // A whole name is among what is offered, however many begin like it: Enter sends it.
        let crowd = (0..100)
            .map(|number| format!("bo-{number}"))
            .chain(["bo".to_owned()]);
        assert!(people("bo", crowd).contains(&"bo".to_owned()));
        let many = (0..1000).map(|n| format!("guest-{n}"));
        assert_eq!(people("g", many).len(), OFFERED);
        assert_eq!(commands("jo"), [1]);
        assert_eq!(commands("").len(), OFFERED);
    }

    #[test]
    fn the_commands_are_those_of_the_help() {
        for (name, ..) in COMMANDS {
            let line = format!("/{name}");
            let parsed = lines::parse(&line);
            let known = !matches!(parsed, Line::Say(_) | Line::Other { .. });
            assert!(known, "{line} is no command");
            assert!(name == "help" || HELP.contains(&line), "{line}");
        }
    }
}
