//! TLS for `wss://` and `tls://`, with the system's certificate authorities. The chat's own protocol runs inside
//! of it as it does everywhere: TLS may end at a proxy, the protocol ends at the server.

use std::io;
use std::sync::Arc;

use shared::TLS_PROTOCOL_NAME;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::address::Address;
use crate::advice;

/// The protocol inside of TLS, which the client names in its first message (ALPN, RFC 7301).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    /// HTTP, and the tunnel in it. Not named: not every proxy knows ALPN.
    Http,
    /// The chat's own protocol.
    Session,
}

/// Performs the TLS handshake with `host`, whose certificate must be for that name.
///
/// # Errors
/// The error of the system or of the handshake.
pub(super) async fn wrap(
    tcp: TcpStream,
    host: &str,
    inside: Inside,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| io::Error::other(format!("{host:?} is no name for a certificate")))?;
    let mut config = config()?;
    if inside == Inside::Session {
        config.alpn_protocols = vec![TLS_PROTOCOL_NAME.to_vec()];
    }
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await?;
    // A server without ALPN would take the session for HTTP, and both would wait for each other.
    let (_, session) = stream.get_ref();
    if inside == Inside::Session && session.alpn_protocol() != Some(TLS_PROTOCOL_NAME) {
        return Err(io::Error::other(NotOurs));
    }
    Ok(stream)
}

/// The server speaks TLS and does not know the chat's protocol directly in it.
#[derive(Debug, Error)]
#[error("this port speaks TLS, but not the chat's protocol directly in it")]
struct NotOurs;

/// Returns the sentence for a handshake that has failed.
pub(super) fn explain(error: &io::Error, address: &Address) -> String {
    let cause = error.get_ref();
    let tls = cause.and_then(|it| it.downcast_ref::<rustls::Error>());
    let refused = rustls::Error::AlertReceived(rustls::AlertDescription::NoApplicationProtocol);
    let not_ours = cause.and_then(|it| it.downcast_ref::<NotOurs>());
    if is_no_tls(error) {
        advice::no_tls(address)
    } else if tls == Some(&refused) || not_ours.is_some() {
        advice::no_session_in_tls(address)
    } else if let Some(cause) = tls.filter(|it| is_unknown(it)) {
        advice::unknown_issuer(address, cause)
    } else if tls == Some(&NO_CERTIFICATE_YET) {
        advice::no_certificate_yet()
    } else {
        format!("TLS: {error}")
    }
}

/// The alert of a server that waits for the certificate of an ACME directory.
const NO_CERTIFICATE_YET: rustls::Error =
    rustls::Error::AlertReceived(rustls::AlertDescription::AccessDenied);

/// Returns `true` if nobody who is trusted vouches for a certificate. The signature is wrong where
/// somebody of the same name is trusted, such as the former certificate of a server that signs its own.
fn is_unknown(error: &rustls::Error) -> bool {
    use rustls::CertificateError::{BadSignature, UnknownIssuer};
    matches!(
        error,
        rustls::Error::InvalidCertificate(UnknownIssuer | BadSignature)
    )
}

/// Returns `true` if a handshake has failed because the peer does not speak TLS.
fn is_no_tls(error: &io::Error) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_a_certificate_yet_is_no_mystery() {
        let address = "tls://chat.example".parse().unwrap();
        let explained = explain(&io::Error::other(NO_CERTIFICATE_YET), &address);
        assert!(explained.contains("first certificate"), "{explained}");
    }
}
