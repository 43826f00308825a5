//! Helpers of the attacks: the server as a process, honest clients, and raw HTTP and WebSocket.

pub(crate) mod client;
#[cfg(feature = "otel")]
pub(crate) mod collector;
pub(crate) mod http2;
pub(crate) mod json;
pub(crate) mod metrics;
pub(crate) mod pebble;
pub(crate) mod process;
pub(crate) mod server;
pub(crate) mod tls;
pub(crate) mod tls_tunnel;
pub(crate) mod websocket;

use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use shared::connection::Version;
use shared::identity::PrivateKey;
use shared::random::{Random, RandomUnavailable};

use client::Client;
use server::Server;

/// The time that anything that must happen may take. Generous, because the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Returns the system's randomness in the form that the protocol takes.
pub(crate) fn system_random() -> Random {
    Random::new(|bytes| getrandom::fill(bytes).map_err(|_| RandomUnavailable))
}

/// Returns the key of every server here: generating one takes long, and every test starts a server.
pub(crate) fn server_key() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::generate(2048, &mut system_random()).unwrap())
}

/// Returns the key of every client here.
pub(crate) fn client_key() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::generate(2048, &mut system_random()).unwrap())
}

/// Returns an address of this machine that nobody listens on. Another program could take it before
/// the one that it is for does, which then does not start.
pub(crate) fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Returns whether a program is there. `cargo xtask test` says which are missing, and installs those
/// whose packages start no service.
pub(crate) fn is_installed(program: &str) -> bool {
    let started = Command::new(program).arg("-v").output();
    if started.is_err() {
        eprintln!("skipped: {program} is not installed");
    }
    started.is_ok()
}

/// Waits until `check` returns a value.
pub(crate) fn eventually<T>(what: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Returns a client that does not read and was evicted for it, to whom a server that stops still has
/// to send. The server needs `--ops`, and no limit on sends.
pub(crate) fn stall(server: &Server) -> Client {
    let stalled = Client::join(server.tcp());
    let mut talker = Client::join(server.tcp());
    let text = "x".repeat(16 * 1024);
    while metrics::sample(server.ops(), "slow_consumers_total") < 1.0 {
        talker.say(&text);
        while !talker.receive().ends_with(&text) {}
    }
    stalled
}

/// A server, and a person who chats on it while it is attacked.
pub(crate) struct Scene {
    pub(crate) server: Server,
    bystander: Client,
}

impl Scene {
    /// Starts the server with these flags beside the usual ones.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let server = Server::start(arguments);
        let mut bystander = Client::join(server.tcp());
        bystander.say("/name bystander");
        while !bystander.receive().ends_with("is now bystander") {}
        Self { server, bystander }
    }

    /// Starts a server behind a proxy, which sends `header` for the bystander.
    pub(crate) fn new_behind(arguments: &[&str], header: &str) -> Self {
        let server = Server::start(arguments);
        let mut stream = client::connect(server.tcp());
        std::io::Write::write_all(&mut stream, header.as_bytes()).unwrap();
        let mut bystander = Client::speaking(stream, Version::V2);
        bystander.establish();
        bystander.say("/name bystander");
        while !bystander.receive().ends_with("is now bystander") {}
        Self { server, bystander }
    }

    /// Asserts that the bystander still chats, and has heard only of people who come, go or take a
    /// name.
    pub(crate) fn assert_undisturbed(&mut self) {
        let text = format!("undisturbed {:?}", Instant::now());
        self.bystander.say(&text);
        loop {
            let line = self.bystander.receive();
            if line == format!("bystander: {text}") {
                return;
            }
            assert!(
                line.ends_with(" joined") || line.ends_with(" left") || line.contains(" is now "),
                "{line}"
            );
        }
    }

    /// Asserts that exactly one line has each of `words`, and that the bystander noticed nothing.
    pub(crate) fn assert_logged_and_undisturbed(&mut self, words: &[&str]) {
        self.server.wait_for_log(words);
        self.assert_undisturbed();
        let lines = self.server.logged(words);
        assert_eq!(lines.len(), 1, "{lines:#?}");
    }

    /// Returns the next line that the bystander hears.
    pub(crate) fn overheard(&mut self) -> String {
        self.bystander.receive()
    }
}
