//! An end of a connection with its driver: it answers private-key requests, and remembers everything
//! that it was told. The honest sides are ends, and so is each half of an attacker in the middle.

use std::sync::Arc;

use shared::connection::{
    Client, ClientConfig, ClientConnection, CloseReason, Connection, Direction, Event,
    ObservedFrame, Server, ServerConfig, ServerConnection, Verdict,
};
use shared::error::Error;
use shared::identity::{Fingerprint, PrivateKey};
use shared::random::Random;
use shared::time::Time;

use crate::LabError;
use crate::limits::FRAMES;
use crate::outcome::{Ending, Saw, Side, Stopper};
use crate::seed::{Draws, Seed};

/// A connection of the given role, with its key.
pub(crate) struct End<R> {
    side: Side,
    connection: Connection<R>,
    key: PrivateKey,
    key_random: Random,
    /// The records of all frames, sent and received.
    pub(crate) frames: Vec<Arc<ObservedFrame>>,
    /// The texts that were received, oldest first.
    pub(crate) received: Vec<String>,
    said: Vec<String>,
    peer: Option<Fingerprint>,
    established: bool,
    closed: Option<CloseReason>,
    /// The number of frames that [`Self::flush`] has given away or that were received.
    flushed: usize,
    /// `true` once the stream of this side has ended.
    ended: bool,
}

/// A thing that an end puts on the network.
pub(crate) enum Packet {
    Frame(Arc<ObservedFrame>),
    /// The close of a side whose peer has closed: a connection reports nothing behind that.
    Close(Vec<u8>),
    EndOfStream,
}

impl End<Client> {
    pub(crate) fn client(
        config: ClientConfig,
        key: PrivateKey,
        seed: Seed,
        draws: [Draws; 2],
    ) -> Self {
        let [random, key_random] = draws.map(|draws| seed.random(draws));
        let connection = ClientConnection::new(config, random, Time::default());
        Self::new(Side::Client, connection, key, key_random)
    }
}

impl End<Server> {
    pub(crate) fn server(
        config: ServerConfig,
        key: PrivateKey,
        seed: Seed,
        draws: [Draws; 2],
    ) -> Self {
        let [random, key_random] = draws.map(|draws| seed.random(draws));
        let connection = ServerConnection::new(config.into(), random, Time::default());
        Self::new(Side::Server, connection, key, key_random)
    }
}

impl<R> End<R> {
    fn new(side: Side, connection: Connection<R>, key: PrivateKey, key_random: Random) -> Self {
        Self {
            side,
            connection,
            key,
            key_random,
            frames: Vec::new(),
            received: Vec::new(),
            said: Vec::new(),
            peer: None,
            established: false,
            closed: None,
            flushed: 0,
            ended: false,
        }
    }

    /// Takes bytes of the stream.
    pub(crate) fn receive(&mut self, bytes: &[u8], now: Time) -> Result<(), LabError> {
        self.connection.handle_bytes(bytes, now);
        self.drain(now)
    }

    /// Takes the end of the peer's stream.
    pub(crate) fn end_of_stream(&mut self, now: Time) -> Result<(), LabError> {
        self.connection.handle_eof();
        self.drain(now)
    }

    /// Takes the time.
    pub(crate) fn tick(&mut self, now: Time) -> Result<(), LabError> {
        self.connection.handle_timeout(now);
        self.drain(now)
    }

    /// Sends a text; returns `false` if that is not possible in this state.
    pub(crate) fn say(&mut self, text: &str, now: Time) -> bool {
        // A program whose stream has ended says nothing more, though a cut stream would let it.
        let sent = !self.ended && self.connection.send(text.as_bytes(), now).is_ok();
        if sent {
            self.said.push(text.to_owned());
        }
        sent
    }

    /// Ends this side in the way of its version: v2 with an authenticated close, v1 by the end of the
    /// stream alone.
    pub(crate) fn finish(&mut self, now: Time) {
        if !self.ended {
            self.connection.finish(now);
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Returns what this side has noticed: the thing, and the number of the refused frame.
    pub(crate) fn noticed(&self) -> Option<(Stopper, Option<u64>)> {
        for frame in &self.frames {
            if let Verdict::Refused { check, .. } = frame.verdict {
                return Some((Stopper::Check(check), Some(frame.number)));
            }
        }
        match &self.closed {
            Some(CloseReason::Truncated) => Some((Stopper::Truncation, None)),
            Some(CloseReason::Failed(Error::TimedOut)) => Some((Stopper::Deadline, None)),
            _ => None,
        }
    }

    pub(crate) fn ending(&self) -> Ending {
        Ending::of(self.closed.as_ref())
    }

    pub(crate) fn saw(&self) -> Saw {
        Saw {
            said: self.said.clone(),
            received: self.received.clone(),
            established: self.established,
            peer: self.peer,
            ending: self.ending(),
        }
    }

    /// Takes what this side sends: the frames in the order of the stream, and its end.
    pub(crate) fn flush(&mut self, finished: bool, now: Time) -> Result<Vec<Packet>, LabError> {
        self.drain(now)?;
        let mut bytes = Vec::new();
        while let Some(more) = self.connection.poll_transmit() {
            bytes.extend(more);
            self.drain(now)?;
        }
        let mut close = None;
        if self.closed == Some(CloseReason::PeerClosed) && !self.ended {
            // As the programs do: nothing more is asked for, so nothing more is answered.
            self.finish(now);
            close = self.connection.poll_transmit();
        }
        let new = self.frames.iter().skip(self.flushed);
        let sent = new.filter(|frame| frame.direction == Direction::Sent);
        let sent: Vec<_> = sent.cloned().collect();
        self.flushed = self.frames.len();
        // The attacker works on the records' bytes, so they must be the stream.
        let recorded: Vec<u8> = sent.iter().flat_map(|frame| frame.wire.clone()).collect();
        if recorded != bytes {
            return Err(LabError::Records(self.side));
        }
        let mut packets: Vec<_> = sent.into_iter().map(Packet::Frame).collect();
        packets.extend(close.map(Packet::Close));
        if (self.is_closed() || finished) && !self.ended {
            self.ended = true;
            packets.push(Packet::EndOfStream);
        }
        Ok(packets)
    }

    fn drain(&mut self, now: Time) -> Result<(), LabError> {
        while let Some(event) = self.connection.poll_event() {
            match event {
                Event::PrivateKey(request) => {
                    let answer = request.answer(&self.key, &mut self.key_random);
                    self.connection.handle_private_key(answer, now);
                }
                Event::ServerKey { key, .. } => self.peer = Some(key.fingerprint()),
                Event::Established { peer, .. } => {
                    self.established = true;
                    self.peer = Some(peer.fingerprint());
                }
                Event::Message(text) => {
                    self.received
                        .push(String::from_utf8_lossy(&text).into_owned());
                }
                Event::Frame(frame) => {
                    if self.frames.len() == FRAMES {
                        return Err(LabError::TooLong("frames"));
                    }
                    self.frames.push(Arc::from(frame));
                }
                Event::Closed(reason) => self.closed = Some(reason),
                // A later version's event changes nothing of what a scene claims.
                _ => {}
            }
        }
        Ok(())
    }
}
