//! A certificate with its key, and what is wrong with one that is not taken.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use native::files::ReadError;
use sha2::{Digest, Sha256};
use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_rustls::rustls;
use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_cert::der::Decode;

/// A certificate that was checked, with its chain and key.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The chain and the key, as connections use them.
    pub(super) key: Arc<CertifiedKey>,
    /// SHA-256 of the certificate.
    pub fingerprint: CertificateFingerprint,
    /// The beginning of its life.
    pub not_before: SystemTime,
    /// The end of its life.
    pub not_after: SystemTime,
}

/// The SHA-256 of a certificate, which browsers show beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateFingerprint([u8; 32]);

impl fmt::Display for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index > 0 { ":" } else { "" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

/// The reason for which a certificate is not taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        cause: ReadError,
    },
    /// The chain is no PEM, or half of one.
    #[error("{} has no whole certificate in PEM: {cause}", path.display())]
    Chain {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        cause: pem::Error,
    },
    /// The key is no PEM, or half of one.
    #[error("{} has no whole private key in PEM: {cause}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        cause: pem::Error,
    },
    /// The certificate's bytes are none.
    #[error("the certificate is damaged: {0}")]
    Damaged(#[source] x509_cert::der::Error),
    /// The key is of no kind that TLS signs with, or not the certificate's.
    #[error("the key cannot be used with the certificate: {0}")]
    Mismatch(#[source] rustls::Error),
    /// The certificate's time is over.
    #[error("the certificate has expired on {0}")]
    Expired(Moment),
    /// The certificate's time has not begun.
    #[error("the certificate is valid from {0} on, which is not yet")]
    NotYet(Moment),
    /// The certificate is for other names than the page's.
    #[error("the certificate is not for {name}, which --public-url or --acme names: {cause}")]
    WrongName {
        /// The name.
        name: String,
        /// The reason.
        #[source]
        cause: rustls::Error,
    },
    /// A certificate of the server's own cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Make(#[source] rcgen::Error),
    /// A certificate of the server's own cannot be stored.
    #[error("{} cannot be written: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        cause: std::io::Error,
    },
    /// TLS itself cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[source] rustls::Error),
}

impl CertificateError {
    /// Returns whether there is no such file, and so no certificate yet.
    pub fn is_absent(&self) -> bool {
        matches!(
            self,
            Self::Read {
                cause: ReadError::NotFound,
                ..
            }
        )
    }
}

/// A moment in the form of RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub SystemTime);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from(self.0).format(&Rfc3339);
        f.write_str(&text.map_err(|_| fmt::Error)?)
    }
}

/// The text of a chain and of its key, and where each is from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts<'a> {
    pub(super) chain: (&'a PathBuf, &'a str),
    pub(super) key: (&'a PathBuf, &'a str),
}

impl Certificate {
    /// Parses a chain and its key, and checks that browsers will take them now for each of `names`.
    pub(super) fn parse(
        texts: Texts<'_>,
        names: &[String],
        now: SystemTime,
    ) -> Result<Self, CertificateError> {
        let (path, text) = texts.chain;
        let chain = CertificateDer::pem_slice_iter(text.as_bytes());
        let chain: Result<Vec<_>, _> = chain.collect();
        let of_chain = |cause| {
            let path = path.clone();
            CertificateError::Chain { path, cause }
        };
        let chain = chain.map_err(of_chain)?;
        let Some(first) = chain.first().cloned() else {
            return Err(of_chain(pem::Error::NoItemsFound));
        };
        let (path, text) = texts.key;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes());
        let key = key.map_err(|cause| CertificateError::Key {
            path: path.clone(),
            cause,
        })?;
        // Checks that the key is the certificate's, too: a half of a replacement is not taken.
        let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
        let key = key.map_err(CertificateError::Mismatch)?;
        let (not_before, not_after) = check_time(&first, now)?;
        check_names(&first, names)?;
        Ok(Self {
            key: Arc::new(key),
            fingerprint: CertificateFingerprint(Sha256::digest(&first).into()),
            not_before,
            not_after,
        })
    }

    /// Checks a chain and its key, both of `path`, as [`Self::parse`] does.
    pub(crate) fn check(
        path: &Path,
        chain: &str,
        key: &str,
        names: &[String],
    ) -> Result<(), CertificateError> {
        let path = path.to_owned();
        let texts = Texts {
            chain: (&path, chain),
            key: (&path, key),
        };
        Self::parse(texts, names, SystemTime::now()).map(|_| ())
    }

    /// Returns whether the certificate is for each of `names`.
    pub fn covers(&self, names: &[String]) -> bool {
        let own = self.key.cert.first();
        own.is_some_and(|own| check_names(own, names).is_ok())
    }
}

/// Checks that the certificate is valid now, and returns its beginning and its end.
fn check_time(
    certificate: &CertificateDer<'_>,
    now: SystemTime,
) -> Result<(SystemTime, SystemTime), CertificateError> {
    let parsed =
        x509_cert::Certificate::from_der(certificate).map_err(CertificateError::Damaged)?;
    let validity = parsed.tbs_certificate().validity();
    let from = validity.not_before.to_system_time();
    let until = validity.not_after.to_system_time();
    if now < from {
        return Err(CertificateError::NotYet(Moment(from)));
    }
    if now > until {
        return Err(CertificateError::Expired(Moment(until)));
    }
    Ok((from, until))
}

fn check_names(certificate: &CertificateDer<'_>, names: &[String]) -> Result<(), CertificateError> {
    let parsed = ParsedCertificate::try_from(certificate).map_err(CertificateError::Mismatch)?;
    for name in names {
        let wrong = |cause| {
            let name = name.clone();
            CertificateError::WrongName { name, cause }
        };
        let server_name = ServerName::try_from(name.as_str());
        let server_name =
            server_name.map_err(|error| wrong(rustls::Error::General(error.to_string())))?;
        verify_server_name(&parsed, &server_name).map_err(wrong)?;
    }
    Ok(())
}
