//! Bytes in the forms in which people read them and other programs take them.

use std::fmt::Write as _;
use std::ops::Range;

use shared::connection::{Field, FieldDef, ValueKind};

/// The most characters of a field's value that the list of fields shows.
const VALUE_CHARACTERS: usize = 64;

pub mod hex {
    //! Hexadecimal digits.

    use std::fmt::Write as _;

    /// Returns the digits of `bytes`, two for each, with `between` between two bytes.
    pub fn write(bytes: &[u8], between: &str) -> String {
        let mut text = String::with_capacity(bytes.len() * (2 + between.len()));
        for byte in bytes {
            if !text.is_empty() {
                text.push_str(between);
            }
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Returns the bytes of digits, between which there may be spaces and colons; `None` if there is
    /// anything else, or half a byte.
    pub fn parse(text: &str) -> Option<Vec<u8>> {
        let mut digits = Vec::with_capacity(text.len());
        for c in text.chars().filter(|c| !matches!(c, ' ' | ':')) {
            digits.push(u8::try_from(c.to_digit(16)?).ok()?);
        }
        let pairs = digits.chunks(2);
        pairs
            .map(|pair| Some(pair.first()? << 4 | pair.get(1)?))
            .collect()
    }
}

/// A form in which bytes are copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Hexadecimal digits without anything between.
    Hex,
    /// Base64 with padding (RFC 4648 §4).
    Base64,
    /// The bytes as UTF-8; others as the replacement character.
    Text,
    /// An array of C.
    C,
}

impl Form {
    /// All forms, in the order of the buttons.
    pub const ALL: [Self; 4] = [Self::Hex, Self::Base64, Self::Text, Self::C];

    /// Returns the form's name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Text => "text",
            Self::C => "C array",
        }
    }

    /// Returns `bytes` in this form. An array of C is called `name`.
    pub fn write(self, bytes: &[u8], name: &str) -> String {
        use base64::Engine as _;
        match self {
            Self::Hex => hex::write(bytes, ""),
            Self::Base64 => base64::prelude::BASE64_STANDARD.encode(bytes),
            Self::Text => String::from_utf8_lossy(bytes).into_owned(),
            Self::C => c_array(bytes, name),
        }
    }
}

fn c_array(bytes: &[u8], name: &str) -> String {
    /// The bytes of a line, so that it has less than 80 characters.
    const IN_A_LINE: usize = 12;
    let mut text = format!("static const unsigned char {name}[{}] = {{", bytes.len());
    for line in bytes.chunks(IN_A_LINE) {
        text.push_str("\n    ");
        for byte in line {
            let _ = write!(text, "0x{byte:02x}, ");
        }
        text.truncate(text.trim_end().len());
    }
    text.push_str("\n};\n");
    text
}

/// A row of the view of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The place of the first byte in the layer.
    pub offset: usize,
    /// The bytes of the row, cut where fields begin.
    pub parts: Vec<Part>,
}

/// The bytes of one field in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The field's place in the layer.
    pub field: usize,
    /// The bytes' place in the layer.
    pub range: Range<usize>,
}

/// Returns the rows for the bytes of `shown`, `width` bytes in each. `fields` lie behind each other.
pub fn rows(fields: &[Field], shown: Range<usize>, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut offset = shown.start;
    let mut at = fields.partition_point(|field| field.range.end <= offset);
    while offset < shown.end {
        let end = (offset + width.max(1)).min(shown.end);
        let mut parts = Vec::new();
        let mut from = offset;
        while let Some(field) = fields.get(at).filter(|_| from < end) {
            let to = field.range.end.min(end);
            if from < to {
                parts.push(Part {
                    field: at,
                    range: from..to,
                });
                from = to;
            }
            if field.range.end <= end {
                at += 1;
            }
        }
        rows.push(Row { offset, parts });
        offset = end;
    }
    rows
}

/// Returns the printable ASCII of `bytes`, with a dot for every other byte.
pub fn ascii(bytes: &[u8]) -> String {
    let shown = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte),
        _ => '.',
    };
    bytes.iter().map(shown).collect()
}

/// Returns a field's value on one line, cut at [`VALUE_CHARACTERS`].
pub fn value(def: &FieldDef, bytes: &[u8]) -> String {
    match def.value {
        ValueKind::Integer if bytes.len() <= 8 => {
            let number = bytes
                .iter()
                .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            number.to_string()
        }
        ValueKind::Text => cut(visible(&String::from_utf8_lossy(beginning(bytes)))),
        _ => cut(hex::write(beginning(bytes), "")),
    }
}

fn beginning(bytes: &[u8]) -> &[u8] {
    // Enough for what is shown, whatever the bytes are.
    bytes.get(..4 * VALUE_CHARACTERS).unwrap_or(bytes)
}

fn cut(text: String) -> String {
    match text.char_indices().nth(VALUE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Returns `text` with codes in the place of what cannot be seen, or changes the place of others:
/// control characters, and those for the direction of text.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let hidden = c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if hidden {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::inspection::testing::frames;
    use shared::connection::Version;

    #[test]
    fn bytes_are_copied_in_four_forms() {
        let bytes = b"\x00Hi\xff";
        let [hex, base64, text, c] = Form::ALL.map(|form| form.write(bytes, "x"));
        assert_eq!(hex, "004869ff");
        assert_eq!(base64, "AEhp/w==");
        assert_eq!(text, "\0Hi\u{fffd}");
        assert_eq!(
            c,
            "static const unsigned char x[4] = {\n    0x00, 0x48, 0x69, 0xff,\n};\n"
        );
        assert_eq!(hex::parse("00 48:69ff"), Some(bytes.to_vec()));
        assert_eq!(hex::parse("004"), None);
        assert_eq!(hex::parse("no"), None);
    }

    #[test]
    fn rows_have_every_byte_once_and_are_cut_where_fields_begin() {
        for frame in frames(Version::V2, b"not a frame\n\n") {
            for layer in frame.layers() {
                let length = layer.bytes.len();
                for (from, to, width) in [(0, length, 16), (0, length, 7), (length / 3, length, 8)]
                {
                    let mut next = from;
                    for row in rows(layer.fields, from..to, width) {
                        assert_eq!(row.offset, next);
                        for part in row.parts {
                            assert_eq!(part.range.start, next);
                            let field = &layer.fields[part.field].range;
                            assert!(field.start <= next && part.range.end <= field.end);
                            next = part.range.end;
                        }
                    }
                    assert_eq!(next, to);
                }
            }
        }
        assert_eq!(rows(&[], 0..0, 16), []);
    }

    #[test]
    fn nothing_in_a_text_hides_or_moves_another() {
        assert_eq!(visible("a\u{202e}b\n\u{1b}[2J"), r"a\u{202e}b\n\u{1b}[2J");
        assert_eq!(visible("größer 🦀"), "größer 🦀");
        assert_eq!(ascii(b"a\x1b~\x7f\xc3"), "a.~..");
    }

    #[test]
    fn a_long_value_is_cut() {
        let def = FieldDef {
            name: "n",
            section: "1.1",
            meaning: "m",
            value: ValueKind::Text,
        };
        let long = value(&def, "ß".repeat(10_000).as_bytes());
        assert_eq!(long.chars().count(), VALUE_CHARACTERS + 1);
        let number = FieldDef {
            value: ValueKind::Integer,
            ..def
        };
        assert_eq!(value(&number, &[1, 0]), "256");
        assert_eq!(value(&number, &[]), "0");
    }
}
