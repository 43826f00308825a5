//! Takes the fields of a frame from its bytes, one after the other.

use std::fmt;

use super::span::FieldDef;
use super::trace::Spans;
use crate::frame::CheckName;

/// A position in bytes that are read once, from their start to their end.
pub(crate) struct Reader<'a, 's> {
    bytes: &'a [u8],
    rest: &'a [u8],
    spans: &'s mut Spans,
}

impl<'a, 's> Reader<'a, 's> {
    /// Starts at the first of `bytes`, and records the fields in `spans`.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], spans: &'s mut Spans) -> Self {
        Self {
            bytes,
            rest: bytes,
            spans,
        }
    }

    /// Returns `true` if fields are recorded.
    #[inline]
    pub(crate) fn records(&self) -> bool {
        self.spans.records()
    }

    /// Returns all bytes, read or not.
    #[inline]
    pub(crate) fn all(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the number of bytes that were read.
    #[inline]
    pub(crate) fn position(&self) -> usize {
        self.bytes.len() - self.rest.len()
    }

    /// Returns the number of bytes that were not read yet.
    #[inline]
    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Returns `true` if every byte was read.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes `length` bytes; `None`, and nothing is taken, if there are fewer.
    #[inline]
    pub(crate) fn bytes(&mut self, field: &'static FieldDef, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.taken(field, rest);
        Some(taken)
    }

    /// Takes a field of a fixed length; `None`, and nothing is taken, if there are fewer bytes.
    #[inline]
    pub(crate) fn array<const N: usize>(
        &mut self,
        field: &'static FieldDef,
    ) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.taken(field, rest);
        Some(taken)
    }

    /// Takes one byte.
    #[inline]
    pub(crate) fn u8(&mut self, field: &'static FieldDef) -> Option<u8> {
        self.array(field).map(|[byte]| *byte)
    }

    /// Takes a length of two bytes, big-endian.
    #[inline]
    pub(crate) fn be16(&mut self, field: &'static FieldDef) -> Option<usize> {
        self.array(field)
            .map(|bytes| u16::from_be_bytes(*bytes).into())
    }

    /// Takes a length of four bytes, big-endian.
    #[inline]
    pub(crate) fn be32(&mut self, field: &'static FieldDef) -> Option<usize> {
        self.array(field)
            .map(|bytes| u32::from_be_bytes(*bytes) as usize)
    }

    /// Takes everything that is left.
    #[inline]
    pub(crate) fn rest(&mut self, field: &'static FieldDef) -> &'a [u8] {
        let rest = self.rest;
        self.taken(field, &[]);
        rest
    }

    /// Names the check that refuses these bytes, at the position that was reached. The caller
    /// returns its error.
    #[inline]
    pub(crate) fn refuse(&mut self, check: CheckName) {
        self.refuse_at(check, self.position());
    }

    /// Names the check that refuses these bytes, and the first byte that it is about.
    #[inline]
    pub(crate) fn refuse_at(&mut self, check: CheckName, offset: usize) {
        self.spans.refuse(check, offset);
    }

    /// Names the check that refuses a whole field, which was read before.
    #[inline]
    pub(crate) fn refuse_field(&mut self, check: CheckName, field: &'static FieldDef) {
        self.spans.refuse_field(check, field);
    }

    /// Takes everything: texts that another parser has borrowed from these bytes, and what lies
    /// around them as `between`. A text that is not borrowed is part of that.
    #[inline]
    pub(crate) fn borrowed<const N: usize>(
        &mut self,
        texts: [(&'static FieldDef, Option<&str>); N],
        between: &'static FieldDef,
    ) {
        // Computed for records only, so that nothing of it is left where there are none.
        if self.spans.records() {
            let base = self.bytes.as_ptr().addr();
            let mut found: Vec<_> = texts
                .into_iter()
                .filter_map(|(field, text)| {
                    let text = text?;
                    let start = text.as_ptr().addr().checked_sub(base)?;
                    let end = start + text.len();
                    (end <= self.bytes.len()).then_some((start, end, field))
                })
                .collect();
            found.sort_by_key(|(start, ..)| *start);
            for (start, end, field) in found {
                if start >= self.position() {
                    self.taken(between, &self.bytes[start..]);
                    self.taken(field, &self.bytes[end..]);
                }
            }
        }
        self.rest(between);
    }

    #[inline]
    fn taken(&mut self, field: &'static FieldDef, rest: &'a [u8]) {
        let start = self.position();
        self.rest = rest;
        self.spans.note(field, start..self.position());
    }
}

impl fmt::Debug for Reader<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the bytes, which may have been sealed.
        write!(
            f,
            "Reader({} of {} bytes)",
            self.position(),
            self.bytes.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;
    use crate::wire::fields::{HMAC, LENGTH, RANDOM, SPKI_LENGTH, TYPE};

    portable_test! {
        fn fields_are_taken_in_order_and_a_field_that_is_cut_takes_nothing() {
            let mut spans = Spans::recording();
            let mut reader = Reader::new(&[0, 0, 1, 2, 7, 0, 9, 1], &mut spans);
            assert_eq!(reader.be32(&LENGTH), Some(0x0102));
            assert_eq!(reader.u8(&TYPE), Some(7));
            assert_eq!(reader.be16(&SPKI_LENGTH), Some(9));
            assert_eq!(reader.array::<2>(&RANDOM), None);
            assert_eq!(reader.bytes(&RANDOM, usize::MAX), None);
            assert_eq!((reader.be16(&LENGTH), reader.be32(&LENGTH)), (None, None));
            assert_eq!((reader.position(), reader.remaining()), (7, 1));
            assert_eq!(reader.rest(&HMAC), [1]);
            assert!(reader.is_empty() && reader.u8(&TYPE).is_none());
            let taken: Vec<_> = spans.fields().iter()
                .map(|field| (field.def.name, field.range.clone()))
                .collect();
            assert_eq!(taken, [
                ("length", 0..4), ("type", 4..5), ("spki_length", 5..7), ("hmac", 7..8),
            ]);
        }

        fn nothing_is_recorded_unless_asked_for() {
            let mut spans = Spans::none();
            Reader::new(b"abc", &mut spans).rest(&HMAC);
            assert!(spans.fields().is_empty());
        }

        fn bytes_do_not_show_in_debug() {
            let mut spans = Spans::none();
            let mut reader = Reader::new(b"secret", &mut spans);
            reader.u8(&TYPE);
            assert_eq!(format!("{reader:?}"), "Reader(1 of 6 bytes)");
        }
    }
}
