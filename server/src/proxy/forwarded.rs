//! The client that forwarding fields name: `Forwarded` (RFC 7239) or `X-Forwarded-For`.
//!
//! Each proxy writes the address of its own peer at the end of the list, so that only the end of it
//! can be believed: the client is the rightmost address that is no trusted proxy. Everything left of
//! it was written by whoever that is.
//!
//! The lists are read here, because the crate for RFC 7239 knows neither zones nor
//! `X-Forwarded-For`. They are cut at every comma, also inside of quotes: an attacker who opens a
//! quote and never ends it would otherwise hide what the proxies have written behind it.

use std::net::{IpAddr, Ipv6Addr};

/// The most hops of a list that are looked at, from its end: a chain of trusted proxies is shorter.
/// The head of a request, of at most 16 KiB, has space for thousands.
const MAX_HOPS: usize = 32;

/// A field that names clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// RFC 7239: elements of pairs, of which `for` counts.
    Forwarded,
    /// A list of addresses.
    XForwardedFor,
}

/// A node that a proxy has named: its address, and its port if it is known.
pub type Node = (IpAddr, Option<u16>);

/// Returns the rightmost node that `is_trusted` does not know as a proxy. `values` are the field's
/// values in their order, `None` for one that is no text.
///
/// A list that is unreadable before such a node is found, and one that has trusted proxies only, end
/// at the last node before that; `None` if there is none, and then the peer itself is the client.
pub fn client<'a>(
    field: Field,
    values: impl DoubleEndedIterator<Item = Option<&'a str>>,
    is_trusted: impl Fn(IpAddr) -> bool,
) -> Option<Node> {
    let elements = values.rev().flat_map(|value| {
        // An unreadable value is one unreadable element.
        let elements = value.unwrap_or("?").rsplit(',');
        // A list may have empty elements, which count for nothing (RFC 9110 §5.6.1).
        elements
            .map(str::trim)
            .filter(|element| !element.is_empty())
    });
    let mut last = None;
    for element in elements.take(MAX_HOPS) {
        let node = match field {
            Field::Forwarded => forwarded_for(element).and_then(node),
            Field::XForwardedFor => node(element),
        };
        let Some(node) = node else { break };
        last = Some(node);
        if !is_trusted(node.0) {
            break;
        }
    }
    last
}

/// Returns the value of `for` in an element of `Forwarded`. The second one of an element that has
/// two is ignored, though RFC 7239 §4 allows only one.
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    })
}

/// Parses a node (RFC 7239 §6): an address with or without a port, in quotes or not. `None` for
/// `unknown`, for a name that a proxy has made up (`_hidden`), and for garbage.
fn node(text: &str) -> Option<Node> {
    let text = text.trim().trim_matches('"');
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        return Some((v6(address)?.into(), port_of(port).ok()?));
    }
    // More than one colon is an IPv6 address without brackets, as most proxies write it in
    // X-Forwarded-For.
    if let Some(address) = v6(text) {
        return Some((address.into(), None));
    }
    let (address, port) = match text.find(':') {
        Some(colon) => text.split_at(colon),
        None => (text, ""),
    };
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    Some((address.into(), port_of(port).ok()?))
}

/// Parses an IPv6 address without its zone (RFC 4007 §11), which has a meaning on the proxy only.
fn v6(text: &str) -> Option<Ipv6Addr> {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    address.parse().ok()
}

/// What stands behind an address is no port.
struct Unreadable;

/// Parses what stands behind an address: nothing, or a colon and a port. A port that is made up
/// (`:_x`, RFC 7239 §6.3) is unknown; garbage makes the whole node unreadable.
fn port_of(text: &str) -> Result<Option<u16>, Unreadable> {
    if text.is_empty() {
        return Ok(None);
    }
    let port = text.strip_prefix(':').ok_or(Unreadable)?;
    if port.starts_with('_') {
        return Ok(None);
    }
    port.parse().map(Some).map_err(|_| Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trusts `10.0.0.0/8` and `fd00::/8`.
    fn is_trusted(address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(v4) => v4.octets()[0] == 10,
            IpAddr::V6(v6) => v6.octets()[0] == 0xfd,
        }
    }

    fn of(field: Field, values: &[&str]) -> Option<String> {
        let values = values.iter().copied().map(Some);
        client(field, values, is_trusted).map(|(ip, port)| match port {
            Some(port) => std::net::SocketAddr::new(ip, port).to_string(),
            None => ip.to_string(),
        })
    }

    fn listed(values: &[&str]) -> Option<String> {
        of(Field::XForwardedFor, values)
    }

    fn forwarded(values: &[&str]) -> Option<String> {
        of(Field::Forwarded, values)
    }

    #[test]
    fn an_address_that_the_client_has_written_itself_counts_for_nothing() {
        for values in [
            &["203.0.113.7"][..],
            &["198.51.100.1, 203.0.113.7"],
            &["198.51.100.1", "203.0.113.7"],
            &["198.51.100.1, 203.0.113.7, 10.0.0.2, 10.0.0.3"],
            &["198.51.100.1, 203.0.113.7", "10.0.0.2"],
            // A trusted proxy's address that the client claims is left of its own.
            &["10.0.0.9, 203.0.113.7, 10.0.0.2"],
            &["garbage, 203.0.113.7"],
            &["\", 203.0.113.7"],
            &["203.0.113.7,, ,"],
        ] {
            assert_eq!(listed(values).as_deref(), Some("203.0.113.7"), "{values:?}");
        }
        for values in [
            &["for=203.0.113.7"][..],
            &["for=198.51.100.1, for=203.0.113.7"],
            &["For=\"203.0.113.7\";proto=http;by=10.0.0.1"],
            &["proto=https; for=203.0.113.7"],
            // A quote that is never ended.
            &["for=\"198.51.100.1, for=203.0.113.7"],
            &["for=\"", "for=203.0.113.7;host=\"a\", for=10.1.1.1"],
            &["for=203.0.113.7;for=10.0.0.1"],
        ] {
            assert_eq!(
                forwarded(values).as_deref(),
                Some("203.0.113.7"),
                "{values:?}"
            );
        }
    }

    #[test]
    fn ports_zones_brackets_and_quotes_are_understood() {
        for (text, expected) in [
            ("203.0.113.7:4711", "203.0.113.7:4711"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4711", "[2001:db8::7]:4711"),
            ("\"[2001:db8::7]:4711\"", "[2001:db8::7]:4711"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:80", "[fe80::1]:80"),
            ("[2001:db8::7]:_x", "2001:db8::7"),
            ("::ffff:203.0.113.7", "::ffff:203.0.113.7"),
        ] {
            assert_eq!(listed(&[text]).as_deref(), Some(expected), "{text}");
            let element = format!("for={text}");
            assert_eq!(forwarded(&[&element]).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn garbage_ends_the_list_at_the_proxy_that_has_written_it() {
        for garbage in [
            "unknown",
            "_hidden",
            "localhost",
            "203.0.113.7:",
            "203.0.113.7:x",
            "203.0.113.7:65536",
            "203.0.113.999",
            "[203.0.113.7]",
            "[2001:db8::7",
            "[2001:db8::7]x",
            "2001:db8::7::1",
            "for=203.0.113.7",
            "\u{202e}",
            "=",
            "?",
        ] {
            assert_eq!(listed(&[garbage]), None, "{garbage}");
            let behind = format!("203.0.113.7, {garbage}, 10.0.0.2");
            assert_eq!(listed(&[&behind]).as_deref(), Some("10.0.0.2"), "{garbage}");
        }
        let unreadable = [Some("203.0.113.7"), None, Some("10.0.0.2")];
        let found = client(Field::XForwardedFor, unreadable.into_iter(), is_trusted);
        assert_eq!(found, Some(("10.0.0.2".parse().unwrap(), None)));
        assert_eq!(listed(&[]), None);
        assert_eq!(listed(&["", " , "]), None);
    }

    #[test]
    fn a_list_of_a_thousand_hops_is_not_walked_to_its_start() {
        let hops = |hop: &str| vec![hop; 1000].join(", ");
        let own = format!("{}, 203.0.113.7", hops("198.51.100.1"));
        assert_eq!(listed(&[&own]).as_deref(), Some("203.0.113.7"));
        // Somebody inside of the trusted network makes nobody else responsible.
        let inside = format!("203.0.113.7, {}", hops("10.0.0.2"));
        assert_eq!(listed(&[&inside]).as_deref(), Some("10.0.0.2"));
        assert_eq!(listed(&[&hops("x")]), None);
    }
}
