//! Sets of peers, as `--trusted-proxy` and `--proxy-protocol-from` name them.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use thiserror::Error;

use crate::listen::Peer;

/// The word for the peers on Unix sockets.
const UNIX: &str = "unix";

/// A set of peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// The addresses of a network.
    Net(IpNet),
    /// Every peer on a Unix socket.
    Unix,
}

/// A text that names no network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidNetwork {
    /// The text is neither an address nor a network.
    #[error(
        "{0:?} is neither a network, such as 10.0.0.0/8 or fd00::/8, nor an address, nor {UNIX}"
    )]
    Form(String),
    /// The network has every address.
    #[error("{0:?} is everybody, who could then claim any address: name the proxy's own network")]
    Everybody(String),
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let text = text.trim();
        if text == UNIX {
            return Ok(Self::Unix);
        }
        let one = text.parse::<IpAddr>().map(IpNet::from);
        let network = one.or_else(|_| text.parse::<IpNet>());
        let network = network.map_err(|_| InvalidNetwork::Form(text.to_owned()))?;
        if network.prefix_len() == 0 {
            return Err(InvalidNetwork::Everybody(text.to_owned()));
        }
        Ok(Self::Net(canonical(network)))
    }
}

/// Returns an IPv4 network that is written as IPv6 (`::ffff:10.0.0.0/104`) as IPv4, which is the form
/// that peers are compared in.
fn canonical(network: IpNet) -> IpNet {
    const MAPPED_BITS: u8 = 96;
    let mapped = match (network.addr().to_canonical(), network.prefix_len()) {
        (IpAddr::V4(v4), bits) if network.addr().is_ipv6() => bits
            .checked_sub(MAPPED_BITS)
            .and_then(|bits| IpNet::new(v4.into(), bits).ok()),
        _ => None,
    };
    mapped.unwrap_or(network)
}

/// Several sets of peers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

impl Networks {
    /// Returns whether there is no peer in any of them.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether a peer is in one of them.
    pub fn has(&self, peer: Peer) -> bool {
        match peer {
            Peer::Net(address) => self.has_address(address.ip()),
            Peer::Unix => self.0.contains(&Network::Unix),
        }
    }

    /// Returns whether an address is in one of them.
    pub fn has_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| match network {
            Network::Net(network) => network.contains(&address),
            Network::Unix => false,
        })
    }
}

impl FromIterator<Network> for Networks {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Networks {
        let networks = texts.iter().map(|text| text.parse::<Network>().unwrap());
        networks.collect()
    }

    #[test]
    fn peers_are_found_in_either_form_of_their_address() {
        let networks = networks(&[
            "10.0.0.0/8",
            "127.0.0.1",
            "fd00::/8",
            "::ffff:192.0.2.0/120",
        ]);
        for inside in [
            "10.1.2.3",
            "::ffff:10.1.2.3",
            "127.0.0.1",
            "fd12::1",
            "192.0.2.9",
        ] {
            assert!(networks.has_address(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["11.0.0.1", "127.0.0.2", "fe80::1", "::1", "192.0.3.1"] {
            assert!(!networks.has_address(outside.parse().unwrap()), "{outside}");
        }
        assert!(!networks.has(Peer::Unix));
        assert!(Networks::from_iter([Network::Unix]).has(Peer::Unix));
    }

    #[test]
    fn a_set_of_everybody_and_what_is_no_network_are_refused() {
        for text in [
            "",
            "proxy",
            "10.0.0.0/33",
            "10.0.0",
            "10.0.0.0/",
            "0.0.0.0/0",
            "::/0",
            "unix:",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
