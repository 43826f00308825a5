//! TLS of the server's own: one acceptor for the page, its tunnel, and sessions directly inside of
//! TLS, which a client chooses by ALPN (RFC 7301).

mod certificate;
mod challenges;
mod handshake;
mod self_signed;
mod source;
mod watch;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use shared::TLS_PROTOCOL_NAME;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

pub use certificate::{Certificate, CertificateError, Moment};
pub use challenges::OpenChallenge;
pub use handshake::{Accepted, HANDSHAKE_RECORD, HANDSHAKE_TIMEOUT, TlsStream, accept};
pub use source::Source;
pub use watch::{Request, watch};

use crate::current::Current;
use challenges::{ACME_TLS_1, Challenges, is_challenge};
use source::Stamp;

/// The ALPN name of HTTP/2 over TLS (RFC 9113 §3.2).
const HTTP_2: &[u8] = b"h2";

/// The ALPN name of HTTP/1.1.
const HTTP_1_1: &[u8] = b"http/1.1";

/// The server's TLS: how it is spoken, and the certificate that is in use now.
#[derive(Debug)]
pub struct Tls {
    config: Arc<ServerConfig>,
    current: Arc<InUse>,
    source: Current<Source>,
    /// The state of the source that was last loaded, successfully or not.
    seen: Mutex<Stamp>,
}

/// The certificates that the resolver chooses from: the one in use, and those of open challenges.
#[derive(Debug, Default)]
struct InUse {
    /// The certificate in use; `None` until an ACME directory has issued the first. Connections that
    /// are established keep what they began with.
    certificate: RwLock<Option<Certificate>>,
    challenges: Arc<Challenges>,
}

impl InUse {
    fn certificate(&self) -> Option<Certificate> {
        let certificate = self.certificate.read();
        certificate.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn install(&self, certificate: Certificate) {
        let current = self.certificate.write();
        *current.unwrap_or_else(PoisonError::into_inner) = Some(certificate);
    }
}

impl ResolvesServerCert for InUse {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if is_challenge(&hello) {
            return self.challenges.answer(&hello);
        }
        let certificate = self.certificate.read();
        let certificate = certificate.unwrap_or_else(PoisonError::into_inner);
        certificate.as_ref().map(|it| Arc::clone(&it.key))
    }
}

impl Tls {
    /// Loads the certificate and prepares the acceptor.
    ///
    /// # Errors
    /// The reason for which the certificate cannot be used.
    pub fn open(source: Source) -> Result<Self, CertificateError> {
        // Before it is read: a change between the two is then noticed by the next look.
        let seen = source.stamp();
        let certificate = source.load()?;
        let tls = Self::prepare(source, seen, &[HTTP_2, HTTP_1_1, TLS_PROTOCOL_NAME])?;
        tls.current.install(certificate);
        Ok(tls)
    }

    /// Prepares an acceptor that can answer an ACME directory's challenges, and loads the certificate
    /// that one has issued, if it can be used. Returns, too, why it cannot.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn open_for_acme(
        path: PathBuf,
    ) -> Result<(Self, Result<(), CertificateError>), CertificateError> {
        let source = Source::Acme(path);
        let seen = source.stamp();
        let loaded = source.load();
        // The challenge is the last: a client that names others, too, is none of a directory's.
        let protocols = [HTTP_2, HTTP_1_1, TLS_PROTOCOL_NAME, ACME_TLS_1];
        let tls = Self::prepare(source, seen, &protocols)?;
        let loaded = loaded.map(|certificate| tls.current.install(certificate));
        Ok((tls, loaded))
    }

    /// Prepares an acceptor without a certificate.
    fn prepare(source: Source, seen: Stamp, protocols: &[&[u8]]) -> Result<Self, CertificateError> {
        let current = Arc::new(InUse::default());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(CertificateError::Tls)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(Self {
            config: Arc::new(config),
            current,
            source: Current::new(source),
            seen: Mutex::new(seen),
        })
    }

    /// Returns the certificate that new connections get, if there is one yet.
    pub fn certificate(&self) -> Option<Certificate> {
        self.current.certificate()
    }

    /// Answers an ACME directory's challenge for `name` with `key`, until the result is dropped.
    pub fn answer_challenge(&self, name: &str, key: CertifiedKey) -> OpenChallenge {
        self.current.challenges.open(name, key)
    }

    /// Asks for a certificate for these names when it is loaded from now on.
    pub fn set_names(&self, names: Vec<String>) {
        self.source.set(self.source.get().for_names(names));
    }

    /// Loads the certificate again. If that fails, the one in use goes on.
    ///
    /// # Errors
    /// The reason for which the new certificate cannot be used.
    pub fn reload(&self) -> Result<Certificate, CertificateError> {
        let source = self.source.get();
        let stamp = source.stamp();
        let loaded = source.load();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = stamp;
        let loaded = loaded?;
        self.current.install(loaded.clone());
        Ok(loaded)
    }
}
