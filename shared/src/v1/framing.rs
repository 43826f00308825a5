//! The end of a frame: the first `\n\n`, for every split and merge of the stream.
//!
//! This module knows nothing of a frame's content.

use memchr::memmem;

use crate::connection::input::Input;
use crate::connection::io::Io;
use crate::error::InvalidMessage;
use crate::frame::{CheckName, LayerName, TERMINATOR};
use crate::time::Time;

/// A cutter of byte streams into frames.
#[derive(Debug, Default)]
pub(crate) struct Deframer {
    /// The number of unread bytes that hold no terminator, so that a stream that comes byte by byte
    /// is scanned once and not once per byte.
    scanned: usize,
    /// `true` if one `\n` before the next frame is to be passed over.
    skip_newline: bool,
}

impl Deframer {
    /// Returns the number of bytes that may be buffered so that a frame of `limit` bytes fits, and
    /// no longer one.
    pub(crate) fn buffer_limit(&self, limit: usize) -> usize {
        limit.saturating_add(TERMINATOR.len() + usize::from(self.skip_newline))
    }

    /// Passes over one `\n` if the next byte is one: an announcement may end in `\n\n\n`.
    pub(crate) fn skip_one_newline(&mut self) {
        self.skip_newline = true;
    }

    /// Takes the next whole frame, without its terminator, and begins its report; `None` if more
    /// bytes are needed.
    ///
    /// # Errors
    /// [`InvalidMessage::FrameTooLarge`] as soon as it is certain that the frame is longer than
    /// `limit` bytes, whether its end has come or not.
    pub(crate) fn next_frame<'a>(
        &mut self,
        input: &'a mut Input,
        limit: usize,
        io: &mut Io,
        now: Time,
    ) -> Result<Option<&'a [u8]>, InvalidMessage> {
        // Decided by the next byte alone, whenever it comes, so that the split of the stream has no
        // effect.
        if self.skip_newline
            && let Some(byte) = input.first_byte()
        {
            self.skip_newline = false;
            if byte == b'\n' {
                input.take(1);
            }
        }
        let unread = input.unread();
        let mut too_large = || {
            io.refused_bytes(unread, io.spans(), now);
            io.trace
                .refuse(LayerName::Wire, CheckName::V1FrameLength, limit);
            InvalidMessage::FrameTooLarge { limit }
        };
        let Some(offset) = memmem::find(&unread[self.scanned..], TERMINATOR) else {
            // The last byte may be the first half of the terminator, so it does not count as the
            // frame's yet.
            let half = usize::from(unread.ends_with(b"\n"));
            if unread.len() - half > limit {
                return Err(too_large());
            }
            // The half is scanned again with the next piece: the terminator may lie across two
            // pieces.
            self.scanned = unread.len() - half;
            return Ok(None);
        };
        let length = self.scanned + offset;
        if length > limit {
            return Err(too_large());
        }
        self.scanned = 0;
        let frame = input.take(length + TERMINATOR.len());
        io.begin([frame, &[]], now);
        Ok(Some(&frame[..length]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::input::KEPT_CAPACITY;
    use crate::frame::Observe;
    use crate::testing::portable_test;

    fn io() -> Io {
        Io::new(Observe::Nothing)
    }

    /// Feeds `stream` in pieces of the given sizes, repeated, and collects the frames or the error.
    fn frames(
        stream: &[u8],
        sizes: &[usize],
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, InvalidMessage> {
        let mut deframer = Deframer::default();
        let mut input = Input::default();
        let mut found = Vec::new();
        let mut sizes = sizes.iter().copied().cycle();
        let mut rest = stream;
        while !rest.is_empty() {
            let take = sizes
                .next()
                .unwrap()
                .clamp(1, rest.len())
                .min(deframer.buffer_limit(limit) - input.unread().len());
            let (piece, tail) = rest.split_at(take);
            input.push(piece);
            rest = tail;
            while let Some(frame) =
                deframer.next_frame(&mut input, limit, &mut io(), Time::default())?
            {
                found.push(frame.to_vec());
            }
            input.compact();
            // A frame at the limit and the first half of its terminator are the most that ever
            // waits.
            assert!(input.unread().len() <= limit + 1);
        }
        Ok(found)
    }

    portable_test! {
        fn a_merged_stream_is_cut_at_every_terminator() {
            let cut = frames(b"one\n\ntwo\nlines\n\n\n\nrest", &[100], 50).unwrap();
            assert_eq!(cut, [&b"one"[..], b"two\nlines", b""]);
        }

        fn every_split_gives_the_same_frames() {
            let stream = b"a\n\n\nbb\nc\n\n{\"x\":1}\n\n";
            let whole = frames(stream, &[stream.len()], 9).unwrap();
            for first in 1..stream.len() {
                assert_eq!(frames(stream, &[first, stream.len()], 9).unwrap(), whole, "{first}");
            }
            assert_eq!(frames(stream, &[1], 9).unwrap(), whole);
        }

        fn endless_unterminated_frame_is_refused_at_the_limit() {
            let limit = 64;
            let mut deframer = Deframer::default();
            let mut input = Input::default();
            for length in 1..=limit {
                input.push(b"x");
                assert_eq!(deframer.next_frame(&mut input, limit, &mut io(), Time::default()), Ok(None), "{length}");
            }
            input.push(b"x");
            assert_eq!(deframer.next_frame(&mut input, limit, &mut io(), Time::default()), Err(InvalidMessage::FrameTooLarge { limit }));
        }

        // The limit must not depend on where the terminator is cut (PROTOCOL.md §1.1).
        fn a_frame_of_exactly_the_limit_passes_for_every_split() {
            let mut stream = vec![b'x'; 10];
            stream.extend_from_slice(b"\n\n");
            for size in 1..=12 {
                assert_eq!(frames(&stream, &[size], 10).unwrap(), [[b'x'; 10]], "{size}");
                assert!(frames(&stream, &[size], 9).is_err(), "{size}");
            }
        }

        fn one_newline_is_passed_over_when_asked() {
            for stream in [&b"\nframe\n\n"[..], b"frame\n\n"] {
                for size in 1..stream.len() {
                    let mut deframer = Deframer::default();
                    let mut input = Input::default();
                    deframer.skip_one_newline();
                    let mut found = Vec::new();
                    for piece in stream.chunks(size) {
                        input.push(piece);
                        while let Some(frame) = deframer.next_frame(&mut input, 10, &mut io(), Time::default()).unwrap() {
                            found.push(frame.to_vec());
                        }
                        input.compact();
                    }
                    assert_eq!(found, [b"frame"]);
                }
            }
        }

        // Idle connections must not keep the buffers of their largest frames, or many would fill
        // memory.
        fn an_idle_deframer_keeps_no_large_buffer() {
            let mut deframer = Deframer::default();
            let mut input = Input::default();
            input.push(&vec![b'x'; 1 << 20]);
            input.push(TERMINATOR);
            assert!(deframer.next_frame(&mut input, 1 << 20, &mut io(), Time::default()).unwrap().is_some());
            input.compact();
            assert!(input.capacity() <= KEPT_CAPACITY);
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn any_stream_in_any_pieces_is_cut_as_in_one_piece(
            stream in proptest::collection::vec(
                proptest::sample::select(vec![b'\n', b'\n', b'a', 0xff]), 0..200),
            sizes in proptest::collection::vec(1usize..20, 1..10),
            limit in 0usize..40,
        ) {
            // The reference: the protocol's definition, applied to the whole stream at once.
            let mut expected = Ok(Vec::new());
            let mut rest = &stream[..];
            loop {
                let end = rest.windows(2).position(|pair| pair == TERMINATOR);
                match end {
                    Some(end) if end > limit => { expected = Err(()); break }
                    Some(end) => {
                        if let Ok(found) = &mut expected { found.push(rest[..end].to_vec()); }
                        rest = &rest[end + 2..];
                    }
                    None => {
                        let half = usize::from(rest.ends_with(b"\n"));
                        if rest.len() - half > limit { expected = Err(()); }
                        break;
                    }
                }
            }
            proptest::prop_assert_eq!(frames(&stream, &sizes, limit).map_err(|_| ()), expected);
        }
    }
}
