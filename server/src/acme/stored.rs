//! Files in the data folder that this server alone reads and writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use native::files::{self, Existing, ReadError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::AcmeError;

/// The largest file, in bytes: the account of each directory that was ever set has less than 1 KiB.
const FILE_BYTES: u64 = 256 * 1024;

/// The rights that others must not have in these files: none.
const FORBIDDEN: u32 = 0o077;

/// Reads a file of JSON; `None` if there is none.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, AcmeError> {
    let mut text = String::new();
    match files::read_text(path, FILE_BYTES, FORBIDDEN, &mut text) {
        Ok(()) => {}
        Err(ReadError::NotFound) => return Ok(None),
        Err(cause) => {
            let path = path.to_owned();
            return Err(AcmeError::Read { path, cause });
        }
    }
    serde_json::from_str(&text).map(Some).map_err(|cause| {
        let path = path.to_owned();
        AcmeError::Damaged { path, cause }
    })
}

/// Writes a file of JSON.
pub(super) fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), AcmeError> {
    let mut text = serde_json::to_string_pretty(value).map_err(|cause| AcmeError::Damaged {
        path: path.to_owned(),
        cause,
    })?;
    text.push('\n');
    write_text(path, &text)
}

/// Writes a file for its owner alone, whole or not at all.
pub(super) fn write_text(path: &Path, text: &str) -> Result<(), AcmeError> {
    files::write(path, text.as_bytes(), Existing::Replace).map_err(|cause| {
        let path = path.to_owned();
        AcmeError::Write { path, cause }
    })
}

/// Does something with a file on a thread that may wait: a network folder can hang.
pub(super) async fn on_thread<T: Send + 'static>(
    path: &Arc<PathBuf>,
    work: impl FnOnce(&Path) -> Result<T, AcmeError> + Send + 'static,
) -> Result<T, AcmeError> {
    let path = Arc::clone(path);
    let done = tokio::task::spawn_blocking(move || work(&path)).await;
    done.map_err(|_| AcmeError::Thread)?
}
