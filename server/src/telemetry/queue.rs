//! The bounded queue between the spans and the collector, and the task that empties it. Whatever the
//! collector does, spans are dropped and nothing waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Most spans that wait for the collector: those of some five hundred requests, in less than 3 MiB.
pub(super) const QUEUE_SPANS: usize = 4096;

/// Most spans of one request to the collector, as OpenTelemetry's own processors have it.
pub(super) const BATCH_SPANS: usize = 512;

/// The longest time for which a span waits for others to be sent with it: short enough for whoever
/// looks at a collector while trying something.
const BATCH_INTERVAL: Duration = Duration::from_secs(1);

/// The time for one batch, with the exporter's attempts: OTLP's default.
pub(super) const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// The time between two lines of the log about spans that were dropped: a collector that is away
/// overnight is a line a minute.
const LOSS_INTERVAL: Duration = Duration::from_mins(1);

/// Takes spans that have ended, and never waits.
#[derive(Debug)]
pub(super) struct Queue {
    spans: mpsc::Sender<SpanData>,
    /// Spans that found the queue full.
    overflowed: Arc<AtomicU64>,
}

/// The task that sends what is queued.
#[derive(Debug)]
pub(super) struct Worker<E> {
    spans: mpsc::Receiver<SpanData>,
    overflowed: Arc<AtomicU64>,
    exporter: E,
    closing: CancellationToken,
    losses: Losses,
}

/// The spans that were dropped since the log was told.
#[derive(Debug, Default)]
struct Losses {
    spans: u64,
    cause: Option<String>,
    told: Option<Instant>,
}

/// Creates a queue for `exporter`. When `closing` is cancelled, the worker sends what waits and ends.
pub(super) fn queue<E>(exporter: E, closing: CancellationToken) -> (Queue, Worker<E>) {
    let (sender, receiver) = mpsc::channel(QUEUE_SPANS);
    let overflowed = Arc::<AtomicU64>::default();
    let queue = Queue {
        spans: sender,
        overflowed: Arc::clone(&overflowed),
    };
    let worker = Worker {
        spans: receiver,
        overflowed,
        exporter,
        closing,
        losses: Losses::default(),
    };
    (queue, worker)
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        // Closed when the server has stopped, of which there is nothing to tell.
        if let Err(TrySendError::Full(_)) = self.spans.try_send(span) {
            self.overflowed.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        // Only the task that sends may wait.
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl<E: SpanExporter> Worker<E> {
    /// Sends spans until it is told to close, and then those that are left.
    pub(super) async fn run(mut self) {
        let closing = self.closing.clone();
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                () = closing.cancelled() => break,
                () = self.gather(&mut batch) => {}
            }
            self.send(std::mem::take(&mut batch)).await;
            self.tell(Instant::now());
        }
        // What ends meanwhile is sent too, and not waited for.
        loop {
            while batch.len() < BATCH_SPANS
                && let Ok(span) = self.spans.try_recv()
            {
                batch.push(span);
            }
            if batch.is_empty() {
                break;
            }
            self.send(std::mem::take(&mut batch)).await;
        }
        // The last word, however short the time since the one before it.
        self.losses.told = None;
        self.tell(Instant::now());
    }

    /// Waits for a span, and then for others that are sent with it.
    ///
    /// Cancel safe: spans that were taken stay in `batch`.
    async fn gather(&mut self, batch: &mut Vec<SpanData>) {
        // Never 0, for which nothing would be waited: each batch begins empty.
        if self.spans.recv_many(batch, BATCH_SPANS).await == 0 {
            // The other end is in the tracer of the process, which stays.
            return std::future::pending().await;
        }
        let end = Instant::now() + BATCH_INTERVAL;
        while batch.len() < BATCH_SPANS {
            let more = self.spans.recv_many(batch, BATCH_SPANS - batch.len());
            match tokio::time::timeout_at(end, more).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    async fn send(&mut self, batch: Vec<SpanData>) {
        let spans = batch.len() as u64;
        let sending = tokio::time::timeout(EXPORT_TIMEOUT, self.exporter.export(batch));
        let cause = match sending.await {
            Ok(Ok(())) => return,
            // A text of the exporter, without anything that the collector has said.
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", EXPORT_TIMEOUT.as_secs()),
        };
        self.losses.spans += spans;
        self.losses.cause = Some(cause);
    }

    /// Says in the log how many spans were dropped, unless it was said lately.
    fn tell(&mut self, now: Instant) {
        let overflowed = self.overflowed.swap(0, Ordering::Relaxed);
        if let Some((spans, cause)) = self.losses.take(overflowed, now) {
            tracing::warn!(spans, "spans were dropped: {cause}");
        }
    }
}

impl Losses {
    /// Adds spans that found the queue full. Returns what the log is to be told, if it is due.
    fn take(&mut self, overflowed: u64, now: Instant) -> Option<(u64, String)> {
        self.spans += overflowed;
        let is_due = self.told.is_none_or(|told| now - told >= LOSS_INTERVAL);
        if self.spans == 0 || !is_due {
            return None;
        }
        self.told = Some(now);
        let cause = self.cause.take();
        let cause = cause.unwrap_or_else(|| "the collector takes them too slowly".to_owned());
        Some((std::mem::take(&mut self.spans), cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_a_line_a_minute_with_their_number() {
        let start = Instant::now();
        let mut losses = Losses::default();
        assert_eq!(losses.take(0, start), None);
        let overflow = losses.take(7, start).unwrap();
        assert_eq!(overflow.0, 7);
        assert!(overflow.1.contains("too slowly"), "{}", overflow.1);
        for second in 1..60 {
            losses.spans += 10;
            losses.cause = Some("status 500".to_owned());
            let now = start + Duration::from_secs(second);
            assert_eq!(losses.take(1, now), None);
        }
        let next = losses.take(0, start + LOSS_INTERVAL);
        assert_eq!(next, Some((59 * 11, "status 500".to_owned())));
        assert_eq!(losses.take(0, start + 3 * LOSS_INTERVAL), None);
    }
}
