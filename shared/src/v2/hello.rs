//! The hellos: `random[32] ‖ x25519[32] ‖ ML-KEM-768 key[1184] or ciphertext[1088]`, in clear.

use super::framing::{self, FrameType};
use crate::crypto::ml_kem::{CIPHERTEXT_BYTES, ENCAPSULATION_KEY_BYTES};
use crate::error::InvalidMessage;
use crate::frame::FrameKind;

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
    /// Reads a hello's body; `kind` names the hello in the error for a wrong length.
    pub(crate) fn decode(body: &'a [u8], kind: FrameKind) -> Result<Self, InvalidMessage> {
        let parse = || {
            let (random, rest) = body.split_first_chunk()?;
            let (x25519, rest) = rest.split_first_chunk()?;
            Some(Self {
                random,
                x25519,
                // The whole rest, so that nothing can follow the last field: a hello has one length
                // only.
                ml_kem: rest.try_into().ok()?,
            })
        };
        parse().ok_or(InvalidMessage::HandshakeLength(kind))
    }

    /// Appends the hello's frame.
    pub(crate) fn append(&self, frame_type: FrameType, output: &mut Vec<u8>) {
        framing::append(frame_type, &[self.random, self.x25519, self.ml_kem], output);
    }
}
