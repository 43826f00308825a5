//! The file of a long-term key: made once, never overwritten.

use std::io;
use std::path::{Path, PathBuf};

use shared::identity::{KeyError, PrivateKey};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::files::{self, Draft, Existing, ReadError};

/// The largest file that is read, in bytes: an encrypted 4096-bit key has 3.5 KiB.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The bits of the mode that a key's file must not have: others could read or change it.
const FORBIDDEN_MODE: u32 = 0o077;

/// The reason for which there is no key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The folder cannot be created or written to.
    #[error("cannot keep the key in {path}: {1}", path = .0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// The file exists but cannot be read.
    #[error("{}", unread(.0, .1))]
    Read(PathBuf, #[source] ReadError),
    /// The file's content is no usable key.
    #[error(
        "{path} is damaged or no RSA private key ({1}); it was left as it is: restore it from a \
         backup, or move it away so that a new one is made",
        path = .0.display()
    )]
    Key(PathBuf, #[source] KeyError),
    /// A key exists already.
    #[error(
        "there is a key in {path} already, and it is not overwritten: move it away first",
        path = .0.display()
    )]
    Exists(PathBuf),
    /// A new key could not be generated.
    #[error("cannot make a key: {0}")]
    Generate(#[source] KeyError),
}

/// Returns the sentence about the file at `path` that was not read.
fn unread(path: &Path, cause: &ReadError) -> String {
    let path = path.display();
    match cause {
        ReadError::Exposed(mode) => format!(
            "{path} can be read by others (mode {mode:03o}): run `chmod 600 {path}`, and if \
             somebody may have copied the key, move the file away so that a new one is made"
        ),
        ReadError::TooLong => format!("cannot read {path}: it is too long for a key"),
        cause => format!("cannot read {path}: {cause}"),
    }
}

/// Loads the key at `path`, or generates and stores one of `bits` bits if there is no file. The
/// `bool` is `true` for a new key.
///
/// # Errors
/// [`KeyFileError`]; an existing file is never changed.
pub fn load_or_generate(path: &Path, bits: usize) -> Result<(PrivateKey, bool), KeyFileError> {
    // Only a missing file leads to a new key. A damaged or exposed one is an error: to peers that
    // have pinned the old one, a new key is somebody else.
    match load(path) {
        Err(KeyFileError::Read(_, ReadError::NotFound)) => {}
        loaded => return loaded.map(|key| (key, false)),
    }
    // Begun before the key is generated, so that a folder without rights fails at once.
    let draft = begin(path)?;
    let key = PrivateKey::generate(bits, &mut crate::random()).map_err(KeyFileError::Generate)?;
    match publish(draft, path, &key) {
        Ok(()) => Ok((key, true)),
        // Another program was faster; both use its key.
        Err(KeyFileError::Exists(_)) => load(path).map(|key| (key, false)),
        Err(error) => Err(error),
    }
}

/// Stores `key` at `path`.
///
/// # Errors
/// [`KeyFileError::Exists`] if there is a file; [`KeyFileError::Folder`] if it cannot be written.
pub fn store(path: &Path, key: &PrivateKey) -> Result<(), KeyFileError> {
    publish(begin(path)?, path, key)
}

/// Reads a key that lies anywhere, encrypted or not. The passphrase is asked for only if it is
/// needed.
///
/// # Errors
/// The error of `passphrase`, or [`KeyFileError`].
pub fn read_foreign<E: From<KeyFileError>>(
    path: &Path,
    passphrase: impl FnOnce() -> Result<Zeroizing<String>, E>,
) -> Result<PrivateKey, E> {
    let mut pem = Zeroizing::new(String::new());
    // No bits are forbidden here: the file lies where the person has put it, and is only read.
    files::read_text(path, MAX_FILE_BYTES, 0, &mut pem)
        .map_err(|error| KeyFileError::Read(path.to_path_buf(), error))?;
    let key = if pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        PrivateKey::from_encrypted_pem(&pem, &passphrase()?)
    } else {
        PrivateKey::from_pem(&pem)
    };
    Ok(key.map_err(|error| KeyFileError::Key(path.to_path_buf(), error))?)
}

/// Loads the key at `path`.
///
/// # Errors
/// [`KeyFileError`]; a missing file is [`KeyFileError::Read`].
pub fn load(path: &Path) -> Result<PrivateKey, KeyFileError> {
    let mut pem = Zeroizing::new(String::new());
    files::read_text(path, MAX_FILE_BYTES, FORBIDDEN_MODE, &mut pem).map_err(
        |error| match error {
            ReadError::NotText => {
                KeyFileError::Key(path.to_path_buf(), KeyError::Pem("private key"))
            }
            error => KeyFileError::Read(path.to_path_buf(), error),
        },
    )?;
    PrivateKey::from_pem(&pem).map_err(|error| KeyFileError::Key(path.to_path_buf(), error))
}

fn begin(path: &Path) -> Result<Draft<'_>, KeyFileError> {
    if let Some(folder) = path.parent() {
        files::make_folder(folder).map_err(folder_error(path))?;
    }
    Draft::beside(path).map_err(folder_error(path))
}

fn publish(draft: Draft<'_>, path: &Path, key: &PrivateKey) -> Result<(), KeyFileError> {
    let pem = key.to_pkcs8_pem().map_err(KeyFileError::Generate)?;
    draft
        .publish(pem.as_bytes(), Existing::Refuse)
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_path_buf()),
            _ => folder_error(path)(error),
        })
}

fn folder_error(path: &Path) -> impl FnOnce(io::Error) -> KeyFileError {
    let folder = path.parent().unwrap_or(path).to_path_buf();
    |error| KeyFileError::Folder(folder, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_key_is_made_once_and_then_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("deep/data");
        let path = inner.join("key.pem");
        let (first, new) = load_or_generate(&path, 2048).unwrap();
        assert!(new);
        let (second, new) = load_or_generate(&path, 2048).unwrap();
        assert!(!new);
        assert_eq!(first.public_key(), second.public_key());
        let files = fs::read_dir(&inner).unwrap().count();
        assert_eq!(files, 1, "no temporary file is left");
        let again = store(&path, &first);
        assert!(matches!(again, Err(KeyFileError::Exists(_))), "{again:?}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600);
            assert_eq!(mode(&inner), 0o700);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_damaged_or_exposed_file_is_an_error_and_is_left_alone() {
        use std::os::unix::fs::PermissionsExt;
        for (content, mode) in [
            (&b""[..], 0o600),
            (b"hello", 0o600),
            (b"\xff\xfe", 0o600),
            (b"-----BEGIN PRIVATE KEY-----\nAAAA\n", 0o600),
            (b"whatever", 0o640),
            (b"whatever", 0o604),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("key.pem");
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = load_or_generate(&path, 2048).unwrap_err().to_string();
            assert!(error.contains("key.pem"), "{error}");
            let told = error.contains(&format!("mode {mode:o}"));
            assert_eq!(told, mode != 0o600, "{error}");
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }

    #[test]
    fn a_folder_that_cannot_be_one_is_a_clear_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = load_or_generate(&file.join("key.pem"), 2048).unwrap_err();
        assert!(error.to_string().contains("file"), "{error}");
    }
}
