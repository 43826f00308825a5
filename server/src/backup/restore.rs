//! Restores a backup into a data folder that no server uses. Everything is checked before the data
//! folder is touched, and nothing that was in it is deleted.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use native::files::{make_folder, sync_folder};
use native::key_file;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::error::RestoreError;
use super::manifest::{FileRecord, Manifest, hex};
use super::{DATABASE, FILES, new_file, parent, staging};
use crate::store::{self, OpenError};
use crate::{keystore, system};

/// Bytes that are copied at once.
const PIECE: usize = 256 * 1024;

/// The ending of the lock's name: the one file that an empty data folder may have.
const LOCK: &str = "chat.db.lock";

/// The treatment of what the data folder has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It is an error.
    Refuse,
    /// The folder gets another name.
    PutAside,
}

/// A backup that was restored.
#[derive(Debug)]
pub struct Restored {
    /// What was restored.
    pub manifest: Manifest,
    /// The former data folder under its new name, if there was one.
    pub aside: Option<PathBuf>,
}

/// Restores the backup at `path` into the data folder `data`.
///
/// # Errors
/// [`RestoreError`]; then the data folder is as it was.
pub fn restore(path: &Path, data: &Path, existing: Existing) -> Result<Restored, RestoreError> {
    let manifest = Manifest::read(path);
    let manifest = manifest.map_err(|error| RestoreError::Manifest(path.to_owned(), error))?;
    let place = Place::of(data, existing)?;
    let draft = copy_files(path, &manifest, &place)?;
    check(draft.path(), &manifest)?;
    give(draft.path(), data)?;
    let aside = place.put(draft)?;
    Ok(Restored { manifest, aside })
}

/// The place of the restored files.
enum Place<'a> {
    /// There is no data folder.
    New(&'a Path),
    /// The data folder is empty. It stays, because it may be a mount point.
    Empty(&'a Path, File),
    /// The data folder has something in it, and gets another name.
    Taken(&'a Path, File),
}

impl<'a> Place<'a> {
    /// Takes the data folder, so that no server begins to use it meanwhile.
    fn of(data: &'a Path, existing: Existing) -> Result<Self, RestoreError> {
        match fs::metadata(data) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::New(data)),
            Err(error) => return Err(RestoreError::Write(data.to_owned(), error)),
            Ok(metadata) if !metadata.is_dir() => {
                return Err(RestoreError::NoFolder(data.to_owned()));
            }
            Ok(_) => {}
        }
        let is_empty = || is_empty(data).map_err(written(data));
        // A folder that is refused is not touched, not even by a lock. A lock that is there is tried
        // first: that a server runs is the more important news.
        if !is_empty()? && !data.join(LOCK).exists() && existing == Existing::Refuse {
            return Err(RestoreError::NotEmpty(data.to_owned()));
        }
        let lock = store::lock(&data.join(DATABASE)).map_err(RestoreError::InUse)?;
        match (is_empty()?, existing) {
            (true, _) => Ok(Self::Empty(data, lock)),
            (false, Existing::PutAside) => Ok(Self::Taken(data, lock)),
            (false, Existing::Refuse) => Err(RestoreError::NotEmpty(data.to_owned())),
        }
    }

    /// Creates the folder for the copies, in the file system in which they will be renamed.
    fn draft(&self) -> Result<TempDir, RestoreError> {
        let outer = match self {
            Self::New(data) | Self::Taken(data, _) => parent(data),
            Self::Empty(data, _) => data,
        };
        let made = make_folder(outer).and_then(|()| staging(outer, ".restore-"));
        made.map_err(written(outer))
    }

    /// Puts the files where a server looks for them. Returns where the former ones are.
    fn put(self, draft: TempDir) -> Result<Option<PathBuf>, RestoreError> {
        match self {
            Self::New(data) => {
                fs::rename(draft.path(), data).map_err(written(data))?;
                // Nothing is where the draft was.
                let _ = draft.keep();
                sync_folder(parent(data)).map_err(written(data))?;
                Ok(None)
            }
            Self::Empty(data, _lock) => {
                for name in FILES {
                    let to = data.join(name);
                    fs::rename(draft.path().join(name), &to).map_err(written(&to))?;
                }
                sync_folder(data).map_err(written(data))?;
                Ok(None)
            }
            Self::Taken(data, _lock) => {
                let aside = free_name(data);
                fs::rename(data, &aside)
                    .map_err(|error| RestoreError::Aside(data.to_owned(), error))?;
                if let Err(error) = fs::rename(draft.path(), data) {
                    // Where it was, so that a server does not start with nothing.
                    let _ = fs::rename(&aside, data);
                    return Err(written(data)(error));
                }
                let _ = draft.keep();
                sync_folder(parent(data)).map_err(written(data))?;
                Ok(Some(aside))
            }
        }
    }
}

/// Returns `true` if a folder has nothing but the lock that a server has left.
fn is_empty(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        if entry?.file_name() != LOCK {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns a name beside the data folder that nothing has.
fn free_name(data: &Path) -> PathBuf {
    let name = data.file_name().unwrap_or_default().to_string_lossy();
    let now = system::timestamp(SystemTime::now()).to_string();
    // Colons are no part of a name everywhere.
    let now = now.replace(':', "-");
    let named = |end: &str| data.with_file_name(format!("{name}.before-restore-{now}{end}"));
    let mut free = named("");
    let mut number = 2;
    while fs::symlink_metadata(&free).is_ok() {
        free = named(&format!("-{number}"));
        number += 1;
    }
    free
}

/// Copies the files of a backup, and compares each with the manifest.
fn copy_files(
    path: &Path,
    manifest: &Manifest,
    place: &Place<'_>,
) -> Result<TempDir, RestoreError> {
    let draft = place.draft()?;
    for (name, file) in FILES.into_iter().zip(&manifest.files) {
        let to = draft.path().join(name);
        let copied = copy_file(&path.join(name), &to, file);
        let is_same = copied.map_err(|error| match error {
            CopyFailure::Read(cause) => RestoreError::Read {
                path: path.to_owned(),
                name,
                cause,
            },
            CopyFailure::Write(cause) => RestoreError::Write(to, cause),
        })?;
        if !is_same {
            let path = path.to_owned();
            return Err(RestoreError::Changed { path, name });
        }
    }
    sync_folder(draft.path()).map_err(written(draft.path()))?;
    Ok(draft)
}

enum CopyFailure {
    Read(io::Error),
    Write(io::Error),
}

/// Copies a file, durably, and returns `true` if it has the length and the hash of its record. The
/// hash is that of the bytes that were copied: the file may change after it was looked at.
fn copy_file(from: &Path, to: &Path, record: &FileRecord) -> Result<bool, CopyFailure> {
    let metadata = fs::metadata(from).map_err(CopyFailure::Read)?;
    // Before it is opened: that of a pipe waits for a writer, and a device may have no end.
    if !metadata.is_file() || metadata.len() != record.bytes {
        return Ok(false);
    }
    let mut file = File::open(from).map_err(CopyFailure::Read)?;
    let mut copy = new_file(to).map_err(CopyFailure::Write)?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut left = record.bytes;
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        match file.read(&mut piece[..most]) {
            Ok(0) => return Ok(false),
            Ok(read) => {
                digest.update(&piece[..read]);
                copy.write_all(&piece[..read]).map_err(CopyFailure::Write)?;
                left -= read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(CopyFailure::Read(error)),
        }
    }
    copy.sync_all().map_err(CopyFailure::Write)?;
    Ok(hex(&digest.finalize()) == record.sha256)
}

/// Checks that a server can start with the copies.
fn check(draft: &Path, manifest: &Manifest) -> Result<(), RestoreError> {
    let path = draft.join(DATABASE);
    let schema = store::verify(&path).map_err(RestoreError::Database)?;
    if schema != manifest.schema {
        let detail = "the manifest names another version of its tables";
        let damaged = OpenError::Damaged(path, detail.into());
        return Err(RestoreError::Database(damaged));
    }
    key_file::load(&draft.join(keystore::FILE_NAME)).map_err(RestoreError::Key)?;
    Ok(())
}

/// Gives the copies to the owner of the data folder that is there: root restores for the server's
/// user.
#[cfg(unix)]
fn give(draft: &Path, data: &Path) -> Result<(), RestoreError> {
    use std::os::unix::fs::{MetadataExt, chown};
    let Ok(wanted) = fs::metadata(data) else {
        return Ok(());
    };
    let owner = |metadata: &fs::Metadata| (metadata.uid(), metadata.gid());
    let files = FILES.map(|name| draft.join(name));
    for path in files.iter().map(PathBuf::as_path).chain([draft]) {
        let present = fs::metadata(path).map_err(written(path))?;
        if owner(&present) != owner(&wanted) {
            let (user, group) = owner(&wanted);
            chown(path, Some(user), Some(group)).map_err(written(path))?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn give(_draft: &Path, _data: &Path) -> Result<(), RestoreError> {
    Ok(())
}

fn written(path: &Path) -> impl FnOnce(io::Error) -> RestoreError {
    let path = path.to_owned();
    move |error| RestoreError::Write(path, error)
}
