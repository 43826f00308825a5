//! Names that an import brings, and those that people have already.

use std::collections::{HashMap, HashSet};

use shared::chat::entry::DisplayName;
use shared::chat::name::MAX_CHARACTERS;
use shared::chat::{Name, UserId};

/// Stands behind the name of somebody who wrote in another program. No name that can be claimed has
/// a bracket, so nobody can take such a name.
pub(super) const MARK: &str = "[imported]";

/// The claimed names, by all that they can be confused with.
pub(super) struct ClaimedNames(HashMap<String, UserId>);

impl ClaimedNames {
    pub(super) fn new(names: &[(UserId, Name)]) -> Self {
        let mut claimed = Self(HashMap::new());
        for (user, name) in names {
            claimed.insert(*user, name);
        }
        claimed
    }

    /// Claims a name for a key. Returns `false` if it speaks for the server, or another key has one
    /// that looks like it.
    pub(super) fn claim(&mut self, user: UserId, name: &Name) -> bool {
        let skeletons = name.skeletons();
        let is_taken = |it: &String| self.0.get(it).is_some_and(|owner| *owner != user);
        if name.is_reserved() || skeletons.iter().any(is_taken) {
            return false;
        }
        self.insert(user, name);
        true
    }

    fn insert(&mut self, user: UserId, name: &Name) {
        for skeleton in name.skeletons() {
            self.0.entry(skeleton).or_insert(user);
        }
    }
}

/// The marked names of an import, each of which one person has.
#[derive(Debug, Default)]
pub(super) struct MarkedNames(HashSet<String>);

impl MarkedNames {
    /// Returns the name of somebody who was called `text`: marked, cut to the length of a name, and
    /// different from all that were given before.
    pub(super) fn give(&mut self, text: &str) -> DisplayName {
        let visible = |c: char| DisplayName::parse(c.encode_utf8(&mut [0; 4])).is_ok();
        let clean: String = text
            .trim()
            .chars()
            .map(|c| if c.is_whitespace() { '-' } else { c })
            // A bracket would let a name end in a mark of its own.
            .filter(|c| visible(*c) && !"[]:*".contains(*c))
            .collect();
        let clean = if clean.is_empty() { "somebody" } else { &clean };
        let mut number = 1;
        loop {
            let end = match number {
                1 => MARK.to_owned(),
                number => format!("-{number}{MARK}"),
            };
            let room = MAX_CHARACTERS.saturating_sub(end.chars().count());
            let start: String = clean.chars().take(room).collect();
            let name = format!("{start}{end}");
            let folded = Name::from_stored(&name).map(|name| name.skeleton());
            if let (Ok(shown), Ok(folded)) = (DisplayName::parse(&name), folded)
                && self.0.insert(folded)
            {
                return shown;
            }
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The attack: a person of another program whose name there is an operator's here.
    #[test]
    fn an_imported_name_is_marked_and_nobody_can_claim_it() {
        let mut names = MarkedNames::default();
        for (text, expected) in [
            ("anna", "anna[imported]"),
            ("anna", "anna-2[imported]"),
            ("Anna", "Anna-3[imported]"),
            ("operator", "operator[imported]"),
            ("guest-0123456789abcdef", "guest-0123456789abcdef[imported]"),
            ("eve[imported]", "eveimported[imported]"),
            ("Anna Maria\n", "Anna-Maria[imported]"),
            ("\u{202e}\u{200b}", "somebody[imported]"),
            ("", "somebody-2[imported]"),
            (
                "a name that is much longer than names are",
                "a-name-that-is-much-lo[imported]",
            ),
            ("明日", "明日[imported]"),
        ] {
            let name = names.give(text);
            assert_eq!(name.as_str(), expected, "{text:?}");
            assert!(
                Name::parse(name.as_str()).is_err(),
                "{text:?} can be claimed"
            );
        }
    }
}
