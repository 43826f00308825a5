//! HTTP connections and the routes: `/ws`, `/healthz`, and the page for everything else.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HOST, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::{assets, headers, origin, upgrade};
use crate::admission::Permit;
use crate::context::Context;
use crate::listener::{Acceptor, is_loopback, linger, log_refusal};

/// How long a client may take for a request's head, and stay idle between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// Largest head of a request in bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// A response of this server: always a body that is there as a whole.
pub(super) type Reply = Response<Full<Bytes>>;

/// What a request is judged by, beside itself.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) context: Arc<Context>,
    pub(super) address: SocketAddr,
    pub(super) listener_is_loopback: bool,
}

/// Accepts HTTP connections until the server stops.
pub async fn accept_http(listener: TcpListener, context: Arc<Context>) {
    let listener_is_loopback = is_loopback(&listener);
    let mut acceptor = Acceptor::new(listener);
    while let Some((stream, address)) = acceptor.accept(&context).await {
        let connection = Connection {
            context: Arc::clone(&context),
            address,
            listener_is_loopback,
        };
        let task = match context.http.admit(address.ip()) {
            Ok(place) => context.tasks.spawn(serve(stream, connection, place)),
            Err(refused) => {
                log_refusal(address, refused);
                context.tasks.spawn(refuse(stream, Arc::clone(&context)))
            }
        };
        drop(task);
    }
}

async fn refuse(mut stream: TcpStream, context: Arc<Context>) {
    const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\
        retry-after: 10\r\ncontent-length: 0\r\n\r\n";
    let Ok(_told) = context.refusals.try_acquire() else {
        return;
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), stream.write_all(FULL)).await;
    linger(&mut stream).await;
}

async fn serve(stream: TcpStream, connection: Connection, _place: Permit) {
    let stop = connection.context.stop.clone();
    let service = service_fn(|request| {
        let connection = connection.clone();
        async move { Ok::<_, Infallible>(respond(request, &connection)) }
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
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = result {
        if error.is_parse() {
            tracing::info!(address = %connection.address, %error, "HTTP connection refused");
            return;
        }
        tracing::debug!(address = %connection.address, %error, "HTTP connection failed");
    }
}

fn respond(request: Request<Incoming>, connection: &Connection) -> Reply {
    let mut reply = route(request, connection);
    headers::add_security(reply.headers_mut());
    reply
}

fn route(request: Request<Incoming>, connection: &Connection) -> Reply {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    if connection.listener_is_loopback && !host.is_some_and(origin::names_loopback) {
        // A page elsewhere whose name was made to point here (DNS rebinding) has another Host.
        tracing::warn!(address = %connection.address, host, "refused: Host is not loopback");
        return text(
            StatusCode::FORBIDDEN,
            "This server answers to localhost only.\n",
        );
    }
    if request.uri().path() == "/ws" {
        return upgrade::respond(request, connection);
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
        "/healthz" => text(StatusCode::OK, "ok\n"),
        _ => assets::respond(&request),
    }
}

/// A plain-text response.
pub(super) fn text(status: StatusCode, body: &'static str) -> Reply {
    let mut reply = Response::new(Full::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    reply
}
