//! The refusal of a connection: what its client is told, and what the log says.

use std::sync::Arc;
use std::time::Duration;

use shared::connection::{ServerConfig, ServerConnection};
use shared::error::ErrorCode;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::admission::NotAdmitted;
use crate::client_address::ClientAddress;
use crate::context::Context;

/// Tells a client that was not admitted why: sends the announcement and the error, nothing else.
pub async fn tell<S: AsyncWrite + Unpin>(
    stream: &mut S,
    protocol: &Arc<ServerConfig>,
    code: ErrorCode,
) {
    let now = shared::time::Time::default();
    let mut connection = ServerConnection::new(Arc::clone(protocol), native::random(), now);
    connection.close(code, now);
    if let Some(bytes) = connection.poll_transmit() {
        // A peer that does not even take these bytes is refused all the same.
        let _ = tokio::time::timeout(Duration::from_secs(1), stream.write_all(&bytes)).await;
    }
}

/// Counts that a connection is refused, and logs it unless its address has filled its share of the
/// log.
pub fn log(address: ClientAddress, refused: NotAdmitted, context: &Context) {
    context.metrics().connections.refused(refused);
    let Some(suppressed) = context.strangers.take(address.ip()) else {
        return;
    };
    let suppressed = (suppressed > 0).then_some(suppressed);
    let limit = match refused {
        NotAdmitted::InAll => "max_connections",
        NotAdmitted::Address => "max_connections_per_address",
        NotAdmitted::TooOften => "handshakes_per_minute",
        NotAdmitted::Banned => return tracing::info!(%address, suppressed, "refused: banned"),
    };
    tracing::warn!(%address, limit, suppressed, "refused: too many connections");
}
