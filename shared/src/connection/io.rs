//! A connection's buffers: bytes in, bytes out, events out.

use std::collections::VecDeque;

use super::event::{Direction, Event, FrameKind, FrameSeen};
use crate::time::Time;
use crate::v1::framing::{Deframer, TERMINATOR};

#[derive(Debug)]
pub(crate) struct Io {
    pub(super) input: Deframer,
    pub(super) output: Vec<u8>,
    pub(super) events: VecDeque<Event>,
    observe_frames: bool,
}

impl Io {
    pub(super) fn new(observe_frames: bool) -> Self {
        Self {
            input: Deframer::default(),
            output: Vec::new(),
            events: VecDeque::new(),
            observe_frames,
        }
    }

    /// Reports a received frame (without terminator), if somebody asked to see frames.
    pub(super) fn observe_received(&mut self, kind: FrameKind, frame: &[u8], at: Time) {
        if self.observe_frames {
            self.report(Direction::Received, kind, [frame, TERMINATOR].concat(), at);
        }
    }

    /// Reports the frame that was appended to the output from `start` on.
    pub(super) fn observe_sent(&mut self, kind: FrameKind, start: usize, at: Time) {
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
        self.events.push_back(Event::Frame(frame));
    }
}
