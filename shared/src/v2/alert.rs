//! Alerts: one byte that says why the sender ends the connection, and no detail of the cause.

use crate::error::InvalidMessage;
use crate::error_code::ErrorCode;
use crate::frame::CheckName;
use crate::wire::fields::ALERT;
use crate::wire::reader::Reader;

/// Returns the alert of a code. Codes of v1 that v2 does not have become the nearest one.
pub(crate) const fn to_byte(code: ErrorCode) -> u8 {
    match code {
        ErrorCode::UnexpectedMessage
        | ErrorCode::Malformed
        | ErrorCode::V1Disabled
        | ErrorCode::Unknown => 1,
        ErrorCode::FrameTooLarge => 2,
        ErrorCode::HandshakeFailed => 3,
        ErrorCode::BadRecord | ErrorCode::BadMessage => 4,
        ErrorCode::Timeout => 5,
        ErrorCode::ServerStopping => 6,
        ErrorCode::TooManyConnections => 7,
        ErrorCode::SlowConsumer => 8,
        ErrorCode::Kicked => 9,
    }
}

/// Reads an alert.
pub(crate) fn decode(reader: &mut Reader<'_, '_>) -> Result<ErrorCode, InvalidMessage> {
    let byte = reader.u8(&ALERT).filter(|_| reader.is_empty());
    let Some(byte) = byte else {
        reader.refuse(CheckName::AlertLength);
        return Err(InvalidMessage::ControlLength);
    };
    Ok(match byte {
        1 => ErrorCode::UnexpectedMessage,
        2 => ErrorCode::FrameTooLarge,
        3 => ErrorCode::HandshakeFailed,
        4 => ErrorCode::BadRecord,
        5 => ErrorCode::Timeout,
        6 => ErrorCode::ServerStopping,
        7 => ErrorCode::TooManyConnections,
        8 => ErrorCode::SlowConsumer,
        9 => ErrorCode::Kicked,
        // A newer peer may have other alerts; the connection ends all the same (PROTOCOL.md §2.11).
        _ => ErrorCode::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;
    use crate::wire::trace::Spans;

    fn read(content: &[u8]) -> Result<ErrorCode, InvalidMessage> {
        decode(&mut Reader::new(content, &mut Spans::none()))
    }

    portable_test! {
        fn alerts_round_trip_and_unknown_ones_are_told_as_such() {
            for byte in 1..=9 {
                assert_eq!(to_byte(read(&[byte]).unwrap()), byte);
            }
            for byte in [0, 10, 255] {
                assert_eq!(read(&[byte]), Ok(ErrorCode::Unknown));
            }
            for content in [&[][..], &[1, 2]] {
                assert_eq!(read(content), Err(InvalidMessage::ControlLength));
            }
        }
    }
}
