//! The attacker between the two sides, and its tools. It sees every byte and decides what becomes of
//! each; it knows no key but its own.

pub(crate) mod frames;
pub(crate) mod middle;
pub(crate) mod recording;
pub(crate) mod v2_reader;

use std::sync::Arc;
use std::time::Duration;

use shared::connection::{FrameKind, ObservedFrame};
use shared::time::Time;

use crate::LabError;
use crate::limits::PIECE_BYTES;
use crate::outcome::{Action, Deed, FrameId, Learnt, Side};

/// A frame on its way, with the record of the side that has sent it.
///
/// An attacker may use of the record what is in clear on the wire: [`Transit::bytes`] and
/// [`Transit::clear`].
#[derive(Clone)]
pub(crate) struct Transit {
    pub(crate) from: Side,
    pub(crate) kind: FrameKind,
    number: u64,
    bytes: Vec<u8>,
    /// `None` of a close that was not reported.
    record: Option<Arc<ObservedFrame>>,
}

impl Transit {
    pub(crate) fn new(from: Side, record: Arc<ObservedFrame>) -> Self {
        Self {
            from,
            kind: record.kind,
            number: record.number,
            bytes: record.wire.clone(),
            record: Some(record),
        }
    }

    /// Returns a close that was not reported, behind `frames` that were.
    pub(crate) fn close(from: Side, frames: usize, bytes: Vec<u8>) -> Self {
        Self {
            from,
            kind: FrameKind::Close,
            number: frames as u64 + 1,
            bytes,
            record: None,
        }
    }

    /// Returns the frame's bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the frame's name.
    pub(crate) fn id(&self) -> FrameId {
        FrameId {
            sender: self.from,
            number: self.number,
            kind: self.kind,
        }
    }

    /// Returns `true` if this is a frame of that kind from that side.
    pub(crate) fn is(&self, from: Side, kind: FrameKind) -> bool {
        self.from == from && self.kind == kind
    }
}

/// A thing that the network does for the attacker.
pub(crate) enum Delivery {
    Bytes { to: Side, bytes: Vec<u8> },
    End { to: Side },
    Wait(Duration),
}

/// The attacker's hands: everything that it does in one step.
#[derive(Default)]
pub(crate) struct Hands {
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) deeds: Vec<Deed>,
    pub(crate) too_long: bool,
}

impl Hands {
    fn deed(&mut self, action: Action, frame: Option<FrameId>, to: Option<Side>, bytes: usize) {
        self.deeds.push(Deed {
            action,
            frame,
            to,
            bytes,
        });
    }

    /// Hands bytes to a side.
    pub(crate) fn send(
        &mut self,
        action: Action,
        frame: Option<&Transit>,
        to: Side,
        bytes: Vec<u8>,
    ) {
        self.too_long |= bytes.len() > PIECE_BYTES;
        self.deed(action, frame.map(Transit::id), Some(to), bytes.len());
        self.deliveries.push(Delivery::Bytes { to, bytes });
    }

    /// Passes a frame as it is.
    pub(crate) fn pass(&mut self, frame: &Transit) {
        self.send(
            Action::Passes,
            Some(frame),
            frame.from.other(),
            frame.bytes().to_vec(),
        );
    }

    /// Passes other bytes in the place of a frame.
    pub(crate) fn change(&mut self, frame: &Transit, bytes: Vec<u8>) {
        self.send(Action::Changes, Some(frame), frame.from.other(), bytes);
    }

    /// Does not pass a frame.
    pub(crate) fn keep(&mut self, action: Action, frame: &Transit) {
        self.deed(action, Some(frame.id()), None, 0);
    }

    /// Ends the stream to a side, though its peer has not.
    pub(crate) fn cut(&mut self, to: Side) {
        self.deed(Action::EndsStream, None, Some(to), 0);
        self.deliveries.push(Delivery::End { to });
    }

    /// Passes the end of a stream.
    pub(crate) fn end(&mut self, to: Side) {
        self.deliveries.push(Delivery::End { to });
    }

    /// Lets time go by.
    pub(crate) fn wait(&mut self, time: Duration) {
        self.deliveries.push(Delivery::Wait(time));
    }
}

/// An attacker: a program for one scene.
pub(crate) trait Attacker {
    /// Decides what becomes of a frame.
    fn intercept(&mut self, frame: &Transit, hands: &mut Hands, now: Time) -> Result<(), LabError>;

    /// Decides what becomes of the end of a stream.
    fn end_of_stream(&mut self, from: Side, hands: &mut Hands, now: Time) -> Result<(), LabError> {
        let _ = now;
        hands.end(from.other());
        Ok(())
    }

    /// Acts of its own accord, where the scene's script says so; returns `true` to act once more.
    fn act(&mut self, hands: &mut Hands, now: Time) -> Result<bool, LabError> {
        let _ = (hands, now);
        Ok(false)
    }

    /// Returns what it has learnt, at the end, from everything that it saw.
    fn conclude(&mut self, tap: &[Transit]) -> Result<Learnt, LabError> {
        let _ = tap;
        Ok(Learnt::default())
    }
}

/// An attacker that is a function of the frames that pass.
pub(crate) struct OnFrames<F>(pub(crate) F);

impl<F: FnMut(&Transit, &mut Hands)> Attacker for OnFrames<F> {
    fn intercept(&mut self, frame: &Transit, hands: &mut Hands, _: Time) -> Result<(), LabError> {
        (self.0)(frame, hands);
        Ok(())
    }
}

/// Passes everything on, and learns from the recording.
pub(crate) struct Listener<F>(pub(crate) F);

impl<F: FnMut(&[Transit]) -> Result<Learnt, LabError>> Attacker for Listener<F> {
    fn intercept(&mut self, frame: &Transit, hands: &mut Hands, _: Time) -> Result<(), LabError> {
        hands.pass(frame);
        Ok(())
    }

    fn conclude(&mut self, tap: &[Transit]) -> Result<Learnt, LabError> {
        (self.0)(tap)
    }
}
