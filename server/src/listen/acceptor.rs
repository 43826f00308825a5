//! Accepting streams from a listener, and the options of their sockets.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, UnixStream};
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;

use super::{Listener, Peer};
use crate::connection::WRITE_TIMEOUT;

/// The silence after which the system probes a peer. A peer that vanished is noticed after this
/// time and the probes.
const KEEPALIVE_AFTER: Duration = Duration::from_mins(1);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// The shortest and the longest pause after a failed accept.
const BACK_OFF: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(5)..=Duration::from_secs(1);

/// Most bytes that the system keeps of what a peer was sent and cannot take: by default it would keep
/// megabytes for each of thousands, outside every budget of ours.
const UNSENT_BYTES: u32 = 128 * 1024;

/// An accepted stream.
pub type Stream = Either<TcpStream, UnixStream>;

/// A listener that survives failing accepts.
#[derive(Debug)]
pub struct Acceptor {
    listener: Listener,
    pause: Duration,
}

impl Acceptor {
    /// Creates an acceptor of a bound listener.
    pub fn new(listener: Listener) -> Self {
        Self {
            listener,
            pause: *BACK_OFF.start(),
        }
    }

    /// Accepts the next stream; `None` when `stop` is cancelled.
    ///
    /// A failing accept is most often a lack of file descriptors, which lasts until a connection
    /// ends. An attempt at once would only burn a processor.
    pub async fn accept(&mut self, stop: &CancellationToken) -> Option<(Stream, Peer)> {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return None,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok(accepted) => {
                    self.pause = *BACK_OFF.start();
                    return Some(accepted);
                }
                Err(error) => {
                    // An attacker can keep the files exhausted: one line at the start and one at
                    // each doubling of the pause, not one for each attempt.
                    if self.pause < *BACK_OFF.end() {
                        tracing::warn!(%error, pause_ms = self.pause.as_millis(), "accept failed");
                    }
                    tokio::select! {
                        () = stop.cancelled() => return None,
                        () = tokio::time::sleep(self.pause) => {}
                    }
                    self.pause = (self.pause * 2).min(*BACK_OFF.end());
                }
            }
        }
    }
}

impl Listener {
    async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Net(listener) => {
                let (stream, address) = listener.accept().await?;
                set_options(&stream);
                Ok((Either::Left(stream), Peer::Net(address)))
            }
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Either::Right(stream), Peer::Unix))
            }
        }
    }
}

/// Sets four options: no delay for small writes, since every write is whole messages; probes for
/// silent peers; and an end for peers that take nothing, which nothing else would notice for the
/// page's files.
fn set_options(stream: &TcpStream) {
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_INTERVAL);
    let result = stream
        .set_nodelay(true)
        .and_then(|()| SockRef::from(stream).set_tcp_keepalive(&keepalive));
    #[cfg(target_os = "linux")]
    let result = result
        .and_then(|()| SockRef::from(stream).set_tcp_user_timeout(Some(WRITE_TIMEOUT)))
        .and_then(|()| SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES));
    if let Err(error) = result {
        tracing::debug!(%error, "socket options were not set");
    }
}
