//! Reading the PROXY protocol's header from a stream, before anything else of it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::header::{self, HeaderError};
use crate::rewound::Rewound;

/// The time that a proxy has for its header, which it sends before anything of the client's: longer
/// than one retransmission, so that a lost packet costs no client its connection.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(3);

/// The bytes that are read at once: most headers, and little that has to be put back.
const READ_BYTES: usize = 256;

/// A stream of a proxy whose client stays unknown.
#[derive(Debug, Error)]
pub enum ProxyError {
    /// The stream begins with no header that is taken.
    #[error(transparent)]
    Header(HeaderError),
    /// The header is not complete in time.
    #[error("no PROXY header within {} s", HEADER_TIMEOUT.as_secs())]
    Timeout,
    /// The stream ends within the header.
    #[error("the stream ends within the PROXY header")]
    Cut,
    /// The stream fails.
    #[error("the stream fails: {0}")]
    Stream(#[source] io::Error),
}

/// Reads the header that a proxy sends first. Returns the client, if the header names one, and the
/// stream behind the header.
///
/// # Errors
/// The reason for which the client stays unknown, and the stream, unless it has failed.
pub async fn read_client<S: AsyncRead + Unpin>(
    mut stream: S,
) -> Result<(Option<SocketAddr>, Rewound<S>), (ProxyError, Option<S>)> {
    let read = tokio::time::timeout(HEADER_TIMEOUT, read(&mut stream)).await;
    match read.unwrap_or(Err(ProxyError::Timeout)) {
        Ok((client, rest)) => Ok((client, Rewound::new(rest, stream))),
        Err(error @ ProxyError::Stream(_)) => Err((error, None)),
        Err(error) => Err((error, Some(stream))),
    }
}

/// Returns the client, and the bytes behind the header.
async fn read(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<(Option<SocketAddr>, Vec<u8>), ProxyError> {
    let mut bytes = Vec::with_capacity(READ_BYTES);
    loop {
        let mut more = [0; READ_BYTES];
        let length = stream.read(&mut more).await.map_err(ProxyError::Stream)?;
        if length == 0 {
            return Err(ProxyError::Cut);
        }
        bytes.extend_from_slice(&more[..length]);
        // Bounds the bytes, too: past the longest header it asks for no more.
        if let Some(header) = header::parse(&bytes).map_err(ProxyError::Header)? {
            let rest = bytes.split_off(header.length);
            return Ok((header.client, rest));
        }
    }
}
