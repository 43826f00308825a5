//! The servers that a client accepts, and that the others learn nothing of it.

use super::*;

fn pair_with(trust: Trust) -> Pair {
    let mut client = v2_client_config();
    client.trust = trust;
    let mut pair = Pair::with(server_config(), client);
    pair.run();
    pair
}

portable_test! {
    // The protocol never waits for a person: the client learns the key and leaves (PROTOCOL.md
    // §2.14).
    fn a_first_contact_learns_the_proven_key_and_leaves_in_peace() {
        let pair = pair_with(Trust::Learn);
        let presented = server_key().public_key().fingerprint();
        assert_eq!(pair.client_seen.server_key, Some((server_key().public_key().clone(), true)));
        assert_eq!(pair.client_seen.closed,
            Some(CloseReason::Failed(Untrusted::Unknown { presented }.into())));
        assert!(!pair.client_seen.established);
        // The server has seen neither the client's key nor an error.
        assert_eq!(pair.server_seen.closed, Some(CloseReason::PeerClosed));
        assert!(!pair.server_seen.established);
    }

    // The pin is checked before client_auth, because a server in between must not learn who the
    // client is (PROTOCOL.md §2.7, step 6).
    fn a_changed_key_is_refused_before_the_client_says_who_it_is() {
        let pinned = client_key().public_key().fingerprint();
        let pair = pair_with(Trust::Pinned(pinned));
        let presented = server_key().public_key().fingerprint();
        assert_eq!(pair.client_seen.closed,
            Some(CloseReason::Failed(Untrusted::Changed { pinned, presented }.into())));
        assert!(matches!(pair.server_seen.closed,
            Some(CloseReason::Reported { code: ErrorCode::HandshakeFailed, .. })));
        assert!(!pair.server_seen.established);
    }

    fn any_server_that_proves_its_key_is_accepted_if_asked_for() {
        let pair = pair_with(Trust::Any);
        assert!(pair.client_seen.established);
    }

    fn a_server_that_announces_a_key_that_it_does_not_hold() {
        // The server announces the real server's key, and signs with its own.
        let mut pair = Pair::v2();
        let up = pair.client.poll_transmit().unwrap();
        pair.server.handle_bytes(&up, pair.now);
        let request = loop {
            if let Some(Event::PrivateKey(request)) = pair.server.poll_event() { break request }
        };
        pair.server.handle_private_key(request.answer(client_key(), &mut seeded(8)), pair.now);
        pair.run();
        assert_eq!(pair.client_seen.closed,
            Some(CloseReason::Failed(PeerMisbehaved::WrongProof.into())));
        assert_eq!(pair.client_seen.server_key, None, "an unproven key is not shown as the server's");
    }

    // The preface is the version, so another version's must not pass for v2.
    fn the_preface_is_checked_byte_by_byte() {
        for preface in [&b"SC/3\n"[..], b"SC/2\r\n", b"SSH-2.0", b"SX"] {
            let mut pair = Pair::v2();
            let _announcement = pair.server.poll_transmit();
            pair.inject(preface);
            assert_eq!(pair.server_seen.closed,
                Some(CloseReason::Failed(InvalidMessage::Preface.into())));
            assert_eq!(pair.to_client, [0, 0, 0, 1, 4, 1], "alert 1 in clear");
        }
    }

    // v1 switched off must not lock out the clients that the switch protects (PROTOCOL.md §2.11).
    fn a_client_that_wants_v2_works_where_v1_is_refused() {
        let mut server = server_config();
        server.allow_v1 = false;
        let mut pair = Pair::with(server, v2_client_config());
        pair.run();
        assert!(pair.client_seen.established);
    }
}
