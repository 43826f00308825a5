//! The address of a server: `host:port`, `tcp://…`, `tls://…`, `ws://…` or `wss://…`, and the one form of each
//! under which its key is pinned.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use thiserror::Error;
use tokio_tungstenite::tungstenite::http::Uri;

/// The tunnel's path if the address names none.
const TUNNEL_PATH: &str = "/ws";

/// The port of `tls://` and `wss://` if the address names none: the server speaks both on the page's.
const TLS_PORT: u16 = 443;

/// A server's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// The protocol directly over TCP.
    Tcp(Endpoint),
    /// The protocol directly inside of TLS.
    Tls(Endpoint),
    /// The protocol through a WebSocket.
    WebSocket {
        /// The WebSocket is inside TLS (`wss://`).
        tls: bool,
        endpoint: Endpoint,
        /// The tunnel's path, with its leading slash.
        path: String,
    },
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// A name in lower case or an IP address; an IPv6 address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Address {
    /// Returns the host and port of the TCP connection.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        match self {
            Self::Tcp(endpoint) | Self::Tls(endpoint) | Self::WebSocket { endpoint, .. } => {
                endpoint
            }
        }
    }
}

/// The form under which the server is pinned; it parses back to the same address.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(endpoint) => write!(f, "{}:{}", endpoint.authority_host(), endpoint.port),
            Self::Tls(endpoint) => {
                write!(f, "tls://{}", endpoint.authority_host())?;
                if endpoint.port != TLS_PORT {
                    write!(f, ":{}", endpoint.port)?;
                }
                Ok(())
            }
            Self::WebSocket {
                tls,
                endpoint,
                path,
            } => {
                let (scheme, default_port) = websocket_scheme(*tls);
                write!(f, "{scheme}://{}", endpoint.authority_host())?;
                if endpoint.port != default_port {
                    write!(f, ":{}", endpoint.port)?;
                }
                f.write_str(path)
            }
        }
    }
}

impl Endpoint {
    /// Returns the host as it stands in a URL: an IPv6 address in brackets.
    fn authority_host(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        }
    }
}

fn websocket_scheme(tls: bool) -> (&'static str, u16) {
    if tls { ("wss", TLS_PORT) } else { ("ws", 80) }
}

/// The reason for which a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct InvalidAddress(&'static str);

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        // A user name before `@` can imitate another host, and a link's fragment (`#pin=`) would be
        // ignored without a word.
        if text.contains(['#', '?', '@']) {
            return Err(InvalidAddress(
                "an address has no `#`, `?` or `@`: give host, port and path only",
            ));
        }
        let with_scheme = if text.contains("://") {
            text.to_owned()
        } else {
            // Without brackets the last group of the address could be the port.
            if text.parse::<Ipv6Addr>().is_ok() {
                return Err(InvalidAddress(
                    "an IPv6 address stands in brackets before the port, as in [::1]:5000",
                ));
            }
            format!("tcp://{text}")
        };
        let uri: Uri = with_scheme.parse().map_err(|_| {
            InvalidAddress(
                "expected host:port, tcp://host:port, tls://host, ws://host/ws or wss://host/ws",
            )
        })?;
        let scheme = uri.scheme_str().unwrap_or_default().to_ascii_lowercase();
        let path = uri.path();
        match scheme.as_str() {
            "tcp" if path.is_empty() || path == "/" => Ok(Self::Tcp(endpoint(&uri, None)?)),
            "tcp" => Err(InvalidAddress("an address over TCP has no path")),
            "tls" if path.is_empty() || path == "/" => {
                Ok(Self::Tls(endpoint(&uri, Some(TLS_PORT))?))
            }
            "tls" => Err(InvalidAddress("an address directly in TLS has no path")),
            "ws" | "wss" => {
                let tls = scheme == "wss";
                let (_, port) = websocket_scheme(tls);
                let path = if path.is_empty() || path == "/" {
                    TUNNEL_PATH
                } else {
                    path
                };
                Ok(Self::WebSocket {
                    tls,
                    endpoint: endpoint(&uri, Some(port))?,
                    path: path.to_owned(),
                })
            }
            "http" => Err(InvalidAddress("that is the page's address: use ws:// here")),
            "https" => Err(InvalidAddress(
                "that is the page's address: use wss:// or tls:// here",
            )),
            _ => Err(InvalidAddress("the schemes are tcp, tls, ws and wss")),
        }
    }
}

fn endpoint(uri: &Uri, default_port: Option<u16>) -> Result<Endpoint, InvalidAddress> {
    let authority = uri
        .authority()
        .ok_or(InvalidAddress("an address has a host"))?;
    let host = authority.host();
    // Behind the host stands nothing, or a colon and the port.
    let port = match &authority.as_str()[host.len()..] {
        "" => default_port.ok_or(InvalidAddress(
            "the port is missing, as in chat.example:5000; of a page with TLS the address is \
             wss://chat.example or tls://chat.example",
        ))?,
        port => port
            .strip_prefix(':')
            .and_then(|port| port.parse().ok())
            .filter(|port| *port != 0)
            .ok_or(InvalidAddress("a port is a number from 1 to 65535"))?,
    };
    let host = match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        // Parsed and printed anew, because an IPv6 address has many forms and its pin is found
        // under one.
        Some(host) => host
            .parse::<Ipv6Addr>()
            .map_err(|_| InvalidAddress("in brackets stands an IPv6 address"))?
            .to_string(),
        None if host.is_empty() => return Err(InvalidAddress("an address has a host")),
        // A final dot only marks the name as complete; with it, the same server would have a second
        // pin.
        None => host.trim_end_matches('.').to_ascii_lowercase(),
    };
    Ok(Endpoint { host, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_one_form() {
        for (text, canonical) in [
            ("localhost:5000", "localhost:5000"),
            ("tcp://Chat.Example:5000", "chat.example:5000"),
            ("chat.example.:5000", "chat.example:5000"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("[::1]:5000", "[::1]:5000"),
            ("[0:0:0:0:0:0:0:1]:5000", "[::1]:5000"),
            ("tls://Chat.Example", "tls://chat.example"),
            ("tls://chat.example:443/", "tls://chat.example"),
            ("tls://[::1]:8443", "tls://[::1]:8443"),
            ("ws://chat.example", "ws://chat.example/ws"),
            ("ws://chat.example:80/", "ws://chat.example/ws"),
            ("WS://chat.example:8080/ws", "ws://chat.example:8080/ws"),
            ("wss://chat.example:443/ws", "wss://chat.example/ws"),
            ("wss://[::1]:8443/tunnel", "wss://[::1]:8443/tunnel"),
        ] {
            let address: Address = text
                .parse()
                .unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(address.to_string(), canonical, "{text}");
            assert_eq!(canonical.parse(), Ok(address), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "chat.example",
            ":5000",
            "::1",
            "[::1]",
            "[x]:1",
            "a:0",
            "a:65536",
            "a:b",
            "a b:1",
            "tcp://a:1/path",
            "tls://a/path",
            "tls://",
            "http://a",
            "https://a",
            "ftp://a:1",
            "ws://",
            "ws://u:p@a/ws",
            "ws://a/ws?encoding=text",
            "ws://a/ws#pin",
            "a:1\n",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }
}
