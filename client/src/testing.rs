//! People and entries for tests.
#![allow(clippy::unwrap_used, reason = "for tests, which are to fail then")]

pub mod hostile;
pub mod shown;

use shared::chat::entry::DisplayName;
use shared::chat::{Author, Entry, Event, MessageId, Seq, Text, Timestamp, UserId};
use shared::identity::Fingerprint;

/// Returns a person of this name, with a key that follows from the name.
///
/// # Panics
/// If the name is not a valid display name.
pub fn author(name: &str) -> Author {
    Author {
        id: UserId(Fingerprint::of_spki(name.as_bytes())),
        name: DisplayName::parse(name).unwrap(),
    }
}

/// Returns an entry whose number in the room is also its time, in seconds.
///
/// # Panics
/// As [`author`].
pub fn entry(seq: Seq, from: &str, event: Event) -> Entry {
    Entry {
        seq,
        id: MessageId::new(seq, [0; 10]),
        from: author(from),
        at: Timestamp::from_unix_millis(1000 * i64::try_from(seq).unwrap()).unwrap(),
        event,
    }
}

/// Returns an entry with a new message.
///
/// # Panics
/// As [`author`], and if `text` is not a valid text.
pub fn says(seq: Seq, from: &str, text: &str) -> Entry {
    let text = Some(Text::parse(text).unwrap());
    entry(
        seq,
        from,
        Event::Message {
            text,
            reply_to: None,
        },
    )
}
