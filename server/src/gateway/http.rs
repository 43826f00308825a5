//! HTTP connections and the routes: `/ws`, `/livez`, `/healthz`, and the page for everything else.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{ALLOW, HOST, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use shared::error::ErrorCode;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::first_bytes::{self, Rewound};
use super::peer::Peer;
use super::reply::{Reply, text};
use super::{assets, headers, origin, upgrade};
use crate::admission::Permit;
use crate::context::Context;
use crate::listen::{Acceptor, Listener};
use crate::listener::linger;
use crate::logging::{Excerpt, Quoted};
use crate::refusal;

/// The time that a client has for its first byte, for a request's head, and between two requests:
/// an idle connection holds one of few permits. A browser opens another one without being asked.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// The time that the answer to a refused client may take.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// The largest head of a request, in bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// The sentence for a client that does not speak HTTP here.
const NOT_HTTP: &str = "This is the web server: use ws:// or the TCP port.";

/// Accepts HTTP connections until the server stops.
pub async fn accept_http(listener: Listener, context: Arc<Context>) {
    let is_local = listener.is_loopback();
    let mut acceptor = Acceptor::new(listener);
    while let Some((stream, peer)) = acceptor.accept(&context).await {
        let address = peer.address();
        let peer = Peer::new(Arc::clone(&context), peer, is_local);
        let task = match context.http.admit(address.ip()) {
            Ok(permit) => context.tasks.spawn(serve(stream, peer, permit)),
            Err(refused) => {
                refusal::log(address, refused, &context);
                context.tasks.spawn(refuse(stream, Arc::clone(&context)))
            }
        };
        // The tracker waits for the task when the server stops, so that nobody needs the handle.
        drop(task);
    }
}

async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, context: Arc<Context>) {
    const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\
        retry-after: 10\r\ncontent-length: 0\r\n\r\n";
    // Beyond this number of answers at a time the connection is just dropped: each answer holds a
    // socket while it lingers.
    let Ok(_told) = context.refusals.try_acquire() else {
        return;
    };
    // A peer that does not take even this is refused all the same.
    let _ = tokio::time::timeout(REFUSAL_TIMEOUT, stream.write_all(FULL)).await;
    linger(&mut stream).await;
}

async fn serve<S>(stream: S, peer: Peer, permit: Permit)
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
        refuse_other(stream, &peer).await;
    }
}

/// Tells a client of another protocol where it is. A client of this project gets the protocol's own
/// error frame, whose sentence it shows. All others, TLS for instance, get an HTTP response, whose
/// status libraries know.
async fn refuse_other<S: AsyncRead + AsyncWrite + Unpin>(mut stream: Rewound<S>, peer: &Peer) {
    peer.log_once(|suppressed| {
        let address = peer.address;
        tracing::info!(%address, suppressed, "HTTP connection refused: it is not HTTP");
    });
    // The first byte of v1's handshake, and of v2's preface.
    let answer = if matches!(stream.first_byte(), Some(b'{' | b'S')) {
        shared::v1::error_frame::encode_sentence(ErrorCode::Malformed, NOT_HTTP)
    } else {
        let length = NOT_HTTP.len() + 1;
        format!(
            "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\n\
             content-length: {length}\r\n\r\n{NOT_HTTP}\n"
        )
        .into_bytes()
    };
    let _ = tokio::time::timeout(REFUSAL_TIMEOUT, stream.write_all(&answer)).await;
    linger(&mut stream).await;
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
        .max_buf_size(HEAD_BYTES)
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
        let (address, shown) = (peer.address, Excerpt(&error));
        if error.is_parse() {
            return peer.log_once(|suppressed| {
                tracing::info!(%address, error = %shown, suppressed, "HTTP connection refused");
            });
        }
        tracing::debug!(%address, error = %shown, "HTTP connection failed");
    }
}

async fn respond(request: Request<Incoming>, peer: &Peer) -> Reply {
    let mut reply = route(request, peer).await;
    headers::add_security(reply.headers_mut());
    reply
}

async fn route(request: Request<Incoming>, peer: &Peer) -> Reply {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    if peer.is_local && !host.is_some_and(origin::names_loopback) {
        // DNS rebinding: a foreign page whose name was made to point here sends another Host.
        peer.log_once(|suppressed| {
            let (address, host) = (peer.address, host.map(Quoted));
            let host = host.as_ref().map(tracing::field::display);
            tracing::warn!(%address, host, suppressed, "refused: Host is not loopback");
        });
        return text(
            StatusCode::FORBIDDEN,
            "This server answers to localhost only.\n",
        );
    }
    if request.uri().path() == "/ws" {
        return upgrade::respond(request, peer);
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
    match request.uri().path() {
        // A probe that restarts a process that hangs. It must not depend on the store: a restart
        // does not repair a disk.
        "/livez" => text(StatusCode::OK, "ok\n"),
        "/healthz" => match peer.context.health().await {
            Ok(()) => text(StatusCode::OK, "ok\n"),
            Err(unhealthy) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{unhealthy}\n")),
        },
        _ => assets::respond(&request),
    }
}
