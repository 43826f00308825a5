//! The real server in this process, on ports of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use secure_chat_server::config::Config;
use secure_chat_server::hub::Hub;
use secure_chat_server::listen::Listeners;
use secure_chat_server::rates::PerMinute;
use secure_chat_server::store::MemoryStore;
use secure_chat_server::tls::{Source, Tls};
use secure_chat_server::{Context, hub_settings, run};
use shared::chat::AdmissionMode;
use shared::identity::{Fingerprint, PrivateKey};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::PATIENCE;

/// A running server, stopped when dropped.
pub(crate) struct Server {
    context: Arc<Context>,
    tcp: SocketAddr,
    http: SocketAddr,
    // Dropped last, and with it all tasks.
    _runtime: Runtime,
}

impl Server {
    /// Starts a server with a new key and without limits on rates.
    pub(crate) fn start() -> Self {
        Self::with(PerMinute::UNLIMITED, AdmissionMode::Open)
    }

    /// The same, for people with an invitation.
    pub(crate) fn by_invitation() -> Self {
        Self::with(PerMinute::UNLIMITED, AdmissionMode::Invitation)
    }

    /// Starts a server that takes this many messages a minute of each key.
    pub(crate) fn limited_to(messages: u32) -> Self {
        let rates = PerMinute {
            sends: messages,
            ..PerMinute::UNLIMITED
        };
        Self::with(rates, AdmissionMode::Open)
    }

    /// Starts a server with TLS on its HTTP listener, whose certificate for `localhost` is at `path`
    /// then.
    pub(crate) fn with_tls(path: &Path) -> Self {
        let source = Source::SelfSigned {
            path: path.to_owned(),
            names: vec!["localhost".to_owned()],
        };
        let tls = Tls::open(source).unwrap();
        Self::of(PerMinute::UNLIMITED, AdmissionMode::Open, Some(tls))
    }

    fn with(per_minute: PerMinute, admission: AdmissionMode) -> Self {
        Self::of(per_minute, admission, None)
    }

    fn of(per_minute: PerMinute, admission: AdmissionMode, tls: Option<Tls>) -> Self {
        let key = PrivateKey::generate(2048, &mut native::random()).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (tcp, http) = runtime.block_on(async {
            let bind = || TcpListener::bind("127.0.0.1:0");
            (bind().await.unwrap(), bind().await.unwrap())
        });
        let (tcp_address, http_address) = (tcp.local_addr().unwrap(), http.local_addr().unwrap());
        let config = Config {
            rates: per_minute,
            admission: Some(admission),
            ..Config::default()
        };
        let store = Arc::new(MemoryStore::default());
        let hub = Hub::open(store, hub_settings(&config, None));
        let hub = runtime.block_on(hub).unwrap();
        let context = Arc::new(Context::new(config, key, hub));
        let mut listeners = Listeners::new(tcp, http);
        listeners.tls = tls.map(Arc::new);
        runtime.spawn(run(listeners, Arc::clone(&context)));
        Self {
            context,
            tcp: tcp_address,
            http: http_address,
            _runtime: runtime,
        }
    }

    /// Returns the address for TCP.
    pub(crate) fn address(&self) -> SocketAddr {
        self.tcp
    }

    /// Returns the address for HTTP.
    pub(crate) fn http(&self) -> SocketAddr {
        self.http
    }

    /// Returns the address for the command line, over TCP.
    pub(crate) fn tcp(&self) -> String {
        self.tcp.to_string()
    }

    /// Returns the address for the command line, through the WebSocket.
    pub(crate) fn ws(&self) -> String {
        format!("ws://{}/ws", self.http)
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.context.identity.public_key().fingerprint()
    }

    /// Tells the server to stop, as a signal does.
    pub(crate) fn stop(&self) {
        self.context.stop.cancel();
    }

    /// Returns a code that makes an operator, once.
    pub(crate) fn claim_code(&self) -> String {
        self.context.hub.operators().claim.make().unwrap()
    }

    /// Waits until no client is connected: the server notices an end a moment after the client.
    pub(crate) fn wait_for_no_clients(&self) {
        let start = Instant::now();
        while !self.context.clients.snapshot().is_empty() {
            assert!(start.elapsed() < PATIENCE, "a client stays");
            thread::sleep(Duration::from_millis(5));
        }
    }
}
