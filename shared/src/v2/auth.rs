//! The proofs: each side signs the transcript with its RSA key, then confirms it with a MAC.
//!
//! `auth = u16 be length ‖ SPKI DER ‖ u16 be length ‖ RSA-PSS signature`, over
//! `context ‖ 0x00 ‖ transcript hash ‖ SHA-256(SPKI DER)`.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::transcript::TranscriptHash;
use crate::crypto::hkdf::Secret;
use crate::crypto::hmac_sha256;
use crate::crypto::rsa_public::pss_verify;
use crate::error::{Error, InvalidMessage, PeerMisbehaved};
use crate::frame::{CheckName, FrameKind, LayerName};
use crate::identity::PublicKey;
use crate::wire::fields::{HMAC, SIGNATURE, SIGNATURE_LENGTH, SPKI, SPKI_LENGTH};
use crate::wire::reader::Reader;
use crate::wire::trace::Trace;
use crate::wire::writer::Writer;

/// The bytes of a finished message.
pub(crate) const FINISHED_BYTES: usize = 32;

/// The bytes of the length before the key and before the signature.
const LENGTH_BYTES: usize = 2;

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
        reader: &mut Reader<'_, '_>,
        transcript: &TranscriptHash,
        expected: Option<&PublicKey>,
    ) -> Result<PublicKey, Error> {
        let (spki, signature) = decode(reader).ok_or_else(|| {
            reader.refuse(CheckName::AuthLength);
            InvalidMessage::HandshakeLength(self.auth())
        })?;
        let key = match expected {
            Some(key) if key.spki_der() == spki => key.clone(),
            // The announced key is the one that is judged and shown to people, so the proof must be
            // for it.
            Some(_) => return Err(PeerMisbehaved::OtherKeyThanAnnounced.into()),
            None => PublicKey::from_spki_der(spki).map_err(PeerMisbehaved::UnacceptableKey)?,
        };
        // Only the canonical encoding is taken: two encodings of one key would be two hashes of it.
        let is_canonical = key.spki_der() == spki;
        if !is_canonical {
            reader.refuse_at(CheckName::KeyEncoding, LENGTH_BYTES);
        }
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
        reader: &mut Reader<'_, '_>,
        key: &Secret,
        transcript: &TranscriptHash,
    ) -> Result<(), Error> {
        // The length is public, so this check need not be constant time.
        let mac = reader.array::<FINISHED_BYTES>(&HMAC);
        let Some(mac) = mac.filter(|_| reader.is_empty()) else {
            reader.refuse(CheckName::FinishedLength);
            return Err(InvalidMessage::HandshakeLength(self.finished()).into());
        };
        if hmac_sha256::verify(key, transcript, mac) {
            Ok(())
        } else {
            Err(PeerMisbehaved::WrongFinished.into())
        }
    }
}

/// Encodes the content of an auth message. Keys and signatures of accepted keys are far below 64
/// KiB.
pub(crate) fn encode(key: &PublicKey, signature: &[u8], trace: &mut Trace) -> Vec<u8> {
    let spki = key.spki_der();
    let length = 2 * LENGTH_BYTES + spki.len() + signature.len();
    let mut content = Vec::with_capacity(length);
    let mut spans = trace.spans();
    let mut writer = Writer::new(&mut content, &mut spans);
    writer.be16(&SPKI_LENGTH, spki.len());
    writer.bytes(&SPKI, spki);
    writer.be16(&SIGNATURE_LENGTH, signature.len());
    writer.bytes(&SIGNATURE, signature);
    trace.nested(LayerName::Message, length, spans);
    content
}

fn decode<'a>(reader: &mut Reader<'a, '_>) -> Option<(&'a [u8], &'a [u8])> {
    let length = reader.be16(&SPKI_LENGTH)?;
    let spki = reader.bytes(&SPKI, length)?;
    let length = reader.be16(&SIGNATURE_LENGTH)?;
    let signature = reader.bytes(&SIGNATURE, length)?;
    // Nothing may follow the signature (PROTOCOL.md §2.6): unsigned bytes would reach the
    // transcript.
    reader.is_empty().then_some((spki, signature))
}
