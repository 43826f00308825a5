//! Clients that speak something else than their port does: each is told what it has found.

use std::time::Duration;

use shared::error::ErrorCode;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::visitor::Peer;
use crate::listener::linger;
use crate::rewound::Rewound;
use crate::tls::HANDSHAKE_RECORD;

/// The time that the answer to a refused client may take.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// The sentence for a client that does not speak HTTP here.
const NOT_HTTP: &str = "This is the web server: use ws:// or the TCP port.";

/// The sentence for a client that speaks TLS where there is none.
const NO_TLS: &str = "This port speaks HTTP without TLS: use http:// or ws://.";

/// The sentence for a client that speaks anything without TLS where there is TLS.
const NOT_PLAIN: &str = "This port speaks TLS: use https://, wss:// or tls://.";

/// Refuses a client of another protocol on a port for HTTP without TLS.
pub(super) async fn refuse_on_http<S: AsyncRead + AsyncWrite + Unpin>(
    stream: Rewound<S>,
    peer: &Peer,
) {
    if stream.first_byte() == Some(HANDSHAKE_RECORD) {
        refuse(stream, peer, NO_TLS, "it is TLS, and not HTTP").await;
    } else {
        refuse(stream, peer, NOT_HTTP, "it is not HTTP").await;
    }
}

/// Refuses a client without TLS on a port for TLS.
pub(super) async fn refuse_on_tls<S: AsyncRead + AsyncWrite + Unpin>(
    stream: Rewound<S>,
    peer: &Peer,
) {
    refuse(stream, peer, NOT_PLAIN, "it is not TLS").await;
}

/// Answers in the way that the client can read. A client of this project gets the protocol's own
/// error frame, whose sentence it shows. All others get an HTTP response, whose status libraries
/// know; a TLS client reads it as something that is no TLS, which is the case.
async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: Rewound<S>,
    peer: &Peer,
    sentence: &'static str,
    cause: &'static str,
) {
    let visitor = peer.itself();
    visitor.log_once(|suppressed| {
        let address = visitor.address;
        tracing::info!(%address, suppressed, "HTTP connection refused: {cause}");
    });
    // The first byte of v1's handshake, and of v2's preface.
    let answer = if matches!(stream.first_byte(), Some(b'{' | b'S')) {
        shared::v1::error_frame::encode_sentence(ErrorCode::Malformed, sentence)
    } else {
        let length = sentence.len() + 1;
        format!(
            "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\n\
             content-length: {length}\r\n\r\n{sentence}\n"
        )
        .into_bytes()
    };
    let _ = tokio::time::timeout(REFUSAL_TIMEOUT, stream.write_all(&answer)).await;
    linger(&mut stream).await;
}
