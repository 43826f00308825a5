//! A connection's output: bytes for the stream, and events for the driver.

use std::collections::VecDeque;

use super::event::{CloseReason, Event, FrameSeen};
use crate::frame::{Direction, FrameKind};
use crate::time::Time;

/// The number of events that an emptied queue has room for at most. A larger one is given back to
/// the allocator, so that an idle connection does not keep the memory of its fullest record.
const KEPT_EVENTS: usize = 16;

/// The output of one connection.
#[derive(Debug)]
pub(crate) struct Io {
    /// The bytes for the stream that the driver has not taken yet.
    pub(crate) output: Vec<u8>,
    /// The events that the driver has not taken yet, oldest first.
    pub(crate) events: VecDeque<Event>,
    observe_frames: bool,
    /// `true` once the last event was queued.
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

    /// Queues an event for the driver, unless the last event was queued already.
    pub(crate) fn event(&mut self, event: Event) {
        // This side may still send after the peer has closed, and those frames bring no events: a
        // driver may rely on `Closed` as the last one.
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

    /// Queues the last event.
    pub(super) fn close(&mut self, reason: CloseReason) {
        // Before `closed` is set, because the event would be dropped after it.
        self.event(Event::Closed(reason));
        self.closed = true;
    }

    /// Returns a copy of a received frame, if frames are reported. The copy is needed because
    /// opening a record destroys its frame.
    pub(crate) fn keep(&self, frame: &[u8]) -> Option<Vec<u8>> {
        self.observe_frames.then(|| frame.to_vec())
    }

    /// Reports a frame that [`Self::keep`] has copied.
    pub(crate) fn observe_kept(&mut self, kind: FrameKind, frame: Option<Vec<u8>>, at: Time) {
        if let Some(bytes) = frame {
            self.report(Direction::Received, kind, bytes, at);
        }
    }

    /// Reports a received frame that came in two parts, if frames are reported.
    pub(crate) fn observe_received(&mut self, kind: FrameKind, parts: [&[u8]; 2], at: Time) {
        if self.observe_frames {
            self.report(Direction::Received, kind, parts.concat(), at);
        }
    }

    /// Reports the frame that was appended to the output from `start` on, if frames are reported.
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
