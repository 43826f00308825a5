//! A Python server that attacks this project's client: the client ends with the right reason, keeps
//! the messages that it had received, and buffers no more than its limit.

use shared::connection::CloseReason;
use shared::error::ErrorCode;

use crate::native_client::python_server;
use crate::support::native::{NativeClient, WriteStyle};

/// The limit of a frame; small, so that an endless frame passes it at once.
const FRAME_BYTES: usize = 256 * 1024;

/// Returns the end of a client's connection to a server with `attack`.
fn end_of(attack: &str) -> CloseReason {
    println!("{attack}");
    let (_server, address) = python_server(&["--attack", attack]);
    let mut client = NativeClient::connect(address, WriteStyle::Merged, FRAME_BYTES);
    loop {
        match client.next_event() {
            shared::connection::Event::Established { .. } => client.send("hello"),
            shared::connection::Event::Closed(reason) => {
                assert!(client.received.len() < FRAME_BYTES + 128 * 1024, "{attack}");
                return reason;
            }
            other => panic!("{attack}: {other:?}"),
        }
    }
}

#[test]
fn attacks_that_our_client_refuses() {
    let attacks = [
        ("announce_wrong_header", ErrorCode::Malformed),
        ("announce_not_a_key", ErrorCode::Malformed),
        ("announce_key_1024", ErrorCode::HandshakeFailed),
        ("announce_endless", ErrorCode::FrameTooLarge),
        ("wrong_mac", ErrorCode::BadMessage),
        ("wrong_padding_with_right_mac", ErrorCode::BadMessage),
        ("ciphertext_not_multiple_of_16", ErrorCode::BadMessage),
        ("malformed_message", ErrorCode::Malformed),
        ("base64_junk", ErrorCode::Malformed),
        ("endless_unterminated_frame", ErrorCode::FrameTooLarge),
    ];
    for (attack, code) in attacks {
        match end_of(attack) {
            CloseReason::Failed(error) => assert_eq!(error.code(), code, "{attack}: {error}"),
            other => panic!("{attack}: {other:?}"),
        }
    }
}

#[test]
fn an_error_frame_is_reported_with_its_sentence() {
    let message = "The server says goodbye.".to_owned();
    let code = ErrorCode::ServerStopping;
    assert_eq!(
        end_of("error_frame"),
        CloseReason::Reported {
            code,
            message: message.clone()
        }
    );
    let code = ErrorCode::Unknown;
    assert_eq!(
        end_of("unknown_error_code"),
        CloseReason::Reported { code, message }
    );
}

#[test]
fn a_stream_that_ends_inside_a_frame_is_no_clean_end() {
    assert_eq!(end_of("truncated_frame"), CloseReason::Truncated);
}
