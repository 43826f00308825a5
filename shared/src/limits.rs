//! Every limit of the protocol, with its unit and its reason. Drivers may lower or raise them.

use std::time::Duration;

use crate::frame::TERMINATOR;

/// The smallest RSA modulus that is accepted, in bits (NIST SP 800-131A disallows 1024).
pub const RSA_MIN_BITS: usize = 2048;

/// The largest RSA modulus that is accepted, in bits. A private operation grows with the cube of
/// the size and a verification with its square, so that larger keys would hand every stranger a
/// lever on the server's processor.
pub const RSA_MAX_BITS: usize = 4096;

/// The only public exponent that is accepted. 1 is no encryption at all, 3 has a history of broken
/// verifiers, and a large one makes verification as dear as signing.
pub const RSA_EXPONENT: u32 = 65_537;

/// The most bytes of a v1 frame before the handshake is done, without its terminator.
///
/// The largest honest frame, a handshake with a 4096-bit key, needs about 2.5 KiB; indented or
/// escaped JSON needs some more. A stranger must not make the receiver hold a megabyte.
pub const HANDSHAKE_FRAME_BYTES: usize = 16 * 1024;

/// The most bytes of a v1 frame after the handshake, without its terminator.
pub const MESSAGE_FRAME_BYTES: usize = 1024 * 1024;

/// The time that a handshake may take from the accept: until the whole handshake frame has come in
/// v1, until the whole handshake is done in v2.
///
/// A phone on a bad line needs a few seconds. A client that needs more holds a permit on purpose.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of a v2 frame's body until the handshake is done.
///
/// The largest honest bodies are `client_hello` with 1,248 bytes and `server_auth` with a 4096-bit
/// key, which needs 1.1 KiB. A stranger must not make the receiver hold much.
pub const V2_HANDSHAKE_BODY_BYTES: usize = 8 * 1024;

/// The most bytes of a v2 frame's body after the handshake: the largest message with its length,
/// inner type, padding and tag, and some room for small messages beside it.
pub const V2_BODY_BYTES: usize = 64 * 1024 + 256;

/// The most bytes of a whole v2 frame: its header and its body.
pub const V2_FRAME_BYTES: usize = 5 + V2_BODY_BYTES;

/// The most bytes of a v2 message.
pub const V2_MESSAGE_BYTES: usize = 64 * 1024;

/// The most messages in one v2 record.
///
/// A record of 64 KiB holds 16,400 empty messages, which become 1.24 MB of events. A line of chat
/// in JSON has some 250 bytes, so that a full record of them stays below this limit.
pub const V2_RECORD_MESSAGES: usize = 256;

/// The first sequence number that a v2 receiver refuses. It is twice the number of records that an
/// honest sender seals under one key, and so far below 2^64 that a sequence number never wraps and
/// a nonce never repeats.
pub const V2_REFUSED_SEQUENCE: u64 = 1 << 21;

/// The most records that an honest v2 sender seals under one key.
pub const V2_REKEY_RECORDS: usize = 1 << 20;

/// The most layers of an observed frame: the bytes of the wire, what is sealed, what was sealed, and
/// the message.
pub const OBSERVED_LAYERS: usize = 4;

/// The most fields of one layer of an observed frame, without the rest that was not read: a record of
/// messages has two for each.
pub const OBSERVED_FIELDS: usize = 2 * V2_RECORD_MESSAGES;

/// The most keys of an observed frame: one that seals, and one of a finished message.
pub const OBSERVED_KEYS: usize = 2;

/// The limits at which a v2 sender changes its keys; the first one that is reached decides.
///
/// The cipher would bear much more (RFC 8446 §5.5). The limits exist so that keys taken from a
/// memory open little of what was sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RekeyLimits {
    /// The most records sealed under one key; at most [`V2_REKEY_RECORDS`].
    pub records: u64,
    /// The most bytes sealed under one key.
    pub bytes: u64,
    /// The longest time since the first record under one key.
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
    /// The most bytes of a v1 frame before the handshake is done. See [`HANDSHAKE_FRAME_BYTES`].
    pub handshake_frame_bytes: usize,
    /// The most bytes of a v1 frame after the handshake. See [`MESSAGE_FRAME_BYTES`].
    pub message_frame_bytes: usize,
    /// The time from the start of the connection to the end of the handshake. See
    /// [`HANDSHAKE_TIMEOUT`].
    pub handshake_timeout: Duration,
    /// The limits at which a v2 sender changes its own keys. The peer's limits are fixed.
    pub rekey: RekeyLimits,
}

impl Limits {
    /// Returns the most bytes that any frame of either version may have after the handshake, v1's
    /// terminator included.
    pub fn longest_frame(&self) -> usize {
        // A driver may set the handshake's limit above the other one.
        let v1 = self.message_frame_bytes.max(self.handshake_frame_bytes);
        v1.saturating_add(TERMINATOR.len()).max(V2_FRAME_BYTES)
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
