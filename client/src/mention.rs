//! Mentions of somebody in a text: `@name`, not inside another word.

/// Returns `true` if `text` has `@name` in it, whatever the case of ASCII letters.
pub fn is_in(text: &str, name: &str) -> bool {
    find(text, name).next().is_some()
}

/// Returns the byte ranges of the mentions, with the `@`.
pub fn find<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
    text.match_indices('@').filter_map(move |(at, _)| {
        let end = at + 1 + name.len();
        let said = text.get(at + 1..end)?;
        let before = text[..at].chars().next_back();
        let after = text[end..].chars();
        let inside = before.is_some_and(char::is_alphanumeric) || goes_on(after);
        (!name.is_empty() && said.eq_ignore_ascii_case(name) && !inside).then_some(at..end)
    })
}

/// Returns `true` if a name would go on here: a full stop or a hyphen at the end of a word ends it.
fn goes_on(mut rest: std::str::Chars<'_>) -> bool {
    match rest.next() {
        Some('-' | '.') => rest.next().is_some_and(|c| c.is_alphanumeric() || c == '_'),
        Some(c) => c.is_alphanumeric() || c == '_',
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
        ] {
            assert!(is_in(text, "ada"), "{text}");
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
        ] {
            assert!(!is_in(text, "ada"), "{text}");
        }
        assert!(is_in("ja, @größe?", "größe"));
        assert_eq!(find("@ada @ada", "ada").collect::<Vec<_>>(), [0..4, 5..9]);
    }
}
