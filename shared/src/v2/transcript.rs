//! The transcript: the bytes of a handshake that both sides hash, in the order of PROTOCOL.md §2.4.

use sha2::{Digest, Sha256};

use super::inner_type::InnerType;
use crate::wire::length::be32;

/// A hash of the transcript up to some point (32 bytes).
pub(crate) type TranscriptHash = [u8; 32];

/// A running SHA-256 over the handshake.
#[derive(Clone)]
pub(crate) struct Transcript(Sha256);

impl Transcript {
    pub(crate) fn new() -> Self {
        Self(Sha256::new())
    }

    /// Absorbs exact bytes of the wire: announcement, preface and hellos.
    pub(crate) fn absorb(&mut self, wire: &[u8]) {
        self.0.update(wire);
    }

    /// Absorbs a sealed handshake message as `inner type ‖ u32 be length ‖ content`, without the
    /// padding around it.
    pub(crate) fn absorb_sealed(&mut self, inner_type: InnerType, content: &[u8]) {
        // Type and length go before the content, so that no two sequences of messages give the same
        // bytes.
        self.0.update([inner_type as u8]);
        self.0.update(be32(content.len()));
        self.0.update(content);
    }

    /// Returns the hash so far; more can be absorbed afterwards.
    pub(crate) fn hash(&self) -> TranscriptHash {
        // A copy is finished, because signatures, finished messages and keys need hashes of five
        // points.
        self.0.clone().finalize().into()
    }
}

impl std::fmt::Debug for Transcript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transcript(..)")
    }
}
