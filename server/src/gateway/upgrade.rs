//! `GET /ws`: checks the page that asks, answers the WebSocket handshake (RFC 6455 §4.2), and lets
//! the tunnel end in the same handler as raw TCP.

use hyper::body::Incoming;
use hyper::header::{
    ALLOW, CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::origin;
use super::reply::{Reply, text};
use super::tunnel::{Encoding, Tunnel};
use super::visitor::Visitor;
use crate::admission::Permit;
use crate::clients::Transport;
use crate::connection::{self, Ending, Failure};
use crate::logging::Quoted;
use crate::public_url::PublicUrl;
use crate::refusal;

/// Answers a request for the tunnel.
pub(super) fn respond(mut request: Request<Incoming>, visitor: &Visitor) -> Reply {
    if request.method() != Method::GET {
        let mut reply = text(
            StatusCode::METHOD_NOT_ALLOWED,
            "The tunnel is opened with GET.\n",
        );
        reply
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET"));
        return reply;
    }
    let headers = request.headers();
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let (origin, host) = (header(ORIGIN), header(HOST));
    // An Origin that cannot be read is a foreign one: it must not pass as a missing one.
    let readable = !headers.contains_key(ORIGIN) || origin.is_some();
    let config = visitor.context.config();
    let public = config.network.public_url.iter().map(PublicUrl::origin);
    let configured = config.allow_origin.iter().map(String::as_str);
    let allowed: Vec<_> = configured.chain(public).collect();
    if !readable || !origin::is_allowed(origin, host, visitor.is_local, &allowed) {
        visitor.log_once(|suppressed| {
            // Quoted, so that the end of a confusing name is visible.
            let (origin, host) = (origin.map(Quoted), host.map(Quoted));
            let origin = origin.as_ref().map(tracing::field::display);
            let host = host.as_ref().map(tracing::field::display);
            let address = visitor.address;
            tracing::warn!(%address, origin, host, suppressed, "tunnel refused: foreign Origin");
        });
        return text(
            StatusCode::FORBIDDEN,
            "Pages of this origin may not use this server; see --public-url and --allow-origin.\n",
        );
    }
    if request.version() == Version::HTTP_2 {
        // Only after the check of the origin, whose answer says more.
        log_refused(visitor, "it was asked for over HTTP/2");
        return text(
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            "The tunnel is opened over HTTP/1.1.\n",
        );
    }
    let Some(encoding) = encoding_of(request.uri().query()) else {
        log_refused(visitor, "unknown encoding");
        return text(StatusCode::BAD_REQUEST, "encoding is text or binary.\n");
    };
    let Some(accept) = accept_key(headers) else {
        log_refused(visitor, "no WebSocket handshake");
        let mut reply = text(
            StatusCode::UPGRADE_REQUIRED,
            "This is a WebSocket (RFC 6455, version 13).\n",
        );
        let headers = reply.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return reply;
    };
    let upgrade = hyper::upgrade::on(&mut request);
    visitor
        .context
        .tasks
        .spawn(serve(upgrade, encoding, visitor.clone()));

    let mut reply = text(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = reply.headers_mut();
    // `text` has set a content type, and a 101 has no content (RFC 9110 §15.2).
    headers.clear();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    reply
}

async fn serve(upgrade: OnUpgrade, encoding: Encoding, from: Visitor) {
    let upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::debug!(address = %from.address, %error, "upgrade failed");
            return;
        }
    };
    let context = &from.context;
    let protocol = context.protocol(from.is_local);
    let limit = protocol.limits.longest_frame();
    // Admitted here and not with the HTTP connection: a tunnel is a session, and counts as one.
    let permit = context.admit(from.address.ip());
    let established = permit.as_ref().map(Permit::established);
    // A refused peer never finishes a handshake, and so keeps the strangers' limit.
    let established = established.unwrap_or_default();
    let mut tunnel = Tunnel::new(TokioIo::new(upgraded), encoding, limit, established).await;
    let ending = match permit {
        Ok(permit) => {
            let transport = Transport::WebSocket;
            let stream = &mut tunnel;
            connection::serve(stream, from.address, transport, &protocol, &permit, context).await
        }
        Err(refused) => {
            refusal::log(from.address, refused, context);
            let Ok(_told) = context.refusals.try_acquire() else {
                return;
            };
            refusal::tell(&mut tunnel, &protocol, refused.code()).await;
            return tunnel.close(CloseCode::Policy).await;
        }
    };
    tunnel.close(close_code(&ending)).await;
}

fn log_refused(visitor: &Visitor, cause: &'static str) {
    visitor.log_once(|suppressed| {
        tracing::info!(address = %visitor.address, suppressed, "tunnel refused: {cause}");
    });
}

/// Returns the close code (RFC 6455 §7.4.1) for the end of a session.
fn close_code(ending: &Ending) -> CloseCode {
    use shared::connection::CloseReason::{Failed, Local};
    use shared::error::ErrorCode;
    match ending {
        Ending::Protocol(Local(ErrorCode::ServerStopping)) | Ending::Failed(Failure::Internal) => {
            CloseCode::Away
        }
        Ending::Protocol(Failed(error)) if error.code() == ErrorCode::FrameTooLarge => {
            CloseCode::Size
        }
        Ending::Protocol(Failed(_) | Local(_))
        | Ending::Failed(Failure::WriteTimeout)
        | Ending::Displaced => CloseCode::Policy,
        Ending::Protocol(_) | Ending::Quit | Ending::Failed(Failure::Stream(_)) => {
            CloseCode::Normal
        }
    }
}

/// Parses `?encoding=binary`, which is the default, or `text`.
fn encoding_of(query: Option<&str>) -> Option<Encoding> {
    let mut encoding = Encoding::Binary;
    for pair in query.unwrap_or_default().split('&') {
        match pair.split_once('=') {
            Some(("encoding", "binary")) => encoding = Encoding::Binary,
            Some(("encoding", "text")) => encoding = Encoding::Text,
            Some(("encoding", _)) => return None,
            _ => {}
        }
    }
    Some(encoding)
}

/// Returns the answer to a correct WebSocket handshake (RFC 6455 §4.2.1).
fn accept_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let has = |name: HeaderName, token: &str| {
        headers
            // A list may be spread over several fields of one name (RFC 9110 §5.3).
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| {
                value
                    .split(',')
                    .any(|item| item.trim().eq_ignore_ascii_case(token))
            })
    };
    if !has(UPGRADE, "websocket")
        || !has(CONNECTION, "upgrade")
        || !has(SEC_WEBSOCKET_VERSION, "13")
    {
        return None;
    }
    let key = headers.get(SEC_WEBSOCKET_KEY)?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()
}
