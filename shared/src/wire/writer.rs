//! Puts the fields of a frame behind each other.

use std::fmt;

use super::length::{be16, be32};
use super::span::FieldDef;
use super::trace::Spans;

/// The end of a layer that is being built in a buffer, behind whatever lies there already.
pub(crate) struct Writer<'a> {
    output: &'a mut Vec<u8>,
    /// The offset of the layer in the buffer.
    start: usize,
    spans: &'a mut Spans,
}

impl<'a> Writer<'a> {
    /// Starts a layer at the end of `output`, and records its fields in `spans`.
    #[inline]
    pub(crate) fn new(output: &'a mut Vec<u8>, spans: &'a mut Spans) -> Self {
        let start = output.len();
        Self::behind(output, start, spans)
    }

    /// Goes on with the layer that starts at `start`.
    #[inline]
    pub(crate) fn behind(output: &'a mut Vec<u8>, start: usize, spans: &'a mut Spans) -> Self {
        Self {
            output,
            start,
            spans,
        }
    }

    /// Puts the bytes of a field.
    #[inline]
    pub(crate) fn bytes(&mut self, field: &'static FieldDef, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
        self.placed(field, bytes.len());
    }

    /// Puts one byte.
    #[inline]
    pub(crate) fn u8(&mut self, field: &'static FieldDef, byte: u8) {
        self.output.push(byte);
        self.placed(field, 1);
    }

    /// Puts a length in two bytes, big-endian. Every caller keeps it below 2^16.
    #[inline]
    pub(crate) fn be16(&mut self, field: &'static FieldDef, length: usize) {
        self.bytes(field, &be16(length));
    }

    /// Puts a length in four bytes, big-endian. Every caller keeps it below 2^32.
    #[inline]
    pub(crate) fn be32(&mut self, field: &'static FieldDef, length: usize) {
        self.bytes(field, &be32(length));
    }

    /// Puts zeros until the layer has `length` bytes.
    #[inline]
    pub(crate) fn zeros_to(&mut self, field: &'static FieldDef, length: usize) {
        let before = self.length();
        self.output.resize(self.start + length, 0);
        self.placed(field, length - before);
    }

    /// Names the layer's bytes so far, which somebody else has put.
    #[inline]
    pub(crate) fn named(&mut self, field: &'static FieldDef) {
        self.placed(field, self.length());
    }

    /// Returns the number of bytes of the layer so far.
    #[inline]
    pub(crate) fn length(&self) -> usize {
        self.output.len() - self.start
    }

    /// Puts a field by a function that appends it to the buffer.
    #[inline]
    pub(crate) fn with(&mut self, field: &'static FieldDef, append: impl FnOnce(&mut Vec<u8>)) {
        let before = self.output.len();
        append(self.output);
        self.placed(field, self.output.len() - before);
    }

    #[inline]
    fn placed(&mut self, field: &'static FieldDef, length: usize) {
        let end = self.length();
        self.spans.note(field, end - length..end);
    }
}

impl fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the bytes, which may be about to be sealed.
        write!(f, "Writer({} bytes)", self.length())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;
    use crate::wire::fields::{CONTENT, HMAC, INNER_TYPE, LENGTH, PADDING};

    portable_test! {
        fn fields_lie_behind_each_other_and_begin_with_the_layer() {
            let mut output = b"before".to_vec();
            let mut spans = Spans::recording();
            let mut writer = Writer::new(&mut output, &mut spans);
            writer.be32(&LENGTH, 0x0102);
            writer.named(&CONTENT);
            writer.u8(&INNER_TYPE, 9);
            writer.zeros_to(&PADDING, 7);
            writer.with(&HMAC, |output| output.extend_from_slice(b"mac"));
            assert_eq!(format!("{writer:?}"), "Writer(10 bytes)");
            assert_eq!(output, b"before\0\0\x01\x02\x09\0\0mac");
            let ranges: Vec<_> = spans.fields().iter().map(|field| field.range.clone()).collect();
            assert_eq!(ranges, [0..4, 0..4, 4..5, 5..7, 7..10]);
        }
    }
}
