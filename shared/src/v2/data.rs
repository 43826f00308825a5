//! The content of a data record: 1 to 256 messages, each `u32 be length ‖ bytes`.
//!
//! Several messages share a record, because sealing and writing them together is cheaper.

use crate::error::PeerMisbehaved;
use crate::frame::CheckName;
use crate::limits::{V2_MESSAGE_BYTES, V2_RECORD_MESSAGES};
use crate::wire::fields::{MESSAGE, MESSAGE_LENGTH};
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;

/// The bytes of the length before each message.
pub(crate) const LENGTH_BYTES: usize = 4;

/// Appends a message, which must not be longer than [`V2_MESSAGE_BYTES`].
pub(crate) fn append(message: &[u8], content: &mut Writer<'_>) {
    content.be32(&MESSAGE_LENGTH, message.len());
    content.bytes(&MESSAGE, message);
}

/// Returns the messages of a record, all of them or none.
#[inline]
pub(crate) fn messages<'a>(reader: &mut Reader<'a, '_>) -> Result<Vec<&'a [u8]>, PeerMisbehaved> {
    let malformed = PeerMisbehaved::RecordMessages;
    // A data record has at least one message (PROTOCOL.md §2.9).
    if reader.is_empty() {
        reader.refuse(CheckName::MessageCount);
        return Err(malformed);
    }
    let mut messages = Vec::new();
    while !reader.is_empty() {
        let start = reader.position();
        let Some(length) = reader.be32(&MESSAGE_LENGTH) else {
            reader.refuse(CheckName::MessagesFit);
            return Err(malformed);
        };
        if length > V2_MESSAGE_BYTES {
            reader.refuse_at(CheckName::MessageLength, start);
            return Err(malformed);
        }
        let Some(message) = reader.bytes(&MESSAGE, length) else {
            reader.refuse_at(CheckName::MessagesFit, start);
            return Err(malformed);
        };
        // Counted before it is kept: a record could hold 16,431 empty messages, which cost the
        // receiver 1.24 MB (PROTOCOL.md §2.13).
        if messages.len() == V2_RECORD_MESSAGES {
            reader.refuse_at(CheckName::MessageCount, start);
            return Err(malformed);
        }
        messages.push(message);
    }
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;
    use crate::wire::trace::Spans;

    fn read(content: &[u8]) -> Result<Vec<&[u8]>, PeerMisbehaved> {
        messages(&mut Reader::new(content, &mut Spans::none()))
    }

    portable_test! {
        fn messages_round_trip_together() {
            let (mut content, mut spans) = (Vec::new(), Spans::none());
            for message in [&b"one"[..], b"", b"three"] {
                append(message, &mut Writer::new(&mut content, &mut spans));
            }
            assert_eq!(read(&content).unwrap(), [&b"one"[..], b"", b"three"]);
        }

        fn a_record_of_countless_empty_messages_is_refused() {
            let most = [0; LENGTH_BYTES * V2_RECORD_MESSAGES];
            assert_eq!(read(&most).unwrap().len(), V2_RECORD_MESSAGES);
            let more = [0; LENGTH_BYTES * (V2_RECORD_MESSAGES + 1)];
            assert_eq!(read(&more), Err(PeerMisbehaved::RecordMessages));
        }

        fn lengths_that_do_not_add_up() {
            for content in [
                &b""[..],
                b"\0\0\0",
                b"\0\0\0\x02a",
                b"\0\0\0\x01ab",
                b"\0\0\0\x01a\0\0\0\x01",
                b"\xff\xff\xff\xffa",
                &[&65_537u32.to_be_bytes()[..], &vec![0; 65_537]].concat(),
            ] {
                assert_eq!(read(content), Err(PeerMisbehaved::RecordMessages));
            }
        }
    }
}
