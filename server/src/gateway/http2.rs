//! HTTP/2 on an accepted stream inside of TLS, for the page: the same routes, with bounds on what a
//! connection of many streams can make the server hold or do.
//!
//! The tunnel is not here but on a connection of HTTP/1.1 of its own, which browsers open for a
//! WebSocket unless a server asks for RFC 8441. On a connection that it shares with the page, one
//! tunnel that is not read would stop the others, and the bounds on unread bytes and on connections of
//! an address, which are those of TCP streams, would bind nobody.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::activity::{Activity, Paced};
use super::http::{HEAD_BYTES, respond};
use super::reply::text;
use super::visitor::Peer;
use crate::admission::Permit;
use crate::logging::Excerpt;

/// Most requests of a connection at a time. The page has some twenty files, and browsers wait for a
/// stream that is free.
const STREAMS: u32 = 32;

/// Most requests of a connection in all. Beginning and resetting a stream costs its client nothing
/// (CVE-2023-44487); a TLS handshake for every so many does. A page with all its later parts has 50.
const REQUESTS: usize = 1_000;

/// Most streams that their client has reset and the server has not looked at yet: those of a page
/// that is left at once.
const UNSEEN_RESETS: usize = STREAMS as usize;

/// Most streams that the server had to reset because of what their client did wrong (CVE-2025-8671).
/// A browser does nothing wrong.
const FAULTY_STREAMS: usize = 16;

/// Bytes of a stream that wait for their client. The page's files are in memory anyway.
const SEND_BYTES: usize = 64 * 1024;

/// Bytes that a client may send ahead, in bodies that nobody reads: the least that HTTP/2 allows
/// without a further word (RFC 9113 §6.9.2).
const WINDOW: u32 = 65_535;

/// Bytes of the table of header fields that both sides keep (RFC 7541 §4.2); its default.
const HEADER_TABLE: u32 = 4096;

type Answer = Response<Paced>;

/// Serves a connection whose client has chosen HTTP/2.
pub(super) async fn serve<S>(stream: S, peer: Peer, _permit: Permit)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stop = peer.context.stop.clone();
    let activity = Arc::new(Activity::new(REQUESTS));
    let service = service_fn(|request| {
        let (peer, activity) = (peer.clone(), Arc::clone(&activity));
        async move { Ok::<_, Infallible>(answer(request, &peer, &activity).await) }
    });
    let serving = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES.into())
        .max_pending_accept_reset_streams(UNSEEN_RESETS)
        .max_local_error_reset_streams(FAULTY_STREAMS)
        .max_send_buf_size(SEND_BYTES)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .header_table_size(HEADER_TABLE)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        result = &mut serving => Some(result),
        () = activity.is_over() => None,
        () = stop.cancelled() => None,
    };
    let result = if let Some(result) = ended {
        result
    } else {
        serving.as_mut().graceful_shutdown();
        tokio::select! {
            // What was asked is answered.
            result = serving => result,
            // A client that does not take it, nor the word of the end, is dropped.
            () = activity.is_silent() => return,
        }
    };
    if let Err(error) = result {
        let visitor = peer.itself();
        let (address, error) = (visitor.address, Excerpt(&error));
        visitor.log_once(|suppressed| {
            tracing::info!(%address, %error, suppressed, "HTTP/2 connection refused");
        });
    }
}

async fn answer(mut request: Request<Incoming>, peer: &Peer, activity: &Arc<Activity>) -> Answer {
    let in_flight = activity.begin();
    let is_head = request.method() == Method::HEAD;
    let reply = match name_host(&mut request) {
        Ok(()) => respond(request, peer).await,
        Err(OtherHost) => text(
            StatusCode::BAD_REQUEST,
            "Host and :authority name different hosts.\n",
        ),
    };
    let (mut parts, body) = reply.into_parts();
    let mut content = body.into_inner().unwrap_or_default();
    if is_head {
        without_content(&mut parts.headers, &mut content);
    }
    Response::from_parts(parts, Paced::new(content, in_flight))
}

/// Takes the content out of a response to HEAD and leaves its length in the header (RFC 9110 §9.3.2).
/// hyper does that in HTTP/1.1 only; in HTTP/2 clients take content there for an error of the protocol.
fn without_content(headers: &mut HeaderMap, content: &mut Bytes) {
    if !content.is_empty() {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len()));
        content.clear();
    }
}

/// `Host` and `:authority` of a request name different hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OtherHost;

/// Puts `:authority` where the routes look for the host (RFC 9113 §8.3.1): they check one name, so that
/// there must not be two.
fn name_host<B>(request: &mut Request<B>) -> Result<(), OtherHost> {
    let Some(authority) = request.uri().authority() else {
        return Ok(());
    };
    let authority = HeaderValue::from_str(authority.as_str()).map_err(|_| OtherHost)?;
    let same = |host: &HeaderValue| {
        let (host, authority) = (host.as_bytes(), authority.as_bytes());
        host.eq_ignore_ascii_case(authority)
    };
    if !request.headers().get_all(HOST).iter().all(same) {
        return Err(OtherHost);
    }
    request.headers_mut().insert(HOST, authority);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, hosts: &[&'static str]) -> Request<()> {
        let mut request = Request::new(());
        *request.uri_mut() = uri.parse().unwrap();
        for host in hosts {
            let host = HeaderValue::from_static(host);
            request.headers_mut().append(HOST, host);
        }
        request
    }

    #[test]
    fn a_request_names_one_host() {
        for (uri, hosts, named) in [
            ("https://chat.example/", &[][..], Some("chat.example")),
            (
                "https://chat.example:8443/x",
                &[],
                Some("chat.example:8443"),
            ),
            (
                "https://chat.example/",
                &["CHAT.example"],
                Some("chat.example"),
            ),
            ("/", &["chat.example"], Some("chat.example")),
            ("https://chat.example/", &["evil.example"], None),
            ("https://localhost/", &["localhost", "evil.example"], None),
            ("https://chat.example:1/", &["chat.example"], None),
        ] {
            let mut request = request(uri, hosts);
            let done = name_host(&mut request);
            assert_eq!(done.is_ok(), named.is_some(), "{uri} {hosts:?}");
            if let Some(named) = named {
                assert_eq!(request.headers()[HOST], named, "{uri} {hosts:?}");
                assert_eq!(request.headers().get_all(HOST).iter().count(), 1);
            }
        }
    }
}
