//! The end of a v2 frame: the number of bytes in its header. This module knows nothing of a frame's
//! content.
//!
//! `u32 be length of the body ‖ u8 type ‖ body`.

use super::length::{be32, split_be32};
use crate::connection::input::Input;
use crate::error::InvalidMessage;

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

/// Takes the next whole frame; `None` if more bytes are needed.
///
/// # Errors
/// [`InvalidMessage::FrameTooLarge`] by the header alone, if the body is longer than `limit` bytes.
pub(crate) fn next_frame(
    input: &mut Input,
    limit: usize,
) -> Result<Option<Frame<'_>>, InvalidMessage> {
    let header = input.unread().get(..HEADER_BYTES);
    let Some((length, _)) = header.and_then(split_be32) else {
        return Ok(None);
    };
    // Before anything of the body is waited for: a stranger's length must cost no memory
    // (PROTOCOL.md §2.2).
    if length > limit {
        return Err(InvalidMessage::FrameTooLarge { limit });
    }
    let whole = HEADER_BYTES + length;
    if input.unread().len() < whole {
        return Ok(None);
    }
    Ok(Some(Frame {
        bytes: input.take(whole),
    }))
}

/// Returns the header of a frame with a body of `length` bytes, which every caller keeps far below
/// 2^32.
pub(crate) fn header(frame_type: FrameType, length: usize) -> [u8; HEADER_BYTES] {
    let [a, b, c, d] = be32(length);
    [a, b, c, d, frame_type as u8]
}

/// Appends a frame in clear.
pub(crate) fn append(frame_type: FrameType, body: &[&[u8]], output: &mut Vec<u8>) {
    let length = body.iter().map(|part| part.len()).sum();
    output.extend_from_slice(&header(frame_type, length));
    for part in body {
        output.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn frames_are_cut_for_every_split() {
            let mut stream = Vec::new();
            append(FrameType::Sealed, &[b"one", b"!"], &mut stream);
            append(FrameType::Alert, &[], &mut stream);
            for split in 0..=stream.len() {
                let mut input = Input::default();
                let mut found = Vec::new();
                let (first, second) = stream.split_at(split);
                for piece in [first, second] {
                    input.push(piece);
                    while let Some(frame) = next_frame(&mut input, 4).unwrap() {
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
                assert!(next_frame(&mut input, 4).unwrap().is_none());
                input.push(&[3]);
                let limit = 4;
                assert_eq!(next_frame(&mut input, limit).err(),
                    Some(InvalidMessage::FrameTooLarge { limit }));
                assert!(input.capacity() <= 64, "{} bytes for a lie", input.capacity());
            }
        }
    }
}
