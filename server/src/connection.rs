//! The handler that every session ends in: it drives the protocol over any byte stream, between the
//! stream and the hub. Holds no socket options, no HTTP and no framing.

mod ending;
mod log;
mod read_buffer;

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use native::clock::Clock;
use shared::chat::UserId;
use shared::connection::{
    CloseReason, Event, PrivateKeyRequest, SendError, ServerConfig, ServerConnection,
};
use shared::error::ErrorCode;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::admission::Permit;
use crate::client_address::ClientAddress;
use crate::clients::{Entry, Transport};
use crate::context::Context;
use crate::hub::{self, Due};
use crate::metrics::handshake_result;
use crate::refusal;
use crate::telemetry::{self, Span};

pub use ending::{Ending, Failure};
use read_buffer::ReadBuffer;

/// The time after which a peer that takes no bytes counts as gone.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The time for which a connection that ends waits until its last entries are durable. Only a store
/// that hangs takes longer, and then the log names the store.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(5);

/// The size in bytes at which waiting messages are sealed into a write of their own.
const BATCH_BYTES: usize = 64 * 1024;

/// Runs a session over `stream` from the announcement to its end. The caller shuts the stream down.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    address: ClientAddress,
    transport: Transport,
    protocol: &Arc<ServerConfig>,
    permit: &Permit,
    context: &Context,
) -> Ending {
    let client = context.clients.enter(address, transport);
    log::connected(&client);
    let metrics = &context.metrics().connections;
    let _open = metrics.open(transport);
    let clock = Clock::start();
    let mut session = Session {
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
        handshake: telemetry::handshake(transport),
    };
    let ending = tokio::select! {
        ending = session.run() => ending,
        () = permit.displaced() => Ending::Displaced,
    };
    let handshake = std::mem::take(&mut session.handshake);
    // It leaves the hub before the log says that it is gone.
    drop(session);
    if client.session.get().is_none() {
        metrics.handshake_ended(&ending);
        handshake.failed(handshake_result(&ending));
    }
    log::closed(&client, &ending, clock, context);
    ending
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
    /// The span of the handshake, until that is done.
    handshake: Span,
}

/// The event that woke a session.
enum Wake {
    Read(io::Result<usize>),
    Hub(Due),
    Timeout,
    IdleBuffer,
    Stop,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    /// Runs the session to its end.
    async fn run(&mut self) -> Ending {
        match self.drive().await {
            Ok(ending) => match self.leave(&ending).await {
                Ok(()) => ending,
                Err(failure) => failure.into(),
            },
            Err(failure) => failure.into(),
        }
    }

    /// Handles what happens until the session ends, and returns its cause. What waits for the client
    /// then is not written yet.
    async fn drive(&mut self) -> Result<Ending, Failure> {
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
                Wake::Read(Err(error)) => return Err(Failure::Stream(error)),
                Wake::Hub(Due::Text(text)) => self.send_waiting(text)?,
                Wake::Hub(Due::Quit) => return Ok(Ending::Quit),
                // The wake itself is all that is needed: `handle_events` below goes on with the
                // messages that were held back.
                Wake::Hub(Due::Resume) => {}
                Wake::Hub(Due::Ended(code)) => return self.close(code),
                Wake::Timeout => {
                    let now = self.clock.now();
                    self.protocol()?.handle_timeout(now);
                }
                Wake::IdleBuffer => buffer.shrink(),
                Wake::Stop => return self.close(ErrorCode::ServerStopping),
            }
            if let ControlFlow::Break(ending) = self.handle_events().await? {
                return Ok(ending);
            }
        }
    }

    fn protocol(&mut self) -> Result<&mut ServerConnection, Failure> {
        self.protocol.as_mut().ok_or(Failure::Internal)
    }

    async fn wake(&mut self, buffer: &mut ReadBuffer) -> Result<Wake, Failure> {
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
            () = tokio::time::sleep(read_buffer::IDLE), if buffer.has_grown() => Wake::IdleBuffer,
            read = self.stream.read(&mut buffer.bytes), if reads => Wake::Read(read),
        })
    }

    fn wants_more(&self) -> bool {
        self.hub.as_ref().is_none_or(hub::Session::wants_more)
    }

    /// Handles the received events, as far as the session's budget allows. One record may hold
    /// thousands of requests; the rest of them waits, opened, until the answers to the first ones
    /// are sent.
    async fn handle_events(&mut self) -> Result<ControlFlow<Ending>, Failure> {
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
                    log::established(self.client, version, key, session_id, self.context);
                    // A connection is established once, so this cannot fail.
                    let _ = self.client.session.set((version, key));
                    self.context.metrics().connections.handshake_done(version);
                    std::mem::take(&mut self.handshake).established(version);
                    let hub = &self.context.hub;
                    // Asked now, because only the handshake shows whether the connection is an
                    // operator's.
                    if let Err(full) = self.permit.establish(|| hub.is_operator(UserId(key))) {
                        refusal::log(self.client.address, full, self.context);
                        return self.close(full.code()).map(ControlFlow::Break);
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
                Event::Closed(reason) => {
                    return Ok(ControlFlow::Break(Ending::Protocol(reason)));
                }
                _ => {}
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Performs the handshake's RSA on the pool. The whole connection goes there, because with the
    /// answer it verifies the client's signature, which is RSA too.
    async fn answer(&mut self, request: PrivateKeyRequest) -> Result<(), Failure> {
        let mut protocol = self.protocol.take().ok_or(Failure::Internal)?;
        let key = self.context.identity.clone();
        let clock = self.clock;
        let _span = self.handshake.child_of("handshake.private_key");
        let answered = self.context.rsa.run(move || {
            let response = request.answer(&key, &mut native::random());
            protocol.handle_private_key(response, clock.now());
            protocol
        });
        self.protocol = Some(answered.await.map_err(|_| Failure::Internal)?);
        Ok(())
    }

    fn handle_plaintext(&mut self, plaintext: &[u8]) {
        let Some(hub) = &mut self.hub else {
            return;
        };
        if self.context.config().log_plaintext {
            let text = hub::loggable(plaintext);
            // Quoted, so that a text cannot pretend to be another log entry.
            tracing::info!(connection = %self.client.id, from = %hub.name(), ?text, "plaintext");
        }
        hub.handle(plaintext);
    }

    /// Seals `text` and the messages behind it.
    fn send_waiting(&mut self, text: Arc<str>) -> Result<(), Failure> {
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
                    let Some(hub) = &self.hub else {
                        return Ok(());
                    };
                    let notice = hub.notice_text(&notice);
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
    async fn write_out(&mut self) -> Result<(), Failure> {
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
                Ok(Err(error)) => return Err(Failure::Stream(error)),
                Err(_) => return Err(Failure::WriteTimeout),
            }
            self.client
                .bytes_out
                .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Seals `code` for the client, behind the messages that wait for it, and returns the ending.
    fn close(&mut self, code: ErrorCode) -> Result<Ending, Failure> {
        while let Some(text) = self.hub.as_mut().and_then(hub::Session::try_next) {
            self.send_waiting(text)?;
        }
        let now = self.clock.now();
        self.protocol()?.close(code, now);
        Ok(Ending::Protocol(CloseReason::Local(code)))
    }

    /// Leaves the hub, writes the messages that still wait for the client, and ends as the protocol
    /// does. A client that only closed its writing half gets all its answers in this way.
    async fn leave(&mut self, ending: &Ending) -> Result<(), Failure> {
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
        self.write_out().await
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
