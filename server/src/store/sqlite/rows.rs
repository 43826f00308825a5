//! Entries and names as the columns of a row, and back. What cannot be read back was not written by
//! us: an error, not a panic.

use rusqlite::Row;
use rusqlite::types::{FromSqlError, Type};
use shared::chat::entry::DisplayName;
use shared::chat::{Author, Emoji, Entry, Event, MessageId, Seq, Text, Timestamp, UserId};
use shared::identity::Fingerprint;

/// The columns of an entry, in the order of [`entry`].
pub(super) const ENTRY_COLUMNS: &str =
    "seq, id, author, author_name, at, kind, text, target, emoji, is_on";

const MESSAGE: i64 = 0;
const EDITED: i64 = 1;
const DELETED: i64 = 2;
const REACTED: i64 = 3;

/// An event's columns: kind, text, target, emoji, `is_on`.
pub(super) type EventColumns<'a> = (
    i64,
    Option<&'a str>,
    Option<i64>,
    Option<&'a str>,
    Option<bool>,
);

/// A number as SQLite keeps it. Above its range nothing is ever numbered.
pub(super) fn number(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// The columns of an event.
pub(super) fn event_columns(event: &Event) -> EventColumns<'_> {
    match event {
        Event::Message { text, reply_to } => {
            let text = text.as_ref().map(Text::as_str);
            (MESSAGE, text, reply_to.map(number), None, None)
        }
        Event::Edited { of, text } => {
            let text = text.as_ref().map(Text::as_str);
            (EDITED, text, Some(number(*of)), None, None)
        }
        Event::Deleted { of } => (DELETED, None, Some(number(*of)), None, None),
        Event::Reacted { of, emoji, on } => {
            let emoji = Some(emoji.as_str());
            (REACTED, None, Some(number(*of)), emoji, Some(*on))
        }
    }
}

/// The entry in a row of [`ENTRY_COLUMNS`].
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let parsed = |column, error: &dyn std::fmt::Display| {
        let error = std::io::Error::other(error.to_string());
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    };
    let name: String = row.get(3)?;
    let from = Author {
        id: user(row.get(2)?),
        name: DisplayName::parse(&name).map_err(|error| parsed(3, &error))?,
    };
    let at = Timestamp::from_unix_millis(row.get(4)?);
    let text: Option<String> = row.get(6)?;
    let text = text.as_deref().map(Text::parse).transpose();
    let text = text.map_err(|error| parsed(6, &error))?;
    let target: Option<i64> = row.get(7)?;
    let target = target.map(seq).transpose()?;
    let event = match (row.get(5)?, target) {
        (MESSAGE, reply_to) => Event::Message { text, reply_to },
        (EDITED, Some(of)) => Event::Edited { of, text },
        (DELETED, Some(of)) => Event::Deleted { of },
        (REACTED, Some(of)) => {
            let emoji: String = row.get(8)?;
            let emoji = Emoji::parse(&emoji).map_err(|error| parsed(8, &error))?;
            let on = row.get(9)?;
            Event::Reacted { of, emoji, on }
        }
        (kind, _) => return Err(FromSqlError::OutOfRange(kind).into()),
    };
    Ok(Entry {
        seq: seq(row.get(0)?)?,
        id: MessageId::from_bytes(row.get(1)?),
        from,
        at: at.ok_or(FromSqlError::InvalidType)?,
        event,
    })
}

/// A number that SQLite kept.
pub(super) fn seq(number: i64) -> rusqlite::Result<Seq> {
    Seq::try_from(number).map_err(|_| FromSqlError::OutOfRange(number).into())
}

/// A user that SQLite kept.
pub(super) fn user(bytes: [u8; 32]) -> UserId {
    UserId(Fingerprint::from_bytes(bytes))
}
