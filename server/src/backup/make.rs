//! Makes a backup of a data folder, whether a server uses it or not.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use native::files::sync_folder;
use native::key_file;
use sha2::{Digest, Sha256};

use super::error::BackupError;
use super::manifest::{self, FileRecord, Manifest, hex};
use super::{DATABASE, new_file, parent, staging};
use crate::store::{self, CopyError, Quiet};
use crate::{keystore, system};

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

/// The moment at which a backup begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// When nothing has been written for two seconds, or after a minute.
    Quiet,
    /// At once.
    Now,
}

/// A backup that was made.
#[derive(Debug)]
pub struct Made {
    /// The backup.
    pub path: PathBuf,
    /// Its contents.
    pub manifest: Manifest,
}

/// Makes a backup of the data folder `data` as the new folder `path`. It has everything that was
/// acknowledged before it began. `stop` ends it early.
///
/// # Errors
/// [`BackupError`]; then there is nothing at `path`.
pub fn make(
    data: &Path,
    path: &Path,
    start: Start,
    stop: &'static AtomicBool,
) -> Result<Made, BackupError> {
    refuse_existing(path)?;
    let (outer, name) = (parent(path), path.file_name().unwrap_or_default());
    let prefix = format!(".{}.partial-", name.to_string_lossy());
    let folder_failed = |error| BackupError::Folder(outer.to_owned(), error);
    let draft = staging(outer, &prefix).map_err(folder_failed)?;
    let mut files = vec![copy_key(data, draft.path())?];
    let quiet = match start {
        Start::Quiet => Quiet::Awaited,
        Start::Now => Quiet::NotAwaited,
    };
    let copy = draft.path().join(DATABASE);
    let file = new_file(&copy).map_err(written(&copy))?;
    let made = system::timestamp(SystemTime::now());
    let from = data.join(DATABASE);
    let schema = store::copy(&from, &copy, quiet, stop).map_err(|error| match error {
        CopyError::Stopped => BackupError::Stopped,
        error => BackupError::Copy(error),
    })?;
    files.push(record(DATABASE, file, stop).map_err(|error| match error {
        None => BackupError::Stopped,
        Some(error) => BackupError::Write(copy, error),
    })?);
    let manifest = Manifest::new(schema, made, files);
    // Last: a folder without a manifest is no backup, whatever its name.
    let to = draft.path().join(manifest::FILE_NAME);
    let content = manifest.to_text();
    write_new(&to, content.as_bytes()).map_err(written(&to))?;
    // Before the rename: after a power cut the name must not lead to a folder without its files.
    sync_folder(draft.path()).map_err(folder_failed)?;
    // Again, because the copy took its time: a rename replaces an empty folder.
    refuse_existing(path)?;
    if stop.load(Ordering::Relaxed) {
        return Err(BackupError::Stopped);
    }
    fs::rename(draft.path(), path).map_err(folder_failed)?;
    // Nothing is where the draft was.
    let _ = draft.keep();
    sync_folder(outer).map_err(folder_failed)?;
    Ok(Made {
        path: path.to_owned(),
        manifest,
    })
}

/// Refuses a name that is taken, also by a link to nothing.
fn refuse_existing(path: &Path) -> Result<(), BackupError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::Folder(path.to_owned(), error)),
        Ok(_) => Err(BackupError::Exists(path.to_owned())),
    }
}

/// Copies the server's key, which must be one: a backup that cannot be used is noticed today.
fn copy_key(data: &Path, folder: &Path) -> Result<FileRecord, BackupError> {
    let key = key_file::load(&data.join(keystore::FILE_NAME)).map_err(BackupError::Key)?;
    let path = folder.join(keystore::FILE_NAME);
    key_file::store(&path, &key).map_err(BackupError::Key)?;
    let file = File::open(&path).map_err(written(&path))?;
    // A key is read in no time, so nobody stops that.
    let recorded = record(keystore::FILE_NAME, file, &AtomicBool::new(false));
    recorded.map_err(|error| match error {
        None => BackupError::Stopped,
        Some(error) => BackupError::Write(path, error),
    })
}

/// Makes a file durable, and returns its record; `None` as an error if it was stopped.
fn record(name: &str, mut file: File, stop: &AtomicBool) -> Result<FileRecord, Option<io::Error>> {
    file.sync_all()?;
    file.rewind()?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut bytes = 0;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(None);
        }
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => {
                digest.update(&piece[..read]);
                bytes += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Some(error)),
        }
    }
    Ok(FileRecord {
        name: name.to_owned(),
        bytes,
        sha256: hex(&digest.finalize()),
    })
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = new_file(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn written(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |error| BackupError::Write(path, error)
}
