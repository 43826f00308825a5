//! Attacks on a v1 client, each named.

use super::*;

portable_test! {
    // The first frame comes from anybody who answers at the address, another protocol's server
    // among them.
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

    // A server without a permit reports that before it announces anything (PROTOCOL.md §2.11). The
    // frame is not authenticated, so its control characters must not reach a terminal.
    fn an_error_frame_in_place_of_the_announcement_is_reported() {
        let mut client = ClientConnection::new(client_config(), seeded(5), Time::default());
        let frame = b"{\"error\": \"too_many_connections\", \"message\": \"Later\\u001b[31m, please.\"}\n\n";
        client.handle_bytes(frame, Time::default());
        let Some(Event::Closed(CloseReason::Reported { code, message })) = client.poll_event()
        else { panic!("not reported") };
        assert_eq!(code, ErrorCode::TooManyConnections);
        assert_eq!(message, "Later[31m, please.");
    }

    // Otherwise the person would wait for a signature and then be told of a cut stream.
    fn an_error_frame_while_the_client_still_signs_is_reported_at_once() {
        let mut config = server_config();
        config.allow_v1 = false;
        let mut server = ServerConnection::new(config.into(), seeded(9), Time::default());
        server.close(ErrorCode::TooManyConnections, Time::default());
        let mut client = ClientConnection::new(client_config(), seeded(5), Time::default());
        // Announcement and error frame in one read, and then the stream's end.
        client.handle_bytes(&server.poll_transmit().unwrap(), Time::default());
        client.handle_eof();
        let events: Vec<_> = std::iter::from_fn(|| client.poll_event()).collect();
        assert!(matches!(events.last(), Some(Event::Closed(CloseReason::Reported {
            code: ErrorCode::TooManyConnections, .. }))), "{events:?}");
    }

    // There are no session keys yet, so whatever comes cannot be a message (PROTOCOL.md §1.8).
    fn a_message_before_the_handshake_is_refused_by_the_client() {
        let mut client = ClientConnection::new(client_config(), seeded(5), Time::default());
        let mut server = ServerConnection::new(server_config().into(), seeded(9), Time::default());
        client.handle_bytes(&server.poll_transmit().unwrap(), Time::default());
        client.handle_bytes(&message_frame(&[0; 16], &[0; 32]), Time::default());
        let events: Vec<_> = std::iter::from_fn(|| client.poll_event()).collect();
        assert!(matches!(events.last(), Some(Event::Closed(CloseReason::Failed(
            Error::InvalidMessage(InvalidMessage::BeforeHandshake))))), "{events:?}");
    }

    // A handshake without its signature would be refused by the server, and shows the client's key
    // for nothing.
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
