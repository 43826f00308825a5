//! Answers to TLS-ALPN-01 (RFC 8737): an ACME directory connects to the server under a name, and is
//! shown a certificate that only the owner of the account can make.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::rustls::server::ClientHello;
use tokio_rustls::rustls::sign::CertifiedKey;

/// The ALPN name of the challenge (RFC 8737 §6.2).
pub(super) const ACME_TLS_1: &[u8] = b"acme-tls/1";

/// The challenges that are open now, by the name that they are for, in lower case.
///
/// Only the names of the settings come in here, so that a stranger cannot make it grow.
#[derive(Debug, Default)]
pub(super) struct Challenges(RwLock<BTreeMap<String, Arc<CertifiedKey>>>);

/// An open challenge, which is answered until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct OpenChallenge {
    challenges: Arc<Challenges>,
    name: String,
}

impl Challenges {
    /// Answers the challenge for `name` with `key`.
    pub(super) fn open(self: &Arc<Self>, name: &str, key: CertifiedKey) -> OpenChallenge {
        let name = name.to_ascii_lowercase();
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        table.insert(name.clone(), Arc::new(key));
        OpenChallenge {
            challenges: Arc::clone(self),
            name,
        }
    }

    /// Returns the answer to a challenge: `None` if none is open for the name that the client asks
    /// for.
    pub(super) fn answer(&self, hello: &ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_ascii_lowercase();
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.get(&name).cloned()
    }
}

impl Drop for OpenChallenge {
    fn drop(&mut self) {
        let mut table = self.challenges.0.write();
        let table = table.as_mut().unwrap_or_else(|poisoned| poisoned.get_mut());
        table.remove(&self.name);
    }
}

/// Returns whether a client names the challenge and nothing else, as a directory does (RFC 8737 §3).
pub(super) fn is_challenge(hello: &ClientHello<'_>) -> bool {
    let names = hello.alpn();
    names.is_some_and(|mut names| names.next() == Some(ACME_TLS_1) && names.next().is_none())
}
