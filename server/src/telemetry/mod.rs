//! OpenTelemetry traces: how long each step of a request took, sent to the operator's collector.
//!
//! The feature `otel` builds them; without it every type here is empty and every function does
//! nothing, so that the code that is traced has no condition of its own. With it, nothing is
//! recorded until [`start`] is given an endpoint.
//!
//! The spans are OpenTelemetry's own and not `tracing`'s. Spans of `tracing` would pass through the
//! layers of the log, whose level would decide about them and whose lines would name them; the
//! events of the log inside of them, which have addresses and names, would be exported; and a
//! request that is not sampled, as 99 of 100 are not, would cost what a sampled one costs.
//!
//! Attributes are constants of this program or numbers that it has chosen itself, by their type. So
//! no name, room, text, key, address or code can become one, and nothing that a client sends.

#[cfg(feature = "otel")]
mod export;
#[cfg(not(feature = "otel"))]
mod off;
#[cfg(feature = "otel")]
mod queue;
#[cfg(feature = "otel")]
mod spans;
#[cfg(all(test, feature = "otel"))]
mod tests;

use std::future::Future;
use std::pin::Pin;

use hyper::{Method, StatusCode, Version as HttpVersion};
use shared::connection::Version;

use crate::clients::Transport;

#[cfg(feature = "otel")]
pub use export::{Telemetry, TelemetryError, start};
#[cfg(not(feature = "otel"))]
pub use off::{Telemetry, TelemetryError, start};

#[cfg(not(feature = "otel"))]
use off::note;
#[cfg(not(feature = "otel"))]
pub(crate) use off::{Span, Stages};
#[cfg(feature = "otel")]
use spans::note;
#[cfg(feature = "otel")]
pub(crate) use spans::{Span, Stages};

/// A future of any kind, as a request's work is one.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The outcome of a span's work; for those that succeed it is [`DONE`].
const RESULT: &str = "chat.result";

/// The [`RESULT`] of work that succeeded.
const DONE: &str = "done";

/// The [`RESULT`] of a request that the server does not carry out.
const REJECTED: &str = "rejected";

/// The way of a client's bytes, as the metrics name it.
const TRANSPORT: &str = "chat.transport";

/// The version of the chat's protocol.
const PROTOCOL: &str = "chat.protocol.version";

/// The type of a client's request.
const REQUEST: &str = "chat.request.type";

/// The part that a span has in the conversation with another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Answers another program.
    Server,
    /// Asks another program.
    Client,
}

/// A step of a write on its way to its acknowledgement, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Waits for the thread that writes.
    StoreQueue,
    /// Is in a transaction, whose other requests are written too.
    StoreWrite,
    /// Waits until the transaction is on the disk.
    StoreCommit,
    /// Waits for the hub's task.
    HubQueue,
    /// Is applied and broadcast, with those that were committed together.
    HubApply,
    /// Waits until the request's own task goes on and answers.
    Ack,
}

impl Stage {
    /// Returns the name of the stage's span.
    #[cfg_attr(
        not(feature = "otel"),
        allow(dead_code, reason = "nothing asks without spans")
    )]
    const fn name(self) -> &'static str {
        match self {
            Self::StoreQueue => "store.queue",
            Self::StoreWrite => "store.write",
            Self::StoreCommit => "store.commit",
            Self::HubQueue => "hub.queue",
            Self::HubApply => "hub.apply",
            Self::Ack => "ack",
        }
    }
}

/// Begins the span of a session's handshake.
pub(crate) fn handshake(transport: Transport) -> Span {
    let mut span = Span::root("handshake", Side::Server);
    span.set(TRANSPORT, transport.as_str());
    span
}

/// Begins the span of a client's request of this type.
pub(crate) fn request(kind: &'static str) -> Span {
    let mut span = Span::root("request", Side::Server);
    span.rename(|| format!("request {kind}"));
    span.set(REQUEST, kind);
    span
}

/// Marks the request whose work this is as rejected.
pub(crate) fn rejected() {
    note(RESULT, REJECTED);
}

/// Begins the span of an attempt to get a certificate.
pub(crate) fn acme_attempt() -> Span {
    Span::root("acme.attempt", Side::Client)
}

/// Begins the span of an HTTP request, by the conventions for HTTP servers. The path and the method
/// are the client's, and become one of a few classes.
pub(crate) fn http(method: &Method, path: &str, version: HttpVersion) -> Span {
    let mut span = Span::root("HTTP", Side::Server);
    let (method, route) = (method_class(method), route_class(path));
    span.rename(|| format!("{method} {route}"));
    span.set("http.request.method", method);
    span.set("http.route", route);
    let version = match version {
        HttpVersion::HTTP_2 => "2",
        HttpVersion::HTTP_11 => "1.1",
        _ => "1.0",
    };
    span.set("network.protocol.version", version);
    span
}

/// Returns the method, or `_OTHER` for one that the conventions do not know.
fn method_class(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "_OTHER",
    }
}

/// Returns the route of a path; all files of the page, and all that are not there, are one.
fn route_class(path: &str) -> &'static str {
    match path {
        "/" => "/",
        "/ws" => "/ws",
        "/livez" => "/livez",
        "/healthz" => "/healthz",
        _ => "/{file}",
    }
}

impl Span {
    /// Ends the span of a handshake that is done.
    pub(crate) fn established(mut self, version: Version) {
        self.set(PROTOCOL, version.as_str());
        self.set(RESULT, DONE);
    }

    /// Ends the span of a request that is rejected before any work for it.
    pub(crate) fn rejected(mut self) {
        self.set(RESULT, REJECTED);
    }

    /// Ends the span of work that failed, with a word of this program for the cause.
    pub(crate) fn failed(mut self, cause: &'static str) {
        self.set(RESULT, cause);
        self.set("error.type", cause);
    }

    /// Ends the span of work that succeeded, or failed for a cause that the log has.
    pub(crate) fn finish(mut self, is_done: bool) {
        if is_done {
            self.set(RESULT, DONE);
        } else {
            self.failed("failed");
        }
    }

    /// Ends the span of an HTTP request with the status of the answer.
    pub(crate) fn answered(mut self, status: StatusCode) {
        self.set_number("http.response.status_code", status.as_u16().into());
    }
}

/// Runs a future that waits for something in a span below the current one.
pub(crate) async fn within<T>(name: &'static str, work: impl Future<Output = T>) -> T {
    let _span = Span::child(name);
    work.await
}
