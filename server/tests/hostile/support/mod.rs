//! What the attacks share: the server as a process, honest clients, and raw HTTP and WebSocket.

pub(crate) mod client;
pub(crate) mod json;
pub(crate) mod server;
pub(crate) mod websocket;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use shared::identity::PrivateKey;
use shared::random::{Random, RandomUnavailable};

use client::Client;
use server::Server;

/// How long anything that must happen may take. Generous: the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The system's randomness, in the shape that the protocol takes it.
pub(crate) fn system_random() -> Random {
    Random::new(|bytes| getrandom::fill(bytes).map_err(|_| RandomUnavailable))
}

/// The key of every server here: making one takes long, and every test starts a server.
pub(crate) fn server_key() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::generate(2048, &mut system_random()).unwrap())
}

/// The key of every client here.
pub(crate) fn client_key() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::generate(2048, &mut system_random()).unwrap())
}

/// Waits until `check` gives something.
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

/// A server, and somebody who chats on it while it is attacked.
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

    /// The bystander still chats, and heard nothing but who comes, goes and takes a name.
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

    /// One line, and only one, that has each of `words`; and nobody else noticed.
    pub(crate) fn assert_logged_and_undisturbed(&mut self, words: &[&str]) {
        self.server.wait_for_log(words);
        self.assert_undisturbed();
        let lines = self.server.logged(words);
        assert_eq!(lines.len(), 1, "{lines:#?}");
    }

    /// What the bystander hears next.
    pub(crate) fn overheard(&mut self) -> String {
        self.bystander.receive()
    }
}
