//! The dissector for Wireshark, whose fields are those of the codec.

use std::fmt::Write;

use crate::wire::fields::ALL;
use crate::wire::span::ValueKind;

/// The dissector without its fields.
const TEMPLATE: &str = include_str!("dissector.lua");

/// The line of the template in whose place the fields stand.
const FIELDS_LINE: &str = "--{fields}\n";

/// Returns `docs/secure-chat.lua`.
pub fn dissector() -> String {
    let mut lines = String::new();
    let mut keys: Vec<String> = Vec::new();
    for field in ALL {
        let key = format!("{}/{}", field.section, field.name);
        // The fields that v1's base64 was decoded to have the names of their texts. The dissector
        // does not decode.
        if keys.contains(&key) {
            continue;
        }
        let kind = match field.value {
            ValueKind::Text => "text",
            ValueKind::Integer => "number",
            ValueKind::Hex | ValueKind::Nested => "bytes",
        };
        let section = field.section.replace('.', "_");
        // Writing to a text does not fail.
        let _ = writeln!(
            lines,
            "    [{key:?}] = {kind}(\"secure_chat.s{section}.{name}\", {name:?}, {meaning}),",
            name = field.name,
            meaning = arguments(field.value, field.meaning),
        );
        keys.push(key);
    }
    TEMPLATE.replacen(FIELDS_LINE, &lines, 1)
}

/// Returns the arguments of Wireshark's constructor behind the name.
fn arguments(kind: ValueKind, meaning: &str) -> String {
    match kind {
        ValueKind::Integer => format!("base.DEC, nil, nil, {meaning:?}"),
        ValueKind::Text => format!("base.UNICODE, {meaning:?}"),
        ValueKind::Hex | ValueKind::Nested => format!("base.NONE, {meaning:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dissector_in_the_documents_is_current() {
        let current = include_str!("../../../docs/secure-chat.lua");
        assert!(
            current == dissector(),
            "docs/secure-chat.lua is out of date: run `cargo xtask dissector`"
        );
    }

    #[test]
    fn every_field_that_the_dissector_shows_is_one_of_the_schema() {
        for part in TEMPLATE.split('"').filter(|part| part.contains('/')) {
            let Some((section, name)) = part.split_once('/') else {
                continue;
            };
            if section.starts_with(['1', '2']) {
                let known = ALL
                    .iter()
                    .any(|it| it.section == section && it.name == name);
                assert!(known, "{part}");
            }
        }
    }
}
