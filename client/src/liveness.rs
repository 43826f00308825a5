//! The liveness of the server: when it is asked whether it is there, when it is doubted, and when it
//! is given up.
//!
//! Pure: the clocks are arguments. The page and the terminal client have the same rule.

use std::time::Duration;

use shared::time::Time;

/// The question whether the server is there: [`ClientMessage::Ping`] as every server reads it, also
/// before `hello`.
///
/// [`ClientMessage::Ping`]: shared::chat::ClientMessage::Ping
pub const PING: &str = r#"{"type":"ping"}"#;

/// The silence after which the server is asked whether it is there. Half a minute is less than the
/// time for which routers keep a silent connection.
const SILENCE: Duration = Duration::from_secs(30);

/// The time after which a missing answer is worth telling. A sleeping mobile link wakes up within
/// seconds, and its delay is no news.
const DOUBT: Duration = Duration::from_secs(5);

/// The time that the answer may take. After a longer wait a new connection is the better choice.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// The longest time between two checks, so that a sleep of the device is noticed when it ends.
const TICK: Duration = Duration::from_secs(5);

/// The delay of a check, on either clock, that means that the device slept or that its wall clock
/// was set.
const LATE: Duration = Duration::from_secs(10);

/// The liveness of the server: the time when it was heard last, and the probe since.
#[derive(Debug)]
pub struct Life {
    heard: Time,
    probe: Option<Probe>,
    /// The monotonic and the wall clock at the last check.
    checked: (Time, u64),
}

/// A question that is not answered yet.
#[derive(Debug, Clone, Copy)]
struct Probe {
    at: Time,
    /// [`Due::Doubt`] was returned.
    doubted: bool,
    /// The question was asked again after a sleep. Once only: the timers of a hidden tab may always
    /// be late, and the server would never be given up.
    repeated: bool,
}

/// The step that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing is due.
    Nothing,
    /// The server is to be asked whether it is there.
    Probe,
    /// The server has not answered for some seconds: people should know.
    Doubt,
    /// The server is to be given up.
    End,
}

impl Life {
    /// Starts at `now`. `unix_millis` is the wall clock.
    pub fn start(now: Time, unix_millis: u64) -> Self {
        Self {
            heard: now,
            probe: None,
            checked: (now, unix_millis),
        }
    }

    /// Records that bytes came from the server. Returns `true` if it was doubted until now.
    pub fn heard(&mut self, now: Time) -> bool {
        self.heard = now;
        self.probe.take().is_some_and(|probe| probe.doubted)
    }

    /// Returns the time of the next check.
    pub fn deadline(&self) -> Time {
        let due = match self.probe {
            None => self.heard + SILENCE,
            Some(probe) if probe.doubted => probe.at + ANSWER_TIMEOUT,
            Some(probe) => probe.at + DOUBT,
        };
        due.min(self.checked.0 + TICK)
    }

    /// Returns the step that is due. `unix_millis` is the wall clock. It only helps to notice a
    /// sleep, because monotonic clocks may stand still in one: a jump of it costs a probe, and never
    /// ends anything.
    pub fn check(&mut self, now: Time, unix_millis: u64) -> Due {
        let slept = self.slept(now, unix_millis);
        self.checked = (now, unix_millis);
        match &mut self.probe {
            None if slept || now >= self.heard + SILENCE => self.ask(now),
            // The answer's time begins anew: the device could not hear it while it slept.
            Some(probe) if slept && !probe.repeated => {
                probe.at = now;
                probe.repeated = true;
                Due::Probe
            }
            Some(probe) if now >= probe.at + ANSWER_TIMEOUT => Due::End,
            Some(probe) if !probe.doubted && now >= probe.at + DOUBT => {
                probe.doubted = true;
                Due::Doubt
            }
            _ => Due::Nothing,
        }
    }

    /// Returns [`Due::Probe`] unless an answer is awaited already: for when something suggests that
    /// the connection may be dead, such as another network.
    pub fn ask(&mut self, now: Time) -> Due {
        if self.probe.is_some() {
            return Due::Nothing;
        }
        self.probe = Some(Probe {
            at: now,
            doubted: false,
            repeated: false,
        });
        Due::Probe
    }

    /// Returns `true` if the last check is so long ago, on either clock, that the device must have
    /// slept since.
    fn slept(&self, now: Time, unix_millis: u64) -> bool {
        let (then, wall) = self.checked;
        let passed = now.saturating_since(then);
        let by_wall = wall.saturating_add(millis(passed));
        passed > TICK + LATE || unix_millis.abs_diff(by_wall) > millis(LATE)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::chat::ClientMessage;

    const START: Time = Time::from_millis(1_000_000);

    fn at(seconds: u64) -> Time {
        START + Duration::from_secs(seconds)
    }

    /// Checks at every deadline until the server is given up, with a wall clock that runs beside the
    /// monotonic one. Returns what was due, and when.
    fn run(life: &mut Life) -> Vec<(Duration, Due)> {
        let mut seen = Vec::new();
        while seen.last().is_none_or(|(_, due)| *due != Due::End) {
            let now = life.deadline();
            let passed = now.saturating_since(START);
            match life.check(now, millis(passed)) {
                Due::Nothing => {}
                due => seen.push((passed, due)),
            }
        }
        seen
    }

    #[test]
    fn a_silent_server_is_asked_once_doubted_and_then_given_up() {
        let mut life = Life::start(START, 0);
        let expected = [
            (SILENCE, Due::Probe),
            (SILENCE + DOUBT, Due::Doubt),
            (SILENCE + ANSWER_TIMEOUT, Due::End),
        ];
        assert_eq!(run(&mut life), expected);
    }

    #[test]
    fn any_byte_ends_doubt_and_the_silence_begins_anew() {
        let mut life = Life::start(START, 0);
        assert!(!life.heard(START));
        assert_eq!(life.ask(START), Due::Probe);
        assert!(!life.heard(at(4)), "not doubted yet");
        assert_eq!(life.ask(at(4)), Due::Probe);
        assert_eq!(life.check(at(9), 9_000), Due::Doubt);
        assert!(life.heard(at(10)));
        let asked = run(&mut life).first().copied();
        assert_eq!(asked, Some((Duration::from_secs(40), Due::Probe)));
    }

    #[test]
    fn nothing_is_asked_twice_while_an_answer_is_awaited() {
        let mut life = Life::start(START, 0);
        assert_eq!(life.ask(START), Due::Probe);
        assert_eq!(life.ask(at(1)), Due::Nothing);
        let end = run(&mut life).last().copied();
        assert_eq!(
            end,
            Some((ANSWER_TIMEOUT, Due::End)),
            "nor does it wait longer"
        );
    }

    #[test]
    fn a_device_that_slept_asks_at_once() {
        // The monotonic clock runs on in the sleep, or stands still.
        for (now, wall) in [(at(3_600), 3_600_000), (at(5), 3_600_000)] {
            let mut life = Life::start(START, 0);
            assert_eq!(life.check(now, wall), Due::Probe);
            life.heard(now);
            let next = life.deadline();
            let wall = wall + millis(next.saturating_since(now));
            assert_eq!(life.check(next, wall), Due::Nothing);
        }
    }

    #[test]
    fn a_sleep_does_not_count_as_a_missing_answer() {
        let mut life = Life::start(START, 0);
        assert_eq!(life.ask(at(1)), Due::Probe);
        assert_eq!(life.check(at(600), 600_000), Due::Probe);
        assert_eq!(life.check(at(605), 605_000), Due::Doubt);
        assert_eq!(life.check(at(615), 615_000), Due::End);
    }

    #[test]
    fn timers_that_are_always_late_do_not_keep_a_dead_server() {
        // A hidden tab's timers may come once a minute.
        let mut life = Life::start(START, 0);
        let due: Vec<_> = (1..=3)
            .map(|minute| life.check(at(minute * 60), minute * 60_000))
            .collect();
        assert_eq!(due, [Due::Probe, Due::Probe, Due::End]);
    }

    #[test]
    fn a_wall_clock_that_is_set_ends_nothing() {
        for wall in [0, 10_000_000] {
            let mut life = Life::start(START, 5_000_000);
            assert_eq!(life.check(at(5), wall), Due::Probe);
            life.heard(at(5));
            assert_eq!(life.check(at(10), wall + 5_000), Due::Nothing);
        }
    }

    #[test]
    fn the_question_is_what_servers_read() {
        assert_eq!(ClientMessage::parse(PING), Ok(ClientMessage::Ping));
    }
}
