//! The choice of the frames that are listed.

use std::collections::VecDeque;

use shared::connection::{CheckName, Direction, FrameKind, LayerName, ObservedFrame, Verdict};

use super::bytes::hex;
use super::ring::Ring;

/// The most characters of the text that is searched for; the field takes no more.
pub const FIND_CHARACTERS: usize = 200;

/// Kinds of frames that people look for together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kinds {
    /// Every frame.
    #[default]
    All,
    /// The frames of handshakes.
    Handshake,
    /// Frames with messages of the chat.
    Messages,
    /// Changes of keys.
    Keys,
    /// Errors, alerts and closes.
    Endings,
    /// Frames that a check refused.
    Refused,
}

impl Kinds {
    /// All of them, in the order of the list.
    pub const ALL: [Self; 6] = [
        Self::All,
        Self::Handshake,
        Self::Messages,
        Self::Keys,
        Self::Endings,
        Self::Refused,
    ];

    /// Returns the name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::All => "All kinds",
            Self::Handshake => "Handshake",
            Self::Messages => "Messages",
            Self::Keys => "Key updates",
            Self::Endings => "Errors and closes",
            Self::Refused => "Refused",
        }
    }

    fn has(self, frame: &ObservedFrame) -> bool {
        let kind = frame.kind;
        match self {
            Self::All => true,
            Self::Handshake => is_handshake(kind),
            Self::Messages => kind == FrameKind::Message,
            Self::Keys => kind == FrameKind::KeyUpdate,
            Self::Endings => {
                matches!(kind, FrameKind::Error | FrameKind::Alert | FrameKind::Close)
            }
            Self::Refused => frame.verdict != Verdict::Accepted,
        }
    }
}

/// Returns `true` for the kinds of frames that handshakes consist of.
pub fn is_handshake(kind: FrameKind) -> bool {
    !matches!(
        kind,
        FrameKind::Message
            | FrameKind::KeyUpdate
            | FrameKind::Error
            | FrameKind::Alert
            | FrameKind::Close
            | FrameKind::Unopened
    )
}

/// The choice of the frames that are listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// The kinds.
    pub kinds: Kinds,
    /// The direction; `None` for both.
    pub direction: Option<Direction>,
    /// A part of a frame's messages, of its kind's name, of its check's name, or, in hexadecimal
    /// digits, of its bytes; empty for all.
    pub text: String,
}

impl Filter {
    fn takes(&self, frame: &ObservedFrame, needle: &Needle) -> bool {
        self.kinds.has(frame)
            && self.direction.is_none_or(|it| it == frame.direction)
            && needle.is_in(frame)
    }
}

/// A text that is searched for, in the forms in which it may be in a frame.
#[derive(Debug, Default)]
struct Needle {
    text: String,
    bytes: Option<Vec<u8>>,
}

impl Needle {
    fn new(text: &str) -> Self {
        let text = text.trim().to_ascii_lowercase();
        Self {
            bytes: hex::parse(&text).filter(|bytes| bytes.len() > 1),
            text,
        }
    }

    fn is_in(&self, frame: &ObservedFrame) -> bool {
        if self.text.is_empty() {
            return true;
        }
        let check = match &frame.verdict {
            Verdict::Refused { check, .. } => CheckName::as_str(*check),
            Verdict::Accepted => "",
        };
        frame.kind.as_str().contains(&self.text)
            || check.contains(&self.text)
            || self
                .bytes
                .as_ref()
                .is_some_and(|it| contains(&frame.wire, it))
            || frame.layers().any(|layer| {
                layer.name == LayerName::Message && contains(layer.bytes, self.text.as_bytes())
            })
    }
}

/// Returns `true` if `needle` is a part of `bytes`, whatever the case of ASCII letters.
fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let mut windows = bytes.windows(needle.len().max(1));
    windows.any(|window| window.eq_ignore_ascii_case(needle))
}

/// The numbers of the frames that a filter takes, kept up to date without a look at each frame again.
#[derive(Debug, Default)]
pub struct Matches {
    filter: Filter,
    needle: Needle,
    next: u64,
    ids: VecDeque<u64>,
}

impl Matches {
    /// Takes the frames that have come, up to number `end`, and forgets those that were dropped.
    pub fn follow(&mut self, ring: &Ring, filter: &Filter, end: u64) {
        if self.filter != *filter || self.next > end {
            *self = Self {
                filter: filter.clone(),
                needle: Needle::new(&filter.text),
                ..Self::default()
            };
        }
        let new = ring.from(self.next).take_while(|entry| entry.id < end);
        let taken = new.filter(|entry| self.filter.takes(&entry.frame, &self.needle));
        self.ids.extend(taken.map(|entry| entry.id));
        self.next = end.max(self.next);
        while self.ids.front().is_some_and(|id| *id < ring.first()) {
            self.ids.pop_front();
        }
    }

    /// Returns the numbers of the frames, oldest first.
    pub fn ids(&self) -> &VecDeque<u64> {
        &self.ids
    }

    /// Returns the place of the frame with this number in the list.
    pub fn place(&self, id: u64) -> Option<usize> {
        self.ids.binary_search(&id).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::inspection::testing::frames;
    use shared::connection::Version;

    /// A ring with a preface, a client hello, and the server's first frame, which is refused.
    fn ring() -> Ring {
        let mut ring = Ring::default();
        ring.begin(0, Version::V2);
        for frame in frames(Version::V2, b"HELLO_THERE 1\n\n") {
            ring.push(frame);
        }
        ring
    }

    fn found(filter: &Filter) -> Vec<u64> {
        let ring = ring();
        let mut matches = Matches::default();
        matches.follow(&ring, filter, ring.next());
        matches.ids().iter().copied().collect()
    }

    fn text(text: &str) -> Filter {
        Filter {
            text: text.into(),
            ..Filter::default()
        }
    }

    #[test]
    fn frames_are_found_by_kind_direction_name_check_and_bytes() {
        let all = found(&Filter::default());
        assert!(all.len() >= 3, "{all:?}");
        let refused = found(&Filter {
            kinds: Kinds::Refused,
            ..Filter::default()
        });
        assert_eq!(refused, [2]);
        let sent = found(&Filter {
            direction: Some(Direction::Sent),
            ..Filter::default()
        });
        assert!(sent.starts_with(&[0, 1]) && !sent.contains(&2));
        assert_eq!(found(&text("Client_Hello")), [1]);
        assert_eq!(found(&text(" announcement ")), [2], "the check's name");
        assert_eq!(found(&text("48 45 4c 4c 4f 5f")), [2], "the bytes");
        assert!(found(&text("nothing like that")).is_empty());
    }

    #[test]
    fn what_has_come_is_added_and_another_filter_begins_anew() {
        let mut ring = ring();
        let mut matches = Matches::default();
        let all = Filter::default();
        matches.follow(&ring, &all, 2);
        assert_eq!(matches.ids().len(), 2, "paused at frame 2");
        matches.follow(&ring, &all, ring.next());
        let before = matches.ids().len();
        for frame in frames(Version::V2, b"") {
            ring.push(frame);
        }
        matches.follow(&ring, &all, ring.next());
        assert_eq!(matches.ids().len(), before + 2);
        matches.follow(&ring, &text("preface"), ring.next());
        assert_eq!(matches.ids().len(), 2);
        assert_eq!(matches.place(0), Some(0));
        matches.follow(&ring, &text("preface"), 1);
        assert_eq!(matches.ids(), &[0], "paused again, further back");
    }
}
