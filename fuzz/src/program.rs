//! A fuzzer's input as a program: a configuration, then operations on two honest ends and on the
//! wire between them. Bytes that end early end the program.
//!
//! The operations are bytes with their arguments behind them, so that what the fuzzer changes
//! changes little, and the seeds can be written by hand.

use std::time::Duration;

use shared::connection::{
    Client, ClientConfig, ClientConnection, Observe, Server, ServerConfig, ServerConnection, Trust,
    Version,
};
use shared::error::ErrorCode;
use shared::identity::Fingerprint;
use shared::limits::RekeyLimits;
use shared::time::Time;

use crate::end::{End, MARKER, Side};
use crate::keys;
use crate::wire::Wire;

/// Most operations of one program: what is longer is slow and finds no more.
const OPERATIONS: usize = 200;

/// The end whose incoming bytes are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    Server,
    Client,
}

/// Runs the program in `data`.
pub fn run(data: &[u8], victim: Victim) {
    let mut code = Code(data);
    let Some(config) = code.byte() else { return };
    let mut world = World::new(config, victim);
    for _ in 0..OPERATIONS {
        let Some(operation) = code.byte() else { break };
        world.step(operation, &mut code);
        // After every operation, so that a finding names the one that broke a rule.
        world.check();
    }
    world.check_end();
}

/// Programs that talk, and end, in every honest way; the fuzzer takes it from there.
pub fn seeds() -> Vec<Vec<u8>> {
    let talk: &[u8] = &[
        op::SETTLE,
        op::SEND,
        0,
        0,
        40,
        op::SEND,
        1,
        1,
        200,
        op::SETTLE,
    ];
    let pieces: &[u8] = &[
        op::DELIVER,
        0,
        0,
        3,
        op::DELIVER,
        0,
        4,
        0,
        op::DELIVER,
        1,
        1,
        0,
        op::ANSWER,
        0,
        op::DELIVER,
        1,
        9,
        9,
        op::ANSWER,
        1,
        op::DELIVER,
        0,
        9,
        9,
    ];
    let attacks: &[u8] = &[
        op::SEND,
        0,
        0,
        9,
        op::SEND,
        1,
        0,
        9,
        op::FLIP,
        0,
        7,
        1,
        op::REPLAY,
        0,
        40,
        op::SETTLE,
    ];
    let mut seeds = Vec::new();
    for config in [
        0,
        V2,
        V2 | TINY_REKEY,
        V2 | OBSERVE,
        V2 | (1 << 4),
        V2 | (2 << 4),
        NO_V1,
    ] {
        let ends: [&[u8]; 5] = [
            &[
                op::FINISH,
                0,
                op::FINISH,
                1,
                op::SETTLE,
                op::EOF,
                0,
                op::EOF,
                1,
            ],
            &[op::CLOSE, 1, 4, op::SETTLE],
            &[op::EOF, 0, op::SETTLE],
            &[op::WAIT, 255, 255, op::SETTLE],
            &[op::ANSWER_WRONGLY, 0, 1, 9],
        ];
        for end in ends {
            seeds.push([&[config], talk, end].concat());
        }
        seeds.push([&[config], pieces, talk].concat());
        seeds.push([&[config], talk, attacks].concat());
        seeds.push([&[config], talk, &[op::REPLAY_WRITE, 0, op::SETTLE]].concat());
        seeds.push([&[config], talk, &[op::FLOOD, 255, op::SETTLE]].concat());
        seeds.push([&[config, op::FLOOD, 64, op::SETTLE], talk].concat());
        seeds.push([&[config, op::INSERT, 0, 0, 3, b'{', b'\n', b'\n'], talk].concat());
    }
    seeds
}

// The configuration's byte.
const V2: u8 = 1;
const OBSERVE: u8 = 2;
const NO_V1: u8 = 4;
const TINY_REKEY: u8 = 8;

/// The operations' bytes.
mod op {
    pub(super) const DELIVER: u8 = 0;
    pub(super) const SETTLE: u8 = 1;
    pub(super) const ANSWER: u8 = 2;
    pub(super) const ANSWER_WRONGLY: u8 = 3;
    pub(super) const FLIP: u8 = 4;
    pub(super) const INSERT: u8 = 5;
    pub(super) const CUT: u8 = 6;
    pub(super) const REPLAY: u8 = 7;
    pub(super) const REFLECT: u8 = 8;
    pub(super) const SEND: u8 = 9;
    pub(super) const FINISH: u8 = 10;
    pub(super) const CLOSE: u8 = 11;
    pub(super) const EOF: u8 = 12;
    pub(super) const WAIT: u8 = 13;
    pub(super) const REPLAY_WRITE: u8 = 14;
    pub(super) const FLOOD: u8 = 15;
    pub(super) const COUNT: u8 = 16;
}

/// Reads arguments off the input.
struct Code<'a>(&'a [u8]);

impl<'a> Code<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn number(&mut self) -> usize {
        usize::from(self.byte().unwrap_or(0)) << 8 | usize::from(self.byte().unwrap_or(0))
    }

    fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte().unwrap_or(0)).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes
    }
}

/// Two honest ends, the wires between them, and the end that is attacked.
struct World {
    client: End<Client>,
    server: End<Server>,
    to_server: Wire,
    to_client: Wire,
    now: Time,
    victim: Victim,
    trust: Trust,
    version: Version,
    tampered: bool,
}

impl World {
    fn new(config: u8, victim: Victim) -> Self {
        let now = Time::default();
        let version = if config & V2 == 0 {
            Version::V1
        } else {
            Version::V2
        };
        let trust = match config >> 4 & 3 {
            0 => Trust::Pinned(keys::server().public_key().fingerprint()),
            // The client must leave with the proven key, and establish nothing.
            1 => Trust::Learn,
            // The honest server is the wrong one here: no session may come of it.
            2 => Trust::Pinned(Fingerprint::of_spki(b"another key")),
            _ => Trust::Any,
        };
        let observe = if config & OBSERVE == 0 {
            Observe::Nothing
        } else {
            Observe::WithSecrets
        };
        let mut server = ServerConfig::new(keys::server().public_key().clone());
        server.observe = observe;
        server.allow_v1 = config & NO_V1 == 0;
        let mut client = ClientConfig::new(keys::client().public_key().clone(), version, trust);
        client.observe = observe;
        if config & TINY_REKEY != 0 {
            // A program is too short to reach the real limits, and keys that change are a state of
            // their own.
            let rekey = RekeyLimits {
                records: 2,
                bytes: 512,
                interval: Duration::from_secs(1),
            };
            server.limits.rekey = rekey;
            client.limits.rekey = rekey;
        }
        let client = ClientConnection::new(client, keys::seeded(6), now);
        let server = ServerConnection::new(server.into(), keys::seeded(7), now);
        Self {
            client: End::new(client, Side::Client, keys::client()),
            server: End::new(server, Side::Server, keys::server()),
            to_server: Wire::default(),
            to_client: Wire::default(),
            now,
            victim,
            trust,
            version,
            tampered: false,
        }
    }

    fn step(&mut self, operation: u8, code: &mut Code<'_>) {
        let now = self.now;
        match operation % op::COUNT {
            op::DELIVER => {
                let to_server = code.byte().unwrap_or(0).is_multiple_of(2);
                let count = code.number();
                self.collect();
                self.deliver(to_server, count);
            }
            op::SETTLE => self.settle(),
            op::ANSWER => match code.byte().unwrap_or(0) % 2 {
                0 => self.server.answer(now),
                _ => self.client.answer(now),
            },
            op::ANSWER_WRONGLY => {
                let (side, how) = (code.byte().unwrap_or(0), code.byte().unwrap_or(0));
                let bytes = code.bytes();
                // The victim's own driver may fail, but the other end stays honest.
                self.tampered = true;
                match (side % 2, self.victim) {
                    (0, Victim::Server) => self.server.answer_wrongly(how, bytes, now),
                    (_, Victim::Client) => self.client.answer_wrongly(how, bytes, now),
                    _ => {}
                }
            }
            op::SEND => {
                let side = code.byte().unwrap_or(0) % 2;
                // Numbered, so that a message that is lost, repeated or out of order can be told.
                let message = message(
                    code.number(),
                    self.client.sent.len() + self.server.sent.len(),
                );
                match side {
                    0 => self.client.send(&message, now),
                    _ => self.server.send(&message, now),
                }
            }
            op::FINISH => match code.byte().unwrap_or(0) % 2 {
                0 => self.client.finish(now),
                _ => self.server.finish(now),
            },
            op::CLOSE => {
                let (side, code) = (code.byte().unwrap_or(0), code.byte().unwrap_or(0));
                let code = ErrorCode::ALL[usize::from(code) % ErrorCode::ALL.len()];
                match side % 2 {
                    0 => self.client.close(code, now),
                    _ => self.server.close(code, now),
                }
            }
            op::EOF => match code.byte().unwrap_or(0) % 2 {
                0 => self.server.eof(),
                _ => self.client.eof(),
            },
            op::WAIT => {
                self.now = now + Duration::from_millis(code.number() as u64);
                self.client.wake(self.now);
                self.server.wake(self.now);
            }
            tampering => self.tamper(tampering, code),
        }
    }

    /// Changes the victim's input, as an attacker on the wire does.
    fn tamper(&mut self, operation: u8, code: &mut Code<'_>) {
        // Everything that was written is on the wire before the attacker acts: a frame cannot be
        // changed before it exists.
        self.collect();
        self.tampered = true;
        let (wire, other) = match self.victim {
            Victim::Server => (&mut self.to_server, &self.to_client),
            Victim::Client => (&mut self.to_client, &self.to_server),
        };
        match operation {
            op::FLIP => wire.flip(code.number(), code.byte().unwrap_or(0) | 1),
            op::INSERT => wire.insert(code.number(), code.bytes()),
            op::CUT => wire.cut(code.number(), code.number()),
            op::REPLAY => wire.replay(code.number()),
            op::REPLAY_WRITE => wire.replay_write(code.byte().unwrap_or(0).into()),
            // Up to twice the longest frame of v2.
            op::FLOOD => wire.flood(u32::from(code.byte().unwrap_or(0)) * 512),
            // An end must not take its own frames for the peer's.
            op::REFLECT => {
                let reflected = other.peek(code.number());
                wire.insert(0, &reflected);
            }
            _ => {}
        }
    }

    /// Puts on the wires what both ends have to send.
    fn collect(&mut self) {
        self.to_server.send(&self.client.transmit());
        self.to_client.send(&self.server.transmit());
    }

    fn deliver(&mut self, to_server: bool, count: usize) {
        if to_server {
            let bytes = self.to_server.deliver(count);
            self.server.receive(&bytes, self.now);
        } else {
            let bytes = self.to_client.deliver(count);
            self.client.receive(&bytes, self.now);
        }
    }

    /// Lets both talk until neither has anything to say.
    fn settle(&mut self) {
        loop {
            self.collect();
            let idle = self.to_server.is_empty() && self.to_client.is_empty();
            if idle && !self.client.is_asking() && !self.server.is_asking() {
                return;
            }
            self.deliver(true, usize::MAX);
            self.deliver(false, usize::MAX);
            self.client.answer(self.now);
            self.server.answer(self.now);
        }
    }

    /// Asserts the rules that hold between the two ends, whatever is done to the wire: an attacker
    /// there has no key.
    fn check(&self) {
        let client_key = keys::client().public_key();
        let server_key = keys::server().public_key();
        if let Some((version, peer, id)) = &self.server.established {
            assert_eq!(
                peer, client_key,
                "the server takes the client for who it is"
            );
            assert_eq!(*version, self.version);
            if let Some((_, _, other)) = &self.client.established {
                assert_eq!(id, other, "one session, one name");
            }
        }
        if let Some((version, peer, _)) = &self.client.established {
            assert_eq!(
                *version, self.version,
                "no other version than was asked for"
            );
            // A client that only learns the key leaves with it, and establishes nothing.
            assert_ne!(self.trust, Trust::Learn);
            if let Trust::Pinned(pin) = self.trust {
                assert_eq!(
                    peer.fingerprint(),
                    pin,
                    "no other server than the pinned one"
                );
            }
            if self.version == Version::V2 {
                assert_eq!(peer, server_key);
            }
        }
        match self.version {
            // In order, none missing, none twice, none changed.
            Version::V2 => {
                assert!(self.client.sent.starts_with(&self.server.received));
                assert!(self.server.sent.starts_with(&self.client.received));
            }
            // v1 cannot tell a replay, nor its own message from the peer's; but nobody can forge.
            Version::V1 => {
                for message in self.client.received.iter().chain(&self.server.received) {
                    let sent = self.client.sent.contains(message);
                    assert!(sent || self.server.sent.contains(message));
                }
            }
        }
    }

    /// Asserts that everything arrives if the wire was honest and neither end has closed.
    fn check_end(&mut self) {
        // An attacker may always end a connection, so only honest wires promise delivery.
        if self.tampered || self.client.closed.is_some() || self.server.closed.is_some() {
            return;
        }
        self.settle();
        self.check();
        if self.server.closed.is_none() && self.client.closed.is_none() {
            assert_eq!(self.server.received, self.client.sent);
            assert_eq!(self.client.received, self.server.sent);
        }
    }
}

/// A message of `length` bytes that is not like any other, and must not be seen on the wire.
fn message(length: usize, number: usize) -> Vec<u8> {
    let mut message = MARKER.repeat(length / MARKER.len() + 1);
    message.truncate(length);
    let [.., a, b, c, d] = (number as u64).to_be_bytes();
    message.splice(0..0, [a, b, c, d]);
    message
}
