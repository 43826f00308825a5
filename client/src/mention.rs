//! Mentions of a person in a text: `@name`, outside of other words, code and links.

use crate::markup::{self, is_word};

/// Returns `true` if a message mentions this name.
pub fn is_in_message(message: &str, name: &str) -> bool {
    // Most messages have none, and need not be parsed.
    is_in(message, name)
        && markup::texts(&markup::parse(message))
            .into_iter()
            .any(|text| is_in(text, name))
}

/// Returns `true` if `text` contains `@name`. The case of ASCII letters does not matter.
pub fn is_in(text: &str, name: &str) -> bool {
    find(text, name).next().is_some()
}

/// Returns the byte ranges of the mentions, including the `@`.
pub fn find<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
    text.match_indices('@').filter_map(move |(at, _)| {
        let end = at + 1 + name.len();
        // `get`, because the end may fall inside a character of another text.
        let said = text.get(at + 1..end)?;
        let before = text[..at].chars().next_back();
        let after = text[end..].chars();
        // An address such as `mail@ada` is no mention.
        let inside = before.is_some_and(is_word) || goes_on(after);
        (!name.is_empty() && said.eq_ignore_ascii_case(name) && !inside).then_some(at..end)
    })
}

/// Returns `true` if a name would go on here. A full stop or a hyphen at the end of a word does not
/// belong to a name.
fn goes_on(mut rest: std::str::Chars<'_>) -> bool {
    match rest.next() {
        Some('-' | '.') => rest.next().is_some_and(|c| is_word(c) || c == '_'),
        Some(c) => is_word(c) || c == '_',
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_meant_only_as_a_word_of_its_own() {
        for text in [
            "@ada",
            "hi @Ada!",
            "(@ada)",
            "see @ada.",
            "@ada- no",
            "@x @ada",
            "你好@ada你好",
            "@adaさん",
            "@ada님",
            "**@ada**",
            "> @ada",
        ] {
            assert!(is_in_message(text, "ada"), "{text}");
        }
        for text in [
            "ada",
            "@adam",
            "@ada.b",
            "@ada-b",
            "@ada_",
            "mail x@ada",
            "@",
            "@ü",
            "`@ada`",
            "```\n@ada\n```",
            "https://a.example/@ada",
            "[x](https://a.example/@ada)",
            "é@ada",
            "@adaé",
        ] {
            assert!(!is_in_message(text, "ada"), "{text}");
        }
        assert!(is_in("ja, @größe?", "größe"));
        assert_eq!(find("@ada @ada", "ada").collect::<Vec<_>>(), [0..4, 5..9]);
    }
}
