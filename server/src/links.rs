//! The addresses at which people find the page, for the links that the server prints.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::listen::{Listener, Listeners};
use crate::public_url::PublicUrl;

/// Returns the addresses of the page, best first, each with a final slash: the public ones, or else
/// those of every listener. There is none if the page is on Unix sockets only.
pub fn page_addresses(public: &[PublicUrl], listeners: &Listeners) -> Vec<String> {
    if !public.is_empty() {
        return public
            .iter()
            .map(|url| format!("{}/", url.origin()))
            .collect();
    }
    let scheme = if listeners.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let pages = addresses(listeners).map(|address| format!("{scheme}://{address}/"));
    pages.collect()
}

/// Returns the hosts under which people reach the page from here and from elsewhere without a public
/// address.
pub fn own_hosts(listeners: &Listeners) -> Vec<String> {
    let mut hosts = ["localhost", "127.0.0.1", "::1"]
        .map(str::to_owned)
        .to_vec();
    hosts.extend(addresses(listeners).map(|address| address.ip().to_string()));
    hosts
}

/// Returns these hosts and those of the public addresses, for a certificate that is to fit all of them.
pub fn with_public_hosts(public: &[PublicUrl], own: &[String]) -> Vec<String> {
    let mut hosts: Vec<_> = public.iter().map(|url| url.host().to_owned()).collect();
    hosts.extend_from_slice(own);
    hosts.sort();
    hosts.dedup();
    hosts
}

fn addresses(listeners: &Listeners) -> impl Iterator<Item = SocketAddr> {
    let bound = listeners.http.iter().filter_map(Listener::net_address);
    bound.flat_map(|bound| reachable(bound, own_addresses))
}

/// Returns the addresses by which a person reaches a listener: of one that is bound to every address,
/// this machine's `own`, or loopback without a network. `0.0.0.0` and `[::]` in a link would lead
/// nowhere, or to the reader's own machine.
fn reachable(bound: SocketAddr, own: impl FnOnce() -> Vec<IpAddr>) -> Vec<SocketAddr> {
    if !bound.ip().is_unspecified() {
        return vec![bound];
    }
    let mut found = own();
    found.retain(|ip| !ip.is_unspecified() && (bound.is_ipv6() || ip.is_ipv4()));
    if found.is_empty() {
        found.push(Ipv4Addr::LOCALHOST.into());
    }
    let addresses = found
        .into_iter()
        .map(|ip| SocketAddr::new(ip, bound.port()));
    addresses.collect()
}

/// Returns this machine's addresses on the way to the internet, IPv4 first.
fn own_addresses() -> Vec<IpAddr> {
    // Connecting a datagram socket sends nothing; it only asks the system for the way. The targets
    // are documentation addresses (RFC 5737, RFC 3849).
    let own = |any: IpAddr, target: IpAddr| {
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect((target, 9)).ok()?;
        socket.local_addr().ok().map(|address| address.ip())
    };
    let (v4, v6) = (
        Ipv4Addr::new(192, 0, 2, 1),
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1),
    );
    let v4 = own(Ipv4Addr::UNSPECIFIED.into(), v4.into());
    let v6 = own(Ipv6Addr::UNSPECIFIED.into(), v6.into());
    v4.into_iter().chain(v6).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_link_leads_to_the_address_that_means_every_address() {
        let both: [IpAddr; 2] = [
            "198.51.100.7".parse().unwrap(),
            "2001:db8::7".parse().unwrap(),
        ];
        let reach = |bound: &str, own: &[IpAddr]| {
            let found = reachable(bound.parse().unwrap(), || own.to_vec());
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(reach("0.0.0.0:80", &both), ["198.51.100.7:80"]);
        assert_eq!(
            reach("[::]:80", &both),
            ["198.51.100.7:80", "[2001:db8::7]:80"]
        );
        assert_eq!(reach("0.0.0.0:80", &both[1..]), ["127.0.0.1:80"]);
        assert_eq!(reach("[::]:80", &[]), ["127.0.0.1:80"]);
        assert_eq!(
            reach("[::]:80", &[Ipv6Addr::UNSPECIFIED.into()]),
            ["127.0.0.1:80"]
        );
        assert_eq!(reach("192.0.2.1:80", &both), ["192.0.2.1:80"]);
    }
}
