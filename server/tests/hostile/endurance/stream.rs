//! TCP and the tunnel as one kind of stream.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Tcp,
    WebSocket,
}

pub(super) enum Stream {
    Tcp(TcpStream),
    WebSocket(Box<WebSocketStream<TcpStream>>),
}

impl Stream {
    pub(super) async fn open(
        transport: Transport,
        (tcp, http): (SocketAddr, SocketAddr),
    ) -> io::Result<Self> {
        let address = match transport {
            Transport::Tcp => tcp,
            Transport::WebSocket => http,
        };
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        if transport == Transport::Tcp {
            return Ok(Self::Tcp(stream));
        }
        let url = format!("ws://{address}/ws?encoding=binary");
        let opened = tokio_tungstenite::client_async(url, stream).await;
        let (socket, _) = opened.map_err(io::Error::other)?;
        Ok(Self::WebSocket(Box::new(socket)))
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes).await,
            Self::WebSocket(socket) => {
                let message = Message::Binary(Bytes::copy_from_slice(bytes));
                socket.send(message).await.map_err(io::Error::other)
            }
        }
    }

    /// Returns the next bytes; none at the end. Cancel safe.
    pub(super) async fn read(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Tcp(stream) => {
                let mut buffer = Vec::with_capacity(16 * 1024);
                stream.read_buf(&mut buffer).await?;
                Ok(buffer)
            }
            Self::WebSocket(socket) => loop {
                match socket.next().await {
                    Some(Ok(Message::Binary(bytes))) => return Ok(bytes.into()),
                    Some(Ok(Message::Close(_))) | None => return Ok(Vec::new()),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(io::Error::other(error)),
                }
            },
        }
    }

    /// Ends this side's direction; a WebSocket ends as a whole.
    pub(super) async fn half_close(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown().await,
            Self::WebSocket(socket) => socket.close().await.map_err(io::Error::other),
        }
    }
}
