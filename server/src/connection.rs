//! The handler that every session ends in: it drives the protocol over any byte stream, between the
//! stream and the hub. Holds no socket options, no HTTP and no framing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use native::clock::Clock;
use shared::chat::UserId;
use shared::connection::{
    CloseReason, Event, PrivateKeyRequest, SendError, ServerConfig, ServerConnection,
};
use shared::error::ErrorCode;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::admission::Permit;
use crate::clients::{Entry, Transport};
use crate::context::Context;
use crate::hub::{self, Due};
use crate::listener;
use crate::logging::Excerpt;

/// The time after which a peer that takes no bytes counts as gone.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The time for which a connection that ends waits until its last entries are durable. Only a store
/// that hangs takes longer, and then the log names the store.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(5);

/// The size in bytes at which waiting messages are sealed into a write of their own.
const BATCH_BYTES: usize = 64 * 1024;

/// The read buffer's sizes in bytes: small while a connection is idle, because most are, and large
/// while much arrives.
const READ_BUFFER_BYTES: std::ops::RangeInclusive<usize> = 2 * 1024..=64 * 1024;

/// The time after which a grown read buffer returns to its smallest size: ten thousand clients that
/// sent one large frame each must not hold 640 MB.
const READ_BUFFER_IDLE: Duration = Duration::from_secs(1);

/// The end of a session and its cause.
#[derive(Debug, Error)]
pub enum Ending {
    /// The protocol ended the session.
    #[error("{0}")]
    Protocol(CloseReason),
    /// The client sent `/quit`.
    #[error("the client quit")]
    Quit,
    /// The stream failed.
    #[error("the stream failed: {0}")]
    Stream(#[source] io::Error),
    /// The peer took no bytes for [`WRITE_TIMEOUT`].
    #[error("the client took nothing for {} s", WRITE_TIMEOUT.as_secs())]
    WriteTimeout,
    /// A newer connection took the permit before this one had shown its key.
    #[error("the server is full, and another connection took the permit")]
    Displaced,
    /// The server could not go on with this session.
    #[error("the server could not go on with this session")]
    Internal,
}

/// Runs a session over `stream` from the announcement to its end. The caller shuts the stream down.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    address: SocketAddr,
    transport: Transport,
    protocol: &Arc<ServerConfig>,
    permit: &Permit,
    context: &Context,
) -> Ending {
    let client = context.clients.enter(address, transport);
    // A debug line only, because a stranger can connect without showing a key. A key that was shown
    // gets a line of its own.
    tracing::debug!(connection = %client.id, %address, %transport, "connected");
    let clock = Clock::start();
    let session = Session {
        stream,
        protocol: Some(ServerConnection::new(
            Arc::clone(protocol),
            native::random(),
            clock.now(),
        )),
        clock,
        client: &client,
        permit,
        context,
        hub: None,
    };
    let ending = tokio::select! {
        ending = session.run() => match ending {
            Ok(never) => match never {},
            Err(ending) => ending,
        },
        () = permit.displaced() => Ending::Displaced,
    };
    let (bytes_in, bytes_out) = (
        client.bytes_in.load(Ordering::Relaxed),
        client.bytes_out.load(Ordering::Relaxed),
    );
    let seconds = clock
        .now()
        .saturating_since(shared::time::Time::default())
        .as_secs_f64();
    let throttle = match client.session.get() {
        Some(_) => &context.visitors,
        None => &context.strangers,
    };
    let suppressed = throttle.take(address.ip());
    if let Some(suppressed) = suppressed {
        let suppressed = (suppressed > 0).then_some(suppressed);
        tracing::info!(
            connection = %client.id, %address, %transport, reason = %Excerpt(&ending),
            bytes_in, bytes_out, seconds = format_args!("{seconds:.1}"), suppressed, "closed"
        );
    } else {
        // An administrator who asks for this level wants every line.
        tracing::debug!(
            connection = %client.id, %address, %transport, reason = %Excerpt(&ending), "closed"
        );
    }
    ending
}

/// Refuses a connection that was not admitted: sends the announcement and the error, nothing else.
pub async fn refuse<S: AsyncWrite + Unpin>(
    stream: &mut S,
    protocol: &Arc<ServerConfig>,
    code: ErrorCode,
) {
    let now = shared::time::Time::default();
    let mut connection = ServerConnection::new(Arc::clone(protocol), native::random(), now);
    connection.close(code, now);
    if let Some(bytes) = connection.poll_transmit() {
        // A peer that does not even take these bytes is refused all the same.
        let _ = tokio::time::timeout(Duration::from_secs(1), stream.write_all(&bytes)).await;
    }
}

struct Session<'a, S> {
    stream: &'a mut S,
    /// `None` only while the pool performs the handshake's RSA.
    protocol: Option<ServerConnection>,
    clock: Clock,
    client: &'a Entry<'a>,
    permit: &'a Permit,
    context: &'a Context,
    hub: Option<hub::Session>,
}

/// The event that woke a session.
enum Wake {
    Read(io::Result<usize>),
    Hub(Due),
    Timeout,
    IdleBuffer,
    Stop,
}

/// The type of a session's success: a session ends with an [`Ending`] only.
type Never = std::convert::Infallible;

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    async fn run(mut self) -> Result<Never, Ending> {
        let mut buffer = ReadBuffer::new();
        loop {
            // Written before every wait, so that no sealed message waits for the peer's next byte.
            self.write_out().await?;
            match self.wake(&mut buffer).await? {
                Wake::Read(Ok(0)) => self.protocol()?.handle_eof(),
                Wake::Read(Ok(length)) => {
                    // Relaxed, as the bytes out: operators are shown the counts, and nothing is
                    // decided by them.
                    self.client
                        .bytes_in
                        .fetch_add(length as u64, Ordering::Relaxed);
                    let now = self.clock.now();
                    self.protocol()?.handle_bytes(&buffer.bytes[..length], now);
                    buffer.adapt(length);
                }
                Wake::Read(Err(error)) => return Err(Ending::Stream(error)),
                Wake::Hub(Due::Text(text)) => self.send_waiting(text)?,
                Wake::Hub(Due::Quit) => return self.end(Ending::Quit).await,
                // The wake itself is all that is needed: `handle_events` below goes on with the
                // messages that were held back.
                Wake::Hub(Due::Resume) => {}
                Wake::Hub(Due::Ended(code)) => return self.end_with(code).await,
                Wake::Timeout => {
                    let now = self.clock.now();
                    self.protocol()?.handle_timeout(now);
                }
                Wake::IdleBuffer => buffer.shrink(),
                Wake::Stop => return self.end_with(ErrorCode::ServerStopping).await,
            }
            self.handle_events().await?;
        }
    }

    fn protocol(&mut self) -> Result<&mut ServerConnection, Ending> {
        self.protocol.as_mut().ok_or(Ending::Internal)
    }

    async fn wake(&mut self, buffer: &mut ReadBuffer) -> Result<Wake, Ending> {
        let deadline = self
            .protocol()?
            .poll_timeout()
            .map(|time| self.clock.instant(time));
        // A client that sends requests faster than it takes the answers is not read for now, and
        // TCP slows it down.
        let reads = self.wants_more();
        Ok(tokio::select! {
            () = self.context.stop.cancelled() => Wake::Stop,
            () = sleep_until(deadline) => Wake::Timeout,
            due = next_due(self.hub.as_mut()) => Wake::Hub(due),
            () = tokio::time::sleep(READ_BUFFER_IDLE), if buffer.has_grown() => Wake::IdleBuffer,
            read = self.stream.read(&mut buffer.bytes), if reads => Wake::Read(read),
        })
    }

    fn wants_more(&self) -> bool {
        self.hub.as_ref().is_none_or(hub::Session::wants_more)
    }

    /// Handles the received events, as far as the session's budget allows. One record may hold
    /// thousands of requests; the rest of them waits, opened, until the answers to the first ones
    /// are sent.
    async fn handle_events(&mut self) -> Result<(), Ending> {
        while self.wants_more() {
            let Some(event) = self.protocol()?.poll_event() else {
                break;
            };
            match event {
                Event::PrivateKey(request) => self.answer(request).await?,
                Event::Established {
                    version,
                    peer,
                    session_id,
                } => {
                    let key = peer.fingerprint();
                    // Both sides have the same session id only if nobody sits in between; the log
                    // lets people compare.
                    let session = session_id.map(tracing::field::display);
                    let (id, address) = (self.client.id, self.client.address);
                    let transport = self.client.transport;
                    // Keys are cheap: a stranger who connects again and again must not fill the log.
                    if let Some(suppressed) = self.context.visitors.take(address.ip()) {
                        let suppressed = (suppressed > 0).then_some(suppressed);
                        tracing::info!(
                            connection = %id, %address, %transport, %version, %key, session,
                            suppressed, "handshake done"
                        );
                    } else {
                        tracing::debug!(
                            connection = %id, %address, %transport, %version, %key, session,
                            "handshake done"
                        );
                    }
                    // A connection is established once, so this cannot fail.
                    let _ = self.client.session.set((version, key));
                    let hub = &self.context.hub;
                    // Asked now, because only the handshake shows whether the connection is an
                    // operator's.
                    if let Err(full) = self.permit.establish(|| hub.is_operator(UserId(key))) {
                        listener::log_refusal(self.client.address, full, self.context);
                        return self.end_with(full.code()).await;
                    }
                    self.hub = Some(self.context.hub.join(
                        self.client.id,
                        key,
                        self.client.address.ip(),
                        version,
                    ));
                }
                Event::Message(plaintext) => {
                    self.handle_plaintext(&plaintext);
                    // One read may hold hundreds of lines, each for thousands of members: the
                    // thread's other tasks get their turn in between.
                    tokio::task::coop::consume_budget().await;
                }
                Event::Closed(reason) => return self.end(Ending::Protocol(reason)).await,
                _ => {}
            }
        }
        Ok(())
    }

    /// Performs the handshake's RSA on the pool. The whole connection goes there, because with the
    /// answer it verifies the client's signature, which is RSA too.
    async fn answer(&mut self, request: PrivateKeyRequest) -> Result<(), Ending> {
        let mut protocol = self.protocol.take().ok_or(Ending::Internal)?;
        let key = self.context.identity.clone();
        let clock = self.clock;
        let answered = self.context.rsa.run(move || {
            let response = request.answer(&key, &mut native::random());
            protocol.handle_private_key(response, clock.now());
            protocol
        });
        self.protocol = Some(answered.await.map_err(|_| Ending::Internal)?);
        Ok(())
    }

    fn handle_plaintext(&mut self, plaintext: &[u8]) {
        let Some(hub) = &mut self.hub else {
            return;
        };
        if self.context.config.log_plaintext {
            let text = hub::loggable(plaintext);
            // Quoted, so that a text cannot pretend to be another log entry.
            tracing::info!(connection = %self.client.id, from = %hub.name(), ?text, "plaintext");
        }
        hub.handle(plaintext);
    }

    /// Seals `text` and the messages behind it.
    fn send_waiting(&mut self, text: Arc<str>) -> Result<(), Ending> {
        let now = self.clock.now();
        let mut next = Some(text);
        let mut sealed = 0;
        while let Some(text) = next {
            sealed += text.len();
            match self.protocol()?.send(text.as_bytes(), now) {
                Ok(()) => {}
                // Only where the server allows texts that are longer than v2 can carry.
                Err(SendError::TooLarge { limit }) => {
                    tracing::warn!(
                        connection = %self.client.id, bytes = text.len(), limit,
                        "a text is too long for the client's protocol; lower max_text_bytes"
                    );
                    let notice = format!(
                        "A line of {} bytes was not sent to you: a message of your protocol has \
                         at most {limit}.",
                        text.len()
                    );
                    let notice = self.hub.as_ref().map(|hub| hub.notice_text(&notice));
                    let notice = notice.unwrap_or_default();
                    if self.protocol()?.send(notice.as_bytes(), now).is_err() {
                        return Ok(());
                    }
                }
                Err(_) => return Ok(()),
            }
            next = match &mut self.hub {
                Some(hub) if sealed < BATCH_BYTES => hub.try_next(),
                _ => None,
            };
        }
        Ok(())
    }

    /// Writes all sealed bytes.
    async fn write_out(&mut self) -> Result<(), Ending> {
        while let Some(bytes) = self.protocol()?.poll_transmit() {
            let stream = &mut *self.stream;
            let write = async {
                stream.write_all(&bytes).await?;
                stream.flush().await
            };
            // Bounded, because a peer that takes nothing would hold its permit and its queue for
            // ever.
            match tokio::time::timeout(WRITE_TIMEOUT, write).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(Ending::Stream(error)),
                Err(_) => return Err(Ending::WriteTimeout),
            }
            self.client
                .bytes_out
                .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Sends the client `code`, after the messages that wait for it, and ends the session.
    async fn end_with<T>(&mut self, code: ErrorCode) -> Result<T, Ending> {
        while let Some(text) = self.hub.as_mut().and_then(hub::Session::try_next) {
            self.send_waiting(text)?;
        }
        let now = self.clock.now();
        self.protocol()?.close(code, now);
        self.end(Ending::Protocol(CloseReason::Local(code))).await
    }

    /// Leaves the hub, writes the messages that still wait for the client, and ends as the protocol
    /// does. A client that only closed its writing half gets all its answers in this way.
    async fn end<T>(&mut self, ending: Ending) -> Result<T, Ending> {
        if matches!(
            ending,
            Ending::Quit | Ending::Protocol(CloseReason::PeerClosed)
        ) {
            // The client's last entries may not be durable yet, and the client waits for their
            // receipts.
            let deadline = tokio::time::Instant::now() + FAREWELL_TIMEOUT;
            while let Some(hub) = &mut self.hub {
                let due = tokio::time::timeout_at(deadline, hub.farewell());
                let Ok(Some(text)) = due.await else { break };
                self.send_waiting(text)?;
                self.write_out().await?;
            }
        }
        // Written between two batches, so that the sealed bytes of a full queue never wait beside
        // it.
        while let Some(text) = self.hub.as_mut().and_then(hub::Session::try_next) {
            self.write_out().await?;
            self.send_waiting(text)?;
        }
        // Before the last write, which may take as long as the write timeout: nothing more is
        // queued for the connection meanwhile.
        self.hub = None;
        let now = self.clock.now();
        self.protocol()?.finish(now);
        self.write_out().await?;
        Err(ending)
    }
}

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

async fn next_due(hub: Option<&mut hub::Session>) -> Due {
    match hub {
        Some(hub) => hub.next().await,
        None => std::future::pending().await,
    }
}

/// A read buffer that grows while reads fill it and shrinks when they no longer do.
struct ReadBuffer {
    bytes: Vec<u8>,
}

impl ReadBuffer {
    fn new() -> Self {
        Self {
            bytes: vec![0; *READ_BUFFER_BYTES.start()],
        }
    }

    fn adapt(&mut self, length: usize) {
        if length == self.bytes.len() && length < *READ_BUFFER_BYTES.end() {
            self.bytes.resize(length * 2, 0);
        } else if length < *READ_BUFFER_BYTES.start() && self.has_grown() {
            self.shrink();
        }
    }

    fn has_grown(&self) -> bool {
        self.bytes.len() > *READ_BUFFER_BYTES.start()
    }

    fn shrink(&mut self) {
        // `truncate` alone would keep the allocation, which is what has to be given back.
        self.bytes.truncate(*READ_BUFFER_BYTES.start());
        self.bytes.shrink_to_fit();
    }
}
