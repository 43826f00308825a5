//! Texts, topics and reactions of other programs, as this one has them.

use shared::chat::limits::TEXT_BYTES;
use shared::chat::{Emoji, Text};

/// Returns a text in parts that a message can have; none if it shows nothing. Other programs allow
/// longer ones, and a message has to fit a frame.
pub(super) fn parts(text: &str) -> Vec<Text> {
    let is_harmful = |c: char| c.is_control() && c != '\n' && c != '\t';
    let text = text.replace("\r\n", "\n").replace(is_harmful, "");
    let mut parts = Vec::new();
    let mut rest = text.trim_end();
    while !rest.is_empty() {
        let (part, behind) = rest.split_at(end_of_part(rest));
        // A part that shows nothing, such as blank lines between two, is no message.
        parts.extend(Text::parse(part));
        rest = behind;
    }
    parts
}

/// Returns the end of the first part: behind a line if there is one, or a word.
fn end_of_part(text: &str) -> usize {
    if text.len() <= TEXT_BYTES {
        return text.len();
    }
    let most = text.floor_char_boundary(TEXT_BYTES);
    let start = &text[..most];
    // In the last half: a part should not be short because of an early line.
    let behind = |at: usize| (at > TEXT_BYTES / 2).then_some(at + 1);
    let line = start.rfind('\n').and_then(behind);
    let word = || start.rfind(' ').and_then(behind);
    line.or_else(word).unwrap_or(most)
}

/// Adds the name of a file that was left out.
pub(super) fn add_file(text: &mut String, name: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str("[file: ");
    text.push_str(name);
    text.push(']');
}

/// Returns the reaction that Slack and Mattermost call `name`; `None` for one of their own making.
pub(super) fn emoji(name: &str) -> Option<Emoji> {
    // Skin tones stand behind two colons.
    let name = name.split("::").next().unwrap_or(name);
    let found = emojis::get_by_shortcode(name).or_else(|| {
        let other = OTHER_NAMES.iter().find(|(theirs, _)| *theirs == name);
        other.and_then(|(_, emoji)| emojis::get(emoji))
    });
    found.and_then(|emoji| Emoji::parse(emoji.as_str()).ok())
}

/// Names that differ from GitHub's, which the library has.
const OTHER_NAMES: [(&str, &str); 8] = [
    ("slightly_smiling_face", "🙂"),
    ("simple_smile", "🙂"),
    ("the_horns", "🤘"),
    ("thinking_face", "🤔"),
    ("hugging_face", "🤗"),
    ("face_with_rolling_eyes", "🙄"),
    ("man-shrugging", "🤷‍♂️"),
    ("woman-shrugging", "🤷‍♀️"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        parts(text)
            .iter()
            .map(|part| part.as_str().to_owned())
            .collect()
    }

    #[test]
    fn a_long_text_becomes_several_messages_of_the_same_words() {
        let line = "word ".repeat(100) + "\n";
        let long = line.repeat(200);
        let parts = texts(&long);
        assert!(parts.len() > 5);
        assert!(
            parts
                .iter()
                .all(|part| part.len() <= TEXT_BYTES && part.ends_with('\n')
                    || part.ends_with("word"))
        );
        assert_eq!(parts.concat(), long.trim_end());
        // Without a place to cut, also not within a character.
        let parts = texts(&"é".repeat(20_000));
        assert_eq!(parts.concat(), "é".repeat(20_000));
    }

    #[test]
    fn what_moves_a_terminals_cursor_or_shows_nothing_is_left_out() {
        assert_eq!(texts("a\u{1b}[2Jb\r\nc\td"), ["a[2Jb\nc\td"]);
        for nothing in ["", " \n ", "\u{200b}", "\u{7}"] {
            assert_eq!(texts(nothing), [""; 0], "{nothing:?}");
        }
    }

    #[test]
    fn reactions_have_the_characters_of_their_names() {
        for (name, expected) in [
            ("thumbsup", "👍"),
            ("+1", "👍"),
            ("+1::skin-tone-3", "👍"),
            ("heart", "❤️"),
            ("tada", "🎉"),
            ("thinking_face", "🤔"),
        ] {
            assert_eq!(emoji(name).unwrap().as_str(), expected, "{name}");
        }
        for name in ["our-logo", "", "::", "../../etc"] {
            assert!(emoji(name).is_none(), "{name}");
        }
    }
}
