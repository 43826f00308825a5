//! The doubt of the clock: retention removes nothing by a time that may be wrong.

use rusqlite::Connection;

use crate::store::clock::Clock;
use crate::store::rules::IMPLAUSIBLE_MS;

/// The time for which a clock is doubted, in milliseconds: one hour, enough for a machine to set it
/// by the network, and for an operator to read the log.
const DOUBT_MS: i64 = 60 * 60 * 1000;

const MINUTE_MS: i64 = 60 * 1000;

/// The times by which retention decides whether the clock can be right.
#[derive(Debug)]
pub(super) struct Doubt {
    /// The value of [`Clock::passed`] before which retention removes nothing.
    until: Option<i64>,
    /// [`Clock::passed`] and the clock's time in milliseconds, as they were read last.
    seen: (i64, i64),
}

impl Doubt {
    /// Doubts the clock if it is more than an hour ahead of the newest entry: a machine that starts
    /// with a clock that is wrong would otherwise lose its history in the first seconds.
    pub(super) fn at_start(connection: &Connection, clock: &Clock) -> Self {
        let (passed, time) = (clock.passed(), clock.now().unix_millis());
        let newest = connection.query_row("SELECT max(last_at) FROM rooms", [], |row| row.get(0));
        // Without an answer the first sweep says what is wrong.
        let newest: Option<i64> = newest.ok().flatten();
        let silence = newest.map_or(0, |newest| time.saturating_sub(newest));
        let doubts = silence > IMPLAUSIBLE_MS;
        if doubts {
            // Usually nobody has written for so long.
            tracing::info!(
                minutes = silence / MINUTE_MS,
                "the newest entry is old, or the clock is wrong; retention waits for an hour"
            );
        }
        Self {
            until: doubts.then(|| passed.saturating_add(DOUBT_MS)),
            seen: (passed, time),
        }
    }

    /// Returns `true` if retention removes nothing now. A clock that has jumped ahead since the last
    /// call by more than an hour is doubted from then on, also if messages follow it again.
    pub(super) fn holds(&mut self, clock: &Clock) -> bool {
        let (passed, time) = (clock.passed(), clock.now().unix_millis());
        let (before, then) = std::mem::replace(&mut self.seen, (passed, time));
        let expected = then.saturating_add(passed.saturating_sub(before));
        let jump = time.saturating_sub(expected);
        if jump > IMPLAUSIBLE_MS {
            tracing::warn!(
                minutes = jump / MINUTE_MS,
                "the clock has jumped ahead; retention waits for an hour"
            );
            self.until = Some(passed.saturating_add(DOUBT_MS));
        }
        self.until.is_some_and(|until| until > passed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    const HOUR: i64 = 60 * MINUTE_MS;

    struct Scene {
        time: Arc<AtomicI64>,
        passed: Arc<AtomicI64>,
        clock: Clock,
        doubt: Doubt,
    }

    /// Starts without entries, at the hour 1,000.
    fn scene() -> Scene {
        let (time, passed) = (Arc::new(AtomicI64::new(1000 * HOUR)), Arc::default());
        let clock = Clock::jumping(Arc::clone(&time), Arc::clone(&passed));
        let empty = Connection::open_in_memory().unwrap();
        let doubt = Doubt::at_start(&empty, &clock);
        Scene {
            time,
            passed,
            clock,
            doubt,
        }
    }

    impl Scene {
        fn pass(&self, millis: i64) {
            self.time.fetch_add(millis, Ordering::SeqCst);
            self.passed.fetch_add(millis, Ordering::SeqCst);
        }

        fn jump(&self, millis: i64) {
            self.time.fetch_add(millis, Ordering::SeqCst);
        }

        fn holds(&mut self) -> bool {
            self.doubt.holds(&self.clock)
        }
    }

    // The loss: a clock that jumped by years was believed after ten minutes, and retention with it.
    // By days is enough where a day is kept.
    #[test]
    fn a_running_clock_that_jumps_ahead_removes_nothing_for_an_hour() {
        for jump in [2 * HOUR, 30 * HOUR, 2 * 365 * 24 * HOUR] {
            let mut scene = scene();
            assert!(!scene.holds());
            scene.jump(jump);
            assert!(scene.holds());
            scene.pass(HOUR / 2);
            assert!(scene.holds());
            // Nobody has set it back.
            scene.pass(HOUR / 2);
            assert!(!scene.holds());
        }
    }

    #[test]
    fn a_clock_that_is_set_back_and_jumps_again_is_doubted_again() {
        let mut scene = scene();
        scene.jump(100 * HOUR);
        assert!(scene.holds());
        scene.jump(-100 * HOUR);
        scene.pass(HOUR);
        assert!(!scene.holds());
        scene.jump(100 * HOUR);
        assert!(scene.holds());
    }

    #[test]
    fn a_sweep_after_a_quiet_month_or_a_small_correction_is_not_held_up() {
        let mut scene = scene();
        scene.pass(30 * 24 * HOUR);
        assert!(!scene.holds());
        scene.jump(HOUR / 2);
        assert!(!scene.holds());
    }
}
