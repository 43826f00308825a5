//! The hellos: `random[32] ‖ x25519[32] ‖ ML-KEM-768 key[1184] or ciphertext[1088]`, in clear.

use super::framing::{self, FrameType};
use crate::crypto::ml_kem::{CIPHERTEXT_BYTES, ENCAPSULATION_KEY_BYTES};
use crate::error::InvalidMessage;
use crate::frame::{CheckName, FrameKind};
use crate::wire::fields::{ML_KEM_CIPHERTEXT, ML_KEM_KEY, RANDOM, X25519};
use crate::wire::reader::Reader;
use crate::wire::span::FieldDef;
use crate::wire::trace::Trace;

const RANDOM_BYTES: usize = 32;
const X25519_BYTES: usize = 32;

/// A hello whose last field has `N` bytes, as it lies in a frame's body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hello<'a, const N: usize> {
    /// Fresh randomness, so that no two transcripts are alike, whatever else repeats.
    pub(crate) random: &'a [u8; RANDOM_BYTES],
    /// The sender's X25519 public key.
    pub(crate) x25519: &'a [u8; X25519_BYTES],
    /// The ML-KEM encapsulation key or ciphertext.
    pub(crate) ml_kem: &'a [u8; N],
}

/// The client's hello, with an ML-KEM encapsulation key.
pub(crate) type ClientHello<'a> = Hello<'a, ENCAPSULATION_KEY_BYTES>;

/// The server's hello, with an ML-KEM ciphertext.
pub(crate) type ServerHello<'a> = Hello<'a, CIPHERTEXT_BYTES>;

impl<'a, const N: usize> Hello<'a, N> {
    /// The name of the last field, which the two hellos have different.
    const ML_KEM: &'static FieldDef = if N == ENCAPSULATION_KEY_BYTES {
        &ML_KEM_KEY
    } else {
        &ML_KEM_CIPHERTEXT
    };

    /// Reads a hello's body; `kind` names the hello in the error for a wrong length.
    pub(crate) fn decode(
        reader: &mut Reader<'a, '_>,
        kind: FrameKind,
    ) -> Result<Self, InvalidMessage> {
        let mut parse = || {
            Some(Self {
                random: reader.array(&RANDOM)?,
                x25519: reader.array(&X25519)?,
                ml_kem: reader.array(Self::ML_KEM)?,
            })
        };
        let parsed = parse();
        // Nothing can follow the last field: a hello has one length only.
        parsed.filter(|_| reader.is_empty()).ok_or_else(|| {
            reader.refuse(CheckName::HelloLength);
            InvalidMessage::HandshakeLength(kind)
        })
    }

    /// Appends the hello's frame.
    pub(crate) fn append(&self, frame_type: FrameType, output: &mut Vec<u8>, trace: &mut Trace) {
        let length = RANDOM_BYTES + X25519_BYTES + N;
        framing::append(frame_type, length, output, trace, |writer| {
            writer.bytes(&RANDOM, self.random);
            writer.bytes(&X25519, self.x25519);
            writer.bytes(Self::ML_KEM, self.ml_kem);
        });
    }
}
