//! Restarts and upgrades under load: whatever ends the server, nothing that was acked is lost, and
//! everybody comes back by themselves, soon and not all at once.
//!
//! `SECURE_CHAT_RESTART_CLIENTS` makes the crowd larger, and `--nocapture` shows when it was back:
//! `SECURE_CHAT_RESTART_CLIENTS=500 cargo test -p server --test hostile restarting -- --nocapture`

use std::fmt::Write as _;
use std::net::TcpListener;

use client::backoff;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::*;
use crate::support::eventually;
use crate::support::json::UNHURRIED;
use crate::support::server::{Starting, private_folder};

/// The time between two lines of what is shown of the returns.
const SLOT: Duration = Duration::from_millis(250);

/// Clients that stay, and the server that they chat on.
struct Crowd {
    scene: Arc<Scene>,
    runtime: Runtime,
    clients: Vec<JoinHandle<Outcome>>,
}

/// Returns the flags of a server that any crowd of one address may use as fast as it can.
fn flags() -> Vec<&'static str> {
    let own = [
        "--max-connections-per-address",
        "10000",
        "--handshakes-per-minute",
        "0",
    ];
    [&own[..], &UNHURRIED].concat()
}

impl Crowd {
    fn gather(server: &Server) -> Self {
        let count = environment("SECURE_CHAT_RESTART_CLIENTS").unwrap_or(20);
        let count = usize::try_from(count).unwrap();
        let scene = Scene::new(count, server);
        let (keys, runtime) = (keys(4), runtime());
        let clients = (0..count).map(|number| {
            let transport = [Transport::Tcp, Transport::WebSocket][number % 2];
            let (key, dice) = (keys[number % keys.len()].clone(), Dice::new(number as u64));
            let driver = Driver::new(Arc::clone(&scene), key, Version::V2, transport, dice);
            runtime.spawn(driver.steady().run())
        });
        let clients = clients.collect();
        let crowd = Self {
            scene,
            runtime,
            clients,
        };
        crowd.wait_for_acks();
        crowd
    }

    /// Waits until messages are under way, so that whatever comes next meets some.
    fn wait_for_acks(&self) {
        let acked = || self.scene.acked.lock().unwrap().len();
        let before = acked();
        eventually("acks", || (acked() > before + 50).then_some(()));
    }

    /// Has the server away, or another one in its place.
    fn meet(&self, server: Option<&Server>) {
        let addresses = server.map(|server| (server.tcp(), server.http()));
        *self.scene.server.write().unwrap() = addresses;
    }

    /// Waits until everybody is back since `end`, and returns their ways.
    fn wait_for_all(&self, what: &str, end: Instant) -> Vec<Return> {
        let all = eventually("everybody's return", || {
            let returns = self.scene.returns.lock().unwrap();
            (returns.len() >= self.clients.len()).then(|| returns.clone())
        });
        self.scene.returns.lock().unwrap().clear();
        assert_eq!(all.len(), self.clients.len(), "somebody was put out twice");
        println!(
            "{what}: the returns of {} clients\n{}",
            all.len(),
            histogram(&all, end)
        );
        all.into_iter().map(|(_, way)| way).collect()
    }

    fn assert_nothing_is_lost(self) {
        *self.scene.busy.write().unwrap() = false;
        let outcomes = self.runtime.block_on(try_join_all(self.clients)).unwrap();
        let entries = assert_nothing_is_lost(&self.scene, &outcomes);
        assert_eq!(self.scene.acked.lock().unwrap().len(), entries);
    }
}

/// Returns a line for each [`SLOT`] since `end`, with a mark for each client that was back then.
fn histogram(returns: &[(Instant, Return)], end: Instant) -> String {
    let mut slots = BTreeMap::<u128, usize>::new();
    for (at, _) in returns {
        let slot = at.saturating_duration_since(end).as_millis() / SLOT.as_millis();
        *slots.entry(slot).or_default() += 1;
    }
    let mut shown = String::new();
    for slot in 0..=slots.keys().copied().max().unwrap_or(0) {
        let count = slots.get(&slot).copied().unwrap_or(0);
        let bar = "#".repeat(count * 60 / returns.len());
        writeln!(shown, "{:>6} ms {count:>5} {bar}", slot * SLOT.as_millis()).unwrap();
    }
    shown
}

/// Asserts that the first attempt brought everybody back, and that no fifth of the time for it had
/// half of them.
fn assert_spread(returns: &[Return]) {
    let (first, last) = (backoff::FIRST_MIN_MS, backoff::FIRST_MS);
    let mut slots = [0; 5];
    for way in returns {
        assert_eq!(way.attempts, 1, "{way:?}");
        assert!((first..=last).contains(&way.waited_ms), "{way:?}");
        let slot = (way.waited_ms - first) * 5 / (last - first + 1);
        slots[usize::try_from(slot).unwrap()] += 1;
    }
    assert!(
        slots.iter().all(|slot| slot * 2 < returns.len()),
        "{slots:?}"
    );
}

#[test]
fn a_kill_and_a_stop_lose_nothing_and_everybody_is_back() {
    let mut server = Server::start(&flags());
    let crowd = Crowd::gather(&server);
    let end = Instant::now();
    crowd.meet(None);
    server = Server::start_in(server.kill(), &flags());
    crowd.meet(Some(&server));
    crowd.wait_for_all("kill -9 and start", end);
    crowd.wait_for_acks();

    let end = Instant::now();
    server.terminate();
    assert!(server.wait().success());
    crowd.meet(None);
    server = Server::start_in(server.take_data(), &flags());
    crowd.meet(Some(&server));
    crowd.wait_for_all("SIGTERM and start", end);
    crowd.wait_for_acks();
    crowd.assert_nothing_is_lost();
}

#[test]
fn an_upgrade_on_the_same_sockets_refuses_nobody_and_loses_nothing() {
    let data = private_folder();
    let sockets: [_; 2] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    let mut former = Starting::on_sockets(data.path(), &sockets, &flags()).announced();
    let crowd = Crowd::gather(&former);
    // The next server is there before the former one goes, as deployments do it, and waits.
    let next = Starting::on_sockets(data.path(), &sockets, &flags());
    next.wait_for_log(&["another server uses", "waiting for its end"]);
    let end = Instant::now();
    former.terminate();
    assert!(former.wait().success());
    let mut next = next.announced();
    assert_spread(&crowd.wait_for_all("upgrade beside", end));
    crowd.wait_for_acks();
    // Or it comes after the former one, as systemd restarts a service. Nobody accepts in between.
    let end = Instant::now();
    next.terminate();
    assert!(next.wait().success());
    std::thread::sleep(Duration::from_millis(500));
    let _last = Starting::on_sockets(data.path(), &sockets, &flags()).announced();
    assert_spread(&crowd.wait_for_all("restart on sockets", end));
    crowd.wait_for_acks();
    crowd.assert_nothing_is_lost();
}
