//! The reasons for which a backup is not made or not restored, in words for whoever runs the
//! server.

use std::io;
use std::path::PathBuf;

use native::key_file::KeyFileError;
use thiserror::Error;

use super::manifest::ManifestError;
use crate::store::{CopyError, OpenError};

/// The reason for which there is no backup. Nothing with the name of one was left.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BackupError {
    /// Something has the backup's name already.
    #[error("{path} is there already, and a backup overwrites nothing: choose another name", path = .0.display())]
    Exists(PathBuf),
    /// The folder for the backup cannot be used.
    #[error(
        "cannot make a backup in {path}: {1}; the folder has to be there, so that a disk that is \
         not mounted is noticed",
        path = .0.display()
    )]
    Folder(PathBuf, #[source] io::Error),
    /// The database cannot be copied.
    #[error("the history was not copied: {0}")]
    Copy(#[source] CopyError),
    /// The key cannot be copied.
    #[error(transparent)]
    Key(KeyFileError),
    /// A file of the backup cannot be written.
    #[error("cannot write {path}: {1}", path = .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// Somebody has stopped the backup.
    #[error("the backup was stopped; nothing of it is left")]
    Stopped,
}

/// The reason for which a backup is not restored. The data folder is as it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The manifest is missing or wrong.
    #[error("{path} is no whole backup: {1}", path = .0.display())]
    Manifest(PathBuf, #[source] ManifestError),
    /// A file of the backup cannot be read.
    #[error("{path} is no whole backup: its {name} cannot be read: {cause}", path = path.display())]
    Read {
        /// The backup.
        path: PathBuf,
        /// The file.
        name: &'static str,
        /// The system's error.
        #[source]
        cause: io::Error,
    },
    /// A file of the backup is not the one that was written.
    #[error(
        "{path} was changed or cut since it was made: its {name} is not the one that the manifest \
         names",
        path = path.display()
    )]
    Changed {
        /// The backup.
        path: PathBuf,
        /// The file.
        name: &'static str,
    },
    /// The backup's database is damaged, or made by a newer server.
    #[error("the backup's history cannot be used: {0}")]
    Database(#[source] OpenError),
    /// The backup's key is none.
    #[error("the backup's key cannot be used: {0}")]
    Key(#[source] KeyFileError),
    /// A server uses the data folder, or its lock cannot be taken.
    #[error("cannot restore into the data folder while a server uses it: {0}")]
    InUse(#[source] OpenError),
    /// The data folder has something in it.
    #[error(
        "the data folder {path} is not empty: --replace keeps what is in it under another name, and \
         puts the backup in its place",
        path = .0.display()
    )]
    NotEmpty(PathBuf),
    /// The data folder cannot be renamed, as a mount point cannot.
    #[error(
        "the data folder {path} cannot be put aside ({1}); if it is a mount point, move what is in \
         it away, and restore into the empty folder",
        path = .0.display()
    )]
    Aside(PathBuf, #[source] io::Error),
    /// A file of the data folder cannot be written.
    #[error("cannot write {path}: {1}", path = .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// The data folder has others' rights.
    #[error("{path} is no folder", path = .0.display())]
    NoFolder(PathBuf),
}
