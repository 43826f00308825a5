//! Validates the text that a person types as the server's address, and makes the tunnel's URL of
//! it.
//!
//! Pure: the page's own origin is an argument.

use std::fmt;

use shared::connection::Version;

/// The origin from which the page itself was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The page was loaded over https.
    pub secure: bool,
    /// The `host` or `host:port`, as in `location.host`.
    pub host: String,
}

/// A server to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The URL of the tunnel without its query, in one form for each server: the key of its pin.
    pub address: String,
    /// The `host[:port]`, for people.
    pub host: String,
    /// The server is the one that this page was loaded from.
    pub own: bool,
}

/// The reason for which an address cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressError {
    /// The scheme is none of ws, wss, http and https.
    Scheme,
    /// The address has a user name or a password in it.
    Credentials,
    /// The address has a path other than `/` or `/ws`, a query or a fragment.
    Path,
    /// The host's name is not valid.
    Host,
    /// The port is not a number in 1..=65535.
    Port,
    /// The page came over https, so browsers refuse unencrypted tunnels.
    Insecure,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "Start the address with ws:// or wss://, or leave that away.",
            Self::Credentials => "An address has no user name or password in it.",
            Self::Path => "Only the host and the port are needed, like chat.example.org:8080.",
            Self::Host => "This is not a host name. Write it like chat.example.org:8080.",
            Self::Port => "The port must be a number from 1 to 65535.",
            Self::Insecure => {
                "This page was loaded over https, so your browser only allows wss:// addresses."
            }
        })
    }
}

impl Origin {
    /// Returns the URL of the origin without a path, as in `location.origin`.
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.host)
    }

    /// Returns the server that this page was loaded from.
    pub fn server(&self) -> Server {
        Server::new(self.secure, &self.canonical(), true)
    }

    /// Returns host and port in the one form under which the server's pin is kept.
    fn canonical(&self) -> String {
        let host = self.host.to_ascii_lowercase();
        match host.split_once(".:") {
            Some((host, port)) => format!("{host}:{port}"),
            None => host.strip_suffix('.').map_or(host.clone(), str::to_owned),
        }
    }
}

impl Server {
    fn new(secure: bool, host: &str, own: bool) -> Self {
        let scheme = if secure { "wss" } else { "ws" };
        Self {
            address: format!("{scheme}://{host}/ws"),
            host: host.to_owned(),
            own,
        }
    }

    /// Returns `true` if the server is on this very machine, and so reachable without any network.
    pub fn is_local(&self) -> bool {
        ["localhost", "127.", "[::1]"]
            .iter()
            .any(|prefix| self.host.starts_with(prefix))
    }

    /// Returns the URL of the tunnel for `version`.
    pub fn tunnel(&self, version: Version) -> String {
        let encoding = match version {
            // Text messages, so that the browser's developer tools show the frames readable.
            Version::V1 => "text",
            Version::V2 => "binary",
        };
        format!("{}?encoding={encoding}", self.address)
    }
}

/// Parses `host`, `host:port`, or a ws, wss, http or https URL; empty means `origin`.
///
/// # Errors
/// [`AddressError`], whose `Display` tells the person what to change.
pub fn parse(input: &str, origin: &Origin) -> Result<Server, AddressError> {
    let input = input.trim();
    if input.is_empty() {
        return Ok(origin.server());
    }
    let (secure, rest) = match input.split_once("://") {
        None => (origin.secure, input),
        Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
            "ws" | "http" => (false, rest),
            "wss" | "https" => (true, rest),
            _ => return Err(AddressError::Scheme),
        },
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if !matches!(
        path,
        "" | "/" | "/ws" | "/ws?encoding=text" | "/ws?encoding=binary"
    ) {
        return Err(AddressError::Path);
    }
    // A user name can imitate another host, as in `ws://bank.example@evil.example`.
    if authority.contains('@') {
        return Err(AddressError::Credentials);
    }
    let authority = authority.to_ascii_lowercase();
    let (host, port) = split_port(&authority)?;
    let host = canonical_host(host)?;
    let port = port.map(parse_port).transpose()?;
    // Browsers leave the scheme's own port out of `location.host`; with it, one server would have
    // two pins.
    let default_port = if secure { 443 } else { 80 };
    let host = match port.filter(|port| *port != default_port) {
        Some(port) => format!("{host}:{port}"),
        None => host,
    };
    // A link of the page speaks for the own server only, so this comparison has to be exact.
    let own = secure == origin.secure && host == origin.canonical();
    // Mixed content: the browser would refuse the socket without giving a reason.
    if origin.secure && !secure {
        return Err(AddressError::Insecure);
    }
    Ok(Server::new(secure, &host, own))
}

/// Splits `host[:port]`, where the host may be an IPv6 address in brackets.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), AddressError> {
    let host_end = match authority.strip_prefix('[') {
        Some(rest) => rest.find(']').ok_or(AddressError::Host)? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at(host_end);
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(AddressError::Host),
    }
}

/// Returns the one form of a host, given in lower case.
fn canonical_host(host: &str) -> Result<String, AddressError> {
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = address {
        // The form of RFC 5952, which browsers use too: an IPv6 address has many forms, and its pin
        // is found under one.
        let address: std::net::Ipv6Addr = address.parse().map_err(|_| AddressError::Host)?;
        return Ok(format!("[{address}]"));
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if host.len() <= 253 && name.split('.').all(is_label) {
        // Without a final dot, which only marks the name as complete: with it, the same server
        // would have a second pin.
        Ok(name.to_owned())
    } else {
        Err(AddressError::Host)
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

fn parse_port(port: &str) -> Result<u16, AddressError> {
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return Err(AddressError::Port);
    }
    port.parse()
        .ok()
        .filter(|port| *port != 0)
        .ok_or(AddressError::Port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Origin {
        Origin {
            secure: false,
            host: "localhost:8080".into(),
        }
    }

    fn address(input: &str) -> Result<String, AddressError> {
        parse(input, &plain()).map(|server| server.address)
    }

    #[test]
    fn an_origin_as_a_url_is_what_browsers_make_of_it() {
        assert_eq!(plain().url(), "http://localhost:8080");
        let secure = Origin {
            secure: true,
            host: "chat.example".into(),
        };
        assert_eq!(secure.url(), "https://chat.example");
    }

    #[test]
    fn an_origin_with_a_final_dot_is_the_same_server() {
        for (host, canonical) in [
            ("Chat.example.", "chat.example"),
            ("chat.example.:81", "chat.example:81"),
        ] {
            let origin = Origin {
                secure: false,
                host: host.into(),
            };
            let own = origin.server();
            assert_eq!(own.address, format!("ws://{canonical}/ws"));
            assert_eq!(parse(canonical, &origin), Ok(own));
        }
    }

    #[test]
    fn empty_is_the_own_origin() {
        let server = parse("  ", &plain()).unwrap();
        assert_eq!(server.address, "ws://localhost:8080/ws");
        assert!(server.own);
    }

    #[test]
    fn forms_that_people_type() {
        // All forms of one server have one address, or it would have several pins.
        for input in [
            "chat.example.org:9000",
            " ws://chat.example.org:9000 ",
            "http://chat.example.org:9000/",
            "WS://Chat.Example.org:9000/ws",
            // A final dot only marks the name as complete.
            "chat.example.org.:9000",
        ] {
            assert_eq!(address(input).unwrap(), "ws://chat.example.org:9000/ws");
        }
        assert_eq!(
            address("wss://a.example:443").unwrap(),
            "wss://a.example/ws"
        );
        assert_eq!(address("[::1]:8080").unwrap(), "ws://[::1]:8080/ws");
        assert_eq!(
            address("ws://[0:0::0:1]:8080").unwrap(),
            address("[::1]:8080").unwrap(),
            "one server, one pin"
        );
        assert_eq!(address("127.0.0.1").unwrap(), "ws://127.0.0.1/ws");
        assert!(parse("http://localhost:8080/", &plain()).unwrap().own);
        assert!(!parse("localhost:8081", &plain()).unwrap().own);
        assert!(!parse("wss://localhost:8080", &plain()).unwrap().own);
    }

    #[test]
    fn a_server_on_this_machine_needs_no_network() {
        assert!(plain().server().is_local());
        for (input, local) in [
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("chat.example", false),
            ("192.0.2.1", false),
        ] {
            let server = parse(input, &plain()).unwrap();
            assert_eq!(server.is_local(), local, "{input}");
        }
    }

    #[test]
    fn each_version_has_its_tunnel() {
        let server = plain().server();
        assert_eq!(
            server.tunnel(Version::V1),
            "ws://localhost:8080/ws?encoding=text"
        );
        assert_eq!(
            server.tunnel(Version::V2),
            "ws://localhost:8080/ws?encoding=binary"
        );
        for version in [Version::V1, Version::V2] {
            let pasted = parse(&server.tunnel(version), &plain()).unwrap();
            assert_eq!(pasted, server);
        }
    }

    #[test]
    fn mistakes_have_names() {
        for (input, error) in [
            ("ftp://a", AddressError::Scheme),
            ("ws://me@a", AddressError::Credentials),
            ("a/b", AddressError::Path),
            ("a?b", AddressError::Path),
            ("a#b", AddressError::Path),
            ("a b", AddressError::Host),
            ("-a", AddressError::Host),
            ("a..b", AddressError::Host),
            ("a..", AddressError::Host),
            ("ws://", AddressError::Host),
            (":80", AddressError::Host),
            ("[::1", AddressError::Host),
            ("[::g]", AddressError::Host),
            ("[::1]x", AddressError::Host),
            ("::1", AddressError::Host),
            ("a:", AddressError::Port),
            ("a:0", AddressError::Port),
            ("a:65536", AddressError::Port),
            ("a:+80", AddressError::Port),
            ("a:8o", AddressError::Port),
        ] {
            assert_eq!(address(input), Err(error), "{input}");
        }
    }

    #[test]
    fn a_page_over_https_needs_wss() {
        // Browsers refuse unencrypted sockets there, and do not tell the page why.
        let origin = Origin {
            secure: true,
            host: "a.example".into(),
        };
        assert_eq!(
            parse("ws://b.example", &origin),
            Err(AddressError::Insecure)
        );
        assert_eq!(
            parse("b.example", &origin).unwrap().address,
            "wss://b.example/ws"
        );
    }
}
