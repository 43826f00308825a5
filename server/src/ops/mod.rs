//! The listener for monitoring: `/metrics`, and the probes `/livez`, `/readyz` and `/healthz`.
//!
//! It shares nothing with the listeners of the chat but the metrics: it has few connections, of one
//! request each and for seconds only, so that neither a flood of scrapes nor a reader that stalls
//! takes what the chat needs.

mod routes;
mod scrape;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::listen::{Acceptor, Listener, Peer, Stream};
use crate::listener::linger;

pub use scrape::Scrapes;

/// Most connections at a time: some scrapers and probes, and others that hang.
pub const CONNECTIONS: usize = 16;

/// The pause between two connections: a flood of them costs the chat no more of the processor than
/// 100 in a second do.
const PACE: Duration = Duration::from_millis(10);

/// The time for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(2);

/// The largest head of a request, in bytes: the least that hyper takes.
const HEAD_BYTES: usize = 8 * 1024;

/// The time for a whole connection. A scraper that takes longer has given up by itself: Prometheus
/// does so after 10 s.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves the clients of a listener for monitoring. Never ends: a server that drains is monitored,
/// too.
pub async fn accept(listener: Listener, scrapes: Arc<Scrapes>, context: Arc<Context>) {
    let mut acceptor = Acceptor::new(listener);
    let never = CancellationToken::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // Taken before the next connection is accepted: those beyond wait in the system's queue.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Some((stream, peer)) = acceptor.accept(&never).await else {
            return;
        };
        let (scrapes, context) = (Arc::clone(&scrapes), Arc::clone(&context));
        tokio::spawn(async move {
            let _place = place;
            // Cut off without a word: there was time for one.
            let _ =
                tokio::time::timeout(CONNECTION_TIMEOUT, serve(stream, peer, &scrapes, &context))
                    .await;
        });
        tokio::time::sleep(PACE).await;
    }
}

/// Serves one request.
async fn serve(mut stream: Stream, peer: Peer, scrapes: &Scrapes, context: &Context) {
    let service = service_fn(|request| async move {
        Ok::<_, Infallible>(routes::respond(&request, peer, scrapes, context).await)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        // One request a connection: a second one would have to be counted, too.
        .keep_alive(false)
        .serve_connection(TokioIo::new(&mut stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(address = %peer.address(), %error, "connection of the ops listener failed");
    }
    linger(&mut stream).await;
}
