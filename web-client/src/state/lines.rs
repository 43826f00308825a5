//! Reads the plain text lines of the lobby: who said what, and what is a notice.
//!
//! Pure text in, values out. It must not know where a line comes from. The forms themselves are
//! `shared`'s; what is added here is what the page wants to know of a notice.

use shared::chat::name::MAX_CHARACTERS as NAME_MAX_CHARS;
use shared::chat::plain::{ClientLine, ServerLine};

/// One text from the server, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// `NAME: text`.
    Said {
        /// The sender's display name.
        name: String,
        /// The text, which may have several lines.
        text: String,
    },
    /// `* Welcome to the lobby, NAME. …`: the first line of a session.
    Welcome {
        /// The name that the server gave us.
        name: String,
        /// The whole notice without its `* `.
        notice: String,
    },
    /// `* OLD is now NEW`.
    Renamed {
        /// The name until now.
        old: String,
        /// The name from now on.
        new: String,
        /// The whole notice without its `* `.
        notice: String,
    },
    /// Any other notice, and any text that has none of these forms.
    Notice(String),
}

/// Understands one plaintext.
///
/// ```
/// use web_client::state::lines::{Line, parse};
/// let line = Line::Said { name: "ada".into(), text: "hi: there\nall".into() };
/// assert_eq!(parse("ada: hi: there\nall"), line);
/// ```
pub fn parse(text: &str) -> Line {
    match ServerLine::parse(text) {
        ServerLine::Message { from, text } => Line::Said {
            name: from.to_owned(),
            text: text.to_owned(),
        },
        ServerLine::Notice(notice) => parse_notice(notice),
    }
}

fn parse_notice(notice: &str) -> Line {
    let owned = notice.to_owned();
    if let Some(rest) = notice.strip_prefix("Welcome to the lobby, ") {
        // A name may contain dots, so that it ends at the dot before a space or the end.
        let name = rest.split(char::is_whitespace).next().unwrap_or_default();
        let name = name.strip_suffix('.').unwrap_or(name);
        if is_name(name) {
            return Line::Welcome {
                name: name.to_owned(),
                notice: owned,
            };
        }
    }
    if let Some((old, new)) = notice.split_once(" is now ") {
        let new = new
            .strip_suffix('.')
            .filter(|_| !is_name(new))
            .unwrap_or(new);
        if is_name(old) && is_name(new) {
            return Line::Renamed {
                old: old.to_owned(),
                new: new.to_owned(),
                notice: owned,
            };
        }
    }
    Line::Notice(owned)
}

/// Could this be a name? Looser than the server, whose tables of all scripts would make a quarter
/// of this page's download.
fn is_name(text: &str) -> bool {
    check_name(text).is_ok() && !text.is_empty()
}

/// What comes back for `text` if it arrives; `None` for commands and the like, which have no echo.
pub fn echo_of(text: &str) -> Option<&str> {
    match ClientLine::parse(text) {
        ClientLine::Text(echo) => Some(echo),
        _ => None,
    }
}

/// Would the server drop this text without a word?
pub fn is_empty(text: &str) -> bool {
    ClientLine::parse(text) == ClientLine::Empty
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
    fn a_message_keeps_its_colons_and_line_breaks() {
        let line = Line::Said {
            name: "zoë.x".into(),
            text: "a: b\n* c\n\nd".into(),
        };
        assert_eq!(parse("zoë.x: a: b\n* c\n\nd"), line);
        assert_eq!(
            parse("ada: "),
            Line::Said {
                name: "ada".into(),
                text: String::new()
            }
        );
    }

    #[test]
    fn a_text_cannot_pose_as_a_notice_or_another_sender() {
        assert_eq!(
            parse("ada: * bob left"),
            Line::Said {
                name: "ada".into(),
                text: "* bob left".into()
            }
        );
        assert_eq!(parse("two words: x"), Line::Notice("two words: x".into()));
        assert_eq!(parse(": x"), Line::Notice(": x".into()));
        assert_eq!(parse(""), Line::Notice(String::new()));
    }

    #[test]
    fn welcome_names_us() {
        for (text, name) in [
            (
                "* Welcome to the lobby, guest-0a1b2c3d. 3 here.",
                "guest-0a1b2c3d",
            ),
            ("* Welcome to the lobby, a.b. Type /help.", "a.b"),
            ("* Welcome to the lobby, ada", "ada"),
        ] {
            match parse(text) {
                Line::Welcome {
                    name: found,
                    notice,
                } => {
                    assert_eq!(found, name);
                    assert_eq!(format!("* {notice}"), text);
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(matches!(parse("* Welcome to the lobby, "), Line::Notice(_)));
    }

    #[test]
    fn renames_are_read_and_look_alikes_are_not() {
        assert!(matches!(
            parse("* guest-1 is now ada"),
            Line::Renamed { old, new, .. } if old == "guest-1" && new == "ada"
        ));
        assert!(matches!(parse("* this is now two words"), Line::Notice(_)));
        assert!(matches!(parse("* ada joined"), Line::Notice(text) if text == "ada joined"));
    }

    #[test]
    fn names_are_checked_before_they_are_sent() {
        assert_eq!(check_name(""), Ok(()));
        assert_eq!(check_name("Zoë-1_2.x"), Ok(()));
        assert!(check_name("a b").is_err());
        assert!(check_name("a:b").is_err());
        assert_eq!(check_name(&"é".repeat(32)), Ok(()));
        let why = check_name(&"é".repeat(33)).unwrap_err();
        assert!(why.starts_with("A name") && why.ends_with('.'), "{why}");
    }

    #[test]
    fn only_text_is_echoed() {
        assert_eq!(echo_of("hi\nthere\n"), Some("hi\nthere"));
        assert_eq!(echo_of("//etc"), Some("/etc"));
        assert_eq!(echo_of("/who"), None);
        assert!(is_empty(" \n"));
    }
}
