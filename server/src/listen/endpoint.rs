//! The address of a listener as settings write it: `ADDR:PORT`, or `unix:/path`.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// The rights in a Unix socket when the settings name none: its owner and group, which is how a
/// proxy with a user of its own is let in.
const DEFAULT_MODE: u32 = 0o660;

/// The longest path of a Unix socket, in bytes: `sun_path` has 108 with its end, and less on other
/// systems.
const PATH_BYTES: usize = 100;

/// The address of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// An address and port of this machine.
    Net(SocketAddr),
    /// A Unix socket in the file system.
    Unix {
        /// The socket's absolute path.
        path: PathBuf,
        /// The rights in the socket: whoever may write to it may connect.
        mode: u32,
    },
}

/// A text that names no listener.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidEndpoint {
    /// The text is neither an address with a port nor a Unix socket.
    #[error("{0:?} is neither ADDR:PORT, such as 127.0.0.1:5000 or [::1]:5000, nor unix:/PATH")]
    Form(String),
    /// The path of the socket is relative, or too long for the system.
    #[error("{0:?}: the path of a Unix socket begins with / and has at most {PATH_BYTES} bytes")]
    Path(String),
    /// The mode is not one.
    #[error("{0:?}: a mode is octal, from 600 to 777, as in unix:/run/chat.sock?mode=660")]
    Mode(String),
}

impl Endpoint {
    /// Returns whether only this machine reaches the listener.
    pub fn is_private(&self) -> bool {
        match self {
            Self::Net(address) => address.ip().to_canonical().is_loopback(),
            Self::Unix { .. } => true,
        }
    }

    /// Returns the port; `None` for a Unix socket.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Net(address) => Some(address.port()),
            Self::Unix { .. } => None,
        }
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let Some(socket) = text.strip_prefix("unix:") else {
            let address = text.parse().map(Self::Net);
            return address.map_err(|_| InvalidEndpoint::Form(text.to_owned()));
        };
        let (path, mode) = match socket.split_once("?mode=") {
            Some((path, mode)) => {
                let mode = u32::from_str_radix(mode, 8).ok();
                // Without its owner's own rights a socket is of no use to anybody.
                let mode = mode.filter(|mode| (0o600..=0o777).contains(mode));
                (path, mode.ok_or(InvalidEndpoint::Mode(text.to_owned()))?)
            }
            None => (socket, DEFAULT_MODE),
        };
        if !path.starts_with('/') || path.ends_with('/') || path.len() > PATH_BYTES {
            return Err(InvalidEndpoint::Path(text.to_owned()));
        }
        let path = path.into();
        Ok(Self::Unix { path, mode })
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self::Net(address)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(address) => address.fmt(f),
            Self::Unix { path, .. } => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_address_or_a_socket_with_rights() {
        let parse = |text: &str| text.parse::<Endpoint>();
        assert_eq!(
            parse("127.0.0.1:5000"),
            Ok(Endpoint::Net(([127, 0, 0, 1], 5000).into()))
        );
        let unix = |path: &str, mode| {
            let path = path.into();
            Ok(Endpoint::Unix { path, mode })
        };
        assert_eq!(parse("unix:/run/chat.sock"), unix("/run/chat.sock", 0o660));
        assert_eq!(parse("unix:/a?mode=600"), unix("/a", 0o600));
        for text in [
            "",
            "5000",
            "localhost:5000",
            "unix:",
            "unix:chat.sock",
            "unix:/run/",
            "unix:/a?mode=",
            "unix:/a?mode=rw",
            "unix:/a?mode=066",
            "unix:/a?mode=4755",
            &format!("unix:/{}", "a".repeat(PATH_BYTES)),
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_loopback_and_sockets_are_private() {
        for (text, private) in [
            ("127.0.0.1:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("unix:/a", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("192.0.2.1:1", false),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().is_private(), private);
        }
    }
}
