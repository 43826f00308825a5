//! The error frame, server → client, in clear: `{"error": "<code>", "message": "<sentence>"}`.

use super::json::{borrowed, parse_object};
use crate::connection::io::Io;
use crate::error_code::ErrorCode;
use crate::frame::{FrameKind, TERMINATOR};
use crate::time::Time;
use crate::wire::fields::{ERROR_CODE, ERROR_MESSAGE, JSON};
use crate::wire::reader::Reader;
use crate::wire::trace::Spans;
use crate::wire::writer::Writer;

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
    let mut frame = Vec::new();
    write(code, sentence, &mut frame, &mut Spans::none());
    frame
}

fn write(code: ErrorCode, sentence: &str, output: &mut Vec<u8>, spans: &mut Spans) {
    let mut writer = Writer::new(output, spans);
    writer.bytes(&JSON, b"{\"error\": \"");
    writer.bytes(&ERROR_CODE, code.as_str().as_bytes());
    writer.bytes(&JSON, b"\", \"message\": \"");
    writer.bytes(&ERROR_MESSAGE, sentence.as_bytes());
    writer.bytes(&JSON, b"\"}");
    output.extend_from_slice(TERMINATOR);
}

/// Queues the error frame for `code`.
pub(crate) fn send(code: ErrorCode, io: &mut Io, now: Time) {
    let (start, mut trace, mut spans) = (io.output.len(), io.new_trace(), io.spans());
    write(code, code.sentence(), &mut io.output, &mut spans);
    let length = io.output.len() - start - TERMINATOR.len();
    trace.terminated(length, spans);
    io.sent(FrameKind::Error, start, trace, now);
}

/// Reads a received frame, without its terminator, if it is an error frame; `None`, and nothing has
/// happened, if it is something else.
pub(crate) fn receive(frame: &[u8], io: &mut Io) -> Option<(ErrorCode, String)> {
    let mut spans = io.spans();
    let decoded = read(&mut Reader::new(frame, &mut spans))?;
    io.kind(FrameKind::Error);
    io.trace.restart();
    io.trace.terminated(frame.len(), spans);
    Some(decoded)
}

/// Reads an error frame, without its terminator; `None` if the frame is something else.
pub fn decode(frame: &[u8]) -> Option<(ErrorCode, String)> {
    read(&mut Reader::new(frame, &mut Spans::none()))
}

fn read(reader: &mut Reader<'_, '_>) -> Option<(ErrorCode, String)> {
    let [error, message] = parse_object(reader, ["error", "message"]).ok()?;
    let texts = [
        (&ERROR_CODE, borrowed(error.as_ref())),
        (&ERROR_MESSAGE, borrowed(message.as_ref())),
    ];
    reader.borrowed(texts, &JSON);
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
