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

/// What a client runs over: TCP, or the tunnel.
pub(crate) trait Wire: Read + Write {
    /// The TCP stream below it.
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

/// A TCP stream whose reads do not wait for ever.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A client, with the test key or another.
pub(crate) struct Client<W = TcpStream> {
    connection: ClientConnection,
    key: &'static PrivateKey,
    /// The stream; what is written here is not part of the client's own frames.
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

    /// The same by v2.
    pub(crate) fn join_by_v2(address: SocketAddr) -> Self {
        let mut client = Self::speaking(connect(address), Version::V2);
        client.establish();
        client
    }
}

impl Client<WebSocket> {
    /// Connects through the tunnel and joins the lobby.
    pub(crate) fn join_through_tunnel(address: SocketAddr, encoding: &str) -> Self {
        let mut client = Self::over(WebSocket::open(address, encoding));
        client.establish();
        client
    }
}

impl<W: Wire> Client<W> {
    /// Takes a connected stream; reads and writes nothing yet.
    pub(crate) fn over(wire: W) -> Self {
        Self::speaking(wire, Version::V1)
    }

    /// The same with this version.
    pub(crate) fn speaking(wire: W, version: Version) -> Self {
        Self::of(client_key(), wire, version)
    }

    /// The same with another key.
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

    /// Finishes the handshake, and shows nothing yet of how this client speaks.
    pub(crate) fn shake_hands(&mut self) {
        self.try_shake_hands().unwrap();
    }

    /// The same, unless the server refuses.
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

    /// Finishes the handshake and reads the welcome, for which an empty line spares the wait.
    pub(crate) fn establish(&mut self) {
        self.shake_hands();
        self.say("");
        let welcome = self.receive();
        assert!(welcome.starts_with("* Welcome"), "{welcome}");
    }

    /// The address that the log knows this client by.
    pub(crate) fn address(&self) -> String {
        self.wire.tcp().local_addr().unwrap().to_string()
    }

    /// Reads the announcement, and gives the handshake's frame without writing it.
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

    /// Seals `text`, without writing it.
    pub(crate) fn seal(&mut self, text: &str) -> Vec<u8> {
        let now = self.now();
        self.connection.send(text.as_bytes(), now).unwrap();
        self.connection.poll_transmit().unwrap()
    }

    /// Seals and sends `text`.
    pub(crate) fn say(&mut self, text: &str) {
        let frame = self.seal(text);
        self.wire.write_all(&frame).unwrap();
    }

    /// The next line.
    pub(crate) fn receive(&mut self) -> String {
        loop {
            match self.next_event() {
                Event::Message(plaintext) => return String::from_utf8(plaintext.to_vec()).unwrap(),
                Event::ServerKey { .. } | Event::Established { .. } | Event::Rekeyed(_) => {}
                other => panic!("expected a message, got {other:?}"),
            }
        }
    }

    /// The next line, unless the stream or the session ends before it.
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

    /// The next line, or why there is none any more.
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

    /// The next line that somebody wrote.
    pub(crate) fn receive_text(&mut self) -> String {
        loop {
            let line = self.receive();
            if !line.starts_with("* ") {
                return line;
            }
        }
    }

    /// Says, and sends, that nothing more comes.
    pub(crate) fn finish(&mut self) {
        let now = self.now();
        self.connection.finish(now);
        if let Some(bytes) = self.connection.poll_transmit() {
            self.wire.write_all(&bytes).unwrap();
        }
    }

    /// The session's name, as this side knows it.
    pub(crate) fn session_id(&self) -> Option<SessionId> {
        self.connection.session_id()
    }

    /// Ends our direction of the stream.
    pub(crate) fn half_close(&mut self) {
        self.wire.tcp().shutdown(Shutdown::Write).unwrap();
    }

    /// Why the connection ended; what comes before is passed over.
    pub(crate) fn receive_end(&mut self) -> CloseReason {
        loop {
            if let Event::Closed(reason) = self.next_event() {
                return reason;
            }
        }
    }

    /// The server ends this connection with an error frame of `code`.
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

    /// The next event, or what is wrong with the stream.
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
                // A server that has closed is seen by the next read, with its reason.
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
