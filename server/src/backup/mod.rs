//! Backups of a data folder: made while a server runs, and restored into a folder that no server
//! uses.
//!
//! A backup is a folder with a copy of the database, the server's key and a [`Manifest`] that names
//! both with their hashes. It is made under another name and renamed when it is whole, so that a
//! folder with the name of a backup is one.

mod error;
mod make;
mod manifest;
mod restore;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use crate::keystore;

pub use error::{BackupError, RestoreError};
pub use make::{Made, Start, make};
pub use manifest::{Manifest, ManifestError};
pub use restore::{Existing, Restored, restore};

/// The name of the chat's history in a data folder and in a backup.
pub const DATABASE: &str = "chat.db";

/// The files of a backup beside its manifest. The database is the last: what is moved into a data
/// folder before it makes no server start with an empty history.
const FILES: [&str; 2] = [keystore::FILE_NAME, DATABASE];

/// Creates a file that only its owner can read; one that exists is an error.
fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates a folder of its owner alone in `parent`, which is deleted when it is dropped. Its name
/// begins with a dot: nobody takes it for what it will be.
fn staging(parent: &Path, prefix: &str) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.prefix(prefix).tempdir_in(parent)
}

/// Returns the folder that has `path`.
fn parent(path: &Path) -> &Path {
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}
