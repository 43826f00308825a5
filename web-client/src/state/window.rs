//! The part of a long log that is in the document: a range of messages that moves with the reader.
//!
//! Pure. Messages are known by their numbers, so that the range stays in place when older ones are
//! inserted before it.

use std::ops::Range;

use shared::chat::Seq;

/// The most messages in the document.
pub const SIZE: usize = 200;

/// The number of messages in the document while the reader follows the latest one: more than the
/// highest of usual screens holds (4K, a line each). The browser lays out and paints all of them
/// with each message that arrives.
const FOLLOWED: usize = 100;

/// The number of messages by which the range moves: more than a screen of the former range remains.
const STEP: usize = 80;

/// The range of messages in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// The first message; without one, the latest messages are shown.
    first: Option<Seq>,
}

impl Window {
    /// Returns the range of indices among `count` messages; `seq` returns the number of each.
    pub fn of(self, count: usize, seq: impl Fn(usize) -> Seq) -> Range<usize> {
        let latest = count.saturating_sub(FOLLOWED);
        let start = match self.first {
            // Never beyond the latest window: otherwise the document would hold fewer messages than
            // a screen.
            Some(first) => partition(count, |at| seq(at) < first).min(latest),
            None => latest,
        };
        start..count.min(start + SIZE)
    }

    /// Returns the window one step towards the older messages.
    #[must_use]
    pub fn up(self, count: usize, seq: impl Fn(usize) -> Seq) -> Self {
        let start = self.of(count, &seq).start.saturating_sub(STEP);
        Self::from(start, count, seq)
    }

    /// Returns the window one step towards the latest message.
    #[must_use]
    pub fn down(self, count: usize, seq: impl Fn(usize) -> Seq) -> Self {
        let start = self.of(count, &seq).start + STEP;
        Self::from(start.min(count.saturating_sub(FOLLOWED)), count, seq)
    }

    /// Returns the window that stays where this one is, also when new messages arrive.
    #[must_use]
    pub fn frozen(self, count: usize, seq: impl Fn(usize) -> Seq) -> Self {
        Self::from(self.of(count, &seq).start, count, seq)
    }

    /// Returns the window with the message at this index in its middle.
    pub fn around(at: usize, seq: impl Fn(usize) -> Seq) -> Self {
        Self {
            first: Some(seq(at.saturating_sub(SIZE / 2))),
        }
    }

    fn from(start: usize, count: usize, seq: impl Fn(usize) -> Seq) -> Self {
        Self {
            first: (start < count).then(|| seq(start)),
        }
    }
}

/// Returns the first index for which `before` does not hold; it holds for all indices before that.
fn partition(count: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns numbers with gaps: not every entry is a message.
    fn seq(at: usize) -> Seq {
        at as Seq * 3 + 1
    }

    #[test]
    fn a_short_log_is_there_as_a_whole() {
        assert_eq!(Window::default().of(0, seq), 0..0);
        assert_eq!(Window::default().of(7, seq), 0..7);
        assert_eq!(Window::default().up(7, seq).of(7, seq), 0..7);
    }

    #[test]
    fn it_goes_all_the_way_up_and_down_and_follows_the_latest_again() {
        let count = 1000;
        let mut window = Window::default();
        assert_eq!(window.of(count, seq), 900..1000);
        assert_eq!(window.of(count + 1, seq), 901..1001, "it follows");
        let mut steps = 0;
        while window.of(count, seq).start > 0 {
            let before = window.of(count, seq);
            window = window.up(count, seq);
            let after = window.of(count, seq);
            assert!(after.end > before.start, "what was on the screen stays");
            assert!(before.start - after.start <= STEP && after.len() <= SIZE);
            steps += 1;
        }
        assert_eq!(steps, 12);
        assert_eq!(window.of(count + 5, seq), 0..200, "it stays where it is");
        while window.of(count, seq).end < count {
            let before = window.of(count, seq);
            window = window.down(count, seq);
            assert!(window.of(count, seq).start < before.end);
        }
        assert_eq!(window.of(count, seq).end, count);
    }

    // Three hundred messages came while a person read back near the end: the latest ones
    // took the place of what was read.
    #[test]
    fn new_messages_do_not_move_a_frozen_one() {
        for count in [40, 1000] {
            let window = Window::default().frozen(count, seq);
            let before = window.of(count, seq);
            let after = window.of(count + 300, seq);
            assert_eq!(after.start, before.start);
            assert_eq!(after.len(), SIZE);
            assert_eq!(
                window.down(count + 300, seq).of(count + 300, seq).start,
                before.start + STEP
            );
        }
    }

    #[test]
    fn older_messages_do_not_move_it() {
        // They are loaded while the person reads, who must not lose the place.
        let window = Window::default().up(1000, seq);
        let shown = window.of(1000, seq);
        // A hundred older messages have arrived: every index is a hundred further.
        let later = |at: usize| if at < 100 { 0 } else { seq(at - 100) };
        let moved = window.of(1100, later);
        assert_eq!(
            (moved.start, moved.end),
            (shown.start + 100, shown.end + 100)
        );
    }

    #[test]
    fn a_message_is_shown_in_the_middle() {
        assert_eq!(Window::around(500, seq).of(1000, seq), 400..600);
        assert_eq!(Window::around(3, seq).of(1000, seq), 0..200);
        assert_eq!(Window::around(999, seq).of(1000, seq), 899..1000);
    }
}
