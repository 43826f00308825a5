//! The reader of JSON frames: an object with known string fields; all others are ignored.

use std::borrow::Cow;

use crate::error::InvalidMessage;
use crate::frame::CheckName;
use crate::json::text_fields;
use crate::wire::reader::Reader;

/// Returns the text fields of a frame, a JSON object, that have these names.
///
/// The depth is bounded by `serde_json` (128), the size by the frame's limit. A field that stands
/// twice is refused, because two readers could disagree on it.
pub(super) fn parse_object<'a, const N: usize>(
    reader: &mut Reader<'a, '_>,
    names: [&'static str; N],
) -> Result<[Option<Cow<'a, str>>; N], InvalidMessage> {
    let frame = reader.all();
    // Its own reason, because it tells that the peer speaks another protocol.
    let mut bytes = frame.iter();
    let first = bytes.find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') {
        let behind = frame.len() - bytes.len();
        reader.refuse_at(CheckName::Json, behind - usize::from(first.is_some()));
        return Err(InvalidMessage::Json("not an object".into()));
    }
    text_fields(frame, names).map_err(|error| {
        if reader.records() {
            reader.refuse_at(CheckName::Json, offset_of(frame, &error));
        }
        InvalidMessage::Json(without_content(&error))
    })
}

/// Returns a field, which must be there.
pub(super) fn required<'a>(
    field: Option<Cow<'a, str>>,
    reader: &mut Reader<'_, '_>,
) -> Result<Cow<'a, str>, InvalidMessage> {
    field.ok_or_else(|| {
        // Missed at the object's end.
        reader.refuse_at(CheckName::Json, reader.all().len());
        InvalidMessage::Json("missing field".into())
    })
}

/// Returns a text that lies in the frame as it is; one with escapes does not.
#[inline]
pub(super) fn borrowed<'a>(text: Option<&Cow<'a, str>>) -> Option<&'a str> {
    match text {
        Some(Cow::Borrowed(text)) => Some(text),
        _ => None,
    }
}

/// Returns the offset in the frame of the byte at which a JSON error was noticed.
#[inline]
fn offset_of(frame: &[u8], error: &serde_json::Error) -> usize {
    let before = error.line().saturating_sub(1);
    let lines = frame.split_inclusive(|byte| *byte == b'\n').take(before);
    let start: usize = lines.map(<[u8]>::len).sum();
    (start + error.column().saturating_sub(1)).min(frame.len())
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
