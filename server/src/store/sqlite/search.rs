//! The index of words: which messages have them. It follows edits and deletions in the transaction
//! that makes them, and has no text of its own: to take words out, the text must be given again.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params, params_from_iter};
use shared::chat::search::Cursor;
use shared::chat::server::RoomEntry;
use shared::chat::{Entry, Event, Query, RoomId, Seq, Text};

use super::error::Failure;
use super::reader::key;
use super::rows::{self, SEQ_MAX, number, place};
use crate::store::rules::Filling;
use crate::store::{Found, PageSize, StoreError};

/// Brings the index to what an entry does, which was just inserted.
pub(super) fn index(connection: &Connection, room: i64, entry: &Entry) -> Result<(), Failure> {
    match &entry.event {
        Event::Message {
            text: Some(text), ..
        } => add(connection, place(room, entry.seq), text),
        Event::Edited {
            of,
            text: Some(text),
        } => {
            // Only what is a message has words.
            if let Some(former) = text_before(connection, room, *of, entry.seq)? {
                remove(connection, place(room, *of), &former)?;
                add(connection, place(room, *of), text)?;
            }
            Ok(())
        }
        Event::Deleted { of } => {
            if let Some(former) = text_before(connection, room, *of, entry.seq)? {
                remove(connection, place(room, *of), &former)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Takes out the words of a message, which is still there; what is no message has none.
pub(super) fn forget(connection: &Connection, room: i64, seq: Seq) -> Result<(), Failure> {
    if let Some(text) = text_before(connection, room, seq, SEQ_MAX)? {
        remove(connection, place(room, seq), &text)?;
    }
    Ok(())
}

fn add(connection: &Connection, at: i64, text: &Text) -> Result<(), Failure> {
    let sql = "INSERT INTO words (rowid, text) VALUES (?1, ?2)";
    connection
        .prepare_cached(sql)?
        .execute(params![at, text.as_str()])?;
    Ok(())
}

fn remove(connection: &Connection, at: i64, text: &str) -> Result<(), Failure> {
    let sql = "INSERT INTO words (words, rowid, text) VALUES ('delete', ?1, ?2)";
    connection.prepare_cached(sql)?.execute(params![at, text])?;
    Ok(())
}

/// A message's text as it was before the entry with number `before`; `None` if it is no message, or
/// was deleted.
fn text_before(
    connection: &Connection,
    room: i64,
    seq: Seq,
    before: Seq,
) -> Result<Option<String>, Failure> {
    let mut query = connection.prepare_cached(
        "SELECT coalesce(
             (SELECT text FROM entries WHERE room = ?1 AND target = ?2 AND kind = 1 AND place < ?4
              ORDER BY place DESC LIMIT 1), text)
         FROM entries WHERE place = ?3 AND kind = 0 AND text IS NOT NULL",
    )?;
    let values = [room, number(seq), place(room, seq), place(room, before)];
    Ok(query.query_row(values, |row| row.get(0)).optional()?)
}

/// See [`Store::search`](crate::store::Store::search).
pub(super) fn find(
    transaction: &Transaction<'_>,
    rooms: Vec<RoomId>,
    query: &Query,
    before: Option<&Cursor>,
    page: PageSize,
) -> Result<Found, Failure> {
    let mut keys = BTreeMap::new();
    for room in rooms {
        match key(transaction, &room) {
            Ok(key) => {
                keys.insert(key, room);
            }
            Err(Failure::Request(StoreError::NoSuchRoom)) => {}
            Err(failure) => return Err(failure),
        }
    }
    let Some(end) = end_of(transaction, &keys, before)? else {
        return Ok(Found::default());
    };
    let places = vec!["?"; keys.len()].join(", ");
    // One more than the page: it shows that there is more.
    let most = page.entries.saturating_add(1);
    let sql = format!(
        // The inner query sorts keys only, and keeps as many as a page has: sorting the texts of all
        // matches took seconds and laid them into memory.
        "SELECT entries.place, id, fingerprint, entries.name, at, kind,
             coalesce(
                 (SELECT edit.text FROM entries AS edit
                  WHERE edit.room = entries.room AND edit.target = entries.place & {SEQ_MAX}
                        AND edit.kind = 1
                  ORDER BY edit.place DESC LIMIT 1), entries.text),
             target, reply_to, emoji, is_on, entries.room
         FROM (SELECT place AS hit
               FROM words JOIN entries ON place = words.rowid
                   JOIN rooms ON rooms.key = entries.room
               WHERE words MATCH ?1 AND (at, rooms.name, place) < (?2, ?3, ?4)
                   AND entries.room IN ({places})
               ORDER BY at DESC, rooms.name DESC, place DESC LIMIT {most})
             JOIN entries ON entries.place = hit JOIN users ON users.key = writer
             JOIN rooms ON rooms.key = entries.room
         ORDER BY at DESC, rooms.name DESC, entries.place DESC"
    );
    let values = [
        expression(query).into(),
        end.0.into(),
        end.1.into(),
        end.2.into(),
    ];
    let values = values
        .into_iter()
        .chain(keys.keys().map(|key| (*key).into()));
    let mut select = transaction.prepare(&sql)?;
    let mut rows = select.query(params_from_iter(
        values.collect::<Vec<rusqlite::types::Value>>(),
    ))?;
    let mut filling = Filling::new(page);
    let mut found = Found::default();
    while let Some(row) = rows.next()? {
        let entry = rows::entry(row)?;
        let Some(room) = keys.get(&row.get(11)?) else {
            continue;
        };
        if !filling.takes(&entry.event) {
            found.next = found.entries.last().map(|last| Cursor {
                room: last.room.clone(),
                seq: last.entry.seq,
            });
            break;
        }
        let room = room.clone();
        found.entries.push(RoomEntry { room, entry });
    }
    Ok(found)
}

/// Before which time, room and place is looked; `None` if there is no such entry to go on behind.
fn end_of(
    transaction: &Transaction<'_>,
    keys: &BTreeMap<i64, RoomId>,
    before: Option<&Cursor>,
) -> Result<Option<(i64, String, i64)>, Failure> {
    let Some(last) = before else {
        return Ok(Some((i64::MAX, String::new(), i64::MAX)));
    };
    let Some((key, room)) = keys.iter().find(|(_, room)| **room == last.room) else {
        return Ok(None);
    };
    let mut query = transaction.prepare_cached("SELECT at FROM entries WHERE place = ?1")?;
    let at = query.query_row([place(*key, last.seq)], |row| row.get(0));
    let at = at.optional()?;
    Ok(at.map(|at| (at, room.to_string(), place(*key, last.seq))))
}

/// The query in FTS5's syntax. Words have letters and digits only, and in quotation marks none is an
/// operator.
fn expression(query: &Query) -> String {
    let words: Vec<_> = query.words().map(|word| format!("\"{word}\"")).collect();
    words.join(" ") + " *"
}
