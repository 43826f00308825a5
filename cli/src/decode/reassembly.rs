//! One direction of a TCP connection: segments in any order become bytes in theirs.

use std::collections::BTreeMap;

use super::packet::Segment;

/// The most bytes that wait for those before them. A sender has no more under way than the window
/// of its receiver, which is some megabytes at most.
const WAITING_BYTES: usize = 8 * 1024 * 1024;

/// The most segments that wait, so that empty ones cost no more than long ones.
const WAITING_SEGMENTS: usize = 16 * 1024;

/// The bytes of one direction.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The sequence number of the next byte, once a segment was seen.
    next: Option<u32>,
    /// The number of bytes that were delivered.
    delivered: u64,
    /// Segments that came too early, by their place among the delivered bytes.
    waiting: BTreeMap<u64, Vec<u8>>,
    waiting_bytes: usize,
    /// Bytes are missing, and nothing behind them is read any more.
    broken: bool,
}

impl Stream {
    /// Takes the sequence number of a segment that has no bytes.
    pub(super) fn begin(&mut self, segment: &Segment<'_>) {
        if segment.is_first() {
            self.next = Some(segment.sequence.wrapping_add(1));
        }
    }

    /// Returns `true` if bytes were delivered.
    pub(super) fn is_begun(&self) -> bool {
        self.delivered > 0
    }

    /// Returns `true` if bytes are missing before some that are there.
    pub(super) fn has_gap(&self) -> bool {
        self.broken || !self.waiting.is_empty()
    }

    /// Takes a segment, and delivers the bytes that are next.
    pub(super) fn take(&mut self, segment: &Segment<'_>, deliver: &mut dyn FnMut(&[u8])) {
        self.begin(segment);
        if self.broken || segment.payload.is_empty() {
            return;
        }
        let first = segment.sequence.wrapping_add(u32::from(segment.is_first()));
        let next = *self.next.get_or_insert(first);
        // Sequence numbers wrap: the nearer way around decides (RFC 9293 §3.4).
        let ahead = first.wrapping_sub(next).cast_signed();
        if ahead > 0 {
            let place = self.delivered + u64::from(ahead.unsigned_abs());
            self.wait(place, segment.payload);
            return;
        }
        let known = usize::try_from(ahead.unsigned_abs()).unwrap_or(usize::MAX);
        if let Some(bytes) = segment.payload.get(known..) {
            self.deliver(bytes, deliver);
        }
        while let Some(entry) = self.waiting.first_entry() {
            let Some(known) = self.delivered.checked_sub(*entry.key()) else {
                break;
            };
            let bytes = entry.remove();
            self.waiting_bytes -= bytes.len();
            let known = usize::try_from(known).unwrap_or(usize::MAX);
            if let Some(bytes) = bytes.get(known..) {
                self.deliver(bytes, deliver);
            }
        }
    }

    fn deliver(&mut self, bytes: &[u8], deliver: &mut dyn FnMut(&[u8])) {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.next = self.next.map(|next| next.wrapping_add(length));
        self.delivered += u64::from(length);
        if !bytes.is_empty() {
            deliver(bytes);
        }
    }

    fn wait(&mut self, place: u64, bytes: &[u8]) {
        // The longer of two at the same place has all bytes of the shorter one.
        if self
            .waiting
            .get(&place)
            .is_some_and(|it| it.len() >= bytes.len())
        {
            return;
        }
        let before = self.waiting.insert(place, bytes.to_vec());
        self.waiting_bytes += bytes.len();
        self.waiting_bytes -= before.map_or(0, |before| before.len());
        if self.waiting_bytes > WAITING_BYTES || self.waiting.len() > WAITING_SEGMENTS {
            self.broken = true;
            self.waiting.clear();
            self.waiting_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::example;
    use super::*;

    const SYN: u8 = 2;

    fn read(segments: &[(u32, u8, &[u8])]) -> (Vec<u8>, bool) {
        let (mut stream, mut bytes) = (Stream::default(), Vec::new());
        for (sequence, flags, payload) in segments {
            let segment = example(*sequence, *flags, payload);
            stream.take(&segment, &mut |piece| bytes.extend_from_slice(piece));
        }
        (bytes, stream.has_gap())
    }

    #[test]
    fn any_order_gives_the_same_bytes_also_over_the_end_of_the_numbers() {
        let start = u32::MAX - 2;
        let at = |offset: u32| start.wrapping_add(1).wrapping_add(offset);
        let parts: [(u32, u8, &[u8]); 4] = [
            (at(0), 0, b"ab"),
            (at(2), 0, b"cde"),
            (at(5), 0, b"f"),
            (at(1), 0, b"bcdefg"),
        ];
        for order in [
            [0, 1, 2, 3],
            [3, 2, 1, 0],
            [1, 0, 3, 2],
            [2, 3, 0, 1],
            [1, 1, 3, 0],
        ] {
            let mut segments = vec![(start, SYN, &b""[..])];
            segments.extend(order.map(|at| parts[at]));
            assert_eq!(read(&segments), (b"abcdefg".to_vec(), false), "{order:?}");
        }
    }

    #[test]
    fn missing_bytes_are_noticed_and_no_flood_fills_the_memory() {
        assert_eq!(
            read(&[(0, SYN, b""), (1, 0, b"a"), (3, 0, b"c")]),
            (b"a".to_vec(), true)
        );
        let (mut stream, long) = (Stream::default(), vec![0; 20_000]);
        stream.take(&example(0, 0, b"x"), &mut |_| {});
        for piece in 0..1000_u32 {
            let segment = example(2 + piece * 20_000, 0, &long);
            stream.take(&segment, &mut |_| panic!("not next"));
            assert!(stream.waiting_bytes <= WAITING_BYTES);
        }
        assert!(stream.has_gap());
    }
}
