//! The ends of a session: authenticated, cut, or with an alert.

use super::*;

portable_test! {
    // A client can send its questions, close, and read the answers (PROTOCOL.md §2.12).
    fn a_close_ends_one_direction_and_the_other_still_answers() {
        let mut pair = established();
        pair.client.send(b"last words", pair.now).unwrap();
        pair.client.finish(pair.now);
        assert_eq!(pair.client.send(b"more", pair.now), Err(SendError::Closed));
        pair.run();
        assert_eq!(pair.server_seen.messages, [b"last words"]);
        assert_eq!(pair.server_seen.closed, Some(CloseReason::PeerClosed));
        pair.server.send(b"answer", pair.now).unwrap();
        pair.server.finish(pair.now);
        pair.run();
        assert_eq!(pair.client_seen.messages, [b"answer"]);
        assert_eq!(pair.client_seen.closed, Some(CloseReason::PeerClosed));
        pair.client.handle_eof();
        assert!(pair.client.poll_event().is_none(), "closed is told once");
    }

    // Anybody in between can cut a stream but cannot make a close, so the two must be told apart
    // (PROTOCOL.md §2.12).
    fn truncation_without_close() {
        let mut pair = established();
        pair.client.handle_eof();
        pair.server.handle_eof();
        pair.run();
        assert_eq!(pair.client_seen.closed, Some(CloseReason::Truncated));
        assert_eq!(pair.server_seen.closed, Some(CloseReason::Truncated));
    }

    fn a_stopping_server_says_so_in_a_sealed_alert() {
        let mut pair = established();
        let before = pair.to_client.len();
        pair.server.close(ErrorCode::ServerStopping, pair.now);
        pair.run();
        assert_eq!(pair.to_client[before + 4], 3, "a sealed frame");
        assert!(matches!(pair.client_seen.closed,
            Some(CloseReason::Reported { code: ErrorCode::ServerStopping, .. })));
    }

    // Before the client's first byte the server does not know the version, so it reports as v1 does
    // (PROTOCOL.md §2.11).
    fn a_server_without_a_place_is_understood_before_it_has_read_anything() {
        let mut pair = Pair::v2();
        pair.server.close(ErrorCode::TooManyConnections, pair.now);
        pair.run();
        assert!(matches!(pair.client_seen.closed,
            Some(CloseReason::Reported { code: ErrorCode::TooManyConnections, .. })));
    }

    // A silent client must not hold a permit, nor a silent server keep a person waiting.
    fn a_handshake_that_is_overdue_ends_on_both_sides() {
        let mut pair = Pair::v2();
        let preface = pair.client.poll_transmit().unwrap();
        pair.server.handle_bytes(&preface[..20], pair.now);
        let deadline = pair.server.poll_timeout().unwrap();
        assert_eq!(pair.client.poll_timeout(), Some(deadline));
        pair.server.handle_timeout(deadline);
        pair.client.handle_timeout(deadline);
        pair.run();
        assert_eq!(pair.server_seen.closed, Some(CloseReason::Failed(Error::TimedOut)));
        assert_eq!(pair.client_seen.closed, Some(CloseReason::Failed(Error::TimedOut)));
        assert!(pair.to_client.ends_with(&[0, 0, 0, 1, 4, 5]), "alert 5 in clear");
    }

    fn after_a_close_nothing_more_is_sent() {
        let mut pair = established();
        pair.client.send(b"text", pair.now).unwrap();
        pair.client.finish(pair.now);
        pair.run();
        let due = pair.client.poll_timeout();
        assert_eq!(due, None, "no keys are due to change");
        pair.client.close(ErrorCode::HandshakeFailed, pair.now);
        assert_eq!(pair.client.poll_transmit(), None);
    }

    // The client has changed its mind, so its key must not be shown any more.
    fn a_close_while_the_client_signs_takes_the_place_of_its_proof() {
        let mut pair = Pair::v2();
        let up = pair.client.poll_transmit().unwrap();
        pair.server.handle_bytes(&up, pair.now);
        let request = loop {
            if let Some(Event::PrivateKey(request)) = pair.server.poll_event() { break request }
        };
        pair.server.handle_private_key(request.answer(server_key(), &mut seeded(8)), pair.now);
        let down = pair.server.poll_transmit().unwrap();
        pair.client.handle_bytes(&down, pair.now);
        let request = loop {
            if let Some(Event::PrivateKey(request)) = pair.client.poll_event() { break request }
        };
        pair.client.finish(pair.now);
        pair.client.handle_private_key(request.answer(client_key(), &mut seeded(8)), pair.now);
        pair.run();
        assert_eq!(pair.server_seen.closed, Some(CloseReason::PeerClosed));
        assert!(!pair.server_seen.established);
    }

    // The session's keys are gone, so waiting messages must go with them.
    fn what_waits_when_the_peer_ends_the_session_never_goes_out_in_clear() {
        let mut pair = established();
        pair.client.send(b"confidential", pair.now).unwrap();
        pair.server.close(ErrorCode::ServerStopping, pair.now);
        let alert = pair.server.poll_transmit().unwrap();
        pair.client.handle_bytes(&alert, pair.now);
        assert_eq!(pair.client.poll_transmit(), None);
    }

    // The server may answer that close with its own, which is no error for the client (PROTOCOL.md
    // §2.12).
    fn a_client_that_leaves_instead_of_proving_itself_hears_the_servers_close() {
        let mut pair = Pair::v2();
        let up = pair.client.poll_transmit().unwrap();
        pair.server.handle_bytes(&up, pair.now);
        let request = loop {
            if let Some(Event::PrivateKey(request)) = pair.server.poll_event() { break request }
        };
        pair.server.handle_private_key(request.answer(server_key(), &mut seeded(8)), pair.now);
        pair.client.handle_bytes(&pair.server.poll_transmit().unwrap(), pair.now);
        pair.client.finish(pair.now);
        pair.run();
        assert_eq!(pair.server_seen.closed, Some(CloseReason::PeerClosed));
        pair.server.finish(pair.now);
        pair.run();
        assert_eq!(pair.client_seen.closed, Some(CloseReason::PeerClosed));
    }

    fn who_finishes_before_the_handshake_is_done_still_hears_the_other() {
        // At each of these moments the other side can still send: before anything, before the
        // signature, after it.
        for pieces in 0..3 {
            let mut pair = Pair::v2();
            let hello = pair.client.poll_transmit().unwrap();
            if pieces > 0 {
                pair.server.handle_bytes(&hello, pair.now);
            }
            if pieces > 1 {
                pair.answer_server();
            }
            pair.server.finish(pair.now);
            if pieces == 0 {
                pair.server.handle_bytes(&hello, pair.now);
            }
            pair.run();
            assert!(pair.server_seen.established && pair.client_seen.established);
            assert_eq!(pair.client_seen.closed, Some(CloseReason::PeerClosed));
            pair.client.send(b"still here", pair.now).unwrap();
            pair.client.finish(pair.now);
            pair.run();
            assert_eq!(pair.server_seen.messages, [b"still here"]);
            assert_eq!(pair.server_seen.closed, Some(CloseReason::PeerClosed));
        }
    }

    // A close needs keys, so it has to wait for them and then take client_auth's place.
    fn a_client_that_finishes_before_it_has_keys_says_so_when_it_has() {
        let mut pair = Pair::v2();
        pair.client.finish(pair.now);
        pair.run();
        assert!(!pair.server_seen.established && !pair.client_seen.established);
        assert_eq!(pair.server_seen.closed, Some(CloseReason::PeerClosed));
        pair.server.finish(pair.now);
        pair.run();
        assert_eq!(pair.client_seen.closed, Some(CloseReason::PeerClosed));
    }
}
