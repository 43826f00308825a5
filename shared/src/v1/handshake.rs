//! The handshake frame, client → server: the encrypted session, and the client's key and signature.

use super::announcement::key_error;
use super::json::{borrowed, parse_object, required};
use crate::crypto::encoding::{append_base64, decode_base64};
use crate::error::{Error, InvalidMessage};
use crate::frame::{CheckName, LayerName, TERMINATOR};
use crate::identity::PublicKey;
use crate::wire::fields::{self, CLIENT_PUB, CLIENT_SIG, ENC_SESSION, JSON};
use crate::wire::reader::Reader;
use crate::wire::span::FieldDef;
use crate::wire::trace::Trace;
use crate::wire::writer::Writer;

/// A handshake as it stands in its frame: parsed, and nothing verified.
#[derive(Debug)]
pub struct Handshake {
    /// The session blob, RSA-OAEP-encrypted under the server's key.
    pub enc_session: Vec<u8>,
    /// The client's public key.
    pub client_pub: PublicKey,
    /// The client's RSA-PSS signature of the session blob.
    pub client_sig: Vec<u8>,
}

/// Encodes the handshake's frame, with its terminator.
pub fn encode(enc_session: &[u8], client_pub: &PublicKey, client_sig: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let trace = &mut Trace::none();
    write(enc_session, client_pub, client_sig, &mut frame, trace);
    frame
}

/// Appends the handshake's frame, as [`encode`] makes it.
pub(crate) fn write(
    enc_session: &[u8],
    client_pub: &PublicKey,
    client_sig: &[u8],
    output: &mut Vec<u8>,
    trace: &mut Trace,
) {
    let mut spans = trace.spans();
    let pem = client_pub.to_spki_pem();
    // Written by hand, byte for byte as Python's `json.dumps` writes it (PROTOCOL.md §1.3). Base64
    // needs no escapes.
    let mut writer = Writer::new(output, &mut spans);
    writer.bytes(&JSON, b"{\"enc_session\": \"");
    writer.with(&ENC_SESSION, |output| append_base64(enc_session, output));
    writer.bytes(&JSON, b"\", \"client_pub\": \"");
    writer.with(&CLIENT_PUB, |output| append_base64(pem.as_bytes(), output));
    writer.bytes(&JSON, b"\", \"client_sig\": \"");
    writer.with(&CLIENT_SIG, |output| append_base64(client_sig, output));
    writer.bytes(&JSON, b"\"}");
    let length = writer.length();
    output.extend_from_slice(TERMINATOR);
    trace.terminated(length, spans);
    record_decoded(enc_session, pem.as_bytes(), client_sig, trace);
}

#[inline]
fn record_decoded(enc_session: &[u8], pem: &[u8], client_sig: &[u8], trace: &mut Trace) {
    let parts = [
        (&fields::V1_SESSION, enc_session),
        (&fields::V1_CLIENT_PEM, pem),
        (&fields::V1_SIGNATURE, client_sig),
    ];
    trace.decoded(LayerName::Ciphertext, parts);
}

/// Reads a handshake's frame, without its terminator.
///
/// # Errors
/// [`Error`] if the frame is malformed, or the client's key is not accepted.
pub fn decode(frame: &[u8]) -> Result<Handshake, Error> {
    read(frame, &mut Trace::none())
}

/// Reads a handshake's frame, as [`decode`] does.
pub(crate) fn read(frame: &[u8], trace: &mut Trace) -> Result<Handshake, Error> {
    let (handshake, pem) = trace.read_terminated(frame, parse)?;
    record_decoded(
        &handshake.enc_session,
        pem.as_bytes(),
        &handshake.client_sig,
        trace,
    );
    Ok(handshake)
}

/// Returns the handshake, and the PEM of the client's key as it came.
#[inline]
fn parse(reader: &mut Reader<'_, '_>) -> Result<(Handshake, String), Error> {
    let names = ["enc_session", "client_pub", "client_sig"];
    let [enc_session, client_pub, client_sig] = parse_object(reader, names)?;
    let texts = [
        (&ENC_SESSION, borrowed(enc_session.as_ref())),
        (&CLIENT_PUB, borrowed(client_pub.as_ref())),
        (&CLIENT_SIG, borrowed(client_sig.as_ref())),
    ];
    reader.borrowed(texts, &JSON);
    // All must be there before one is judged.
    let enc_session = required(enc_session, reader)?;
    let client_pub = required(client_pub, reader)?;
    let client_sig = required(client_sig, reader)?;
    let mut field = |name: &'static str, def: &'static FieldDef, text: &str| {
        decode_base64(text).map_err(|_| {
            reader.refuse_field(CheckName::Base64, def);
            InvalidMessage::Base64(name)
        })
    };
    let enc_session = field("enc_session", &ENC_SESSION, &enc_session)?;
    let client_sig = field("client_sig", &CLIENT_SIG, &client_sig)?;
    let pem = String::from_utf8(field("client_pub", &CLIENT_PUB, &client_pub)?).map_err(|_| {
        reader.refuse_field(CheckName::Base64, &CLIENT_PUB);
        InvalidMessage::Base64("client_pub")
    })?;
    let client_pub = PublicKey::from_pem(&pem).map_err(|cause| {
        let error = key_error(cause);
        if matches!(error, Error::InvalidMessage(_)) {
            reader.refuse_field(CheckName::ClientKeyForm, &CLIENT_PUB);
        }
        error
    })?;
    let handshake = Handshake {
        enc_session,
        client_pub,
        client_sig,
    };
    Ok((handshake, pem))
}
