//! The end of a v2 frame: the number of bytes in its header. This module knows nothing of a frame's
//! content.
//!
//! `u32 be length of the body ‖ u8 type ‖ body`.

use crate::connection::input::Input;
use crate::connection::io::Io;
use crate::error::InvalidMessage;
use crate::frame::{CheckName, LayerName};
use crate::time::Time;
use crate::wire::fields::{BODY, LENGTH, TYPE};
use crate::wire::length::be32;
use crate::wire::reader::Reader;
use crate::wire::trace::{Spans, Trace};
use crate::wire::writer::Writer;

/// The bytes of a frame's header.
pub(crate) const HEADER_BYTES: usize = 5;

/// The type of a frame, as it shows in clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FrameType {
    ClientHello = 1,
    ServerHello = 2,
    Sealed = 3,
    Alert = 4,
}

/// A whole frame. Its body can be opened in place.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    bytes: &'a mut [u8],
}

impl<'a> Frame<'a> {
    /// Returns the type byte; any value is possible.
    pub(crate) fn type_byte(&self) -> u8 {
        self.bytes[HEADER_BYTES - 1]
    }

    pub(crate) fn is(&self, frame_type: FrameType) -> bool {
        self.type_byte() == frame_type as u8
    }

    /// Returns header and body as they came.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.bytes[HEADER_BYTES..]
    }

    /// Splits the frame into header and body, so that the body can be opened in place.
    pub(crate) fn into_parts(self) -> (&'a [u8], &'a mut [u8]) {
        let (header, body) = self.bytes.split_at_mut(HEADER_BYTES);
        (header, body)
    }
}

/// Takes the next whole frame, and begins its report; `None` if more bytes are needed.
///
/// # Errors
/// [`InvalidMessage::FrameTooLarge`] by the header alone, if the body is longer than `limit` bytes.
pub(crate) fn next_frame<'a>(
    input: &'a mut Input,
    limit: usize,
    io: &mut Io,
    now: Time,
) -> Result<Option<Frame<'a>>, InvalidMessage> {
    let unread = input.unread();
    let mut spans = io.spans();
    let mut reader = Reader::new(unread, &mut spans);
    let (Some(length), Some(_)) = (reader.be32(&LENGTH), reader.u8(&TYPE)) else {
        return Ok(None);
    };
    // Before anything of the body is waited for: a stranger's length must cost no memory
    // (PROTOCOL.md §2.2).
    if length > limit {
        io.refused_bytes(unread, spans, now);
        io.trace.refuse(LayerName::Wire, CheckName::FrameLength, 0);
        return Err(InvalidMessage::FrameTooLarge { limit });
    }
    if reader.bytes(&BODY, length).is_none() {
        return Ok(None);
    }
    let whole = reader.position();
    let bytes = input.take(whole);
    io.begin([bytes, &[]], now);
    io.trace.nested(LayerName::Wire, whole, spans);
    Ok(Some(Frame { bytes }))
}

/// Returns the header of a frame with a body of `length` bytes, which every caller keeps far below
/// 2^32.
pub(crate) fn header(frame_type: FrameType, length: usize) -> [u8; HEADER_BYTES] {
    let [a, b, c, d] = be32(length);
    [a, b, c, d, frame_type as u8]
}

/// Appends a frame in clear, whose body of `length` bytes is written by `body`.
pub(crate) fn append(
    frame_type: FrameType,
    length: usize,
    output: &mut Vec<u8>,
    trace: &mut Trace,
    body: impl FnOnce(&mut Writer<'_>),
) {
    let (mut wire, mut message) = (trace.spans(), trace.spans());
    let mut writer = Writer::new(output, &mut wire);
    writer.be32(&LENGTH, length);
    writer.u8(&TYPE, frame_type as u8);
    writer.with(&BODY, |output| body(&mut Writer::new(output, &mut message)));
    trace.nested(LayerName::Wire, HEADER_BYTES + length, wire);
    trace.nested(LayerName::Message, length, message);
}

/// Names the parts of a sealed frame with a body of `length` bytes.
pub(crate) fn name_sealed(length: usize, spans: &mut Spans) {
    spans.note(&LENGTH, 0..4);
    spans.note(&TYPE, 4..HEADER_BYTES);
    spans.note(&BODY, HEADER_BYTES..HEADER_BYTES + length);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Observe;
    use crate::testing::portable_test;
    use crate::wire::fields::{RANDOM, X25519};

    portable_test! {
        fn frames_are_cut_for_every_split() {
            let mut stream = Vec::new();
            let trace = &mut Trace::none();
            append(FrameType::Sealed, 4, &mut stream, trace, |writer| {
                writer.bytes(&RANDOM, b"one");
                writer.bytes(&X25519, b"!");
            });
            append(FrameType::Alert, 0, &mut stream, trace, |_| {});
            let (mut io, now) = (Io::new(Observe::Nothing), Time::default());
            for split in 0..=stream.len() {
                let mut input = Input::default();
                let mut found = Vec::new();
                let (first, second) = stream.split_at(split);
                for piece in [first, second] {
                    input.push(piece);
                    while let Some(frame) = next_frame(&mut input, 4, &mut io, now).unwrap() {
                        found.push((frame.type_byte(), frame.body().to_vec()));
                    }
                    input.compact();
                }
                assert_eq!(found, [(3, b"one!".to_vec()), (4, vec![])], "split at {split}");
            }
        }

        fn a_length_over_the_limit_is_refused_by_the_header_alone() {
            for length in [5, 0x0100_0000, u32::MAX] {
                let mut input = Input::default();
                input.push(&length.to_be_bytes());
                let (mut io, now) = (Io::new(Observe::Nothing), Time::default());
                assert!(next_frame(&mut input, 4, &mut io, now).unwrap().is_none());
                input.push(&[3]);
                let limit = 4;
                assert_eq!(next_frame(&mut input, limit, &mut io, now).err(),
                    Some(InvalidMessage::FrameTooLarge { limit }));
                assert!(input.capacity() <= 64, "{} bytes for a lie", input.capacity());
            }
        }
    }
}
