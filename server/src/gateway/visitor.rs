//! The sender of a request, who may be behind a proxy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::HeaderMap;
use hyper::header::{FORWARDED, HOST, HeaderName, ORIGIN, VIA};

use crate::client_address::ClientAddress;
use crate::context::Context;
use crate::listen;
use crate::proxy::forwarded::{self, Field, Node};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The fields of which proxies set at least one. Whoever sends one is not taken for a person on this
/// machine, whatever it says.
const PROXY_FIELDS: [HeaderName; 6] = [
    FORWARDED,
    X_FORWARDED_FOR,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
    VIA,
];

/// The other end of an HTTP connection, which sends requests of one client, or of many if it is a
/// proxy.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) context: Arc<Context>,
    socket: listen::Peer,
    is_logged: Arc<AtomicBool>,
}

/// The facts beside a request that decide about it. Clones belong to the same connection.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    pub(super) context: Arc<Context>,
    /// The client's address.
    pub(super) address: ClientAddress,
    /// The client is on this machine: a loopback peer that is no proxy, and has used none of the
    /// public names.
    pub(super) is_local: bool,
    /// The connection comes from this machine, where a browser could have been sent here by a
    /// foreign page.
    pub(super) from_loopback: bool,
    is_logged: Arc<AtomicBool>,
}

/// The two forwarding fields of a request name different clients. A proxy sets one of them and
/// passes the other on as the client has written it; which one cannot be known here, and whoever is
/// banned would choose the wrong one.
#[derive(Debug, Clone, Copy)]
pub(super) struct AmbiguousClient;

impl Peer {
    pub(super) fn new(context: Arc<Context>, socket: listen::Peer) -> Self {
        Self {
            context,
            socket,
            is_logged: Arc::default(),
        }
    }

    /// Returns the peer as the sender of what is no request.
    pub(super) fn itself(&self) -> Visitor {
        self.named(self.socket.address(), self.socket.is_loopback())
    }

    /// Returns the sender of a request: the peer, or the client that a trusted proxy names.
    ///
    /// # Errors
    /// [`AmbiguousClient`].
    pub(super) fn visitor(&self, headers: &HeaderMap) -> Result<Visitor, AmbiguousClient> {
        let is_local = self.socket.is_loopback()
            && !PROXY_FIELDS.iter().any(|name| headers.contains_key(name))
            && !self.uses_public_name(headers);
        if !self.context.config().network.trusted_proxy.has(self.socket) {
            self.warn_of_ignored_proxy(headers);
            return Ok(self.named(self.socket.address(), is_local));
        }
        let client = self.forwarded_client(headers)?;
        let address = client.map(|(ip, port)| ClientAddress::new(ip, port));
        let mut visitor = self.named(address.unwrap_or(self.socket.address()), is_local);
        // The requests of one connection are of many clients: each may cause a line, and each
        // client's address bounds them.
        visitor.is_logged = Arc::default();
        Ok(visitor)
    }

    /// Warns once if a program on this machine, which can only be a proxy of the operator's own, names
    /// its clients and is not believed. Fields of strangers elsewhere cause no line.
    fn warn_of_ignored_proxy(&self, headers: &HeaderMap) {
        let is_here = self.socket.is_loopback() || self.socket == listen::Peer::Unix;
        let names_client = [FORWARDED, X_FORWARDED_FOR]
            .iter()
            .any(|name| headers.contains_key(name));
        if !is_here || !names_client || self.context.has_ignored_proxy.swap(true, Ordering::Relaxed)
        {
            return;
        }
        let network = match self.socket {
            listen::Peer::Net(address) => address.ip().to_canonical().to_string(),
            listen::Peer::Unix => "unix".into(),
        };
        tracing::warn!(
            "a proxy on this machine names its clients, and is not believed: all of them share one \
             address and its limits; if it is yours, give --trusted-proxy {network}"
        );
    }

    fn named(&self, address: ClientAddress, is_local: bool) -> Visitor {
        Visitor {
            context: Arc::clone(&self.context),
            address,
            is_local,
            from_loopback: self.socket.is_loopback(),
            is_logged: Arc::clone(&self.is_logged),
        }
    }

    fn forwarded_client(&self, headers: &HeaderMap) -> Result<Option<Node>, AmbiguousClient> {
        let config = self.context.config();
        let trusted = &config.network.trusted_proxy;
        let client = |field, name: HeaderName| {
            let values = headers.get_all(&name).iter();
            let values: Vec<_> = values.map(|value| value.to_str().ok()).collect();
            let is_trusted = |address| trusted.has_address(address);
            let client = forwarded::client(field, values.into_iter(), is_trusted);
            headers.contains_key(&name).then_some(client)
        };
        let standard = client(Field::Forwarded, FORWARDED);
        let customary = client(Field::XForwardedFor, X_FORWARDED_FOR);
        if let (Some(one), Some(other)) = (standard, customary) {
            let ip = |node: Option<Node>| node.map(|(ip, _)| ip.to_canonical());
            if ip(one) != ip(other) {
                return Err(AmbiguousClient);
            }
        }
        Ok(standard.or(customary).flatten())
    }

    /// Returns whether a request names the server by one of its public addresses: as its host, or,
    /// behind a proxy that changes the host, as the page's origin.
    fn uses_public_name(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let (host, origin) = (text(HOST), text(ORIGIN));
        self.context.config().network.public_url.iter().any(|url| {
            host.is_some_and(|host| url.has_host(host))
                || origin.is_some_and(|origin| origin.eq_ignore_ascii_case(url.origin()))
        })
    }
}

impl Visitor {
    /// Calls `log` with the number of suppressed lines, if there are any. Does nothing if this
    /// connection has caused a line already, or its address too many: one connection can carry any
    /// number of refused requests.
    pub(super) fn log_once(&self, log: impl FnOnce(Option<u64>)) {
        // Read and set in one step: of two refused requests at once only one may write a line.
        if self.is_logged.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Some(suppressed) = self.context.strangers.take(self.address.ip()) {
            log((suppressed > 0).then_some(suppressed));
        }
    }
}
