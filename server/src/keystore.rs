//! The server's long-term key: `server_key.pem` in a data folder that is its owner's alone.

use std::path::Path;

use native::key_file::{self, KeyFileError};
use shared::identity::PrivateKey;
use thiserror::Error;

use crate::data_folder::{self, FolderError};

/// The file's name in the data folder.
pub const FILE_NAME: &str = "server_key.pem";

/// The reason for which a key cannot be loaded or generated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeystoreError {
    /// Somebody else can write into the data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
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
    for readable in data_folder::check(folder)? {
        tracing::warn!("{readable}");
    }
    Ok(key_file::load_or_generate(&folder.join(FILE_NAME), bits)?)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_into_which_others_can_write_is_refused_and_a_new_one_is_private() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("data");
        load_or_generate(&folder, 2048).unwrap();
        let mode = fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let with = |mode| {
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
            load_or_generate(&folder, 2048)
        };
        let error = with(0o720).unwrap_err().to_string();
        assert!(error.contains("mode 720"), "{error}");
        with(0o755).unwrap();
    }
}
