//! Attacks on the messages of the handshake, each named. Those that need no secret are open to
//! anybody in between; the others to a hostile peer. Attacks on its proofs are in
//! [`super::proof_attacks`].

use super::hostile::{
    HostileClient, HostileServer, assert_dead, clear_alert, client_hears, server_hears, unexpected,
};
use super::insider::{Draws, data, unhex};
use super::*;
use crate::limits::V2_HANDSHAKE_BODY_BYTES;
use crate::time::Time;

/// Returns every u-coordinate of low order, in every encoding below 2^255 (RFC 7748 §6.1, §7), and
/// each with the highest bit set.
fn points_of_low_order() -> Vec<[u8; 32]> {
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]
    .into_iter()
    .flat_map(|text| {
        let point: [u8; 32] = unhex(text).try_into().unwrap();
        let mut with_high_bit = point;
        with_high_bit[31] |= 0x80;
        [point, with_high_bit]
    })
    .collect()
}

fn failed(cause: impl Into<Error>) -> CloseReason {
    CloseReason::Failed(cause.into())
}

portable_test! {
    // With such a point the shared secret is zero, whatever the other side draws, so anybody knows
    // it (RFC 7748 §6.1).
    fn x25519_all_zero_and_low_order_points() {
        let hellos = Draws::of_pair().hellos();
        for point in points_of_low_order() {
            let mut hello = hellos.client.clone();
            hello[37..69].copy_from_slice(&point);
            let (seen, told) = server_hears(&hello);
            assert_eq!(seen.closed, Some(failed(PeerMisbehaved::LowOrderPoint)), "{point:x?}");
            assert_eq!(told, clear_alert(3));

            let mut hello = hellos.server.clone();
            hello[37..69].copy_from_slice(&point);
            let (seen, told) = client_hears(&hello);
            assert_eq!(seen.closed, Some(failed(PeerMisbehaved::LowOrderPoint)), "{point:x?}");
            assert_eq!(told, clear_alert(3));
        }
    }

    // The modulus check of FIPS 203 §7.2, which an encapsulating side has to make.
    fn ml_kem_key_not_reduced() {
        let mut hello = Draws::of_pair().hellos().client;
        hello[69..72].copy_from_slice(&[0x01, 0x0d, 0x00]);
        let (seen, told) = server_hears(&hello);
        assert_eq!(seen.closed, Some(failed(PeerMisbehaved::EncapsulationKey)));
        assert_eq!(told, clear_alert(3));
    }

    // Implicit rejection (FIPS 203 §6.3): the failure shows only in the first record, and only as
    // `bad_record`.
    fn ml_kem_ciphertext_garbage_gives_a_secret_that_opens_nothing() {
        let whole = established();
        let flight = &super::insider::split_announcement(&whole.to_client).1;
        for fill in [0, 0x5a, 0xff] {
            let mut flight = flight.to_vec();
            flight[69..1157].fill(fill);
            let (seen, told) = client_hears(&flight);
            assert_eq!(seen.closed, Some(failed(PeerMisbehaved::UnopenableRecord)));
            assert_eq!((seen.server_key, told[4]), (None, 3), "a sealed alert");
        }
    }

    // A hello has one length, and a header that lies about it must cost no memory (PROTOCOL.md
    // §2.2).
    fn hellos_of_a_wrong_length_and_of_a_lying_length() {
        for length in [0usize, 1, 1247, 1249, 8192] {
            let header = |frame_type| {
                [&u32::try_from(length).unwrap().to_be_bytes()[..], &[frame_type]].concat()
            };
            let body = vec![7; length];
            let (seen, told) = server_hears(&[header(1), body.clone()].concat());
            assert_eq!(seen.closed, Some(failed(InvalidMessage::HandshakeLength(FrameKind::ClientHello))));
            assert_eq!(told, clear_alert(3));
            let (seen, told) = client_hears(&[header(2), body].concat());
            assert_eq!(seen.closed, Some(failed(InvalidMessage::HandshakeLength(FrameKind::ServerHello))));
            assert_eq!(told, clear_alert(3));
        }
        let limit = V2_HANDSHAKE_BODY_BYTES;
        // One byte over the limit, and lengths of gigabytes: refused by the header alone.
        for header in [[0, 0, 0x20, 1, 1], [0xff; 5], [0x7f, 0xff, 0xff, 0xff, 2]] {
            let (seen, told) = server_hears(&header);
            assert_eq!(seen.closed, Some(failed(InvalidMessage::FrameTooLarge { limit })));
            assert_eq!(told, clear_alert(2));
            let (seen, told) = client_hears(&header);
            assert_eq!(seen.closed, Some(failed(InvalidMessage::FrameTooLarge { limit })));
            assert_eq!(told, clear_alert(2));
        }
    }

    // A state takes its own frame only (PROTOCOL.md §2.8).
    fn frames_of_another_type_in_place_of_a_hello() {
        let hellos = Draws::of_pair().hellos();
        for got in [0, 2, 3, 5, 255] {
            let mut hello = hellos.client.clone();
            hello[4] = got;
            let (seen, told) = server_hears(&hello);
            assert_eq!(seen.closed, Some(failed(unexpected(FrameKind::ClientHello, got))));
            assert_eq!(told, clear_alert(1));
        }
        // The client's own hello, sent back to it, is among these.
        for got in [0, 1, 3, 5, 255] {
            let mut hello = hellos.client.clone();
            hello[4] = got;
            let (seen, told) = client_hears(&hello);
            assert_eq!(seen.closed, Some(failed(unexpected(FrameKind::ServerHello, got))));
            assert_eq!(told, clear_alert(1));
        }
    }

    // A second hello would let a peer replace keys that are agreed on.
    fn two_hellos_and_two_prefaces() {
        let hello = Draws::of_pair().hellos().client;
        let mut client = HostileClient::after_hello();
        client.say(&hello);
        client.assert_refused(unexpected(FrameKind::ClientAuth, 1), 1);
        let (seen, told) = server_hears(b"SC/2\n");
        let limit = V2_HANDSHAKE_BODY_BYTES;
        assert_eq!(seen.closed, Some(failed(InvalidMessage::FrameTooLarge { limit })));
        assert_eq!(told, clear_alert(2));
    }

    fn every_inner_type_that_does_not_belong_in_the_handshake() {
        // Above all data before the finished message, and a close in place of client_finished.
        let content = data(&[b"too early"]);
        for got in [1, 2, 4, 5, 6, 9, 0x20, 0xff] {
            let mut client = HostileClient::after_hello();
            client.say_sealed(got, &content);
            assert!(client.seen.messages.is_empty());
            client.assert_refused(unexpected(FrameKind::ClientAuth, got), 1);
        }
        for got in [1, 2, 3, 5, 6, 8, 9, 0xff] {
            let mut client = HostileClient::after_hello();
            let proof = client.auth();
            client.prove(&proof);
            client.say_sealed(got, &content);
            assert!(client.seen.messages.is_empty());
            client.assert_refused(unexpected(FrameKind::ClientFinished, got), 1);
        }
        for got in [2, 3, 4, 5, 6, 8, 9, 0xff] {
            let mut server = HostileServer::after_hello();
            server.say_sealed(got, &content);
            assert!(server.seen.messages.is_empty());
            server.assert_refused(unexpected(FrameKind::ServerAuth, got), 1);
        }
        for got in [1, 3, 4, 5, 6, 8, 9, 0xff] {
            let mut server = HostileServer::after_hello();
            let proof = server.auth("SC/2 server auth");
            server.prove(1, &proof);
            server.say_sealed(got, &content);
            assert!(server.seen.messages.is_empty());
            server.assert_refused(unexpected(FrameKind::ServerFinished, got), 1);
        }
    }

    // Once there are keys, only what is sealed counts: an alert in clear could come from anybody.
    fn frames_in_clear_where_only_sealed_ones_belong() {
        for got in [0, 1, 2, 4, 5, 255] {
            let mut server = HostileServer::after_hello();
            server.say(&[0, 0, 0, 1, got, 3]);
            server.assert_refused(unexpected(FrameKind::ServerAuth, got), 1);
            let mut client = HostileClient::after_hello();
            let proof = client.auth();
            client.prove(&proof);
            client.say(&[0, 0, 0, 1, got, 3]);
            client.assert_refused(unexpected(FrameKind::ClientFinished, got), 1);
        }
        // An error frame of v1 has no place any more, because its sender would have keys by now.
        let mut server = HostileServer::after_hello();
        server.say(b"{\"error\": \"server_stopping\", \"message\": \"\"}\n\n");
        let limit = V2_HANDSHAKE_BODY_BYTES;
        server.assert_refused(InvalidMessage::FrameTooLarge { limit }, 2);
    }

    // Without the server's hello the client has no keys, so its alert has to be taken in clear
    // (PROTOCOL.md §2.11).
    fn a_client_that_refuses_the_hello_is_understood_in_clear() {
        let mut client = HostileClient::after_hello();
        client.say(&clear_alert(3));
        assert!(matches!(client.seen.closed,
            Some(CloseReason::Reported { code: ErrorCode::HandshakeFailed, .. })));
        assert!(client.heard.is_empty(), "an alert is not answered");
        assert_dead(&mut client.server);
    }

    // An unknown number is a newer peer's; a wrong length is nobody's.
    fn alerts_of_wrong_length_and_unknown_ones() {
        for alert in [&[0, 0, 0, 0, 4][..], &[0, 0, 0, 2, 4, 1, 2]] {
            let (seen, told) = server_hears(alert);
            assert_eq!(seen.closed, Some(failed(InvalidMessage::ControlLength)));
            assert_eq!(told, clear_alert(1));
            let (seen, told) = client_hears(alert);
            assert_eq!(seen.closed, Some(failed(InvalidMessage::ControlLength)));
            assert_eq!(told, clear_alert(1));
        }
        for content in [&[][..], &[1, 2], &[0; 300]] {
            let mut client = HostileClient::after_hello();
            client.say_sealed(7, content);
            client.assert_refused(InvalidMessage::ControlLength, 1);
            let mut server = HostileServer::after_hello();
            server.say_sealed(7, content);
            server.assert_refused(InvalidMessage::ControlLength, 1);
        }
        for number in [0, 10, 255] {
            let (seen, told) = client_hears(&clear_alert(number));
            assert!(matches!(seen.closed,
                Some(CloseReason::Reported { code: ErrorCode::Unknown, .. })));
            assert!(told.is_empty());
        }
    }

    // `{` in place of a header's first byte starts v1's error frame, and nothing else (PROTOCOL.md
    // §2.7, step 3).
    fn an_error_frame_that_is_none_in_place_of_server_hello() {
        let (seen, told) = client_hears(b"{\"hello\": 1}\n\n");
        assert_eq!(seen.closed, Some(failed(unexpected(FrameKind::ServerHello, b'{'))));
        assert_eq!(told, clear_alert(1));
        let (seen, told) = client_hears(&vec![b'{'; 17_000]);
        assert_eq!(seen.closed, Some(failed(InvalidMessage::FrameTooLarge { limit: 16 * 1024 })));
        assert_eq!(told, clear_alert(2));
    }

    // The server's signature takes time in which a stranger must not fill its memory.
    fn garbage_behind_a_hello_while_the_server_signs_is_bounded() {
        let mut pair = Pair::v2();
        let now = pair.now;
        let hello = pair.client.poll_transmit().unwrap();
        pair.server.handle_bytes(&hello, now);
        assert!(!pair.server.wants_bytes(), "a driver that asks leaves it to flow control");
        for _ in 0..100 {
            pair.server.handle_bytes(&[0x55; 4096], now);
            assert!(pair.server.input_capacity() <= 4 * V2_HANDSHAKE_BODY_BYTES);
        }
        pair.run();
        assert_eq!(pair.server_seen.closed, Some(failed(InvalidMessage::TooMuchPending)));
        assert!(pair.to_client.ends_with(&clear_alert(1)));
        assert_dead(&mut pair.server);
    }

    // The server's answer does not depend on bytes behind the hello, and they still end the
    // connection.
    fn garbage_within_the_limit_behind_a_hello_is_judged_after_the_signature() {
        let mut pair = Pair::v2();
        let hello = pair.client.poll_transmit().unwrap();
        pair.inject(&[&hello[..], &[0x55; 4096]].concat());
        let limit = V2_HANDSHAKE_BODY_BYTES;
        assert_eq!(pair.server_seen.closed, Some(failed(InvalidMessage::FrameTooLarge { limit })));
        assert!(!pair.server_seen.established);
    }

    fn a_client_learns_nothing_by_not_reading() {
        // Whatever a stranger does, one connection costs one signature: more would be a lever on
        // the server's processor.
        let mut pair = Pair::v2();
        let hello = pair.client.poll_transmit().unwrap();
        pair.server.handle_bytes(&hello, pair.now);
        pair.server.handle_bytes(&hello, pair.now);
        let requests = std::iter::from_fn(|| pair.server.poll_event())
            .filter(|event| matches!(event, Event::PrivateKey(_)))
            .count();
        assert_eq!(requests, 1);
    }

    // A driver may answer late or twice, and must not move the handshake by it.
    fn a_signature_that_nobody_asked_for_or_that_fails() {
        let now = Time::default();
        let mut pair = Pair::v2();
        let signed = || crate::connection::PrivateKeyResponse::Signed(Ok(vec![1; 256]));
        pair.server.handle_private_key(signed(), now);
        pair.client.handle_private_key(signed(), now);
        pair.run();
        assert!(pair.client_seen.established && pair.server_seen.established);
        pair.server.handle_private_key(signed(), now);
        pair.client.handle_private_key(signed(), now);
        pair.run();
        assert_eq!((&pair.client_seen.closed, &pair.server_seen.closed), (&None, &None));

        let mut pair = Pair::v2();
        let hello = pair.client.poll_transmit().unwrap();
        pair.server.handle_bytes(&hello, now);
        let Some(Event::PrivateKey(request)) = pair.server.poll_event() else { panic!() };
        pair.server.handle_private_key(request.refuse(), now);
        pair.run();
        assert_eq!(pair.server_seen.closed, Some(failed(crate::error::LocalFailure::PrivateKey)));
        assert!(pair.to_client.ends_with(&clear_alert(3)), "in clear: no hello went before it");
    }
}
