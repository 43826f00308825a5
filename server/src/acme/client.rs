//! The HTTP client that asks a directory: over TLS only, with a bound on the time and the size of
//! each answer.

use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::header::{HeaderMap, RETRY_AFTER};
use hyper::{Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use native::files::{self, ReadError};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::error::AcmeError;

/// The time for one answer: directories issue while a client waits, and that takes seconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest answer, in bytes. A chain of certificates has some kilobytes.
const ANSWER_BYTES: usize = 256 * 1024;

/// The largest file of authorities, in bytes: a whole system's has 250 KiB.
const AUTHORITIES_BYTES: u64 = 4 * 1024 * 1024;

/// The longest wait that a directory can ask for, a week: the longest window of Let's Encrypt's
/// limits.
const LONGEST_WAIT: Duration = Duration::from_hours(7 * 24);

/// A client of a directory. Clones share connections.
#[derive(Debug, Clone)]
pub(super) struct DirectoryClient {
    client: Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>,
    /// The time before which the directory does not want to be asked again.
    not_before: Arc<Mutex<Option<SystemTime>>>,
}

impl DirectoryClient {
    /// Creates a client that trusts the authorities in the file `ca`, or else the system's. Reads
    /// files.
    pub(super) fn new(ca: Option<&Path>) -> Result<Self, AcmeError> {
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(AcmeError::Tls)?
            .with_root_certificates(authorities(ca)?)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only()
            .enable_http1()
            .build();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            not_before: Arc::default(),
        })
    }

    /// Returns the time before which the directory does not want to be asked again, if it has said
    /// one with its last refusal.
    pub(super) fn not_before(&self) -> Option<SystemTime> {
        let not_before = self.not_before.lock();
        *not_before.unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpClient for DirectoryClient {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let answer = self.client.request(request);
        let not_before = Arc::clone(&self.not_before);
        Box::pin(async move {
            let answering = async {
                let answer = answer.await.map_err(|error| Error::Other(error.into()))?;
                let (parts, body) = answer.into_parts();
                if is_refusal(parts.status) {
                    let asked = retry_after(&parts.headers, SystemTime::now());
                    *not_before.lock().unwrap_or_else(PoisonError::into_inner) = asked;
                }
                let body = Limited::new(body, ANSWER_BYTES).collect().await;
                let body = Box::new(body.map_err(Error::Other)?.to_bytes());
                Ok(BytesResponse { parts, body })
            };
            let answered = tokio::time::timeout(ANSWER_TIMEOUT, answering).await;
            answered.unwrap_or_else(|_| {
                let seconds = ANSWER_TIMEOUT.as_secs();
                Err(Error::Other(format!("no answer within {seconds} s").into()))
            })
        })
    }
}

/// Returns whether an answer can say when to come back: too many requests (RFC 8555 §6.6), or a
/// directory that is being repaired.
fn is_refusal(status: StatusCode) -> bool {
    [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ]
    .contains(&status)
}

/// Parses the time after which to ask again (RFC 9110 §10.2.3), bounded by [`LONGEST_WAIT`].
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<SystemTime> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let date = httpdate::parse_http_date(text).ok()?;
        date.duration_since(now).ok()?
    };
    Some(now + wait.min(LONGEST_WAIT))
}

fn authorities(ca: Option<&Path>) -> Result<RootCertStore, AcmeError> {
    let mut roots = RootCertStore::empty();
    let (found, of) = if let Some(path) = ca {
        (read_authorities(path)?, path.display().to_string())
    } else {
        let found = rustls_native_certs::load_native_certs();
        (found.certs, "the system".to_owned())
    };
    // Systems have old certificates that do not parse; those are not needed.
    let (usable, _) = roots.add_parsable_certificates(found);
    if usable == 0 {
        return Err(AcmeError::NoAuthorities(of));
    }
    Ok(roots)
}

fn read_authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, AcmeError> {
    let failed = |cause| AcmeError::Read {
        path: path.to_owned(),
        cause,
    };
    let mut text = String::new();
    files::read_text(path, AUTHORITIES_BYTES, 0, &mut text).map_err(failed)?;
    let found: Result<_, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    found.map_err(|error| failed(ReadError::Io(std::io::Error::other(error.to_string()))))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_directory_says_when_to_come_back_in_either_form_and_within_bounds() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let at = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            let at = retry_after(&headers, now)?;
            Some(at.duration_since(now).unwrap().as_secs())
        };
        assert_eq!(at("60"), Some(60));
        assert_eq!(at("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(at("18446744073709551615"), Some(7 * 24 * 60 * 60));
        assert_eq!(at("Fri, 31 Dec 9999 23:59:59 GMT"), Some(7 * 24 * 60 * 60));
        for text in ["", "-1", "soon", "Sun, 06 Nov 1994 08:49:36 GMT"] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_without_authorities_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let error = DirectoryClient::new(Some(&path)).unwrap_err().to_string();
        assert!(error.contains("no such file"), "{error}");
        for text in ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
            std::fs::write(&path, text).unwrap();
            let error = DirectoryClient::new(Some(&path)).unwrap_err().to_string();
            assert!(error.contains("ca.pem"), "{error}");
        }
    }
}
