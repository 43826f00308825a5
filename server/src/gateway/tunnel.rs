//! A WebSocket as a byte stream: messages are spliced in order in both directions, and their
//! boundaries mean nothing. The tunnel does not know the protocol that the bytes belong to.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::listener::linger;

/// The interval at which a silent peer is asked whether it is there. A ping that is unanswered at
/// the next one ends the tunnel. Proxies, too, close a connection that is silent for about a
/// minute.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// The most pings and pongs from a peer between two of the server's own pings. An honest browser
/// sends one pong; each ping makes the server write.
const CONTROL_FRAMES: u32 = 100;

/// The time that the closing handshake may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The read buffer's size in bytes. tungstenite allocates it for every connection, and its own
/// default is 128 KiB.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// The largest single message that is written, in bytes: most of the time one frame of the
/// protocol. tungstenite's write buffer never shrinks, so an idle connection holds at most this.
const WRITE_MESSAGE_BYTES: usize = 64 * 1024;

/// The most bytes that a peer may send without ending a message, until its handshake is done: both
/// versions' handshakes fit. tungstenite collects the fragments of a message up to the limit of the
/// longest frame, and 500 strangers with a fragment of 1 MB each would hold half a gigabyte.
const STRANGER_BYTES: usize = 16 * 1024 + READ_BUFFER_BYTES;

/// The type of the tunnel's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Binary messages, which may hold any bytes.
    Binary,
    /// Text messages, which are UTF-8, so that a browser's developer tools show them readable.
    Text,
}

/// The server's end of a tunnel.
#[derive(Debug)]
pub struct Tunnel<S> {
    socket: WebSocketStream<Meter<S>>,
    encoding: Encoding,
    /// The rest of the message that is being read.
    incoming: Bytes,
    /// The start of a UTF-8 character whose rest is not written yet (text only).
    unfinished: Vec<u8>,
    pings: Interval,
    awaiting_pong: bool,
    control_frames: u32,
    /// A ping, or an answer of tungstenite's, is not flushed yet.
    flush_due: bool,
    /// The fault for which the tunnel itself ends, whatever the session's end is.
    fault: Option<CloseCode>,
    /// The peer has closed, and tungstenite has answered: nothing more may be written.
    peer_closed: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Tunnel<S> {
    /// Creates a tunnel on an upgraded stream. One message may have `longest_frame` bytes, but only
    /// [`STRANGER_BYTES`] until `established` is set.
    pub async fn new(
        stream: S,
        encoding: Encoding,
        longest_frame: usize,
        established: Arc<AtomicBool>,
    ) -> Self {
        let stream = Meter {
            stream,
            since_message: 0,
            established,
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            // Written at once: the session has put everything that waits into one write already.
            .write_buffer_size(0)
            .max_write_buffer_size(2 * WRITE_MESSAGE_BYTES)
            .max_message_size(Some(longest_frame))
            .max_frame_size(Some(longest_frame));
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
        let mut pings = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
        // Two ticks right behind each other, after a pause of the process, would end the tunnel
        // before a pong could come.
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            socket,
            encoding,
            incoming: Bytes::new(),
            unfinished: Vec::new(),
            pings,
            awaiting_pong: false,
            control_frames: 0,
            flush_due: false,
            fault: None,
            peer_closed: false,
        }
    }

    /// Ends the tunnel with the closing handshake (RFC 6455 §7.1.2), and with `code` or the code of
    /// the tunnel's own fault.
    pub(super) async fn close(mut self, code: CloseCode) {
        let code = self.fault.unwrap_or(code);
        let ending = async {
            let frame = CloseFrame {
                code,
                reason: Utf8Bytes::default(),
            };
            if self.peer_closed {
                return self.socket.flush().await;
            }
            self.socket.send(Message::Close(Some(frame))).await?;
            // A peer that broke the rules is not read any more, not even for its answer.
            while self.fault.is_none()
                && let Some(message) = self.socket.next().await
            {
                message?;
            }
            Ok::<_, Error>(())
        };
        // The stream is dropped next, whatever the result is; but not with unread bytes in it,
        // which would reset it and could take the close code with them.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, ending).await;
        linger(&mut self.socket.get_mut().stream).await;
    }

    fn fail(&mut self, code: CloseCode, kind: io::ErrorKind, text: &'static str) -> io::Error {
        self.fault = Some(code);
        io::Error::new(kind, text)
    }

    /// Asks a silent peer whether it is there, and flushes waiting bytes.
    fn poll_upkeep(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        // Polled until it is pending: only then does the next tick wake this task while the peer is
        // silent.
        while self.pings.poll_tick(cx).is_ready() {
            if self.awaiting_pong {
                return Err(self.fail(
                    CloseCode::Away,
                    io::ErrorKind::TimedOut,
                    "the peer does not answer pings",
                ));
            }
            self.control_frames = 0;
            // A peer that does not even let the server write a ping is caught at the next one.
            self.awaiting_pong = true;
            if Pin::new(&mut self.socket).poll_ready(cx).is_ready() {
                let ping = Message::Ping(Bytes::new());
                Pin::new(&mut self.socket)
                    .start_send(ping)
                    .map_err(|error| self.io_error(error))?;
                self.flush_due = true;
            }
        }
        if self.flush_due {
            match Pin::new(&mut self.socket).poll_flush(cx) {
                // The flush stays due: a peer that takes nothing must not keep its own messages
                // from being read.
                Poll::Pending => {}
                Poll::Ready(result) => {
                    self.flush_due = false;
                    result.map_err(|error| self.io_error(error))?;
                }
            }
        }
        Ok(())
    }

    /// Takes a message. `Ok(true)` means that the peer has closed.
    fn take(&mut self, message: Message) -> io::Result<bool> {
        self.socket.get_mut().since_message = 0;
        match (message, self.encoding) {
            (Message::Text(text), Encoding::Text) => self.incoming = text.into(),
            (Message::Binary(bytes), Encoding::Binary) => self.incoming = bytes,
            (Message::Text(_) | Message::Binary(_), _) => {
                return Err(self.fail(
                    CloseCode::Unsupported,
                    io::ErrorKind::InvalidData,
                    "the peer's message is not of the tunnel's encoding",
                ));
            }
            (Message::Ping(_) | Message::Pong(_), _) => {
                // Any control frame shows that the peer is alive; tungstenite has queued the answer
                // to a ping, which the flush sends.
                self.awaiting_pong = false;
                self.flush_due = true;
                self.control_frames += 1;
                if self.control_frames > CONTROL_FRAMES {
                    return Err(self.fail(
                        CloseCode::Policy,
                        io::ErrorKind::InvalidData,
                        "the peer floods us with pings",
                    ));
                }
            }
            (Message::Close(_) | Message::Frame(_), _) => {
                self.peer_closed = true;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn io_error(&mut self, error: Error) -> io::Error {
        let (code, kind) = match &error {
            Error::Utf8(_) => (CloseCode::Invalid, io::ErrorKind::InvalidData),
            Error::Capacity(_) => (CloseCode::Size, io::ErrorKind::InvalidData),
            Error::Protocol(_) => (CloseCode::Protocol, io::ErrorKind::InvalidData),
            // The meter's error: tungstenite passes it on as an error of the stream.
            Error::Io(error) if self.socket.get_ref().is_over() => {
                return self.fail(CloseCode::Size, error.kind(), TOO_MUCH);
            }
            _ => (CloseCode::Error, io::ErrorKind::Other),
        };
        // A failed stream takes no close frame.
        if let Error::Io(error) = error {
            return error;
        }
        self.fault = Some(code);
        io::Error::new(kind, error)
    }

    /// Returns the next message to write for `bytes`, and the number of bytes that it takes. In a
    /// text tunnel an incomplete character waits for its rest.
    fn message_of(&mut self, bytes: &[u8]) -> io::Result<(Option<Message>, usize)> {
        let taken = bytes.len().min(WRITE_MESSAGE_BYTES);
        let bytes = &bytes[..taken];
        if self.encoding == Encoding::Binary {
            return Ok((Some(Message::Binary(Bytes::copy_from_slice(bytes))), taken));
        }
        let mut text = std::mem::take(&mut self.unfinished);
        // The protocol's bytes can be cut anywhere, but a text message has to be valid UTF-8 by
        // itself (RFC 6455 §5.6).
        text.extend_from_slice(bytes);
        let complete = match std::str::from_utf8(&text) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => {
                return Err(self.fail(
                    CloseCode::Invalid,
                    io::ErrorKind::InvalidData,
                    "what is to be written to a text tunnel is not UTF-8",
                ));
            }
        };
        self.unfinished = text.split_off(complete);
        let text = String::from_utf8(text)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(((!text.is_empty()).then(|| Message::text(text)), taken))
    }
}

/// The stream below a WebSocket; it counts the bytes since the last whole message.
#[derive(Debug)]
struct Meter<S> {
    stream: S,
    since_message: usize,
    established: Arc<AtomicBool>,
}

const TOO_MUCH: &str = "the peer sent too much before its handshake was done";

impl<S> Meter<S> {
    fn is_over(&self) -> bool {
        // Relaxed is enough: the session that sets the flag reads this stream in the same task.
        self.since_message > STRANGER_BYTES && !self.established.load(Ordering::Relaxed)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Meter<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Checked before the read, so that tungstenite gets no further fragment to collect.
        if self.is_over() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, TOO_MUCH)));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.since_message += buffer.filled().len() - before;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Meter<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
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
            this.poll_upkeep(cx)?;
            match ready!(Pin::new(&mut this.socket).poll_next(cx)) {
                None | Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => {
                    return Poll::Ready(Ok(()));
                }
                Some(Err(error)) => return Poll::Ready(Err(this.io_error(error))),
                Some(Ok(message)) => {
                    if this.take(message)? {
                        return Poll::Ready(Ok(()));
                    }
                }
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
        if this.peer_closed {
            // As with TCP: bytes for a peer that has closed go nowhere.
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(Pin::new(&mut this.socket).poll_ready(cx)).map_err(|error| this.io_error(error))?;
        let (message, taken) = this.message_of(bytes)?;
        if let Some(message) = message {
            Pin::new(&mut this.socket)
                .start_send(message)
                .map_err(|error| this.io_error(error))?;
        }
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.peer_closed {
            // `Tunnel::close` writes the answer to the peer's close.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.socket)
            .poll_flush(cx)
            .map_err(|error| this.io_error(error))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match ready!(Pin::new(&mut this.socket).poll_close(cx)) {
            Ok(()) | Err(Error::ConnectionClosed | Error::AlreadyClosed) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(this.io_error(error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    async fn pair(encoding: Encoding) -> (Tunnel<DuplexStream>, WebSocketStream<DuplexStream>) {
        let (ours, theirs) = duplex(64 * 1024);
        let established = Arc::<AtomicBool>::default();
        let tunnel = Tunnel::new(ours, encoding, 1 << 20, established).await;
        (
            tunnel,
            WebSocketStream::from_raw_socket(theirs, Role::Client, None).await,
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_asked_once_and_then_given_up() {
        let (mut tunnel, _silent) = pair(Encoding::Binary).await;
        let start = Instant::now();
        let error = tunnel.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), 2 * PING_INTERVAL);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_answers_pings_stays() {
        let (mut tunnel, mut peer) = pair(Encoding::Binary).await;
        let answering = tokio::spawn(async move {
            let quiet_for = 10 * PING_INTERVAL + Duration::from_secs(1);
            let _ = tokio::time::timeout(quiet_for, async {
                while let Some(Ok(_ping)) = peer.next().await {
                    peer.flush().await.unwrap();
                }
            })
            .await;
            peer.send(Message::Binary(Bytes::from_static(b"x")))
                .await
                .unwrap();
            peer
        });
        assert_eq!(tunnel.read_u8().await.unwrap(), b'x');
        answering.await.unwrap();
    }

    #[tokio::test]
    async fn a_stranger_cannot_make_the_tunnel_collect_a_large_message() {
        for is_established in [false, true] {
            let (mut tunnel, mut peer) = pair(Encoding::Binary).await;
            let meter = tunnel.socket.get_ref();
            meter.established.store(is_established, Ordering::Relaxed);
            let sending = tokio::spawn(async move {
                // The sending fails where the tunnel ends.
                let large = Message::Binary(vec![0; 500_000].into());
                let _ = peer.send(large).await;
                peer
            });
            let result = tunnel.read_u8().await;
            if is_established {
                assert_eq!(result.unwrap(), 0);
            } else {
                let error = result.unwrap_err();
                assert_eq!(error.to_string(), TOO_MUCH);
                assert_eq!(tunnel.fault, Some(CloseCode::Size));
                let collected = tunnel.socket.get_ref().since_message;
                assert!(
                    collected <= STRANGER_BYTES + READ_BUFFER_BYTES,
                    "{collected}"
                );
            }
            drop(tunnel);
            sending.await.unwrap();
        }
    }

    #[tokio::test]
    async fn small_messages_of_a_stranger_are_read_however_many() {
        let (mut tunnel, mut peer) = pair(Encoding::Binary).await;
        let sending = tokio::spawn(async move {
            for _ in 0..1000 {
                let small = Message::Binary(vec![0; 100].into());
                peer.send(small).await.unwrap();
            }
            peer
        });
        let mut read = vec![0; 100_000];
        tunnel.read_exact(&mut read).await.unwrap();
        sending.await.unwrap();
    }

    #[tokio::test]
    async fn a_character_that_is_split_between_two_writes_arrives_whole() {
        let (mut tunnel, mut peer) = pair(Encoding::Text).await;
        let text = "aü🦀".as_bytes();
        for byte in text {
            tunnel.write_all(&[*byte]).await.unwrap();
            tunnel.flush().await.unwrap();
        }
        let mut received = String::new();
        while received.len() < text.len() {
            received.push_str(&peer.next().await.unwrap().unwrap().into_text().unwrap());
        }
        assert_eq!(received.as_bytes(), text);
        tunnel.write_all(b"\xff").await.unwrap_err();
    }
}
