//! A WebSocket as a byte stream: binary messages are spliced in order in both directions, and their
//! boundaries mean nothing. Knows nothing of the bytes' meaning.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::address::Address;
use crate::advice;

/// The largest message in either direction, in bytes: a frame of v1 with its terminator.
const MESSAGE_BYTES: usize = shared::limits::MESSAGE_FRAME_BYTES + 2;

/// The client's end of a tunnel.
#[derive(Debug)]
pub(super) struct Tunnel<S> {
    socket: WebSocketStream<S>,
    /// The rest of the message that is being read.
    incoming: Bytes,
    /// The server has closed: nothing more arrives, and nothing more may be written.
    peer_closed: bool,
}

/// Asks the server for its tunnel (RFC 6455 §4.1) over a connected stream.
///
/// # Errors
/// The stream's error, or the server's answer if it is no upgrade.
pub(super) async fn open<S>(stream: S, address: &Address) -> io::Result<Tunnel<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // A write buffer of 0 hands each message to the stream at once. The limits bound the memory
    // that a hostile server can take here.
    let config = WebSocketConfig::default()
        .read_buffer_size(16 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * MESSAGE_BYTES)
        .max_message_size(Some(MESSAGE_BYTES))
        .max_frame_size(Some(MESSAGE_BYTES));
    // Binary for v1 too: only a browser's developer tools gain something by text.
    let url = format!("{address}?encoding=binary");
    let (socket, _) = tokio_tungstenite::client_async_with_config(url, stream, Some(config))
        .await
        .map_err(|error| match error {
            Error::Http(answer) => io::Error::other(format!(
                "there is no tunnel: the server answers {}",
                answer.status()
            )),
            Error::Protocol(ProtocolError::HttparseError(_)) => {
                io::Error::other(advice::no_http(address))
            }
            error => to_io(error),
        })?;
    Ok(Tunnel {
        socket,
        incoming: Bytes::new(),
        peer_closed: false,
    })
}

fn to_io(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        error => io::Error::other(error),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Tunnel<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if !this.incoming.is_empty() {
                let length = this.incoming.len().min(buffer.remaining());
                buffer.put_slice(&this.incoming.split_to(length));
                return Poll::Ready(Ok(()));
            }
            if this.peer_closed {
                return Poll::Ready(Ok(()));
            }
            match ready!(Pin::new(&mut this.socket).poll_next(cx)) {
                None | Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => {
                    this.peer_closed = true;
                }
                Some(Err(error)) => return Poll::Ready(Err(to_io(error))),
                Some(Ok(Message::Binary(bytes))) => this.incoming = bytes,
                Some(Ok(Message::Text(_))) => {
                    return Poll::Ready(Err(io::Error::other(
                        "the server sends text through a binary tunnel",
                    )));
                }
                Some(Ok(Message::Close(_))) => this.peer_closed = true,
                // The library answers a ping when the next message is asked for, which is at once.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Tunnel<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // Nothing may follow the answer to a close (RFC 6455 §5.5.1).
        if this.peer_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        ready!(Pin::new(&mut this.socket).poll_ready(cx)).map_err(to_io)?;
        let taken = bytes.len().min(MESSAGE_BYTES);
        let message = Message::Binary(Bytes::copy_from_slice(&bytes[..taken]));
        Pin::new(&mut this.socket)
            .start_send(message)
            .map_err(to_io)?;
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket)
            .poll_flush(cx)
            .map_err(to_io)
    }

    /// Sends the first half of the closing handshake (RFC 6455 §7.1.2), which ends both directions.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match ready!(Pin::new(&mut this.socket).poll_close(cx)) {
            Ok(()) | Err(Error::ConnectionClosed | Error::AlreadyClosed) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(to_io(error))),
        }
    }
}
