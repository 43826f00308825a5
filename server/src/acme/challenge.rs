//! The certificate that answers a TLS-ALPN-01 challenge.

use rcgen::{CertificateParams, CustomExtension, KeyPair};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::error::AcmeError;

/// Makes the certificate for `name` with the digest of the key authorization in it (RFC 8737 §3).
pub(super) fn answer(name: &str, digest: &[u8]) -> Result<CertifiedKey, AcmeError> {
    let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(AcmeError::Challenge)?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate().map_err(AcmeError::Challenge)?;
    let certificate = params.self_signed(&key).map_err(AcmeError::Challenge)?;
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let chain = vec![certificate.der().clone()];
    let provider = aws_lc_rs::default_provider();
    let key = provider.key_provider.load_private_key(der);
    // Not `from_der`, which compares key and certificate: it refuses the critical extension.
    Ok(CertifiedKey::new(
        chain,
        key.map_err(AcmeError::ChallengeKey)?,
    ))
}
