//! Operators' decisions for as long as the server runs: open or stopped, the claim code, the bans.
//! The hub knows who is an operator, and the store keeps what outlives the server.

mod bans;
mod claim;
mod log;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use shared::chat::operator::{Ban, OperatorLimits, ServerStatus};
use shared::chat::{AdmissionMode, Timestamp, UserId};

use crate::clients::Clients;
use crate::current::Current;
use crate::system;

pub(crate) use bans::{Bans, whole};
pub use claim::Claim;
pub(crate) use log::Follower;
pub use log::Log;

/// The decisions of a server's operators that last as long as it runs, and the data for their console.
#[derive(Debug)]
pub struct Operators {
    /// Everybody who is connected.
    pub clients: Arc<Clients>,
    /// The code of the claim link.
    pub claim: Claim,
    pub(crate) bans: Bans,
    /// `true` if everybody is admitted, `false` if operators only.
    open: AtomicBool,
    started: Timestamp,
    settings: Current<Settings>,
    log: Option<Log>,
}

/// The part of the server's configuration that operators are shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// Most connections in all.
    pub max_connections: usize,
    /// Most connections from one address.
    pub max_connections_per_address: usize,
    /// `true` if people's texts go into the log.
    pub log_plaintext: bool,
    /// The server's limits for people.
    pub limits: OperatorLimits,
}

impl Operators {
    /// Admits everybody except the given bans. Operators are shown `settings`, and can follow `log`.
    pub(crate) fn new(bans: Vec<Ban>, settings: Settings, log: Option<Log>) -> Self {
        Self {
            clients: Arc::default(),
            claim: Claim::default(),
            bans: Bans::new(bans),
            open: AtomicBool::new(true),
            started: system::timestamp(SystemTime::now()),
            settings: Current::new(settings),
            log,
        }
    }

    /// Replaces the settings that operators are shown.
    pub(crate) fn show(&self, settings: Settings) {
        self.settings.set(settings);
    }

    /// Follows the log from now on, if there is one.
    pub(crate) fn follow_log(&self) -> Option<Follower> {
        self.log.as_ref().map(Log::follow)
    }

    /// Returns `true` if an address is banned, whoever comes from it.
    pub fn is_banned_address(&self, address: IpAddr) -> bool {
        self.bans.has_address(address)
    }

    pub(crate) fn is_banned(&self, user: UserId, address: IpAddr) -> bool {
        self.bans.has_user(user) || self.bans.has_address(address)
    }

    pub(crate) fn is_open(&self) -> bool {
        // Relaxed: the doors are closed under the directory's lock, under which `admit` reads this.
        self.open.load(Ordering::Relaxed)
    }

    pub(crate) fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Relaxed);
    }

    pub(crate) fn status(&self) -> ServerStatus {
        let settings = self.settings.get();
        ServerStatus {
            listening: self.is_open(),
            started: self.started,
            connections: self.clients.count(),
            max_connections: settings.max_connections,
            max_connections_per_address: settings.max_connections_per_address,
            log_plaintext: settings.log_plaintext,
            // The hub knows both.
            admission: AdmissionMode::default(),
            applicants: 0,
            limits: settings.limits,
        }
    }
}
