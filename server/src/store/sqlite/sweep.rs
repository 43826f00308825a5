//! Removes entries by retention, and those of deleted rooms. A few at a time, so that messages do
//! not wait long meanwhile.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use shared::chat::{Keep, Seq, Timestamp};

use super::error::Failure;
use super::index::{self, Backlog};
use super::rows::{self, SEQ_MAX, place};
use super::word_changes;
use crate::store::rules;

/// Most entries that are taken away in one transaction: a few milliseconds' worth, because whatever
/// is said meanwhile waits for it.
const BATCH: usize = 100;

/// The time after which a transaction takes no more entries away, fewer than [`BATCH`] or not: on a
/// slow disk a hundred of them may take as long as somebody notices.
const BUDGET: Duration = Duration::from_millis(5);

/// The result of one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swept {
    /// Entries were removed, and there may be more.
    Some,
    /// Nothing of the deleted room with this key is left but its row, which waits for changes of the
    /// index.
    Waits(i64),
    /// The rooms up to this key have nothing that is to go now; there are more rooms.
    Further(i64),
    /// Entries were removed, and none is left to remove now.
    All,
    /// Nothing is to go now.
    None,
    /// Every room keeps everything.
    Never,
}

/// A failure, and the room of which entries could not be removed.
#[derive(Debug)]
pub(super) struct SweepFailure {
    pub(super) room: Option<i64>,
    pub(super) failure: Failure,
}

impl<E: Into<Failure>> From<E> for SweepFailure {
    fn from(error: E) -> Self {
        Self {
            room: None,
            failure: error.into(),
        }
    }
}

/// Takes away at most [`BATCH`] entries of deleted rooms, but none of the rooms in `skipped`. Returns
/// `None` if there is no such room.
pub(super) fn deleted_rooms(
    connection: &Connection,
    backlog: &mut Backlog,
    skipped: &BTreeSet<i64>,
) -> Result<Option<Swept>, SweepFailure> {
    match deleted_room(connection, skipped)? {
        Some(room) => of_room(room, sweep_deleted(connection, backlog, room)).map(Some),
        None => Ok(None),
    }
}

/// Takes away at most [`BATCH`] entries by the retention of the rooms behind the key `after`, but none
/// of the rooms in `skipped`.
pub(super) fn retention(
    connection: &Connection,
    backlog: &mut Backlog,
    now: Timestamp,
    after: i64,
    skipped: &BTreeSet<i64>,
) -> Result<Swept, SweepFailure> {
    let mut rooms = connection.prepare_cached(
        "SELECT key, head, keep FROM rooms WHERE keep IS NOT NULL AND key > ?1 ORDER BY key",
    )?;
    let mut found = rooms.query([after])?;
    // Behind a room there was one with a rule.
    let mut swept = if after == 0 {
        Swept::Never
    } else {
        Swept::None
    };
    let mut left = BATCH;
    let begun = Instant::now();
    while let Some(row) = found.next()? {
        let room = row.get(0)?;
        if skipped.contains(&room) {
            continue;
        }
        let head = rows::seq(row.get(1)?)?;
        let keep = rows::keep(row.get_ref(2)?)?;
        let going = of_room(room, going(connection, room, head, keep, now, left))?;
        for seq in &going {
            of_room(room, remove(connection, backlog, room, *seq))?;
            if begun.elapsed() >= BUDGET {
                return Ok(Swept::Some);
            }
        }
        left -= going.len();
        swept = match (swept, going.is_empty()) {
            (Swept::Never | Swept::None, true) => Swept::None,
            _ => Swept::All,
        };
        // Looking takes time too, when every one of thousands of rooms has a rule.
        if begun.elapsed() >= BUDGET {
            return Ok(match swept {
                Swept::All => Swept::Some,
                _ => Swept::Further(room),
            });
        }
        // The batch is full; whoever waits to write comes first.
        if left == 0 {
            return Ok(Swept::Some);
        }
    }
    Ok(swept)
}

/// Names the room in a failure.
fn of_room<T>(room: i64, result: Result<T, Failure>) -> Result<T, SweepFailure> {
    result.map_err(|failure| SweepFailure {
        room: Some(room),
        failure,
    })
}

/// Removes an entry.
fn remove(
    connection: &Connection,
    backlog: &mut Backlog,
    room: i64,
    seq: Seq,
) -> Result<(), Failure> {
    // First the words: they can be taken out only while the text is there.
    index::forget(connection, backlog, room, seq)?;
    connection
        .prepare_cached("DELETE FROM entries WHERE place = ?1")?
        .execute([place(room, seq)])?;
    Ok(())
}

/// Returns a room that was deleted and still has its row.
fn deleted_room(connection: &Connection, skipped: &BTreeSet<i64>) -> rusqlite::Result<Option<i64>> {
    let mut query = connection.prepare_cached("SELECT key FROM rooms WHERE deleted = 1")?;
    let mut found = query.query([])?;
    while let Some(row) = found.next()? {
        let room = row.get(0)?;
        if !skipped.contains(&room) {
            return Ok(Some(room));
        }
    }
    Ok(None)
}

/// Takes away the next entries of a deleted room, and with the last of them its row.
fn sweep_deleted(
    connection: &Connection,
    backlog: &mut Backlog,
    room: i64,
) -> Result<Swept, Failure> {
    let mut query = connection.prepare_cached(
        "SELECT place FROM entries WHERE place > ?1 AND place <= ?2 ORDER BY place LIMIT ?3",
    )?;
    let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let range = params![place(room, 0), place(room, SEQ_MAX), most];
    let places = query.query_map(range, |row| row.get::<_, i64>(0))?;
    let places = places.collect::<rusqlite::Result<Vec<_>>>()?;
    let begun = Instant::now();
    for place in &places {
        remove(connection, backlog, room, rows::seq(*place)? & SEQ_MAX)?;
        if begun.elapsed() >= BUDGET {
            return Ok(Swept::Some);
        }
    }
    // With the last entries only, which refer to the row.
    if places.len() < BATCH {
        // Another room may get the key, and its messages the places of those that are taken out of the
        // index: after that.
        if word_changes::has_any(connection, place(room, 0), place(room, SEQ_MAX))? {
            return Ok(Swept::Waits(room));
        }
        connection.execute("DELETE FROM rooms WHERE key = ?1", [room])?;
    }
    // There may be another deleted room, and rooms whose entries are too old.
    Ok(Swept::Some)
}

/// Returns the first entries of a room that retention removes.
fn going(
    connection: &Connection,
    room: i64,
    head: Seq,
    keep: Keep,
    now: Timestamp,
    most: usize,
) -> Result<Vec<Seq>, Failure> {
    let mut query = connection.prepare_cached(
        // An edit goes with its message: a message that stays would have its old text again.
        "SELECT place, at FROM entries AS going
         WHERE place > ?1 AND place <= ?2 AND at <= ?4 AND NOT EXISTS
             (SELECT 1 FROM entries WHERE place = (?1 | going.target) AND at > ?4)
         ORDER BY place LIMIT ?3",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    // Entries from a time when the clock was ahead do not keep those behind them.
    let latest = match keep {
        Keep::Days(_) => now.unix_millis().saturating_add(rules::IMPLAUSIBLE_MS),
        _ => i64::MAX,
    };
    let range = params![place(room, 0), place(room, SEQ_MAX), most, latest];
    let mut found = query.query(range)?;
    let mut going = Vec::new();
    while let Some(row) = found.next()? {
        let seq = rows::seq(row.get(0)?)? & SEQ_MAX;
        let at = Timestamp::from_unix_millis(row.get(1)?);
        // A time that is none is damaged, not old.
        if !at.is_some_and(|at| rules::goes(keep, seq, at, head, now)) {
            break;
        }
        going.push(seq);
    }
    Ok(going)
}
