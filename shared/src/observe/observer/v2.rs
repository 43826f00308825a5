//! Frames of v2 behind the announcement.

use super::{Facts, Opening, Seen, Side, State};
use crate::connection::machine::Progress;
use crate::crypto::ml_kem::{self, EncapsulationError};
use crate::crypto::x25519::EphemeralSecret;
use crate::error::{Error, InvalidMessage, PeerMisbehaved};
use crate::frame::{CheckName, Direction, FrameKind, LayerName, TERMINATOR};
use crate::random::Random;
use crate::time::Time;
use crate::v2::PREFACE;
use crate::v2::auth::Prover;
use crate::v2::channel::{Channel, Received};
use crate::v2::framing::{Frame, FrameType, HEADER_BYTES};
use crate::v2::hello::{ClientHello, ServerHello};
use crate::v2::inner_type::InnerType;
use crate::v2::key_schedule::{AP_C, AP_S, FIN_C, FIN_S, HS_C, HS_S};
use crate::v2::record;
use crate::v2::transcript::Transcript;
use crate::wire::trace::{KeyDef, KeyName};

impl Side {
    pub(super) fn read_v2(&mut self, facts: &mut Facts, now: Time) -> Result<Seen, Error> {
        if matches!(self.state, State::AfterServer) && facts.client_finished {
            self.establish(facts);
        }
        if self.state == State::ClientAuth && !self.keyed {
            self.take_keys(facts, &HS_C);
        }
        // The frame borrows the input, and everything else of this side is needed beside it.
        let mut input = std::mem::take(&mut self.input);
        let read = match self.channel.next_frame(&mut input, &mut self.io, now) {
            Ok(Some(frame)) => match self.state {
                State::ClientHello => self.read_client_hello(&frame, facts),
                State::ServerHello => self.read_server_hello(&frame, facts),
                _ if self.keyed => self.open(frame, facts),
                _ => self.read_outside(frame, facts),
            },
            Ok(None) => Ok(Seen::NeedMore),
            Err(error) => Err(error.into()),
        };
        self.input = input;
        read
    }

    fn read_client_hello(&mut self, frame: &Frame<'_>, facts: &mut Facts) -> Result<Seen, Error> {
        let (io, kind) = (&mut self.io, FrameKind::ClientHello);
        let body = match Channel::receive_clear(frame, FrameType::ClientHello, kind, io)? {
            Received::Content(body) => body,
            Received::End(_) => return Ok(self.ended()),
        };
        let hello = io.trace.read(LayerName::Message, body, |reader| {
            ClientHello::decode(reader, kind)
        })?;
        check_point(hello.x25519)?;
        let checked = ml_kem::encapsulate(hello.ml_kem, &mut no_random());
        if matches!(checked, Err(EncapsulationError::InvalidKey)) {
            return Err(PeerMisbehaved::EncapsulationKey.into());
        }
        facts.hello = Some((frame.bytes().to_vec(), *hello.random));
        self.state = State::ClientAuth;
        Ok(Seen::Whole)
    }

    fn read_server_hello(&mut self, frame: &Frame<'_>, facts: &mut Facts) -> Result<Seen, Error> {
        let (io, kind) = (&mut self.io, FrameKind::ServerHello);
        let body = match Channel::receive_clear(frame, FrameType::ServerHello, kind, io)? {
            Received::Content(body) => body,
            Received::End(_) => return Ok(self.ended()),
        };
        let hello = io.trace.read(LayerName::Message, body, |reader| {
            ServerHello::decode(reader, kind)
        })?;
        check_point(hello.x25519)?;
        let mut transcript = Transcript::new();
        let (_, announcement) = facts.announced.as_ref().ok_or(Error::TimedOut)?;
        let (client_hello, _) = facts.hello.as_ref().ok_or(Error::TimedOut)?;
        for part in [
            announcement,
            &TERMINATOR[..],
            PREFACE,
            client_hello,
            frame.bytes(),
        ] {
            transcript.absorb(part);
        }
        facts.transcript = Some(transcript);
        self.state = State::ServerAuth;
        self.take_keys(facts, &HS_S);
        Ok(Seen::Whole)
    }

    /// Takes the keys of a secret, if it is known. Without keys a record of any length that a session
    /// may have is let through, because the end of the handshake does not show.
    fn take_keys(&mut self, facts: &Facts, def: &'static KeyDef) {
        if let Some(secret) = facts.secret(def) {
            self.channel.set_reading_secret(secret, def);
            self.keyed = true;
        } else {
            self.channel.establish();
            self.keyed = false;
        }
    }

    fn establish(&mut self, facts: &Facts) {
        let def = match self.direction {
            Direction::Sent => &AP_C,
            Direction::Received => &AP_S,
        };
        self.take_keys(facts, def);
        self.channel.establish();
        self.state = State::Established;
    }

    fn ended(&mut self) -> Seen {
        self.state = State::Ended;
        Seen::Whole
    }

    /// Reads a sealed frame without its keys.
    fn read_outside(&mut self, frame: Frame<'_>, facts: &mut Facts) -> Result<Seen, Error> {
        let io = &mut self.io;
        let sealed = FrameType::Sealed;
        // The alert of a client that refuses the server's hello is in clear (PROTOCOL.md §2.11).
        if frame.is(FrameType::Alert) && self.state == State::ClientAuth {
            Channel::receive_clear(&frame, sealed, FrameKind::ClientAuth, io)?;
            return Ok(self.ended());
        }
        if !frame.is(sealed) {
            let (expected, got) = (self.state.kind(), frame.type_byte());
            io.trace
                .refuse(LayerName::Wire, CheckName::FrameType, HEADER_BYTES - 1);
            return Err(InvalidMessage::Unexpected { expected, got }.into());
        }
        facts.opened(Opening::Unknown);
        if self.direction == Direction::Received {
            // The end of the proof does not show.
            facts.server_finished = true;
        }
        let (_, body) = frame.into_parts();
        record::split(body, &mut io.trace)?;
        Ok(Seen::Outside)
    }

    /// Opens a sealed frame.
    fn open(&mut self, frame: Frame<'_>, facts: &mut Facts) -> Result<Seen, Error> {
        let opened = self.open_record(frame, facts);
        match &opened {
            Err(Error::PeerMisbehaved(PeerMisbehaved::UnopenableRecord)) => {
                facts.opened(Opening::Wrong);
            }
            _ => facts.opened(Opening::Opened),
        }
        opened
    }

    fn open_record(&mut self, frame: Frame<'_>, facts: &mut Facts) -> Result<Seen, Error> {
        if self.state == State::ClientAuth && frame.is(FrameType::Alert) {
            let (sealed, kind) = (FrameType::Sealed, FrameKind::ClientAuth);
            Channel::receive_clear(&frame, sealed, kind, &mut self.io)?;
            return Ok(self.ended());
        }
        let expected = match self.state {
            State::ServerAuth => InnerType::ServerAuth,
            State::ServerFinished => InnerType::ServerFinished,
            State::AfterServer => InnerType::Alert,
            State::ClientAuth => InnerType::ClientAuth,
            State::ClientFinished => InnerType::ClientFinished,
            _ => {
                let progress = self.channel.handle_record(frame, &mut self.io)?;
                if !matches!(progress, Progress::Handled) {
                    self.state = State::Ended;
                }
                return Ok(Seen::Whole);
            }
        };
        let content = match self.channel.receive_sealed(frame, expected, &mut self.io)? {
            Received::Content(content) => content,
            Received::End(_) => return Ok(self.ended()),
        };
        let Some(transcript) = &mut facts.transcript else {
            return Ok(Seen::Outside);
        };
        let (prover, finished) = match self.direction {
            Direction::Sent => (Prover::Client, &FIN_C),
            Direction::Received => (Prover::Server, &FIN_S),
        };
        // A proof covers the transcript before it.
        let hash = transcript.hash();
        transcript.absorb_sealed(expected, content);
        let trace = &mut self.io.trace;
        if matches!(expected, InnerType::ServerAuth | InnerType::ClientAuth) {
            let announced = match prover {
                Prover::Client => None,
                Prover::Server => facts.announced.as_ref().map(|(key, _)| key),
            };
            trace.read(LayerName::Message, content, |reader| {
                prover.verify(reader, &hash, announced)
            })?;
            self.state = match prover {
                Prover::Client => State::ClientFinished,
                Prover::Server => State::ServerFinished,
            };
            return Ok(Seen::Whole);
        }
        let key = facts.secret(finished);
        let seen = if let Some(key) = &key {
            trace.key(KeyName::new(finished), None, &[], Some(key));
            trace.read(LayerName::Message, content, |reader| {
                prover.verify_finished(reader, key, &hash)
            })?;
            Seen::Whole
        } else {
            Seen::Outside
        };
        match prover {
            Prover::Client => {
                facts.client_finished = true;
                self.establish(facts);
            }
            Prover::Server => {
                facts.server_finished = true;
                self.state = State::AfterServer;
            }
        }
        Ok(seen)
    }
}

/// Checks a point as the peer does. A point of low order gives zero with every secret, so that any
/// secret finds it (RFC 7748 §6.1).
fn check_point(point: &[u8; 32]) -> Result<(), Error> {
    let secret = EphemeralSecret::generate(&mut no_random());
    match secret.map(|secret| secret.diffie_hellman(point).is_ok()) {
        Ok(false) => Err(PeerMisbehaved::LowOrderPoint.into()),
        _ => Ok(()),
    }
}

/// Returns bytes where a check needs some: nothing here is a secret.
fn no_random() -> Random {
    Random::new(|bytes| {
        bytes.fill(1);
        Ok(())
    })
}
