//! The handshake frame, client → server: the encrypted session, and the client's key and signature.

use super::announcement::key_error;
use super::json::{parse_object, required};
use crate::crypto::encoding::{append_base64, decode_base64};
use crate::error::{Error, InvalidMessage};
use crate::frame::TERMINATOR;
use crate::identity::PublicKey;

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
    // Written by hand, byte for byte as Python's `json.dumps` writes it (PROTOCOL.md §1.3). Base64
    // needs no escapes.
    let mut frame = b"{\"enc_session\": \"".to_vec();
    append_base64(enc_session, &mut frame);
    frame.extend_from_slice(b"\", \"client_pub\": \"");
    append_base64(client_pub.to_spki_pem().as_bytes(), &mut frame);
    frame.extend_from_slice(b"\", \"client_sig\": \"");
    append_base64(client_sig, &mut frame);
    frame.extend_from_slice(b"\"}");
    frame.extend_from_slice(TERMINATOR);
    frame
}

/// Reads a handshake's frame, without its terminator.
///
/// # Errors
/// [`Error`] if the frame is malformed, or the client's key is not accepted.
pub fn decode(frame: &[u8]) -> Result<Handshake, Error> {
    let names = ["enc_session", "client_pub", "client_sig"];
    let [enc_session, client_pub, client_sig] = parse_object(frame, names)?;
    // All must be there before one is judged.
    let (enc_session, client_pub) = (required(enc_session)?, required(client_pub)?);
    let client_sig = required(client_sig)?;
    let field = |name: &'static str, text: &str| {
        decode_base64(text).map_err(|_| InvalidMessage::Base64(name))
    };
    let enc_session = field("enc_session", &enc_session)?;
    let client_sig = field("client_sig", &client_sig)?;
    let pem = String::from_utf8(field("client_pub", &client_pub)?)
        .map_err(|_| InvalidMessage::Base64("client_pub"))?;
    let client_pub = PublicKey::from_pem(&pem).map_err(key_error)?;
    Ok(Handshake {
        enc_session,
        client_pub,
        client_sig,
    })
}
