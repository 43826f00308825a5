//! HTTP on an accepted stream, and the routes: probes, `/ws`, and the page for everything else.

use std::convert::Infallible;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{ALLOW, HOST, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::first_bytes;
use super::reply::{Reply, text};
use super::visitor::{AmbiguousClient, Peer};
use super::{assets, headers, origin, probe, strangers, upgrade};
use crate::admission::Permit;
use crate::logging::{Excerpt, Quoted};
use crate::telemetry;

/// The time that a client has for its first byte, for a request's head, and between two requests:
/// an idle connection holds one of few permits. A browser opens another one without being asked.
pub(super) const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest head of a request, in bytes.
pub(super) const HEAD_BYTES: u16 = 16 * 1024;

/// Serves a connection of which it is not known yet whether it is HTTP.
pub(super) async fn serve<S>(stream: S, peer: Peer, permit: Permit)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stop = peer.context.stop.clone();
    let first = tokio::time::timeout(HEADER_TIMEOUT, first_bytes::is_http(stream));
    let (is_http, stream) = tokio::select! {
        first = first => match first {
            Ok(Ok(first)) => first,
            // A connection that a browser opened in advance ends like this; it needs no line in the
            // log.
            Ok(Err(_)) | Err(_) => return,
        },
        // Nothing was asked yet, so that no answer is owed.
        () = stop.cancelled() => return,
    };
    if is_http {
        serve_http(stream, peer, permit).await;
    } else {
        strangers::refuse_on_http(stream, &peer).await;
    }
}

async fn serve_http<S>(stream: S, peer: Peer, _permit: Permit)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stop = peer.context.stop.clone();
    let service = service_fn(|request| {
        let peer = peer.clone();
        async move { Ok::<_, Infallible>(respond(request, &peer).await) }
    });
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEAD_BYTES.into())
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(serving);
    let result = tokio::select! {
        result = &mut serving => result,
        // A request under way is answered, and then the connection ends.
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = result {
        let visitor = peer.itself();
        let (address, shown) = (visitor.address, Excerpt(&error));
        if error.is_parse() {
            return visitor.log_once(|suppressed| {
                tracing::info!(%address, error = %shown, suppressed, "HTTP connection refused");
            });
        }
        tracing::debug!(%address, error = %shown, "HTTP connection failed");
    }
}

/// Answers a request of either version.
pub(super) async fn respond(request: Request<Incoming>, peer: &Peer) -> Reply {
    let span = telemetry::http(request.method(), request.uri().path(), request.version());
    let mut reply = route(request, peer).await;
    span.answered(reply.status());
    headers::add_security(reply.headers_mut());
    reply
}

async fn route(request: Request<Incoming>, peer: &Peer) -> Reply {
    // Before the client's address and the host are judged, which do not matter to a probe.
    let probed = probe::respond(request.method(), request.uri().path(), &peer.context);
    if let Some(reply) = probed.await {
        return reply;
    }
    let visitor = match peer.visitor(request.headers()) {
        Ok(visitor) => visitor,
        Err(AmbiguousClient) => return refuse_ambiguous(peer),
    };
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let config = visitor.context.config();
    let public = &config.network.public_url;
    let is_own = |host: &str| {
        origin::names_loopback(host) || public.iter().any(|public| public.has_host(host))
    };
    if visitor.from_loopback && !host.is_some_and(is_own) {
        // DNS rebinding: a foreign page whose name was made to point here sends another Host. A
        // forwarding field proves no proxy here: that page may set one.
        visitor.log_once(|suppressed| {
            let (address, host) = (visitor.address, host.map(Quoted));
            let host = host.as_ref().map(tracing::field::display);
            tracing::warn!(%address, host, suppressed, "refused: Host is not loopback; see --public-url");
        });
        return text(
            StatusCode::FORBIDDEN,
            "This server answers to localhost and to the names of --public-url only.\n",
        );
    }
    if request.uri().path() == "/ws" {
        return upgrade::respond(request, &visitor);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut reply = text(
            StatusCode::METHOD_NOT_ALLOWED,
            "Only GET and HEAD are served.\n",
        );
        reply
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return reply;
    }
    assets::respond(&request)
}

fn refuse_ambiguous(peer: &Peer) -> Reply {
    let visitor = peer.itself();
    visitor.log_once(|suppressed| {
        tracing::warn!(
            proxy = %visitor.address, suppressed,
            "refused: Forwarded and X-Forwarded-For name different clients; have the proxy remove \
             the one that it does not set"
        );
    });
    text(
        StatusCode::BAD_REQUEST,
        "Forwarded and X-Forwarded-For name different clients.\n",
    )
}
