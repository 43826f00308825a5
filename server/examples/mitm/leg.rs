//! One session of the attacker's over one WebSocket, in whichever role. It must not know the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use native::clock::Clock;
use shared::connection::{Connection, PrivateKeyRequest};
use shared::identity::PrivateKey;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::{Result, say};

/// One of the two sessions: the page's with us, or ours with the server.
pub(crate) struct Leg<R> {
    name: &'static str,
    socket: WebSocketStream<TcpStream>,
    /// The tunnel's messages are text; v1 from the page is.
    text: bool,
    clock: Clock,
    pub(crate) protocol: Connection<R>,
    key: Arc<PrivateKey>,
    /// The other side's plaintexts that this session cannot carry yet.
    pub(crate) outbox: VecDeque<Vec<u8>>,
}

/// The reason for which a leg wakes up.
pub(crate) enum Woken {
    Message(Message),
    Ended,
    Timeout,
}

impl<R> Leg<R> {
    pub(crate) fn new(
        name: &'static str,
        socket: WebSocketStream<TcpStream>,
        path: &str,
        key: &Arc<PrivateKey>,
        clock: Clock,
        protocol: Connection<R>,
    ) -> Self {
        Self {
            name,
            socket,
            text: path.contains("encoding=text"),
            clock,
            protocol,
            key: Arc::clone(key),
            outbox: VecDeque::new(),
        }
    }

    /// Writes everything that waits. Not to be interrupted, unlike [`Self::wake`].
    pub(crate) async fn write(&mut self) -> Result<()> {
        while self.protocol.is_established()
            && let Some(text) = self.outbox.pop_front()
        {
            self.protocol.send(&text, self.clock.now())?;
        }
        while let Some(bytes) = self.protocol.poll_transmit() {
            let message = if self.text {
                Message::Text(Utf8Bytes::try_from(bytes)?)
            } else {
                Message::Binary(bytes.into())
            };
            self.socket.send(message).await?;
        }
        Ok(())
    }

    pub(crate) async fn wake(&mut self) -> Result<Woken> {
        let deadline = self.protocol.poll_timeout();
        let deadline = deadline.map(|time| self.clock.instant(time));
        let timeout = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = timeout => Ok(Woken::Timeout),
            message = self.socket.next() => Ok(match message {
                Some(message) => Woken::Message(message?),
                None => Woken::Ended,
            }),
        }
    }

    pub(crate) fn handle(&mut self, woken: Result<Woken>) -> Result<()> {
        let now = self.clock.now();
        match woken? {
            Woken::Message(Message::Text(text)) => {
                self.protocol.handle_bytes(text.as_bytes(), now);
            }
            Woken::Message(Message::Binary(bytes)) => self.protocol.handle_bytes(&bytes, now),
            // Pings are answered by tungstenite.
            Woken::Message(message) if !message.is_close() => {}
            Woken::Message(_) | Woken::Ended => self.protocol.handle_eof(),
            Woken::Timeout => self.protocol.handle_timeout(now),
        }
        Ok(())
    }

    pub(crate) fn answer(&mut self, request: &PrivateKeyRequest) {
        let response = request.answer(&self.key, &mut native::random());
        let now = self.clock.now();
        self.protocol.handle_private_key(response, now);
    }

    /// Prints what this side said: the proof that it was read.
    pub(crate) fn tell(&self, text: &[u8]) -> Result<()> {
        let text = serde_json::to_string(&String::from_utf8_lossy(text))?;
        say(&format!("read {} {text}", self.name))?;
        Ok(())
    }

    pub(crate) async fn finish(&mut self) -> Result<()> {
        self.write().await?;
        self.protocol.finish(self.clock.now());
        self.write().await?;
        // The other end may be gone already; what matters has been written.
        let _ = tokio::time::timeout(Duration::from_secs(2), self.socket.close(None)).await;
        Ok(())
    }
}
