//! TLS for `wss://`, with the system's certificate authorities. The chat's own protocol runs inside
//! of it as it does everywhere: TLS ends at the proxy, the protocol at the server.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Performs the TLS handshake with `host`, whose certificate must be for that name.
///
/// # Errors
/// The error of the system or of the handshake.
pub(super) async fn wrap(tcp: TcpStream, host: &str) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| io::Error::other(format!("{host:?} is no name for a certificate")))?;
    TlsConnector::from(Arc::new(config()?))
        .connect(name, tcp)
        .await
}

/// Returns `true` if a handshake has failed because the peer does not speak TLS.
pub(super) fn is_no_tls(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|it| it.downcast_ref());
    matches!(cause, Some(rustls::Error::InvalidMessage(_)))
}

fn config() -> io::Result<ClientConfig> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Systems have old certificates that do not parse; those are not needed.
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    // Without an authority every handshake would fail, with an error that blames the server.
    if usable == 0 {
        let causes: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
        return Err(io::Error::other(format!(
            "the system has no certificate authorities {}",
            causes.join("; ")
        )));
    }
    Ok(
        ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}
