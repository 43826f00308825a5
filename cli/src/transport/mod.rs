//! The way of bytes to a server: TCP, a WebSocket on it, TLS in between. All of them end in one
//! kind of stream, which knows nothing of the bytes' meaning.

mod tls;
mod tunnel;

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::address::{Address, Endpoint};
use crate::exit::{Code, Failure};
use crate::printable;
use tls::Inside;

/// The time that each step of a connection may take, up to the first byte of the protocol.
const DIAL_TIMEOUT: Duration = Duration::from_secs(15);

/// The silence after which the system asks whether the server's machine is still there. Routers
/// keep a silent connection for a minute or more.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// The interval of the system's further questions, [`KEEP_ALIVE_PROBES`] in all, before the
/// connection counts as lost.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(5);

const KEEP_ALIVE_PROBES: u32 = 3;

/// The time for which sent bytes may stay unacknowledged. Without a bound, Linux repeats them for a
/// quarter of an hour (15 retransmissions, RFC 5482 §1) before it gives the connection up.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(45);

/// A byte stream of any kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection that was made.
pub(crate) struct Dialed {
    pub(crate) stream: Box<dyn Stream>,
    /// This side can end its direction while the other goes on. A WebSocket can only end as a
    /// whole.
    pub(crate) half_close: bool,
}

/// Connects to `address`.
///
/// # Errors
/// [`Code::CannotConnect`] with the reason.
pub(crate) async fn dial(address: &Address) -> Result<Dialed, Failure> {
    let failure = |text: String| {
        Failure::new(
            // The text can come from the network (an HTTP status, a certificate), so it is
            // filtered.
            Code::CannotConnect,
            format!(
                "cannot connect to {address}: {}",
                printable::line(text.as_bytes())
            ),
        )
    };
    let tcp = in_time(connect(address.endpoint()))
        .await
        .map_err(|error| failure(error.to_string()))?;
    let stream: Box<dyn Stream> = match address {
        Address::Tcp(_) | Address::WebSocket { tls: false, .. } => Box::new(tcp),
        Address::Tls(endpoint)
        | Address::WebSocket {
            tls: true,
            endpoint,
            ..
        } => {
            let inside = match address {
                Address::Tls(_) => Inside::Session,
                _ => Inside::Http,
            };
            let stream = in_time(tls::wrap(tcp, &endpoint.host, inside)).await;
            Box::new(stream.map_err(|error| failure(tls::explain(&error, address)))?)
        }
    };
    if !matches!(address, Address::WebSocket { .. }) {
        return Ok(Dialed {
            stream,
            half_close: true,
        });
    }
    let tunnel = in_time(tunnel::open(stream, address)).await;
    Ok(Dialed {
        stream: Box::new(tunnel.map_err(|error| failure(error.to_string()))?),
        half_close: false,
    })
}

async fn in_time<T>(step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(DIAL_TIMEOUT, step)
        .await
        .unwrap_or_else(|_| {
            let seconds = DIAL_TIMEOUT.as_secs();
            Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no answer within {seconds} s"),
            ))
        })
}

async fn connect(endpoint: &Endpoint) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
    // Nagle's algorithm would hold a typed line back until the last one is acknowledged. It saves
    // nothing here: bytes that belong together are one write already.
    stream.set_nodelay(true)?;
    let keep_alive = TcpKeepalive::new()
        .with_time(KEEP_ALIVE)
        .with_interval(KEEP_ALIVE_INTERVAL)
        .with_retries(KEEP_ALIVE_PROBES);
    let socket = SockRef::from(&stream);
    socket.set_tcp_keepalive(&keep_alive)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(stream)
}
