//! Listeners: their addresses, how they are bound, and how they accept streams. What a stream is for
//! is decided in `listener.rs` and `gateway/`.

mod acceptor;
mod bind;
mod endpoint;
mod inherited;
mod peer;

use std::sync::Arc;

use crate::tls::Tls;

pub use acceptor::{Acceptor, Stream};
pub(crate) use bind::advice;
pub use bind::{BindError, Listener, bind_all};
pub use endpoint::{Endpoint, InvalidEndpoint};
pub use inherited::{InheritError, Inherited};
pub use peer::Peer;

/// The bound listeners of a server.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Listeners for sessions directly over the stream.
    pub tcp: Vec<Listener>,
    /// Listeners for the page and its tunnel.
    pub http: Vec<Listener>,
    /// Listeners for monitoring.
    pub ops: Vec<Listener>,
    /// The TLS that the listeners for the page speak, but for those on Unix sockets.
    pub tls: Option<Arc<Tls>>,
}

impl Listeners {
    /// Creates a server's listeners of one TCP and one HTTP listener.
    pub fn new(tcp: impl Into<Listener>, http: impl Into<Listener>) -> Self {
        Self {
            tcp: vec![tcp.into()],
            http: vec![http.into()],
            ..Self::default()
        }
    }
}
