//! Messages in the forms in which they are sent: JSON, and the lobby's plain text.

use std::sync::Arc;

use serde::Serialize;
use shared::chat::entry::DisplayName;
use shared::chat::limits::{LIST_ENTRIES, MESSAGE_BYTES};
use shared::chat::plain::ServerLine;
use shared::chat::server::RoomEntry;
use shared::chat::{ChatErrorCode, Entry, Event, Seq, ServerMessage, Text};

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

/// Bytes of a message that its list leaves to the other fields: the longest of them, a topic of 250
/// characters, takes 1,000.
const ENVELOPE_BYTES: usize = 4 * 1024;

/// A list that is cut so that it fits a message, whatever its items are.
#[derive(Debug)]
pub(super) struct Page<T> {
    items: Vec<T>,
    bytes: usize,
    more: bool,
}

impl<T: Serialize> Page<T> {
    pub(super) fn new() -> Self {
        Self {
            items: Vec::new(),
            bytes: 0,
            more: false,
        }
    }

    /// Fills a page from the start of `items`.
    pub(super) fn of(items: impl IntoIterator<Item = T>) -> Self {
        let mut page = Self::new();
        for item in items {
            if !page.push(item) {
                break;
            }
        }
        page
    }

    /// Adds an item. Returns `false` if the page is full; then the item belongs to the next page.
    ///
    /// An item that fits no page is left out: a client that asks for the next page would get none of
    /// what is behind it.
    pub(super) fn push(&mut self, item: T) -> bool {
        // As encoded, since escapes make a text longer, and with its comma.
        let bytes = encoded_bytes(&item) + 1;
        if bytes > MESSAGE_BYTES - ENVELOPE_BYTES {
            tracing::error!(bytes, "an item of a list is longer than a message");
            return true;
        }
        if self.items.len() >= LIST_ENTRIES || self.bytes + bytes > MESSAGE_BYTES - ENVELOPE_BYTES {
            self.more = true;
            return false;
        }
        self.bytes += bytes;
        self.items.push(item);
        true
    }

    /// Returns the items, and `true` if the list goes on after them.
    pub(super) fn finish(self) -> (Vec<T>, bool) {
        (self.items, self.more)
    }
}

/// Returns the length of a value's JSON in bytes.
fn encoded_bytes(value: &impl Serialize) -> usize {
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    match serde_json::to_writer(&mut counter, value) {
        Ok(()) => counter.0,
        // It fits no page, and so is left out instead of breaking the message.
        Err(_) => MESSAGE_BYTES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_before_a_message_is_full_and_loses_nothing() {
        // Quotation marks, which JSON escapes: a page that counted bytes of texts would be twice as
        // long.
        let items: Vec<String> = (0..1000).map(|n| "\"".repeat(n % 700)).collect();
        let (mut seen, mut pages) = (0, 0);
        loop {
            let (page, more) = Page::of(items[seen..].iter().cloned()).finish();
            assert!(
                serde_json::to_string(&page).unwrap().len() <= MESSAGE_BYTES - ENVELOPE_BYTES + 1
            );
            assert!(!page.is_empty() && page.len() <= LIST_ENTRIES);
            seen += page.len();
            pages += 1;
            if !more {
                break;
            }
        }
        assert_eq!(seen, items.len());
        assert!(pages > 10, "{pages}");
    }

    #[test]
    fn an_item_that_fits_no_page_does_not_hide_those_behind_it() {
        let items = [
            "first".to_owned(),
            "x".repeat(MESSAGE_BYTES),
            "last".to_owned(),
        ];
        let (page, more) = Page::of(items).finish();
        assert_eq!(
            (page, more),
            (vec!["first".to_owned(), "last".to_owned()], false)
        );
    }

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
