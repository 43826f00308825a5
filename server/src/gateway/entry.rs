//! The HTTP listeners: accepted streams become HTTP connections, inside of TLS if there is one, or
//! sessions directly inside of TLS.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::visitor::Peer;
use super::{http, http2, strangers};
use crate::admission::Permit;
use crate::clients::Transport;
use crate::context::Context;
use crate::listen::{self, Acceptor, Listener, Stream};
use crate::listener::{self, linger};
use crate::logging::Excerpt;
use crate::refusal;
use crate::tls::{self, Accepted, Tls};

/// The time that the answer to a refused client may take.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// Accepts HTTP connections until the server stops. With `tls` they are inside of it, but for those
/// on Unix sockets, where there is nobody in between.
pub async fn accept_http(listener: Listener, tls: Option<Arc<Tls>>, context: Arc<Context>) {
    let mut acceptor = Acceptor::new(listener);
    while let Some((stream, peer)) = acceptor.accept(&context.stop).await {
        let tls = tls.clone().filter(|_| peer != listen::Peer::Unix);
        // Before the TLS handshake, which costs more than anything else here.
        let task = match admit(peer, &context) {
            Ok(permit) => {
                let entry = enter(stream, peer, tls, permit, Arc::clone(&context));
                context.tasks.spawn(entry)
            }
            Err(refused) => {
                refusal::log(peer.address(), refused, &context);
                // A client that speaks TLS could not read the answer.
                if tls.is_some() {
                    continue;
                }
                context.tasks.spawn(refuse(stream, Arc::clone(&context)))
            }
        };
        // The tracker waits for the task when the server stops, so that nobody needs the handle.
        drop(task);
    }
}

fn admit(peer: listen::Peer, context: &Context) -> Result<Permit, crate::admission::NotAdmitted> {
    // A proxy has the connections of all its clients, and bounds theirs itself.
    if context.config().network.trusted_proxy.has(peer) {
        context.http.admit_proxy()
    } else {
        context.http.admit(peer.address().ip())
    }
}

async fn enter(
    stream: Stream,
    socket: listen::Peer,
    tls: Option<Arc<Tls>>,
    permit: Permit,
    context: Arc<Context>,
) {
    let peer = Peer::new(Arc::clone(&context), socket);
    let Some(tls) = tls else {
        return http::serve(stream, peer, permit).await;
    };
    let accepted = tokio::select! {
        accepted = tls::accept(stream, &tls) => accepted,
        // Nothing was asked yet, so that no answer is owed.
        () = context.stop.cancelled() => return,
    };
    match accepted {
        Ok(Accepted::Http(stream)) => http::serve(stream, peer, permit).await,
        Ok(Accepted::Http2(stream)) => http2::serve(stream, peer, permit).await,
        Ok(Accepted::Session(stream)) => {
            // From here on it counts as a session, as a tunnel does.
            drop(permit);
            // By a public name people come through a proxy that passes TLS on, wherever that runs.
            let name = stream.get_ref().1.server_name();
            let config = context.config();
            let mut public = config.network.public_url.iter();
            let is_public = name.is_some_and(|name| public.any(|url| url.has_host(name)));
            let (address, is_local) = (socket.address(), socket.is_loopback() && !is_public);
            listener::serve(stream, address, Transport::Tls, is_local, context).await;
        }
        // The certificate was the answer. The directory ends the connection (RFC 8737 §3).
        Ok(Accepted::Challenge(mut stream)) => linger(&mut stream).await,
        Ok(Accepted::Plain(stream)) => strangers::refuse_on_tls(stream, &peer).await,
        Err(error) => log_failure(&peer, &error),
    }
}

fn log_failure(peer: &Peer, error: &io::Error) {
    // A browser opens connections in advance, and ends them without a word.
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return;
    }
    let visitor = peer.itself();
    visitor.log_once(|suppressed| {
        let (address, error) = (visitor.address, Excerpt(error));
        tracing::info!(%address, %error, suppressed, "TLS handshake failed");
    });
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
