//! This project's client over a blocking TCP stream: `ClientConnection` and nothing else.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use shared::connection::{
    ClientConfig, ClientConnection, CloseReason, Direction, Event, Observe, ObservedFrame,
    SendError, Trust, Version,
};
use shared::identity::PublicKey;
use shared::time::Time;

use super::{PATIENCE, client_key, system_random};

/// The way in which the client's bytes leave. A receiver must not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteStyle {
    /// All queued bytes in one write.
    Merged,
    /// One byte a write (odd-sized pieces in the middle of long runs).
    Bytewise,
}

/// Returns the configuration of a client with the test key, whose frames are observed.
pub(crate) fn config(version: Version, trust: Trust) -> ClientConfig {
    let mut config = ClientConfig::new(client_key().public_key().clone(), version, trust);
    config.observe = Observe::Frames;
    config
}

/// A connected client with the test key.
pub(crate) struct NativeClient {
    connection: ClientConnection,
    stream: TcpStream,
    style: WriteStyle,
    started: Instant,
    events: std::collections::VecDeque<Event>,
    /// All sent and received bytes, as the socket saw them.
    pub(crate) sent: Vec<u8>,
    pub(crate) received: Vec<u8>,
    /// The frames that the connection reported.
    pub(crate) frames: Vec<ObservedFrame>,
    /// The announced key, after it was read.
    pub(crate) server_key: Option<PublicKey>,
    /// The server has proven that it holds its key.
    pub(crate) proven: bool,
    /// In v2: the changes of keys so far.
    pub(crate) rekeyed: Vec<Direction>,
}

impl NativeClient {
    /// Connects; reads and writes nothing yet. Frames may have `frame_bytes`.
    pub(crate) fn connect(address: SocketAddr, style: WriteStyle, frame_bytes: usize) -> Self {
        let mut config = config(Version::V1, Trust::Any);
        config.limits.message_frame_bytes = frame_bytes;
        Self::connect_as(address, style, config)
    }

    /// Connects with `config`; reads and writes nothing yet.
    pub(crate) fn connect_as(address: SocketAddr, style: WriteStyle, config: ClientConfig) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let connection = ClientConnection::new(config, system_random(), Time::from_micros(0));
        Self {
            connection,
            stream,
            style,
            started: Instant::now(),
            events: std::collections::VecDeque::new(),
            sent: Vec::new(),
            received: Vec::new(),
            frames: Vec::new(),
            server_key: None,
            proven: false,
            rekeyed: Vec::new(),
        }
    }

    /// Connects and completes the handshake, whose frame leaves together with `texts`.
    pub(crate) fn establish(address: SocketAddr, style: WriteStyle, texts: &[&str]) -> Self {
        let mut client = Self::connect(address, style, 2 * 1024 * 1024);
        while !matches!(client.next_event(), Event::Established { .. }) {}
        for text in texts {
            client.queue(text).unwrap();
        }
        client.transmit();
        client
    }

    /// Seals `text`; it leaves with the next [`Self::transmit`].
    pub(crate) fn queue(&mut self, text: &str) -> Result<(), SendError> {
        let now = self.now();
        self.connection.send(text.as_bytes(), now)
    }

    /// Seals and sends `text`.
    pub(crate) fn send(&mut self, text: &str) {
        self.queue(text).unwrap();
        self.transmit();
    }

    /// Returns the next message as text.
    pub(crate) fn receive(&mut self) -> String {
        match self.next_event() {
            Event::Message(plaintext) => String::from_utf8(plaintext.to_vec()).unwrap(),
            other => panic!("expected a message, got {other:?}"),
        }
    }

    /// Returns the reason for which the connection ended; earlier events are skipped.
    pub(crate) fn receive_end(&mut self) -> CloseReason {
        loop {
            if let Event::Closed(reason) = self.next_event() {
                return reason;
            }
        }
    }

    /// Ends this side's direction as the protocol does; the stream stays open.
    pub(crate) fn finish(&mut self) {
        let now = self.now();
        self.connection.finish(now);
        self.transmit();
    }

    /// Ends this side's direction of the stream.
    pub(crate) fn half_close(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Reads the stream to its end and ignores the bytes.
    pub(crate) fn wait_for_end(&mut self) {
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut rest = Vec::new();
        // The way in which the stream ends does not matter.
        let _ = self.stream.read_to_end(&mut rest);
    }

    /// Returns the next event for a test; requests and observations are handled here. Writes only
    /// what must be written before the next event can come.
    pub(crate) fn next_event(&mut self) -> Event {
        loop {
            if let Some(event) = self.events.pop_front() {
                match event {
                    Event::Frame(frame) => self.frames.push(*frame),
                    Event::ServerKey { key, proven } => {
                        self.server_key = Some(key);
                        self.proven = proven;
                    }
                    Event::Rekeyed(direction) => self.rekeyed.push(direction),
                    Event::PrivateKey(request) => {
                        let answer = request.answer(client_key(), &mut system_random());
                        let now = self.now();
                        self.connection.handle_private_key(answer, now);
                        self.take_events();
                    }
                    event => return event,
                }
                continue;
            }
            self.take_events();
            if self.events.is_empty() {
                self.transmit();
                self.read();
            }
        }
    }

    /// Writes the queued bytes.
    pub(crate) fn transmit(&mut self) {
        while let Some(bytes) = self.connection.poll_transmit() {
            self.sent.extend_from_slice(&bytes);
            let written = match self.style {
                WriteStyle::Merged => self.stream.write_all(&bytes),
                WriteStyle::Bytewise => {
                    let (head, tail) = bytes.split_at(bytes.len().min(16 * 1024));
                    let mut pieces = head.chunks(1).chain(tail.chunks(1021));
                    pieces.try_for_each(|piece| self.stream.write_all(piece))
                }
            };
            // A peer that has closed is noticed by the next read, with its reason.
            if written.is_err() {
                return;
            }
        }
    }

    fn read(&mut self) {
        self.stream.set_read_timeout(Some(self.wait())).unwrap();
        let mut buffer = vec![0; 64 * 1024];
        let result = self.stream.read(&mut buffer);
        let now = self.now();
        match result {
            Ok(0) => self.connection.handle_eof(),
            Ok(length) => {
                self.received.extend_from_slice(&buffer[..length]);
                self.connection.handle_bytes(&buffer[..length], now);
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                let due = self.connection.poll_timeout().is_some_and(|due| due <= now);
                assert!(due, "the peer says nothing");
                self.connection.handle_timeout(now);
            }
            Err(error) => panic!("{error}"),
        }
        self.take_events();
    }

    /// Returns the time to the connection's own deadline, or the time for which a test waits.
    fn wait(&self) -> Duration {
        let due = self.connection.poll_timeout();
        due.map_or(PATIENCE, |due| due.saturating_since(self.now()))
            .max(Duration::from_millis(1))
    }

    fn take_events(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            self.events.push_back(event);
        }
    }

    fn now(&self) -> Time {
        Time::from_micros(u64::try_from(self.started.elapsed().as_micros()).unwrap())
    }

    /// Returns the observed frames of one direction, joined: they must be the bytes that the socket
    /// saw.
    pub(crate) fn observed(&self, direction: Direction) -> Vec<u8> {
        let frames = self
            .frames
            .iter()
            .filter(|frame| frame.direction == direction);
        frames
            .flat_map(|frame| frame.wire.iter().copied())
            .collect()
    }
}
