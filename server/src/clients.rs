//! The table of connections: the Python demo's `clients`, without its keys.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use shared::connection::Version;
use shared::identity::Fingerprint;

use crate::client_address::ClientAddress;

/// The way of a client's bytes to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Directly over TCP, or over a Unix socket.
    Tcp,
    /// Directly inside of TLS.
    Tls,
    /// Through the WebSocket tunnel.
    WebSocket,
}

impl Transport {
    /// Returns the transport's name in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::WebSocket => "ws",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A connection's number, counted from 1 since the server's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

impl ConnectionId {
    /// Returns the id with this number.
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number of the id.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A connection in the table.
#[derive(Debug)]
pub struct Client {
    /// The connection's number.
    pub id: ConnectionId,
    /// The client's address.
    pub address: ClientAddress,
    /// The way of the client's bytes.
    pub transport: Transport,
    /// The time at which the connection was accepted.
    pub since: SystemTime,
    /// The version and the verified key, once the handshake is done.
    pub session: OnceLock<(Version, Fingerprint)>,
    /// The bytes of the protocol that were received.
    pub bytes_in: AtomicU64,
    /// The bytes of the protocol that were sent.
    pub bytes_out: AtomicU64,
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since.elapsed().unwrap_or(Duration::ZERO).as_secs();
        write!(f, "#{} {} {}", self.id, self.address, self.transport)?;
        match self.session.get() {
            Some((version, key)) => write!(f, " {version} {key}")?,
            None => f.write_str(" (handshake not done)")?,
        }
        let (bytes_in, bytes_out) = (
            self.bytes_in.load(Ordering::Relaxed),
            self.bytes_out.load(Ordering::Relaxed),
        );
        write!(f, " for {since} s, {bytes_in} bytes in, {bytes_out} out")
    }
}

/// The table of all connections.
#[derive(Debug, Default)]
pub struct Clients {
    last_id: AtomicU64,
    // Ordered by number, so that the operators' list goes on behind the last row of its page.
    table: Mutex<BTreeMap<ConnectionId, Arc<Client>>>,
}

/// A connection's entry in the table, removed when this is dropped.
#[derive(Debug)]
pub struct Entry<'a> {
    clients: &'a Clients,
    client: Arc<Client>,
}

impl Clients {
    /// Enters a connection.
    pub fn enter(&self, address: ClientAddress, transport: Transport) -> Entry<'_> {
        // Relaxed is enough: an id has to be unique, which `fetch_add` ensures in every order.
        let id = ConnectionId(self.last_id.fetch_add(1, Ordering::Relaxed) + 1);
        let client = Arc::new(Client {
            id,
            address,
            transport,
            since: SystemTime::now(),
            session: OnceLock::new(),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
        });
        self.table
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Arc::clone(&client));
        Entry {
            clients: self,
            client,
        }
    }

    /// Returns the number of connections.
    pub fn count(&self) -> usize {
        let table = self.table.lock();
        table.unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Returns the table, oldest connection first.
    pub fn snapshot(&self) -> Vec<Arc<Client>> {
        // The rows are shared and not locked: connections must not wait while a list of them is
        // encoded or logged.
        self.table
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }
}

impl std::ops::Deref for Entry<'_> {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.clients
            .table
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.client.id);
    }
}
