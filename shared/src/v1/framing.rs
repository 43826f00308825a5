//! Where a frame ends: at the first `\n\n`, for every split and merge of the stream.
//!
//! Knows nothing of what is in a frame.

use memchr::memmem;

use crate::error::InvalidMessage;

/// Ends every frame; not part of it.
pub const TERMINATOR: &[u8; 2] = b"\n\n";

/// An emptied buffer with more than this capacity, in bytes, is given back to the allocator, so
/// that an idle connection does not keep what its largest message once needed.
const KEPT_CAPACITY: usize = 1024;

/// Cuts a byte stream into frames.
///
/// Holds at most one unfinished frame of the current limit and what the caller pushed on top.
#[derive(Debug, Default)]
pub struct Deframer {
    buffer: Vec<u8>,
    /// Start of the first frame that was not taken yet.
    start: usize,
    /// Up to here there is no terminator: a stream that comes byte by byte is scanned once.
    scanned: usize,
    /// One `\n` before the next frame is to be passed over.
    skip_newline: bool,
}

impl Deframer {
    /// Adds what was read from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes that are held and belong to no frame taken so far.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// The first byte that was not taken yet.
    pub fn first_byte(&self) -> Option<u8> {
        self.buffer.get(self.start).copied()
    }

    /// How many more bytes may be pushed before [`Self::next_frame`] is asked again, so that no
    /// more than one frame of `limit` bytes is ever buffered.
    pub fn room(&self, limit: usize) -> usize {
        let most = limit.saturating_add(TERMINATOR.len() + usize::from(self.skip_newline));
        most.saturating_sub(self.pending())
    }

    /// Passes over one `\n` if the next byte is one: an announcement may end in `\n\n\n`.
    pub fn skip_one_newline(&mut self) {
        self.skip_newline = true;
    }

    /// The next whole frame without its terminator; `None` if more bytes are needed.
    ///
    /// # Errors
    /// [`InvalidMessage::FrameTooLarge`] as soon as it is certain that the frame is longer than
    /// `limit` bytes, whether its end has come or not.
    pub fn next_frame(&mut self, limit: usize) -> Result<Option<&[u8]>, InvalidMessage> {
        if self.skip_newline
            && let Some(byte) = self.first_byte()
        {
            self.skip_newline = false;
            if byte == b'\n' {
                self.start += 1;
                self.scanned = self.scanned.max(self.start);
            }
        }
        let too_large = InvalidMessage::FrameTooLarge { limit };
        let Some(offset) = memmem::find(&self.buffer[self.scanned..], TERMINATOR) else {
            // The last byte may be the first half of the terminator.
            let half = usize::from(self.pending() > 0 && self.buffer.ends_with(b"\n"));
            if self.pending() - half > limit {
                return Err(too_large);
            }
            self.scanned = self.buffer.len() - half;
            return Ok(None);
        };
        let frame = self.start..self.scanned + offset;
        if frame.len() > limit {
            return Err(too_large);
        }
        self.start = frame.end + TERMINATOR.len();
        self.scanned = self.start;
        Ok(Some(&self.buffer[frame]))
    }

    /// Forgets the frames that were taken. To be called when no further frame is due.
    pub fn compact(&mut self) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.buffer.shrink_to(KEPT_CAPACITY);
        } else {
            self.buffer.drain(..self.start);
        }
        self.scanned -= self.start;
        self.start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    /// Feeds `stream` in pieces of the given sizes, repeated, and collects frames or the error.
    fn frames(
        stream: &[u8],
        sizes: &[usize],
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, InvalidMessage> {
        let mut deframer = Deframer::default();
        let mut found = Vec::new();
        let mut sizes = sizes.iter().copied().cycle();
        let mut rest = stream;
        while !rest.is_empty() {
            let take = sizes
                .next()
                .unwrap()
                .clamp(1, rest.len())
                .min(deframer.room(limit).max(1));
            let (piece, tail) = rest.split_at(take);
            deframer.push(piece);
            rest = tail;
            while let Some(frame) = deframer.next_frame(limit)? {
                found.push(frame.to_vec());
            }
            deframer.compact();
            assert!(deframer.pending() <= limit + 1);
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
            for length in 1..=limit {
                deframer.push(b"x");
                assert_eq!(deframer.next_frame(limit), Ok(None), "{length}");
            }
            deframer.push(b"x");
            assert_eq!(deframer.next_frame(limit), Err(InvalidMessage::FrameTooLarge { limit }));
        }

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
                    deframer.skip_one_newline();
                    let mut found = Vec::new();
                    for piece in stream.chunks(size) {
                        deframer.push(piece);
                        while let Some(frame) = deframer.next_frame(10).unwrap() {
                            found.push(frame.to_vec());
                        }
                        deframer.compact();
                    }
                    assert_eq!(found, [b"frame"]);
                }
            }
        }

        fn an_idle_deframer_keeps_no_large_buffer() {
            let mut deframer = Deframer::default();
            deframer.push(&vec![b'x'; 1 << 20]);
            deframer.push(TERMINATOR);
            assert!(deframer.next_frame(1 << 20).unwrap().is_some());
            deframer.compact();
            assert!(deframer.buffer.capacity() <= KEPT_CAPACITY);
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
            // The reference: the definition of the protocol, on the whole stream at once.
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
