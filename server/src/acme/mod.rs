//! Certificates from an ACME directory (RFC 8555), whose challenges are answered on the serving port
//! (TLS-ALPN-01, RFC 8737).
//!
//! The data folder has the account, the certificate, and the journal of attempts, so that a server
//! that is started again and again asks no more often than one that runs.

mod account;
mod challenge;
mod client;
mod domain;
mod error;
mod journal;
mod keeper;
mod order;
mod stored;

use std::path::{Path, PathBuf};

use crate::config::AcmeSettings;

pub use domain::{Domain, InvalidDomain};
pub use error::AcmeError;
pub use keeper::keep;

use journal::Journal;

/// The port to which a directory connects (RFC 8737 §3).
pub const PORT: u16 = 443;

/// The name of the certificate with its key, in the data folder.
const CERTIFICATE: &str = "acme_certificate.pem";

/// Returns the place of the certificate with its key.
pub fn certificate_path(data: &Path) -> PathBuf {
    data.join(CERTIFICATE)
}

/// Checks the files that an attempt reads, and returns why the last attempt has failed, if it has.
///
/// # Errors
/// The file that would make every attempt fail.
pub fn check(data: &Path, settings: &AcmeSettings) -> Result<Option<String>, AcmeError> {
    account::check(data, settings)?;
    client::DirectoryClient::new(settings.ca.as_deref())?;
    // One that is damaged is written anew.
    let journal = Journal::read(data).unwrap_or_default();
    Ok(journal.error().map(str::to_owned))
}
