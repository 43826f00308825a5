//! The reasons for which a directory has issued no certificate.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use native::files::ReadError;
use thiserror::Error;

use crate::tls::CertificateError;

/// The reason for which an attempt to get a certificate has failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AcmeError {
    /// A file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        cause: ReadError,
    },
    /// A file cannot be written, so that nothing is asked for that would be lost.
    #[error("cannot write {}: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        cause: std::io::Error,
    },
    /// A file is not what this program writes.
    #[error(
        "{} is damaged ({cause}): put it back from a backup, or remove it, and another will be made",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        cause: serde_json::Error,
    },
    /// There are no authorities that could vouch for the directory.
    #[error("{0} has no certificate authorities")]
    NoAuthorities(String),
    /// TLS to the directory cannot be set up.
    #[error("TLS to the directory cannot be set up: {0}")]
    Tls(#[source] tokio_rustls::rustls::Error),
    /// The directory cannot be reached, does not speak ACME, or refuses.
    #[error("{}", WithCauses(.0))]
    Directory(#[source] instant_acme::Error),
    /// The directory offers no challenge that this server can answer.
    #[error("the directory offers no TLS-ALPN-01 challenge for {0}")]
    NoChallenge(String),
    /// The directory has refused the answers to its challenges.
    #[error("the directory has not accepted the proof for {name}: {detail}")]
    NotProven {
        /// The name.
        name: String,
        /// The directory's reason.
        detail: String,
    },
    /// The directory has ended the order.
    #[error("the directory has ended the order, and gives no reason")]
    Ended,
    /// The answer to a challenge cannot be made.
    #[error("the answer to a challenge cannot be made: {0}")]
    Challenge(#[source] rcgen::Error),
    /// The key of the answer to a challenge cannot be used.
    #[error("the answer to a challenge cannot be signed: {0}")]
    ChallengeKey(#[source] tokio_rustls::rustls::Error),
    /// The certificate that was issued cannot be used.
    #[error("the certificate that was issued cannot be used: {0}")]
    Certificate(#[source] CertificateError),
    /// An attempt was not done in time.
    #[error("it was not done within {} s", .0.as_secs())]
    Slow(Duration),
    /// The task for a file has panicked, which the log has already.
    #[error("the thread for a file has ended")]
    Thread,
}

/// An error with its causes: hyper's texts say only in which part of it an error has happened.
struct WithCauses<'a>(&'a instant_acme::Error);

impl fmt::Display for WithCauses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.0.to_string();
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let more = error.to_string();
            // Many errors have the text of their cause in their own.
            if !text.contains(&more) {
                text.extend([": ", more.as_str()]);
            }
            cause = error.source();
        }
        f.write_str(&text)
    }
}
