//! Searches. The index names the messages that may match, and their texts decide.
//!
//! A search ends in time, and always gets on. If the index names too many messages, or takes too
//! long to name them, a word is so common that it is quicker to walk through what was said, the
//! newest first. When time is up, the search tells the position at which it stopped.

use std::time::{Duration, Instant};

use rusqlite::{CachedStatement, Connection, OptionalExtension, Transaction, params};
use shared::chat::search::{Cursor, Pattern};
use shared::chat::server::RoomEntry;
use shared::chat::{Entry, Query, RoomId, Timestamp};

use super::error::Failure;
use super::index::expression;
use super::reader::Limit;
use super::rows::{self, SEQ_MAX, place, room_of};
use super::walk::{Rooms, Spot, Walk};
use crate::store::rules::Filling;
use crate::store::{Found, PageSize};

/// Time after which a step of a search fails: more than any step needs.
const DEADLINE: Duration = Duration::from_secs(1);

/// The bounds of one search.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// The most messages that the index may name: sorting more takes longer than the walk.
    pub(super) named: usize,
    /// Time that the index may take.
    pub(super) index: Duration,
    /// Time for which texts are looked at. The first one is looked at in any case.
    pub(super) texts: Duration,
}

impl Bounds {
    /// A second in all, so that a word that is in every message of a large room does not keep
    /// everybody else's searches waiting.
    pub(super) const DEFAULT: Self = Self {
        named: 10_000,
        index: Duration::from_millis(250),
        texts: Duration::from_millis(500),
    };
}

/// Searches rooms, as [`Store::search`](crate::store::Store::search) promises. The index is not
/// asked unless it `is_whole`.
pub(super) fn find(
    connection: &mut Connection,
    rooms: Vec<RoomId>,
    query: &Query,
    before: Option<&Cursor>,
    page: PageSize,
    bounds: Bounds,
    is_whole: bool,
) -> Result<Found, Failure> {
    let limit = Limit::of(connection, DEADLINE)?;
    let transaction = connection.transaction()?;
    // Names become keys within the transaction: a room that is renamed meanwhile keeps its own
    // entries.
    let rooms = Rooms::of(&transaction, rooms)?;
    let Some(end) = end_of(&transaction, &rooms, before)? else {
        return Ok(Found::default());
    };
    let pattern = query.pattern();
    let expression = expression(&pattern);
    // The index names no message for an empty expression, which a Korean consonant has.
    let named = if is_whole && !expression.is_empty() {
        limit.set(bounds.index);
        named(&transaction, &rooms, &expression, end, bounds.named)
    } else {
        Ok(None)
    };
    let named = match named {
        // Too common a word for the index. The walk finds its messages sooner, one by one.
        Err(failure) if failure.is_interruption() => None,
        named => named?,
    };
    // The walk looks at the clock itself, between two messages, so that it can tell its position.
    limit.set(DEADLINE);
    let mut walk = Walk::new(&transaction, &rooms)?;
    match named {
        Some(named) => walk.spots = named.into(),
        None => walk.begin(end)?,
    }
    fill(&transaction, walk, &pattern, page, bounds.texts)
}

/// Returns the spot behind which a search goes on: the largest one without a cursor. `None` if there
/// is no such entry any more and the cursor does not tell its time.
fn end_of(
    transaction: &Transaction<'_>,
    rooms: &Rooms,
    before: Option<&Cursor>,
) -> Result<Option<Spot>, Failure> {
    let spot = |at, room, place| Spot {
        at,
        room,
        place,
        is_last: false,
    };
    let Some(before) = before else {
        return Ok(Some(spot(i64::MAX, usize::MAX, i64::MAX)));
    };
    if let Ok(room) = rooms.names.binary_search(&before.room) {
        let place = place(rooms.keys[room], before.seq);
        let mut query = transaction.prepare_cached("SELECT at FROM entries WHERE place = ?1")?;
        let at = query.query_row([place], |row| row.get(0)).optional()?;
        // Of another time it is another room's, which has got the name since.
        let told = before.at.map(Timestamp::unix_millis);
        if let Some(at) = at.filter(|at| told.is_none_or(|told| told == *at)) {
            return Ok(Some(spot(at, room, place)));
        }
    }
    // The entry is gone, or the room has another name: what has its very time may come again.
    let at = before.at.map(Timestamp::unix_millis);
    Ok(at.map(|at| spot(at, usize::MAX, i64::MAX)))
}

/// Returns the messages before `end` that the index names, in any order; `None` if they are more
/// than `most`.
fn named(
    transaction: &Transaction<'_>,
    rooms: &Rooms,
    expression: &str,
    end: Spot,
    most: usize,
) -> Result<Option<Vec<Spot>>, Failure> {
    let keys = (rooms.keys.iter().min(), rooms.keys.iter().max());
    let (Some(first), Some(last)) = keys else {
        return Ok(Some(Vec::new()));
    };
    let mut select = transaction.prepare_cached(
        "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3",
    )?;
    // The index is asked for one range; rooms in between that are not searched are left out below.
    let range = (place(*first, 0), place(*last, SEQ_MAX));
    let mut found = select.query(params![expression, range.0, range.1])?;
    // Collected before the times are looked up: a word that is too common must cost no more than
    // the index.
    let mut places = Vec::new();
    while let Some(row) = found.next()? {
        let place = row.get(0)?;
        if let Some(room) = rooms.positions.get(&room_of(place)) {
            if places.len() == most {
                return Ok(None);
            }
            places.push((*room, place));
        }
    }
    let mut at = transaction.prepare_cached("SELECT at FROM entries WHERE place = ?1")?;
    let mut spots = Vec::with_capacity(places.len());
    for (room, place) in places {
        let Some(at) = at.query_row([place], |row| row.get(0)).optional()? else {
            continue;
        };
        let spot = Spot {
            at,
            room,
            place,
            is_last: false,
        };
        if spot < end {
            spots.push(spot);
        }
    }
    Ok(Some(spots))
}

/// Looks at the texts of a walk's messages until the page is full or time is up.
fn fill(
    transaction: &Transaction<'_>,
    mut walk: Walk<'_>,
    pattern: &Pattern,
    page: PageSize,
    within: Duration,
) -> Result<Found, Failure> {
    let began = Instant::now();
    let mut select = transaction.prepare_cached(&format!(
        "SELECT place, id, fingerprint, name, at, kind,
             coalesce(
                 (SELECT edit.text FROM entries AS edit
                  WHERE edit.room = said.room AND edit.target = said.place & {SEQ_MAX}
                        AND edit.kind = 1
                  ORDER BY edit.place DESC LIMIT 1), text),
             target, reply_to, emoji, is_on
         FROM entries AS said CROSS JOIN users ON users.key = writer
         WHERE place = ?1 AND kind = 0 AND text IS NOT NULL"
    ))?;
    let mut filling = Filling::new(page);
    let mut found = Found::default();
    let (mut seen, mut last) = (None, None);
    while let Some(spot) = walk.next()? {
        // At least one message is looked at, so that a client that turns pages always gets on.
        if let Some(seen) = seen
            && began.elapsed() >= within
        {
            found.next = Some(walk.rooms.cursor(seen)?);
            break;
        }
        if let Some(entry) = matching(&mut select, spot.place, pattern)? {
            if !filling.takes(&entry.event) {
                // Behind the last that is given, not behind the one that did not fit: that one is
                // next.
                found.next = last.map(|last| walk.rooms.cursor(last)).transpose()?;
                break;
            }
            let room = walk.rooms.names[spot.room].clone();
            found.entries.push(RoomEntry { room, entry });
            last = Some(spot);
        }
        seen = Some(spot);
    }
    Ok(found)
}

/// Reads a message, if it is still there and its text matches.
fn matching(
    select: &mut CachedStatement<'_>,
    place: i64,
    pattern: &Pattern,
) -> Result<Option<Entry>, Failure> {
    let mut found = select.query([place])?;
    let Some(row) = found.next()? else {
        return Ok(None);
    };
    let is_match = pattern.matches(row.get_ref(6)?.as_str()?);
    Ok(is_match.then(|| rows::entry(row)).transpose()?)
}
