//! The page's clocks and its randomness.

use shared::chat::MessageId;
use shared::time::Time;

/// Returns the monotonic clock that the protocol runs on: `performance.now()`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn now() -> Time {
    // Not the wall clock, which can be set, and would move the protocol's deadlines with it.
    let millis = web_sys::window()
        .and_then(|window| window.performance())
        .map_or(0.0, |c| c.now());
    Time::from_micros((millis * 1000.0) as u64)
}

/// Returns the wall clock in milliseconds since 1970.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn epoch_ms() -> u64 {
    js_sys::Date::now() as u64
}

/// Returns an id for a new message.
pub fn message_id() -> MessageId {
    let mut random = [0; 10];
    // Without randomness there would be no session, and so nothing to send.
    let _ = getrandom::fill(&mut random);
    MessageId::new(epoch_ms(), random)
}

/// Returns a number in 0..=1000, for the back-off's jitter. Nothing secret depends on it, so
/// `Math.random` is good enough.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn jitter() -> u16 {
    (js_sys::Math::random() * 1000.0) as u16
}
