//! Attacks on v1's handshake, each named.

use super::*;

portable_test! {
    // A slow sender must not hold a permit for ever: the deadline counts from the start, not from
    // the last byte.
    fn handshake_byte_per_second_runs_into_the_deadline() {
        let whole = conversation();
        let mut pair = Pair::new();
        let _announcement = pair.server.poll_transmit();
        let start = pair.now;
        for (second, byte) in whole.to_server.iter().enumerate() {
            pair.now = start + Duration::from_secs(second as u64);
            pair.server.handle_timeout(pair.now);
            pair.server.handle_bytes(&[*byte], pair.now);
        }
        assert_eq!(pair.server.poll_timeout(), None);
        pair.run();
        assert_refused(&pair.server_seen, &pair.to_client, &Error::TimedOut);
    }

    // A deadline that outlived the handshake would end an honest session.
    fn the_deadline_is_what_the_limits_say_and_ends_with_the_handshake() {
        let mut pair = Pair::new();
        let deadline = pair.now + HANDSHAKE_TIMEOUT;
        assert_eq!(pair.server.poll_timeout(), Some(deadline));
        assert_eq!(pair.client.poll_timeout(), Some(deadline));
        pair.run();
        assert_eq!(pair.server.poll_timeout(), None);
        assert_eq!(pair.client.poll_timeout(), None);
        pair.server.handle_timeout(deadline + HANDSHAKE_TIMEOUT);
        assert!(pair.server.is_established());
    }

    // Memory: without a limit a stranger could fill it with one frame.
    fn endless_unterminated_handshake() {
        let limit = HANDSHAKE_FRAME_BYTES;
        let (seen, told) = server_sees(&vec![b'{'; limit + 2]);
        assert_refused(&seen, &told, &InvalidMessage::FrameTooLarge { limit }.into());
    }

    // The blob is one key and one IV; no other length has a defined reading (PROTOCOL.md §1.3).
    fn session_blob_of_47_and_49_bytes() {
        for length in [0, 47, 49] {
            let (seen, told) = server_sees(&handshake_over(&vec![7; length]));
            assert_refused(&seen, &told, &PeerMisbehaved::SessionBlobLength(length).into());
        }
    }

    // The signature is all that ties the session's keys to the client's identity. Signatures of a
    // wrong length are refused before any arithmetic (RFC 8017 §8.1.2 step 1).
    fn signature_over_another_blob() {
        let blob = [7; 48];
        let enc_session = oaep_encrypt(server_key().public_key(), &blob, &mut seeded(6)).unwrap();
        let signature = client_key().sign(&[8; 48], &mut seeded(7)).unwrap();
        for signature in [&signature[..], &[0; 256], &[0xff; 256], &signature[1..], &[], &[1; 999]] {
            let frame = handshake::encode(&enc_session, client_key().public_key(), signature);
            let (seen, told) = server_sees(&frame);
            assert_refused(&seen, &told, &PeerMisbehaved::WrongSignature.into());
        }
    }

    // Whatever fails in the decryption, one code: otherwise the server would be an oracle (Manger,
    // CRYPTO 2001).
    fn session_encrypted_to_another_key_or_garbage() {
        let blob = [7; 48];
        let signature = client_key().sign(&blob, &mut seeded(7)).unwrap();
        let other = oaep_encrypt(client_key().public_key(), &blob, &mut seeded(6)).unwrap();
        for enc_session in [&other[..], &[0; 256], &[0xff; 256], &other[1..], &[], &[1; 999]] {
            let frame = handshake::encode(enc_session, client_key().public_key(), &signature);
            let (seen, told) = server_sees(&frame);
            assert_refused(&seen, &told, &PeerMisbehaved::SessionUndecryptable.into());
        }
    }

    // Arrays would be taken for a struct's fields in order by serde, and a repeated key could be
    // read in two ways (PROTOCOL.md §1.3).
    fn handshake_that_is_no_object_or_lacks_a_field() {
        for frame in [
            &b"\n\n"[..],
            b"[\"a\", \"b\", \"c\"]\n\n",
            b"null\n\n",
            b"{}\n\n",
            b"{\"enc_session\": \"\", \"client_pub\": \"\"}\n\n",
            b"{\"enc_session\": 1, \"client_pub\": 2, \"client_sig\": 3}\n\n",
            b"{\"enc_session\": \"\", \"enc_session\": \"\", \"client_pub\": \"\", \"client_sig\": \"\"}\n\n",
            b"\xff\xfe\n\n",
        ] {
            let (seen, told) = server_sees(frame);
            assert!(matches!(seen.closed,
                Some(CloseReason::Failed(Error::InvalidMessage(InvalidMessage::Json(_))))), "{frame:?}");
            assert_eq!(told, error_frame::encode(ErrorCode::Malformed));
        }
    }

    // Recursion and numbers without bound would cost stack and time before anything is verified.
    fn deeply_nested_and_giant_json() {
        let deep = format!("{{\"a\": {}\n\n", "[".repeat(HANDSHAKE_FRAME_BYTES - 10));
        let number = format!("{{\"a\": {}}}\n\n", "9".repeat(HANDSHAKE_FRAME_BYTES - 10));
        for frame in [deep, number] {
            let (seen, told) = server_sees(frame.as_bytes());
            assert!(matches!(seen.closed,
                Some(CloseReason::Failed(Error::InvalidMessage(InvalidMessage::Json(_))))));
            assert_eq!(told, error_frame::encode(ErrorCode::Malformed));
        }
    }

    // Base64 must be canonical: two encodings of one value would let a changed frame pass for the
    // same.
    fn base64_with_junk_names_the_field() {
        let frame = String::from_utf8(handshake_over(&[7; 48])).unwrap();
        for field in ["enc_session", "client_pub", "client_sig"] {
            let start = frame.find(field).unwrap() + field.len() + 4;
            let mut junk = frame.clone();
            junk.replace_range(start..=start, "-");
            let (seen, told) = server_sees(junk.as_bytes());
            assert_refused(&seen, &told, &InvalidMessage::Base64(field).into());
        }
    }

    // A key that does not parse is malformed, and only one that parses can fail cryptographically
    // (PROTOCOL.md §1.5).
    fn a_client_key_that_is_no_key() {
        for pem in ["", "hello", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
            let mut encoded = Vec::new();
            append_base64(pem.as_bytes(), &mut encoded);
            let encoded = String::from_utf8(encoded).unwrap();
            let frame = format!(
                "{{\"enc_session\": \"\", \"client_pub\": \"{encoded}\", \"client_sig\": \"\"}}\n\n");
            let (seen, told) = server_sees(frame.as_bytes());
            assert!(matches!(seen.closed, Some(CloseReason::Failed(
                Error::InvalidMessage(InvalidMessage::PublicKey(KeyError::Pem(_) | KeyError::Der))))));
            assert_eq!(told, error_frame::encode(ErrorCode::Malformed));
        }
    }

    // No message may be opened before the peer has proven itself.
    fn message_before_handshake() {
        let (seen, told) = server_sees(&message_frame(&[0; 16], &[0; 32]));
        assert!(matches!(seen.closed,
            Some(CloseReason::Failed(Error::InvalidMessage(InvalidMessage::Json(_))))));
        assert_eq!(told, error_frame::encode(ErrorCode::Malformed));
    }

    // A second handshake could otherwise replace the identity of an open session.
    fn handshake_twice() {
        let mut pair = established();
        let again = pair.to_server.clone();
        pair.inject(&again);
        assert!(matches!(pair.server_seen.closed,
            Some(CloseReason::Failed(Error::InvalidMessage(InvalidMessage::Json(_))))));
    }

    // At once, so that a server without v1 spends nothing on a v1 handshake.
    fn v1_where_it_is_not_allowed_is_refused_at_its_first_byte() {
        let mut config = server_config();
        config.allow_v1 = false;
        let mut pair = Pair::with(config, client_config());
        let _announcement = pair.server.poll_transmit();
        pair.inject(b"{");
        assert_refused(&pair.server_seen, &pair.to_client, &Error::V1Disabled);
    }

    // Only a driver that ignores `wants_bytes` sees this; the bound holds all the same.
    fn flood_behind_an_unanswered_handshake_is_bounded() {
        let mut server = ServerConnection::new(server_config().into(), seeded(9), Time::default());
        server.handle_bytes(&handshake_over(&[7; 48]), Time::default());
        assert!(!server.wants_bytes());
        for _ in 0..40 {
            server.handle_bytes(&vec![b'x'; 64 * 1024], Time::default());
        }
        let events: Vec<_> = std::iter::from_fn(|| server.poll_event()).collect();
        assert!(matches!(events.last(), Some(Event::Closed(CloseReason::Failed(
            Error::InvalidMessage(InvalidMessage::TooMuchPending))))));
    }
}
