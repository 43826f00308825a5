//! The message frame, both directions: `{"cipher": …, "hmac": …}`.

use zeroize::Zeroizing;

use super::json::{borrowed, parse_object, required};
use crate::crypto::cbc_hmac::{Sealer, TAG_BYTES};
use crate::crypto::encoding::{append_base64, decode_base64};
use crate::error::{Error, InvalidMessage, PeerMisbehaved};
use crate::frame::{CheckName, LayerName, TERMINATOR};
use crate::wire::fields::{self, JSON};
use crate::wire::reader::Reader;
use crate::wire::trace::{KeyDef, KeyName, Trace};
use crate::wire::writer::Writer;

/// The name of the key of a v1 session. Its value is part of the handshake's record.
static SESSION_KEY: KeyDef = KeyDef {
    name: "aes_key",
    derived_from: "enc_session",
    label: "",
};

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
    write(sealer, plaintext, output, &mut Trace::none());
}

/// Appends the frame of `plaintext`, as [`encode`] does.
pub(crate) fn write(sealer: &Sealer, plaintext: &[u8], output: &mut Vec<u8>, trace: &mut Trace) {
    let (ciphertext, tag) = sealer.seal(plaintext);
    // The exact size, so that a message of a megabyte is not copied while the buffer grows.
    output.reserve(frame_bytes(plaintext.len()) + TERMINATOR.len());
    let mut spans = trace.spans();
    let mut writer = Writer::new(output, &mut spans);
    writer.bytes(&JSON, CIPHER);
    writer.with(&fields::CIPHER, |output| append_base64(&ciphertext, output));
    writer.bytes(&JSON, HMAC);
    writer.with(&fields::V1_HMAC, |output| append_base64(&tag, output));
    writer.bytes(&JSON, END);
    let length = writer.length();
    output.extend_from_slice(TERMINATOR);
    trace.terminated(length, spans);
    record_sealed(&ciphertext, &tag, trace);
    record_opened(plaintext, trace);
}

/// Records the bytes that are sealed, and the key.
#[inline]
fn record_sealed(ciphertext: &[u8], tag: &[u8], trace: &mut Trace) {
    let parts = [(&fields::V1_CIPHERTEXT, ciphertext), (&fields::V1_TAG, tag)];
    trace.decoded(LayerName::Ciphertext, parts);
    trace.key(KeyName::new(&SESSION_KEY), None, &[], None);
}

/// Records the bytes that were sealed: the message with the padding that the cipher has added or
/// checked.
#[inline]
fn record_opened(plaintext: &[u8], trace: &mut Trace) {
    if trace.records() {
        // Every byte of PKCS#7's padding is its length (RFC 5652 §6.3), and the cipher takes no
        // other one, so these are the bytes that it has taken off.
        let length = Sealer::ciphertext_bytes(plaintext.len()) - plaintext.len();
        let padding = vec![u8::try_from(length).unwrap_or_default(); length];
        let parts = [
            (&fields::V1_CONTENT, plaintext),
            (&fields::V1_PADDING, &padding),
        ];
        trace.decoded(LayerName::Plaintext, parts);
        trace.one(LayerName::Message, &fields::V1_MESSAGE, plaintext.len());
    }
}

/// Opens a message's frame, without its terminator.
///
/// # Errors
/// [`Error`] if the frame is malformed or does not open.
pub fn decode(sealer: &Sealer, frame: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    read(sealer, frame, &mut Trace::none())
}

/// Opens a message's frame, as [`decode`] does.
pub(crate) fn read(
    sealer: &Sealer,
    frame: &[u8],
    trace: &mut Trace,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (ciphertext, tag) = read_sealed(frame, trace)?;
    let plaintext = sealer
        .open(ciphertext, &tag)
        .map_err(|_| PeerMisbehaved::UnopenableMessage)?;
    record_opened(&plaintext, trace);
    Ok(plaintext)
}

/// Reads a message's frame as far as that needs no key: returns ciphertext and tag.
#[inline]
pub(crate) fn read_sealed(
    frame: &[u8],
    trace: &mut Trace,
) -> Result<(Vec<u8>, Vec<u8>), InvalidMessage> {
    let (ciphertext, tag) = trace.read_terminated(frame, parse)?;
    record_sealed(&ciphertext, &tag, trace);
    Ok((ciphertext, tag))
}

/// Returns ciphertext and tag.
#[inline]
fn parse(reader: &mut Reader<'_, '_>) -> Result<(Vec<u8>, Vec<u8>), InvalidMessage> {
    let [cipher, hmac] = parse_object(reader, ["cipher", "hmac"])?;
    let texts = [
        (&fields::CIPHER, borrowed(cipher.as_ref())),
        (&fields::V1_HMAC, borrowed(hmac.as_ref())),
    ];
    reader.borrowed(texts, &JSON);
    let (cipher, hmac) = (required(cipher, reader)?, required(hmac, reader)?);
    let ciphertext = decode_base64(&cipher).map_err(|_| {
        reader.refuse_field(CheckName::Base64, &fields::CIPHER);
        InvalidMessage::Base64("cipher")
    })?;
    let tag = decode_base64(&hmac).map_err(|_| {
        reader.refuse_field(CheckName::Base64, &fields::V1_HMAC);
        InvalidMessage::Base64("hmac")
    })?;
    Ok((ciphertext, tag))
}
