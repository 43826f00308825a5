//! Messages in the forms in which they are sent: JSON, and the lobby's plain text.

use std::sync::Arc;

use shared::chat::entry::DisplayName;
use shared::chat::limits::MESSAGE_BYTES;
use shared::chat::plain::ServerLine;
use shared::chat::server::RoomEntry;
use shared::chat::{ChatErrorCode, Entry, Event, Seq, ServerMessage, Text};

use super::page::ENVELOPE_BYTES;

/// The form in which a connection is sent messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Lines of the lobby, for clients as old as the Python demo's.
    Plain,
    /// JSON objects, one a message.
    Json,
}

/// Encodes a message as the plaintext that carries it.
///
/// Every list in a message ends before [`MESSAGE_BYTES`], so a message that is longer is a fault of
/// the server: the log names it, and the client is told that its request failed.
pub(super) fn encode(message: &ServerMessage) -> Arc<str> {
    match serde_json::to_string(message) {
        // In an `Arc`, because one encoding waits in the queues of all subscribers.
        Ok(json) => json.into(),
        Err(error) => {
            // Types of our own always have a JSON form.
            tracing::error!(%error, "a message could not be encoded");
            FAILED.into()
        }
    }
}

/// The message instead of one that could not be encoded.
const FAILED: &str =
    r#"{"type":"error","code":"storage_failed","message":"The server could not answer."}"#;

/// Encodes the answer to a request, which must fit every protocol version.
pub(super) fn encode_reply(message: &ServerMessage) -> Arc<str> {
    let text = encode(message);
    if text.len() <= MESSAGE_BYTES {
        return text;
    }
    if let ServerMessage::Page { room, entries } = message
        && entries.iter().any(is_too_long)
    {
        let room = room.clone();
        let entries = entries.iter().cloned().map(shortened).collect();
        return encode_reply(&ServerMessage::Page { room, entries });
    }
    tracing::error!(
        bytes = text.len(),
        limit = MESSAGE_BYTES,
        "a reply is longer than a message"
    );
    // An answer all the same, because the client waits for one. When 60 rooms with long topics made
    // `welcome` too long, nobody got in over v2.
    encode(&ServerMessage::Error {
        code: ChatErrorCode::LimitReached,
        message: "The answer does not fit a message.".into(),
        retry_after: None,
        about: None,
    })
}

/// Most bytes of a text that is sent as JSON, in which they at most double. Longer ones there are only
/// if the server allows v1 programs to write them (`--max-text-bytes`).
const JSON_TEXT_BYTES: usize = (MESSAGE_BYTES - ENVELOPE_BYTES) / 2;

fn is_too_long(entry: &Entry) -> bool {
    let text = entry.event.text();
    text.is_some_and(|text| text.as_str().len() > JSON_TEXT_BYTES)
}

/// Returns the entry with as much of its text as a message of JSON has room for, and a note instead
/// of the rest: one text too long must keep nobody from the others of its page.
pub(super) fn shortened(mut entry: Entry) -> Entry {
    if !is_too_long(&entry) {
        return entry;
    }
    if let Event::Message {
        text: Some(text), ..
    }
    | Event::Edited {
        text: Some(text), ..
    } = &mut entry.event
    {
        let whole = text.as_str();
        let note = format!(" […] (the first part of {} bytes)", whole.len());
        let end = whole.floor_char_boundary(JSON_TEXT_BYTES - note.len());
        // It was a text, so its beginning is one, unless nothing of that can be seen.
        if let Ok(short) = Text::parse(&format!("{}{note}", &whole[..end])) {
            *text = short;
        }
    }
    entry
}

/// Encodes a notice of the server as a line of plain text.
pub(super) fn encode_notice(text: &str) -> Arc<str> {
    ServerLine::Notice(text).to_string().into()
}

/// An entry as it is broadcast: encoded once for all subscribers.
pub(super) struct EncodedEntry {
    pub(super) seq: Seq,
    pub(super) json: Arc<str>,
    /// The line for plain-text clients, which see messages of the lobby and nothing else.
    pub(super) line: Option<Arc<str>>,
}

impl EncodedEntry {
    pub(super) fn new(entry: RoomEntry) -> Self {
        let is_lobby = entry.room.is_lobby();
        Self {
            seq: entry.entry.seq,
            // Plain-text clients are in no other room.
            line: is_lobby
                .then(|| plain_line(&entry.entry.from.name, &entry.entry.event))
                .flatten(),
            json: encode(&ServerMessage::Entry(RoomEntry {
                room: entry.room,
                entry: shortened(entry.entry),
            })),
        }
    }
}

/// Plain-text clients could undo neither an edit nor a reaction, so they are sent messages only.
fn plain_line(from: &DisplayName, event: &Event) -> Option<Arc<str>> {
    match event {
        Event::Message {
            text: Some(text), ..
        } => {
            let (from, text) = (from.as_str(), text.as_str());
            Some(ServerLine::Message { from, text }.to_string().into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The lock-out: a v1 program may write longer lines than a message of JSON has room for, and no
    // newcomer got the page with one of them.
    #[test]
    fn a_text_longer_than_a_message_keeps_nobody_from_its_page() {
        let entry = |seq, text: &str| Entry {
            seq,
            id: shared::chat::MessageId::from_random([1; 16]),
            from: shared::chat::Author {
                id: shared::chat::UserId(shared::identity::Fingerprint::from_bytes([1; 32])),
                name: DisplayName::from(&shared::chat::Name::parse("eve").unwrap()),
            },
            at: shared::chat::Timestamp::default(),
            event: Event::Message {
                text: Some(Text::parse(text).unwrap()),
                reply_to: None,
            },
        };
        for long in [
            "\"".repeat(200_000),
            "東".repeat(60_000),
            "a\n".repeat(40_000),
        ] {
            let room = shared::chat::RoomId::from(shared::chat::RoomName::lobby());
            let entries = vec![entry(1, &long)];
            let page = encode_reply(&ServerMessage::Page {
                room: room.clone(),
                entries,
            });
            assert!(page.len() <= MESSAGE_BYTES, "{}", page.len());
            let told = EncodedEntry::new(RoomEntry {
                room,
                entry: entry(2, &long),
            });
            assert!(told.json.len() <= MESSAGE_BYTES);
            for json in [page, told.json] {
                let note = format!("the first part of {} bytes", long.len());
                assert!(json.contains(&note));
                assert!(serde_json::from_str::<ServerMessage>(&json).is_ok());
            }
            // Plain text has no such limit.
            assert!(told.line.unwrap().len() > long.len());
        }
    }
}
