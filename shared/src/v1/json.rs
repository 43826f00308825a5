//! The reader of JSON frames: an object with known string fields; all others are ignored.

use std::borrow::Cow;

use crate::error::InvalidMessage;
use crate::json::text_fields;

/// Returns the text fields of `frame`, a JSON object, that have these names.
///
/// The depth is bounded by `serde_json` (128), the size by the frame's limit. A field that stands
/// twice is refused, because two readers could disagree on it.
pub(super) fn parse_object<'a, const N: usize>(
    frame: &'a [u8],
    names: [&'static str; N],
) -> Result<[Option<Cow<'a, str>>; N], InvalidMessage> {
    // Its own reason, because it tells that the peer speaks another protocol.
    let first = frame.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') {
        return Err(InvalidMessage::Json("not an object".into()));
    }
    text_fields(frame, names).map_err(|error| InvalidMessage::Json(without_content(&error)))
}

/// Returns a field, which must be there.
pub(super) fn required(field: Option<Cow<'_, str>>) -> Result<Cow<'_, str>, InvalidMessage> {
    field.ok_or_else(|| InvalidMessage::Json("missing field".into()))
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
