//! Twenty hostile clients that draw from all requests, floods and ways to cut a connection, beside
//! twenty honest ones, against a server that may have 512 MiB. No honest client is evicted or
//! refused, every acknowledged message is stored once, and the server gives the memory back. The
//! same beside a server that is killed every few seconds.
//!
//! `SECURE_CHAT_SEED` repeats the decisions, and `SECURE_CHAT_ADVERSARY_SECONDS` makes the run
//! longer or shorter. The waits of the honest clients are printed, not asserted: a machine that
//! does other work at the same time must not make this fail.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::chat::MessageId;
use shared::connection::Version;
use shared::identity::PrivateKey;

use crate::endurance::random::Dice;
use crate::support::client::{Client, connect};
use crate::support::json::{hear, hello, join};
use crate::support::server::Server;
use crate::support::{PATIENCE, eventually, system_random};

const HONEST: usize = 20;
const HOSTILE: usize = 20;

/// The memory that the server may have of its own, in KiB.
const MEMORY_KIB: u32 = 512 * 1024;

/// The attacks before anything is measured, and the least time for them: the caches and pools that
/// any use fills are full then, and what more of an attack leaves behind shows. A time alone was too
/// few attacks on a machine that is busy with something else.
const WARM_UP_ATTACKS: u64 = 150;
const WARM_UP: Duration = Duration::from_secs(10);

/// The time between two messages of an honest client.
const PAUSE: Duration = Duration::from_millis(500);

/// The time until the next attempt while no server listens.
const BETWEEN_SERVERS: Duration = Duration::from_millis(20);

/// The time for which the honest clients are alone, to measure their undisturbed waits.
const UNDISTURBED: Duration = Duration::from_secs(10);

fn environment(name: &str, otherwise: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(otherwise, |value| {
        value.parse().unwrap_or_else(|_| panic!("{name}={value}"))
    })
}

struct Scene {
    /// The server's addresses for TCP and HTTP; they change with each kill.
    addresses: Mutex<(SocketAddr, SocketAddr)>,
    /// A counter that is odd from before a kill until the next server listens.
    generation: AtomicU64,
    /// The hostile clients have begun.
    disturbed: AtomicBool,
    over: AtomicBool,
    /// The waits for an ack, undisturbed and disturbed, in microseconds.
    waits: [Mutex<Vec<u64>>; 2],
    /// The acknowledged messages, by number.
    acked: Mutex<BTreeMap<u64, String>>,
    attacks: AtomicU64,
}

impl Scene {
    fn of(server: &Server) -> Arc<Self> {
        Arc::new(Self {
            addresses: Mutex::new((server.tcp(), server.http())),
            generation: AtomicU64::new(0),
            disturbed: AtomicBool::new(false),
            over: AtomicBool::new(false),
            waits: [Mutex::default(), Mutex::default()],
            acked: Mutex::default(),
            attacks: AtomicU64::new(0),
        })
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn tcp(&self) -> SocketAddr {
        self.addresses.lock().unwrap().0
    }

    fn http(&self) -> SocketAddr {
        self.addresses.lock().unwrap().1
    }

    /// Kills the server as `kill -9` does, and starts another one on its data folder.
    fn kill_and_restart(&self, server: Server) -> Server {
        // Counted twice, before the kill and after the start: a client that fails can then tell
        // whether a kill was under way.
        self.generation.fetch_add(1, Ordering::SeqCst);
        let server = Server::start_within_in(server.kill(), MEMORY_KIB, &[]);
        *self.addresses.lock().unwrap() = (server.tcp(), server.http());
        self.generation.fetch_add(1, Ordering::SeqCst);
        server
    }

    /// Starts the honest clients.
    fn honest(self: &Arc<Self>) -> Vec<JoinHandle<()>> {
        let start = |(number, key)| {
            let scene = Arc::clone(self);
            std::thread::spawn(move || be_honest(&scene, key, number))
        };
        keys(HONEST).into_iter().enumerate().map(start).collect()
    }

    /// Starts the hostile clients, which share four keys, so that a key's limits are reached from
    /// several connections.
    fn hostile(self: &Arc<Self>, seed: u64) -> Vec<JoinHandle<()>> {
        self.disturbed.store(true, Ordering::SeqCst);
        let keys = keys(4);
        let start = |number: usize| {
            let (scene, key) = (Arc::clone(self), keys[number % keys.len()]);
            std::thread::spawn(move || {
                let mut dice = Dice::new(seed.wrapping_add(number as u64));
                while !scene.is_over() {
                    attack(&scene, key, number, &mut dice);
                }
            })
        };
        (0..HOSTILE).map(start).collect()
    }

    /// Ends all clients.
    fn end(&self, clients: Vec<JoinHandle<()>>) {
        self.over.store(true, Ordering::SeqCst);
        for client in clients {
            client.join().unwrap();
        }
    }

    /// Asserts that every acknowledged message is stored, once, under its number.
    fn assert_nothing_lost_or_doubled(&self, server: &Server) {
        // A new key: no client of the run has used up its limits.
        let mut reader = Client::of(keys(1)[0], connect(server.tcp()), Version::V2);
        reader.shake_hands();
        hello(&mut reader, "reader");
        let head = join(&mut reader, "lobby", 0)["head"].as_u64().unwrap();
        let mut there = BTreeMap::new();
        let mut ids = BTreeSet::new();
        let mut last = 0;
        while last < head {
            for entry in hear(&mut reader, "page")["entries"].as_array().unwrap() {
                last = entry["seq"].as_u64().unwrap();
                let text = entry["text"].as_str().unwrap_or_default();
                if let Some(id) = text.strip_prefix("honest ") {
                    assert_eq!(there.insert(last, id.to_owned()), None);
                    assert!(ids.insert(id.to_owned()), "{id} is there twice");
                }
            }
        }
        let acked = self.acked.lock().unwrap();
        assert!(!acked.is_empty());
        for (seq, id) in &*acked {
            assert_eq!(there.get(seq), Some(id), "entry {seq}");
        }
    }

    fn print(&self) {
        println!(
            "{} attacks; {} messages acked; p99 {} µs undisturbed, {} µs disturbed",
            self.attacks.load(Ordering::Relaxed),
            self.acked.lock().unwrap().len(),
            p99(&self.waits[0]),
            p99(&self.waits[1]),
        );
    }
}

fn keys(count: usize) -> Vec<&'static PrivateKey> {
    let make = || PrivateKey::generate(2048, &mut system_random()).unwrap();
    (0..count).map(|_| &*Box::leak(Box::new(make()))).collect()
}

/// Runs an honest client, which is never refused. It loses its connection only when the server is
/// killed, and then goes on with the next server and with the message that was not acknowledged.
fn be_honest(scene: &Scene, key: &'static PrivateKey, number: usize) {
    let mut dice = Dice::new(number as u64);
    let mut unacked = None;
    while !scene.is_over() {
        let before = scene.generation.load(Ordering::SeqCst);
        let ended = honest_session(scene, key, number, &mut dice, &mut unacked);
        if let Err(error) = ended {
            let now = scene.generation.load(Ordering::SeqCst);
            let killed = now != before || !now.is_multiple_of(2);
            assert!(killed, "honest client {number}: {error}");
            std::thread::sleep(BETWEEN_SERVERS);
        }
    }
}

/// Runs one connection of an honest client: it sends a message, waits for the ack, and so on.
fn honest_session(
    scene: &Scene,
    key: &'static PrivateKey,
    number: usize,
    dice: &mut Dice,
    unacked: &mut Option<String>,
) -> io::Result<()> {
    let stream = TcpStream::connect(scene.tcp())?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut client = Client::of(key, stream, Version::V2);
    client.try_shake_hands()?;
    ask(
        &mut client,
        &json!({"type": "hello", "name": format!("honest-{number}")}),
        "welcome",
    )?;
    ask(
        &mut client,
        &json!({"type": "join", "room": "lobby"}),
        "joined",
    )?;
    while !scene.is_over() {
        // The id stays until the ack comes, so a message that was sent to a killed server is not
        // stored twice.
        let id = unacked
            .get_or_insert_with(|| MessageId::from_random(dice.bytes()).to_string())
            .clone();
        let disturbed = usize::from(scene.disturbed.load(Ordering::SeqCst));
        let asked = Instant::now();
        let text = format!("honest {id}");
        let send = json!({"type": "send", "room": "lobby", "id": id, "text": text});
        let ack = ask(&mut client, &send, "ack")?;
        assert_eq!(ack["id"], id);
        let wait = u64::try_from(asked.elapsed().as_micros()).unwrap();
        scene.waits[disturbed].lock().unwrap().push(wait);
        let seq = ack["seq"].as_u64().unwrap();
        let before = scene.acked.lock().unwrap().insert(seq, id);
        assert_eq!(before, None, "one number for two messages");
        *unacked = None;
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// Sends a request and waits for its answer, which must not be an error.
fn ask(client: &mut Client, request: &Value, answer: &str) -> io::Result<Value> {
    let frame = client.seal(&request.to_string());
    client.wire.write_all(&frame)?;
    loop {
        let message: Value = serde_json::from_str(&client.try_receive()?).unwrap_or_default();
        assert_ne!(message["type"], "error", "{message}");
        if message["type"] == answer {
            return Ok(message);
        }
    }
}

/// Returns a stream from an address of the attacker's own, or `None` if the server accepts none.
/// Limits for each address would otherwise refuse the honest clients, which share one.
fn from_own_address(to: SocketAddr, number: usize) -> Option<TcpStream> {
    let socket = socket2::Socket::new(
        socket2::Domain::IPV4,
        socket2::Type::STREAM,
        Some(socket2::Protocol::TCP),
    );
    let socket = socket.unwrap();
    let own = Ipv4Addr::new(127, 0, 1, u8::try_from(number + 1).unwrap());
    socket.bind(&SocketAddrV4::new(own, 0).into()).unwrap();
    socket.connect_timeout(&to.into(), PATIENCE).ok()?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    stream
        .set_write_timeout(Some(Duration::from_secs(2)))
        .ok()?;
    Some(stream)
}

/// Returns a request of any type, well formed or not.
fn any_request(dice: &mut Dice) -> String {
    let room = ["lobby", "public", "den", "nowhere", "a b", "lоbby"][index(dice, 6)];
    let id = MessageId::from_random(dice.bytes()).to_string();
    let user = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    let number = dice.between(0, 1000);
    let text = "\"x\\\n".repeat(index(dice, 4000) + 1);
    let own_room = format!("room-{number}");
    let request: Value = match dice.between(0, 30) {
        0 => json!({"type": "hello", "name": format!("name-{number}"), "client": text}),
        1 => json!({"type": "hello"}),
        2 => json!({"type": "create", "room": own_room, "topic": "\"".repeat(250)}),
        3 => json!({"type": "create", "room": own_room, "private": true, "keep": "nothing"}),
        4 | 5 => json!({"type": "join", "room": room, "after": number}),
        6 => json!({"type": "leave", "room": room}),
        7 => json!({"type": "invite", "room": room, "id": user}),
        8..=11 => json!({"type": "send", "room": room, "id": id, "text": text}),
        12 => json!({"type": "edit", "room": room, "id": id, "of": number, "text": text}),
        13 => json!({"type": "delete", "room": room, "id": id, "of": number}),
        14 => json!({"type": "react", "room": room, "id": id, "of": number, "emoji": "👍"}),
        15 => json!({"type": "history", "room": room, "before": number}),
        16 => json!({"type": "direct", "to": user}),
        17 | 18 => json!({"type": "typing", "room": room}),
        19 => json!({"type": "read", "room": room, "seq": number}),
        20 => json!({"type": "search", "query": "x"}),
        21 => json!({"type": "claim", "code": "guessed"}),
        22 => json!({"type": "operator", "do": "connections"}),
        23 => json!({"type": "rooms", "find": "room"}),
        24 => json!({"type": "members", "room": room}),
        25 => json!({"type": "topic", "room": room, "topic": "mine"}),
        26 => json!({"type": "role", "room": room, "id": user, "role": "owner"}),
        27 => json!({"type": "dance", "text": text}),
        28 => json!({"type": "ping"}),
        _ => return ["a plain line", "/who", "/name x", "{", "\u{202e}"][index(dice, 5)].into(),
    };
    request.to_string()
}

fn index(dice: &mut Dice, below: u64) -> usize {
    usize::try_from(dice.between(0, below)).unwrap()
}

/// Runs one connection of a hostile client, which ends in any way.
fn attack(scene: &Scene, key: &'static PrivateKey, number: usize, dice: &mut Dice) {
    scene.attacks.fetch_add(1, Ordering::Relaxed);
    if dice.once_in(6) {
        // Meaningless bytes, to either port, and perhaps without an end.
        let to = if dice.once_in(2) {
            scene.http()
        } else {
            scene.tcp()
        };
        let Some(mut stream) = from_own_address(to, number) else {
            std::thread::sleep(BETWEEN_SERVERS);
            return;
        };
        let garbage: Vec<u8> = (0..dice.between(1, 60_000))
            .map(|_| dice.bytes::<1>()[0])
            .collect();
        let _ = stream.write_all(b"GET /ws HTTP/1.1\r\nOrigin: x");
        let _ = stream.write_all(&garbage);
        return;
    }
    let Some(stream) = from_own_address(scene.tcp(), number) else {
        std::thread::sleep(BETWEEN_SERVERS);
        return;
    };
    let mut client = Client::of(key, stream, Version::V2);
    if client.try_shake_hands().is_err() {
        return;
    }
    let greeting = client.seal(&json!({"type": "hello"}).to_string());
    if client.wire.write_all(&greeting).is_err() {
        return;
    }
    let reads = dice.once_in(2);
    let same = dice.once_in(3).then(|| any_request(dice));
    for _ in 0..dice.between(1, 3000) {
        if scene.is_over() {
            return;
        }
        let request = same.clone().unwrap_or_else(|| any_request(dice));
        let frame = client.seal(&request);
        if client.wire.write_all(&frame).is_err() {
            break;
        }
        // An attacker who never reads fills the server's queues; one who reads now and then keeps
        // them near their limits.
        if reads && dice.once_in(50) {
            let _ = client.wire.read(&mut vec![0; 64 * 1024]);
        }
    }
    match dice.between(0, 4) {
        // Half a frame, and then the end.
        0 => {
            let frame = client.seal("never whole");
            let _ = client.wire.write_all(&frame[..frame.len() / 2]);
        }
        1 => {
            let _ = client.wire.shutdown(Shutdown::Write);
        }
        // A reset of the connection.
        2 => {
            let _ = socket2::SockRef::from(&client.wire).set_linger(Some(Duration::ZERO));
        }
        _ => {}
    }
}

fn p99(waits: &Mutex<Vec<u64>>) -> u64 {
    let mut waits = waits.lock().unwrap().clone();
    waits.sort_unstable();
    waits.get(waits.len() * 99 / 100).copied().unwrap_or(0)
}

/// Returns the seed of the decisions, and the time for which the hostile clients attack.
fn plan() -> (u64, Duration) {
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = environment("SECURE_CHAT_SEED", clock.unwrap().subsec_nanos().into());
    let seconds = environment("SECURE_CHAT_ADVERSARY_SECONDS", 60);
    println!("SECURE_CHAT_SEED={seed} SECURE_CHAT_ADVERSARY_SECONDS={seconds}");
    (seed, Duration::from_secs(seconds))
}

#[test]
fn twenty_hostile_clients_for_a_minute_disturb_nobody_and_take_no_memory_for_good() {
    let (seed, time) = plan();
    let server = Server::start_within(MEMORY_KIB, &[]);
    let fresh = server.resident_kib();
    let first = Scene::of(&server);
    let clients = first.hostile(!seed);
    std::thread::sleep(WARM_UP);
    while first.attacks.load(Ordering::Relaxed) < WARM_UP_ATTACKS {
        std::thread::sleep(Duration::from_millis(10));
    }
    first.end(clients);

    let scene = Scene::of(&server);
    let mut clients = scene.honest();
    std::thread::sleep(UNDISTURBED);
    let before = server.resident_kib();
    clients.extend(scene.hostile(seed));
    std::thread::sleep(time);
    let during = server.resident_kib();
    scene.end(clients);
    scene.print();

    let limit = before + before / 5;
    let after = eventually("the memory comes back", || {
        let now = server.resident_kib();
        (now <= limit).then_some(now)
    });
    println!("{fresh} KiB at the start, {before} before, {during} at the end, {after} after");
    scene.assert_nothing_lost_or_doubled(&server);
}

#[test]
fn hostile_clients_and_kill_9_every_few_seconds_lose_and_double_nothing() {
    let (seed, time) = plan();
    let mut server = Server::start_within(MEMORY_KIB, &[]);
    let scene = Scene::of(&server);
    let mut clients = scene.honest();
    clients.extend(scene.hostile(seed));
    let mut dice = Dice::new(seed);
    let begun = Instant::now();
    while begun.elapsed() < time {
        std::thread::sleep(Duration::from_millis(dice.between(1_000, 5_000)));
        server = scene.kill_and_restart(server);
    }
    scene.end(clients);
    scene.print();
    scene.assert_nothing_lost_or_doubled(&server);
}
