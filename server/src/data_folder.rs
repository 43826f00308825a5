//! The rights that others have in a data folder.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// The bits of a mode by which others than the owner can write.
const OTHERS_WRITE: u32 = 0o022;

/// The bits of a mode by which others than the owner have any right.
const OTHERS: u32 = 0o077;

/// The files whose content is nobody else's business.
const PRIVATE_FILES: [&str; 2] = ["chat.db", "chat.db-wal"];

/// The reason for which a data folder is not used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// Others can write there; holds the mode.
    #[error(
        "others can write into {path} (mode {mode:03o}), and so put another key or history there: \
         run `chmod go-w {path}`",
        path = .0.display(), mode = .1
    )]
    Writable(PathBuf, u32),
    /// It belongs to another user, who can write there.
    #[error(
        "{path} belongs to the user {1}, and this program runs as {2}: run it as that user, or run \
         `chown -R {2} {path}`",
        path = .0.display()
    )]
    Foreign(PathBuf, u32, u32),
}

/// A file or folder that others can read; its mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readable(pub PathBuf, pub u32);

impl std::fmt::Display for Readable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (path, mode) = (self.0.display(), self.1);
        write!(
            f,
            "others have rights in {path} (mode {mode:03o}): run `chmod go= {path}` unless they are \
             meant to"
        )
    }
}

/// Checks a data folder and the history in it. Returns what others can read. A folder that is not
/// there is made later, with the right mode.
///
/// # Errors
/// [`FolderError`] if somebody else can write there: whoever can puts another key in the server's
/// place, for instance.
#[cfg(unix)]
pub fn check(folder: &Path) -> Result<Vec<Readable>, FolderError> {
    use std::os::unix::fs::MetadataExt;
    let mut readable = Vec::new();
    let files = PRIVATE_FILES.map(|name| folder.join(name));
    for path in std::iter::once(folder).chain(files.iter().map(PathBuf::as_path)) {
        let Ok(metadata) = std::fs::metadata(path) else {
            continue;
        };
        if path == folder && !metadata.is_dir() {
            // Whoever makes the folder says so.
            return Ok(readable);
        }
        let own = rustix::process::geteuid().as_raw();
        readable.extend(judge(path, metadata.mode() & 0o777, metadata.uid(), own)?);
    }
    Ok(readable)
}

/// Checks nothing: there are no modes.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn check(_folder: &Path) -> Result<Vec<Readable>, FolderError> {
    Ok(Vec::new())
}

/// Judges the mode and the owner of a path, for a program that runs as the user `own`.
fn judge(path: &Path, mode: u32, owner: u32, own: u32) -> Result<Option<Readable>, FolderError> {
    let path = path.to_owned();
    // The modes bind nobody but them: the owner of the folder changes what is in it.
    if owner != own {
        return Err(FolderError::Foreign(path, owner, own));
    }
    if mode & OTHERS_WRITE != 0 {
        return Err(FolderError::Writable(path, mode));
    }
    Ok((mode & OTHERS != 0).then_some(Readable(path, mode)))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_into_which_others_can_write_is_refused_and_one_that_they_can_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let with = |path: &Path, mode: u32| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            check(folder.path())
        };
        assert_eq!(with(folder.path(), 0o700).unwrap(), []);
        for mode in [0o777, 0o770, 0o720, 0o702] {
            let error = with(folder.path(), mode).unwrap_err().to_string();
            assert!(error.contains(&format!("mode {mode:o}")), "{error}");
            assert!(error.contains("chmod go-w"), "{error}");
        }
        for mode in [0o755, 0o750, 0o710, 0o701] {
            let readable = with(folder.path(), mode).unwrap();
            assert_eq!(readable, [Readable(folder.path().to_owned(), mode)]);
        }
        with(folder.path(), 0o700).unwrap();
        let history = folder.path().join("chat.db");
        fs::write(&history, "").unwrap();
        assert_eq!(
            with(&history, 0o644).unwrap(),
            [Readable(history.clone(), 0o644)]
        );
        assert!(with(&history, 0o666).is_err());
        assert_eq!(with(&history, 0o600).unwrap(), []);
        assert_eq!(check(&folder.path().join("absent")).unwrap(), []);
    }

    // The attack: a folder that another user has made ready for a server that root starts.
    #[test]
    fn a_folder_of_another_user_is_refused_whatever_its_mode() {
        let path = Path::new("data");
        assert!(judge(path, 0o700, 1000, 1000).is_ok());
        let error = judge(path, 0o700, 1000, 0).unwrap_err().to_string();
        assert!(error.contains("belongs to the user 1000"), "{error}");
        assert!(error.contains("chown -R 0"), "{error}");
    }
}
