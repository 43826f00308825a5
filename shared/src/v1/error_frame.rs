//! The error frame, server → client, in clear: `{"error": "<code>", "message": "<sentence>"}`.

use super::json::parse_object;
use crate::connection::io::Io;
use crate::error_code::ErrorCode;
use crate::frame::{FrameKind, TERMINATOR};
use crate::time::Time;

/// The longest sentence that is taken from a server, in characters: it is shown to people, and it
/// is not authenticated.
const MESSAGE_CHARACTERS: usize = 200;

/// Encodes the error frame for `code`, with its terminator, in ASCII.
pub fn encode(code: ErrorCode) -> Vec<u8> {
    encode_sentence(code, code.sentence())
}

/// Encodes the error frame for `code` with another sentence for people. The sentence must be ASCII
/// without quotes and backslashes, because it is not escaped.
pub fn encode_sentence(code: ErrorCode, sentence: &'static str) -> Vec<u8> {
    let mut frame = format!("{{\"error\": \"{code}\", \"message\": \"{sentence}\"}}").into_bytes();
    frame.extend_from_slice(TERMINATOR);
    frame
}

/// Queues the error frame for `code`.
pub(crate) fn send(code: ErrorCode, io: &mut Io, now: Time) {
    let start = io.output.len();
    io.output.extend_from_slice(&encode(code));
    io.observe_sent(FrameKind::Error, start, now);
}

/// Reads an error frame, without its terminator; `None` if the frame is something else.
pub fn decode(frame: &[u8]) -> Option<(ErrorCode, String)> {
    let [error, message] = parse_object(frame, ["error", "message"]).ok()?;
    // A newer server may have codes that this program does not know; its client must still learn
    // that the connection failed.
    let code = error?.parse().unwrap_or(ErrorCode::Unknown);
    let message = message
        .unwrap_or_default()
        .chars()
        // A terminal would obey escape sequences, and anybody in between can write this sentence.
        .filter(|character| !character.is_control())
        .take(MESSAGE_CHARACTERS)
        .collect();
    Some((code, message))
}
