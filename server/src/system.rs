//! The system's clock and randomness in the shapes that the protocol takes.

use std::time::{SystemTime, UNIX_EPOCH};

use shared::chat::Timestamp;
use shared::random::RandomUnavailable;

/// Returns 16 random bytes of the operating system.
///
/// # Errors
/// [`RandomUnavailable`].
pub fn random_bytes() -> Result<[u8; 16], RandomUnavailable> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| RandomUnavailable)?;
    Ok(bytes)
}

/// Returns a moment of the system's clock; one that cannot be written (after year 9999) is 1970.
pub fn timestamp(time: SystemTime) -> Timestamp {
    let millis = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()),
        Err(error) => i64::try_from(error.duration().as_millis()).map(|before| -before),
    };
    let timestamp = millis.ok().and_then(Timestamp::from_unix_millis);
    timestamp.unwrap_or_default()
}
