//! The TCP listener: admits each accepted stream, and hands it to the handler.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::clients::Transport;
use crate::connection;
use crate::context::Context;
use crate::listen::{Acceptor, Listener, Peer, Stream};
use crate::refusal;

/// The time for which a stream is still read after its end was announced, and the bytes discarded.
/// A stream that is dropped with unread bytes is reset, and the peer would lose the server's last
/// bytes.
const LINGER: Duration = Duration::from_secs(2);

/// Accepts sessions until the server stops.
pub async fn accept_tcp(listener: Listener, context: Arc<Context>) {
    let is_local = listener.is_loopback();
    let mut acceptor = Acceptor::new(listener);
    while let Some((stream, peer)) = acceptor.accept(&context).await {
        context
            .tasks
            .spawn(handle(stream, peer, is_local, Arc::clone(&context)));
    }
}

async fn handle(mut stream: Stream, peer: Peer, is_local: bool, context: Arc<Context>) {
    let protocol = context.protocol(is_local);
    let address = peer.address();
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
