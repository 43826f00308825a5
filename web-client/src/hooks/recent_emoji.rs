//! The emoji with which a person has reacted last, which the browser remembers.

use yew::prelude::*;

use crate::engine::storage::{self, Setting};

/// The number of emoji that are remembered: a row of the board.
const KEPT: usize = 8;

/// The emoji with which the person has reacted last, the latest one first.
#[derive(Clone, PartialEq)]
pub struct RecentEmoji(Vec<String>);

impl RecentEmoji {
    /// Returns the place of an emoji among the latest.
    pub fn place(&self, emoji: &str) -> Option<usize> {
        self.0.iter().position(|it| it == emoji)
    }

    /// Remembers that the person has reacted with `emoji`.
    pub fn add(&self, emoji: &str) {
        let others = self.0.iter().filter(|it| *it != emoji).map(String::as_str);
        let all: Vec<_> = std::iter::once(emoji).chain(others).take(KEPT).collect();
        storage::save(Setting::RecentEmoji, &all.join(" "));
    }
}

/// Returns what the browser remembers at the first rendering.
#[hook]
pub fn use_recent_emoji() -> RecentEmoji {
    let kept = use_memo((), |()| {
        let kept = storage::load(Setting::RecentEmoji);
        // The browser's storage may hold anything.
        let emoji = kept.split_whitespace().take(KEPT).map(str::to_owned);
        RecentEmoji(emoji.collect())
    });
    (*kept).clone()
}
