//! The person's own long-term key in the data folder: `client_key.pem`, made on first use.

use std::path::{Path, PathBuf};

use native::key_file::{self, KeyFileError};
use shared::identity::PrivateKey;

use crate::exit::Failure;

/// The file's name in the data folder.
const FILE_NAME: &str = "client_key.pem";

/// The size of a new key, in bits.
const KEY_BITS: usize = 2048;

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        Self::other(error.to_string())
    }
}

/// Returns the path of the key's file.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join(FILE_NAME)
}

/// Loads the key, or generates and stores one if there is none. The `bool` is `true` for a new key.
///
/// # Errors
/// [`KeyFileError`]; an existing file is never changed.
pub(crate) fn load_or_generate(folder: &Path) -> Result<(PrivateKey, bool), KeyFileError> {
    key_file::load_or_generate(&path(folder), KEY_BITS)
}
