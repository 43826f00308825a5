//! The latest frames of this page.

use std::collections::VecDeque;
use std::mem::size_of_val;
use std::rc::Rc;

use shared::connection::{ObservedFrame, Version};

/// The most frames that are kept: some minutes of a busy room.
pub const RING_FRAMES: usize = 10_000;

/// The most bytes that the kept frames take, with their layers and fields: as much as a long message
/// in each of a thousand frames.
pub const RING_BYTES: usize = 16 << 20;

/// The bytes that a frame takes besides its layers and fields, about.
const FRAME_OVERHEAD_BYTES: usize = 512;

/// A frame with its place among all frames of this page.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The frame's number in this page, from 0. It is never used again.
    pub id: u64,
    /// The connection of the frame.
    pub connection: Connection,
    /// The frame.
    pub frame: Rc<ObservedFrame>,
}

/// A connection of this page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// The connection's number in this page, from 1.
    pub number: u32,
    /// The time at which the connection began, in microseconds on the page's clock.
    pub began: u64,
    /// The version of the protocol.
    pub version: Version,
}

impl Default for Connection {
    /// Returns the connection before the first one, which has no frames.
    fn default() -> Self {
        Self {
            number: 0,
            began: 0,
            version: Version::V2,
        }
    }
}

impl Entry {
    /// Returns the microseconds from the beginning of the frame's connection.
    pub fn since_beginning(&self) -> u64 {
        let at = self.frame.at.as_micros();
        at.saturating_sub(self.connection.began)
    }
}

/// The latest frames, at most [`RING_FRAMES`] and [`RING_BYTES`]. Older ones are dropped and counted.
#[derive(Debug, Default)]
pub struct Ring {
    entries: VecDeque<Entry>,
    bytes: usize,
    next: u64,
    connection: Connection,
    /// The values of keys are recorded, of connections that begin from now on. The person chooses this,
    /// for as long as the page lives.
    pub with_secrets: bool,
}

impl Ring {
    /// Records that a connection begins at `now`, in microseconds on the page's clock.
    pub fn begin(&mut self, now: u64, version: Version) {
        self.connection = Connection {
            number: self.connection.number.saturating_add(1),
            began: now,
            version,
        };
    }

    /// Adds a frame of the latest connection.
    pub fn push(&mut self, frame: ObservedFrame) {
        self.bytes += weight(&frame);
        self.entries.push_back(Entry {
            id: self.next,
            connection: self.connection,
            frame: Rc::new(frame),
        });
        self.next += 1;
        while self.entries.len() > RING_FRAMES || self.bytes > RING_BYTES {
            match self.entries.pop_front() {
                Some(oldest) => self.bytes -= weight(&oldest.frame),
                None => break,
            }
        }
    }

    /// Returns the kept frames from number `id` on, oldest first.
    pub fn from(&self, id: u64) -> impl DoubleEndedIterator<Item = &Entry> {
        let skipped = usize::try_from(id.saturating_sub(self.first())).unwrap_or(usize::MAX);
        self.entries.range(skipped.min(self.entries.len())..)
    }

    /// Returns the frame with this number, if it is kept.
    pub fn get(&self, id: u64) -> Option<&Entry> {
        let place = usize::try_from(id.checked_sub(self.first())?).ok()?;
        self.entries.get(place)
    }

    /// Returns the number of the oldest kept frame, which is the number of those that were dropped.
    pub fn first(&self) -> u64 {
        self.next - self.entries.len() as u64
    }

    /// Returns the number that the next frame will have.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Returns the latest connection.
    pub fn connection(&self) -> Connection {
        self.connection
    }
}

/// Returns the bytes that a frame takes, about.
fn weight(frame: &ObservedFrame) -> usize {
    let layers = frame.layers();
    let layers = layers.map(|it| it.bytes.len() + size_of_val(it.fields));
    FRAME_OVERHEAD_BYTES + layers.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::inspection::testing::frames;

    fn client_hello() -> ObservedFrame {
        frames(Version::V2, b"").remove(1)
    }

    #[test]
    fn the_oldest_frames_go_first_and_are_counted() {
        let mut ring = Ring::default();
        ring.begin(400, Version::V2);
        for _ in 0..RING_FRAMES + 3 {
            ring.push(frames(Version::V2, b"").remove(0));
        }
        assert_eq!((ring.first(), ring.next()), (3, RING_FRAMES as u64 + 3));
        assert!(ring.get(2).is_none());
        assert_eq!(ring.get(3).unwrap().since_beginning(), 600);
        assert_eq!(ring.from(0).next().unwrap().id, 3);
        assert_eq!(ring.from(RING_FRAMES as u64).count(), 3);
        assert_eq!(ring.from(u64::MAX).count(), 0);
    }

    #[test]
    fn large_frames_leave_room_for_fewer() {
        let mut ring = Ring::default();
        // A hello stands for all frames: it has 1,253 bytes.
        let each = weight(&client_hello());
        for _ in 0..RING_BYTES / each + 10 {
            ring.push(client_hello());
        }
        assert!(ring.bytes <= RING_BYTES && ring.bytes + each > RING_BYTES);
        let kept: usize = ring.from(0).map(|entry| weight(&entry.frame)).sum();
        assert_eq!(kept, ring.bytes);
        assert_eq!(ring.first(), 10);
    }
}
