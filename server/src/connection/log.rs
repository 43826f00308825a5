//! The lines of the log about one connection.

use std::sync::atomic::Ordering;

use native::clock::Clock;
use shared::connection::{SessionId, Version};
use shared::identity::Fingerprint;
use shared::time::Time;

use super::Ending;
use crate::clients::Entry;
use crate::context::Context;
use crate::logging::Excerpt;

/// Logs that a stranger has connected. A debug line only, because a stranger can connect without
/// showing a key; a key that was shown gets a line of its own.
pub(super) fn connected(client: &Entry<'_>) {
    let (address, transport) = (client.address, client.transport);
    tracing::debug!(connection = %client.id, %address, %transport, "connected");
}

/// Logs that a client has shown `key`.
pub(super) fn established(
    client: &Entry<'_>,
    version: Version,
    key: Fingerprint,
    session: Option<SessionId>,
    context: &Context,
) {
    // Both sides have the same session id only if nobody sits in between; the log
    // lets people compare.
    let session = session.map(tracing::field::display);
    let (id, address) = (client.id, client.address);
    let transport = client.transport;
    // Keys are cheap: a stranger who connects again and again must not fill the log.
    if let Some(suppressed) = context.visitors.take(address.ip()) {
        let suppressed = (suppressed > 0).then_some(suppressed);
        tracing::info!(
            connection = %id, %address, %transport, %version, %key, session,
            suppressed, "handshake done"
        );
    } else {
        tracing::debug!(
            connection = %id, %address, %transport, %version, %key, session,
            "handshake done"
        );
    }
}

/// Logs that a session has ended.
pub(super) fn closed(client: &Entry<'_>, ending: &Ending, clock: Clock, context: &Context) {
    let (address, transport) = (client.address, client.transport);
    let (bytes_in, bytes_out) = (
        client.bytes_in.load(Ordering::Relaxed),
        client.bytes_out.load(Ordering::Relaxed),
    );
    let seconds = clock.now().saturating_since(Time::default()).as_secs_f64();
    let throttle = match client.session.get() {
        Some(_) => &context.visitors,
        None => &context.strangers,
    };
    let suppressed = throttle.take(address.ip());
    if let Some(suppressed) = suppressed {
        let suppressed = (suppressed > 0).then_some(suppressed);
        tracing::info!(
            connection = %client.id, %address, %transport, reason = %Excerpt(ending),
            bytes_in, bytes_out, seconds = format_args!("{seconds:.1}"), suppressed, "closed"
        );
    } else {
        // An administrator who asks for this level wants every line.
        tracing::debug!(
            connection = %client.id, %address, %transport, reason = %Excerpt(ending), "closed"
        );
    }
}
