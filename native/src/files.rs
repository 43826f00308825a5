//! Private files of a data folder: either whole or absent, and never overwritten by accident.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use tempfile::NamedTempFile;
use thiserror::Error;

/// Creates `folder` and its parents; new ones are accessible to their owner only.
///
/// # Errors
/// The system's error. A folder that exists is none, whatever its mode.
pub fn make_folder(folder: &Path) -> io::Result<()> {
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
pub enum ReadError {
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
///
/// # Errors
/// [`ReadError`]; `text` may hold a part of the file then.
pub fn read_text(
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
pub enum Existing {
    /// It is replaced.
    Replace,
    /// It is left as it is, and the write fails.
    Refuse,
}

/// Writes a file with mode 0600 beside its final path, syncs it, and renames it, so that a crash
/// leaves either the old file or the new one.
///
/// # Errors
/// The system's error; [`io::ErrorKind::AlreadyExists`] if `existing` refuses the file that is there.
pub fn write(path: &Path, content: &[u8], existing: Existing) -> io::Result<()> {
    Draft::beside(path)?.publish(content, existing)
}

/// A file that will be at `path` and has no name yet.
#[derive(Debug)]
pub struct Draft<'p> {
    file: NamedTempFile,
    path: &'p Path,
    folder: &'p Path,
}

impl<'p> Draft<'p> {
    /// Creates the file, so that a folder without rights fails before its content is made.
    ///
    /// # Errors
    /// The system's error.
    pub fn beside(path: &'p Path) -> io::Result<Self> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // `tempfile` creates with mode 0600 and a name that cannot be guessed. The file is in the
        // same folder because a rename is atomic within one file system only.
        let file = tempfile::Builder::new()
            .prefix(".secure-chat")
            .tempfile_in(folder)?;
        Ok(Self { file, path, folder })
    }

    /// Writes and syncs the content, and gives the file its name.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn publish(mut self, content: &[u8], existing: Existing) -> io::Result<()> {
        self.file.write_all(content)?;
        // Before the rename: after a power cut the name must not lead to an empty file.
        self.file.as_file().sync_all()?;
        // `persist_noclobber` fails if the name exists. A check before the rename would not do:
        // another program could create the file in between.
        match existing {
            Existing::Replace => self.file.persist(self.path),
            Existing::Refuse => self.file.persist_noclobber(self.path),
        }
        .map_err(|error| error.error)?;
        sync_folder(self.folder)
    }
}

/// Makes the names in `folder` durable, where folders can be opened: a new name is in the folder's
/// own data, and without this a power cut can undo it.
///
/// # Errors
/// The system's error.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_private_and_replaced_only_if_that_is_meant() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"first", Existing::Refuse).unwrap();
        let error = write(&path, b"second", Existing::Refuse).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        write(&path, b"third", Existing::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 1, "no temporary file is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn what_is_no_text_of_its_length_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut text = String::new();
        let absent = read_text(&path, 4, 0, &mut text);
        assert!(matches!(absent, Err(ReadError::NotFound)), "{absent:?}");
        fs::write(&path, "12345").unwrap();
        let long = read_text(&path, 4, 0, &mut text);
        assert!(matches!(long, Err(ReadError::TooLong)), "{long:?}");
        fs::write(&path, b"\xff").unwrap();
        let bytes = read_text(&path, 4, 0, &mut text);
        assert!(matches!(bytes, Err(ReadError::NotText)), "{bytes:?}");
        let no_file = read_text(folder.path(), 4, 0, &mut text);
        assert!(matches!(no_file, Err(ReadError::Io(_))), "{no_file:?}");
        fs::write(&path, "1234").unwrap();
        read_text(&path, 4, 0, &mut text).unwrap();
        assert_eq!(text, "1234");
    }
}
