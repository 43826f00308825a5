//! TLS of the server's own: one acceptor for the page, its tunnel, and sessions directly inside of
//! TLS, which a client chooses by ALPN (RFC 7301).

mod certificate;
mod handshake;
mod self_signed;
mod source;
mod watch;

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use shared::TLS_PROTOCOL_NAME;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

pub use certificate::{Certificate, CertificateError, Moment};
pub use handshake::{Accepted, HANDSHAKE_RECORD, HANDSHAKE_TIMEOUT, TlsStream, accept};
pub use source::Source;
pub use watch::{Request, watch};

use crate::current::Current;
use source::Stamp;

/// The ALPN name of HTTP/1.1, the only version that is served.
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

/// The certificate in use. Connections that are established keep what they began with.
#[derive(Debug)]
struct InUse(RwLock<Certificate>);

impl ResolvesServerCert for InUse {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current.key))
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
        let current = Arc::new(InUse(RwLock::new(source.load()?)));
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(CertificateError::Tls)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![HTTP_1_1.to_vec(), TLS_PROTOCOL_NAME.to_vec()];
        Ok(Self {
            config: Arc::new(config),
            current,
            source: Current::new(source),
            seen: Mutex::new(seen),
        })
    }

    /// Returns the certificate that new connections get.
    pub fn certificate(&self) -> Certificate {
        let current = self.current.0.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
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
        let mut current = self
            .current
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = loaded.clone();
        Ok(loaded)
    }
}
