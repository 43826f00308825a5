//! The routes of the ops listener.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, ALLOW, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::Scrapes;
use crate::context::Context;
use crate::gateway::reply::{Reply, text};
use crate::gateway::{headers, origin, probe};
use crate::listen::Peer;
use crate::metrics::Form;

pub(super) async fn respond(
    request: &Request<Incoming>,
    peer: Peer,
    scrapes: &Scrapes,
    context: &Context,
) -> Reply {
    let mut reply = route(request, peer, scrapes, context).await;
    headers::add_security(reply.headers_mut());
    reply
}

async fn route(
    request: &Request<Incoming>,
    peer: Peer,
    scrapes: &Scrapes,
    context: &Context,
) -> Reply {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut reply = text(
            StatusCode::METHOD_NOT_ALLOWED,
            "Only GET and HEAD are served.\n",
        );
        let allowed = HeaderValue::from_static("GET, HEAD");
        reply.headers_mut().insert(ALLOW, allowed);
        return reply;
    }
    let path = request.uri().path();
    match path {
        "/readyz" => ready(context).await,
        "/metrics" => metrics(request, peer, scrapes, context).await,
        _ => probe::respond(request.method(), path, context)
            .await
            .unwrap_or_else(|| {
                let paths = "Here are /metrics, /livez, /readyz and /healthz.\n";
                text(StatusCode::NOT_FOUND, paths)
            }),
    }
}

/// Answers whether new connections may be sent here: not to a server that does not work, or stops.
async fn ready(context: &Context) -> Reply {
    if context.stop.is_cancelled() {
        return text(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping\n");
    }
    match context.health().await {
        Ok(()) => text(StatusCode::OK, "ok\n"),
        Err(unhealthy) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{unhealthy}\n")),
    }
}

async fn metrics(
    request: &Request<Incoming>,
    peer: Peer,
    scrapes: &Scrapes,
    context: &Context,
) -> Reply {
    let field = |name: HeaderName| request.headers().get(name)?.to_str().ok();
    // DNS rebinding: a foreign page whose name was made to point here would read the metrics.
    if peer.is_loopback() && !field(HOST).is_some_and(origin::names_loopback) {
        return text(
            StatusCode::FORBIDDEN,
            "On this machine the metrics are for requests to localhost only.\n",
        );
    }
    let form = Form::accepted_by(field(ACCEPT));
    let Ok(metrics) = scrapes.metrics(form, context).await else {
        return text(StatusCode::INTERNAL_SERVER_ERROR, "no metrics\n");
    };
    let mut reply = Response::new(Full::<Bytes>::new(metrics));
    let content_type = HeaderValue::from_static(form.content_type());
    reply.headers_mut().insert(CONTENT_TYPE, content_type);
    reply
}
