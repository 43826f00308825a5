//! New certificates without a restart: on SIGHUP, and when the files change.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::Tls;
use super::certificate::Moment;
use super::source::Stamp;

/// The time between two looks at the files. Asking for their times costs nothing, and sees links and
/// network folders, which notifications of the system do not.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// A request to load the certificate, which is answered when that is done or has failed.
pub type Request = oneshot::Sender<()>;

/// Loads the certificate again for every one of `requests` and when the files have changed, until the
/// server stops. A certificate that cannot be used changes nothing, and causes one line.
pub async fn watch(tls: Arc<Tls>, mut requests: mpsc::Receiver<Request>, stop: CancellationToken) {
    let mut last = stamp(&tls).await;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(request) = requests.recv() => {
                load(&tls).await;
                // Whoever has asked may have gone.
                let _ = request.send(());
            }
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
        let now = stamp(&tls).await;
        let seen = tls
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        // Only what has not changed since the last look is read: a chain and its key are written one
        // after the other, and half of a change is no error.
        let is_settled = now == last;
        last = now.clone();
        if now != seen && is_settled {
            load(&tls).await;
        }
    }
}

/// Asks the file system on a thread that may wait: a network folder can hang.
async fn stamp(tls: &Arc<Tls>) -> Stamp {
    let tls = Arc::clone(tls);
    let stamp = tokio::task::spawn_blocking(move || tls.source.get().stamp());
    stamp.await.unwrap_or_default()
}

async fn load(tls: &Arc<Tls>) {
    let reloaded = {
        let tls = Arc::clone(tls);
        tokio::task::spawn_blocking(move || tls.reload()).await
    };
    match reloaded {
        Ok(Ok(certificate)) => tracing::info!(
            fingerprint = %certificate.fingerprint,
            until = %Moment(certificate.not_after),
            "loaded the TLS certificate"
        ),
        Ok(Err(error)) => {
            let until = tls.certificate().map(|it| Moment(it.not_after));
            let until = until.as_ref().map(tracing::field::display);
            tracing::error!(until, "the TLS certificate in use goes on: {error}");
        }
        // The thread has panicked, which the log has already.
        Err(_) => {}
    }
}
