//! A room as lines of JSON, from the database of a server that runs or of one that does not.

use std::io::{self, Write};
use std::path::Path;

use shared::chat::RoomId;
use shared::chat::server::RoomEntry;
use thiserror::Error;

use super::error::{Failure, OpenError};
use super::open;
use super::reader::{self, key};
use super::rows;
use crate::store::{PageSize, StoreError};

/// The reason for which a room was not exported, or not to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(OpenError),
    /// The room is not there, or cannot be read.
    #[error(transparent)]
    Store(StoreError),
    /// The lines cannot be written.
    #[error("the export cannot be written: {0}")]
    Write(#[source] io::Error),
}

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

/// The size of a page that is read at once. A single read of everything would keep all deleted
/// texts in the log for as long as the reader of the export stalls.
const PAGE: PageSize = PageSize {
    entries: 500,
    bytes: 1024 * 1024,
};

/// Writes all entries that a room has at the beginning to `out`, oldest first, one a line. An entry
/// that changes or goes while the export runs is written as it is when its page is read. Changes
/// nothing in the database.
///
/// # Errors
/// [`ExportError`]; a room that is deleted or renamed while the export runs ends it with
/// [`StoreError::NoSuchRoom`].
pub fn export(path: &Path, room: &RoomId, out: &mut dyn Write) -> Result<(), ExportError> {
    let mut connection = open::for_reading(path).map_err(ExportError::Open)?;
    let (of_room, head) = {
        let transaction = connection.transaction()?;
        let of_room = key(&transaction, room)?;
        let sql = "SELECT head FROM rooms WHERE key = ?1";
        let head = transaction.query_row(sql, [of_room], |row| rows::seq(row.get(0)?))?;
        (of_room, head)
    };
    let mut last = 0;
    while last < head {
        let entries = {
            // A transaction for each page: a reader keeps what others delete in the log for as long
            // as its own lasts.
            let transaction = connection.transaction()?;
            // The key of a deleted room may be another room's by now, which nobody asked for.
            if key(&transaction, room)? != of_room {
                return Err(Failure::from(StoreError::NoSuchRoom).into());
            }
            reader::after(&transaction, room, last, PAGE)?
        };
        let Some(newest) = entries.last() else { break };
        last = newest.seq;
        // Written with no transaction open, because whoever reads the export may stall.
        for entry in entries.into_iter().filter(|entry| entry.seq <= head) {
            let room = room.clone();
            serde_json::to_writer(&mut *out, &RoomEntry { room, entry })
                .map_err(io::Error::from)
                .and_then(|()| out.write_all(b"\n"))
                .map_err(ExportError::Write)?;
        }
    }
    out.flush().map_err(ExportError::Write)
}
