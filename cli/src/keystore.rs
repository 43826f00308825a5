//! The person's own long-term key in the data folder: `client_key.pem`, made on first use, never
//! overwritten.

use std::io;
use std::path::{Path, PathBuf};

use shared::identity::{KeyError, PrivateKey};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::folder::{self, Existing, ReadError};
use crate::system;

/// The file's name in the data folder.
pub(crate) const FILE_NAME: &str = "client_key.pem";

/// The largest file that is read, in bytes: an encrypted 4096-bit key has 3.5 KiB.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The bits of the mode that a key file must not have: others could read or change it.
const FORBIDDEN_MODE: u32 = 0o077;

/// The size of a new key, in bits.
const KEY_BITS: usize = 2048;

/// The reason for which there is no key.
#[derive(Debug, Error)]
pub(crate) enum KeystoreError {
    /// The folder cannot be created or written to.
    #[error("cannot keep your key in {path}: {1}", path = .0.display())]
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

impl From<KeystoreError> for Failure {
    fn from(error: KeystoreError) -> Self {
        Self::other(error.to_string())
    }
}

/// Loads the key, or generates and stores one if there is none. The `bool` is `true` for a new key.
///
/// # Errors
/// [`KeystoreError`]; an existing file is never changed.
pub(crate) fn load_or_generate(folder: &Path) -> Result<(PrivateKey, bool), KeystoreError> {
    let path = folder.join(FILE_NAME);
    // Only a missing file leads to a new key. A damaged or exposed one is an error: a new key would
    // be another person to every server.
    match load(&path) {
        Err(KeystoreError::Read(_, ReadError::NotFound)) => {}
        loaded => return loaded.map(|key| (key, false)),
    }
    folder::make(folder).map_err(|error| KeystoreError::Folder(folder.to_path_buf(), error))?;
    let key =
        PrivateKey::generate(KEY_BITS, &mut system::random()).map_err(KeystoreError::Generate)?;
    match store(folder, &key) {
        Ok(_) => Ok((key, true)),
        // Another program was faster; both use its key.
        Err(KeystoreError::Exists(_)) => load(&path).map(|key| (key, false)),
        Err(error) => Err(error),
    }
}

fn load(path: &Path) -> Result<PrivateKey, KeystoreError> {
    let mut pem = Zeroizing::new(String::new());
    folder::read_text(path, MAX_FILE_BYTES, FORBIDDEN_MODE, &mut pem).map_err(
        |error| match error {
            ReadError::NotText => {
                KeystoreError::Key(path.to_path_buf(), KeyError::Pem("private key"))
            }
            error => KeystoreError::Read(path.to_path_buf(), error),
        },
    )?;
    PrivateKey::from_pem(&pem).map_err(|error| KeystoreError::Key(path.to_path_buf(), error))
}

/// Stores `key` as the person's own, and returns its path.
///
/// # Errors
/// [`KeystoreError::Exists`] if there is a key; [`KeystoreError::Folder`] if it cannot be written.
pub(crate) fn store(folder: &Path, key: &PrivateKey) -> Result<PathBuf, KeystoreError> {
    let folder_error = |error| KeystoreError::Folder(folder.to_path_buf(), error);
    folder::make(folder).map_err(folder_error)?;
    let path = folder.join(FILE_NAME);
    let pem = key.to_pkcs8_pem().map_err(KeystoreError::Generate)?;
    match folder::write(&path, pem.as_bytes(), Existing::Refuse) {
        Ok(()) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(KeystoreError::Exists(path))
        }
        Err(error) => Err(folder_error(error)),
    }
}

/// Reads a key to import: encrypted or not. The passphrase is asked for only if it is needed.
///
/// # Errors
/// The error of `passphrase`, or [`KeystoreError`].
pub(crate) fn read_foreign<E: From<KeystoreError>>(
    path: &Path,
    passphrase: impl FnOnce() -> Result<Zeroizing<String>, E>,
) -> Result<PrivateKey, E> {
    let mut pem = Zeroizing::new(String::new());
    // No bits are forbidden here: the file lies where the person has put it, and is only read.
    folder::read_text(path, MAX_FILE_BYTES, 0, &mut pem)
        .map_err(|error| KeystoreError::Read(path.to_path_buf(), error))?;
    let key = if pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        PrivateKey::from_encrypted_pem(&pem, &passphrase()?)
    } else {
        PrivateKey::from_pem(&pem)
    };
    Ok(key.map_err(|error| KeystoreError::Key(path.to_path_buf(), error))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_key_is_made_once_and_then_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("deep/data");
        let (first, new) = load_or_generate(&inner).unwrap();
        assert!(new);
        let (second, new) = load_or_generate(&inner).unwrap();
        assert!(!new);
        assert_eq!(first.public_key(), second.public_key());
        assert_eq!(
            fs::read_dir(&inner).unwrap().count(),
            1,
            "nothing else is left"
        );
        assert!(matches!(
            store(&inner, &first),
            Err(KeystoreError::Exists(_))
        ));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&inner.join(FILE_NAME)), 0o600);
            assert_eq!(mode(&inner), 0o700);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_damaged_or_exposed_file_is_an_error_and_is_left_alone() {
        use std::os::unix::fs::PermissionsExt;
        for (content, mode) in [
            (&b""[..], 0o600),
            (b"\xff\xfe", 0o600),
            (b"-----BEGIN PRIVATE KEY-----\nAAAA\n", 0o600),
            (b"whatever", 0o640),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(FILE_NAME);
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = load_or_generate(folder.path()).unwrap_err().to_string();
            assert!(error.contains(FILE_NAME), "{error}");
            assert_eq!(error.contains("mode 640"), mode == 0o640, "{error}");
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }
}
