//! The other end of an HTTP connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::client_address::ClientAddress;
use crate::context::Context;
use crate::listen;

/// The facts beside a request that decide about it. Clones belong to the same connection.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) context: Arc<Context>,
    pub(super) address: ClientAddress,
    /// The listener can be reached from this machine only.
    pub(super) is_local: bool,
    is_logged: Arc<AtomicBool>,
}

impl Peer {
    pub(super) fn new(context: Arc<Context>, peer: listen::Peer, is_local: bool) -> Self {
        Self {
            context,
            address: peer.address(),
            is_local,
            is_logged: Arc::default(),
        }
    }

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
