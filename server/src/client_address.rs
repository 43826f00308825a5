//! The address of a client, which differs from that of its stream's other end behind a proxy.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// A client's address, as limits, bans, console and log have it. Proxies may name no port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress {
    ip: IpAddr,
    port: Option<u16>,
}

impl ClientAddress {
    /// Creates the address of a client whose port may be unknown.
    pub fn new(ip: IpAddr, port: Option<u16>) -> Self {
        Self { ip, port }
    }

    /// Returns the address without the port.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }
}

impl From<SocketAddr> for ClientAddress {
    fn from(address: SocketAddr) -> Self {
        Self::new(address.ip(), Some(address.port()))
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(ip: IpAddr) -> Self {
        Self::new(ip, None)
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => SocketAddr::new(self.ip, port).fmt(f),
            None => self.ip.fmt(f),
        }
    }
}
