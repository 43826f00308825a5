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
    /// Creates the address of a client whose port may be unknown. A listener for both families shows
    /// IPv4 clients as IPv6 (`::ffff:192.0.2.1`); console, log and bans have the address that people
    /// know.
    pub fn new(ip: IpAddr, port: Option<u16>) -> Self {
        let ip = ip.to_canonical();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_client_of_a_listener_for_both_families_has_its_own_address() {
        for (peer, shown) in [
            ("[::ffff:192.0.2.1]:80", "192.0.2.1:80"),
            ("192.0.2.1:80", "192.0.2.1:80"),
            ("[2001:db8::1]:80", "[2001:db8::1]:80"),
        ] {
            let peer: SocketAddr = peer.parse().unwrap();
            assert_eq!(ClientAddress::from(peer).to_string(), shown);
        }
    }
}
