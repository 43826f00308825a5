//! The protocol on an in-memory pair: whole conversations, every split, and attacks by name.

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

/// A pair after its handshake.
fn established() -> Pair {
    let mut pair = Pair::new();
    pair.run();
    assert!(pair.client_seen.established && pair.server_seen.established);
    pair
}

/// A conversation that has every kind of frame but the error frame.
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

/// The session keys of a seeded client, for tests that forge its frames.
fn session_of_pair() -> SessionBlob {
    SessionBlob::generate(&mut seeded(5)).unwrap()
}

/// A handshake frame over `blob` with a right signature by the client's key.
fn handshake_over(blob: &[u8]) -> Vec<u8> {
    let enc_session = oaep_encrypt(server_key().public_key(), blob, &mut seeded(6)).unwrap();
    let signature = client_key().sign(blob, &mut seeded(7)).unwrap();
    handshake::encode(&enc_session, client_key().public_key(), &signature)
}

/// What a fresh server does with `bytes` in place of a handshake.
fn server_sees(bytes: &[u8]) -> (Seen, Vec<u8>) {
    let mut pair = Pair::new();
    let _announcement = pair.server.poll_transmit();
    pair.inject(bytes);
    (pair.server_seen, pair.to_client)
}

/// What a fresh client sees of `stream`, split at the given places, and after the announcement:
/// what follows it is the answer to the client's handshake, and cannot come in one read with it.
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

/// The server closed with `expected`, and told the client its code and nothing else.
fn assert_refused(seen: &Seen, to_client: &[u8], expected: &Error) {
    assert_eq!(seen.closed, Some(CloseReason::Failed(expected.clone())));
    assert_eq!(to_client, error_frame::encode(expected.code()));
}

/// The same after the handshake: `frame` arrives at an established server.
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

portable_test! {
    fn plaintext_does_not_show_in_debug() {
        let mut pair = established();
        pair.client.send(b"confidential", pair.now).unwrap();
        let frame = pair.client.poll_transmit().unwrap();
        pair.server.handle_bytes(&frame, pair.now);
        let event = pair.server.poll_event().unwrap();
        assert_eq!(format!("{event:?}"), "Message(12 bytes)");
    }

    fn a_conversation_goes_both_ways() {
        let pair = conversation();
        assert_eq!(pair.server_seen.messages[2], "grüße 🦀\n\nzwei Absätze".as_bytes());
        assert_eq!(pair.client_seen.messages.len(), 3);
        assert_eq!(pair.client_seen.closed, None);
    }

    fn the_server_works_for_every_split_of_the_stream() {
        let whole = conversation();
        let mut answers = Answerer::new(server_key());
        let now = whole.now;
        for split in 0..=whole.to_server.len() {
            let mut server = ServerConnection::new(server_config().into(), now);
            let mut seen = Seen::default();
            let (first, second) = whole.to_server.split_at(split);
            for piece in [first, second] {
                server.handle_bytes(piece, now);
                answers.drain(&mut server, &mut seen, now);
            }
            assert_eq!(seen, whole.server_seen, "split at {split}");
        }
    }

    fn the_client_works_for_every_split_of_the_stream() {
        let whole = conversation();
        let mut answers = Answerer::new(client_key());
        for split in 0..=whole.to_client.len() {
            let seen = client_sees(&mut answers, &whole.to_client, &[split]);
            assert_eq!(seen, whole.client_seen, "split at {split}");
        }
        let everywhere: Vec<_> = (0..whole.to_client.len()).collect();
        assert_eq!(client_sees(&mut answers, &whole.to_client, &everywhere), whole.client_seen);
    }

    fn the_server_works_in_pieces_and_with_a_late_key_operation() {
        let whole = conversation();
        let now = whole.now;
        let mut answers = Answerer::new(server_key());
        for size in [1, 7, whole.to_server.len()] {
            let mut server = ServerConnection::new(server_config().into(), now);
            let mut seen = Seen::default();
            for piece in whole.to_server.chunks(size) {
                server.handle_bytes(piece, now);
            }
            // The handshake's operation is answered only after everything has come.
            answers.drain(&mut server, &mut seen, now);
            assert_eq!(seen, whole.server_seen, "pieces of {size}");
        }
    }

    fn an_announcement_with_one_more_newline_is_accepted() {
        let whole = conversation();
        let end = whole.to_client.windows(2).position(|pair| pair == b"\n\n").unwrap() + 2;
        let mut stream = whole.to_client.clone();
        stream.insert(end, b'\n');
        let mut answers = Answerer::new(client_key());
        for splits in [vec![], vec![end], vec![end + 1], (0..stream.len()).collect()] {
            assert_eq!(client_sees(&mut answers, &stream, &splits), whole.client_seen);
        }
    }

    fn indented_json_in_another_order_with_unknown_keys_is_accepted() {
        let mut pair = established();
        let (cipher, tag) = Sealer::new(&session_of_pair()).seal(b"hello");
        let text = |bytes: &[u8]| {
            let mut text = Vec::new();
            append_base64(bytes, &mut text);
            // `\/` is what PHP and others write for `/`.
            String::from_utf8(text).unwrap().replace('/', "\\/")
        };
        let frame = format!(
            "{{\n  \"hmac\": \"{}\",\n  \"extra\": [1, {{\"deep\": null}}],\n  \"cipher\": \"{}\"\n}}\n\n",
            text(&tag), text(&cipher)
        );
        pair.inject(frame.as_bytes());
        assert_eq!(pair.server_seen.messages, [b"hello"]);
    }

    fn the_largest_message_passes_and_one_more_byte_does_not() {
        let mut pair = established();
        let now = pair.now;
        let largest = (0..=MESSAGE_FRAME_BYTES)
            .rev()
            .find(|bytes| message::frame_bytes(*bytes) <= MESSAGE_FRAME_BYTES)
            .unwrap();
        pair.client.send(&vec![b'x'; largest], now).unwrap();
        pair.run();
        assert_eq!(pair.server_seen.messages, [vec![b'x'; largest]]);
        let limit = MESSAGE_FRAME_BYTES;
        assert_eq!(
            pair.client.send(&vec![b'x'; largest + 1], now),
            Err(SendError::TooLarge { limit })
        );
    }

    fn sending_before_the_handshake_is_an_error_of_the_caller() {
        let mut pair = Pair::new();
        assert_eq!(pair.client.send(b"early", pair.now), Err(SendError::NotEstablished));
        assert_eq!(pair.server.send(b"early", pair.now), Err(SendError::NotEstablished));
    }

    fn frames_are_reported_when_asked_and_hold_the_exact_bytes() {
        let mut server = server_config();
        server.observe_frames = true;
        let mut client = client_config();
        client.observe_frames = true;
        let now = Time::from_millis(0);
        let mut server = ServerConnection::new(server.into(), now);
        let mut client = ClientConnection::new(client, seeded(5), now);
        let mut frames = Vec::new();
        let mut stream = Vec::new();
        for _ in 0..4 {
            while let Some(bytes) = server.poll_transmit() {
                stream.extend_from_slice(&bytes);
                client.handle_bytes(&bytes, now);
            }
            while let Some(event) = client.poll_event() {
                match event {
                    Event::PrivateKey(request) => client.handle_private_key(
                        request.answer(client_key(), &mut seeded(8)), now),
                    Event::Established { .. } => client.send(b"hello", now).unwrap(),
                    Event::Frame(frame) => frames.push(frame),
                    _ => {}
                }
            }
            while let Some(bytes) = client.poll_transmit() {
                stream.extend_from_slice(&bytes);
                server.handle_bytes(&bytes, now);
            }
            while let Some(event) = server.poll_event() {
                if let Event::PrivateKey(request) = event {
                    server.handle_private_key(request.answer(server_key(), &mut seeded(8)), now);
                }
            }
        }
        let kinds: Vec<_> = frames.iter().map(|frame| (frame.direction, frame.kind)).collect();
        assert_eq!(kinds, [
            (Direction::Received, FrameKind::Announcement),
            (Direction::Sent, FrameKind::Handshake),
            (Direction::Sent, FrameKind::Message),
        ]);
        let bytes: Vec<u8> = frames.into_iter().flat_map(|frame| frame.bytes).collect();
        assert_eq!(bytes, stream);
    }

    // --- the stream's end --------------------------------------------------------------------

    fn a_half_closed_peer_still_gets_its_answers() {
        let mut pair = established();
        pair.server.handle_eof();
        pair.run();
        assert_eq!(pair.server_seen.closed, Some(CloseReason::PeerClosed));
        pair.server.send(b"answer", pair.now).unwrap();
        pair.run();
        assert_eq!(pair.client_seen.messages, [b"answer"]);
    }

    fn a_stream_that_ends_inside_a_frame_was_truncated() {
        let mut pair = established();
        pair.inject(b"{\"cipher\": ");
        pair.server.handle_eof();
        pair.run();
        assert_eq!(pair.server_seen.closed, Some(CloseReason::Truncated));
    }

    fn what_came_before_the_end_is_handled_before_it() {
        let whole = conversation();
        let mut server = ServerConnection::new(server_config().into(), whole.now);
        server.handle_bytes(&whole.to_server, whole.now);
        server.handle_eof();
        let mut seen = Seen::default();
        Answerer::new(server_key()).drain(&mut server, &mut seen, whole.now);
        assert_eq!(seen.messages, whole.server_seen.messages);
        assert_eq!(seen.closed, Some(CloseReason::PeerClosed));
    }

    fn a_stopping_server_says_so() {
        let mut pair = established();
        pair.server.close(ErrorCode::ServerStopping);
        pair.run();
        assert!(matches!(pair.client_seen.closed,
            Some(CloseReason::Reported { code: ErrorCode::ServerStopping, .. })));
        assert_eq!(pair.server_seen.closed, Some(CloseReason::Local(ErrorCode::ServerStopping)));
    }

    // --- attacks on the handshake ------------------------------------------------------------

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

    fn endless_unterminated_handshake() {
        let limit = HANDSHAKE_FRAME_BYTES;
        let (seen, told) = server_sees(&vec![b'{'; limit + 2]);
        assert_refused(&seen, &told, &InvalidMessage::FrameTooLarge { limit }.into());
    }

    fn session_blob_of_47_and_49_bytes() {
        for length in [0, 47, 49] {
            let (seen, told) = server_sees(&handshake_over(&vec![7; length]));
            assert_refused(&seen, &told, &PeerMisbehaved::SessionBlobLength(length).into());
        }
    }

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
            b"SC/2\n\n\n",
        ] {
            let (seen, told) = server_sees(frame);
            assert!(matches!(seen.closed,
                Some(CloseReason::Failed(Error::InvalidMessage(InvalidMessage::Json(_))))), "{frame:?}");
            assert_eq!(told, error_frame::encode(ErrorCode::Malformed));
        }
    }

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

    fn message_before_handshake() {
        let (seen, told) = server_sees(&message_frame(&[0; 16], &[0; 32]));
        assert!(matches!(seen.closed,
            Some(CloseReason::Failed(Error::InvalidMessage(InvalidMessage::Json(_))))));
        assert_eq!(told, error_frame::encode(ErrorCode::Malformed));
    }

    fn handshake_twice() {
        let mut pair = established();
        let again = pair.to_server.clone();
        pair.inject(&again);
        assert!(matches!(pair.server_seen.closed,
            Some(CloseReason::Failed(Error::InvalidMessage(InvalidMessage::Json(_))))));
    }

    fn v1_where_it_is_not_allowed_is_refused_at_its_first_byte() {
        let mut config = server_config();
        config.allow_v1 = false;
        let mut pair = Pair::with(config, client_config());
        let _announcement = pair.server.poll_transmit();
        pair.inject(b"{");
        assert_refused(&pair.server_seen, &pair.to_client, &Error::V1Disabled);
    }

    fn flood_behind_an_unanswered_handshake_is_bounded() {
        let mut server = ServerConnection::new(server_config().into(), Time::default());
        server.handle_bytes(&handshake_over(&[7; 48]), Time::default());
        assert!(!server.wants_bytes());
        for _ in 0..40 {
            server.handle_bytes(&vec![b'x'; 64 * 1024], Time::default());
        }
        let events: Vec<_> = std::iter::from_fn(|| server.poll_event()).collect();
        assert!(matches!(events.last(), Some(Event::Closed(CloseReason::Failed(
            Error::InvalidMessage(InvalidMessage::TooMuchPending))))));
    }

    // --- attacks on messages -----------------------------------------------------------------

    fn wrong_mac_padding_and_length_are_one_error() {
        let sealer = Sealer::new(&session_of_pair());
        let expected = PeerMisbehaved::UnopenableMessage.into();
        let (cipher, tag) = sealer.seal(b"hello");

        let mut wrong_tag = tag;
        wrong_tag[31] ^= 1;
        assert_message_refused(&message_frame(&cipher, &wrong_tag), &expected);
        assert_message_refused(&message_frame(&cipher, &tag[..31]), &expected);
        assert_message_refused(&message_frame(&cipher, &[]), &expected);

        let mut flipped = cipher.clone();
        flipped[0] ^= 1;
        assert_message_refused(&message_frame(&flipped, &tag), &expected);

        // With a right MAC, so that the padding is what fails.
        for cipher in [&[0x5a; 16][..], &[0x5a; 32], &[0x5a; 15], &[]] {
            let tag = sealer.mac_of(cipher);
            assert_message_refused(&message_frame(cipher, &tag), &expected);
        }
    }

    fn endless_unterminated_message() {
        let limit = MESSAGE_FRAME_BYTES;
        assert_message_refused(
            &vec![b'x'; limit + 2],
            &InvalidMessage::FrameTooLarge { limit }.into(),
        );
    }

    // --- attacks on the client ---------------------------------------------------------------

    fn a_server_that_announces_nonsense() {
        for (frame, code) in [
            (&b"HTTP/1.1 400 Bad Request\r\n\n\n"[..], ErrorCode::Malformed),
            (b"SERVER_PUB\nhello\n\n", ErrorCode::Malformed),
            (b"SERVER_PUB\n\xff\n\n", ErrorCode::Malformed),
        ] {
            let mut client = ClientConnection::new(client_config(), seeded(5), Time::default());
            client.handle_bytes(frame, Time::default());
            let Some(Event::Closed(CloseReason::Failed(error))) = client.poll_event() else {
                panic!("not refused: {frame:?}");
            };
            assert_eq!(error.code(), code);
        }
    }

    fn an_error_frame_in_place_of_the_announcement_is_reported() {
        let mut client = ClientConnection::new(client_config(), seeded(5), Time::default());
        let frame = b"{\"error\": \"too_many_connections\", \"message\": \"Later\\u001b[31m, please.\"}\n\n";
        client.handle_bytes(frame, Time::default());
        let Some(Event::Closed(CloseReason::Reported { code, message })) = client.poll_event()
        else { panic!("not reported") };
        assert_eq!(code, ErrorCode::TooManyConnections);
        assert_eq!(message, "Later[31m, please.");
    }

    fn an_error_frame_while_the_client_still_signs_is_reported_at_once() {
        let mut config = server_config();
        config.allow_v1 = false;
        let mut server = ServerConnection::new(config.into(), Time::default());
        server.close(ErrorCode::TooManyConnections);
        let mut client = ClientConnection::new(client_config(), seeded(5), Time::default());
        // Announcement and error frame in one read, and then the stream's end.
        client.handle_bytes(&server.poll_transmit().unwrap(), Time::default());
        client.handle_eof();
        let events: Vec<_> = std::iter::from_fn(|| client.poll_event()).collect();
        assert!(matches!(events.last(), Some(Event::Closed(CloseReason::Reported {
            code: ErrorCode::TooManyConnections, .. }))), "{events:?}");
    }

    fn a_message_before_the_handshake_is_refused_by_the_client() {
        let mut client = ClientConnection::new(client_config(), seeded(5), Time::default());
        let mut server = ServerConnection::new(server_config().into(), Time::default());
        client.handle_bytes(&server.poll_transmit().unwrap(), Time::default());
        client.handle_bytes(&message_frame(&[0; 16], &[0; 32]), Time::default());
        let events: Vec<_> = std::iter::from_fn(|| client.poll_event()).collect();
        assert!(matches!(events.last(), Some(Event::Closed(CloseReason::Failed(
            Error::InvalidMessage(InvalidMessage::BeforeHandshake))))), "{events:?}");
    }

    fn a_signature_that_fails_ends_the_client_and_sends_nothing() {
        let mut pair = Pair::new();
        let announcement = pair.server.poll_transmit().unwrap();
        pair.client.handle_bytes(&announcement, pair.now);
        let request = loop {
            if let Some(Event::PrivateKey(request)) = pair.client.poll_event() { break request }
        };
        pair.client.handle_private_key(request.refuse(), pair.now);
        assert!(matches!(pair.client.poll_event(),
            Some(Event::Closed(CloseReason::Failed(Error::Local(_))))));
        assert_eq!(pair.client.poll_transmit(), None);
    }
}

/// Every byte that a seeded client sends, frozen: a change of the wire shows here first.
///
/// Only with the backend that takes its salt from the given randomness.
#[cfg(not(feature = "aws-lc"))]
mod frozen {
    use super::*;
    use sha2::{Digest, Sha256};

    portable_test! {
        fn the_wire_of_a_seeded_conversation_is_frozen() {
            let pair = conversation();
            let hash = |bytes: &[u8]| {
                Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
            };
            assert_eq!(hash(&pair.to_client), "91dfff1d3abdcacc1862d8c005fbd56bc218c63f172eed5f047c2b702619bba2");
            assert_eq!(hash(&pair.to_server), "6ea1c57917f402b486674c86e218a38d2fc6cb9c44f8a47e14f70ee8461c085c");
        }
    }
}
