//! What the messages in a frame are about, in a few words.

use shared::connection::{LayerName, ObservedFrame};

/// The most messages of a frame whose kinds are named.
const NAMED: usize = 3;

/// The most characters of a kind: a peer may send any.
const KIND_CHARACTERS: usize = 24;

/// The text before the kind in the JSON of a message. In a string of JSON its marks would be escaped, so
/// that no person's text has it.
const BEFORE_KIND: &str = "\"type\":\"";

/// Returns the kinds of the chat's messages in a frame: `send`, `ack, message`, `send and 4 more`.
/// Empty for frames without any, and for messages of other programs.
pub fn summary(frame: &ObservedFrame) -> String {
    let Some(layer) = frame.layers().find(|it| it.name == LayerName::Message) else {
        return String::new();
    };
    let fields = layer.fields.iter().filter(|it| it.def.name == "message");
    let messages = fields.filter_map(|field| {
        let json = std::str::from_utf8(layer.bytes.get(field.range.clone())?).ok()?;
        let (_, from) = json.split_once(BEFORE_KIND)?;
        from.split('"').next()
    });
    of(messages)
}

fn of<'a>(mut kinds: impl Iterator<Item = &'a str>) -> String {
    let shown = kinds.by_ref().take(NAMED);
    let shown: Vec<String> = shown
        .map(|kind| kind.chars().take(KIND_CHARACTERS).collect())
        .collect();
    let shown = super::bytes::visible(&shown.join(", "));
    match kinds.count() {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::inspection::testing::frames;
    use shared::connection::Version;

    #[test]
    fn a_summary_is_short_whatever_the_messages_are() {
        let of = |kinds: &[&str]| of(kinds.iter().copied());
        assert_eq!(of(&[]), "");
        assert_eq!(of(&["send", "ack"]), "send, ack");
        assert_eq!(of(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
        assert_eq!(of(&[&"x".repeat(1000)]).len(), KIND_CHARACTERS);
        assert_eq!(of(&["\u{202e}x"]), r"\u{202e}x");
        for frame in frames(Version::V2, b"no message") {
            assert_eq!(summary(&frame), "");
        }
    }
}
