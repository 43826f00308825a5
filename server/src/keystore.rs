//! The server's long-term key: `server_key.pem` in a data folder that is its owner's alone.

use std::path::{Path, PathBuf};

use native::key_file::{self, KeyFileError};
use shared::identity::PrivateKey;
use thiserror::Error;

/// The file's name in the data folder.
pub const FILE_NAME: &str = "server_key.pem";

/// The reason for which a key cannot be loaded or generated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeystoreError {
    /// Others than the owner have rights in the data folder; holds its mode.
    #[error(
        "others have rights in the data folder {path} (mode {mode:03o}), which has the server's key \
         and the chat's history: run `chmod 700 {path}`",
        path = .0.display(), mode = .1
    )]
    ExposedFolder(PathBuf, u32),
    /// The key's file.
    #[error(transparent)]
    File(#[from] KeyFileError),
}

/// Loads the key, or generates and stores one of `bits` bits if there is none. The `bool` is `true`
/// for a new key.
///
/// # Errors
/// [`KeystoreError`]; an existing file is never changed.
pub fn load_or_generate(folder: &Path, bits: usize) -> Result<(PrivateKey, bool), KeystoreError> {
    check_folder(folder)?;
    Ok(key_file::load_or_generate(&folder.join(FILE_NAME), bits)?)
}

/// Refuses a folder in which others have rights. A user who may write there can put another key in
/// this one's place, and a user who may read there can read the history. A missing folder is
/// created later with the right mode.
#[cfg(unix)]
fn check_folder(folder: &Path) -> Result<(), KeystoreError> {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = std::fs::metadata(folder) else {
        return Ok(());
    };
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_dir() && mode & 0o077 != 0 {
        return Err(KeystoreError::ExposedFolder(folder.to_path_buf(), mode));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_folder(_folder: &Path) -> Result<(), KeystoreError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_in_which_others_have_rights_is_refused_and_a_new_one_is_private() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("data");
        load_or_generate(&folder, 2048).unwrap();
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        for mode in [0o777, 0o770, 0o755, 0o710, 0o701] {
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
            let error = load_or_generate(&folder, 2048).unwrap_err().to_string();
            assert!(error.contains(&format!("mode {mode:o}")), "{error}");
            assert!(error.contains("chmod 700"), "{error}");
        }
    }
}
