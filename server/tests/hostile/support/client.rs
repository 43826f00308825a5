//! An honest client over any blocking stream, whose stream a test may abuse.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Instant;

use shared::connection::{
    ClientConfig, ClientConnection, CloseReason, Event, SessionId, Trust, Version,
};
use shared::error::ErrorCode;
use shared::identity::PrivateKey;
use shared::time::Time;

use super::websocket::WebSocket;
use super::{PATIENCE, client_key, system_random};

/// The stream that a client runs over: TCP, or the tunnel.
pub(crate) trait Wire: Read + Write {
    /// Returns the TCP stream below.
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

/// Connects with a TCP stream whose reads do not wait for ever.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Connects from an address of the loopback network, as clients on other machines do from theirs.
pub(crate) fn connect_from(from: [u8; 4], address: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    socket.connect(&address.into()).unwrap();
    socket.set_tcp_nodelay(true).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.into()
}

/// A client with the test key or another one.
pub(crate) struct Client<W = TcpStream> {
    connection: ClientConnection,
    key: &'static PrivateKey,
    /// The stream. Bytes that a test writes here are no part of the client's own frames.
    pub(crate) wire: W,
    started: Instant,
    /// The handshake is done.
    established: bool,
}

impl Client {
    /// Connects over TCP and joins the lobby, by v1.
    pub(crate) fn join(address: SocketAddr) -> Self {
        let mut client = Self::over(connect(address));
        client.establish();
        client
    }

    /// Connects over TCP and joins the lobby, by v2.
    pub(crate) fn join_by_v2(address: SocketAddr) -> Self {
        let mut client = Self::speaking(connect(address), Version::V2);
        client.establish();
        client
    }
}

impl Client<WebSocket> {
    /// Connects through the tunnel and joins the lobby, by v1.
    pub(crate) fn join_through_tunnel(address: SocketAddr, encoding: &str) -> Self {
        let mut client = Self::over(WebSocket::open(address, encoding));
        client.establish();
        client
    }
}

impl<W: Wire> Client<W> {
    /// Takes a connected stream, for v1; reads and writes nothing yet.
    pub(crate) fn over(wire: W) -> Self {
        Self::speaking(wire, Version::V1)
    }

    /// Takes a connected stream, for this version.
    pub(crate) fn speaking(wire: W, version: Version) -> Self {
        Self::of(client_key(), wire, version)
    }

    /// Takes a connected stream, for this version and with this key.
    pub(crate) fn of(key: &'static PrivateKey, wire: W, version: Version) -> Self {
        let config = ClientConfig::new(key.public_key().clone(), version, Trust::Any);
        Self {
            key,
            connection: ClientConnection::new(config, system_random(), Time::default()),
            wire,
            started: Instant::now(),
            established: false,
        }
    }

    /// Completes the handshake without a sign of whether this client speaks plain text or JSON.
    pub(crate) fn shake_hands(&mut self) {
        self.try_shake_hands().unwrap();
    }

    /// Completes the handshake, unless the server refuses.
    pub(crate) fn try_shake_hands(&mut self) -> io::Result<()> {
        while !self.established {
            match self.try_next_event()? {
                Event::Established { .. } => self.established = true,
                Event::ServerKey { .. } => {}
                other => {
                    let expected = format!("expected a session, got {other:?}");
                    return Err(io::Error::other(expected));
                }
            }
        }
        while let Some(bytes) = self.connection.poll_transmit() {
            self.wire.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Completes the handshake and reads the welcome. An empty line spares the second for which the
    /// server would wait.
    pub(crate) fn establish(&mut self) {
        self.shake_hands();
        self.say("");
        let welcome = self.receive();
        assert!(welcome.starts_with("* Welcome"), "{welcome}");
    }

    /// Returns the address by which the log names this client.
    pub(crate) fn address(&self) -> String {
        self.wire.tcp().local_addr().unwrap().to_string()
    }

    /// Reads the announcement, and returns the handshake's frame without writing it.
    pub(crate) fn handshake(&mut self) -> Vec<u8> {
        loop {
            match self.next_event() {
                Event::Established { .. } => {
                    self.established = true;
                    return self.connection.poll_transmit().unwrap();
                }
                Event::ServerKey { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Seals `text` without writing it.
    pub(crate) fn seal(&mut self, text: &str) -> Vec<u8> {
        let now = self.now();
        self.connection.send(text.as_bytes(), now).unwrap();
        self.connection.poll_transmit().unwrap()
    }

    /// Seals many texts into as few frames as they fit, without writing them.
    pub(crate) fn seal_all(&mut self, texts: &[&str]) -> Vec<u8> {
        let mut sealed = Vec::new();
        for texts in texts.chunks(200) {
            for text in texts {
                let now = self.now();
                self.connection.send(text.as_bytes(), now).unwrap();
            }
            while let Some(bytes) = self.connection.poll_transmit() {
                sealed.extend_from_slice(&bytes);
            }
        }
        sealed
    }

    /// Returns `true` if the server ends the session before it says anything.
    pub(crate) fn is_ended(&mut self) -> bool {
        matches!(self.try_next_event(), Ok(Event::Closed(_)) | Err(_))
    }

    /// Seals and sends `text`.
    pub(crate) fn say(&mut self, text: &str) {
        let frame = self.seal(text);
        self.wire.write_all(&frame).unwrap();
    }

    /// Returns the next line.
    pub(crate) fn receive(&mut self) -> String {
        loop {
            match self.next_event() {
                Event::Message(plaintext) => return String::from_utf8(plaintext.to_vec()).unwrap(),
                Event::ServerKey { .. } | Event::Established { .. } | Event::Rekeyed(_) => {}
                other => panic!("expected a message, got {other:?}"),
            }
        }
    }

    /// Waits until one of the session's keys changes.
    pub(crate) fn receive_rekeying(&mut self) {
        while !matches!(self.next_event(), Event::Rekeyed(_)) {}
    }

    /// Returns the next line, unless the stream or the session ends before it.
    pub(crate) fn try_receive(&mut self) -> io::Result<String> {
        loop {
            match self.try_next_event()? {
                Event::Message(plaintext) => {
                    return Ok(String::from_utf8(plaintext.to_vec()).unwrap());
                }
                Event::ServerKey { .. } | Event::Established { .. } | Event::Rekeyed(_) => {}
                other => {
                    let expected = format!("expected a message, got {other:?}");
                    return Err(io::Error::other(expected));
                }
            }
        }
    }

    /// Returns the next line, or the reason for which there is none any more.
    pub(crate) fn receive_or_end(&mut self) -> Result<String, CloseReason> {
        loop {
            match self.next_event() {
                Event::Message(plaintext) => {
                    return Ok(String::from_utf8(plaintext.to_vec()).unwrap());
                }
                Event::Closed(reason) => return Err(reason),
                _ => {}
            }
        }
    }

    /// Returns the next line that a person wrote.
    pub(crate) fn receive_text(&mut self) -> String {
        loop {
            let line = self.receive();
            if !line.starts_with("* ") {
                return line;
            }
        }
    }

    /// Finishes the sending, and announces it to the server.
    pub(crate) fn finish(&mut self) {
        let now = self.now();
        self.connection.finish(now);
        if let Some(bytes) = self.connection.poll_transmit() {
            self.wire.write_all(&bytes).unwrap();
        }
    }

    /// Returns the session's id, as this side knows it.
    pub(crate) fn session_id(&self) -> Option<SessionId> {
        self.connection.session_id()
    }

    /// Ends this side's direction of the stream.
    pub(crate) fn half_close(&mut self) {
        self.wire.tcp().shutdown(Shutdown::Write).unwrap();
    }

    /// Returns the reason for which the connection ended; earlier events are skipped.
    pub(crate) fn receive_end(&mut self) -> CloseReason {
        loop {
            if let Event::Closed(reason) = self.next_event() {
                return reason;
            }
        }
    }

    /// Asserts that the server ends this connection with `code`.
    pub(crate) fn assert_told(&mut self, code: ErrorCode) {
        match self.receive_end() {
            CloseReason::Reported { code: told, .. } => assert_eq!(told, code),
            other => panic!("expected {code}, got {other:?}"),
        }
    }

    fn next_event(&mut self) -> Event {
        let event = self.try_next_event();
        event.unwrap_or_else(|error| panic!("instead of an end or an answer: {error}"))
    }

    /// Returns the next event, or the failure of the stream.
    fn try_next_event(&mut self) -> io::Result<Event> {
        loop {
            while let Some(event) = self.connection.poll_event() {
                let Event::PrivateKey(request) = event else {
                    return Ok(event);
                };
                let answer = request.answer(self.key, &mut system_random());
                let now = self.now();
                self.connection.handle_private_key(answer, now);
            }
            if let Some(bytes) = self.connection.poll_transmit() {
                // A server that has closed is noticed by the next read, with its reason.
                let _ = self.wire.write_all(&bytes);
            }
            let mut buffer = vec![0; 64 * 1024];
            match self.wire.read(&mut buffer) {
                Ok(0) => self.connection.handle_eof(),
                Ok(length) => {
                    let now = self.now();
                    self.connection.handle_bytes(&buffer[..length], now);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn now(&self) -> Time {
        Time::from_micros(u64::try_from(self.started.elapsed().as_micros()).unwrap())
    }
}
