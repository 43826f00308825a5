//! The TCP listener: admits each accepted stream, and hands it to the handler.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use shared::error::ErrorCode;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::client_address::ClientAddress;
use crate::clients::Transport;
use crate::connection;
use crate::context::Context;
use crate::listen::{Acceptor, Listener, Peer, Stream};
use crate::proxy::{ProxyError, read_client};
use crate::refusal;

/// The time for which a stream is still read after its end was announced, and the bytes discarded.
/// A stream that is dropped with unread bytes is reset, and the peer would lose the server's last
/// bytes.
const LINGER: Duration = Duration::from_secs(2);

/// The time that the answer to a refused peer may take.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// The sentence for a peer whose client stays unknown.
const NO_HEADER: &str =
    "This port takes connections of its proxy only, each with a valid PROXY header.";

/// Accepts sessions until the server stops.
pub async fn accept_tcp(listener: Listener, context: Arc<Context>) {
    let mut acceptor = Acceptor::new(listener);
    while let Some((stream, peer)) = acceptor.accept(&context.stop).await {
        context
            .tasks
            .spawn(handle(stream, peer, Arc::clone(&context)));
    }
}

/// Finds out whose stream it is, and serves it.
async fn handle(stream: Stream, peer: Peer, context: Arc<Context>) {
    if !context.config().network.proxy_protocol_from.has(peer) {
        let transport = Transport::Tcp;
        return serve(
            stream,
            peer.address(),
            transport,
            peer.is_loopback(),
            context,
        )
        .await;
    }
    let read = {
        // Dropped unanswered: a proxy that has as many connections without a header is none.
        let Ok(_unnamed) = context.unnamed.try_acquire() else {
            return;
        };
        read_client(stream).await
    };
    match read {
        Ok((client, stream)) => {
            let address = client.map_or(peer.address(), ClientAddress::from);
            // Whoever comes by a proxy is not on this machine, even if the proxy is.
            serve(stream, address, Transport::Tcp, false, context).await;
        }
        Err((error, stream)) => refuse_unnamed(stream, peer, &error, &context).await,
    }
}

/// Tells whoever has reached the proxy's listener without the proxy, or with one that is not set up
/// for it.
async fn refuse_unnamed(stream: Option<Stream>, peer: Peer, error: &ProxyError, context: &Context) {
    let address = peer.address();
    if let Some(suppressed) = context.strangers.take(address.ip()) {
        let suppressed = (suppressed > 0).then_some(suppressed);
        tracing::warn!(proxy = %address, suppressed, "refused: {error}");
    }
    let (Some(mut stream), Ok(_told)) = (stream, context.refusals.try_acquire()) else {
        return;
    };
    let answer = shared::v1::error_frame::encode_sentence(ErrorCode::Malformed, NO_HEADER);
    // A peer that does not take even this is refused all the same.
    let _ = tokio::time::timeout(REFUSAL_TIMEOUT, stream.write_all(&answer)).await;
    linger(&mut stream).await;
}

/// Serves a session over a stream of which it is known whose it is, or refuses it.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    address: ClientAddress,
    transport: Transport,
    is_local: bool,
    context: Arc<Context>,
) {
    let protocol = context.protocol(is_local);
    let permit = context.admit(address.ip());
    match &permit {
        Ok(permit) => {
            connection::serve(&mut stream, address, transport, &protocol, permit, &context).await;
        }
        Err(refused) => {
            refusal::log(address, *refused, &context);
            // Beyond this number at a time a refused client is not told: each one that is holds a
            // socket while it lingers.
            let Ok(_told) = context.refusals.try_acquire() else {
                return;
            };
            refusal::tell(&mut stream, &protocol, refused.code()).await;
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
