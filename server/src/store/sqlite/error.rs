//! Errors of opening a database, in words for the person who starts a server, and failures of
//! statements, for the rest of the store.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::types::FromSqlError;
use thiserror::Error;

use crate::store::{Cause, StoreError};

/// The reason for which a database cannot be used. It was not changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A file cannot be read or made.
    #[error("cannot use {path}: {1}", path = .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// Another server uses it.
    #[error("another server uses {path}", path = .0.display())]
    InUse(PathBuf),
    /// It is no SQLite database.
    #[error("{path} is no SQLite database; it was not touched", path = .0.display())]
    NotADatabase(PathBuf),
    /// It is another program's.
    #[error(
        "{path} is the database of another program; it was not touched",
        path = .0.display()
    )]
    NotOurs(PathBuf),
    /// A newer version of this program has made it.
    #[error(
        "{path} was made by a newer version of this program (its version is {version}, and this \
         program knows up to {known}); it was not touched",
        path = path.display()
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The database's version.
        version: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// It is damaged; holds what is wrong.
    #[error(
        "{path} is damaged ({1}); it was not touched: restore it and the files beside it from a \
         backup, or move them away to start anew",
        path = .0.display()
    )]
    Damaged(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// SQLite cannot open it.
    #[error("cannot open {path}: {1}", path = .0.display())]
    Sqlite(PathBuf, #[source] rusqlite::Error),
}

impl OpenError {
    /// Returns the error for what SQLite said about the database at `path`.
    pub(super) fn of_sqlite(path: &Path, error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            // Its owner can do something about it: restore a backup.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(path.to_owned(), error.into())
            }
            _ => Self::Sqlite(path.to_owned(), error),
        }
    }
}

/// The failure of a statement, or of the request that it is for.
#[derive(Debug)]
pub(super) enum Failure {
    /// The request cannot be carried out; the database is fine.
    Request(StoreError),
    /// The database failed.
    Database(rusqlite::Error),
}

impl Failure {
    /// Returns `true` if every other request of the moment would fail in the same way.
    pub(super) fn is_everybodys(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        // The others are limits and constraints, which one request alone can violate.
        !matches!(
            error.sqlite_error_code(),
            None | Some(
                ErrorCode::ConstraintViolation
                    | ErrorCode::TooBig
                    | ErrorCode::TypeMismatch
                    | ErrorCode::ParameterOutOfRange
            )
        )
    }
}

impl Failure {
    /// Returns `true` if a read took longer than it may.
    pub(super) fn is_interruption(&self) -> bool {
        let interrupted = Some(ErrorCode::OperationInterrupted);
        matches!(self, Self::Database(error) if error.sqlite_error_code() == interrupted)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<FromSqlError> for Failure {
    fn from(error: FromSqlError) -> Self {
        Self::Database(error.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Request(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Request(error) => error,
            Failure::Database(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => Self::Full,
                // Only a read with a deadline is ever interrupted.
                Some(ErrorCode::OperationInterrupted) => Self::TooLong,
                // The index of the log cannot grow: what a full disk means there.
                _ if extended_code(&error) == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => {
                    Self::Full
                }
                _ => Self::Failed(Cause::new(error)),
            },
        }
    }
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn the_error_of_sqlite_is_behind_that_of_the_store() {
        let error = StoreError::from(Failure::from(rusqlite::Error::InvalidQuery));
        let text = rusqlite::Error::InvalidQuery.to_string();
        assert_eq!(error.to_string(), format!("the store failed: {text}"));
        let cause = error.source().and_then(std::error::Error::source);
        let cause = cause.and_then(|it| it.downcast_ref::<rusqlite::Error>());
        assert_eq!(cause, Some(&rusqlite::Error::InvalidQuery));
    }

    #[test]
    fn the_error_of_sqlite_is_behind_that_of_a_damaged_database() {
        let damaged = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        let error = rusqlite::Error::SqliteFailure(damaged, None);
        let error = OpenError::of_sqlite(Path::new("chat.db"), error);
        assert!(matches!(error, OpenError::Damaged(..)), "{error}");
        let source = error.source().unwrap();
        assert!(source.is::<rusqlite::Error>(), "{source:?}");
    }
}
