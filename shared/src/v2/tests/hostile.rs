//! Peers without rules: each knows every secret of its session, as [`Insider`] does, and sends to a
//! real connection whatever a test wants.

use super::insider::{Draws, Insider, Records, auth, cut};
use super::*;
use crate::connection::{ClientConnection, Connection};
use crate::testing::{sign_once, v2_client_config};
use crate::time::Time;

/// A hostile client and the real server that it talks to.
pub(super) struct HostileClient {
    pub(super) server: ServerConnection,
    pub(super) seen: Seen,
    pub(super) insider: Insider,
    /// The keys that seal this client's records.
    pub(super) up: Records,
    /// The keys that open the server's records.
    pub(super) down: Records,
    answers: Answerer,
    /// The server's bytes that nobody has looked at yet.
    pub(super) heard: Vec<u8>,
}

impl HostileClient {
    /// Returns a client after the hellos; the server has proven itself.
    pub(super) fn after_hello() -> Self {
        let hellos = Draws::of_pair().hellos();
        let mut config = server_config();
        config.observe = Observe::Frames;
        let mut insider = Insider::new(config.announcement(), &hellos);
        let up = Records::new(insider.secret("c hs", 0));
        let mut down = Records::new(insider.secret("s hs", 0));
        let now = Time::default();
        let mut server = ServerConnection::new(config.into(), seeded(9), now);
        let _announcement = server.poll_transmit();
        let (mut seen, mut answers) = (Seen::default(), Answerer::new(server_key()));
        server.handle_bytes(b"SC/2\n", now);
        server.handle_bytes(&hellos.client, now);
        answers.drain(&mut server, &mut seen, now);
        let flight = cut(&server.poll_transmit().unwrap());
        // The real server and the insider agree, so the insider's secrets are the server's.
        assert_eq!(flight[0], hellos.server);
        for frame in &flight[1..] {
            let (inner_type, content) = down.open(frame);
            insider.absorb(inner_type, &content);
        }
        Self {
            server,
            seen,
            insider,
            up,
            down,
            answers,
            heard: Vec::new(),
        }
    }

    /// Returns a client after an honest handshake.
    pub(super) fn established() -> Self {
        let mut client = Self::after_hello();
        let content = client.auth();
        client.prove(&content);
        let finished = client.insider.finished("c fin");
        client.prove_finished(&finished);
        assert!(client.seen.established);
        client.up = Records::new(client.insider.secret("c ap", 4));
        client.down = Records::new(client.insider.secret("s ap", 4));
        client
    }

    /// Returns the content of an honest `client_auth`.
    pub(super) fn auth(&self) -> Vec<u8> {
        let key = client_key();
        let signed = self
            .insider
            .to_be_signed("SC/2 client auth", key.public_key());
        let signature = sign_once(key, &signed);
        auth(key.public_key().spki_der(), &signature)
    }

    pub(super) fn prove(&mut self, content: &[u8]) {
        self.say_sealed(3, content);
        // Absorbed whatever the server makes of it, because the next proof is over this transcript.
        self.insider.absorb(3, content);
    }

    pub(super) fn prove_finished(&mut self, content: &[u8]) {
        self.say_sealed(4, content);
        self.insider.absorb(4, content);
    }

    pub(super) fn say_sealed(&mut self, inner_type: u8, content: &[u8]) {
        let frame = self.up.seal(inner_type, content);
        self.say(&frame);
    }

    pub(super) fn say(&mut self, bytes: &[u8]) {
        let now = Time::default();
        self.server.handle_bytes(bytes, now);
        self.answers.drain(&mut self.server, &mut self.seen, now);
        self.heard
            .extend(self.server.poll_transmit().unwrap_or_default());
    }

    /// Asserts that the server has ended the session for this cause, has sent one sealed alert with
    /// this number and nothing else, and does nothing any more.
    pub(super) fn assert_refused(mut self, cause: impl Into<Error>, alert: u8) {
        assert_eq!(self.seen.closed, Some(CloseReason::Failed(cause.into())));
        // `open` takes exactly one frame, so a second one would fail here.
        let (inner_type, content) = self.down.open(&self.heard);
        assert_eq!((inner_type, content), (7, vec![alert]));
        assert_dead(&mut self.server);
    }
}

/// A hostile server and the real client that it talks to.
pub(super) struct HostileServer {
    pub(super) client: ClientConnection,
    pub(super) seen: Seen,
    pub(super) insider: Insider,
    /// The keys that open the client's records.
    pub(super) up: Records,
    /// The keys that seal this server's records.
    pub(super) down: Records,
    answers: Answerer,
    pub(super) heard: Vec<u8>,
}

impl HostileServer {
    /// Returns a server after the hellos; nothing is proven.
    pub(super) fn after_hello() -> Self {
        let hellos = Draws::of_pair().hellos();
        let config = server_config();
        let insider = Insider::new(config.announcement(), &hellos);
        let now = Time::default();
        let mut observed = v2_client_config();
        observed.observe = Observe::Frames;
        let mut client = ClientConnection::new(observed, seeded(5), now);
        let _hello = client.poll_transmit();
        let mut server = Self {
            client,
            seen: Seen::default(),
            up: Records::new(insider.secret("c hs", 0)),
            down: Records::new(insider.secret("s hs", 0)),
            insider,
            answers: Answerer::new(client_key()),
            heard: Vec::new(),
        };
        server.say(config.announcement());
        server.say(&hellos.server);
        server
    }

    pub(super) fn established() -> Self {
        let mut server = Self::after_hello();
        let content = server.auth("SC/2 server auth");
        server.prove(1, &content);
        let finished = server.insider.finished("s fin");
        server.prove(2, &finished);
        for frame in cut(&std::mem::take(&mut server.heard)) {
            let (inner_type, content) = server.up.open(&frame);
            server.insider.absorb(inner_type, &content);
        }
        assert!(server.seen.established);
        server.up = Records::new(server.insider.secret("c ap", 4));
        server.down = Records::new(server.insider.secret("s ap", 4));
        server
    }

    /// Returns the content of a `server_auth` with a signature in this context.
    pub(super) fn auth(&self, context: &str) -> Vec<u8> {
        let key = server_key();
        let signed = self.insider.to_be_signed(context, key.public_key());
        auth(key.public_key().spki_der(), &sign_once(key, &signed))
    }

    pub(super) fn prove(&mut self, inner_type: u8, content: &[u8]) {
        self.say_sealed(inner_type, content);
        self.insider.absorb(inner_type, content);
    }

    pub(super) fn say_sealed(&mut self, inner_type: u8, content: &[u8]) {
        let frame = self.down.seal(inner_type, content);
        self.say(&frame);
    }

    pub(super) fn say(&mut self, bytes: &[u8]) {
        let now = Time::default();
        self.client.handle_bytes(bytes, now);
        self.answers.drain(&mut self.client, &mut self.seen, now);
        self.heard
            .extend(self.client.poll_transmit().unwrap_or_default());
    }

    pub(super) fn assert_refused(mut self, cause: impl Into<Error>, alert: u8) {
        assert_eq!(self.seen.closed, Some(CloseReason::Failed(cause.into())));
        let (inner_type, content) = self.up.open(&self.heard);
        assert_eq!((inner_type, content), (7, vec![alert]));
        assert_dead(&mut self.client);
    }
}

/// Returns a pair whose sides report every frame.
fn observed() -> Pair {
    let (mut server, mut client) = (server_config(), v2_client_config());
    (server.observe, client.observe) = (Observe::Frames, Observe::Frames);
    Pair::with(server, client)
}

/// Feeds a fresh server these bytes behind the preface; returns its events and its answer.
pub(super) fn server_hears(bytes: &[u8]) -> (Seen, Vec<u8>) {
    let mut pair = observed();
    let now = pair.now;
    let _announcement = pair.server.poll_transmit();
    pair.server.handle_bytes(b"SC/2\n", now);
    pair.server.handle_bytes(bytes, now);
    Answerer::new(server_key()).drain(&mut pair.server, &mut pair.server_seen, now);
    let told = pair.server.poll_transmit().unwrap_or_default();
    assert_dead(&mut pair.server);
    (pair.server_seen, told)
}

/// Feeds a fresh client these bytes behind the announcement; returns its events and its answer.
pub(super) fn client_hears(bytes: &[u8]) -> (Seen, Vec<u8>) {
    let mut pair = observed();
    let _hello = pair.client.poll_transmit();
    let announcement = pair.server.poll_transmit().unwrap();
    pair.client.handle_bytes(&announcement, pair.now);
    pair.client.handle_bytes(bytes, pair.now);
    let now = pair.now;
    Answerer::new(client_key()).drain(&mut pair.client, &mut pair.client_seen, now);
    let told = pair.client.poll_transmit().unwrap_or_default();
    assert_dead(&mut pair.client);
    (pair.client_seen, told)
}

/// Asserts that the connection does nothing more, whatever is done to it.
pub(super) fn assert_dead<R>(connection: &mut Connection<R>) {
    let now = Time::default();
    // Nothing may be read, sent, timed or told after the end: keys are wiped, and an answer would
    // be an oracle.
    connection.handle_bytes(&[3; 100], now);
    connection.handle_eof();
    connection.finish(now);
    connection.close(ErrorCode::Kicked, now);
    assert_eq!(connection.send(b"late", now), Err(SendError::Closed));
    assert!(connection.poll_transmit().is_none() && connection.poll_event().is_none());
    assert_eq!(connection.poll_timeout(), None);
    assert!(!connection.is_established() && !connection.wants_bytes());
    assert!(connection.session_id().is_none() && connection.exporter().is_none());
}

/// Returns an alert in clear.
pub(super) fn clear_alert(number: u8) -> [u8; 6] {
    [0, 0, 0, 1, 4, number]
}

/// Returns the failure of a record or frame of a wrong type.
pub(super) fn unexpected(expected: FrameKind, got: u8) -> Error {
    InvalidMessage::Unexpected { expected, got }.into()
}
