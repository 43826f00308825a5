//! The protocol on an in-memory pair: whole conversations, every split, and attacks by name. This
//! file has the helpers that all of them share.

mod client_attacks;
mod conversation;
mod ending;
#[cfg(not(feature = "aws-lc"))]
mod frozen;
mod handshake_attacks;
mod message_attacks;
mod observed;
mod observer;
mod same_errors;

use std::time::Duration;

use super::*;
use crate::crypto::cbc_hmac::{Sealer, SessionBlob};
use crate::crypto::encoding::append_base64;
use crate::crypto::rsa_public::oaep_encrypt;
use crate::error::{InvalidMessage, PeerMisbehaved};
use crate::identity::KeyError;
use crate::limits::{HANDSHAKE_FRAME_BYTES, HANDSHAKE_TIMEOUT, MESSAGE_FRAME_BYTES};
use crate::testing::{
    Answerer, Pair, Seen, client_config, client_key, portable_test, seeded, server_config,
    server_key,
};
use crate::v1::{error_frame, handshake, message};

/// Returns a pair after its handshake.
fn established() -> Pair {
    let mut pair = Pair::new();
    pair.run();
    assert!(pair.client_seen.established && pair.server_seen.established);
    pair
}

/// Returns a conversation that has every kind of frame but the error frame.
fn conversation() -> Pair {
    let mut pair = established();
    let now = pair.now;
    for text in ["hello", "", "grüße 🦀\n\nzwei Absätze"] {
        pair.client.send(text.as_bytes(), now).unwrap();
        pair.server
            .send(format!("anna: {text}").as_bytes(), now)
            .unwrap();
        pair.run();
    }
    pair
}

/// Returns the session keys of a seeded client, for tests that forge its frames.
fn session_of_pair() -> SessionBlob {
    // The pair's client draws from the same seed, and draws its blob first.
    SessionBlob::generate(&mut seeded(5)).unwrap()
}

/// Returns a handshake frame over `blob` with a right signature by the client's key.
fn handshake_over(blob: &[u8]) -> Vec<u8> {
    let enc_session = oaep_encrypt(server_key().public_key(), blob, &mut seeded(6)).unwrap();
    let signature = client_key().sign(blob, &mut seeded(7)).unwrap();
    handshake::encode(&enc_session, client_key().public_key(), &signature)
}

/// Feeds a fresh server `bytes` in place of a handshake; returns its events and its answer.
fn server_sees(bytes: &[u8]) -> (Seen, Vec<u8>) {
    let mut pair = Pair::new();
    let _announcement = pair.server.poll_transmit();
    pair.inject(bytes);
    (pair.server_seen, pair.to_client)
}

/// Feeds a fresh client `stream`, split at the given offsets and after the announcement; returns
/// its events. The bytes behind the announcement answer the client's handshake, and cannot come in
/// one read with it.
fn client_sees(answers: &mut Answerer, stream: &[u8], splits: &[usize]) -> Seen {
    let now = Time::default();
    let mut client = ClientConnection::new(client_config(), seeded(5), now);
    let mut seen = Seen::default();
    let answer = stream.windows(2).position(|pair| pair == b"\n\n").unwrap() + 2;
    let mut ends = [splits, &[answer, stream.len()]].concat();
    ends.sort_unstable();
    let mut start = 0;
    for end in ends {
        client.handle_bytes(&stream[start..end], now);
        answers.drain(&mut client, &mut seen, now);
        start = end;
    }
    seen
}

/// Asserts that the server closed with `expected`, and told the client its code and nothing else.
fn assert_refused(seen: &Seen, to_client: &[u8], expected: &Error) {
    assert_eq!(seen.closed, Some(CloseReason::Failed(expected.clone())));
    assert_eq!(to_client, error_frame::encode(expected.code()));
}

/// Asserts the same after the handshake: `frame` arrives at an established server.
fn assert_message_refused(frame: &[u8], expected: &Error) {
    let mut pair = established();
    let before = pair.to_client.len();
    pair.inject(frame);
    assert_refused(&pair.server_seen, &pair.to_client[before..], expected);
    assert_eq!(pair.server.send(b"late", pair.now), Err(SendError::Closed));
    assert!(
        matches!(pair.client_seen.closed, Some(CloseReason::Reported { code, .. })
        if code == expected.code())
    );
}

fn message_frame(cipher: &[u8], tag: &[u8]) -> Vec<u8> {
    let mut frame = b"{\"cipher\": \"".to_vec();
    append_base64(cipher, &mut frame);
    frame.extend_from_slice(b"\", \"hmac\": \"");
    append_base64(tag, &mut frame);
    frame.extend_from_slice(b"\"}\n\n");
    frame
}
