//! The data folder: where it is, and how files get into it. Files are private, whole or not there
//! at all, and never written over by accident.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

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

/// Makes the folder and those above it; new ones are the owner's alone.
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Why a file was not read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// It is not there.
    NotFound,
    /// Its mode gives others a right that they must not have.
    Exposed(u32),
    /// It is longer than such a file can be.
    TooLong,
    /// It is not UTF-8.
    NotText,
    /// The system refuses.
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

/// Reads a text file of at most `limit` bytes. `forbidden` are the bits of the mode that nobody
/// may have (on Unix).
pub(crate) fn read_text(
    path: &Path,
    limit: u64,
    forbidden: u32,
    text: &mut String,
) -> Result<(), ReadError> {
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
    // Once more here, because a file can grow.
    let read = file.take(limit + 1).read_to_string(text)?;
    if read as u64 > limit {
        return Err(ReadError::TooLong);
    }
    Ok(())
}

/// The treatment of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    Replace,
    Refuse,
}

/// Writes a file with mode 0600 beside its place, syncs it, and renames it, so that a crash leaves
/// the old one or the new one.
pub(crate) fn write(path: &Path, content: &[u8], existing: Existing) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".secure-chat")
        .tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    match existing {
        Existing::Replace => file.persist(path),
        Existing::Refuse => file.persist_noclobber(path),
    }
    .map_err(|error| error.error)?;
    // Where a folder can be opened, the new name in it is made to last as well.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}
