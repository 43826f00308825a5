//! The manifest of a backup: what is in it, and how to see that it is that still.

use std::fmt::Write as _;
use std::path::Path;

use native::files::{self, ReadError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::chat::Timestamp;
use thiserror::Error;

/// The manifest's name in a backup.
pub(super) const FILE_NAME: &str = "manifest.json";

/// The format that this program writes and reads.
const FORMAT: u32 = 1;

/// The longest manifest that is read, in bytes: it names a few files, and has less than 1 KiB.
const MAX_BYTES: u64 = 64 * 1024;

/// The contents of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format of backups.
    pub format: u32,
    /// The version of the server that made the backup.
    pub server: String,
    /// The version of the database's tables.
    pub schema: u32,
    /// The time at which the backup was begun.
    pub made: Timestamp,
    /// The files, but for this one.
    pub files: Vec<FileRecord>,
    /// SHA-256 of the manifest with nothing here, in hexadecimal digits. It shows damage, not
    /// malice: whoever changes a file on purpose can compute it anew.
    checksum: String,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// The file's name in the backup's folder.
    pub name: String,
    /// The file's length in bytes.
    pub bytes: u64,
    /// SHA-256 of the file in hexadecimal digits.
    pub sha256: String,
}

/// The reason for which a manifest is not believed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It cannot be read.
    #[error("its {FILE_NAME} cannot be read: {0}")]
    Read(#[source] ReadError),
    /// It is no JSON, or has not the fields that it must have.
    #[error("its {FILE_NAME} is not valid: {0}")]
    Parse(#[source] serde_json::Error),
    /// Another version of this program made it.
    #[error(
        "it has format {0}, and this program knows format {FORMAT}: restore it with the version \
         that made it"
    )]
    Format(u32),
    /// It was changed since it was written.
    #[error("its {FILE_NAME} was changed since it was made")]
    Changed,
    /// It does not name the files that a backup has, once each.
    #[error("its {FILE_NAME} does not name the files that a backup has")]
    Files,
}

/// The field that every format has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Manifest {
    pub(super) fn new(schema: u32, made: Timestamp, files: Vec<FileRecord>) -> Self {
        let mut manifest = Self {
            format: FORMAT,
            server: env!("CARGO_PKG_VERSION").to_owned(),
            schema,
            made,
            files,
            checksum: String::new(),
        };
        manifest.checksum = manifest.sum();
        manifest
    }

    /// Reads the manifest of the backup in `folder`, and checks it.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn read(folder: &Path) -> Result<Self, ManifestError> {
        let mut text = String::new();
        let path = folder.join(FILE_NAME);
        files::read_text(&path, MAX_BYTES, 0, &mut text).map_err(ManifestError::Read)?;
        // First the format alone: another one may have other fields.
        let Format { format } = serde_json::from_str(&text).map_err(ManifestError::Parse)?;
        if format != FORMAT {
            return Err(ManifestError::Format(format));
        }
        let manifest: Self = serde_json::from_str(&text).map_err(ManifestError::Parse)?;
        // The bytes are compared, too: JSON has many forms of one value, and only one was written.
        if manifest.checksum != manifest.sum() || manifest.to_text() != text {
            return Err(ManifestError::Changed);
        }
        let names = manifest.files.iter().map(|file| file.name.as_str());
        if !names.eq(super::FILES) {
            return Err(ManifestError::Files);
        }
        Ok(manifest)
    }

    /// Returns the manifest as it is written.
    pub(super) fn to_text(&self) -> String {
        // A struct of texts and numbers is always JSON.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Returns the checksum that the manifest should have.
    fn sum(&self) -> String {
        let empty = Self {
            checksum: String::new(),
            ..self.clone()
        };
        hex(&Sha256::digest(empty.to_text()))
    }
}

/// Returns bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Never fails: a text takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
