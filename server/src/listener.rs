//! The TCP listener: accepts streams, counts them, and hands each to the handler.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::clients::Transport;
use crate::connection::{self, WRITE_TIMEOUT};
use crate::context::Context;
use crate::refusal;

/// The silence after which the system probes a peer. A peer that vanished is noticed after this
/// time and the probes.
const KEEPALIVE_AFTER: Duration = Duration::from_mins(1);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// The time for which a stream is still read after its end was announced, and the bytes discarded.
/// A stream that is dropped with unread bytes is reset, and the peer would lose the server's last
/// bytes.
const LINGER: Duration = Duration::from_secs(2);

/// The shortest and the longest pause after a failed accept.
const BACK_OFF: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(5)..=Duration::from_secs(1);

/// Accepts sessions until the server stops.
pub async fn accept_tcp(listener: TcpListener, context: Arc<Context>) {
    let loopback = is_loopback(&listener);
    let mut acceptor = Acceptor::new(listener);
    while let Some((stream, address)) = acceptor.accept(&context).await {
        let task = handle(stream, address, loopback, Arc::clone(&context));
        context.tasks.spawn(task);
    }
}

async fn handle(
    mut stream: TcpStream,
    address: SocketAddr,
    listener_is_loopback: bool,
    context: Arc<Context>,
) {
    let protocol = context.protocol(listener_is_loopback);
    let permit = context.admit(address.ip());
    match &permit {
        Ok(permit) => {
            let transport = Transport::Tcp;
            connection::serve(&mut stream, address, transport, protocol, permit, &context).await;
        }
        Err(refused) => {
            refusal::log(address, *refused, &context);
            // Beyond this number at a time a refused client is not told: each one that is holds a
            // socket while it lingers.
            let Ok(_told) = context.refusals.try_acquire() else {
                return;
            };
            refusal::tell(&mut stream, protocol, refused.code()).await;
            return linger(&mut stream).await;
        }
    }
    linger(&mut stream).await;
}

/// Ends this side and waits briefly for the peer's end.
pub async fn linger<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let ending = async {
        stream.shutdown().await?;
        // Small, because it is a part of the task of every connection that ends.
        let mut thrown_away = [0; 1024];
        while stream.read(&mut thrown_away).await? > 0 {}
        io::Result::Ok(())
    };
    // Either way the stream is dropped next.
    let _ = tokio::time::timeout(LINGER, ending).await;
}

/// Returns whether a listener can be reached from this machine only.
pub fn is_loopback(listener: &TcpListener) -> bool {
    listener
        .local_addr()
        .is_ok_and(|address| address.ip().to_canonical().is_loopback())
}

/// A listener that survives failing accepts.
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    pause: Duration,
}

impl Acceptor {
    /// Creates an acceptor of a bound listener.
    pub fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            pause: *BACK_OFF.start(),
        }
    }

    /// Accepts the next stream; `None` when the server stops.
    ///
    /// A failing accept is most often a lack of file descriptors, which lasts until a connection
    /// ends. An attempt at once would only burn a processor.
    pub async fn accept(&mut self, context: &Context) -> Option<(TcpStream, SocketAddr)> {
        loop {
            let accepted = tokio::select! {
                () = context.stop.cancelled() => return None,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => {
                    self.pause = *BACK_OFF.start();
                    set_options(&stream);
                    return Some((stream, address));
                }
                Err(error) => {
                    // An attacker can keep the files exhausted: one line at the start and one at
                    // each doubling of the pause, not one for each attempt.
                    if self.pause < *BACK_OFF.end() {
                        tracing::warn!(%error, pause_ms = self.pause.as_millis(), "accept failed");
                    }
                    tokio::select! {
                        () = context.stop.cancelled() => return None,
                        () = tokio::time::sleep(self.pause) => {}
                    }
                    self.pause = (self.pause * 2).min(*BACK_OFF.end());
                }
            }
        }
    }
}

/// Most bytes that the system keeps of what a peer was sent and cannot take: by default it would keep
/// megabytes for each of thousands, outside every budget of ours.
const UNSENT_BYTES: u32 = 128 * 1024;

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
