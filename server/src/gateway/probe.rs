//! Answers health probes of load balancers and service managers.

use hyper::{Method, StatusCode};

use super::reply::{Reply, text};
use crate::context::Context;

/// Answers a probe; `None` if the request is none.
///
/// Probes are answered whatever their `Host` is: load balancers name an address of their own, and the
/// answer tells a page with a rebound name no more than that a server is here, which it learns from
/// a refusal too.
pub(crate) async fn respond(method: &Method, path: &str, context: &Context) -> Option<Reply> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    match path {
        // A probe that restarts a process that hangs. It must not depend on the store: a restart
        // does not repair a disk.
        "/livez" => Some(text(StatusCode::OK, "ok\n")),
        "/healthz" => Some(match context.health().await {
            Ok(()) => text(StatusCode::OK, "ok\n"),
            Err(unhealthy) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{unhealthy}\n")),
        }),
        _ => None,
    }
}
