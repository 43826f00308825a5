//! The state that every connection of a server shares.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use shared::chat::operator::OperatorLimits;
use shared::connection::ServerConfig;
use shared::identity::PrivateKey;
use shared::limits::Limits;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::{Admission, NotAdmitted, Permit, RESERVED};
use crate::clients::Clients;
use crate::config::Config;
use crate::current::Current;
use crate::hub::{self, Hub, Unhealthy};
use crate::logging::{LINES_PER_WINDOW, Throttle, VISITOR_LINES_PER_WINDOW};
use crate::metrics::Metrics;
use crate::open_files::{self, Shares};
use crate::operators::{Log, Settings};
use crate::rsa_pool::RsaPool;
use crate::store::StoreError;

/// The server's shared state.
#[derive(Debug)]
pub struct Context {
    config: Current<Config>,
    /// The server's long-term key, used on [`Self::rsa`] only.
    pub identity: PrivateKey,
    /// The threads that do RSA.
    pub rsa: RsaPool,
    /// The table of connected clients.
    pub clients: Arc<Clients>,
    /// The rooms and their members.
    pub hub: Hub,
    /// Permits for sessions, over TCP and through the tunnel.
    pub sessions: Admission,
    /// Permits for HTTP connections, which are cheap and short but take a file each.
    pub http: Admission,
    /// Permits of connections that are only sent their refusal.
    pub refusals: Semaphore,
    /// Permits of connections of proxies whose client is not known yet.
    pub unnamed: Semaphore,
    /// The limit on log lines that strangers cause.
    pub strangers: Throttle,
    /// The limit on log lines of connections that have shown a key.
    pub visitors: Throttle,
    /// A proxy that is not trusted has named a client, and the log says so.
    pub has_ignored_proxy: AtomicBool,
    /// Cancelled when the server is to stop.
    pub stop: CancellationToken,
    /// The tasks of all connections.
    pub tasks: TaskTracker,
    shares: Current<Shares>,
    last_health: Mutex<Option<(Instant, Result<(), Unhealthy>)>>,
    protocols: Current<Protocols>,
}

/// The protocol's configurations, each shared by the connections that it is for.
#[derive(Debug)]
struct Protocols {
    v1_allowed: Arc<ServerConfig>,
    v1_refused: Arc<ServerConfig>,
}

impl Protocols {
    fn new(config: &Config, identity: &PrivateKey) -> Self {
        let mut protocol = ServerConfig::new(identity.public_key().clone());
        protocol.limits = Limits {
            message_frame_bytes: config.max_frame_bytes,
            handshake_timeout: config.handshake_timeout,
            rekey: config.rekey,
            ..Limits::default()
        };
        let mut refusing = protocol.clone();
        refusing.allow_v1 = false;
        Self {
            v1_allowed: protocol.into(),
            v1_refused: refusing.into(),
        }
    }
}

/// Returns the connections that fit the system's limit of open files.
fn shares(config: &Config) -> Shares {
    let with_reserve = config.max_connections.saturating_add(RESERVED);
    Shares::of(open_files::limit(), with_reserve)
}

/// Returns the sessions that strangers may have: the reserve counts in the share of files, and must
/// not be theirs.
fn ordinary_sessions(shares: Shares) -> usize {
    shares.sessions.saturating_sub(RESERVED).max(1)
}

/// Most HTTP connections of one address (IPv6: one /64) that are no tunnel: ten browsers' worth,
/// and far fewer than it takes to keep others from the page.
pub const HTTP_CONNECTIONS_PER_ADDRESS: usize = 64;

/// Most connections at a time that wait for their PROXY header, for 3 s at most: no other limit
/// counts them, because their client is not known yet. A proxy sends the header at once.
pub const UNNAMED_CONNECTIONS: usize = 1_000;

/// Time for which an answer about the server's health is given again: strangers may ask, and must
/// not make the store work as often as they like.
const HEALTH_VALID: Duration = Duration::from_secs(1);

/// Returns the settings of a hub for this configuration, in which operators can follow `log`.
pub fn hub_settings(config: &Config, log: Option<Log>) -> hub::Settings {
    hub::Settings {
        text_bytes: config.max_text_bytes,
        per_minute: config.rates,
        keep: config.keep,
        max_rooms: config.max_rooms,
        bytes_per_day: u64::from(config.mib_per_day) << 20,
        claims_per_day: config.claims_per_day,
        admission: config.admission,
        new_keys_wait: config.new_keys_wait,
        shown: Settings {
            max_connections: config.max_connections,
            max_connections_per_address: config.max_connections_per_address,
            log_plaintext: config.log_plaintext,
            limits: OperatorLimits {
                text_bytes: config.max_text_bytes,
                sends_per_minute: config.rates.sends,
                joins_per_minute: config.rates.joins,
                creates_per_minute: config.rates.creates,
                asks_per_minute: config.rates.asks,
                handshakes_per_minute: config.rates.handshakes,
                max_rooms: config.max_rooms,
                keep: config.keep,
                new_keys_wait: config.new_keys_wait.as_secs(),
            },
        },
        log,
        ..hub::Settings::default()
    }
}

impl Context {
    /// Creates a server of this configuration and identity with these rooms, not yet listening.
    pub fn new(config: Config, identity: PrivateKey, hub: Hub) -> Self {
        let shares = shares(&config);
        let sessions = ordinary_sessions(shares);
        Self {
            sessions: Admission::new(sessions, config.max_connections_per_address),
            http: Admission::new(shares.http, HTTP_CONNECTIONS_PER_ADDRESS),
            protocols: Current::new(Protocols::new(&config, &identity)),
            config: Current::new(config),
            identity,
            rsa: RsaPool::new(),
            // The hub's own table, because operators list the connections that are entered here.
            clients: Arc::clone(&hub.operators().clients),
            hub,
            refusals: Semaphore::new(shares.refusals),
            unnamed: Semaphore::new(UNNAMED_CONNECTIONS),
            strangers: Throttle::new(LINES_PER_WINDOW),
            visitors: Throttle::new(VISITOR_LINES_PER_WINDOW),
            shares: Current::new(shares),
            last_health: Mutex::default(),
            has_ignored_proxy: AtomicBool::new(false),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Returns the present configuration.
    pub fn config(&self) -> Arc<Config> {
        self.config.get()
    }

    /// Applies another configuration, in which the settings that need a restart are those
    /// of the present one. Connections that there are keep what they began with.
    ///
    /// # Errors
    /// The store's; nothing is changed then.
    pub async fn reconfigure(&self, config: Config) -> Result<(), StoreError> {
        self.hub.reconfigure(hub_settings(&config, None)).await?;
        let shares = shares(&config);
        let sessions = ordinary_sessions(shares);
        self.sessions
            .set_limits(sessions, config.max_connections_per_address);
        self.http
            .set_limits(shares.http, HTTP_CONNECTIONS_PER_ADDRESS);
        self.shares.set(shares);
        self.protocols.set(Protocols::new(&config, &self.identity));
        self.config.set(config);
        Ok(())
    }

    /// Takes a permit for a session, if the address may have one now. While there is an operator,
    /// a full server admits a few more, whose keys the handshake shows: see
    /// [`Admission::admit_or_reserve`].
    ///
    /// # Errors
    /// The limit that is reached.
    pub fn admit(&self, address: IpAddr) -> Result<Permit, NotAdmitted> {
        // Before the handshake, which somebody who is banned must not cost the server.
        if self.hub.operators().is_banned_address(address) {
            return Err(NotAdmitted::Banned);
        }
        // Each handshake costs an operation with the private key, also while permits are left.
        let often = self.hub.rates().check_handshake(address);
        often.map_err(|_| NotAdmitted::TooOften)?;
        let ordinary = self.sessions.admit(address);
        // Without an operator the reserve would only delay the refusal.
        if ordinary.is_err() && self.hub.has_operator() {
            return self.sessions.admit_or_reserve(address);
        }
        ordinary
    }

    /// Returns the server's metrics.
    pub fn metrics(&self) -> &Metrics {
        self.hub.metrics()
    }

    /// Returns the connections that fit the system's limit of open files.
    pub fn shares(&self) -> Shares {
        *self.shares.get()
    }

    /// Asks hub and store whether they work. An answer is given again for [`HEALTH_VALID`], so that
    /// asking often costs the store nothing.
    ///
    /// # Errors
    /// The part that fails, or does not answer in time.
    pub async fn health(&self) -> Result<(), Unhealthy> {
        // Held while the store is asked: everybody who asks meanwhile gets the same answer.
        let mut last = self.last_health.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < HEALTH_VALID
        {
            return answer.clone();
        }
        let answer = self.hub.health().await;
        *last = Some((Instant::now(), answer.clone()));
        answer
    }

    /// Returns whether hub and store answer, be it with an error.
    pub async fn answers(&self) -> bool {
        matches!(self.health().await, Ok(()) | Err(Unhealthy::Store(_)))
    }

    /// Returns the protocol's configuration for a client. v1 is for clients on this machine, because
    /// it cannot prove who the server is; for others `--allow-v1` must ask for it.
    pub fn protocol(&self, is_local: bool) -> Arc<ServerConfig> {
        let protocols = self.protocols.get();
        Arc::clone(if is_local || self.config().allow_v1 {
            &protocols.v1_allowed
        } else {
            &protocols.v1_refused
        })
    }
}
