//! Changes of the index of words that wait: tokens that edits and deletions take out or put in.
//!
//! FTS5 takes a tenth of a second to take out a long text of thousands of different tokens without a
//! trace, and every write waited for it: sixty deletions stopped a server for eight seconds. So the
//! transaction of the edit only notes the tokens, in pieces, and the writer makes the changes between
//! its groups, in the order in which they were noted. The index only narrows a search down, so tokens
//! that are still in it lead to a text that is looked at and does not match.

use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

/// Most tokens of one piece: a few milliseconds' worth.
pub(super) const PIECE_TOKENS: usize = 128;

/// The time after which a transaction makes no more changes: whatever is written next waits for it.
const PIECE_TIME: Duration = Duration::from_millis(5);

/// Most changes that wait before batches of the sweep become rare: it notes changes faster than they
/// are made.
pub(super) const MANY: usize = 1_000;

/// Most changes that wait before edits are refused: 30 MB of the disk, and a minute and a half of the
/// writer's time. Deletions are not refused.
pub(super) const MOST: usize = 20_000;

/// The numbers of changes that wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) all: usize,
    /// Those that put tokens in: until they are made, the index does not name every message.
    pub(super) additions: usize,
}

impl Waiting {
    /// Counts the changes of a database that was just opened.
    pub(super) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let sql = "SELECT count(*), coalesce(sum(adds), 0) FROM word_changes";
        let (all, additions): (i64, i64) =
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        // Counts are never negative.
        let count = |number: i64| usize::try_from(number).unwrap_or_default();
        Ok(Self {
            all: count(all),
            additions: count(additions),
        })
    }

    /// Notes a change of the message at `at`.
    pub(super) fn note(
        &mut self,
        connection: &Connection,
        at: i64,
        adds: bool,
        tokens: &str,
    ) -> rusqlite::Result<()> {
        let sql = "INSERT INTO word_changes (place, adds, tokens) VALUES (?1, ?2, ?3)";
        let mut insert = connection.prepare_cached(sql)?;
        insert.execute(params![at, adds, tokens])?;
        self.all += 1;
        self.additions += usize::from(adds);
        Ok(())
    }

    /// Makes the first changes that wait, and returns their numbers, to be [taken off](Self::take) once
    /// that is committed.
    pub(super) fn make(connection: &Connection) -> rusqlite::Result<Made> {
        let began = Instant::now();
        let mut made = Self::default();
        let mut all = true;
        let mut query = connection.prepare_cached(
            "SELECT number, place, adds, tokens FROM word_changes ORDER BY number",
        )?;
        let mut rows = query.query([])?;
        let mut last = None;
        while let Some(row) = rows.next()? {
            let (at, adds): (i64, bool) = (row.get(1)?, row.get(2)?);
            let tokens = row.get_ref(3)?.as_str()?;
            if adds {
                add(connection, at, tokens)?;
            } else {
                remove(connection, at, tokens)?;
            }
            made.all += 1;
            made.additions += usize::from(adds);
            last = Some(row.get::<_, i64>(0)?);
            if began.elapsed() >= PIECE_TIME {
                all = false;
                break;
            }
        }
        drop(rows);
        let sql = "DELETE FROM word_changes WHERE number <= ?1";
        connection.prepare_cached(sql)?.execute([last])?;
        Ok(Made { made, all })
    }

    pub(super) fn take(&mut self, Made { made, all }: Made) {
        if all {
            // Whatever was counted: the table is empty.
            *self = Self::default();
        } else {
            self.all = self.all.saturating_sub(made.all);
            self.additions = self.additions.saturating_sub(made.additions);
        }
    }
}

/// Changes that were made in one transaction.
#[derive(Debug)]
pub(super) struct Made {
    made: Waiting,
    /// No other change waits.
    all: bool,
}

/// Returns `true` if a change of a message between these places waits.
pub(super) fn has_any(connection: &Connection, from: i64, to: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM word_changes WHERE place BETWEEN ?1 AND ?2";
    connection.prepare_cached(sql)?.exists([from, to])
}

/// Puts tokens of the message at `at` into the index.
pub(super) fn add(connection: &Connection, at: i64, tokens: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO words (rowid, tokens) VALUES (?1, ?2)";
    let mut insert = connection.prepare_cached(sql)?;
    insert.execute(params![at, tokens])?;
    Ok(())
}

/// Takes tokens of the message at `at` out, which must be those of an addition.
fn remove(connection: &Connection, at: i64, tokens: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO words (words, rowid, tokens) VALUES ('delete', ?1, ?2)";
    let mut delete = connection.prepare_cached(sql)?;
    delete.execute(params![at, tokens])?;
    Ok(())
}
