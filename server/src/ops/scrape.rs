//! The text of `/metrics`, made once for all who ask at about the same time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::context::Context;
use crate::hub::Unhealthy;
use crate::metrics::{Form, Looked};
use crate::tls::Tls;

/// Time for which the same text is given again: whoever scrapes without end must not look at each
/// connection's queue as often.
const VALID: Duration = Duration::from_secs(1);

/// The last scrape, and what is looked up for the next one.
#[derive(Debug, Default)]
pub struct Scrapes {
    tls: Option<Arc<Tls>>,
    last: Mutex<Option<Scrape>>,
}

#[derive(Debug)]
struct Scrape {
    at: Instant,
    open_metrics: Bytes,
    prometheus: Bytes,
}

impl Scrapes {
    /// Creates the scrapes of a server with this TLS.
    pub fn new(tls: Option<Arc<Tls>>) -> Self {
        Self {
            tls,
            ..Self::default()
        }
    }

    /// Returns all metrics as text, at most a second old.
    ///
    /// # Errors
    /// None that is known.
    pub(super) async fn metrics(&self, form: Form, context: &Context) -> Result<Bytes, fmt::Error> {
        // Held while they are looked up: everybody who asks meanwhile gets the same text.
        let mut last = self.last.lock().await;
        let scrape = match last.take() {
            Some(scrape) if scrape.at.elapsed() < VALID => scrape,
            _ => self.scrape(context).await?,
        };
        let metrics = match form {
            Form::OpenMetrics => scrape.open_metrics.clone(),
            Form::Prometheus => scrape.prometheus.clone(),
        };
        *last = Some(scrape);
        Ok(metrics)
    }

    async fn scrape(&self, context: &Context) -> Result<Scrape, fmt::Error> {
        let health = context.health().await;
        let tls = self.tls.as_ref();
        let looked = Looked {
            // A lock that somebody holds for ever would take this thread, too.
            queue_bytes: match health {
                Err(Unhealthy::Hub) => (0, 0),
                _ => context.hub.queue_bytes(),
            },
            is_healthy: health.is_ok(),
            certificate_expiry: tls.and_then(|tls| Some(tls.certificate()?.not_after)),
        };
        let metrics = context.metrics();
        let text = |form| metrics.text(form, looked).map(Bytes::from);
        Ok(Scrape {
            at: Instant::now(),
            open_metrics: text(Form::OpenMetrics)?,
            prometheus: text(Form::Prometheus)?,
        })
    }
}
