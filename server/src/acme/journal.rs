//! The journal of attempts, which bounds how often a directory is asked: over restarts, too.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::error::AcmeError;
use super::stored;

/// The name of the file in the data folder.
const FILE_NAME: &str = "acme_attempts.json";

/// Most attempts in [`WINDOW`]. Let's Encrypt has 5 failed proofs for each name and account in an
/// hour.
const ATTEMPTS: usize = 5;

/// The time in which [`ATTEMPTS`] are counted, in seconds.
const WINDOW: u64 = 60 * 60;

/// The pause after the first failure, in seconds. Each further one is three times as long: four
/// attempts are in the first hour.
const FIRST_PAUSE: u64 = 2 * 60;

/// The longest pause, in seconds. A certificate of 90 days is tried for 30, one of 6 days for 2.
const LONGEST_PAUSE: u64 = 12 * 60 * 60;

/// The longest text of an error that is kept, in characters.
const ERROR_CHARS: usize = 400;

/// The attempts to get a certificate, as they are stored. Times are seconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Journal {
    /// The directory of the attempts.
    directory: String,
    /// The names of the attempts.
    names: Vec<String>,
    /// The stored certificate was issued by another directory.
    is_moved: bool,
    /// The last attempts, oldest first.
    attempts: Vec<u64>,
    /// The attempts that have failed since the last one that has not.
    failures: u32,
    /// The earliest time of the next automatic attempt.
    next: u64,
    /// The time before which the directory does not want to be asked.
    not_before: u64,
    /// The last failure.
    error: Option<String>,
}

/// Returns the journal's place.
pub(super) fn path(data: &Path) -> PathBuf {
    data.join(FILE_NAME)
}

impl Journal {
    /// Reads the journal of a data folder; an empty one if there is none.
    ///
    /// # Errors
    /// The file cannot be read or is none.
    pub(super) fn read(data: &Path) -> Result<Self, AcmeError> {
        Ok(stored::read(&path(data))?.unwrap_or_default())
    }

    /// Returns the last failure, if the last attempt has failed.
    pub(super) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Returns whether the certificate that is there is another directory's.
    pub(super) fn is_moved(&self) -> bool {
        self.is_moved
    }

    /// Forgets the failures of another directory or of other names. How often was asked stays.
    pub(super) fn set_purpose(&mut self, directory: &str, names: &[String]) {
        let is_same = self.directory == directory;
        if is_same && self.names == names {
            return;
        }
        *self = Self {
            is_moved: self.is_moved || !(is_same || self.directory.is_empty()),
            directory: directory.to_owned(),
            names: names.to_vec(),
            attempts: std::mem::take(&mut self.attempts),
            ..Self::default()
        };
    }

    /// Returns the earliest time of the next attempt. If a person asks for it, the pause after
    /// failures counts for nothing; the directory's own wish and the bound do.
    pub(super) fn earliest(&self, now: SystemTime, is_asked: bool) -> SystemTime {
        let now = seconds(now);
        // A clock that was wrong must not stop this for years.
        let bounded = |at: u64, most: u64| at.min(now + most);
        let pause = if is_asked {
            0
        } else {
            bounded(self.next, LONGEST_PAUSE * 2)
        };
        let recent: Vec<_> = self.recent(now).collect();
        let full = match recent.len().checked_sub(ATTEMPTS) {
            Some(first) => recent.get(first).map_or(0, |oldest| oldest + WINDOW),
            None => 0,
        };
        let wish = bounded(self.not_before, 7 * 24 * 60 * 60);
        moment(pause.max(full).max(wish))
    }

    /// Notes an attempt that begins.
    pub(super) fn begin(&mut self, now: SystemTime) {
        let now = seconds(now);
        self.attempts = self.recent(now).collect();
        self.attempts.push(now);
        let spare = self.attempts.len().saturating_sub(ATTEMPTS);
        self.attempts.drain(..spare);
        // Before its end is known: a process that is killed in each attempt must not try at once.
        self.fail(now, 0.0);
    }

    /// Notes that the attempt that has begun last has failed. `spread`, from 0 to 1, makes the pause
    /// up to a quarter longer: servers that have failed together do not come back together.
    pub(super) fn failed(
        &mut self,
        now: SystemTime,
        error: &str,
        not_before: Option<SystemTime>,
        spread: f64,
    ) {
        self.failures = self.failures.saturating_sub(1);
        self.fail(seconds(now), spread);
        self.not_before = not_before.map_or(0, seconds);
        self.error = Some(error.chars().take(ERROR_CHARS).collect());
    }

    /// Notes that the attempt that has begun last has got a certificate.
    pub(super) fn succeeded(&mut self) {
        self.is_moved = false;
        self.failures = 0;
        self.next = 0;
        self.not_before = 0;
        self.error = None;
    }

    fn fail(&mut self, now: u64, spread: f64) {
        let factor = 3_u64.saturating_pow(self.failures);
        let pause = FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        let longer = Duration::from_secs(pause / 4).mul_f64(spread.clamp(0.0, 1.0));
        self.next = now + pause + longer.as_secs();
    }

    /// Returns the attempts of the last hour. Those in the future are of a clock that was wrong.
    fn recent(&self, now: u64) -> impl Iterator<Item = u64> {
        let attempts = self.attempts.iter().copied();
        attempts.filter(move |at| *at <= now && now - at < WINDOW)
    }
}

fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn moment(seconds: u64) -> SystemTime {
    let moment = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    moment.unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_800_000_000;

    fn at(after: u64) -> SystemTime {
        moment(START + after)
    }

    fn fail(journal: &mut Journal, now: SystemTime) {
        journal.begin(now);
        journal.failed(now, "no", None, 1.0);
    }

    #[test]
    fn a_server_that_fails_for_ever_keeps_the_limits_of_directories() {
        let mut journal = Journal::default();
        let (mut now, mut times) = (at(0), Vec::new());
        for _ in 0..12 {
            times.push(seconds(now) - START);
            fail(&mut journal, now);
            now = journal.earliest(now, false);
        }
        // 2, 6, 18, 54 minutes, 2.7 and 8.1 hours, then 12, each a quarter longer.
        assert_eq!(times[..5], [0, 150, 600, 1950, 6000]);
        let in_first_hour = times.iter().filter(|at| **at < WINDOW).count();
        assert!(in_first_hour <= ATTEMPTS, "{times:?}");
        let last = times[11] - times[10];
        assert_eq!(last, LONGEST_PAUSE / 4 * 5, "{times:?}");
        journal.succeeded();
        assert!(journal.earliest(now, false) <= now);
    }

    #[test]
    fn a_person_who_asks_again_and_again_is_bounded() {
        let mut journal = Journal::default();
        for after in 0..5 {
            assert!(journal.earliest(at(after), true) <= at(after));
            fail(&mut journal, at(after));
        }
        for is_asked in [true, false] {
            assert_eq!(journal.earliest(at(5), true), at(WINDOW));
            assert!(journal.earliest(at(5), is_asked) >= at(WINDOW));
        }
        assert!(journal.earliest(at(WINDOW), true) <= at(WINDOW));
        fail(&mut journal, at(WINDOW));
        assert_eq!(journal.earliest(at(WINDOW), true), at(WINDOW + 1));
    }

    #[test]
    fn a_process_that_is_killed_in_each_attempt_waits_as_one_that_fails() {
        let mut journal = Journal::default();
        journal.begin(at(0));
        assert_eq!(journal.earliest(at(1), false), at(FIRST_PAUSE));
        journal.begin(at(FIRST_PAUSE));
        assert_eq!(journal.earliest(at(121), false), at(FIRST_PAUSE * 4));
    }

    #[test]
    fn the_wish_of_the_directory_counts_even_if_a_person_asks() {
        let mut journal = Journal::default();
        journal.begin(at(0));
        journal.failed(at(0), "rate limited", Some(at(9000)), 0.0);
        assert_eq!(journal.earliest(at(1), true), at(9000));
        assert_eq!(journal.earliest(at(1), false), at(9000));
        assert_eq!(journal.error(), Some("rate limited"));
    }

    #[test]
    fn a_clock_that_was_wrong_stops_nothing_for_long() {
        let mut journal = Journal::default();
        let year = 365 * 24 * 60 * 60;
        for _ in 0..ATTEMPTS {
            fail(&mut journal, at(year));
        }
        journal.failed(at(year), "no", Some(at(year)), 1.0);
        assert!(journal.earliest(at(0), true) <= at(7 * 24 * 60 * 60));
        journal.not_before = 0;
        assert!(journal.earliest(at(0), false) <= at(LONGEST_PAUSE * 2));
        assert!(journal.earliest(at(0), true) <= at(0));
        // Before 1970, which is a clock without a battery.
        assert!(journal.earliest(UNIX_EPOCH - Duration::from_secs(9), true) <= at(0));
    }

    #[test]
    fn other_names_forget_the_failures_but_not_the_count() {
        let mut journal = Journal::default();
        let names = |names: &[&str]| names.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
        journal.set_purpose("staging", &names(&["a"]));
        fail(&mut journal, at(0));
        let before = journal.clone();
        journal.set_purpose("staging", &names(&["a"]));
        assert_eq!(journal, before);
        journal.set_purpose("staging", &names(&["a", "b"]));
        assert!(journal.earliest(at(1), false) <= at(1));
        assert_eq!((journal.attempts.len(), journal.error()), (1, None));
        // The certificate is another directory's, until this one has issued one.
        assert!(!journal.is_moved());
        journal.set_purpose("production", &names(&["a", "b"]));
        assert!(journal.is_moved());
        fail(&mut journal, at(2));
        assert!(journal.is_moved());
        journal.succeeded();
        assert!(!journal.is_moved());
    }

    #[test]
    fn a_long_error_is_cut() {
        let mut journal = Journal::default();
        journal.begin(at(0));
        journal.failed(at(0), &"x".repeat(100_000), None, 0.0);
        assert_eq!(journal.error().unwrap().len(), ERROR_CHARS);
    }
}
