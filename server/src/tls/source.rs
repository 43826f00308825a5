//! Loads the certificate and its key from files, or from the one that the server signs itself.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use native::files;

use super::certificate::{Certificate, CertificateError, Texts};
use super::self_signed;

/// The largest file of a chain or a key, in bytes: chains have some kilobytes.
const FILE_BYTES: u64 = 1024 * 1024;

/// The rights that others must not have in the file of a key. Its group may read it, which is how
/// certificates are shared between services.
const FORBIDDEN_FOR_KEYS: u32 = 0o007;

/// The rights that others must not have in the file of a key that the server has made: none.
const FORBIDDEN_FOR_OWN_KEYS: u32 = 0o077;

/// The place of the certificate and its key.
#[derive(Debug, Clone)]
pub enum Source {
    /// Files that somebody else keeps up to date.
    Files {
        /// The chain in PEM, the server's own certificate first.
        chain: PathBuf,
        /// The key in PEM.
        key: PathBuf,
        /// The names that the certificate must be for.
        names: Vec<String>,
    },
    /// A certificate that an ACME directory has issued, with its key in one file. It need not be for
    /// all names that are wanted now: it serves until one is.
    Acme(PathBuf),
    /// A certificate that the server signs itself.
    SelfSigned {
        /// The file with certificate and key.
        path: PathBuf,
        /// The names that it is for.
        names: Vec<String>,
    },
}

/// The state of a source, which changes with its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stamp(Vec<Option<(SystemTime, u64)>>);

impl Source {
    /// Loads and checks the certificate.
    pub(super) fn load(&self) -> Result<Certificate, CertificateError> {
        let now = SystemTime::now();
        match self {
            Self::Files { chain, key, names } => {
                let chain_text = read(chain, 0)?;
                let key_text = read(key, FORBIDDEN_FOR_KEYS)?;
                let texts = Texts {
                    chain: (chain, &chain_text),
                    key: (key, &key_text),
                };
                Certificate::parse(texts, names, now)
            }
            Self::Acme(path) => {
                let text = read(path, FORBIDDEN_FOR_OWN_KEYS)?;
                let texts = Texts {
                    chain: (path, &text),
                    key: (path, &text),
                };
                Certificate::parse(texts, &[], now)
            }
            Self::SelfSigned { path, names } => self_signed::load_or_make(path, names, now),
        }
    }

    /// Returns the same source for a certificate for other names. An ACME directory is asked for those
    /// that the settings name for it.
    pub(super) fn for_names(&self, names: Vec<String>) -> Self {
        match self.clone() {
            Self::Files { chain, key, .. } => Self::Files { chain, key, names },
            Self::SelfSigned { path, .. } => Self::SelfSigned { path, names },
            issued @ Self::Acme(_) => issued,
        }
    }

    /// Returns the present state, without reading the files. A symbolic link counts as what it leads
    /// to, because certificates are often exchanged by a new link.
    pub(super) fn stamp(&self) -> Stamp {
        let of = |path: &PathBuf| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        Stamp(match self {
            Self::Files { chain, key, .. } => vec![of(chain), of(key)],
            Self::Acme(path) | Self::SelfSigned { path, .. } => vec![of(path)],
        })
    }
}

/// Reads a file in which others must not have the `forbidden` rights.
pub(super) fn read(path: &Path, forbidden: u32) -> Result<String, CertificateError> {
    let mut text = String::new();
    files::read_text(path, FILE_BYTES, forbidden, &mut text).map_err(|cause| {
        let path = path.to_owned();
        CertificateError::Read { path, cause }
    })?;
    Ok(text)
}
