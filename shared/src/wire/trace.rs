//! The place where spans are kept while one frame is read or built.
//!
//! Two implementations of the same three types: one that records, and one of no size that does
//! nothing. A cargo feature chooses and not a type parameter: machines are chosen at run time
//! behind `Box<dyn Machine>`, so a parameter would either show in every public type or link both.

#[cfg(not(any(test, feature = "observe")))]
mod nothing;
#[cfg(any(test, feature = "observe"))]
mod recording;

#[cfg(not(any(test, feature = "observe")))]
pub(crate) use nothing::{KeyName, Spans, Trace};
#[cfg(any(test, feature = "observe"))]
pub(crate) use recording::{KeyName, Spans, Trace};

use super::fields::TERMINATOR;
use super::reader::Reader;
use super::span::FieldDef;
use super::writer::Writer;
use crate::frame::{LayerName, TERMINATOR as TERMINATOR_BYTES};

/// A secret of the key schedule, by the names of PROTOCOL.md §2.4.
#[derive(Debug)]
pub(crate) struct KeyDef {
    /// The secret's name.
    #[cfg_attr(
        not(any(test, feature = "observe")),
        expect(dead_code, reason = "for records")
    )]
    pub(crate) name: &'static str,
    /// The name of the secret that it is derived from.
    #[cfg_attr(
        not(any(test, feature = "observe")),
        expect(dead_code, reason = "for records")
    )]
    pub(crate) derived_from: &'static str,
    /// The label of the derivation.
    pub(crate) label: &'static str,
}

impl Trace {
    /// Reads a layer whose bytes are the nested field of the layer before.
    #[inline]
    pub(crate) fn read<'a, T>(
        &mut self,
        layer: LayerName,
        bytes: &'a [u8],
        parse: impl FnOnce(&mut Reader<'a, '_>) -> T,
    ) -> T {
        let mut spans = self.spans();
        let parsed = parse(&mut Reader::new(bytes, &mut spans));
        self.nested(layer, bytes.len(), spans);
        parsed
    }

    /// Takes a layer of one field, whose bytes are the nested field of the layer before.
    #[inline]
    pub(crate) fn one(&mut self, layer: LayerName, field: &'static FieldDef, length: usize) {
        let mut spans = self.spans();
        spans.note(field, 0..length);
        self.nested(layer, length, spans);
    }

    /// Takes a layer that is these fields one behind the other, decoded from a text.
    #[inline]
    pub(crate) fn decoded<const N: usize>(
        &mut self,
        layer: LayerName,
        parts: [(&'static FieldDef, &[u8]); N],
    ) {
        if self.records() {
            let length = parts.iter().map(|(_, part)| part.len()).sum();
            let (mut bytes, mut spans) = (Vec::with_capacity(length), self.spans());
            let mut writer = Writer::new(&mut bytes, &mut spans);
            for (field, part) in parts {
                writer.bytes(field, part);
            }
            self.owned(layer, bytes, spans);
        }
    }

    /// Reads the bytes of the wire up to v1's terminator, which is a field too.
    #[inline]
    pub(crate) fn read_terminated<'a, T>(
        &mut self,
        frame: &'a [u8],
        parse: impl FnOnce(&mut Reader<'a, '_>) -> T,
    ) -> T {
        let mut spans = self.spans();
        let parsed = parse(&mut Reader::new(frame, &mut spans));
        self.terminated(frame.len(), spans);
        parsed
    }

    /// Takes the bytes of the wire up to v1's terminator, which is a field too.
    #[inline]
    pub(crate) fn terminated(&mut self, length: usize, mut spans: Spans) {
        let end = length + TERMINATOR_BYTES.len();
        spans.fill(length);
        spans.note(&TERMINATOR, length..end);
        self.nested(LayerName::Wire, end, spans);
    }

    /// Reads a layer whose bytes were opened or decoded.
    #[inline]
    pub(crate) fn read_opened<'a, T>(
        &mut self,
        layer: LayerName,
        bytes: &'a [u8],
        parse: impl FnOnce(&mut Reader<'a, '_>) -> T,
    ) -> T {
        let mut spans = self.spans();
        let parsed = parse(&mut Reader::new(bytes, &mut spans));
        self.opened(layer, bytes, spans);
        parsed
    }
}
