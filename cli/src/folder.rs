//! The data folder: its location, and how files get into it. Files are private, either whole or
//! absent, and never overwritten by accident.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};
use thiserror::Error;

/// Returns the data folder that is used when none is given.
///
/// # Errors
/// A sentence, if the system does not tell where the user's home is.
pub(crate) fn default_path() -> Result<PathBuf, String> {
    let application = AppStrategyArgs {
        top_level_domain: String::new(),
        author: String::new(),
        app_name: "secure-chat".to_owned(),
    };
    choose_app_strategy(application)
        .map(|strategy| strategy.data_dir())
        .map_err(|error| format!("cannot find the data folder ({error}): give --data-dir"))
}

/// Creates the folder and its parents; new ones are accessible to their owner only.
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        // The mode is set when the folder is created: a `chmod` afterwards would leave a moment in
        // which others could open it.
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// The reason for which a file was not read.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    /// The file does not exist.
    #[error("there is no such file")]
    NotFound,
    /// The file's mode gives others a right that they must not have.
    #[error("others have rights in it (mode {0:03o})")]
    Exposed(u32),
    /// The file is longer than such a file can be.
    #[error("it is too long")]
    TooLong,
    /// The file is not UTF-8.
    #[error("it is not text")]
    NotText,
    /// The system reports an error.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::InvalidData => Self::NotText,
            _ => Self::Io(error),
        }
    }
}

/// Reads a text file of at most `limit` bytes into `text`. On Unix, `forbidden` holds the bits of
/// the mode that must not be set.
pub(crate) fn read_text(
    path: &Path,
    limit: u64,
    forbidden: u32,
    text: &mut String,
) -> Result<(), ReadError> {
    // The opened file is checked, not its path: between a check of the path and the opening
    // somebody could put another file in its place.
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(ReadError::Io(io::Error::other("it is not a file")));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & forbidden != 0 {
            return Err(ReadError::Exposed(mode));
        }
    }
    #[cfg(not(unix))]
    let _ = forbidden;
    if metadata.len() > limit {
        return Err(ReadError::TooLong);
    }
    // Bounded here as well, because a file can grow after its length was read.
    let read = file.take(limit + 1).read_to_string(text)?;
    if read as u64 > limit {
        return Err(ReadError::TooLong);
    }
    Ok(())
}

/// The treatment of a file that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    Replace,
    Refuse,
}

/// Writes a file with mode 0600 beside its final path, syncs it, and renames it, so that a crash
/// leaves either the old file or the new one.
pub(crate) fn write(path: &Path, content: &[u8], existing: Existing) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".secure-chat")
        .tempfile_in(folder)?;
    // `tempfile` creates with mode 0600 and a name that cannot be guessed. The file is in the same
    // folder because a rename is atomic within one file system only.
    file.write_all(content)?;
    file.as_file().sync_all()?;
    // `persist_noclobber` fails if the name exists. A check before the rename would not do: another
    // program could create the file in between.
    match existing {
        Existing::Replace => file.persist(path),
        Existing::Refuse => file.persist_noclobber(path),
    }
    .map_err(|error| error.error)?;
    // The rename is in the folder's own data; without this sync a power cut can undo it. Not every
    // platform can open a folder.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}
