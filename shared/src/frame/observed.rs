//! The record of a frame that an observed connection reports.
//!
//! Its bounds follow from those of frames: [`OBSERVED_LAYERS`](crate::limits::OBSERVED_LAYERS)
//! layers, none longer than the frame, each with at most
//! [`OBSERVED_FIELDS`](crate::limits::OBSERVED_FIELDS) fields and the rest that was not read, and
//! [`OBSERVED_KEYS`](crate::limits::OBSERVED_KEYS) keys.

#[cfg(any(test, feature = "observe"))]
use std::fmt;

#[cfg(any(test, feature = "observe"))]
use super::CheckName;
use super::{Direction, FrameKind};
#[cfg(any(test, feature = "observe"))]
use crate::connection::Plaintext;
use crate::error::Error;
use crate::time::Time;
#[cfg(any(test, feature = "observe"))]
use crate::wire::span::{Field, ValueKind};
use crate::wire::trace::Trace;

/// The frames of a connection that are reported, as [`Event::Frame`](crate::connection::Event).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Observe {
    /// No frames.
    #[default]
    Nothing,
    /// Every frame, without the values of keys. Messages are in the record, as in
    /// [`Event::Message`](crate::connection::Event::Message).
    Frames,
    /// Every frame, with the values of the keys that took part. Nothing that a peer does can choose
    /// this.
    WithSecrets,
}

/// A frame that passed, as the connection read or built it.
///
/// With the feature `observe` the record has the frame's layers with their fields, the keys that
/// took part and the verdict, and frames that were refused before their kind was known are reported
/// too.
#[derive(Debug)]
#[non_exhaustive]
pub struct ObservedFrame {
    /// The frame's number in its connection, from 1, in the order in which frames were begun.
    pub number: u64,
    /// The frame's direction.
    pub direction: Direction,
    /// The frame's kind.
    pub kind: FrameKind,
    /// The time at which the frame was handled.
    pub at: Time,
    /// The frame's exact bytes, with v1's terminator. Those that had come, if the frame was refused
    /// before it was whole.
    pub wire: Vec<u8>,
    /// The decision of the connection about the frame.
    #[cfg(any(test, feature = "observe"))]
    pub verdict: Verdict,
    /// The keys that took part.
    #[cfg(any(test, feature = "observe"))]
    pub keys: Vec<KeyUse>,
    #[cfg(any(test, feature = "observe"))]
    layers: Vec<LayerRecord>,
}

/// A depth of a frame, from the outside to the inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerName {
    /// The bytes of the stream.
    Wire,
    /// The bytes that are sealed: ciphertext and tag.
    Ciphertext,
    /// The bytes that were sealed: content, inner type and padding.
    Plaintext,
    /// The message in the frame.
    Message,
}

impl LayerName {
    /// Returns the name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Ciphertext => "ciphertext",
            Self::Plaintext => "plaintext",
            Self::Message => "message",
        }
    }
}

/// A layer of a frame with its fields.
#[cfg(any(test, feature = "observe"))]
#[derive(Clone, Copy)]
pub struct Layer<'a> {
    /// The layer's name.
    pub name: LayerName,
    /// The layer's bytes.
    pub bytes: &'a [u8],
    /// The fields in their order; together they are all of the bytes.
    pub fields: &'a [Field],
}

#[cfg(any(test, feature = "observe"))]
impl fmt::Debug for Layer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only the length, because the bytes are people's texts, and v1's keys.
        let length = self.bytes.len();
        write!(f, "Layer({}, {length} bytes)", self.name.as_str())
    }
}

/// The decision of a connection about a frame.
#[cfg(any(test, feature = "observe"))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// No check refused the frame.
    Accepted,
    /// A check refused the frame, and the connection ended.
    Refused {
        /// The check.
        check: CheckName,
        /// The error with which the connection ended.
        error: Error,
        /// The layer at which the check looked.
        layer: LayerName,
        /// The first byte of the layer that the check is about.
        offset: usize,
    },
}

/// A key that took part in a frame, by its name and its derivation (PROTOCOL.md §2.4).
#[cfg(any(test, feature = "observe"))]
#[derive(Debug)]
pub struct KeyUse {
    /// The name of the secret.
    pub name: &'static str,
    /// The name of the secret that it was derived from.
    pub derived_from: &'static str,
    /// The label of the derivation.
    pub label: &'static str,
    /// The number of key updates before.
    pub epoch: u64,
    /// The sequence number of the record; `None` for a key that seals no records.
    pub seq: Option<u64>,
    /// The nonce or IV; empty for a key that has none.
    pub nonce: Vec<u8>,
    /// The value of the secret, with [`Observe::WithSecrets`] only. Wiped when dropped.
    pub value: Option<Plaintext>,
}

/// A layer as it was recorded.
#[cfg(any(test, feature = "observe"))]
#[derive(Debug)]
pub(crate) struct LayerRecord {
    pub(crate) name: LayerName,
    /// The bytes of a layer that was opened or decoded; those of others are in the layer before.
    pub(crate) own: Option<Plaintext>,
    pub(crate) fields: Vec<Field>,
}

impl ObservedFrame {
    /// Returns the record of a frame with nothing but its bytes.
    pub(crate) fn new(
        number: u64,
        direction: Direction,
        kind: FrameKind,
        at: Time,
        wire: Vec<u8>,
    ) -> Self {
        Self {
            number,
            direction,
            kind,
            at,
            wire,
            #[cfg(any(test, feature = "observe"))]
            verdict: Verdict::Accepted,
            #[cfg(any(test, feature = "observe"))]
            keys: Vec::new(),
            #[cfg(any(test, feature = "observe"))]
            layers: Vec::new(),
        }
    }
}

#[cfg(any(test, feature = "observe"))]
impl ObservedFrame {
    /// Returns the layers, from the outside to the inside.
    pub fn layers(&self) -> impl Iterator<Item = Layer<'_>> {
        let mut outer = &self.wire[..];
        self.layers.iter().map(move |record| {
            let bytes = record.own.as_deref().unwrap_or(outer);
            let nested = |field: &&Field| field.def.value == ValueKind::Nested;
            outer = match record.fields.iter().find(nested) {
                Some(field) => bytes.get(field.range.clone()).unwrap_or_default(),
                None => &[],
            };
            Layer {
                name: record.name,
                bytes,
                fields: &record.fields,
            }
        })
    }

    /// Takes what was recorded while the frame was read or built, and the error that refused it.
    pub(crate) fn complete(&mut self, trace: Trace, error: Option<&Error>) {
        let traced = trace.finish();
        self.layers = traced.layers;
        // A sender builds the inside first.
        self.layers.sort_by_key(|layer| layer.name);
        self.keys = traced.keys;
        // Both sides' records have the same order: the key that seals, then the others.
        self.keys.sort_by_key(|key| key.seq.is_none());
        let Some(error) = error else {
            // A check that was noted without an error was only a question: is it another frame?
            return;
        };
        if let Some(check) = CheckName::of(error) {
            let (layer, check, offset) = traced.refused.unwrap_or_else(|| self.place_of(check));
            self.verdict = Verdict::Refused {
                check,
                error: error.clone(),
                layer,
                offset,
            };
        }
    }

    /// Returns the place of a check that is about a whole field: the start of that field.
    fn place_of(&self, check: CheckName) -> (LayerName, CheckName, usize) {
        let fields = check.fields();
        for layer in self.layers.iter().rev() {
            let is_meant = |field: &&Field| fields.iter().any(|def| std::ptr::eq(*def, field.def));
            if let Some(field) = layer.fields.iter().find(is_meant) {
                return (layer.name, check, field.range.start);
            }
        }
        (LayerName::Wire, check, 0)
    }
}

#[cfg(not(any(test, feature = "observe")))]
impl ObservedFrame {
    /// Ignores what was not recorded.
    #[inline]
    #[allow(
        clippy::unused_self,
        clippy::needless_pass_by_value,
        reason = "as the one that records"
    )]
    pub(crate) fn complete(&mut self, _: Trace, _: Option<&Error>) {}
}

/// Asserts that the fields of every layer lie behind each other and are all of its bytes, and that
/// the record is within its bounds.
#[cfg(any(test, all(fuzzing, feature = "observe")))]
pub(crate) fn assert_covered(frame: &ObservedFrame) {
    use crate::limits::{OBSERVED_FIELDS, OBSERVED_KEYS, OBSERVED_LAYERS};

    let layers: Vec<_> = frame.layers().collect();
    assert!(!layers.is_empty() && layers.len() <= OBSERVED_LAYERS);
    assert!(frame.keys.len() <= OBSERVED_KEYS, "{:?}", frame.keys);
    assert_eq!(layers[0].name, LayerName::Wire);
    assert_eq!(layers[0].bytes, frame.wire);
    assert!(layers.is_sorted_by(|a, b| a.name < b.name), "{frame:?}");
    for layer in layers {
        // One more for what a refused frame has behind the check.
        assert!(layer.fields.len() <= OBSERVED_FIELDS + 1);
        let mut end = 0;
        for field in layer.fields {
            assert_eq!(field.range.start, end, "{:?} of {frame:?}", layer.name);
            end = field.range.end;
        }
        assert_eq!(end, layer.bytes.len(), "{:?} of {frame:?}", layer.name);
        assert!(layer.bytes.len() <= frame.wire.len());
    }
}
