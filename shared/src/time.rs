//! Monotonic time as an argument: the protocol never reads a clock.

use std::ops::Add;
use std::time::Duration;

/// A moment on a monotonic clock whose origin the driver chooses, in microseconds.
///
/// `std::time::Instant` cannot be made on wasm32, and a test cannot make one up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

impl Time {
    /// Returns the moment `micros` microseconds after the origin.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Returns the moment `millis` milliseconds after the origin.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// Returns the microseconds since the origin.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Returns the time from `earlier` to this moment; zero if this moment is not after it.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        // Saturates, because a wrapped sum would be a deadline in the past and end the connection.
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_and_measures_without_overflow() {
        let start = Time::from_millis(2);
        assert_eq!((start + Duration::from_micros(5)).as_micros(), 2005);
        assert_eq!((start + Duration::MAX).as_micros(), u64::MAX);
        assert_eq!(
            start.saturating_since(start + Duration::from_secs(1)),
            Duration::ZERO
        );
        assert_eq!(
            (start + Duration::from_secs(1)).saturating_since(start),
            Duration::from_secs(1)
        );
    }
}
