//! The proofs: each side signs the transcript with its RSA key, then confirms it with a MAC.
//!
//! `auth = u16 be length ‖ SPKI DER ‖ u16 be length ‖ RSA-PSS signature`, over
//! `context ‖ 0x00 ‖ transcript hash ‖ SHA-256(SPKI DER)`.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::length::{be16, split_be16};
use super::transcript::TranscriptHash;
use crate::crypto::hkdf::Secret;
use crate::crypto::hmac_sha256;
use crate::crypto::rsa_public::pss_verify;
use crate::error::{Error, InvalidMessage, PeerMisbehaved};
use crate::frame::FrameKind;
use crate::identity::PublicKey;

/// The bytes of a finished message.
pub(crate) const FINISHED_BYTES: usize = 32;

/// The side that proves itself. A signature of one side is none of the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prover {
    Client,
    Server,
}

impl Prover {
    const fn context(self) -> &'static [u8] {
        // Two contexts, because a server must not take its own proof, sent back, for a client's (as
        // in RFC 8446 §4.4.3).
        match self {
            Self::Client => b"SC/2 client auth",
            Self::Server => b"SC/2 server auth",
        }
    }

    const fn auth(self) -> FrameKind {
        match self {
            Self::Client => FrameKind::ClientAuth,
            Self::Server => FrameKind::ServerAuth,
        }
    }

    const fn finished(self) -> FrameKind {
        match self {
            Self::Client => FrameKind::ClientFinished,
            Self::Server => FrameKind::ServerFinished,
        }
    }

    /// Returns the bytes that this side signs.
    pub(crate) fn to_be_signed(
        self,
        transcript: &TranscriptHash,
        key: &PublicKey,
    ) -> Zeroizing<Vec<u8>> {
        // The key is signed as well, so that nobody can present another key for which the same
        // signature verifies.
        let spki_hash: [u8; 32] = Sha256::digest(key.spki_der()).into();
        Zeroizing::new([self.context(), &[0], transcript, &spki_hash].concat())
    }

    /// Reads and verifies a proof, and returns the proven key.
    pub(crate) fn verify(
        self,
        content: &[u8],
        transcript: &TranscriptHash,
        expected: Option<&PublicKey>,
    ) -> Result<PublicKey, Error> {
        let (spki, signature) =
            decode(content).ok_or(InvalidMessage::HandshakeLength(self.auth()))?;
        let key = match expected {
            Some(key) if key.spki_der() == spki => key.clone(),
            // The announced key is the one that is judged and shown to people, so the proof must be
            // for it.
            Some(_) => return Err(PeerMisbehaved::OtherKeyThanAnnounced.into()),
            None => PublicKey::from_spki_der(spki).map_err(PeerMisbehaved::UnacceptableKey)?,
        };
        // Only the canonical encoding is taken: two encodings of one key would be two hashes of it.
        let is_canonical = key.spki_der() == spki;
        let signed = self.to_be_signed(transcript, &key);
        if is_canonical && pss_verify(&key, &signed, signature) {
            Ok(key)
        } else {
            Err(PeerMisbehaved::WrongProof.into())
        }
    }

    /// Checks a finished message, in constant time.
    pub(crate) fn verify_finished(
        self,
        content: &[u8],
        key: &Secret,
        transcript: &TranscriptHash,
    ) -> Result<(), Error> {
        // The length is public, so this check need not be constant time.
        if content.len() != FINISHED_BYTES {
            return Err(InvalidMessage::HandshakeLength(self.finished()).into());
        }
        if hmac_sha256::verify(key, transcript, content) {
            Ok(())
        } else {
            Err(PeerMisbehaved::WrongFinished.into())
        }
    }
}

/// Encodes the content of an auth message. Keys and signatures of accepted keys are far below 64
/// KiB.
pub(crate) fn encode(key: &PublicKey, signature: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(4 + key.spki_der().len() + signature.len());
    for field in [key.spki_der(), signature] {
        content.extend_from_slice(&be16(field.len()));
        content.extend_from_slice(field);
    }
    content
}

fn decode(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let (spki, rest) = field(content)?;
    let (signature, rest) = field(rest)?;
    // Nothing may follow the signature (PROTOCOL.md §2.6): unsigned bytes would reach the
    // transcript.
    rest.is_empty().then_some((spki, signature))
}

fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = split_be16(bytes)?;
    rest.split_at_checked(length)
}
