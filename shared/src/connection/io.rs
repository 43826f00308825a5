//! A connection's output: bytes for the stream, and events for the driver.

use std::collections::VecDeque;

use super::event::{CloseReason, Direction, Event, FrameKind, FrameSeen};
use crate::time::Time;

/// An emptied queue with room for more events than this is given back to the allocator, so that an
/// idle connection does not keep what its fullest record once needed.
const KEPT_EVENTS: usize = 16;

#[derive(Debug)]
pub(crate) struct Io {
    pub(crate) output: Vec<u8>,
    pub(crate) events: VecDeque<Event>,
    observe_frames: bool,
    closed: bool,
}

impl Io {
    pub(crate) fn new(observe_frames: bool) -> Self {
        Self {
            output: Vec::new(),
            events: VecDeque::new(),
            observe_frames,
            closed: false,
        }
    }

    /// Tells the driver, unless it was already told that nothing more comes: what we send after the
    /// peer has closed brings no events.
    pub(crate) fn event(&mut self, event: Event) {
        if !self.closed {
            self.events.push_back(event);
        }
    }

    /// Takes the oldest event.
    pub(super) fn next_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        if self.events.is_empty() && self.events.capacity() > KEPT_EVENTS {
            self.events.shrink_to(KEPT_EVENTS);
        }
        event
    }

    /// Adds the last event.
    pub(super) fn close(&mut self, reason: CloseReason) {
        self.event(Event::Closed(reason));
        self.closed = true;
    }

    /// A copy of a received frame, if somebody asked to see frames: opening one destroys it.
    pub(crate) fn keep(&self, frame: &[u8]) -> Option<Vec<u8>> {
        self.observe_frames.then(|| frame.to_vec())
    }

    /// Reports a frame that [`Self::keep`] has kept.
    pub(crate) fn observe_kept(&mut self, kind: FrameKind, frame: Option<Vec<u8>>, at: Time) {
        if let Some(bytes) = frame {
            self.report(Direction::Received, kind, bytes, at);
        }
    }

    /// Reports a received frame that came in two parts, if somebody asked to see frames.
    pub(crate) fn observe_received(&mut self, kind: FrameKind, parts: [&[u8]; 2], at: Time) {
        if self.observe_frames {
            self.report(Direction::Received, kind, parts.concat(), at);
        }
    }

    /// Reports the frame that was appended to the output from `start` on.
    pub(crate) fn observe_sent(&mut self, kind: FrameKind, start: usize, at: Time) {
        if self.observe_frames {
            self.report(Direction::Sent, kind, self.output[start..].to_vec(), at);
        }
    }

    fn report(&mut self, direction: Direction, kind: FrameKind, bytes: Vec<u8>, at: Time) {
        let frame = FrameSeen {
            direction,
            kind,
            bytes,
            at,
        };
        self.event(Event::Frame(frame));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn a_queue_that_was_full_once_is_given_back() {
            let mut io = Io::new(false);
            for _ in 0..256 {
                io.event(Event::Rekeyed(Direction::Received));
            }
            while io.next_event().is_some() {}
            assert!(io.events.capacity() <= KEPT_EVENTS);
        }
    }
}
