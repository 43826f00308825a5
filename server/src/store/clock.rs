//! The clock that a store stamps entries with: the system's, or a test's.

use std::fmt;
#[cfg(test)]
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use shared::chat::Timestamp;

use super::rules;
use crate::system;

/// A clock, shared by its clones.
#[derive(Clone)]
pub(super) struct Clock {
    time: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    passed: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl Clock {
    /// Returns the system's clock, steadied: it follows the wall clock only as far as that agrees
    /// with the time that has passed. A wall clock that jumps by more than an hour would otherwise
    /// stamp messages with years to come, and make retention remove everything at once.
    pub(super) fn system() -> Self {
        // A clock that was two years ahead for one message made retention remove a whole history,
        // and stamped every later message with that time.
        let wall = || system::timestamp(SystemTime::now()).unix_millis();
        let started = Instant::now();
        let elapsed = move || i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let steady = Steady::new(wall());
        let time =
            move || Timestamp::from_unix_millis(steady.now(wall(), elapsed())).unwrap_or_default();
        Self {
            time: Arc::new(time),
            passed: Arc::new(elapsed),
        }
    }

    /// Creates a clock that a test moves. The time passes as it moves.
    #[cfg(test)]
    pub(super) fn of(millis: Arc<AtomicI64>) -> Self {
        Self::jumping(Arc::clone(&millis), millis)
    }

    /// Creates a clock that a test moves apart from the time that passes.
    #[cfg(test)]
    pub(super) fn jumping(time: Arc<AtomicI64>, passed: Arc<AtomicI64>) -> Self {
        let time = move || Timestamp::from_unix_millis(time.load(Ordering::SeqCst)).unwrap();
        Self {
            time: Arc::new(time),
            passed: Arc::new(move || passed.load(Ordering::SeqCst)),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.time)()
    }

    /// Returns the time that has passed since an arbitrary moment, in milliseconds. Nobody can set
    /// it, and it stands still while the machine is suspended.
    pub(super) fn passed(&self) -> i64 {
        (self.passed)()
    }
}

/// A wall clock that is checked against the time that has passed.
struct Steady(Mutex<State>);

struct State {
    /// The wall clock's time at the start, in milliseconds since 1970.
    base: i64,
    /// The wall clock disagrees: its time at the start by what it says now, and since when. That
    /// was logged.
    disagrees: Option<(i64, i64)>,
}

/// How long a wall clock that has jumped must go on steadily before it is believed, in
/// milliseconds. A machine that slept for hours has jumped for good: the time that has passed does
/// not count its sleep.
const BELIEVED_AFTER_MS: i64 = 10 * 60 * 1000;

/// Difference of two readings of a steady clock, in milliseconds.
const STEADY_MS: i64 = 60 * 1000;

impl Steady {
    fn new(base: i64) -> Self {
        let disagrees = None;
        Self(Mutex::new(State { base, disagrees }))
    }

    /// Returns the time, from the wall clock's and from that since the start, in milliseconds.
    fn now(&self, wall: i64, elapsed: i64) -> i64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = state.base.saturating_add(elapsed);
        let jump = wall.saturating_sub(expected);
        if jump.saturating_abs() <= rules::IMPLAUSIBLE_MS {
            // Small corrections are followed, as those of NTP.
            state.base = wall.saturating_sub(elapsed);
            state.disagrees = None;
            return wall;
        }
        // A clock that is wrong but runs gives the same start each time; one that jumps about does
        // not.
        let base = wall.saturating_sub(elapsed);
        match state.disagrees {
            Some((other, since)) if base.saturating_sub(other).saturating_abs() <= STEADY_MS => {
                if elapsed.saturating_sub(since) >= BELIEVED_AFTER_MS {
                    state.base = base;
                    state.disagrees = None;
                    tracing::warn!("the system's clock goes on steadily; messages follow it again");
                    return wall;
                }
                return expected;
            }
            // Another jump begins the ten minutes anew.
            _ => state.disagrees = Some((base, elapsed)),
        }
        tracing::warn!(
            minutes = jump / 60_000,
            "the system's clock has jumped; messages keep the time of before until it is back or \
             has gone on steadily for ten minutes"
        );
        expected
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 60 * 60 * 1000;

    // The fault: a clock two years ahead for one message erased a history kept for 30 days.
    #[test]
    fn a_clock_that_jumps_does_not_take_the_chat_with_it_and_is_followed_when_it_is_back() {
        let steady = Steady::new(1_000 * HOUR);
        assert_eq!(steady.now(1_000 * HOUR + 5, 5), 1_000 * HOUR + 5);
        // A correction of some minutes is followed, in both directions.
        assert_eq!(
            steady.now(1_000 * HOUR + 600_000, 10),
            1_000 * HOUR + 600_000
        );
        assert_eq!(steady.now(1_000 * HOUR + 20, 20), 1_000 * HOUR + 20);
        for years in [2, -2] {
            let wall = 1_000 * HOUR + years * 365 * 24 * HOUR;
            assert_eq!(steady.now(wall, 30), 1_000 * HOUR + 30);
            assert_eq!(steady.now(wall + 10, 40), 1_000 * HOUR + 40);
        }
        assert_eq!(steady.now(1_000 * HOUR + 50, 50), 1_000 * HOUR + 50);
    }

    #[test]
    fn a_machine_that_slept_for_hours_is_believed_after_a_while() {
        let steady = Steady::new(0);
        let slept = 5 * HOUR;
        assert_eq!(steady.now(slept, 0), 0);
        assert_eq!(steady.now(slept + 60_000, 60_000), 60_000);
        let later = BELIEVED_AFTER_MS;
        assert_eq!(steady.now(slept + later, later), slept + later);
        assert_eq!(steady.now(slept + later + 1, later + 1), slept + later + 1);
    }
}
