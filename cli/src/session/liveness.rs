//! The liveness of the server: when it is asked whether it is there, and when it is given up.

use std::time::Duration;

/// The silence after which the server is asked whether it is there. Half a minute is less than the
/// time for which routers keep a silent connection.
const SILENCE: Duration = Duration::from_secs(30);

/// The time that the answer may take. A sleeping mobile link wakes up within seconds; after a
/// longer wait a new connection is the better choice.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// The interval at which the wall clock is compared with the monotonic one, which stands still
/// while the machine is suspended.
const SUSPEND_CHECK: Duration = Duration::from_secs(5);

/// The lead of the wall clock over the monotonic one that means that the machine slept, or that its
/// clock was set. Either way a probe costs nothing.
const SUSPEND_MS: u64 = 10_000;

/// The liveness of the server: the time it was heard last, and the time of the probe since.
#[derive(Debug)]
pub(super) struct Life {
    heard: tokio::time::Instant,
    probed: Option<tokio::time::Instant>,
    /// The monotonic and the wall clock at their last comparison.
    compared: (tokio::time::Instant, u64),
}

impl Life {
    /// Starts at `now`. `unix_millis` is the wall clock.
    pub(super) fn start(now: tokio::time::Instant, unix_millis: u64) -> Self {
        Self {
            heard: now,
            probed: None,
            compared: (now, unix_millis),
        }
    }

    pub(super) fn heard(&mut self, now: tokio::time::Instant) {
        self.heard = now;
        self.probed = None;
    }

    /// Returns the time of the next check.
    pub(super) fn deadline(&self) -> tokio::time::Instant {
        let next = match self.probed {
            Some(probed) => probed + ANSWER_TIMEOUT,
            None => self.heard + SILENCE,
        };
        next.min(self.compared.0 + SUSPEND_CHECK)
    }

    /// Returns the step that is due. `unix_millis` is the wall clock.
    pub(super) fn check(&mut self, now: tokio::time::Instant, unix_millis: u64) -> Due {
        let (then, wall) = self.compared;
        self.compared = (now, unix_millis);
        let monotonic = u64::try_from((now - then).as_millis()).unwrap_or(u64::MAX);
        let slept = unix_millis.abs_diff(wall.saturating_add(monotonic)) > SUSPEND_MS;
        match self.probed {
            // The answer's time begins anew: the machine could not hear it while it slept.
            Some(_) if slept => self.probe(now),
            Some(probed) if now >= probed + ANSWER_TIMEOUT => Due::End,
            None if slept || now >= self.heard + SILENCE => self.probe(now),
            _ => Due::Nothing,
        }
    }

    fn probe(&mut self, now: tokio::time::Instant) -> Due {
        self.probed = Some(now);
        Due::Probe
    }
}

/// A step that a [`Life`] asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Probe,
    End,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_server_is_asked_once_and_then_given_up() {
        let start = tokio::time::Instant::now();
        let mut life = Life::start(start, 0);
        let mut now = start;
        let mut seen = Vec::new();
        while seen.last() != Some(&Due::End) {
            now = life.deadline();
            let passed = u64::try_from((now - start).as_millis()).unwrap();
            let due = life.check(now, passed);
            if due != Due::Nothing {
                seen.push(due);
            }
        }
        assert_eq!(seen, [Due::Probe, Due::End]);
        assert_eq!(now - start, SILENCE + ANSWER_TIMEOUT);
    }

    #[test]
    fn a_machine_that_slept_asks_at_once() {
        let start = tokio::time::Instant::now();
        let mut life = Life::start(start, 0);
        let now = life.deadline();
        // An hour has passed for everybody else.
        assert_eq!(life.check(now, 3_600_000), Due::Probe);
        life.heard(now);
        assert_eq!(life.check(life.deadline(), 3_605_000), Due::Nothing);
    }
}
