//! The content of a data record: 1 to 256 messages, each `u32 be length ‖ bytes`.
//!
//! Several messages share a record, because sealing and writing them together is cheaper.

use super::length::{be32, split_be32};
use crate::error::PeerMisbehaved;
use crate::limits::{V2_MESSAGE_BYTES, V2_RECORD_MESSAGES};

/// The bytes of the length before each message.
pub(crate) const LENGTH_BYTES: usize = 4;

/// Appends a message, which must not be longer than [`V2_MESSAGE_BYTES`].
pub(crate) fn append(message: &[u8], content: &mut Vec<u8>) {
    content.extend_from_slice(&be32(message.len()));
    content.extend_from_slice(message);
}

/// Returns the messages of a record, all of them or none.
pub(crate) fn messages(content: &[u8]) -> Result<Vec<&[u8]>, PeerMisbehaved> {
    let malformed = PeerMisbehaved::RecordMessages;
    // A data record has at least one message (PROTOCOL.md §2.9).
    if content.is_empty() {
        return Err(malformed);
    }
    let mut rest = content;
    let mut messages = Vec::new();
    while !rest.is_empty() {
        let Some((length, tail)) = split_be32(rest) else {
            return Err(malformed);
        };
        if length > V2_MESSAGE_BYTES {
            return Err(malformed);
        }
        let Some((message, tail)) = tail.split_at_checked(length) else {
            return Err(malformed);
        };
        // Counted before it is kept: a record could hold 16,431 empty messages, which cost the
        // receiver 1.24 MB (PROTOCOL.md §2.13).
        if messages.len() == V2_RECORD_MESSAGES {
            return Err(malformed);
        }
        messages.push(message);
        rest = tail;
    }
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn messages_round_trip_together() {
            let mut content = Vec::new();
            for message in [&b"one"[..], b"", b"three"] {
                append(message, &mut content);
            }
            assert_eq!(messages(&content).unwrap(), [&b"one"[..], b"", b"three"]);
        }

        fn a_record_of_countless_empty_messages_is_refused() {
            let most = [0; LENGTH_BYTES * V2_RECORD_MESSAGES];
            assert_eq!(messages(&most).unwrap().len(), V2_RECORD_MESSAGES);
            let more = [0; LENGTH_BYTES * (V2_RECORD_MESSAGES + 1)];
            assert_eq!(messages(&more), Err(PeerMisbehaved::RecordMessages));
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
                assert_eq!(messages(content), Err(PeerMisbehaved::RecordMessages));
            }
        }
    }
}
