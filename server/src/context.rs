//! What every connection of a server shares.

use std::net::IpAddr;
use std::sync::Arc;

use shared::chat::operator::OperatorLimits;
use shared::connection::ServerConfig;
use shared::identity::PrivateKey;
use shared::limits::Limits;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::{Admission, NotAdmitted, Permit};
use crate::clients::Clients;
use crate::config::Config;
use crate::hub::Hub;
use crate::operators::Settings;
use crate::rsa_pool::RsaPool;

/// The server's shared state.
#[derive(Debug)]
pub struct Context {
    /// As it was started.
    pub config: Config,
    /// The server's long-term key, used on [`Self::rsa`] only.
    pub identity: PrivateKey,
    /// Threads for RSA.
    pub rsa: RsaPool,
    /// Everybody who is connected.
    pub clients: Arc<Clients>,
    /// The rooms, and where everybody's words go.
    pub hub: Hub,
    /// Places for sessions, over TCP and through the tunnel.
    pub sessions: Admission,
    /// Places for HTTP connections, which are cheap and short but must be bounded too.
    pub http: Admission,
    /// How many may be told, at a time, that there is no place for them.
    pub refusals: Semaphore,
    /// Cancelled when the server is to stop.
    pub stop: CancellationToken,
    /// Every task of a connection.
    pub tasks: TaskTracker,
    v1_allowed: Arc<ServerConfig>,
    v1_refused: Arc<ServerConfig>,
}

/// A page opens up to six HTTP connections, and keeps them for a while, before its tunnel.
const HTTP_CONNECTIONS_PER_SESSION: usize = 7;

/// Beside them: for pages that are told, by the page itself, that there is no session left.
const HTTP_CONNECTIONS_TO_SPARE: usize = 64;

/// Who is refused is told, and has a moment to take it in: seconds in which it holds a socket all
/// the same. Beyond this number there is only the end of the connection.
const REFUSALS_AT_A_TIME: usize = 256;

fn http_connections(sessions: usize) -> usize {
    sessions
        .saturating_mul(HTTP_CONNECTIONS_PER_SESSION)
        .saturating_add(HTTP_CONNECTIONS_TO_SPARE)
}

impl Context {
    /// A server of this configuration and identity with these rooms, not yet listening.
    pub fn new(config: Config, identity: PrivateKey, hub: Hub) -> Self {
        let mut protocol = ServerConfig::new(identity.public_key().clone());
        protocol.limits = Limits {
            message_frame_bytes: config.max_frame_bytes,
            handshake_timeout: config.handshake_timeout,
            rekey: config.rekey,
            ..Limits::default()
        };
        let mut refusing = protocol.clone();
        refusing.allow_v1 = false;
        hub.operators().describe(Settings {
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
            },
        });
        let (all, each) = (config.max_connections, config.max_connections_per_address);
        Self {
            sessions: Admission::new(all, each),
            http: Admission::new(http_connections(all), http_connections(each)),
            config,
            identity,
            rsa: RsaPool::new(),
            clients: Arc::clone(&hub.operators().clients),
            hub,
            refusals: Semaphore::new(REFUSALS_AT_A_TIME),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            v1_allowed: protocol.into(),
            v1_refused: refusing.into(),
        }
    }

    /// Takes a place for a session, if the address may have one now.
    ///
    /// # Errors
    /// [`NotAdmitted`] says why not.
    pub fn admit(&self, address: IpAddr) -> Result<Permit, NotAdmitted> {
        if self.hub.operators().is_banned_address(address) {
            return Err(NotAdmitted::Banned);
        }
        let often = self.hub.rates().check_handshake(address);
        often.map_err(|_| NotAdmitted::TooOften)?;
        self.sessions.admit(address)
    }

    /// The protocol's configuration for a listener: v1 is for loopback, elsewhere it must be asked
    /// for.
    pub fn protocol(&self, listener_is_loopback: bool) -> &Arc<ServerConfig> {
        if listener_is_loopback || self.config.allow_v1 {
            &self.v1_allowed
        } else {
            &self.v1_refused
        }
    }
}
