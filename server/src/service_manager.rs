//! Notifies the service manager of the server's state (`sd_notify(3)`). Without a manager that asks
//! for it (`NOTIFY_SOCKET`) nothing is sent.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::context::Context;

/// Tells that the server serves, or serves again with the settings that it has loaded.
pub fn tell_ready() {
    tell(&[NotifyState::Ready]);
}

/// Tells that the server loads its settings again, and since when: the manager compares the time with
/// that of its signal.
pub fn tell_reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!("there is no clock for the service manager: {error}"),
    }
}

/// Tells, as soon as the server stops, that it does and why it takes a moment.
pub async fn tell_when_stopping(stop: CancellationToken) {
    stop.cancelled().await;
    let states = [
        NotifyState::Stopping,
        NotifyState::Status("telling the clients"),
    ];
    // A panic is logged already.
    let _ = spawn_blocking(move || tell(&states)).await;
}

/// Sends a state. To be called where a thread may wait: the manager's socket can be full.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("the service manager was not told {states:?}: {error}");
    }
}

/// Gives signs of life for as long as the rooms and the store answer, if the service manager expects
/// some (`WatchdogSec=`). A store that answers with an error does: a full disk is not mended by a
/// restart.
pub async fn keep_watchdog(context: Arc<Context>) {
    let Some(within) = sd_notify::watchdog_enabled() else {
        return;
    };
    // `sd_watchdog_enabled(3)` recommends half of the time.
    let interval = (within / 2).max(Duration::from_millis(1));
    loop {
        if context.answers().await {
            // A panic is logged already.
            let _ = spawn_blocking(|| tell(&[NotifyState::Watchdog])).await;
        }
        tokio::time::sleep(interval).await;
    }
}
