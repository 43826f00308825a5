//! The names by which people outside of this machine reach the page (`--public-url`).

use std::net::IpAddr;
use std::str::FromStr;

use hyper::Uri;
use thiserror::Error;

/// An address of the page as browsers have it: scheme, host and perhaps a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    /// The origin (RFC 6454 §6.2), in lower case, without a default port.
    origin: String,
    /// The host of the origin; an IPv6 address in brackets.
    host: String,
}

/// A text that is no public address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is no public address, which is like https://chat.example: {cause}")]
pub struct InvalidPublicUrl {
    text: String,
    cause: &'static str,
}

impl PublicUrl {
    /// Returns the origin: scheme, host, and the port if it is not the scheme's own.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns whether the page is reached by TLS.
    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https:")
    }

    /// Returns the host; an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        self.host.trim_matches(['[', ']'])
    }

    /// Returns whether `authority`, of a `Host` field, names this host. Its port counts for nothing:
    /// proxies leave it out (nginx's `$host`), and DNS rebinding needs another name, not another
    /// port.
    pub fn has_host(&self, authority: &str) -> bool {
        let host = match authority.rfind(']') {
            Some(end) => authority.get(..=end),
            None => authority.split(':').next(),
        };
        // A final dot marks a name as complete (RFC 3986 §3.2.2).
        host.is_some_and(|host| host.trim_end_matches('.').eq_ignore_ascii_case(&self.host))
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidPublicUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPublicUrl> {
        let invalid = |cause| InvalidPublicUrl {
            text: text.to_owned(),
            cause,
        };
        let uri: Uri = text.trim().parse().map_err(|_| invalid("it has no form"))?;
        let default_port = match uri.scheme_str() {
            Some("https") => 443,
            Some("http") => 80,
            _ => return Err(invalid("it begins with https:// or http://")),
        };
        let authority = uri.authority().ok_or(invalid("it has no host"))?;
        if authority.as_str().contains('@') || !matches!(uri.path(), "" | "/") {
            return Err(invalid(
                "it has a host and perhaps a port, and nothing behind them",
            ));
        }
        if uri.query().is_some() || text.contains('#') {
            return Err(invalid(
                "it has a host and perhaps a port, and nothing behind them",
            ));
        }
        let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
        let is_name = |host: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !host.is_empty() && host.bytes().all(known)
        };
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(ip) if ip.is_unspecified() => {
                return Err(invalid("this address means every address of a machine"));
            }
            Ok(_) => {}
            Err(_) if is_name(&host) => {}
            Err(_) => return Err(invalid("its host is neither a name nor an address")),
        }
        let port = match authority.as_str().get(authority.host().len()..) {
            Some("") | None => None,
            Some(port) => {
                let port = port
                    .strip_prefix(':')
                    .and_then(|port| port.parse::<u16>().ok());
                let port = port.filter(|port| *port != 0);
                Some(port.ok_or(invalid("a port is a number from 1 to 65535"))?)
            }
        };
        let scheme = uri.scheme_str().unwrap_or_default();
        let origin = match port {
            // As browsers write it (RFC 6454 §6.2).
            Some(port) if port != default_port => format!("{scheme}://{host}:{port}"),
            _ => format!("{scheme}://{host}"),
        };
        Ok(Self { origin, host })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> PublicUrl {
        text.parse().unwrap()
    }

    #[test]
    fn an_origin_is_as_browsers_write_it() {
        for (text, origin, host) in [
            (
                "https://chat.example",
                "https://chat.example",
                "chat.example",
            ),
            (
                "https://Chat.Example:443/",
                "https://chat.example",
                "chat.example",
            ),
            (
                "https://chat.example.",
                "https://chat.example",
                "chat.example",
            ),
            (
                "http://chat.example:80",
                "http://chat.example",
                "chat.example",
            ),
            (
                "https://chat.example:8443",
                "https://chat.example:8443",
                "chat.example",
            ),
            (
                "https://[2001:DB8::1]:444",
                "https://[2001:db8::1]:444",
                "2001:db8::1",
            ),
            ("http://192.0.2.1", "http://192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!((url(text).origin(), url(text).host()), (origin, host));
        }
    }

    #[test]
    fn what_is_no_public_address_is_refused() {
        for text in [
            "",
            "chat.example",
            "chat.example:443",
            "ftp://chat.example",
            "https://",
            "https://chat.example/path",
            "https://chat.example/?q",
            "https://chat.example/#pin",
            "https://user@chat.example",
            "https://chat.example:0",
            "https://chat.example:x",
            "https://chat.example:65536",
            "https://*.example",
            "https://chät.example",
            "https://0.0.0.0",
            "https://[::]:8080",
            "https://a b",
        ] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_host_is_known_by_its_name_and_not_by_its_port() {
        let chat = url("https://chat.example:8443");
        for host in [
            "chat.example",
            "CHAT.example:8443",
            "chat.example:80",
            "chat.example.:1",
        ] {
            assert!(chat.has_host(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "chat.example.evil",
            "xchat.example",
            "[chat.example]",
        ] {
            assert!(!chat.has_host(host), "{host}");
        }
        let v6 = url("https://[2001:db8::1]");
        assert!(v6.has_host("[2001:db8::1]:80"));
        assert!(!v6.has_host("[2001:db8::2]"));
        assert!(!v6.has_host("2001"));
    }
}
