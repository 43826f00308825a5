//! The ends of a connection when nobody misbehaves.

use super::*;

portable_test! {
    // A client may shut down its writing half and read the remaining answers (PROTOCOL.md §1.6).
    fn a_half_closed_peer_still_gets_its_answers() {
        let mut pair = established();
        pair.server.handle_eof();
        pair.run();
        assert_eq!(pair.server_seen.closed, Some(CloseReason::PeerClosed));
        pair.server.send(b"answer", pair.now).unwrap();
        pair.run();
        assert_eq!(pair.client_seen.messages, [b"answer"]);
    }

    // Only a cut inside a frame can be noticed: v1 has no authenticated end (PROTOCOL.md §1.6).
    fn a_stream_that_ends_inside_a_frame_was_truncated() {
        let mut pair = established();
        pair.inject(b"{\"cipher\": ");
        pair.server.handle_eof();
        pair.run();
        assert_eq!(pair.server_seen.closed, Some(CloseReason::Truncated));
    }

    // The end must not overtake messages that wait for the decryption, or they would be lost.
    fn what_came_before_the_end_is_handled_before_it() {
        let whole = conversation();
        let mut server = ServerConnection::new(server_config().into(), seeded(9), whole.now);
        server.handle_bytes(&whole.to_server, whole.now);
        server.handle_eof();
        let mut seen = Seen::default();
        Answerer::new(server_key()).drain(&mut server, &mut seen, whole.now);
        assert_eq!(seen.messages, whole.server_seen.messages);
        assert_eq!(seen.closed, Some(CloseReason::PeerClosed));
    }

    fn a_stopping_server_says_so() {
        let mut pair = established();
        pair.server.close(ErrorCode::ServerStopping, Time::default());
        pair.run();
        assert!(matches!(pair.client_seen.closed,
            Some(CloseReason::Reported { code: ErrorCode::ServerStopping, .. })));
        assert_eq!(pair.server_seen.closed, Some(CloseReason::Local(ErrorCode::ServerStopping)));
    }

    // Finishing ends one direction only, so the handshake has to go on for the other one.
    fn who_finishes_before_the_handshake_is_done_still_hears_the_other() {
        for by_server in [true, false] {
            let mut pair = Pair::new();
            if by_server {
                pair.server.finish(pair.now);
            } else {
                pair.client.finish(pair.now);
            }
            pair.run();
            assert!(pair.server_seen.established && pair.client_seen.established);
            let (up, down) = (pair.client.send(b"up", pair.now), pair.server.send(b"down", pair.now));
            assert_ne!(up.is_ok(), down.is_ok(), "one has finished");
            pair.run();
            assert_eq!(pair.server_seen.messages.len(), usize::from(up.is_ok()));
            assert_eq!(pair.client_seen.messages.len(), usize::from(down.is_ok()));
        }
    }

    // Both the end and the finish wait for the key here, and neither may be forgotten.
    fn the_end_of_a_stream_is_noticed_though_we_finished_while_the_key_was_used() {
        let mut pair = Pair::new();
        pair.run();
        let whole = pair.to_server;
        let mut server = ServerConnection::new(server_config().into(), seeded(9), pair.now);
        server.handle_bytes(&whole, pair.now);
        server.finish(pair.now);
        server.handle_eof();
        let mut seen = Seen::default();
        Answerer::new(server_key()).drain(&mut server, &mut seen, pair.now);
        assert_eq!(seen.closed, Some(CloseReason::PeerClosed));
    }
}
