//! Drives the protocol over any byte stream, between the stream and the part that shows messages.
//! Knows no sockets, no terminal and no files.

mod output;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use client::liveness::{Due, Life, PING};
use native::clock::Clock;
use shared::connection::{ClientConnection, CloseReason, Event, SendError};
use shared::identity::PrivateKey;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadHalf, WriteHalf};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc};

use self::output::{OUTPUT_BYTES, Output};
use crate::capture::Secrets;
use crate::system;

const READ_BUFFER_BYTES: usize = 64 * 1024;

/// The time that the last bytes and the end of a stream may take once everything else is done.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);

/// The chat of a session, which decides how a silent server is asked whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chat {
    /// JSON: every server answers a `ping` (`pong`), also before `hello`.
    Json,
    /// Plain text, which a `ping` would end. The harmless question is `/who`; its answer is for
    /// nobody. It is asked only after [`GREETING`]: another server would pass it on as a text.
    PlainText,
}

impl Chat {
    fn probe(self) -> &'static [u8] {
        match self {
            Self::Json => PING.as_bytes(),
            Self::PlainText => b"/who",
        }
    }
}

/// The start of the notice by which a server shows that it has the commands of the plain-text chat
/// (PROTOCOL.md §4.1). No person can send a line that starts so.
const GREETING: &[u8] = b"* Welcome to the lobby, ";

/// A request of the person or of the pipe to the session.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// Sends this message.
    Message(Vec<u8>),
    /// Ends the sending; the rest of the server's messages is still read.
    Finish,
}

/// The ends of a session on the side that is not the stream.
pub(crate) struct Wiring {
    /// Takes messages to send. A closed channel means [`Outgoing::Finish`].
    pub(crate) outgoing: mpsc::Receiver<Outgoing>,
    /// Takes happenings to show. A closed channel ends the session.
    pub(crate) happenings: mpsc::Sender<Happening>,
    /// Ends the session at once.
    pub(crate) interrupt: Arc<Notify>,
    pub(crate) chat: Chat,
}

/// A happening that can be shown.
#[derive(Debug)]
pub(crate) enum Happening {
    /// An event of the protocol; never [`Event::PrivateKey`] or [`Event::Closed`].
    Event(Event),
    /// The length of a message that was not sent, and the reason.
    NotSent(usize, SendError),
    /// A silent server was asked whether it is there. Its answer follows, if it is.
    Probed,
    /// The capture has ended early, for this reason.
    CaptureEnded(String),
}

/// The use of the frames that the connection reports.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// They are happenings.
    pub(crate) shown: bool,
    /// The secrets in them go into a key log.
    pub(crate) secrets: Secrets,
}

/// The end of a session.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The protocol has ended the connection.
    Protocol(CloseReason),
    /// The stream has failed.
    Stream(io::Error),
    /// The channel of happenings was closed.
    Unwatched,
    /// The session was told to end.
    Interrupted,
    /// The server has not answered a probe in time.
    Silent,
    /// The server speaks HTTP where this protocol was expected.
    WebServer,
    /// The server speaks TLS where this protocol was expected.
    Tls,
}

/// The result of a session.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) ending: Ending,
    /// The handshake was completed.
    pub(crate) established: bool,
    /// The server never took some of the bytes that were to be sent.
    pub(crate) unsent: bool,
}

/// The way in which a client says that it has nothing more to send, while it goes on reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// By the protocol alone: v2's authenticated close.
    Protocol,
    /// By the protocol, and by ending this direction of the stream.
    ProtocolAndStream,
    /// By the lobby's own command: v1 through a WebSocket has neither of the others.
    Quit,
}

/// The start of a web server's answer (RFC 9112 §4).
const HTTP: &[u8] = b"HTTP/";

/// The start of a TLS alert, with which a server of TLS answers other bytes (RFC 8446 §5.1).
const TLS_ALERT: &[u8] = &[21, 3];

/// The lobby's command that ends a session.
const QUIT: &[u8] = b"/quit";

/// Runs a session to its end.
pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    connection: ClientConnection,
    clock: Clock,
    key: &PrivateKey,
    farewell: Farewell,
    wiring: Wiring,
    frames: Frames,
) -> Outcome {
    // Split, so that a server that takes nothing for a while can still be read.
    let (reader, writer) = tokio::io::split(stream);
    let mut session = Session {
        reader,
        writer,
        connection,
        clock,
        key,
        farewell,
        wiring,
        frames,
        output: Output::default(),
        waiting: VecDeque::new(),
        closed: None,
        input_ended: false,
        established: false,
        leaving: false,
        answers_probes: false,
        read: false,
        life: Life::start(clock.now(), system::unix_millis()),
    };
    let ending = session.run().await;
    session.part(&ending).await;
    Outcome {
        ending,
        established: session.established,
        unsent: !session.output.is_empty(),
    }
}

#[allow(
    clippy::struct_excessive_bools,
    reason = "independent facts, not states"
)]
struct Session<'a, S> {
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    connection: ClientConnection,
    clock: Clock,
    key: &'a PrivateKey,
    farewell: Farewell,
    wiring: Wiring,
    frames: Frames,
    output: Output,
    /// The happenings that were not shown yet. While there are any, nothing more is read, so a slow
    /// reader slows the server down instead of filling the memory.
    waiting: VecDeque<Happening>,
    closed: Option<CloseReason>,
    /// [`Outgoing::Finish`] was received.
    input_ended: bool,
    established: bool,
    /// Nothing is left to be sent or received.
    leaving: bool,
    /// The server is known to answer the probe.
    answers_probes: bool,
    /// Something was read.
    read: bool,
    life: Life,
}

/// The event that ended a session's wait.
enum Wake {
    Read(io::Result<usize>),
    Written(io::Result<()>),
    Outgoing(Outgoing),
    /// The channel of happenings has room for another one.
    Place,
    Unwatched,
    Interrupted,
    Timeout,
    /// The server may have been silent for too long.
    Silence,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    async fn run(&mut self) -> Ending {
        let mut buffer = vec![0; READ_BUFFER_BYTES];
        loop {
            self.settle();
            if self.waiting.is_empty()
                && let Some(reason) = self.closed.take()
            {
                return Ending::Protocol(reason);
            }
            if self.leaving && self.waiting.is_empty() {
                return Ending::Unwatched;
            }
            match self.wake(&mut buffer).await {
                Wake::Read(Ok(0)) => self.connection.handle_eof(),
                Wake::Read(Ok(length))
                    if let Some(other) = self.other_protocol(&buffer[..length]) =>
                {
                    return other;
                }
                Wake::Read(Ok(length)) => {
                    self.life.heard(self.clock.now());
                    self.connection
                        .handle_bytes(&buffer[..length], self.clock.now());
                }
                Wake::Silence => match self.life.check(self.clock.now(), system::unix_millis()) {
                    // A terminal has no place for a doubt that ends by itself.
                    Due::Nothing | Due::Doubt => {}
                    Due::Probe => self.probe(),
                    Due::End => return Ending::Silent,
                },
                // The bytes that the server sent before it ended may say why, so they are still
                // read.
                Wake::Written(Err(error)) => return self.drain(&mut buffer, error).await,
                Wake::Read(Err(error)) => return Ending::Stream(error),
                Wake::Outgoing(wish) => self.fulfil(wish),
                Wake::Written(Ok(())) | Wake::Place => {}
                Wake::Unwatched => return Ending::Unwatched,
                Wake::Interrupted => return Ending::Interrupted,
                Wake::Timeout => self.connection.handle_timeout(self.clock.now()),
            }
        }
    }

    /// Returns the ending for a server whose first bytes are those of another protocol. No version of
    /// this one begins like these, and a web server's port is an easy mistake.
    fn other_protocol(&mut self, bytes: &[u8]) -> Option<Ending> {
        let first = !std::mem::replace(&mut self.read, true);
        if first && bytes.starts_with(HTTP) {
            Some(Ending::WebServer)
        } else if first && bytes.starts_with(TLS_ALERT) {
            Some(Ending::Tls)
        } else {
            None
        }
    }

    async fn wake(&mut self, buffer: &mut [u8]) -> Wake {
        let deadline = self
            .connection
            .poll_timeout()
            .map(|time| self.clock.instant(time));
        let open = self.closed.is_none();
        let may_send = open
            && self.connection.is_established()
            && !self.input_ended
            && self.output.len() < OUTPUT_BYTES;
        let may_read = open && self.waiting.is_empty() && self.connection.wants_bytes();
        // Before the handshake is done the protocol has deadlines of its own.
        let asks = self.answers_probes && may_read;
        if !asks {
            // A session that does not read cannot tell whether the server is silent.
            self.life.heard(self.clock.now());
        }
        let silence = self.clock.instant(self.life.deadline());
        let wiring = &mut self.wiring;
        tokio::select! {
            // The branches stand in no order of priority: `select!` picks at random among those
            // that are ready, so that a busy stream cannot keep an interrupt waiting.
            () = wiring.interrupt.notified() => Wake::Interrupted,
            // Noticed also while there is nothing to show.
            () = wiring.happenings.closed() => Wake::Unwatched,
            place = wiring.happenings.reserve(), if !self.waiting.is_empty() => match place {
                Ok(_) => Wake::Place,
                Err(_) => Wake::Unwatched,
            },
            step = self.output.step(&mut self.writer), if open && self.output.wants() => {
                Wake::Written(step)
            }
            read = self.reader.read(buffer), if may_read => Wake::Read(read),
            wish = wiring.outgoing.recv(), if may_send => {
                Wake::Outgoing(wish.unwrap_or(Outgoing::Finish))
            }
            () = sleep_until(deadline), if open => Wake::Timeout,
            () = tokio::time::sleep_until(silence), if asks => Wake::Silence,
        }
    }

    /// Shows waiting happenings, as far as the channel takes them.
    fn show(&mut self) {
        while let Some(happening) = self.waiting.pop_front() {
            match self.wiring.happenings.try_send(happening) {
                Ok(()) => {}
                Err(TrySendError::Full(happening)) => {
                    return self.waiting.push_front(happening);
                }
                // Noticed at the session's next wait.
                Err(TrySendError::Closed(_)) => return self.waiting.clear(),
            }
        }
    }

    /// Lets the connection do all that it can. Sending causes events too, hence the loop.
    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(bytes) = self.connection.poll_transmit() {
                self.output.push(&bytes);
                quiet = false;
            }
            while let Some(event) = self.connection.poll_event() {
                quiet = false;
                match event {
                    Event::PrivateKey(request) => {
                        // Signing takes a millisecond, and there is nothing else to do meanwhile.
                        let answer = request.answer(self.key, &mut native::random());
                        self.connection.handle_private_key(answer, self.clock.now());
                    }
                    Event::Closed(reason) => self.closed = Some(reason),
                    Event::Frame(frame) => {
                        self.frames.secrets.see(&frame);
                        if self.frames.shown {
                            self.waiting
                                .push_back(Happening::Event(Event::Frame(frame)));
                        }
                    }
                    event => {
                        self.established |= matches!(event, Event::Established { .. });
                        self.answers_probes |= match (self.wiring.chat, &event) {
                            (Chat::Json, _) => self.established,
                            (Chat::PlainText, Event::Message(text)) => text.starts_with(GREETING),
                            (Chat::PlainText, _) => false,
                        };
                        self.waiting.push_back(Happening::Event(event));
                    }
                }
            }
            if quiet {
                if let Some(reason) = self.frames.secrets.trouble() {
                    self.waiting.push_back(Happening::CaptureEnded(reason));
                }
                return self.show();
            }
        }
    }

    /// Does a request, and all that wait behind it: v2 seals many messages in one record.
    fn fulfil(&mut self, wish: Outgoing) {
        let mut bytes = 0;
        let mut next = Some(wish);
        while let Some(wish) = next {
            match wish {
                Outgoing::Message(message) => {
                    bytes += message.len();
                    self.send(&message);
                }
                Outgoing::Finish => return self.finish(),
            }
            next = if bytes < OUTPUT_BYTES {
                self.wiring.outgoing.try_recv().ok()
            } else {
                None
            };
        }
    }

    fn send(&mut self, message: &[u8]) {
        if let Err(error) = self.connection.send(message, self.clock.now()) {
            self.waiting
                .push_back(Happening::NotSent(message.len(), error));
        }
    }

    /// Asks the server whether it is there, unless bytes for it are waiting already.
    fn probe(&mut self) {
        if !self.input_ended && self.output.is_empty() {
            self.waiting.push_back(Happening::Probed);
            self.send(self.wiring.chat.probe());
        }
    }

    fn finish(&mut self) {
        self.input_ended = true;
        match self.farewell {
            // The JSON chat has no such command. Its sessions finish when every receipt is there,
            // so nothing is lost when this side ends them.
            Farewell::Quit if self.wiring.chat == Chat::Json => self.leaving = true,
            Farewell::Quit => self.send(QUIT),
            Farewell::Protocol => self.connection.finish(self.clock.now()),
            Farewell::ProtocolAndStream => {
                self.connection.finish(self.clock.now());
                self.output.shutdown_due = true;
            }
        }
    }

    /// Reads to the end what the server has sent, after it takes nothing more.
    async fn drain(&mut self, buffer: &mut [u8], error: io::Error) -> Ending {
        let reading = async {
            while self.closed.is_none() {
                match self.reader.read(buffer).await {
                    Ok(0) => self.connection.handle_eof(),
                    Ok(length) => self
                        .connection
                        .handle_bytes(&buffer[..length], self.clock.now()),
                    Err(_) => return,
                }
                self.settle();
            }
        };
        // A stream that cannot be written to, but does not end either, is not waited for.
        let _ = tokio::time::timeout(FAREWELL_TIMEOUT, reading).await;
        while let Some(happening) = self.waiting.pop_front() {
            if self.wiring.happenings.send(happening).await.is_err() {
                return Ending::Unwatched;
            }
        }
        match self.closed.take() {
            // The end alone is no news; the failed write is.
            None | Some(CloseReason::PeerClosed) => Ending::Stream(error),
            Some(reason) => Ending::Protocol(reason),
        }
    }

    /// Writes the last bytes and ends the stream, as far as the peer takes them.
    async fn part(&mut self, ending: &Ending) {
        // These streams are dead, or the peer never spoke the protocol: a goodbye would go nowhere.
        if matches!(
            ending,
            Ending::Stream(_) | Ending::Silent | Ending::WebServer | Ending::Tls
        ) {
            return;
        }
        if !self.input_ended {
            self.connection.finish(self.clock.now());
        }
        self.settle();
        self.output.shutdown_due = true;
        let parting = async {
            while self.output.wants() {
                self.output.step(&mut self.writer).await?;
            }
            Ok::<_, io::Error>(())
        };
        // The reason of the end is known already; a failure here does not change it.
        let _ = tokio::time::timeout(FAREWELL_TIMEOUT, parting).await;
    }
}

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
