//! Reading a recorded session with the private key of its server.

use shared::connection::FrameKind;
use shared::crypto::cbc_hmac::{Sealer, SessionBlob};
use shared::identity::PrivateKey;
use shared::random::Random;
use shared::v1::{handshake, message};

use super::Transit;
use crate::limits::KEY_ATTEMPTS;
use crate::outcome::Side;

/// The bytes of v1's terminator.
const TERMINATOR_BYTES: usize = 2;

/// Reads all texts of a recorded v1 session: the handshake has the session's keys, encrypted to the
/// server's key (PROTOCOL.md §1.3).
pub(crate) fn read_v1(tap: &[Transit], key: &PrivateKey, random: &mut Random) -> Vec<String> {
    let frame = |frame: &Transit| {
        let bytes = frame.bytes();
        bytes[..bytes.len().saturating_sub(TERMINATOR_BYTES)].to_vec()
    };
    let blob = tap
        .iter()
        .find(|frame| frame.is(Side::Client, FrameKind::Handshake))
        .and_then(|found| handshake::decode(&frame(found)).ok())
        .and_then(|handshake| key.decrypt(&handshake.enc_session, random).ok())
        .and_then(|blob| SessionBlob::from_bytes(&blob).ok());
    let Some(blob) = blob else {
        return Vec::new();
    };
    let sealer = Sealer::new(&blob);
    tap.iter()
        .filter(|frame| frame.kind == FrameKind::Message)
        .filter_map(|found| message::decode(&sealer, &frame(found)).ok())
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .collect()
}

/// Tries the server's key on every piece of a recording that is as long as its modulus: at the start
/// of each frame's body and of each field in clear. Returns the number of tries, and of those that
/// decrypted.
pub(crate) fn try_key(tap: &[Transit], key: &PrivateKey, random: &mut Random) -> (usize, usize) {
    let length = key.public_key().modulus_bytes();
    let (mut tries, mut opened) = (0, 0);
    let layers = |frame: &Transit| {
        let names = [
            "enc_session",
            "body",
            "ciphertext",
            "mlkem_key",
            "mlkem_ciphertext",
        ];
        names
            .iter()
            .filter_map(|name| Some(frame.clear(name)?.2.to_vec()))
            .collect::<Vec<_>>()
    };
    for piece in tap.iter().flat_map(layers) {
        if let Some(piece) = piece.get(..length)
            && tries < KEY_ATTEMPTS
        {
            tries += 1;
            opened += usize::from(key.decrypt(piece, random).is_ok());
        }
    }
    (tries, opened)
}
