//! Attacks on an established session, each named: first by somebody in between, who has no keys,
//! then by a peer, who has them.

use super::hostile::{HostileClient, HostileServer, assert_dead, unexpected};
use super::insider::{cut, data, inner};
use super::*;
use crate::limits::{V2_BODY_BYTES, V2_MESSAGE_BYTES, V2_RECORD_MESSAGES};
use crate::time::Time;

/// Returns three records of an honest client behind a whole handshake, and the pair they belong to.
fn three_records() -> (Pair, [Vec<u8>; 3]) {
    let mut pair = established();
    let now = pair.now;
    let records = [b"one", b"two", b"six"].map(|text| {
        pair.client.send(text, now).unwrap();
        pair.client.poll_transmit().unwrap()
    });
    (pair, records)
}

/// Asserts that the server reads these bytes, delivers these messages, and ends with `bad_record`.
fn assert_bad_record(mut pair: Pair, bytes: &[u8], delivered: &[&[u8]]) {
    let before = pair.to_client.len();
    pair.inject(bytes);
    assert_eq!(pair.server_seen.messages, delivered);
    let cause = PeerMisbehaved::UnopenableRecord.into();
    assert_eq!(pair.server_seen.closed, Some(CloseReason::Failed(cause)));
    // The answer is one sealed alert, which the client understands.
    assert_eq!(cut(&pair.to_client[before..]).len(), 1);
    assert_eq!(pair.to_client[before + 4], 3);
    assert!(matches!(
        pair.client_seen.closed,
        Some(CloseReason::Reported {
            code: ErrorCode::BadRecord,
            ..
        })
    ));
    assert_dead(&mut pair.server);
    assert_dead(&mut pair.client);
}

/// Asserts that the server refuses a record with this inside, sealed by a hostile client.
fn assert_inner_refused(inner: &[u8], cause: impl Into<Error>, alert: u8) {
    let mut client = HostileClient::established();
    let frame = client.up.seal_inner(inner);
    client.say(&frame);
    assert!(client.seen.messages.is_empty());
    client.assert_refused(cause, alert);
}

portable_test! {
    // The sequence number is part of the nonce and never sent, so a record opens in its place only
    // (RFC 8446 §5.3).
    fn replayed_record() {
        let (pair, [one, two, _]) = three_records();
        assert_bad_record(pair, &[&one[..], &one, &two].concat(), &[b"one"]);
        let (pair, [one, two, _]) = three_records();
        assert_bad_record(pair, &[&one[..], &two, &one].concat(), &[b"one", b"two"]);
    }

    fn swapped_records() {
        let (pair, [one, two, six]) = three_records();
        assert_bad_record(pair, &[&two[..], &one, &six].concat(), &[]);
    }

    // The receiver counts on, so a gap shows at the next record.
    fn dropped_record() {
        let (pair, [one, _, six]) = three_records();
        assert_bad_record(pair, &[&one[..], &six].concat(), &[b"one"]);
    }

    // Each direction has its own secret, so no side can be made to read its own words as the
    // peer's.
    fn reflected_frame() {
        let (mut pair, [one, ..]) = three_records();
        pair.client.handle_bytes(&one, pair.now);
        let cause = PeerMisbehaved::UnopenableRecord.into();
        pair.run();
        assert_eq!(pair.client_seen.closed, Some(CloseReason::Failed(cause)));
        assert!(pair.client_seen.messages.is_empty());
        // The server's own record, sent back to it.
        let mut pair = established();
        pair.server.send(b"from the server", pair.now).unwrap();
        let record = pair.server.poll_transmit().unwrap();
        pair.client.handle_bytes(&record, pair.now);
        assert_bad_record(pair, &record, &[]);
    }

    // The keys depend on both sides' fresh draws and the whole transcript (PROTOCOL.md §2.4).
    fn record_of_another_session() {
        let mut other = Pair::v2();
        other.client = crate::connection::ClientConnection::new(
            v2_client_config(), seeded(6), other.now);
        other.run();
        other.client.send(b"of another session", other.now).unwrap();
        let record = other.client.poll_transmit().unwrap();
        assert_bad_record(established(), &record, &[]);
    }

    // The handshake's keys are wiped, and the sequence has begun anew.
    fn handshake_records_after_the_handshake() {
        let pair = established();
        let frames = cut(&pair.to_server[5..]);
        for frame in &frames[1..] {
            assert_bad_record(established(), frame, &[]);
        }
    }

    // Every bit is authenticated: the header as associated data, the rest by the tag (RFC 8439
    // §2.8).
    fn every_bit_of_a_record() {
        let (pair, [one, ..]) = three_records();
        let (handshake, mut answers) = (pair.to_server, Answerer::new(server_key()));
        for bit in 0..one.len() * 8 {
            let mut server = ServerConnection::new(server_config().into(), seeded(9), pair.now);
            let mut seen = Seen::default();
            let mut flipped = one.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // In two pieces, because the hello waits for a signature.
            for bytes in [&handshake[..1258], &handshake[1258..], &flipped] {
                server.handle_bytes(bytes, pair.now);
                answers.drain(&mut server, &mut seen, pair.now);
            }
            assert!(seen.established && seen.messages.is_empty(), "bit {bit}");
            let cause = match seen.closed {
                Some(CloseReason::Failed(cause)) => cause,
                // More bytes were promised than are there.
                None if bit < 32 => { server.handle_eof(); continue }
                closed => panic!("bit {bit}: {closed:?}"),
            };
            let expected = match bit / 8 {
                0..4 => [ErrorCode::FrameTooLarge, ErrorCode::BadRecord].contains(&cause.code()),
                4 => cause == unexpected(FrameKind::Message, flipped[4]),
                _ => cause == PeerMisbehaved::UnopenableRecord.into(),
            };
            assert!(expected, "bit {bit}: {cause}");
        }
    }

    // Without a close every end is a cut, between two records too (PROTOCOL.md §2.12).
    fn truncation_at_every_byte_is_noticed() {
        let (mut pair, [one, two, _]) = three_records();
        pair.client.finish(pair.now);
        let close = pair.client.poll_transmit().unwrap();
        let whole = [one.clone(), two.clone(), close].concat();
        let handshake = pair.to_server;
        let mut answers = Answerer::new(server_key());
        for end in 0..whole.len() {
            let mut server = ServerConnection::new(server_config().into(), seeded(9), pair.now);
            let mut seen = Seen::default();
            for bytes in [&handshake[..1258], &handshake[1258..], &whole[..end]] {
                server.handle_bytes(bytes, pair.now);
                answers.drain(&mut server, &mut seen, pair.now);
            }
            server.handle_eof();
            answers.drain(&mut server, &mut seen, pair.now);
            assert_eq!(seen.closed, Some(CloseReason::Truncated), "after {end} bytes");
            let messages = usize::from(end >= one.len()) + usize::from(end >= one.len() + two.len());
            assert_eq!(seen.messages.len(), messages);
        }
    }

    fn truncation_of_the_handshake_at_every_byte_is_noticed() {
        let pair = established();
        let mut answers = Answerer::new(server_key());
        for end in (0..pair.to_server.len()).step_by(7) {
            let mut server = ServerConnection::new(server_config().into(), seeded(9), pair.now);
            let mut seen = Seen::default();
            server.handle_bytes(&pair.to_server[..end], pair.now);
            server.handle_eof();
            answers.drain(&mut server, &mut seen, pair.now);
            // Before its first byte the client has said nothing that could be cut.
            let expected = if end == 0 { CloseReason::PeerClosed } else { CloseReason::Truncated };
            assert_eq!(seen.closed, Some(expected), "after {end} bytes");
            assert!(!seen.established);
        }
    }

    // A close is the last record of its direction, whoever adds to the stream (PROTOCOL.md §2.12).
    fn what_comes_after_a_close_is_not_read() {
        let mut client = HostileClient::established();
        client.say_sealed(8, b"");
        assert_eq!(client.seen.closed, Some(CloseReason::PeerClosed));
        client.say_sealed(5, &data(&[b"from beyond"]));
        client.say(&[0xff; 200]);
        assert!(client.seen.messages.is_empty() && client.heard.is_empty());
        let mut client = HostileClient::established();
        let both = [client.up.seal(8, b""), client.up.seal(5, &data(&[b"from beyond"]))].concat();
        client.say(&both);
        assert_eq!(client.seen.closed, Some(CloseReason::PeerClosed));
        assert!(client.seen.messages.is_empty());
    }

    // No inner type is 0, so a record of zeros has none (PROTOCOL.md §2.5).
    fn record_with_zero_inner() {
        for length in [0, 64, 128, 4096] {
            assert_inner_refused(&vec![0; length], PeerMisbehaved::RecordPadding, 4);
        }
    }

    // Only the shortest padding, so that a content has one form on the wire (PROTOCOL.md §2.5).
    fn padding_too_long_too_short_or_not_zero() {
        let honest = inner(5, &data(&[b"text"]));
        for extra in [1, 63, 64, 128] {
            let mut long = honest.clone();
            long.resize(honest.len() + extra, 0);
            assert_inner_refused(&long, PeerMisbehaved::RecordPadding, 4);
        }
        for short in [honest.len() - 1, 10, 9] {
            assert_inner_refused(&honest[..short], PeerMisbehaved::RecordPadding, 4);
        }
        // A padding byte other than zero is read as the inner type (PROTOCOL.md §2.5).
        let mut dirty = honest.clone();
        *dirty.last_mut().unwrap() = 0x41;
        assert_inner_refused(&dirty, unexpected(FrameKind::Message, 0x41), 1);
    }

    // A handshake message in a session would otherwise be a way to start again with another
    // identity.
    fn inner_types_that_are_late_or_unknown() {
        let content = data(&[b"text"]);
        for got in [1, 2, 3, 4, 9, 0x20, 0xff] {
            assert_inner_refused(&inner(got, &content), unexpected(FrameKind::Message, got), 1);
            let mut server = HostileServer::established();
            server.say_sealed(got, &content);
            server.assert_refused(unexpected(FrameKind::Message, got), 1);
        }
    }

    // An alert in clear could come from anybody, and must not look like the peer's (PROTOCOL.md
    // §2.11).
    fn frames_in_clear_in_a_session() {
        for got in [0, 1, 2, 4, 5, 0xff] {
            let mut client = HostileClient::established();
            client.say(&[0, 0, 0, 1, got, 6]);
            client.assert_refused(unexpected(FrameKind::Message, got), 1);
            let mut server = HostileServer::established();
            server.say(&[0, 0, 0, 1, got, 6]);
            server.assert_refused(unexpected(FrameKind::Message, got), 1);
        }
    }

    fn control_messages_with_a_wrong_length() {
        for (inner_type, content) in [
            (6, &b"x"[..]), (6, &[0; 64]), (7, b""), (7, b"\x01\x02"), (8, b"x"), (8, &[0; 200]),
        ] {
            // Zeros at the end of a content are content, because the type comes behind them.
            let inner = inner(inner_type, content);
            assert_inner_refused(&inner, InvalidMessage::ControlLength, 1);
        }
    }

    // A record delivers all of its messages or none (PROTOCOL.md §2.9), and a length allocates
    // nothing.
    fn message_lengths_that_lie_deliver_nothing_and_cost_nothing() {
        let honest = data(&[b"honest"]);
        for length in [1, 7, 59, 60, 65_536, 65_537, 0x7fff_ffff, u32::MAX] {
            let content = [&honest[..], &length.to_be_bytes()].concat();
            assert_inner_refused(&inner(5, &content), PeerMisbehaved::RecordMessages, 4);
        }
        for content in [&b""[..], b"\0", b"\0\0\0", &[&honest[..], b"\0"].concat()] {
            assert_inner_refused(&inner(5, content), PeerMisbehaved::RecordMessages, 4);
        }
        let too_long = data(&[&vec![b'x'; V2_MESSAGE_BYTES + 1]]);
        assert_inner_refused(&inner(5, &too_long), PeerMisbehaved::RecordMessages, 4);
    }

    // The header alone decides, before a byte of the body is buffered (PROTOCOL.md §2.2).
    fn frame_lengths_up_to_4_gib_cost_no_memory() {
        let limit = V2_BODY_BYTES;
        for length in [65_793, 0x0100_0000, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
            let mut client = HostileClient::established();
            client.say(&length.to_be_bytes());
            assert_eq!(client.seen.closed, None, "the header is not whole");
            client.say(&[3]);
            assert!(client.server.input_capacity() <= 1024);
            client.assert_refused(InvalidMessage::FrameTooLarge { limit }, 2);
        }
        // A length that is allowed costs the bytes that have come, not those that it promises.
        let mut client = HostileClient::established();
        client.say(&[0, 1, 0, 0, 3]);
        assert!(client.server.input_capacity() <= 1024);
    }

    // The shortest record is one block of 64 and a tag, 80 bytes (PROTOCOL.md §2.5).
    fn bodies_that_are_too_short_for_a_record() {
        for length in [0, 1, 15, 16, 17, 79] {
            let frame = [&[0, 0, 0, length, 3], &vec![7; length.into()][..]].concat();
            assert_bad_record(established(), &frame, &[]);
        }
    }

    // 65,727 bytes of content are the most that fits a body (PROTOCOL.md §2.13).
    fn the_largest_record_passes_and_the_next_does_not() {
        let text = vec![b'x'; V2_MESSAGE_BYTES];
        let mut client = HostileClient::established();
        client.say_sealed(5, &data(&[&text, &[b'y'; 65_727 - 65_536 - 8]]));
        assert_eq!(client.seen.messages.len(), 2);
        assert_eq!(client.seen.messages[0], text);
        let limit = V2_BODY_BYTES;
        let frame = client.up.seal(5, &data(&[&text, &[b'y'; 65_728 - 65_536 - 8]]));
        client.say(&frame);
        client.assert_refused(InvalidMessage::FrameTooLarge { limit }, 2);
    }

    // A peer may change its keys at any time (PROTOCOL.md §2.10), so doing it all the time must
    // cost no memory and no answer.
    fn key_update_flood() {
        let mut client = HostileClient::established();
        for round in 0..5000 {
            client.say_sealed(6, b"");
            client.up.renew();
            if round % 1000 == 0 {
                client.say_sealed(5, &data(&[b"still here"]));
            }
        }
        assert_eq!(client.seen.messages.len(), 5);
        assert_eq!(client.seen.rekeyed.len(), 5000);
        assert!(client.server.input_capacity() <= 1024);
        assert!(client.heard.is_empty(), "a key update is not answered");
        // A record under the old keys, after their update.
        let mut client = HostileClient::established();
        client.say_sealed(6, b"");
        client.say_sealed(5, &data(&[b"old keys"]));
        assert!(client.seen.messages.is_empty());
        client.assert_refused(PeerMisbehaved::UnopenableRecord, 4);
    }

    // Each empty message costs four bytes on the wire and an event here: 1.24 MB for one record
    // (PROTOCOL.md §2.13).
    fn empty_messages_without_number_are_refused_with_their_record() {
        let mut client = HostileClient::established();
        client.say_sealed(5, &vec![0; 4 * V2_RECORD_MESSAGES]);
        assert_eq!(client.seen.messages.len(), V2_RECORD_MESSAGES);
        assert!(client.seen.messages.iter().all(Vec::is_empty));
        client.say_sealed(5, &vec![0; 65_724]);
        assert_eq!(client.seen.messages.len(), V2_RECORD_MESSAGES);
        client.assert_refused(PeerMisbehaved::RecordMessages, 4);
    }

    // An answer to an alert could be answered in turn (PROTOCOL.md §2.11).
    fn alerts_end_a_session_without_an_answer() {
        for (number, expected) in [
            (4, ErrorCode::BadRecord), (9, ErrorCode::Kicked),
            (0, ErrorCode::Unknown), (255, ErrorCode::Unknown),
        ] {
            let mut server = HostileServer::established();
            server.say_sealed(7, &[number]);
            assert!(matches!(server.seen.closed,
                Some(CloseReason::Reported { code, .. }) if code == expected));
            assert!(server.heard.is_empty());
            assert_dead(&mut server.client);
        }
    }

    fn a_peer_that_never_renews_its_keys() {
        let mut client = HostileClient::established();
        client.say_sealed(5, &data(&[b"text"]));
        // `rekeying` shows that a receiver counts records. Here, time alone is not held against the
        // peer, because only the sender's clock decides (PROTOCOL.md §2.10).
        let later = Time::from_millis(1000 * 60 * 60 * 24);
        client.server.handle_timeout(later);
        client.say_sealed(5, &data(&[b"a day later"]));
        assert_eq!(client.seen.messages.len(), 2);
    }
}
