//! The message frame, both directions: `{"cipher": …, "hmac": …}`.

use zeroize::Zeroizing;

use super::json::{parse_object, required};
use crate::crypto::cbc_hmac::{Sealer, TAG_BYTES};
use crate::crypto::encoding::{append_base64, decode_base64};
use crate::error::{Error, InvalidMessage, PeerMisbehaved};
use crate::frame::TERMINATOR;

const CIPHER: &[u8] = b"{\"cipher\": \"";
const HMAC: &[u8] = b"\", \"hmac\": \"";
const END: &[u8] = b"\"}";

/// Returns the length in bytes, without terminator, of the frame for a plaintext of `plaintext`
/// bytes.
pub const fn frame_bytes(plaintext: usize) -> usize {
    let encoded = Sealer::ciphertext_bytes(plaintext).div_ceil(3) * 4;
    CIPHER.len() + encoded + HMAC.len() + TAG_BYTES.div_ceil(3) * 4 + END.len()
}

/// Appends the frame of `plaintext`, with its terminator, to `output`.
pub fn encode(sealer: &Sealer, plaintext: &[u8], output: &mut Vec<u8>) {
    let (ciphertext, tag) = sealer.seal(plaintext);
    // The exact size, so that a message of a megabyte is not copied while the buffer grows.
    output.reserve(frame_bytes(plaintext.len()) + TERMINATOR.len());
    output.extend_from_slice(CIPHER);
    append_base64(&ciphertext, output);
    output.extend_from_slice(HMAC);
    append_base64(&tag, output);
    output.extend_from_slice(END);
    output.extend_from_slice(TERMINATOR);
}

/// Opens a message's frame, without its terminator.
///
/// # Errors
/// [`Error`] if the frame is malformed or does not open.
pub fn decode(sealer: &Sealer, frame: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let [cipher, hmac] = parse_object(frame, ["cipher", "hmac"])?;
    let (cipher, hmac) = (required(cipher)?, required(hmac)?);
    let ciphertext = decode_base64(&cipher).map_err(|_| InvalidMessage::Base64("cipher"))?;
    let tag = decode_base64(&hmac).map_err(|_| InvalidMessage::Base64("hmac"))?;
    sealer
        .open(ciphertext, &tag)
        .map_err(|_| PeerMisbehaved::UnopenableMessage.into())
}
