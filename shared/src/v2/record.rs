//! Sealed records: `ChaCha20-Poly1305(key, nonce, aad = the frame's header, content ‖ inner type ‖
//! zeros)`, with sequence numbers that are never sent.
//!
//! A record that was changed, replayed, dropped or swapped meets another sequence number than it
//! was sealed with, and does not open. The zeros fill up to a multiple of 64 bytes, so that lengths
//! show in steps only (the form of RFC 8446 §5.2).

use std::fmt;

use zeroize::Zeroizing;

use super::framing::{FrameType, HEADER_BYTES, header, name_sealed};
use super::inner_type::InnerType;
use super::key_schedule::{next_secret, record_iv, record_key};
use crate::crypto::chacha20_poly1305::Key;
use crate::crypto::hkdf::Secret;
use crate::error::PeerMisbehaved;
use crate::frame::{CheckName, LayerName};
use crate::limits::V2_REFUSED_SEQUENCE;
use crate::wire::fields::{CONTENT, INNER_TYPE, PADDING, SEALED, TAG};
use crate::wire::reader::Reader;
use crate::wire::trace::{KeyDef, KeyName, Trace};
use crate::wire::writer::Writer;

/// The bytes of a record's tag.
pub(crate) const TAG_BYTES: usize = 16;

/// The step in bytes to which the inside of a record is padded.
pub(crate) const PADDING_STEP: usize = 64;

/// One direction's keys, and the number of records that they were used for.
pub(crate) struct DirectionKeys {
    name: KeyName,
    secret: Secret,
    key: Key,
    iv: Zeroizing<[u8; 12]>,
    sequence: u64,
}

impl DirectionKeys {
    /// Derives the keys of a secret, which has the name `def`.
    pub(crate) fn new(secret: Secret, def: &'static KeyDef) -> Self {
        Self::named(secret, KeyName::new(def))
    }

    fn named(secret: Secret, name: KeyName) -> Self {
        Self {
            name,
            key: Key::new(record_key(&secret).as_bytes()),
            iv: Zeroizing::new(record_iv(&secret)),
            secret,
            sequence: 0,
        }
    }

    /// Returns the number of records sealed or opened so far.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Pretends that so many records have been sealed or opened.
    #[cfg(test)]
    pub(crate) fn set_sequence(&mut self, sequence: u64) {
        self.sequence = sequence;
    }

    /// Changes to the next keys and wipes the old ones.
    pub(crate) fn update(&mut self) {
        // The sequence begins anew with the new key: a nonce is unique under one key only.
        *self = Self::named(next_secret(&self.secret), self.name.next());
    }

    /// Returns the next record's nonce: `iv XOR (0^4 ‖ be64 sequence)` (RFC 8446 §5.3).
    fn nonce(&self) -> [u8; 12] {
        let mut nonce = *self.iv;
        let tail = nonce[4..].iter_mut();
        tail.zip(self.sequence.to_be_bytes())
            .for_each(|(byte, number)| *byte ^= number);
        nonce
    }

    /// Seals the content that lies in `output` behind a header's room at `start`.
    pub(crate) fn seal(
        &mut self,
        inner_type: InnerType,
        start: usize,
        output: &mut Vec<u8>,
        trace: &mut Trace,
    ) {
        let content = start + HEADER_BYTES;
        let mut plaintext = trace.spans();
        let mut writer = Writer::behind(output, content, &mut plaintext);
        writer.named(&CONTENT);
        writer.u8(&INNER_TYPE, inner_type as u8);
        let length = writer.length().next_multiple_of(PADDING_STEP);
        writer.zeros_to(&PADDING, length);
        trace.opened(LayerName::Plaintext, &output[content..], plaintext);
        // The header is the associated data, so the padded length is needed before the seal.
        let header = header(FrameType::Sealed, length + TAG_BYTES);
        output[start..content].copy_from_slice(&header);
        let nonce = self.nonce();
        let tag = self
            .key
            .seal_in_place(&nonce, &header, &mut output[content..]);
        let (mut wire, mut sealed) = (trace.spans(), trace.spans());
        let mut writer = Writer::behind(output, content, &mut sealed);
        writer.named(&SEALED);
        writer.bytes(&TAG, &tag);
        name_sealed(length + TAG_BYTES, &mut wire);
        trace.nested(LayerName::Wire, HEADER_BYTES + length + TAG_BYTES, wire);
        trace.nested(LayerName::Ciphertext, length + TAG_BYTES, sealed);
        trace.key(self.name, Some(self.sequence), &nonce, Some(&self.secret));
        // A nonce that is used twice under one key gives away the XOR of both plaintexts (RFC 8439
        // §4).
        self.sequence += 1;
    }

    /// Opens a record in place; returns its inner type byte, which is not zero, and its content.
    pub(crate) fn open<'a>(
        &mut self,
        header: &[u8],
        body: &'a mut [u8],
        trace: &mut Trace,
    ) -> Result<(u8, &'a [u8]), PeerMisbehaved> {
        let nonce = self.nonce();
        trace.key(self.name, Some(self.sequence), &nonce, Some(&self.secret));
        // The receiver counts too, so that a peer that never changes its keys cannot use them for
        // ever.
        if self.sequence >= V2_REFUSED_SEQUENCE {
            trace.refuse(LayerName::Wire, CheckName::RecordCount, 0);
            return Err(PeerMisbehaved::RekeyOverdue);
        }
        let (inner, tag) = split(body, trace)?;
        self.key
            .open_in_place(&nonce, header, inner, tag)
            .map_err(|_| PeerMisbehaved::UnopenableRecord)?;
        // Only an opened record counts. One that does not open ends the connection, so nothing is
        // tried again with another number.
        self.sequence += 1;
        trace.read_opened(LayerName::Plaintext, inner, unpad)
    }
}

/// Splits a record's body into what is sealed and the tag.
#[inline]
pub(crate) fn split<'a>(
    body: &'a mut [u8],
    trace: &mut Trace,
) -> Result<(&'a mut [u8], &'a mut [u8; TAG_BYTES]), PeerMisbehaved> {
    let (length, mut sealed) = (body.len(), trace.spans());
    let Some((inner, tag)) = body.split_last_chunk_mut::<TAG_BYTES>() else {
        sealed.refuse(CheckName::RecordLength, 0);
        trace.nested(LayerName::Ciphertext, length, sealed);
        return Err(PeerMisbehaved::UnopenableRecord);
    };
    sealed.note(&SEALED, 0..inner.len());
    sealed.note(&TAG, inner.len()..length);
    trace.nested(LayerName::Ciphertext, length, sealed);
    Ok((inner, tag))
}

/// Returns the inner type byte, which is not zero, and the content.
#[inline]
fn unpad<'a>(reader: &mut Reader<'a, '_>) -> Result<(u8, &'a [u8]), PeerMisbehaved> {
    // From the end, because the content may end in zeros of its own before the type.
    let Some(end) = reader.all().iter().rposition(|byte| *byte != 0) else {
        reader.refuse(CheckName::RecordType);
        return Err(PeerMisbehaved::RecordPadding);
    };
    let (Some(content), Some(inner_type)) = (reader.bytes(&CONTENT, end), reader.u8(&INNER_TYPE))
    else {
        return Err(PeerMisbehaved::RecordPadding);
    };
    let inner = reader.position() + reader.remaining();
    // Only the shortest padding, so that a content has one form on the wire (PROTOCOL.md §2.5).
    if reader.position().next_multiple_of(PADDING_STEP) != inner {
        reader.refuse(CheckName::Padding);
        return Err(PeerMisbehaved::RecordPadding);
    }
    reader.rest(&PADDING);
    Ok((inner_type, content))
}

impl fmt::Debug for DirectionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DirectionKeys(secret, {} records)", self.sequence)
    }
}
