//! Whole v2 conversations, in every split of the stream.

use super::*;
use crate::limits::V2_MESSAGE_BYTES;

portable_test! {
    fn a_conversation_goes_both_ways_and_both_know_whom_they_talk_to() {
        let pair = conversation();
        assert_eq!(pair.server_seen.messages[2], "grüße 🦀\n\nzwei Absätze".as_bytes());
        assert_eq!(pair.client_seen.messages.len(), 6);
        assert_eq!(pair.client_seen.server_key, Some((server_key().public_key().clone(), true)));
        assert_eq!((&pair.client_seen.closed, &pair.server_seen.closed), (&None, &None));
        let id = pair.client.session_id();
        assert!(id.is_some() && id == pair.server.session_id());
        let exporter = pair.client.exporter();
        assert!(exporter.is_some() && exporter == pair.server.exporter());
    }

    // TCP delivers any pieces, so a receiver must give the same result for each (PROTOCOL.md §2.1).
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
            // With aws-lc the signature is another one each time, and so is everything after it.
            if cfg!(not(feature = "aws-lc")) {
                assert_eq!(seen, whole.server_seen, "split at {split}");
            }
        }
    }

    fn a_byte_at_a_time_works_in_both_directions() {
        let mut pair = Pair::v2();
        let now = pair.now;
        let mut answers = (Answerer::new(client_key()), Answerer::new(server_key()));
        pair.client.send(b"early", now).unwrap_err();
        for _ in 0..5 {
            answers.0.drain(&mut pair.client, &mut pair.client_seen, now);
            for byte in pair.client.poll_transmit().unwrap_or_default() {
                pair.server.handle_bytes(&[byte], now);
            }
            answers.1.drain(&mut pair.server, &mut pair.server_seen, now);
            for byte in pair.server.poll_transmit().unwrap_or_default() {
                pair.client.handle_bytes(&[byte], now);
            }
        }
        assert!(pair.client_seen.established && pair.server_seen.established);
    }

    // One seal and one system call for many messages (PROTOCOL.md §2.9).
    fn messages_that_wait_together_share_one_record() {
        let mut pair = established();
        let before = pair.to_client.len();
        for number in 0..100u8 {
            pair.server.send(&[number; 200], pair.now).unwrap();
        }
        pair.run();
        assert_eq!(pair.client_seen.messages.len(), 100);
        // 100 × (4 + 200) bytes and the inner type, padded to 64, with header and tag.
        let expected = (100 * 204 + 1usize).next_multiple_of(64) + 5 + 16;
        assert_eq!(pair.to_client.len() - before, expected);
    }

    fn more_than_a_record_holds_goes_into_several() {
        let mut pair = established();
        for number in 0..40u8 {
            pair.server.send(&vec![number; 16 * 1024], pair.now).unwrap();
        }
        pair.run();
        let expected: Vec<_> = (0..40u8).map(|number| vec![number; 16 * 1024]).collect();
        assert_eq!(pair.client_seen.messages, expected);
    }

    fn the_largest_message_passes_and_one_more_byte_does_not() {
        let mut pair = established();
        let largest = vec![b'x'; V2_MESSAGE_BYTES];
        pair.client.send(&largest, pair.now).unwrap();
        pair.run();
        assert_eq!(pair.server_seen.messages, std::slice::from_ref(&largest));
        let limit = V2_MESSAGE_BYTES;
        assert_eq!(
            pair.client.send(&[&largest[..], b"x"].concat(), pair.now),
            Err(SendError::TooLarge { limit })
        );
    }

    // An observer must not read a text's exact length from its record (PROTOCOL.md §2.13, §2.15).
    fn lengths_show_in_steps_only() {
        let record = |length: usize| {
            let mut pair = established();
            let before = pair.to_server.len();
            pair.client.send(&vec![b'x'; length], pair.now).unwrap();
            pair.run();
            pair.to_server.len() - before
        };
        // 4 bytes of length and 1 of inner type leave 59 of the first 64, so the 60th starts a new
        // step.
        assert_eq!(record(0), record(59));
        assert_eq!(record(59) + 64, record(60));
    }

    // The page shows these frames to people, so they must be the bytes of the wire.
    fn frames_are_reported_when_asked_and_hold_the_exact_bytes() {
        let mut server = server_config();
        server.observe = Observe::Frames;
        let mut pair = Pair::with(server, v2_client_config());
        let mut frames = Vec::new();
        for _ in 0..6 {
            let up = pair.client.poll_transmit().unwrap_or_default();
            pair.server.handle_bytes(&up, pair.now);
            pair.to_server.extend(up);
            while let Some(event) = pair.server.poll_event() {
                match event {
                    Event::PrivateKey(request) => pair.server.handle_private_key(
                        request.answer(server_key(), &mut seeded(8)), pair.now),
                    Event::Established { .. } => pair.server.send(b"welcome", pair.now).unwrap(),
                    Event::Frame(frame) => frames.push(frame),
                    _ => {}
                }
            }
            let down = pair.server.poll_transmit().unwrap_or_default();
            pair.client.handle_bytes(&down, pair.now);
            pair.to_client.extend(down);
            while let Some(event) = pair.client.poll_event() {
                if let Event::PrivateKey(request) = event {
                    pair.client.handle_private_key(
                        request.answer(client_key(), &mut seeded(8)), pair.now);
                }
            }
        }
        let kinds: Vec<_> = frames.iter().map(|frame| (frame.direction, frame.kind)).collect();
        assert_eq!(kinds, [
            (Direction::Sent, FrameKind::Announcement),
            (Direction::Received, FrameKind::Preface),
            (Direction::Received, FrameKind::ClientHello),
            (Direction::Sent, FrameKind::ServerHello),
            (Direction::Sent, FrameKind::ServerAuth),
            (Direction::Sent, FrameKind::ServerFinished),
            (Direction::Received, FrameKind::ClientAuth),
            (Direction::Received, FrameKind::ClientFinished),
            (Direction::Sent, FrameKind::Message),
        ]);
        for (direction, stream) in [
            (Direction::Sent, &pair.to_client), (Direction::Received, &pair.to_server)
        ] {
            let bytes: Vec<u8> = frames.iter()
                .filter(|frame| frame.direction == direction)
                .flat_map(|frame| frame.wire.clone())
                .collect();
            assert_eq!(&bytes, stream);
        }
    }
}
