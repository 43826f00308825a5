//! Whole v1 conversations, in every split of the stream.

use super::*;

portable_test! {
    // A driver may log its events, so no text may show in them.
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

    // TCP delivers any pieces, so a receiver must give the same result for each (PROTOCOL.md §1.1).
    fn the_server_works_for_every_split_of_the_stream() {
        let whole = conversation();
        let mut answers = Answerer::new(server_key());
        let now = whole.now;
        for split in 0..=whole.to_server.len() {
            let mut server = ServerConnection::new(server_config().into(), seeded(9), now);
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

    // The client may send messages together with its handshake, without waiting (PROTOCOL.md §1.3).
    fn the_server_works_in_pieces_and_with_a_late_key_operation() {
        let whole = conversation();
        let now = whole.now;
        let mut answers = Answerer::new(server_key());
        for size in [1, 7, whole.to_server.len()] {
            let mut server = ServerConnection::new(server_config().into(), seeded(9), now);
            let mut seen = Seen::default();
            for piece in whole.to_server.chunks(size) {
                server.handle_bytes(piece, now);
            }
            // The handshake's operation is answered only after everything has come.
            answers.drain(&mut server, &mut seen, now);
            assert_eq!(seen, whole.server_seen, "pieces of {size}");
        }
    }

    // A server may send its PEM with the last newline, and then the terminator (PROTOCOL.md §1.2).
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

    // The server must take what any JSON library writes (PROTOCOL.md §1.3).
    fn indented_json_in_another_order_with_unknown_keys_is_accepted() {
        let mut pair = established();
        let (cipher, tag) = Sealer::new(&session_of_pair()).seal(b"hello");
        let text = |bytes: &[u8]| {
            let mut text = Vec::new();
            append_base64(bytes, &mut text);
            // `\/` is how PHP and others write `/`.
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

    // Otherwise the message would go out in clear or be lost.
    fn sending_before_the_handshake_is_an_error_of_the_caller() {
        let mut pair = Pair::new();
        assert_eq!(pair.client.send(b"early", pair.now), Err(SendError::NotEstablished));
        assert_eq!(pair.server.send(b"early", pair.now), Err(SendError::NotEstablished));
    }

    fn frames_are_reported_when_asked_and_hold_the_exact_bytes() {
        let mut server = server_config();
        server.observe = Observe::Frames;
        let mut client = client_config();
        client.observe = Observe::Frames;
        let now = Time::from_millis(0);
        let mut server = ServerConnection::new(server.into(), seeded(9), now);
        let mut client = ClientConnection::new(client, seeded(5), now);
        let mut frames = Vec::new();
        let mut stream = Vec::new();
        // Four rounds are enough for announcement, handshake and one message.
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
        let bytes: Vec<u8> = frames.into_iter().flat_map(|frame| frame.wire).collect();
        assert_eq!(bytes, stream);
    }
}
