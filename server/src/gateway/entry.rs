//! The HTTP listeners: accepted streams become HTTP connections.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::http;
use super::visitor::Peer;
use crate::admission::Permit;
use crate::context::Context;
use crate::listen::{self, Acceptor, Listener, Stream};
use crate::listener::linger;
use crate::refusal;

/// The time that the answer to a refused client may take.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// Accepts HTTP connections until the server stops.
pub async fn accept_http(listener: Listener, context: Arc<Context>) {
    let mut acceptor = Acceptor::new(listener);
    while let Some((stream, peer)) = acceptor.accept(&context).await {
        let task = match admit(peer, &context) {
            Ok(permit) => {
                let peer = Peer::new(Arc::clone(&context), peer);
                context.tasks.spawn(http::serve(stream, peer, permit))
            }
            Err(refused) => {
                refusal::log(peer.address(), refused, &context);
                context.tasks.spawn(refuse(stream, Arc::clone(&context)))
            }
        };
        // The tracker waits for the task when the server stops, so that nobody needs the handle.
        drop(task);
    }
}

fn admit(peer: listen::Peer, context: &Context) -> Result<Permit, crate::admission::NotAdmitted> {
    // A proxy has the connections of all its clients, and bounds theirs itself.
    if context.config.network.trusted_proxy.has(peer) {
        context.http.admit_proxy()
    } else {
        context.http.admit(peer.address().ip())
    }
}

async fn refuse(mut stream: Stream, context: Arc<Context>) {
    const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\
        retry-after: 10\r\ncontent-length: 0\r\n\r\n";
    // Beyond this number of answers at a time the connection is just dropped: each answer holds a
    // socket while it lingers.
    let Ok(_told) = context.refusals.try_acquire() else {
        return;
    };
    // A peer that does not take even this is refused all the same.
    let _ = tokio::time::timeout(REFUSAL_TIMEOUT, stream.write_all(FULL)).await;
    linger(&mut stream).await;
}
