//! A copy of the database, from one that a server uses or one that none does.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::types::ToSqlOutput;
#[cfg(unix)]
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, ToSql};
use thiserror::Error;

use super::error::{Failure, OpenError};
use super::{open, schema};
use crate::store::StoreError;

/// Time without a commit that counts as quiet: people who talk to each other pause for less.
const QUIET: Duration = Duration::from_secs(2);

/// Longest wait for such a time. A server that is never quiet is copied all the same.
const PATIENCE: Duration = Duration::from_mins(1);

/// Time between two looks for a commit.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Steps of the database's machine between two looks whether to stop.
const STEPS: i32 = 10_000;

/// Whether a copy waits for a quiet time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// It waits for two seconds without a commit, for at most a minute.
    Awaited,
    /// It begins at once.
    NotAwaited,
}

/// The reason for which a database was not copied, or not to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(OpenError),
    /// The database cannot be read, or the copy cannot be written.
    #[error(transparent)]
    Store(StoreError),
    /// Somebody has stopped the copy.
    #[error("it was stopped")]
    Stopped,
}

/// Copies the database at `from`, as it is at one moment, to the empty file `to`, and returns the
/// version of its tables. Everything that was acknowledged before the call is in it. The copy has
/// no log beside it, and nothing of what was deleted.
///
/// While it runs the log of the database grows, and keeps what is deleted meanwhile.
///
/// # Errors
/// [`CopyError`]; `to` may have a part of the copy then.
pub fn copy(
    from: &Path,
    to: &Path,
    quiet: Quiet,
    stop: &'static AtomicBool,
) -> Result<u32, CopyError> {
    let mut connection = open::for_reading(from).map_err(CopyError::Open)?;
    if quiet == Quiet::Awaited {
        await_quiet(&connection, stop).map_err(|error| failed(error, stop))?;
    }
    let mut copied = || {
        // A copy of gigabytes ends soon after it was stopped.
        let is_stopped = || stop.load(Ordering::Relaxed);
        connection.progress_handler(STEPS, Some(is_stopped))?;
        // One statement, and so the state of one moment.
        connection.execute("VACUUM INTO ?1", [PathValue(to)])?;
        schema::version_of(&Connection::open_with_flags(
            to,
            OpenFlags::SQLITE_OPEN_READ_ONLY,
        )?)
    };
    copied().map_err(|error| failed(error, stop))
}

/// Checks every page and every index of a database that nobody uses, and returns the version of its
/// tables.
///
/// # Errors
/// [`OpenError`]; nothing was changed.
pub fn verify(path: &Path) -> Result<u32, OpenError> {
    let of_sqlite = |error| OpenError::of_sqlite(path, error);
    // First the header, which says whether the database is ours.
    let connection = open::for_reading(path)?;
    let version = schema::version_of(&connection).map_err(of_sqlite)?;
    // `quick_check`, which a server runs at its start, does not compare the indexes with the tables.
    let sql = "PRAGMA integrity_check(1)";
    let said: String = connection
        .query_row(sql, [], |row| row.get(0))
        .map_err(of_sqlite)?;
    if said != "ok" {
        return Err(OpenError::Damaged(path.to_owned(), said.into()));
    }
    let check = connection.prepare("PRAGMA foreign_key_check");
    let refers_to_nothing = check.and_then(|mut check| check.exists([]));
    if refers_to_nothing.map_err(of_sqlite)? {
        let detail = "a row refers to one that is not there";
        return Err(OpenError::Damaged(path.to_owned(), detail.into()));
    }
    Ok(version)
}

/// A path as SQLite takes one.
struct PathValue<'a>(&'a Path);

impl ToSql for PathValue<'_> {
    #[cfg(unix)]
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        use std::os::unix::ffi::OsStrExt;
        // The bytes as they are: a path need not be UTF-8.
        let bytes = self.0.as_os_str().as_bytes();
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(bytes)))
    }

    #[cfg(not(unix))]
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_string_lossy().into_owned().into())
    }
}

fn failed(error: rusqlite::Error, stop: &AtomicBool) -> CopyError {
    if stop.load(Ordering::Relaxed) {
        CopyError::Stopped
    } else {
        CopyError::Store(Failure::from(error).into())
    }
}

/// Waits until nobody has committed anything for a while.
fn await_quiet(connection: &Connection, stop: &AtomicBool) -> rusqlite::Result<()> {
    // Changes whenever another connection has committed (SQLite's documentation of the pragma).
    let version = || connection.pragma_query_value(None, "data_version", |row| row.get(0));
    let began = Instant::now();
    let (mut seen, mut since): (i64, _) = (version()?, began);
    while since.elapsed() < QUIET && began.elapsed() < PATIENCE && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK_EVERY);
        let now = version()?;
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
    }
    Ok(())
}
