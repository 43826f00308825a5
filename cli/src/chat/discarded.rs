//! The texts that a person has let go of: Up in an empty composer walks through them.

use std::collections::VecDeque;

/// The most texts that are kept.
const TEXTS: usize = 20;

/// The most bytes of all these texts together. The latest one is kept whatever its length.
const BYTES: usize = 1024 * 1024;

/// The texts that were discarded, latest first, and the place of a walk through them.
#[derive(Debug, Default)]
pub(crate) struct Discarded {
    texts: VecDeque<String>,
    /// The number of texts that the walk has shown. One more than there are: it has passed them
    /// all, and Up goes to the messages.
    walked: usize,
}

impl Discarded {
    /// Keeps a text. The next walk begins with it.
    pub(crate) fn push(&mut self, text: String) {
        if text.trim().is_empty() {
            return;
        }
        self.texts.retain(|other| *other != text);
        self.texts.push_front(text);
        self.texts.truncate(TEXTS);
        while self.texts.len() > 1 && self.texts.iter().map(String::len).sum::<usize>() > BYTES {
            self.texts.pop_back();
        }
        self.walked = 0;
    }

    /// Forgets a text that was sent after all.
    pub(crate) fn remove(&mut self, text: &str) {
        let Some(at) = self.texts.iter().position(|other| other == text) else {
            return;
        };
        self.texts.remove(at);
        if at < self.walked {
            self.walked -= 1;
        }
    }

    /// Returns `true` if `text` is the one that the walk is at, or if it is empty: then the walk
    /// can go on without a loss.
    fn is_at(&self, text: &str) -> bool {
        let shown = self.walked.checked_sub(1).and_then(|at| self.texts.get(at));
        text.is_empty() || shown.is_some_and(|shown| shown == text)
    }

    /// Walks to the text before the one that the composer has. `None` if there is no such text.
    pub(crate) fn older(&mut self, composer: &str) -> Option<&str> {
        if !self.is_at(composer) {
            return None;
        }
        self.walked = (self.walked + 1).min(self.texts.len() + 1);
        self.texts.get(self.walked - 1).map(String::as_str)
    }

    /// Walks back to the text after the one that the composer has, and at last to an empty one.
    /// `None` if no walk is under way.
    pub(crate) fn newer(&mut self, composer: &str) -> Option<&str> {
        if self.walked == 0 || !self.is_at(composer) {
            return None;
        }
        self.walked -= 1;
        let text = self.walked.checked_sub(1).and_then(|at| self.texts.get(at));
        Some(text.map_or("", String::as_str))
    }

    /// Returns `true` if the composer has a text of the walk, which stays here when it is cleared.
    pub(crate) fn has(&self, composer: &str) -> bool {
        self.texts.iter().any(|text| text == composer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_goes_through_all_texts_and_back() {
        let mut discarded = Discarded::default();
        for text in ["long", "word", " \n", "word"] {
            discarded.push(text.to_owned());
        }
        assert_eq!(discarded.older("other"), None, "it would be lost");
        assert_eq!(discarded.older(""), Some("word"));
        assert_eq!(discarded.older("word"), Some("long"));
        assert_eq!(discarded.older("long"), None);
        assert_eq!(discarded.older(""), None, "it is not offered again");
        assert_eq!(discarded.newer(""), Some("long"));
        assert_eq!(discarded.newer("long"), Some("word"));
        assert_eq!(discarded.newer("word"), Some(""));
        assert_eq!(discarded.newer(""), None);
        discarded.remove("word");
        assert_eq!(discarded.older(""), Some("long"));
    }

    #[test]
    fn the_texts_are_bounded() {
        let mut discarded = Discarded::default();
        for number in 0..100 {
            discarded.push(number.to_string());
        }
        assert_eq!(discarded.texts.len(), TEXTS);
        discarded.push("x".repeat(2 * BYTES));
        assert_eq!(discarded.texts.len(), 1);
    }
}
