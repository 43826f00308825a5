//! The clock of a connection.

use std::time::Instant;

use shared::time::Time;

/// A monotonic clock that starts at zero.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    /// Starts the clock at the present moment.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    pub fn now(self) -> Time {
        Time::default() + self.0.elapsed()
    }

    /// Converts `time` to the runtime's instant.
    pub fn instant(self, time: Time) -> tokio::time::Instant {
        (self.0 + time.saturating_since(Time::default())).into()
    }
}
