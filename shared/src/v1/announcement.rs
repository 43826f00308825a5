//! The announcement, server → client: `SERVER_PUB\n<PEM>\n\n`.

use crate::error::{Error, InvalidMessage, PeerMisbehaved};
use crate::frame::{CheckName, TERMINATOR};
use crate::identity::{KeyError, PublicKey};
use crate::wire::fields;
use crate::wire::reader::Reader;
use crate::wire::trace::Spans;

const PREFIX: &[u8] = b"SERVER_PUB\n";

/// Encodes the announcement of `key`, with its terminator.
///
/// The PEM's own last newline is the first half of the terminator.
pub fn encode(key: &PublicKey) -> Vec<u8> {
    let mut frame = PREFIX.to_vec();
    frame.extend_from_slice(key.to_spki_pem().trim_end_matches('\n').as_bytes());
    frame.extend_from_slice(TERMINATOR);
    frame
}

/// Reads an announcement, without its terminator.
///
/// # Errors
/// [`Error`] if the frame is no announcement, or announces a key that is not accepted.
pub fn decode(frame: &[u8]) -> Result<PublicKey, Error> {
    read(&mut Reader::new(frame, &mut Spans::none()))
}

/// Reads an announcement, without its terminator, as [`decode`] does.
pub(crate) fn read(reader: &mut Reader<'_, '_>) -> Result<PublicKey, Error> {
    let Some(pem) = cut(reader) else {
        reader.refuse(CheckName::Announcement);
        return Err(InvalidMessage::Announcement.into());
    };
    let pem = std::str::from_utf8(pem).map_err(|error| {
        reader.refuse_at(CheckName::Announcement, PREFIX.len() + error.valid_up_to());
        InvalidMessage::Announcement
    })?;
    PublicKey::from_spki_pem(pem).map_err(key_error)
}

/// Takes the two parts of an announcement, and returns the second one; `None` if the first one is
/// not there.
pub(crate) fn cut<'a>(reader: &mut Reader<'a, '_>) -> Option<&'a [u8]> {
    if !reader.all().starts_with(PREFIX) {
        return None;
    }
    reader.bytes(&fields::PREFIX, PREFIX.len())?;
    Some(reader.rest(&fields::PEM))
}

/// Returns the failure of a key: one that does not parse is malformed, and one that parses but is
/// not accepted is a failed handshake.
pub(super) fn key_error(cause: KeyError) -> Error {
    match cause {
        KeyError::Pem(_) | KeyError::Der => InvalidMessage::PublicKey(cause).into(),
        cause => PeerMisbehaved::UnacceptableKey(cause).into(),
    }
}
