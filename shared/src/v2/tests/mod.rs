//! v2 on an in-memory pair. This file has the helpers that its tests share.

mod conversation;
mod ending;
mod handshake_attacks;
mod hostile;
mod insider;
mod leaks;
mod mutations;
mod named_checks;
mod proof_attacks;
mod record_attacks;
mod rekeying;
mod same_errors;
mod simulator;
mod trust;
mod vectors;

use crate::connection::{
    CloseReason, Direction, Event, FrameKind, Observe, SendError, ServerConnection, Trust,
};
use crate::error::{Error, ErrorCode, InvalidMessage, PeerMisbehaved, Untrusted};
use crate::testing::{
    Answerer, Pair, Seen, client_key, portable_test, seeded, server_config, server_key,
    v2_client_config,
};

/// Returns a pair after its handshake.
fn established() -> Pair {
    let mut pair = Pair::v2();
    pair.run();
    assert!(pair.client_seen.established && pair.server_seen.established);
    pair
}

/// Returns a conversation with messages in both directions, single and coalesced.
fn conversation() -> Pair {
    let mut pair = established();
    let now = pair.now;
    for text in ["hello", "", "grüße 🦀\n\nzwei Absätze"] {
        pair.client.send(text.as_bytes(), now).unwrap();
        pair.server.send(b"anna: ", now).unwrap();
        pair.server.send(text.as_bytes(), now).unwrap();
        pair.run();
    }
    pair
}
