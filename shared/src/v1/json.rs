//! The reader of JSON frames: an object with known string fields; all others are ignored.

use serde::Deserialize;

use crate::error::InvalidMessage;

/// Parses `frame` as a JSON object.
///
/// The depth is bounded by `serde_json` (128), the size by the frame's limit. A field that stands
/// twice is refused, because two readers could disagree on it.
pub(super) fn parse_object<'a, T: Deserialize<'a>>(frame: &'a [u8]) -> Result<T, InvalidMessage> {
    // serde takes an array for a struct's fields in order; the protocol does not (PROTOCOL.md
    // §1.3).
    let first = frame.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') {
        return Err(InvalidMessage::Json("not an object".into()));
    }
    serde_json::from_slice(frame).map_err(|error| InvalidMessage::Json(without_content(&error)))
}

/// Returns category and position of a JSON error, because its own text may quote the peer's bytes.
fn without_content(error: &serde_json::Error) -> String {
    let category = match error.classify() {
        serde_json::error::Category::Io => "unreadable",
        serde_json::error::Category::Syntax => "wrong syntax",
        serde_json::error::Category::Data => "missing, repeated or mistyped field",
        serde_json::error::Category::Eof => "ends too early",
    };
    format!(
        "{category} at line {} column {}",
        error.line(),
        error.column()
    )
}
