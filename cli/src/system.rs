//! The wall clock in the forms that the chat takes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shared::trust::UnixTime;

/// Returns the time of the wall clock; zero before 1970.
pub(crate) fn unix_time() -> UnixTime {
    UnixTime(since_1970().as_secs())
}

/// Returns the time of the wall clock in milliseconds.
pub(crate) fn unix_millis() -> u64 {
    u64::try_from(since_1970().as_millis()).unwrap_or(u64::MAX)
}

fn since_1970() -> Duration {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.unwrap_or_default()
}
