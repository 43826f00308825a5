//! A room as lines of JSON, from the database of a server that runs or of one that does not.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use shared::chat::RoomId;
use shared::chat::server::RoomEntry;

use super::error::{Failure, OpenError};
use super::open;
use super::reader::key;
use super::rows::{self, SELECT_ENTRIES, SEQ_MAX, place};
use crate::store::StoreError;

/// Why a room was not exported, or not to its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExportError {
    /// The database cannot be opened.
    Open(OpenError),
    /// The room is not there, or cannot be read.
    Store(StoreError),
    /// The lines cannot be written.
    Write(io::Error),
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => fmt::Display::fmt(error, f),
            Self::Store(error) => fmt::Display::fmt(error, f),
            Self::Write(error) => write!(f, "the export cannot be written: {error}"),
        }
    }
}

impl std::error::Error for ExportError {}

impl From<Failure> for ExportError {
    fn from(failure: Failure) -> Self {
        Self::Store(failure.into())
    }
}

impl From<rusqlite::Error> for ExportError {
    fn from(error: rusqlite::Error) -> Self {
        Failure::from(error).into()
    }
}

/// Writes all entries of a room to `out`, oldest first, one a line, as they were when it began.
/// Changes nothing in the database.
///
/// # Errors
/// [`ExportError`].
pub fn export(path: &Path, room: &RoomId, out: &mut dyn Write) -> Result<(), ExportError> {
    let mut connection = open::for_reading(path).map_err(ExportError::Open)?;
    let transaction = connection.transaction()?;
    let of_room = key(&transaction, room)?;
    let sql = format!("{SELECT_ENTRIES} WHERE place > ?1 AND place <= ?2 ORDER BY place");
    let mut query = transaction.prepare(&sql)?;
    let mut found = query.query([place(of_room, 0), place(of_room, SEQ_MAX)])?;
    while let Some(row) = found.next()? {
        let entry = RoomEntry {
            room: room.clone(),
            entry: rows::entry(row)?,
        };
        serde_json::to_writer(&mut *out, &entry)
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .map_err(ExportError::Write)?;
    }
    out.flush().map_err(ExportError::Write)
}
