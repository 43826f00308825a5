//! Asks a running server whether it works, by the addresses in its own settings: for containers and
//! scripts, which may have no other program that can ask.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use crate::config::NetworkSettings;
use crate::listen::Endpoint;

/// The largest answer with its head, in bytes: a sentence that names what does not work, and fields
/// that take less than a kilobyte.
const ANSWER_BYTES: u64 = 4 * 1024;

/// A question to a server whether it works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthProbe {
    endpoint: Endpoint,
    path: &'static str,
}

/// The reason why a server counts as one that does not work.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// Every listener that could be asked speaks TLS.
    #[error(
        "no listener of these settings can be asked without TLS: give the server, and this task, a \
         listener for monitoring, such as --ops 127.0.0.1:9464"
    )]
    OnlyTls,
    /// The settings leave the port to the system.
    #[error(
        "only the server itself knows the port that it has for {0}: name it as the server has printed \
         it, with --ops or --http"
    )]
    FreePort(Endpoint),
    /// The listener cannot be reached.
    #[error("{0} cannot be reached: {1}")]
    Connect(Endpoint, #[source] std::io::Error),
    /// The time is over.
    #[error("{0} has not answered within {secs} s", secs = .1.as_secs())]
    Timeout(Endpoint, Duration),
    /// The answer is none of HTTP, too long or none at all.
    #[error("{0} gives no answer of a server like this one{1}")]
    NoAnswer(Endpoint, String),
    /// The server says that it does not work.
    #[error("{endpoint} answers {status}{reason}")]
    Unhealthy {
        /// The listener that was asked.
        endpoint: Endpoint,
        /// The status of the answer.
        status: u16,
        /// The server's own sentence behind a colon and a blank, or an empty text.
        reason: String,
    },
}

impl HealthProbe {
    /// Returns the probe for a server with these settings. A listener for monitoring is asked before
    /// one for the page: it answers also when the page has all connections that it may have, and
    /// never speaks TLS.
    ///
    /// # Errors
    /// [`ProbeError::OnlyTls`] and [`ProbeError::FreePort`], if the settings do not say where to ask.
    pub fn new(network: &NetworkSettings) -> Result<Self, ProbeError> {
        let is_plain =
            |http: &&Endpoint| network.tls.is_none() || matches!(http, Endpoint::Unix { .. });
        let ops = network.ops.first().map(|it| (it, "/readyz"));
        let http = || network.http.iter().find(is_plain);
        let asked = ops.or_else(|| http().map(|it| (it, "/healthz")));
        let (endpoint, path) = asked.ok_or(ProbeError::OnlyTls)?;
        if endpoint.port() == Some(0) {
            return Err(ProbeError::FreePort(endpoint.clone()));
        }
        let endpoint = reachable(endpoint.clone());
        Ok(Self { endpoint, path })
    }

    /// Returns the listener that is asked.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Asks, and waits for the answer for at most `timeout`.
    ///
    /// # Errors
    /// [`ProbeError`], unless the server has said that it works.
    pub async fn ask(&self, timeout: Duration) -> Result<(), ProbeError> {
        let asking = async {
            let failed = |cause| ProbeError::Connect(self.endpoint.clone(), cause);
            match &self.endpoint {
                Endpoint::Net(address) => {
                    self.ask_over(TcpStream::connect(address).await.map_err(failed)?)
                        .await
                }
                Endpoint::Unix { path, .. } => {
                    self.ask_over(UnixStream::connect(path).await.map_err(failed)?)
                        .await
                }
            }
        };
        let asked = tokio::time::timeout(timeout, asking).await;
        asked.unwrap_or_else(|_| Err(ProbeError::Timeout(self.endpoint.clone(), timeout)))
    }

    async fn ask_over<S>(&self, mut stream: S) -> Result<(), ProbeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let path = self.path;
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        // A listener that is full answers before it is asked, and may be gone by then. The answer
        // tells.
        let written = stream.write_all(head.as_bytes()).await;
        let mut answer = Vec::new();
        let mut bounded = stream.take(ANSWER_BYTES);
        let read = bounded.read_to_end(&mut answer).await;
        let (status, body) = match parse(&answer) {
            Some(parsed) if bounded.limit() > 0 => parsed,
            _ => {
                let cause = read.err().or(written.err());
                let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
                return Err(ProbeError::NoAnswer(self.endpoint.clone(), cause));
            }
        };
        if status == 200 {
            return Ok(());
        }
        Err(ProbeError::Unhealthy {
            endpoint: self.endpoint.clone(),
            status,
            reason: reason(body),
        })
    }
}

/// Takes an answer of HTTP/1 apart into its status and its body (RFC 9112 §4). Libraries expect
/// answers to what was asked, and a listener that is full does not wait for a question.
fn parse(answer: &[u8]) -> Option<(u16, &[u8])> {
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n")?;
    let (head, body) = (&answer[..end], &answer[end + 4..]);
    let rest = head.strip_prefix(b"HTTP/1.")?;
    let status = rest.get(1..)?.strip_prefix(b" ")?.get(..3)?;
    let status = std::str::from_utf8(status).ok()?.parse().ok()?;
    Some((status, body))
}

/// Returns the address by which a listener on every address is reached from its own machine.
fn reachable(endpoint: Endpoint) -> Endpoint {
    match endpoint {
        Endpoint::Net(mut address) if address.ip().is_unspecified() => {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
            Endpoint::Net(address)
        }
        endpoint => endpoint,
    }
}

/// Returns the first line of an answer as the end of a sentence. Another program may listen there, so
/// that nothing in it reaches a terminal as it is.
fn reason(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return String::new();
    }
    format!(": {}", line.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TlsSettings;

    fn settings(ops: &[&str], http: &[&str], tls: Option<TlsSettings>) -> NetworkSettings {
        let endpoints = |texts: &[&str]| texts.iter().map(|it| it.parse().unwrap()).collect();
        NetworkSettings {
            ops: endpoints(ops),
            http: endpoints(http),
            tls,
            ..NetworkSettings::default()
        }
    }

    fn asked(network: &NetworkSettings) -> (String, &'static str) {
        let probe = HealthProbe::new(network).unwrap();
        (probe.endpoint.to_string(), probe.path)
    }

    #[test]
    fn the_listener_for_monitoring_is_asked_before_the_page() {
        let both = settings(&["127.0.0.1:9464"], &["127.0.0.1:8080"], None);
        assert_eq!(asked(&both), ("127.0.0.1:9464".into(), "/readyz"));
        let page = settings(&[], &["127.0.0.1:8080"], None);
        assert_eq!(asked(&page), ("127.0.0.1:8080".into(), "/healthz"));
    }

    #[test]
    fn a_listener_on_every_address_is_asked_over_loopback() {
        for (bound, reached) in [
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("[::]:1", "[::1]:1"),
            ("192.0.2.1:1", "192.0.2.1:1"),
            ("unix:/run/ops", "unix:/run/ops"),
        ] {
            assert_eq!(asked(&settings(&[bound], &[], None)).0, reached);
        }
    }

    #[test]
    fn a_page_inside_of_tls_is_not_asked() {
        let tls = Some(TlsSettings::SelfSigned);
        let network = settings(&[], &["127.0.0.1:443", "unix:/run/http"], tls.clone());
        assert_eq!(asked(&network), ("unix:/run/http".into(), "/healthz"));
        let network = settings(&[], &["127.0.0.1:443"], tls);
        let error = HealthProbe::new(&network).unwrap_err();
        assert!(error.to_string().contains("--ops"), "{error}");
    }

    #[test]
    fn a_free_port_is_not_guessed() {
        let network = settings(&["127.0.0.1:0"], &["127.0.0.1:8080"], None);
        let error = HealthProbe::new(&network).unwrap_err();
        assert!(matches!(error, ProbeError::FreePort(_)), "{error}");
    }

    #[test]
    fn an_answer_is_taken_apart_or_is_none() {
        let answer = b"HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\nthe store hangs\n";
        assert_eq!(parse(answer), Some((503, &b"the store hangs\n"[..])));
        assert_eq!(parse(b"HTTP/1.0 200\r\n\r\n"), Some((200, &b""[..])));
        for answer in [
            &b""[..],
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1200 OK\r\n\r\n",
            b"HTTP/1.1 20\r\n\r\n",
            b"HTTP/1.1 two\r\n\r\n",
            b"HTTP/2 200 OK\r\n\r\n",
            b"SSH-2.0-OpenSSH\r\n\r\n",
            b"\x15\x03\x01\x00\x02\x02\x32",
        ] {
            assert_eq!(parse(answer), None, "{answer:?}");
        }
    }

    #[test]
    fn an_answer_is_told_in_one_line_without_control_characters() {
        assert_eq!(reason(b""), "");
        assert_eq!(reason(b"the store hangs\nand more\n"), ": the store hangs");
        assert_eq!(reason(b"\x1b[2J\xff"), ": \\u{1b}[2J\u{fffd}");
    }
}
