//! A network that harms: two real connections exchange messages over it, and it splits, merges,
//! flips, drops, replays, swaps, reflects and truncates their bytes, by a seed.
//!
//! Whatever it does, v2 delivers a beginning of the sent messages, unchanged, in order, once; a
//! side that misses something does not believe in an orderly end; nothing shows in clear. v1 can
//! promise less: every message that it delivers was sent by one of the two and shows nowhere, but
//! it can come again, come back to its sender, or be missing unnoticed.
//!
//! A failure names its seed. `SECURE_CHAT_SEED=n` runs that one alone; `SECURE_CHAT_ROUNDS=n` runs
//! more than the usual.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};

use memchr::memmem;

use super::insider::{cut, split_announcement};
use super::*;
use crate::connection::{ClientConnection, Connection, Version};
use crate::identity::PrivateKey;
use crate::time::Time;

/// The number of conversations when nothing else is asked for.
const ROUNDS: u64 = if cfg!(target_arch = "wasm32") {
    20
} else {
    150
};

/// The time of the whole conversation, which stands still.
const NOW: Time = Time::from_millis(0);

/// The mark in every message, so that it would be found on the wire.
const MARK: &[u8] = b"<confidential>";

/// An attacker's change of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harm {
    Flip,
    DropBytes,
    DropFrame,
    ReplayBytes,
    ReplayFrame,
    SwapFrames,
    Reflect,
    Truncate,
    Inject,
}

const HARMS: [Harm; 9] = [
    Harm::Flip,
    Harm::DropBytes,
    Harm::DropFrame,
    Harm::ReplayBytes,
    Harm::ReplayFrame,
    Harm::SwapFrames,
    Harm::Reflect,
    Harm::Truncate,
    Harm::Inject,
];

struct Dice(ChaCha20Rng);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    /// Returns a number below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u64() % end as u64).unwrap()
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// Cuts one side's bytes into frames, the preface and the announcement among them.
fn frames(version: Version, stream: &[u8]) -> Vec<Vec<u8>> {
    if version == Version::V1 {
        let end = |rest: &[u8]| memmem::find(rest, b"\n\n").map_or(rest.len(), |at| at + 2);
        let mut rest = stream;
        return std::iter::from_fn(|| rest.split_off(..end(rest)).filter(|it| !it.is_empty()))
            .map(<[u8]>::to_vec)
            .collect();
    }
    let (first, rest) = match stream {
        [b'S', b'C', ..] => stream.split_at(5.min(stream.len())),
        [b'S', b'E', ..] => split_announcement(stream),
        _ => return cut(stream),
    };
    [vec![first.to_vec()], cut(rest)].concat()
}

/// One direction of the network.
#[derive(Default)]
struct Lane {
    /// The bytes that are written and not delivered.
    waiting: Vec<u8>,
    /// All bytes that were written.
    written: Vec<u8>,
    harmed: Option<Harm>,
    /// `true` once nothing more comes through.
    cut: bool,
}

impl Lane {
    /// Queues whole frames that one side has just written.
    fn write(&mut self, fresh: &[u8]) {
        if !self.cut {
            self.waiting.extend_from_slice(fresh);
        }
    }

    /// Changes `fresh`, the bytes that this direction has just written; `other` is all of the other
    /// direction.
    fn harm(
        &mut self,
        harm: Harm,
        version: Version,
        fresh: &mut Vec<u8>,
        other: &[u8],
        dice: &mut Dice,
    ) {
        let before = fresh.clone();
        let from = dice.below(before.len());
        let to = (from + 1 + dice.below(40)).min(before.len());
        let all = frames(version, &before);
        let chosen = dice.below(all.len());
        let start: usize = all[..chosen].iter().map(Vec::len).sum();
        let end = start + all[chosen].len();
        let mut any_of = |stream: &[u8]| {
            let all = frames(version, stream);
            if all.is_empty() {
                Vec::new()
            } else {
                all[dice.below(all.len())].clone()
            }
        };
        match harm {
            Harm::Flip => fresh[from] ^= 1 << (to % 8),
            Harm::DropBytes => drop(fresh.drain(from..to)),
            Harm::DropFrame => drop(fresh.drain(start..end)),
            Harm::ReplayBytes => drop(fresh.splice(from..from, before[from..to].to_vec())),
            Harm::ReplayFrame => drop(fresh.splice(end..end, any_of(&self.written))),
            Harm::SwapFrames if chosen > 0 => {
                let previous = start - all[chosen - 1].len();
                fresh[previous..end].rotate_left(start - previous);
            }
            Harm::SwapFrames => {}
            Harm::Reflect => drop(fresh.splice(end..end, any_of(other))),
            Harm::Truncate => fresh.truncate(from),
            Harm::Inject => {
                let mut random = vec![0; to - from];
                dice.0.fill_bytes(&mut random);
                drop(fresh.splice(from..from, random));
            }
        }
        if *fresh != before {
            self.harmed = Some(harm);
        }
    }
}

/// One of the two sides, with the messages that it has sent and received.
struct End<R> {
    connection: Connection<R>,
    seen: Seen,
    answers: Answerer,
    /// The number of messages to send.
    messages: usize,
    /// The messages that were sent.
    sent: Vec<Vec<u8>>,
    finished: bool,
    lane: Lane,
}

impl<R> End<R> {
    fn new(connection: Connection<R>, key: &'static PrivateKey, messages: usize) -> Self {
        Self {
            connection,
            seen: Seen::default(),
            answers: Answerer::new(key),
            messages,
            sent: Vec::new(),
            finished: false,
            lane: Lane::default(),
        }
    }

    fn drain(&mut self) {
        self.answers
            .drain(&mut self.connection, &mut self.seen, NOW);
    }

    /// Sends some messages, perhaps, and returns the bytes that the side writes.
    fn act(&mut self, dice: &mut Dice) -> Vec<u8> {
        self.drain();
        while self.connection.is_established() && !dice.one_in(3) && !self.finished {
            if self.sent.len() == self.messages {
                self.connection.finish(NOW);
                self.finished = true;
                break;
            }
            let most = if dice.one_in(20) { 60_000 } else { 300 };
            let length = dice.below(most);
            let number = self.sent.len().to_be_bytes();
            let message = [MARK, &number, &vec![b'.'; length]].concat();
            if self.connection.send(&message, NOW).is_err() {
                break;
            }
            self.sent.push(message);
        }
        let mut fresh = Vec::new();
        while let Some(bytes) = self.connection.poll_transmit() {
            fresh.extend_from_slice(&bytes);
            self.drain();
        }
        self.lane.written.extend_from_slice(&fresh);
        fresh
    }

    /// Takes some of the bytes that wait in the other side's lane.
    fn take(&mut self, from: &mut Lane, dice: &mut Dice) {
        let waiting = from.waiting.len();
        let most = if dice.one_in(2) {
            waiting
        } else {
            waiting.min(90)
        };
        let piece: Vec<u8> = from.waiting.drain(..dice.below(most + 1)).collect();
        self.connection.handle_bytes(&piece, NOW);
        self.drain();
    }
}

/// Lets the two talk, harms at most once, and checks the promises in the head of this file.
fn simulate(seed: u64, version: Version, harmful: bool) -> Option<Harm> {
    let _named = Named(seed, version);
    let mut dice = Dice::new(seed);
    let (mut server, mut client) = (server_config(), v2_client_config());
    client.version = version;
    server.limits.rekey.records = 1 + dice.below(9) as u64;
    client.limits.rekey.records = 1 + dice.below(9) as u64;
    // Few seeds, so that few signatures have to be made: they are remembered.
    let draws = u8::try_from(dice.below(4)).unwrap();
    let client = ClientConnection::new(client, seeded(draws), NOW);
    let server = ServerConnection::new(server.into(), seeded(draws + 100), NOW);
    let mut client = End::new(client, client_key(), dice.below(25));
    let mut server = End::new(server, server_key(), dice.below(25));
    let mut harm = harmful.then(|| HARMS[dice.below(HARMS.len())]);
    let (harms_client, mut delay) = (dice.one_in(2), dice.below(30));
    let mut idle = 0;
    while idle < 40 {
        let (mut up, mut down) = (client.act(&mut dice), server.act(&mut dice));
        delay = delay.saturating_sub(1);
        let (lane, fresh, other) = if harms_client {
            (&mut server.lane, &mut down, &client.lane.written)
        } else {
            (&mut client.lane, &mut up, &server.lane.written)
        };
        if let (Some(kind), 0, false) = (harm, delay, fresh.is_empty()) {
            lane.harm(kind, version, fresh, other, &mut dice);
            harm = lane.harmed.is_none().then_some(kind);
        }
        client.lane.write(&up);
        server.lane.write(&down);
        client.lane.cut |= client.lane.harmed == Some(Harm::Truncate);
        server.lane.cut |= server.lane.harmed == Some(Harm::Truncate);
        let waits = !client.lane.waiting.is_empty() || !server.lane.waiting.is_empty();
        idle = if waits { 0 } else { idle + 1 };
        server.take(&mut client.lane, &mut dice);
        client.take(&mut server.lane, &mut dice);
    }
    // Both streams end, as TCP's do, whatever was sent in them.
    client.connection.handle_eof();
    server.connection.handle_eof();
    client.drain();
    server.drain();
    judge(version, &client, &server);
    judge(version, &server, &client);
    client.lane.harmed.or(server.lane.harmed)
}

/// Checks the messages that `receiver` has from `sender`, and its belief in the end.
fn judge<A, B>(version: Version, receiver: &End<A>, sender: &End<B>) {
    let (got, sent) = (&receiver.seen.messages, &sender.sent);
    assert!(
        memmem::find(&sender.lane.written, MARK).is_none(),
        "in clear"
    );
    let reason = receiver.seen.closed.as_ref().unwrap();
    if sender.lane.harmed.is_none() && receiver.lane.harmed.is_none() {
        assert_eq!(
            (reason, got.len()),
            (&CloseReason::PeerClosed, sender.messages)
        );
        assert_eq!(got, sent);
        return;
    }
    // v1 has neither sequence numbers nor separate keys, so it can promise no more (PROTOCOL.md
    // §1.7).
    if version == Version::V1 {
        let said = |message| sent.contains(message) || receiver.sent.contains(message);
        assert!(got.iter().all(said), "nobody has said this");
        return;
    }
    assert!(
        // A beginning, in order and once: the record that misses its place does not open.
        sent.starts_with(got),
        "{} of {} delivered",
        got.len(),
        sent.len()
    );
    if !receiver.seen.established {
        assert!(got.is_empty());
    } else if *reason == CloseReason::PeerClosed {
        assert!(
            sender.finished && got == sent,
            "an end with something missing"
        );
    }
}

/// A guard that prints how a failure is repeated.
struct Named(u64, Version);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(seed, version) = self;
            eprintln!("{version} failed; repeat it with SECURE_CHAT_SEED={seed}");
        }
    }
}

/// Reads a number from the environment.
fn asked(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

/// Runs every seed that is asked for; returns the number of those that were harmed.
fn simulate_all(version: Version, harmful: bool) -> u64 {
    let rounds = asked("SECURE_CHAT_ROUNDS").unwrap_or(ROUNDS);
    let seeds = asked("SECURE_CHAT_SEED").map_or(0..rounds, |seed| seed..seed + 1);
    let harmed = seeds
        .clone()
        .filter(|seed| simulate(*seed, version, harmful).is_some());
    let harmed = harmed.count() as u64;
    // A harm may happen to change nothing, but a simulator that seldom harms would test nothing.
    let enough = seeds.end - seeds.start < 10 || harmed > rounds / 2;
    assert!(
        enough || !harmful,
        "only {harmed} of {rounds} conversations were harmed"
    );
    harmed
}

portable_test! {
    fn v2_over_a_network_that_splits_and_merges_loses_nothing() {
        assert_eq!(simulate_all(Version::V2, false), 0);
    }

    fn v2_over_a_network_that_harms_delivers_a_beginning_and_knows() {
        simulate_all(Version::V2, true);
    }

    fn v1_over_a_network_that_splits_and_merges_loses_nothing() {
        assert_eq!(simulate_all(Version::V1, false), 0);
    }

    fn v1_over_a_network_that_harms_delivers_only_what_was_said() {
        simulate_all(Version::V1, true);
    }
}
