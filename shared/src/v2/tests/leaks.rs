//! Everything that must never get out: messages that were not sealed, events after the end, secrets
//! in logs.

use super::*;
use crate::connection::Version;

/// Returns `true` if `text` lies in `bytes` as it is.
fn shows(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// Returns everything that the server still writes.
fn rest_of(pair: &mut Pair) -> Vec<u8> {
    std::iter::from_fn(|| pair.server.poll_transmit())
        .flatten()
        .collect()
}

const SECRET: &[u8] = b"a text that waits to be sealed";

portable_test! {
    // Waiting messages lie in clear until they are sealed, so each kind of end has to seal or drop
    // them.
    fn a_waiting_message_does_not_leave_in_clear_however_we_end() {
        let ends: [fn(&mut Pair); 4] = [
            |pair| pair.server.close(ErrorCode::Kicked, pair.now),
            |pair| pair.server.handle_bytes(&[0xff; 5], pair.now),
            |pair| pair.server.handle_eof(),
            |pair| pair.server.finish(pair.now),
        ];
        for end in ends {
            let mut pair = established();
            pair.server.send(SECRET, pair.now).unwrap();
            end(&mut pair);
            let rest = rest_of(&mut pair);
            assert!(!shows(&rest, SECRET));
            // Messages that were sent before the end still arrive.
            pair.client.handle_bytes(&rest, pair.now);
            pair.run();
            assert_eq!(pair.client_seen.messages, [SECRET]);
        }
    }

    fn waiting_messages_and_keys_do_not_show_in_debug() {
        let mut pair = established();
        pair.server.send(SECRET, pair.now).unwrap();
        let bytes = format!("{SECRET:?}");
        let shown = format!("{:?}", pair.server);
        assert!(!shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
        assert!(!shown.contains("a text that waits"), "{shown}");
    }

    // Drivers free what belongs to a connection at `Closed`, so no event may follow it.
    fn closed_is_the_last_event_even_if_we_go_on_sending() {
        for version in [Version::V1, Version::V2] {
            let (mut server, mut client) = (server_config(), v2_client_config());
            server.observe = crate::connection::Observe::Frames;
            server.limits.rekey.records = 1;
            client.version = version;
            let mut pair = Pair::with(server, client);
            pair.run();
            pair.client.finish(pair.now);
            pair.run();
            pair.server.handle_eof();
            pair.run();
            assert_eq!(pair.server_seen.closed, Some(CloseReason::PeerClosed));
            for answer in [b"one", b"two"] {
                pair.server.send(answer, pair.now).unwrap();
                // `Pair` refuses every event after `Closed`.
                pair.run();
            }
            assert_eq!(pair.client_seen.messages, [b"one", b"two"]);
        }
    }
}
