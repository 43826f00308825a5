//! Everything that a database has, as it is at one moment.

use std::path::Path;

use rusqlite::Transaction;
use shared::chat::{Entry, RoomId, Seq};

use super::error::{Failure, OpenError};
use super::{open, reader};
use crate::store::{PageSize, Snapshot, StoreError};

/// A database at one moment, whatever a server writes meanwhile. The server's log keeps everything
/// that is deleted for as long as this lives: whoever reads it must not wait for anybody.
pub struct Frozen<'a>(Transaction<'a>);

/// Calls `read` with the database at `path`, whether a server uses it or not.
///
/// # Errors
/// [`OpenError`] and [`StoreError`], as `read`'s error, and that of `read`.
pub fn frozen<T, E>(path: &Path, read: impl FnOnce(&mut Frozen<'_>) -> Result<T, E>) -> Result<T, E>
where
    E: From<OpenError> + From<StoreError>,
{
    let mut connection = open::for_reading(path)?;
    let transaction = connection
        .transaction()
        .map_err(|error| StoreError::from(Failure::from(error)))?;
    read(&mut Frozen(transaction))
}

impl Frozen<'_> {
    /// Returns everything but entries.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub fn snapshot(&mut self) -> Result<Snapshot, StoreError> {
        Ok(reader::load(&self.0)?)
    }

    /// Returns the next entries of a room, as [`Store::read_after`](crate::store::Store::read_after)
    /// does.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoom`], [`StoreError::Failed`].
    pub fn read_after(
        &mut self,
        room: &RoomId,
        after: Seq,
        page: PageSize,
    ) -> Result<Vec<Entry>, StoreError> {
        Ok(reader::after(&self.0, room, after, page)?)
    }
}
