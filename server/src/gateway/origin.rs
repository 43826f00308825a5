//! The check of the page that opens the tunnel: a browser names the page's origin in `Origin`.

/// Returns whether a page of `origin` may use the tunnel of a server that was reached as `host`.
///
/// The server's own origin always may; for a client on this machine every loopback origin, so that
/// `trunk serve` on another port works; and the origins in `allowed`. Programs that are no browser send no
/// `Origin`.
pub(super) fn is_allowed(
    origin: Option<&str>,
    host: Option<&str>,
    is_local: bool,
    allowed: &[&str],
) -> bool {
    // The check protects a person from the pages that they visit. A program can send any header, so
    // it would stop none.
    let Some(origin) = origin else { return true };
    // Scheme and host have no case in an origin (RFC 6454 §4).
    let origin = origin.to_ascii_lowercase();
    if allowed.contains(&origin.as_str()) {
        return true;
    }
    let Some(authority) = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"))
    else {
        return false;
    };
    // The scheme is not compared: behind a proxy that ends TLS, the server is reached over http and
    // the page over https.
    host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
        || (is_local && names_loopback(authority))
}

/// Returns whether `authority` (host, or host and port) names this machine.
pub(crate) fn names_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(host, _)| host),
        None => authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host),
    };
    // RFC 6761 §6.3 reserves `localhost` and everything below it for loopback.
    host.eq_ignore_ascii_case("localhost")
        || host.to_ascii_lowercase().ends_with(".localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names_are_told_from_those_that_only_look_like_it() {
        for name in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:80",
            "127.1.2.3",
            "[::1]:8080",
            "app.localhost:1",
        ] {
            assert!(names_loopback(name), "{name}");
        }
        for name in [
            "",
            "localhost.example",
            "127.0.0.1.example:80",
            "192.0.2.1",
            "[::2]",
            "[",
        ] {
            assert!(!names_loopback(name), "{name}");
        }
    }

    #[test]
    fn foreign_origins_are_refused() {
        let allowed = ["https://chat.example"];
        let ok = |origin, host, loopback| is_allowed(Some(origin), Some(host), loopback, &allowed);
        assert!(is_allowed(None, None, false, &[]));
        assert!(ok("http://server:8080", "server:8080", false));
        assert!(ok("https://Server", "server", false));
        assert!(ok("https://chat.example", "server:8080", false));
        assert!(ok("http://localhost:8081", "127.0.0.1:8080", true));
        assert!(!ok("http://localhost:8081", "server:8080", false));
        assert!(!ok("http://evil.example", "127.0.0.1:8080", true));
        assert!(!ok("http://server:8081", "server:8080", false));
        assert!(!ok("null", "server:8080", true));
        assert!(!ok("file://localhost", "localhost", true));
        assert!(!ok("https://chat.example.evil", "server", false));
    }
}
