//! The spans of a write, the bounds of the queue, and what the log is told.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, not only tests: a panic is the report"
)]

use std::cell::RefCell;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::{SpanId, TracerProvider as _};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{
    Sampler, SdkTracer, SdkTracerProvider, Span as Recorded, SpanData, SpanExporter, SpanProcessor,
};
use tokio_util::sync::CancellationToken;

use super::queue::{BATCH_SPANS, EXPORT_TIMEOUT, QUEUE_SPANS, queue};
use super::*;

thread_local! {
    static TRACER: RefCell<Option<SdkTracer>> = const { RefCell::new(None) };
}

/// Returns the tracer of the test that runs on this thread.
pub(super) fn tracer() -> Option<SdkTracer> {
    TRACER.with_borrow(Clone::clone)
}

/// Keeps the spans that have ended.
#[derive(Debug, Clone, Default)]
struct Ended(Arc<Mutex<Vec<SpanData>>>);

impl Ended {
    /// Records the spans of this thread's test.
    fn record(sampler: Sampler) -> Self {
        let ended = Self::default();
        let provider = SdkTracerProvider::builder()
            .with_sampler(sampler)
            .with_span_processor(ended.clone())
            .build();
        TRACER.set(Some(provider.tracer("test")));
        ended
    }

    fn take(&self) -> Vec<SpanData> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl SpanProcessor for Ended {
    fn on_start(&self, _: &mut Recorded, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.lock().unwrap().push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

const STAGES: [Stage; 6] = [
    Stage::StoreQueue,
    Stage::StoreWrite,
    Stage::StoreCommit,
    Stage::HubQueue,
    Stage::HubApply,
    Stage::Ack,
];

/// Goes through the stages of a write, and reads.
async fn write() {
    let mut stages = Stages::begin(STAGES[0]);
    for stage in &STAGES[1..] {
        stages.enter(*stage);
        tokio::task::yield_now().await;
    }
    drop(stages);
    within("store.read", async {}).await;
}

#[tokio::test]
async fn the_stages_of_a_write_follow_each_other_below_its_request() {
    let ended = Ended::record(Sampler::AlwaysOn);
    let work = Box::pin(async {
        write().await;
        rejected();
    });
    request("send").around(work).await;
    let spans = ended.take();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_ref()).collect();
    let stages = STAGES.map(Stage::name);
    assert_eq!(names[..6], stages);
    assert_eq!(names[6..], ["store.read", "request send"]);
    let request = &spans[7];
    assert_eq!(request.parent_span_id, SpanId::INVALID);
    let attributes = format!("{:?}", request.attributes);
    for word in ["chat.request.type", "send", "chat.result", "rejected"] {
        assert!(attributes.contains(word), "{attributes}");
    }
    for pair in spans[..7].windows(2) {
        assert!(pair[0].end_time <= pair[1].start_time, "{pair:#?}");
    }
    for span in &spans[..7] {
        assert_eq!(span.parent_span_id, request.span_context.span_id());
        assert_eq!(
            span.span_context.trace_id(),
            request.span_context.trace_id()
        );
        assert!(!span.parent_span_is_remote);
    }
}

#[tokio::test]
async fn a_trace_that_is_not_sampled_has_no_part() {
    let ended = Ended::record(Sampler::AlwaysOff);
    request("send").around(Box::pin(write())).await;
    handshake(Transport::Tcp).established(Version::V2);
    assert_eq!(ended.take(), []);
}

#[tokio::test]
async fn work_outside_of_a_request_has_no_spans() {
    let ended = Ended::record(Sampler::AlwaysOn);
    write().await;
    assert_eq!(ended.take(), []);
    let span = request("line");
    span.scope(|| drop(Stages::begin(STAGES[0])));
    drop(span);
    let names: Vec<_> = ended.take().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["store.queue", "request line"]);
}

// The attack: a path, a method or a version that a stranger chooses, in what an operator looks at.
#[test]
fn nothing_of_a_request_of_http_is_an_attribute() {
    let ended = Ended::record(Sampler::AlwaysOn);
    let method = Method::from_bytes(b"SECRET").unwrap();
    http(&method, "/secret/token", HttpVersion::HTTP_11).answered(StatusCode::NOT_FOUND);
    http(&Method::GET, "/ws", HttpVersion::HTTP_2).answered(StatusCode::OK);
    let spans = ended.take();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_ref()).collect();
    assert_eq!(names, ["_OTHER /{file}", "GET /ws"]);
    let all = format!("{spans:?}").to_lowercase();
    assert!(!all.contains("secret"), "{all}");
    assert!(all.contains("http.response.status_code"), "{all}");
}

#[test]
fn a_failed_handshake_says_which_failure() {
    let ended = Ended::record(Sampler::AlwaysOn);
    handshake(Transport::WebSocket).failed("timeout");
    let attributes = format!("{:?}", ended.take()[0].attributes);
    for word in ["error.type", "timeout", "chat.transport", "ws"] {
        assert!(attributes.contains(word), "{attributes}");
    }
}

/// A collector that behaves in one way.
#[derive(Debug, Clone)]
struct Collector {
    batches: Arc<AtomicUsize>,
    taken: Arc<AtomicUsize>,
    manner: Manner,
}

#[derive(Debug, Clone, Copy)]
enum Manner {
    Takes,
    Fails,
    Hangs,
}

impl Collector {
    fn new(manner: Manner) -> Self {
        Self {
            batches: Arc::default(),
            taken: Arc::default(),
            manner,
        }
    }
}

impl SpanExporter for Collector {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        assert!(batch.len() <= BATCH_SPANS);
        self.batches.fetch_add(1, Ordering::SeqCst);
        match self.manner {
            Manner::Takes => {
                self.taken.fetch_add(batch.len(), Ordering::SeqCst);
                Ok(())
            }
            Manner::Fails => Err(OTelSdkError::InternalFailure("status 500".into())),
            Manner::Hangs => pending().await,
        }
    }
}

fn spans(number: usize) -> Vec<SpanData> {
    let ended = Ended::record(Sampler::AlwaysOn);
    for _ in 0..number {
        drop(request("ping"));
    }
    ended.take()
}

#[tokio::test(start_paused = true)]
async fn all_spans_reach_a_collector_that_takes_them() {
    let (collector, closing) = (Collector::new(Manner::Takes), CancellationToken::new());
    let (queue, worker) = queue(collector.clone(), closing.clone());
    let worker = tokio::spawn(worker.run());
    for span in spans(BATCH_SPANS + 10) {
        queue.on_end(span);
    }
    // One batch is full, and the rest waits for its time.
    while collector.taken.load(Ordering::SeqCst) < BATCH_SPANS + 10 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(collector.batches.load(Ordering::SeqCst), 2);
    for span in spans(3) {
        queue.on_end(span);
    }
    closing.cancel();
    worker.await.unwrap();
    assert_eq!(collector.taken.load(Ordering::SeqCst), BATCH_SPANS + 13);
    // What ends later is dropped, and waits for nothing.
    queue.on_end(spans(1).remove(0));
}

// The attack: a collector that takes the connection and never answers.
#[tokio::test(start_paused = true)]
async fn a_collector_that_hangs_costs_one_batch_at_a_time_and_a_bounded_queue() {
    let (collector, closing) = (Collector::new(Manner::Hangs), CancellationToken::new());
    let (queue, worker) = queue(collector.clone(), closing.clone());
    let worker = tokio::spawn(worker.run());
    let start = tokio::time::Instant::now();
    for span in spans(2 * QUEUE_SPANS) {
        queue.on_end(span);
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    while collector.batches.load(Ordering::SeqCst) < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(start.elapsed() >= 2 * EXPORT_TIMEOUT);
    assert!(start.elapsed() < 3 * EXPORT_TIMEOUT);
    worker.abort();
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_fails_is_asked_again_with_later_spans() {
    let (collector, closing) = (Collector::new(Manner::Fails), CancellationToken::new());
    let (queue, worker) = queue(collector.clone(), closing.clone());
    let worker = tokio::spawn(worker.run());
    for number in 1..4 {
        queue.on_end(spans(1).remove(0));
        while collector.batches.load(Ordering::SeqCst) < number {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    closing.cancel();
    worker.await.unwrap();
}
