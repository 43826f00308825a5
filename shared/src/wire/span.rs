//! Named ranges of bytes: the fields of frames.

#[cfg(any(test, feature = "observe"))]
use std::ops::Range;

/// A field of the protocol: its name, and where the document explains it.
#[derive(Debug, PartialEq, Eq)]
pub struct FieldDef {
    /// The field's name in the protocol's document.
    pub name: &'static str,
    /// The section of `docs/PROTOCOL.md` that describes the field, without the sign: `2.3`.
    pub section: &'static str,
    /// The field's meaning in one line, for people.
    pub meaning: &'static str,
    /// The form in which the value is best shown.
    pub value: ValueKind,
}

/// The form of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// Opaque bytes.
    Hex,
    /// An unsigned big-endian number.
    Integer,
    /// Text: ASCII, or what a peer says is UTF-8.
    Text,
    /// The bytes of the next layer, or what the next layer was decoded or opened from.
    Nested,
}

/// A field as it lies in a layer of a frame.
#[cfg(any(test, feature = "observe"))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The field's name and meaning.
    pub def: &'static FieldDef,
    /// The field's bytes in its layer.
    pub range: Range<usize>,
}
