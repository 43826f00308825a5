//! Every limit of the protocol, with its unit and its reason. Drivers may lower or raise them.

use std::time::Duration;

/// Smallest RSA modulus that is accepted, in bits (NIST SP 800-131A: 1024 is disallowed).
pub const RSA_MIN_BITS: usize = 2048;

/// Largest RSA modulus that is accepted, in bits. A private operation grows with the cube of the
/// size, a verification with its square: more would hand every stranger a lever on our processor.
pub const RSA_MAX_BITS: usize = 4096;

/// The only public exponent that is accepted. 1 is no encryption at all, 3 has a history of broken
/// verifiers, and a large one makes verification as dear as signing.
pub const RSA_EXPONENT: u32 = 65_537;

/// Most bytes of a frame before the handshake is done, without its terminator.
///
/// The largest honest one, a handshake with a 4096-bit key, needs about 2.5 KiB; indented or
/// escaped JSON some more. A stranger must not make us hold a megabyte.
pub const HANDSHAKE_FRAME_BYTES: usize = 16 * 1024;

/// Most bytes of a frame after the handshake, without its terminator.
pub const MESSAGE_FRAME_BYTES: usize = 1024 * 1024;

/// How long a client may take from the accept to a whole handshake frame.
///
/// A phone on a bad line needs a few seconds; whoever needs more is holding a place on purpose.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// v2: most bytes of a frame's body until the handshake is done.
///
/// The largest honest one, `server_auth` with a 4096-bit key and its signature, needs 1.1 KiB. A
/// stranger must not make us hold much.
pub const V2_HANDSHAKE_BODY_BYTES: usize = 8 * 1024;

/// v2: most bytes of a frame's body after the handshake: the largest message with its length, inner
/// type, padding and tag, and some room.
pub const V2_BODY_BYTES: usize = 64 * 1024 + 256;

/// v2: most bytes of a whole frame: its header and its body.
pub const V2_FRAME_BYTES: usize = 5 + V2_BODY_BYTES;

/// v2: most bytes of a message.
pub const V2_MESSAGE_BYTES: usize = 64 * 1024;

/// v2: most messages in one record.
///
/// A record of 64 KiB holds 16,400 empty messages, which become 1.24 MB of events. A line of chat in
/// JSON has some 250 bytes, so that a full record of them stays below this.
pub const V2_RECORD_MESSAGES: usize = 256;

/// v2: a record with this sequence number or a higher one is refused. Twice what an honest sender
/// seals under one key, and far below the 2^32 that ChaCha20-Poly1305 would bear.
pub const V2_REFUSED_SEQUENCE: u64 = 1 << 21;

/// v2: the most records that an honest sender seals under one key.
pub const V2_REKEY_RECORDS: usize = 1 << 20;

/// v2: when a sender changes its keys, whichever comes first.
///
/// Not for the cipher's sake, which would bear much more, but so that keys taken from a memory open
/// little of what was said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RekeyLimits {
    /// Records sealed under one key; at most [`V2_REKEY_RECORDS`].
    pub records: u64,
    /// Bytes sealed under one key.
    pub bytes: u64,
    /// Time since the first record under one key.
    pub interval: Duration,
}

impl Default for RekeyLimits {
    fn default() -> Self {
        Self {
            records: V2_REKEY_RECORDS as u64,
            bytes: 1 << 30,
            interval: Duration::from_mins(10),
        }
    }
}

/// The limits of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// v1: most bytes of a frame before the handshake is done. See [`HANDSHAKE_FRAME_BYTES`].
    pub handshake_frame_bytes: usize,
    /// v1: most bytes of a frame after the handshake. See [`MESSAGE_FRAME_BYTES`].
    pub message_frame_bytes: usize,
    /// Time from the start of the connection to the whole handshake. See [`HANDSHAKE_TIMEOUT`].
    pub handshake_timeout: Duration,
    /// v2: when we change our keys. What a peer may do is fixed.
    pub rekey: RekeyLimits,
}

impl Limits {
    /// Returns the most bytes that any frame of either version may have after the handshake, with
    /// what ends it.
    pub fn longest_frame(&self) -> usize {
        let v1 = self.message_frame_bytes.max(self.handshake_frame_bytes);
        v1.saturating_add(crate::v1::framing::TERMINATOR.len())
            .max(V2_FRAME_BYTES)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake_frame_bytes: HANDSHAKE_FRAME_BYTES,
            message_frame_bytes: MESSAGE_FRAME_BYTES,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            rekey: RekeyLimits::default(),
        }
    }
}
