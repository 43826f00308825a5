//! A connection's output: bytes for the stream, and events for the driver.

use std::collections::VecDeque;

use super::event::{CloseReason, Event};
#[cfg(any(test, feature = "observe"))]
use crate::frame::LayerName;
use crate::frame::{Direction, FrameKind, Observe, ObservedFrame};
use crate::time::Time;
use crate::wire::trace::{Spans, Trace};

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
    observe: Observe,
    /// The number of frames that were reported so far.
    frames: u64,
    /// The received frame that is being handled, if frames are reported.
    received: Option<Box<ObservedFrame>>,
    /// The layers of that frame as far as it was read.
    pub(crate) trace: Trace,
    /// The place of that frame among the events: before everything that it causes.
    #[cfg(any(test, feature = "observe"))]
    place: usize,
    /// `true` once the last event was queued.
    closed: bool,
}

impl Io {
    pub(crate) fn new(observe: Observe) -> Self {
        Self {
            output: Vec::new(),
            events: VecDeque::new(),
            observe,
            frames: 0,
            received: None,
            trace: Trace::none(),
            #[cfg(any(test, feature = "observe"))]
            place: 0,
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
        #[cfg(any(test, feature = "observe"))]
        {
            self.place = self.place.saturating_sub(1);
        }
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

    fn observes(&self) -> bool {
        self.observe != Observe::Nothing
    }

    /// Returns a trace for a frame that is to be sent. It records if frames are reported.
    #[inline]
    pub(crate) fn new_trace(&self) -> Trace {
        Trace::new(self.observe)
    }

    /// Returns spans for a layer of a frame that is to be sent or is received.
    #[inline]
    pub(crate) fn spans(&self) -> Spans {
        Spans::new(self.observe)
    }

    /// Begins the report of a received frame, if frames are reported. Its bytes are copied, because
    /// opening a record destroys them; they may come in two parts.
    #[inline]
    pub(crate) fn begin(&mut self, parts: [&[u8]; 2], at: Time) {
        if self.observes() {
            self.begin_report(parts.concat(), at);
        }
    }

    #[cold]
    fn begin_report(&mut self, bytes: Vec<u8>, at: Time) {
        // One that waits for its verdict, when more bytes come than may wait with it.
        #[cfg(any(test, feature = "observe"))]
        self.finish(None);
        self.trace = self.new_trace();
        #[cfg(any(test, feature = "observe"))]
        {
            self.place = self.events.len();
        }
        let frame = self.report(Direction::Received, FrameKind::Unopened, bytes, at);
        self.received = Some(Box::new(frame));
    }

    /// Begins the report of bytes that are refused before they are a frame; `wire` has the fields that
    /// were read of them.
    #[cfg(any(test, feature = "observe"))]
    pub(crate) fn refused_bytes(&mut self, bytes: &[u8], wire: Spans, at: Time) {
        self.begin([bytes, &[]], at);
        self.trace.nested(LayerName::Wire, bytes.len(), wire);
    }

    /// Reports nothing: without a kind and a verdict there is nothing to report.
    #[cfg(not(any(test, feature = "observe")))]
    #[inline]
    #[allow(
        clippy::unused_self,
        clippy::needless_pass_by_value,
        reason = "as the one that reports"
    )]
    pub(crate) fn refused_bytes(&mut self, _: &[u8], _: Spans, _: Time) {}

    /// Sets the kind of the received frame.
    #[inline]
    pub(crate) fn kind(&mut self, kind: FrameKind) {
        if self.observes() {
            self.report_kind(kind);
        }
    }

    #[cold]
    fn report_kind(&mut self, kind: FrameKind) {
        #[cfg(any(test, feature = "observe"))]
        if let Some(frame) = &mut self.received {
            frame.kind = kind;
        }
        // A report without a verdict is complete here. Frames of which no kind can be told are left
        // out of it.
        #[cfg(not(any(test, feature = "observe")))]
        if let Some(mut frame) = self.received.take() {
            frame.kind = kind;
            self.event(Event::Frame(frame));
        }
    }

    /// Ends the report of the received frame with the verdict: the error that refused it, or none.
    #[cfg(any(test, feature = "observe"))]
    pub(crate) fn finish(&mut self, error: Option<&crate::error::Error>) {
        if let Some(mut frame) = self.received.take() {
            frame.complete(std::mem::replace(&mut self.trace, Trace::none()), error);
            let place = self.place.min(self.events.len());
            if !self.closed {
                self.events.insert(place, Event::Frame(frame));
            }
        }
    }

    /// Reports the frame that was appended to the output from `start` on, if frames are reported.
    #[inline]
    pub(crate) fn sent(&mut self, kind: FrameKind, start: usize, trace: Trace, at: Time) {
        if self.observes() {
            self.report_sent(kind, start, trace, at);
        }
    }

    #[cold]
    fn report_sent(&mut self, kind: FrameKind, start: usize, trace: Trace, at: Time) {
        let bytes = self.output[start..].to_vec();
        let mut frame = Box::new(self.report(Direction::Sent, kind, bytes, at));
        frame.complete(trace, None);
        self.event(Event::Frame(frame));
    }

    fn report(
        &mut self,
        direction: Direction,
        kind: FrameKind,
        bytes: Vec<u8>,
        at: Time,
    ) -> ObservedFrame {
        self.frames += 1;
        ObservedFrame::new(self.frames, direction, kind, at, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn a_queue_that_was_full_once_is_given_back() {
            let mut io = Io::new(Observe::Nothing);
            for _ in 0..256 {
                io.event(Event::Rekeyed(Direction::Received));
            }
            while io.next_event().is_some() {}
            assert!(io.events.capacity() <= KEPT_EVENTS);
        }
    }
}
