//! A measure of how well a few typed letters fit a name. All letters must be in the name, in their
//! order. Letters that stand together or begin a word fit better.
//!
//! The module is pure.

use shared::chat::lowercase;

/// Returns how well `query` fits `name`: a higher number is better, `None` means not at all.
pub fn score(query: &str, name: &str) -> Option<i32> {
    let lower = |text: &str| lowercase(text).chars().collect::<Vec<_>>();
    let (query, name) = (lower(query.trim()), lower(name));
    let mut score = 0;
    let mut at = 0;
    let mut previous = None;
    for letter in query {
        let found = at + name[at..].iter().position(|other| *other == letter)?;
        let begins = found == 0 || !name[found - 1].is_alphanumeric();
        score += match previous {
            Some(previous) if found == previous + 1 => 3,
            _ if begins => 2,
            _ => 0,
        };
        // A gap costs less than the beginning of a word gives, so that initials find a name.
        score -= i32::from(found > at);
        previous = Some(found);
        at = found + 1;
    }
    Some(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_must_be_there_in_their_order() {
        assert_eq!(score("xyz", "lobby"), None);
        assert_eq!(score("bol", "lobby"), None);
        assert!(score("", "lobby").is_some());
        assert!(score("LOB", "lobby").is_some());
    }

    #[test]
    fn what_is_together_or_begins_a_word_fits_better() {
        assert!(score("rust", "rust") > score("rust", "r-u-s-t"));
        assert!(score("ne", "rust-news") > score("ne", "airplane"));
        assert!(score("lo", "lobby") > score("lo", "hello"));
    }
}
