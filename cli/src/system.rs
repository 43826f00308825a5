//! The system's clocks and randomness in the forms that the protocol takes.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use shared::random::{Random, RandomUnavailable};
use shared::time::Time;
use shared::trust::UnixTime;

/// Returns the operating system's randomness.
pub(crate) fn random() -> Random {
    Random::new(|bytes| getrandom::fill(bytes).map_err(|_| RandomUnavailable))
}

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

/// A monotonic clock that starts at zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// Starts the clock at the present moment.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    pub(crate) fn now(self) -> Time {
        Time::default() + self.0.elapsed()
    }

    /// Converts `time` to the runtime's instant.
    pub(crate) fn instant(self, time: Time) -> tokio::time::Instant {
        (self.0 + time.saturating_since(Time::default())).into()
    }
}
