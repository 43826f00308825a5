//! The other end of an accepted stream.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::client_address::ClientAddress;

/// The other end of an accepted stream: the client itself, or a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// A peer on a network.
    Net(SocketAddr),
    /// A program on this machine that may open the listener's Unix socket.
    Unix,
}

impl Peer {
    /// Returns the address that counts while nothing names another client. Peers on Unix sockets
    /// have none, and share that of this machine.
    pub fn address(self) -> ClientAddress {
        match self {
            Self::Net(address) => address.into(),
            Self::Unix => IpAddr::from(Ipv4Addr::LOCALHOST).into(),
        }
    }

    /// Returns whether the peer is on this machine's loopback network, where browsers are. A peer on
    /// a Unix socket is not: no browser opens one, so that it is a proxy.
    pub fn is_loopback(self) -> bool {
        match self {
            // A listener for both families shows IPv4 peers as IPv6.
            Self::Net(address) => address.ip().to_canonical().is_loopback(),
            Self::Unix => false,
        }
    }
}
