//! A connection to a TLS port: the handshake, or the discovery that the peer speaks something else.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use shared::TLS_PROTOCOL_NAME;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::challenges::ACME_TLS_1;
use super::{HTTP_2, Tls};
use crate::rewound::Rewound;

/// The time that a client has for its TLS handshake: three round trips on a slow network, and a
/// bound for those that stay silent, who hold a permit meanwhile.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The first byte of a TLS connection: the content type of a handshake record (RFC 8446 §5.1).
pub const HANDSHAKE_RECORD: u8 = 22;

/// A stream inside of TLS.
pub type TlsStream<S> = tokio_rustls::server::TlsStream<Rewound<S>>;

/// A connection to a TLS port.
#[derive(Debug)]
pub enum Accepted<S> {
    /// TLS with HTTP in it, which is what clients without ALPN mean, too.
    Http(TlsStream<S>),
    /// TLS with HTTP/2 in it.
    Http2(TlsStream<S>),
    /// TLS with a session of the chat directly in it.
    Session(TlsStream<S>),
    /// TLS with nothing in it: an ACME directory has seen the answer to its challenge.
    Challenge(TlsStream<S>),
    /// The peer does not speak TLS.
    Plain(Rewound<S>),
}

/// Accepts a connection to a TLS port, within [`HANDSHAKE_TIMEOUT`].
///
/// # Errors
/// The failure of the stream or of the handshake. The peer was sent the alert for it.
pub async fn accept<S>(mut stream: S, tls: &Tls) -> io::Result<Accepted<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let accepting = async {
        let mut first = [0];
        stream.read_exact(&mut first).await?;
        let stream = Rewound::new(first.to_vec(), stream);
        if first != [HANDSHAKE_RECORD] {
            return Ok(Accepted::Plain(stream));
        }
        let acceptor = TlsAcceptor::from(Arc::clone(&tls.config));
        let stream = match acceptor.accept(stream).await {
            Err(_) if tls.certificate().is_none() => {
                let text = "there is no certificate yet; see above why";
                return Err(io::Error::other(text));
            }
            stream => stream?,
        };
        let (_, session) = stream.get_ref();
        Ok(match session.alpn_protocol() {
            Some(HTTP_2) => Accepted::Http2(stream),
            Some(TLS_PROTOCOL_NAME) => Accepted::Session(stream),
            Some(ACME_TLS_1) => Accepted::Challenge(stream),
            _ => Accepted::Http(stream),
        })
    };
    let accepted = tokio::time::timeout(HANDSHAKE_TIMEOUT, accepting).await;
    accepted.unwrap_or_else(|_| {
        let seconds = HANDSHAKE_TIMEOUT.as_secs();
        let text = format!("no TLS handshake within {seconds} s");
        Err(io::Error::new(io::ErrorKind::TimedOut, text))
    })
}
