//! The doubt of the clock: retention removes nothing by a time that may be wrong.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use shared::chat::Timestamp;

/// The lead of the clock, over the newest entry at the start or over the time that has passed since
/// the last sweep, from which it is doubted, in milliseconds: 7 days. A week is longer than most
/// silences and most mistakes of a clock that runs, and shorter than most rules of retention.
const DOUBTFUL_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// The time for which a clock is doubted: enough for a machine to set it by the network, and for an
/// operator to read the log.
const DOUBT: Duration = Duration::from_hours(1);

/// Decides whether retention believes the clock.
#[derive(Debug)]
pub(super) struct Doubt {
    /// The time before which retention removes nothing.
    until: Option<Instant>,
    /// The last time that retention was asked for, and the clock's time then.
    seen: (Instant, Timestamp),
}

impl Doubt {
    /// Starts with a clock that says `clock` at `now`. It is doubted if the newest entry is old: a
    /// machine that starts with a clock years ahead would otherwise lose its history in the first
    /// seconds.
    pub(super) fn at_start(connection: &Connection, now: Instant, clock: Timestamp) -> Self {
        let newest = connection.query_row("SELECT max(last_at) FROM rooms", [], |row| row.get(0));
        // Without an answer the first sweep says what is wrong.
        let newest: Option<i64> = newest.ok().flatten();
        let mut doubt = Self {
            until: None,
            seen: (now, clock),
        };
        let lead = |newest| clock.unix_millis().saturating_sub(newest);
        doubt.judge(now, newest.map_or(0, lead));
        doubt
    }

    /// Returns `true` if retention removes nothing at `now`, when the clock says `clock`. A clock
    /// that has jumped ahead since the last call is doubted like one at the start, also if messages
    /// follow it again.
    pub(super) fn holds(&mut self, now: Instant, clock: Timestamp) -> bool {
        let (then, before) = std::mem::replace(&mut self.seen, (now, clock));
        let passed = i64::try_from((now - then).as_millis()).unwrap_or(i64::MAX);
        let expected = before.unix_millis().saturating_add(passed);
        self.judge(now, clock.unix_millis().saturating_sub(expected));
        self.until.is_some_and(|until| until > now)
    }

    fn judge(&mut self, now: Instant, lead: i64) {
        if lead < DOUBTFUL_MS {
            return;
        }
        tracing::warn!(
            days = lead / (24 * 60 * 60 * 1000),
            "the clock is far ahead of the newest entry or of the time that has passed; retention \
             waits for an hour"
        );
        self.until = Some(now + DOUBT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    fn started(now: Instant, days: i64) -> Doubt {
        let empty = Connection::open_in_memory().unwrap();
        Doubt::at_start(&empty, now, at(days * DAY))
    }

    // The loss: a clock that jumped by years was believed after ten minutes, and retention with it.
    #[test]
    fn a_running_clock_that_jumps_ahead_removes_nothing_for_an_hour() {
        let start = Instant::now();
        let mut doubt = started(start, 100);
        let minute = Duration::from_mins(1);
        assert!(!doubt.holds(start + minute, at(100 * DAY + 60_000)));
        let jumped = start + 2 * minute;
        assert!(doubt.holds(jumped, at(800 * DAY)));
        assert!(doubt.holds(jumped + DOUBT / 2, at(800 * DAY + 30 * 60_000)));
        // Nobody has set it back.
        assert!(!doubt.holds(jumped + DOUBT, at(800 * DAY + 60 * 60_000)));
    }

    #[test]
    fn a_clock_that_is_set_back_and_jumps_again_is_doubted_again() {
        let start = Instant::now();
        let mut doubt = started(start, 100);
        assert!(doubt.holds(start, at(800 * DAY)));
        assert!(doubt.holds(start, at(100 * DAY)));
        let later = start + DOUBT;
        assert!(!doubt.holds(later, at(100 * DAY)));
        assert!(doubt.holds(later, at(800 * DAY)));
    }

    #[test]
    fn a_sweep_after_a_quiet_month_is_not_held_up() {
        let start = Instant::now();
        let mut doubt = started(start, 100);
        let month = Duration::from_hours(30 * 24);
        assert!(!doubt.holds(start + month, at(130 * DAY)));
    }
}
