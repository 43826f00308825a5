//! The same types and functions in a server without traces: empty, and compiled to nothing.

use std::convert::Infallible;

use tokio::runtime::Handle;

use super::{Boxed, Side, Stage};
use crate::config::TelemetrySettings;

/// The error of the start of traces, which a server without them does not start.
pub type TelemetryError = Infallible;

/// The traces of a server without traces.
#[derive(Debug)]
pub struct Telemetry;

/// Starts nothing: the configuration has refused an endpoint.
///
/// # Errors
/// None.
pub fn start(_: &TelemetrySettings, _: &Handle) -> Result<Telemetry, TelemetryError> {
    Ok(Telemetry)
}

impl Telemetry {
    /// Stops nothing.
    #[allow(clippy::unused_async, reason = "the same as with traces")]
    pub async fn stop(self) {}
}

/// A span that is never recorded.
#[derive(Debug, Default)]
pub(crate) struct Span;

#[allow(clippy::unused_self, reason = "the same as with traces")]
impl Span {
    pub(crate) fn root(_: &'static str, _: Side) -> Self {
        Self
    }

    pub(crate) fn child(_: &'static str) -> Self {
        Self
    }

    pub(crate) fn child_of(&self, _: &'static str) -> Self {
        Self
    }

    pub(crate) fn rename(&mut self, _: impl FnOnce() -> String) {}

    pub(crate) fn set(&mut self, _: &'static str, _: &'static str) {}

    pub(crate) fn set_number(&mut self, _: &'static str, _: i64) {}

    pub(crate) fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    pub(crate) fn around<T>(self, work: Boxed<T>) -> Boxed<T> {
        work
    }
}

/// Notes nothing.
pub(crate) fn note(_: &'static str, _: &'static str) {}

/// The stages of a write, none of which is recorded.
#[derive(Debug)]
pub(crate) struct Stages;

// The proof that they cost nothing: they take no byte of a connection or a request, and their
// functions have nothing that could be done.
const _: () = assert!(size_of::<Span>() == 0 && size_of::<Stages>() == 0);

#[allow(clippy::unused_self, reason = "the same as with traces")]
impl Stages {
    pub(crate) fn begin(_: Stage) -> Self {
        Self
    }

    pub(crate) fn enter(&mut self, _: Stage) {}
}
