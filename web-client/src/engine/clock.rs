//! The page's clocks and its dice.

use shared::chat::MessageId;
use shared::time::Time;

/// Returns the monotonic clock that the protocol runs on: `performance.now()`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn now() -> Time {
    let millis = web_sys::window()
        .and_then(|window| window.performance())
        .map_or(0.0, |c| c.now());
    Time::from_micros((millis * 1000.0) as u64)
}

/// Milliseconds since 1970, for people.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn epoch_ms() -> u64 {
    js_sys::Date::now() as u64
}

/// Returns a name for a new message.
pub fn message_id() -> MessageId {
    let mut random = [0; 10];
    // Without randomness there would be no session, and so nothing to send.
    let _ = getrandom::fill(&mut random);
    MessageId::new(epoch_ms(), random)
}

/// Returns a number in 0..=1000, for the back-off's jitter; nothing secret depends on it.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn jitter() -> u16 {
    (js_sys::Math::random() * 1000.0) as u16
}
