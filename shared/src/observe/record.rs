//! The JSON form of an observed frame (docs/INSPECTOR.md §2).

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroize;

use crate::connection::Version;
use crate::frame::{Direction, Layer, LayerName, ObservedFrame, Verdict};
use crate::wire::span::{Field, ValueKind};

/// The name of the format, which every document has.
pub const FORMAT: &str = "secure-chat-frames";

/// The version of the format. A change that a reader could misunderstand raises it.
pub const FORMAT_VERSION: u32 = 1;

/// The most bytes of a field whose value is shown. Longer ones are cut: the exact bytes are in the
/// layer, and a record of a message of a megabyte must not have it three times.
const SHOWN_BYTES: usize = 256;

/// The mark behind a shown value that is cut.
const CUT: char = '…';

/// A text that is one of the protocol's, or was read from a document.
type Word = Cow<'static, str>;

/// The frames of one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// [`FORMAT`].
    pub format: Word,
    /// [`FORMAT_VERSION`].
    pub version: u32,
    /// The version of the protocol; `None` if the connection ended before the client chose one.
    pub protocol: Option<Word>,
    /// The frames in the order of their numbers.
    pub frames: Vec<FrameRecord>,
}

impl Document {
    /// Returns a document of these frames.
    pub fn new(protocol: Option<Version>, frames: Vec<FrameRecord>) -> Self {
        Self {
            format: FORMAT.into(),
            version: FORMAT_VERSION,
            protocol: protocol.map(|version| version.as_str().into()),
            frames,
        }
    }
}

/// A frame with everything that is known of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameRecord {
    /// The frame's number in its connection, from 1.
    pub number: u64,
    /// The frame's direction, seen from the side that was observed; from the client in a capture.
    #[serde(with = "direction")]
    pub direction: Direction,
    /// The frame's kind.
    pub kind: Word,
    /// The time in microseconds since the start of the connection.
    pub at: u64,
    /// The frame's exact bytes.
    #[serde(with = "base64_bytes")]
    pub wire: Vec<u8>,
    /// The layers, from the outside to the inside.
    pub layers: Vec<LayerRecord>,
    /// The keys that took part.
    pub keys: Vec<KeyRecord>,
    /// The decision about the frame.
    pub verdict: VerdictRecord,
}

/// A layer of a frame.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// `wire`, `ciphertext`, `plaintext` or `message`.
    pub name: Word,
    /// The bytes, if they were decoded or opened. Without them they are the wire's, or those of the
    /// nested field of the layer before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(with = "optional_base64")]
    pub bytes: Option<Vec<u8>>,
    /// The fields in their order; together they are all of the bytes.
    pub fields: Vec<FieldRecord>,
}

/// A field of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldRecord {
    /// The field's name in the protocol's document.
    pub name: Word,
    /// The first byte in the layer.
    pub start: usize,
    /// The byte behind the last one.
    pub end: usize,
    /// The section of `docs/PROTOCOL.md` that describes the field.
    pub section: Word,
    /// The field's meaning in one line.
    pub meaning: Word,
    /// The form of the value: `hex`, `integer`, `text` or `nested`.
    pub kind: Word,
    /// The value in that form, for people; a nested field has none. A long one is cut and ends in
    /// `…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
}

/// A key that took part in a frame.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// The name of the secret.
    pub name: Word,
    /// The name of the secret that it was derived from.
    pub derived_from: Word,
    /// The label of the derivation.
    pub label: Word,
    /// The number of key updates before.
    pub epoch: u64,
    /// The sequence number of the record; `None` for a key that seals no records.
    pub seq: Option<u64>,
    /// The nonce in hexadecimal; empty for a key that has none.
    pub nonce: String,
    /// The value of the secret in hexadecimal, only if values were recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// The decision about a frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictRecord {
    /// No check refused the frame.
    Accepted,
    /// The frame could be read in part only, because a secret is not known.
    Unchecked,
    /// A check refused the frame, and the connection ended.
    Refused {
        /// The check.
        check: Word,
        /// The section of `docs/PROTOCOL.md` that demands the check.
        section: Word,
        /// The error with which the connection ended, for people.
        error: String,
        /// The layer at which the check looked.
        layer: Word,
        /// The first byte of the layer that the check is about.
        offset: usize,
    },
}

/// An error: a record whose layers and fields do not fit its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the layers of frame {number} do not fit its bytes")]
pub struct InvalidRecord {
    /// The number of the frame.
    pub number: u64,
}

impl FrameRecord {
    /// Checks that the fields of every layer lie behind each other and are all of its bytes. A
    /// record that was read from a document need not be one that this crate has made.
    ///
    /// # Errors
    /// [`InvalidRecord`].
    pub fn check(&self) -> Result<(), InvalidRecord> {
        let invalid = InvalidRecord {
            number: self.number,
        };
        for (layer, bytes) in self.layers() {
            let mut end = 0;
            for field in &layer.fields {
                if field.start != end || field.end < end {
                    return Err(invalid);
                }
                end = field.end;
            }
            if end != bytes.len() {
                return Err(invalid);
            }
        }
        Ok(())
    }

    /// Returns the layers with their bytes.
    pub fn layers(&self) -> impl Iterator<Item = (&LayerRecord, &[u8])> {
        let mut outer = &self.wire[..];
        self.layers.iter().map(move |layer| {
            let bytes = layer.bytes.as_deref().unwrap_or(outer);
            let mut nested = layer.fields.iter().filter(|field| field.kind == "nested");
            outer = nested.next().map_or(&[][..], |field| {
                bytes.get(field.start..field.end).unwrap_or_default()
            });
            (layer, bytes)
        })
    }

    /// Marks the frame as one that could be read in part only.
    pub(super) fn unchecked(mut self) -> Self {
        self.verdict = VerdictRecord::Unchecked;
        self
    }
}

impl From<&ObservedFrame> for FrameRecord {
    fn from(frame: &ObservedFrame) -> Self {
        let mut outer = &frame.wire[..];
        let layers = frame.layers().map(|layer| {
            // By address: what was decoded may have the same bytes as what it was decoded from.
            let nested = std::ptr::eq(layer.bytes, outer);
            let field = |field: &&Field| field.def.value == ValueKind::Nested;
            outer = layer.fields.iter().find(field).map_or(&[][..], |field| {
                layer.bytes.get(field.range.clone()).unwrap_or_default()
            });
            LayerRecord::new(&layer, nested)
        });
        Self {
            number: frame.number,
            direction: frame.direction,
            kind: frame.kind.as_str().into(),
            at: frame.at.as_micros(),
            layers: layers.collect(),
            keys: frame.keys.iter().map(KeyRecord::from).collect(),
            verdict: (&frame.verdict).into(),
            wire: frame.wire.clone(),
        }
    }
}

impl LayerRecord {
    fn new(layer: &Layer<'_>, nested: bool) -> Self {
        let fields = layer.fields.iter();
        Self {
            name: layer.name.as_str().into(),
            bytes: (!nested && layer.name != LayerName::Wire).then(|| layer.bytes.to_vec()),
            fields: fields.map(|it| FieldRecord::new(it, layer.bytes)).collect(),
        }
    }
}

impl FieldRecord {
    fn new(field: &Field, layer: &[u8]) -> Self {
        let def = field.def;
        let bytes = layer.get(field.range.clone()).unwrap_or_default();
        Self {
            name: def.name.into(),
            start: field.range.start,
            end: field.range.end,
            section: def.section.into(),
            meaning: def.meaning.into(),
            kind: match def.value {
                ValueKind::Hex => "hex",
                ValueKind::Integer => "integer",
                ValueKind::Text => "text",
                ValueKind::Nested => "nested",
            }
            .into(),
            shown: shown(def.value, bytes),
        }
    }
}

/// Returns a value for people.
fn shown(kind: ValueKind, bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..SHOWN_BYTES).unwrap_or(bytes);
    let mut text = match kind {
        ValueKind::Nested => return None,
        ValueKind::Text => String::from_utf8_lossy(head).into_owned(),
        // The protocol has no longer number than four bytes; a refused frame may have fewer.
        ValueKind::Integer if bytes.len() <= 8 => bytes
            .iter()
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
            .to_string(),
        ValueKind::Integer | ValueKind::Hex => hex(head),
    };
    if head.len() < bytes.len() {
        text.push(CUT);
    }
    Some(text)
}

impl From<&crate::frame::KeyUse> for KeyRecord {
    fn from(key: &crate::frame::KeyUse) -> Self {
        Self {
            name: key.name.into(),
            derived_from: key.derived_from.into(),
            label: key.label.into(),
            epoch: key.epoch,
            seq: key.seq,
            nonce: hex(&key.nonce),
            value: key.value.as_ref().map(|value| hex(value)),
        }
    }
}

impl Drop for KeyRecord {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

impl From<&Verdict> for VerdictRecord {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Accepted => Self::Accepted,
            Verdict::Refused {
                check,
                error,
                layer,
                offset,
            } => Self::Refused {
                check: check.as_str().into(),
                section: check.section().into(),
                error: error.to_string(),
                layer: layer.as_str().into(),
                offset: *offset,
            },
        }
    }
}

impl fmt::Debug for FrameRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only the lengths, because the bytes are people's texts, and v1's keys.
        let (number, kind, length) = (self.number, &self.kind, self.wire.len());
        let (direction, verdict) = (self.direction, &self.verdict);
        write!(
            f,
            "FrameRecord({number}, {direction:?}, {kind}, {length} bytes, {verdict:?})"
        )
    }
}

impl fmt::Debug for LayerRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "LayerRecord({}, {} fields)",
            self.name,
            self.fields.len()
        )
    }
}

impl fmt::Debug for KeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, epoch, seq) = (&self.name, self.epoch, self.seq);
        write!(f, "KeyRecord({name}, epoch {epoch}, seq {seq:?})")
    }
}

/// Returns the bytes in hexadecimal, in lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

mod direction {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::frame::Direction;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
    pub(super) fn serialize<S: Serializer>(
        it: &Direction,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match it {
            Direction::Sent => "sent",
            Direction::Received => "received",
        })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Direction, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "sent" => Ok(Direction::Sent),
            "received" => Ok(Direction::Received),
            _ => Err(D::Error::custom("a direction is sent or received")),
        }
    }
}

mod base64_bytes {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::crypto::encoding::{append_base64, decode_base64};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = Vec::new();
        append_base64(bytes, &mut text);
        // Base64 is ASCII.
        serializer.serialize_str(str::from_utf8(&text).unwrap_or_default())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode_base64(&text).map_err(|_| D::Error::custom("not base64"))
    }
}

mod optional_base64 {
    use serde::{Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde's form")]
    pub(super) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        super::base64_bytes::serialize(bytes.as_deref().unwrap_or_default(), serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        super::base64_bytes::deserialize(deserializer).map(Some)
    }
}
