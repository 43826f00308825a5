//! The metrics of connections and handshakes.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use shared::connection::{CloseReason, Version};

use super::Labels;
use crate::admission::NotAdmitted;
use crate::clients::Transport;
use crate::connection::{Ending, Failure};

/// The metrics of connections and handshakes. All of them are rare beside messages.
#[derive(Debug, Clone, Default)]
pub struct Connections {
    open: Family<Labels<1>, Gauge>,
    opened: Family<Labels<1>, Counter>,
    refused: Family<Labels<1>, Counter>,
    handshakes: Family<Labels<2>, Counter>,
}

/// A connection that counts as open until this is dropped.
#[derive(Debug)]
pub struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Connections {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let these = Self::default();
        registry.register(
            "connections",
            "Open sessions, those included whose handshake is not done",
            these.open.clone(),
        );
        registry.register(
            "connections_opened",
            "Sessions that were begun",
            these.opened.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections refused by a limit or a ban, of sessions and of HTTP",
            these.refused.clone(),
        );
        registry.register(
            "handshakes",
            "Handshakes that have ended, by the version of the protocol and the result",
            these.handshakes.clone(),
        );
        // There from the beginning: a rate cannot be taken of a series that begins with 1.
        for transport in [Transport::Tcp, Transport::Tls, Transport::WebSocket] {
            let labels = by_transport(transport);
            these.open.get_or_create_owned(&labels);
            these.opened.get_or_create_owned(&labels);
        }
        for refused in [
            NotAdmitted::InAll,
            NotAdmitted::Address,
            NotAdmitted::TooOften,
            NotAdmitted::Banned,
        ] {
            these.refused.get_or_create_owned(&by_reason(refused));
        }
        for version in [Version::V1, Version::V2] {
            these.handshakes.get_or_create_owned(&done(version));
        }
        these
    }

    /// Counts a session as open.
    pub fn open(&self, transport: Transport) -> Open {
        let labels = by_transport(transport);
        self.opened.get_or_create_owned(&labels).inc();
        let open = self.open.get_or_create_owned(&labels);
        open.inc();
        Open(open)
    }

    /// Counts a connection that is refused.
    pub fn refused(&self, refused: NotAdmitted) {
        self.refused.get_or_create_owned(&by_reason(refused)).inc();
    }

    /// Counts a handshake that is done.
    pub fn handshake_done(&self, version: Version) {
        self.handshakes.get_or_create_owned(&done(version)).inc();
    }

    /// Counts a handshake that did not complete. Which version it would have been
    /// is not counted: most of these clients speak none.
    pub fn handshake_ended(&self, ending: &Ending) {
        let labels = [("version", "none"), ("result", handshake_result(ending))];
        self.handshakes.get_or_create_owned(&labels).inc();
    }
}

fn by_transport(transport: Transport) -> Labels<1> {
    [("transport", transport.as_str())]
}

fn by_reason(refused: NotAdmitted) -> Labels<1> {
    let reason = match refused {
        NotAdmitted::InAll => "server_full",
        NotAdmitted::Address => "address_full",
        NotAdmitted::TooOften => "too_often",
        NotAdmitted::Banned => "banned",
    };
    [("reason", reason)]
}

fn done(version: Version) -> Labels<2> {
    [("version", version.as_str()), ("result", "done")]
}

/// Returns the result of a handshake that is not done: one of the protocol's own codes, or a word for
/// what has none.
pub(crate) fn handshake_result(ending: &Ending) -> &'static str {
    match ending {
        Ending::Protocol(CloseReason::Local(code)) => code.as_str(),
        Ending::Protocol(CloseReason::Failed(error)) => error.code().as_str(),
        Ending::Protocol(CloseReason::PeerClosed | CloseReason::Truncated) | Ending::Quit => "left",
        Ending::Protocol(CloseReason::Reported { .. }) => "refused_by_client",
        Ending::Displaced => "displaced",
        Ending::Failed(Failure::Stream(_) | Failure::WriteTimeout) => "stream_failed",
        Ending::Failed(Failure::Internal) => "internal",
        // The protocol may get further ways to end.
        Ending::Protocol(_) => "other",
    }
}
