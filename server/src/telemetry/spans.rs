//! Spans that are recorded: the root of a trace, what is below it, and the stages of a write.

use std::sync::OnceLock;

use opentelemetry::trace::{
    FutureExt as _, Span as _, SpanBuilder, SpanContext, SpanKind, TraceContextExt as _,
    Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, Span as Recorded};

use super::{Boxed, Side, Stage};

/// The tracer of this process, as the log is one of the process: spans begin in every layer, and
/// most of those know no connection. Empty until there is a collector.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// Begins to record spans.
pub(super) fn record_by(tracer: SdkTracer) {
    // The first stays: `main` starts one.
    let _ = TRACER.set(tracer);
}

fn with_tracer<T>(begin: impl FnOnce(&SdkTracer) -> T) -> Option<T> {
    // A thread of a test has a tracer of its own, because tests run beside each other.
    #[cfg(test)]
    if let Some(tracer) = super::tests::tracer() {
        return Some(begin(&tracer));
    }
    TRACER.get().map(begin)
}

/// A span that ends when it is dropped; empty if its trace is not sampled.
// Boxed, because most are empty, and stand in the state of every connection.
#[derive(Debug, Default)]
pub(crate) struct Span(Option<Box<Recorded>>);

impl Span {
    /// Begins a trace, which the sampler may not want. Its parent is never taken from a client: a
    /// `traceparent` would let strangers decide what is sampled.
    pub(crate) fn root(name: &'static str, side: Side) -> Self {
        let kind = match side {
            Side::Server => SpanKind::Server,
            Side::Client => SpanKind::Client,
        };
        let build = |tracer: &SdkTracer| {
            let builder = SpanBuilder::from_name(name).with_kind(kind);
            tracer.build_with_context(builder, &Context::new())
        };
        let begun = with_tracer(build).filter(|span| span.span_context().is_sampled());
        Self(begun.map(Box::new))
    }

    /// Begins a span below the one around the work that this thread polls, if there is one.
    pub(crate) fn child(name: &'static str) -> Self {
        let begun = current().and_then(|parent| begin_below(&parent, name));
        Self(begun.map(Box::new))
    }

    /// Begins a span below this one.
    pub(crate) fn child_of(&self, name: &'static str) -> Self {
        let parent = self.0.as_ref().map(|span| span.span_context());
        let begun = parent.and_then(|parent| begin_below(parent, name));
        Self(begun.map(Box::new))
    }

    /// Sets the name, which is made for spans that are recorded only.
    pub(crate) fn rename(&mut self, name: impl FnOnce() -> String) {
        if let Some(span) = &mut self.0 {
            span.update_name(name());
        }
    }

    /// Sets an attribute.
    pub(crate) fn set(&mut self, key: &'static str, value: &'static str) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(key, value));
        }
    }

    /// Sets an attribute that is a number.
    pub(crate) fn set_number(&mut self, key: &'static str, value: i64) {
        if let Some(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(key, value));
        }
    }

    /// Makes this the current span while `work` runs.
    pub(crate) fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        let parent = self.0.as_ref().map(|span| span.span_context().clone());
        let context = parent.map(|parent| Context::new().with_remote_span_context(parent));
        let _current = context.map(Context::attach);
        work()
    }

    /// Makes this the current span whenever `work` is polled, and ends it with the work.
    pub(crate) fn around<T: 'static>(self, work: Boxed<T>) -> Boxed<T> {
        let Some(span) = self.0 else {
            return work;
        };
        let context = Context::new().with_span(*span);
        // The future that has the context is dropped as soon as it is done, not with what is around
        // it.
        Box::pin(async move { work.with_context(context).await })
    }
}

/// Sets an attribute of the current span.
pub(crate) fn note(key: &'static str, value: &'static str) {
    Context::map_current(|context| {
        if context.has_active_span() {
            context.span().set_attribute(KeyValue::new(key, value));
        }
    });
}

/// Returns the span around the work that this thread polls.
fn current() -> Option<SpanContext> {
    Context::map_current(|context| {
        let is_in_span = context.has_active_span();
        is_in_span.then(|| context.span().span_context().clone())
    })
}

fn begin_below(parent: &SpanContext, name: &'static str) -> Option<Recorded> {
    // "Remote" is the word of the library for a parent that is known by its numbers alone.
    let context = Context::new().with_remote_span_context(parent.clone());
    with_tracer(|tracer| tracer.build_with_context(SpanBuilder::from_name(name), &context))
}

/// The stages of a write, as spans of which one follows the other. They go with the write through
/// threads and queues, whose ends nobody else sees.
#[derive(Debug)]
pub(crate) struct Stages(Option<Box<Staged>>);

#[derive(Debug)]
struct Staged {
    parent: SpanContext,
    current: Option<Recorded>,
}

impl Stages {
    /// Begins the stages of a write that the current span's work has asked for.
    pub(crate) fn begin(first: Stage) -> Self {
        let mut stages = Self(current().map(|parent| {
            Box::new(Staged {
                parent,
                current: None,
            })
        }));
        stages.enter(first);
        stages
    }

    /// Ends the present stage and begins the next. The last one ends when this is dropped.
    pub(crate) fn enter(&mut self, stage: Stage) {
        if let Some(staged) = &mut self.0 {
            // Ended before the next begins, so that no two overlap.
            staged.current = None;
            staged.current = begin_below(&staged.parent, stage.name());
        }
    }
}
