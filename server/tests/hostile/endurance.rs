//! A minute of everything at once: fifty clients over both versions and transports, connections
//! that break in every way, and a server that is killed every few seconds. Afterwards no
//! acknowledged entry is lost, none is stored twice, and all members have the same log.
//!
//! `SECURE_CHAT_SEED` repeats a run's decisions (not the machine's timing), and
//! `SECURE_CHAT_ENDURANCE_SECONDS` makes the run longer or shorter.

mod driver;
pub(crate) mod random;
mod restarting;
mod stream;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, RwLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use shared::chat::{Entry, MessageId, RoomId, Seq, UserId};
use shared::connection::Version;
use shared::identity::PrivateKey;
use tokio::runtime::Runtime;
use tokio::sync::Barrier;

use self::driver::Driver;
use self::random::Dice;
use self::stream::Transport;
use crate::support::server::Server;
use crate::support::system_random;

const CLIENTS: usize = 50;

/// The number of different people; the other clients are their second, third … devices.
const KEYS: usize = 10;

fn keys(count: usize) -> Vec<PrivateKey> {
    let keys = (0..count).map(|_| PrivateKey::generate(2048, &mut system_random()).unwrap());
    keys.collect()
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// The logs that a client has at the end.
struct Outcome {
    logs: BTreeMap<RoomId, Vec<Entry>>,
}

/// The state that all clients share.
struct Scene {
    /// The server's addresses for TCP and HTTP; `None` while it is dead.
    server: RwLock<Option<(SocketAddr, SocketAddr)>>,
    /// The clients may still write something new.
    busy: RwLock<bool>,
    /// A barrier for the clients that have nothing more to send.
    silent: Barrier,
    /// Every ack that any client was ever given.
    acked: Mutex<BTreeMap<(RoomId, UserId, MessageId), Seq>>,
    /// The ways back of steady clients, and when they were back.
    returns: Mutex<Vec<(Instant, Return)>>,
}

/// The way of a steady client back to its server.
#[derive(Debug, Clone, Copy, Default)]
struct Return {
    /// The attempts that it took.
    attempts: u32,
    /// The sum of the waits before them.
    waited_ms: u64,
}

impl Scene {
    /// Creates a scene of so many clients of this server.
    fn new(clients: usize, server: &Server) -> Arc<Self> {
        Arc::new(Self {
            server: RwLock::new(Some((server.tcp(), server.http()))),
            busy: RwLock::new(true),
            silent: Barrier::new(clients),
            acked: Mutex::default(),
            returns: Mutex::default(),
        })
    }

    fn comes_back(&self, way: Return) {
        self.returns.lock().unwrap().push((Instant::now(), way));
    }

    fn is_busy(&self) -> bool {
        *self.busy.read().unwrap()
    }

    /// Records an ack. An entry has one number, whoever asks and however often.
    fn ack(&self, room: RoomId, user: UserId, id: MessageId, seq: Seq) {
        let before = self.acked.lock().unwrap().insert((room, user, id), seq);
        assert!(
            before.is_none_or(|before| before == seq),
            "{id}: {before:?}, {seq}"
        );
    }
}

fn environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value}")))
}

#[test]
fn fifty_clients_a_minute_of_broken_connections_and_a_server_that_is_killed() {
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = environment("SECURE_CHAT_SEED").unwrap_or(u64::from(clock.unwrap().subsec_nanos()));
    let seconds = environment("SECURE_CHAT_ENDURANCE_SECONDS").unwrap_or(60);
    println!("SECURE_CHAT_SEED={seed} SECURE_CHAT_ENDURANCE_SECONDS={seconds}");
    let mut dice = Dice::new(seed);
    let flags = [
        "--max-connections-per-address",
        "1000",
        "--log-level",
        "warn",
    ];
    let mut server = Server::start(&flags);
    let scene = Scene::new(CLIENTS, &server);
    let (keys, runtime) = (keys(KEYS), runtime());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let version = [Version::V1, Version::V2][number % 2];
            let transport = [Transport::Tcp, Transport::WebSocket][number / 2 % 2];
            let key = keys[number % KEYS].clone();
            let dice = Dice::new(seed ^ (number as u64 + 1) << 32);
            let driver = Driver::new(Arc::clone(&scene), key, version, transport, dice);
            runtime.spawn(driver.run())
        })
        .collect();

    let end = Instant::now() + Duration::from_secs(seconds);
    let mut kills = 0;
    while Instant::now() < end {
        sleep(Duration::from_millis(dice.between(2_000, 6_000)));
        *scene.server.write().unwrap() = None;
        let data = server.kill();
        kills += 1;
        sleep(Duration::from_millis(dice.between(0, 1_000)));
        server = Server::start_in(data, &flags);
        *scene.server.write().unwrap() = Some((server.tcp(), server.http()));
    }
    *scene.busy.write().unwrap() = false;
    let outcomes: Vec<Outcome> = runtime.block_on(try_join_all(clients)).unwrap();

    let entries = assert_nothing_is_lost(&scene, &outcomes);
    let acked = scene.acked.lock().unwrap();
    println!("{kills} kills, {} acked, {entries} entries", acked.len());
    // Every entry that was begun was acknowledged in the end. A run in which little happened proves
    // little.
    assert_eq!(acked.len(), entries);
    assert!(
        entries as u64 > seconds * 10 && kills > 0,
        "{entries} entries, {kills} kills"
    );
}

/// Asserts that all clients have the same logs, in which every entry is there once and each that was
/// acked is in its place. Returns the number of entries.
fn assert_nothing_is_lost(scene: &Scene, outcomes: &[Outcome]) -> usize {
    let logs = &outcomes[0].logs;
    for outcome in outcomes {
        assert!(outcome.logs == *logs, "two members have different logs");
    }
    let mut entries = 0;
    let mut places = BTreeMap::new();
    for (room, log) in logs {
        entries += log.len();
        for (entry, expected) in log.iter().zip(1..) {
            assert_eq!(entry.seq, expected, "{room} has a gap");
            let place = (room.clone(), entry.from.id, entry.id);
            let before = places.insert(place, entry.seq);
            assert_eq!(before, None, "{} is there twice", entry.id);
        }
    }
    let acked = scene.acked.lock().unwrap();
    for (place, seq) in acked.iter() {
        assert_eq!(places.get(place), Some(seq), "{place:?} was acked");
    }
    entries
}
