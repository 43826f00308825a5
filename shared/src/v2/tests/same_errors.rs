//! A peer gets the same bytes for every mistake in one place, and each mistake costs the same
//! operations with the private key: nobody can ask this side which of two guesses was the better
//! one.

use super::hostile::{HostileClient, HostileServer, clear_alert};
use super::insider::{Draws, Records, auth, data, inner};
use super::*;
use crate::connection::Connection;
use crate::crypto::hkdf::Secret;
use crate::time::Time;

/// A connection's reaction to bytes, as it shows from outside: its answer, and the number of its
/// private-key operations.
#[derive(Debug, PartialEq, Eq)]
struct Reaction {
    written: Vec<u8>,
    private_key_operations: usize,
}

fn react<R>(connection: &mut Connection<R>, bytes: &[u8]) -> Reaction {
    connection.handle_bytes(bytes, Time::default());
    let events: Vec<_> = std::iter::from_fn(|| connection.poll_event()).collect();
    assert!(
        matches!(events.last(), Some(Event::Closed(CloseReason::Failed(_)))),
        "{events:?}"
    );
    let asks = |event: &&Event| matches!(event, Event::PrivateKey(_));
    Reaction {
        private_key_operations: events.iter().filter(asks).count(),
        written: connection.poll_transmit().unwrap_or_default(),
    }
}

/// Asserts that all reactions are the same, without private-key operations, and no more than one
/// alert.
fn assert_same(reactions: &[(String, Reaction)], alert: (usize, &mut Records, u8)) {
    let (name, first) = &reactions[0];
    let (length, records, number) = alert;
    // One alert has 85 bytes when sealed: a header of 5, one block of 64 and a tag of 16.
    assert_eq!(first.written.len(), length, "{name}");
    assert_eq!(records.open(&first.written), (7, vec![number]), "{name}");
    for (name, reaction) in reactions {
        assert_eq!(reaction, first, "{name}");
        assert_eq!(reaction.private_key_operations, 0, "{name}");
    }
}

/// Returns every kind of record that fails to open or is malformed inside, made with the sender's
/// keys.
fn bad_records(keys: &mut Records, others: &mut Records) -> Vec<(String, Vec<u8>)> {
    let content = data(&[b"a message of no great length"]);
    let first = keys.seq;
    let honest = keys.seal(5, &content);
    let mut bad = Vec::new();
    for at in 5..honest.len() {
        let mut flipped = honest.clone();
        flipped[at] ^= 1 << (at % 8);
        let part = if at < honest.len() - 16 {
            "ciphertext"
        } else {
            "tag"
        };
        bad.push((format!("{part}, byte {at}"), flipped));
    }
    // Sealed with the second number and sent in the first place.
    let late = keys.seal(5, &content);
    bad.push(("a wrong sequence number".to_owned(), late));
    others.seq = first;
    bad.push(("a wrong key".to_owned(), others.seal(5, &content)));
    for length in [0, 1, 15, 16, 17, 80] {
        let frame = [&[0, 0, 0, length, 3], &vec![7; length.into()][..]].concat();
        bad.push((format!("a body of {length} bytes"), frame));
    }
    // These open, so only the inside is wrong: it must look like a record that does not open.
    let inners = [
        ("nothing inside", Vec::new()),
        ("zeros inside", vec![0; 64]),
        (
            "too much padding",
            [inner(5, &content), vec![0; 64]].concat(),
        ),
        ("no padding", [&content[..], &[5]].concat()),
        ("no message", inner(5, b"")),
        ("half a length", inner(5, b"\0\0")),
        ("a length that lies", inner(5, b"\0\0\0\xffx")),
    ];
    for (name, inner) in inners {
        keys.seq = first;
        bad.push((name.to_owned(), keys.seal_inner(&inner)));
    }
    bad
}

fn foreign() -> Records {
    Records::new(Secret::new([0x33; 32]))
}

portable_test! {
    // One alert for tag, padding and lengths, so that a forger learns nothing from any of them
    // (PROTOCOL.md §2.11).
    fn records_that_do_not_open_are_one_answer_of_the_server() {
        let mut client = HostileClient::established();
        let bad = bad_records(&mut client.up, &mut foreign());
        let mut alerts = client.down;
        let reactions: Vec<_> = bad.into_iter().map(|(name, record)| {
            let mut client = HostileClient::established();
            (name, react(&mut client.server, &record))
        }).collect();
        assert_same(&reactions, (85, &mut alerts, 4));
    }

    fn records_that_do_not_open_are_one_answer_of_the_client() {
        let mut server = HostileServer::established();
        let bad = bad_records(&mut server.down, &mut foreign());
        let mut alerts = server.up;
        let reactions: Vec<_> = bad.into_iter().map(|(name, record)| {
            let mut server = HostileServer::established();
            (name, react(&mut server.client, &record))
        }).collect();
        assert_same(&reactions, (85, &mut alerts, 4));
    }

    fn handshake_records_that_do_not_open_are_one_answer() {
        let bad = |keys: &mut Records| {
            let honest = keys.seal(3, &[7; 300]);
            let mut frames: Vec<_> = (5..honest.len()).step_by(9).map(|at| {
                let mut flipped = honest.clone();
                flipped[at] ^= 0x40;
                flipped
            }).collect();
            frames.push(keys.seal(3, &[7; 300]));
            frames.push(foreign().seal(3, &[7; 300]));
            frames.push(foreign().seal(4, &[7; 32]));
            frames
        };
        let mut client = HostileClient::after_hello();
        let reactions: Vec<_> = bad(&mut client.up).iter().map(|record| {
            ("to the server".to_owned(), react(&mut HostileClient::after_hello().server, record))
        }).collect();
        assert_same(&reactions, (85, &mut client.down, 4));
        let mut server = HostileServer::after_hello();
        let reactions: Vec<_> = bad(&mut server.down).iter().map(|record| {
            ("to the client".to_owned(), react(&mut HostileServer::after_hello().client, record))
        }).collect();
        assert_same(&reactions, (85, &mut server.up, 4));
    }

    // A stranger must not learn which part of a proof was right.
    fn every_wrong_proof_of_a_client_is_one_answer() {
        let honest = HostileClient::after_hello();
        let key = client_key().public_key().spki_der();
        let signature = &honest.auth()[4 + key.len()..];
        let changed = |at: usize| {
            let mut content = honest.auth();
            content[at] ^= 1;
            content
        };
        let server = server_key().public_key().spki_der();
        let proofs = [
            ("the key's length", changed(1)),
            ("the key's form", changed(2)),
            ("the modulus", changed(60)),
            ("an even modulus", changed(2 + key.len() - 6)),
            ("the exponent", changed(2 + key.len() - 1)),
            ("the signature's length", changed(3 + key.len())),
            ("the signature's first byte", changed(4 + key.len())),
            ("the signature's last byte", changed(3 + key.len() + signature.len())),
            ("no key", auth(b"", signature)),
            ("another's key", auth(server, signature)),
            ("no signature", auth(key, b"")),
            ("a short signature", auth(key, &signature[1..])),
            ("a signature above the modulus", auth(key, &[0xff; 256])),
            ("a signature of zeros", auth(key, &[0; 256])),
            ("nothing at all", Vec::new()),
        ];
        let reactions: Vec<_> = proofs.into_iter().map(|(name, content)| {
            let mut client = HostileClient::after_hello();
            let record = client.up.seal(3, &content);
            (name.to_owned(), react(&mut client.server, &record))
        }).collect();
        assert_same(&reactions, (85, &mut HostileClient::after_hello().down, 3));
    }

    fn every_wrong_finished_of_a_client_is_one_answer() {
        let right = {
            let mut client = HostileClient::after_hello();
            let proof = client.auth();
            client.prove(&proof);
            client.insider.finished("c fin")
        };
        let flipped = (0..32).map(|at| {
            let mut finished = right.to_vec();
            finished[at] ^= 0x80;
            finished
        });
        let lengths = [0, 1, 31, 33, 64].map(|length| vec![0x77; length]);
        let reactions: Vec<_> = flipped.chain(lengths).map(|finished| {
            let mut client = HostileClient::after_hello();
            let proof = client.auth();
            client.prove(&proof);
            let record = client.up.seal(4, &finished);
            (format!("{finished:02x?}"), react(&mut client.server, &record))
        }).collect();
        assert_same(&reactions, (85, &mut HostileClient::after_hello().down, 3));
    }

    // Before anything is signed, so that an unusable hello costs the server no RSA operation.
    fn every_unusable_hello_is_one_answer_before_anything_is_signed() {
        let honest = Draws::of_pair().hellos().client;
        let mut low_order = honest.clone();
        low_order[37..69].fill(0);
        let mut unreduced = honest.clone();
        unreduced[69..72].fill(0xff);
        let mut both = low_order.clone();
        both[69..72].fill(0xff);
        let short = [&[0, 0, 4, 0xdf, 1], &honest[5..1252]].concat();
        let long = [&[0, 0, 4, 0xe1, 1], &honest[5..], &[0]].concat();
        let expected = Reaction { written: clear_alert(3).to_vec(), private_key_operations: 0 };
        for hello in [low_order, unreduced, both, short, long, vec![0, 0, 0, 0, 1]] {
            let mut server = ServerConnection::new(server_config().into(), seeded(9), Time::default());
            let _announcement = server.poll_transmit();
            server.handle_bytes(b"SC/2\n", Time::default());
            assert_eq!(react(&mut server, &hello), expected);
        }
    }
}
