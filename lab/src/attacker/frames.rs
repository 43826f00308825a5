//! Parts of frames that are in clear on the wire: where they lie, and how to put others there.

use std::ops::Range;

use shared::connection::{FrameKind, Layer, LayerName, Version};
use shared::crypto::encoding::append_base64;

use super::Transit;
use crate::outcome::Side;

/// The bytes of v2's header: a length of four and a type of one (PROTOCOL.md §2.2).
pub(crate) const HEADER_BYTES: usize = 5;

impl Transit {
    /// Returns the bytes of a field that everybody on the wire can read, and their place in their
    /// layer.
    pub(crate) fn clear(&self, name: &str) -> Option<(LayerName, Range<usize>, &[u8])> {
        let record = self.record.as_ref()?;
        let sealed = record
            .layers()
            .any(|layer| layer.name == LayerName::Ciphertext);
        // The layers of a hello are the wire and the message, which is in clear; those of a sealed
        // frame are in clear as far as what is sealed.
        let is_clear = |layer: &Layer<'_>| match layer.name {
            LayerName::Wire | LayerName::Ciphertext => true,
            LayerName::Plaintext => false,
            LayerName::Message => !sealed,
        };
        // From the inside: v1's fields are on the wire in base64, and below it as they are.
        let mut found = None;
        for layer in record.layers().filter(is_clear) {
            if let Some(field) = layer.fields.iter().find(|field| field.def.name == name) {
                let bytes = layer.bytes.get(field.range.clone())?;
                found = Some((layer.name, field.range.clone(), bytes));
            }
        }
        found
    }

    /// Returns the frame with other bytes, of the same number, in the place of a field in clear.
    pub(crate) fn with_field(&self, version: Version, name: &str, value: &[u8]) -> Option<Vec<u8>> {
        let (layer, range, old) = self.clear(name)?;
        let mut bytes = self.bytes().to_vec();
        if version == Version::V1 && layer == LayerName::Ciphertext {
            let [old, new] = [old, value].map(base64);
            let start = find(&bytes, &old)?;
            bytes
                .get_mut(start..start + old.len())?
                .copy_from_slice(&new);
            return Some(bytes);
        }
        let start = match layer {
            LayerName::Wire => range.start,
            _ => HEADER_BYTES + range.start,
        };
        bytes
            .get_mut(start..start + value.len())?
            .copy_from_slice(value);
        Some(bytes)
    }
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    append_base64(bytes, &mut text);
    text
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// Returns the ciphertexts of the messages that a side has sent, as they lie on the wire.
pub(crate) fn ciphertexts(tap: &[Transit], from: Side) -> Vec<(&Transit, &[u8])> {
    tap.iter()
        .filter(|frame| frame.is(from, FrameKind::Message))
        .filter_map(|frame| Some((frame, frame.clear("ciphertext")?.2)))
        .collect()
}
