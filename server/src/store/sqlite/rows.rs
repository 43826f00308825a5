//! Entries as the columns of a row, and back. What cannot be read back was not written by this
//! program: an error, not a panic.

use std::net::IpAddr;

use rusqlite::Row;
use rusqlite::types::{FromSqlError, FromSqlResult, ValueRef};
use shared::chat::entry::DisplayName;
use shared::chat::operator::{Ban, Banned, Reason};
use shared::chat::{
    Author, Emoji, Entry, Event, Keep, MessageId, Role, Seq, Text, Timestamp, UserId,
};
use shared::identity::Fingerprint;

use crate::store::{Cause, StoreError};

/// Selects entries, for [`entry`]. In this order, so that users are looked up by their keys.
pub(super) const SELECT_ENTRIES: &str = "SELECT place, id, fingerprint, name, at, kind, text, \
    target, reply_to, emoji, is_on FROM entries CROSS JOIN users ON users.key = writer";

/// The kinds of events. The schema names those of edits and reactions too.
pub(super) const MESSAGE: i64 = 0;
pub(super) const EDITED: i64 = 1;
const DELETED: i64 = 2;
const REACTED: i64 = 3;

/// Bits of a place that are the entry's number.
const SEQ_BITS: u32 = 40;

/// The largest number of an entry: a place has no room for more.
pub(super) const SEQ_MAX: Seq = (1 << SEQ_BITS) - 1;

/// Returns the place of an entry. A number larger than there can be counts as the largest.
pub(super) fn place(room: i64, seq: Seq) -> i64 {
    // The schema keeps a room's key below 2^23, so that no shift reaches the sign.
    (room << SEQ_BITS) | number(seq)
}

/// Returns the key of the room of a place.
pub(super) fn room_of(place: i64) -> i64 {
    place >> SEQ_BITS
}

/// Returns a number for SQLite, which has no `u64`.
pub(super) fn number(seq: Seq) -> i64 {
    i64::try_from(seq.min(SEQ_MAX)).unwrap_or(i64::MAX)
}

/// Reads a number from SQLite.
pub(super) fn seq(number: i64) -> rusqlite::Result<Seq> {
    Seq::try_from(number).map_err(|_| FromSqlError::OutOfRange(number).into())
}

/// Returns a retention rule as a column: nothing for entries that stay.
pub(super) fn keep_column(keep: Keep) -> Result<Option<String>, StoreError> {
    // NULL, so that the sweep finds the rooms with a rule without reading one.
    if keep.is_forever() {
        return Ok(None);
    }
    let json = serde_json::to_string(&keep);
    json.map(Some)
        .map_err(|error| StoreError::Failed(Cause::new(error)))
}

/// Reads a retention rule from a column.
pub(super) fn keep(column: ValueRef<'_>) -> rusqlite::Result<Keep> {
    match column.as_str_or_null()? {
        None => Ok(Keep::Forever),
        Some(json) => {
            serde_json::from_str(json).map_err(|error| FromSqlError::Other(Box::new(error)).into())
        }
    }
}

/// Returns a role as a column's number.
pub(super) fn role_column(role: Role) -> i64 {
    match role {
        Role::Member => 0,
        Role::Moderator => 1,
        Role::Owner => 2,
    }
}

/// Reads a role from a column's number.
pub(super) fn role(number: i64) -> rusqlite::Result<Role> {
    match number {
        0 => Ok(Role::Member),
        1 => Ok(Role::Moderator),
        2 => Ok(Role::Owner),
        other => Err(FromSqlError::OutOfRange(other).into()),
    }
}

/// Reads a person from a fingerprint's column.
pub(super) fn user(fingerprint: [u8; 32]) -> UserId {
    UserId(Fingerprint::from_bytes(fingerprint))
}

/// An event's columns.
#[derive(Debug, Default)]
pub(super) struct EventColumns<'a> {
    pub(super) kind: i64,
    pub(super) text: Option<&'a str>,
    pub(super) target: Option<i64>,
    pub(super) reply_to: Option<i64>,
    pub(super) emoji: Option<&'a str>,
    pub(super) is_on: Option<bool>,
}

impl<'a> EventColumns<'a> {
    pub(super) fn of(event: &'a Event) -> Self {
        let none = Self::default();
        match event {
            Event::Message { text, reply_to } => Self {
                kind: MESSAGE,
                text: text.as_ref().map(Text::as_str),
                reply_to: reply_to.map(number),
                ..none
            },
            Event::Edited { of, text } => Self {
                kind: EDITED,
                text: text.as_ref().map(Text::as_str),
                target: Some(number(*of)),
                ..none
            },
            Event::Deleted { of } => Self {
                kind: DELETED,
                target: Some(number(*of)),
                ..none
            },
            Event::Reacted { of, emoji, on } => Self {
                kind: REACTED,
                target: Some(number(*of)),
                emoji: Some(emoji.as_str()),
                is_on: Some(*on),
                ..none
            },
        }
    }
}

/// Returns the largest number that an event names.
pub(super) fn named(event: &Event) -> Seq {
    match event {
        Event::Message { reply_to, .. } => reply_to.unwrap_or(0),
        Event::Edited { of, .. } | Event::Deleted { of } | Event::Reacted { of, .. } => *of,
    }
}

/// Reads the entry in a row of [`SELECT_ENTRIES`].
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let place: i64 = row.get(0)?;
    let at = Timestamp::from_unix_millis(row.get(4)?);
    Ok(Entry {
        seq: seq(place)? & SEQ_MAX,
        id: MessageId::from_bytes(row.get(1)?),
        from: Author {
            id: user(row.get(2)?),
            // Judged anew: what is in the file may have been changed by another program.
            name: parsed(DisplayName::parse(row.get_ref(3)?.as_str()?))?,
        },
        at: at.ok_or(FromSqlError::InvalidType)?,
        event: event(row)?,
    })
}

fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let text = row.get_ref(6)?.as_str_or_null()?.map(Text::from_stored);
    let text = parsed(text.transpose())?;
    let target: Option<i64> = row.get(7)?;
    let reply_to: Option<i64> = row.get(8)?;
    Ok(match (row.get(5)?, target.map(seq).transpose()?) {
        (MESSAGE, _) => {
            let reply_to = reply_to.map(seq).transpose()?;
            Event::Message { text, reply_to }
        }
        (EDITED, Some(of)) => Event::Edited { of, text },
        (DELETED, Some(of)) => Event::Deleted { of },
        (REACTED, Some(of)) => Event::Reacted {
            of,
            emoji: parsed(Emoji::from_stored(row.get_ref(9)?.as_str()?))?,
            on: row.get(10)?,
        },
        (kind, _) => return Err(FromSqlError::OutOfRange(kind).into()),
    })
}

/// Reads a ban from a row of `who, reason, at, fingerprint`.
pub(super) fn ban(row: &Row<'_>) -> rusqlite::Result<Ban> {
    let who = row.get_ref(0)?.as_str()?;
    let reason: String = row.get(1)?;
    let at = Timestamp::from_unix_millis(row.get(2)?);
    Ok(Ban {
        who: match UserId::parse(who) {
            Ok(user) => Banned::User(user),
            Err(_) => Banned::Address(parsed(who.parse::<IpAddr>())?),
        },
        reason: Reason::from(reason),
        at: at.ok_or(FromSqlError::InvalidType)?,
        by: user(row.get(3)?),
    })
}

/// Returns a value that was parsed from a column.
pub(super) fn parsed<T, E>(result: Result<T, E>) -> FromSqlResult<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    result.map_err(FromSqlError::other)
}
