//! Sealed records: `ChaCha20-Poly1305(key, nonce, aad = the frame's header, content ‖ inner type ‖
//! zeros)`, with sequence numbers that are never sent.
//!
//! A record that was changed, replayed, dropped or swapped meets another sequence number than it
//! was sealed with, and does not open. The zeros fill up to a multiple of 64 bytes, so that lengths
//! show in steps only (the form of RFC 8446 §5.2).

use std::fmt;

use zeroize::Zeroizing;

use super::framing::{FrameType, HEADER_BYTES, header};
use super::inner_type::InnerType;
use super::key_schedule::{next_secret, record_iv, record_key};
use crate::crypto::chacha20_poly1305::Key;
use crate::crypto::hkdf::Secret;
use crate::error::PeerMisbehaved;
use crate::limits::V2_REFUSED_SEQUENCE;

/// The bytes of a record's tag.
pub(crate) const TAG_BYTES: usize = 16;

/// The step in bytes to which the inside of a record is padded.
pub(crate) const PADDING_STEP: usize = 64;

/// One direction's keys, and the number of records that they were used for.
pub(crate) struct DirectionKeys {
    secret: Secret,
    key: Key,
    iv: Zeroizing<[u8; 12]>,
    sequence: u64,
}

impl DirectionKeys {
    pub(crate) fn new(secret: Secret) -> Self {
        Self {
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
        *self = Self::new(next_secret(&self.secret));
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
    pub(crate) fn seal(&mut self, inner_type: InnerType, start: usize, output: &mut Vec<u8>) {
        let content = start + HEADER_BYTES;
        output.push(inner_type as u8);
        let length = (output.len() - content).next_multiple_of(PADDING_STEP);
        output.resize(content + length, 0);
        // The header is the associated data, so the padded length is needed before the seal.
        let header = header(FrameType::Sealed, length + TAG_BYTES);
        output[start..content].copy_from_slice(&header);
        let tag = self
            .key
            .seal_in_place(&self.nonce(), &header, &mut output[content..]);
        output.extend_from_slice(&tag);
        // A nonce that is used twice under one key gives away the XOR of both plaintexts (RFC 8439
        // §4).
        self.sequence += 1;
    }

    /// Opens a record in place; returns its inner type byte, which is not zero, and its content.
    pub(crate) fn open<'a>(
        &mut self,
        header: &[u8],
        body: &'a mut [u8],
    ) -> Result<(u8, &'a [u8]), PeerMisbehaved> {
        // The receiver counts too, so that a peer that never changes its keys cannot use them for
        // ever.
        if self.sequence >= V2_REFUSED_SEQUENCE {
            return Err(PeerMisbehaved::RekeyOverdue);
        }
        let (inner, tag) = body
            .split_last_chunk_mut::<TAG_BYTES>()
            .ok_or(PeerMisbehaved::UnopenableRecord)?;
        self.key
            .open_in_place(&self.nonce(), header, inner, tag)
            .map_err(|_| PeerMisbehaved::UnopenableRecord)?;
        // Only an opened record counts. One that does not open ends the connection, so nothing is
        // tried again with another number.
        self.sequence += 1;
        // From the end, because the content may end in zeros of its own before the type.
        let end = inner
            .iter()
            .rposition(|byte| *byte != 0)
            .ok_or(PeerMisbehaved::RecordPadding)?;
        // Only the shortest padding, so that a content has one form on the wire (PROTOCOL.md §2.5).
        if (end + 1).next_multiple_of(PADDING_STEP) != inner.len() {
            return Err(PeerMisbehaved::RecordPadding);
        }
        Ok((inner[end], &inner[..end]))
    }
}

impl fmt::Debug for DirectionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DirectionKeys(secret, {} records)", self.sequence)
    }
}
