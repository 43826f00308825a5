//! Slow drip: the attacker passes the client's handshake a byte each second.

use std::time::Duration;

use shared::connection::Version;
use shared::error::ErrorCode;
use shared::time::Time;

use super::stopped;
use crate::LabError;
use crate::attacker::{Attacker, Hands, Transit};
use crate::outcome::{Action, Ending, Findings, Side, Stopper};
use crate::scene::{Act, Explanation, Plan, Scene, Setup};

/// The time from one byte to the next.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) static SCENE: Scene = Scene {
    name: "slow_drip",
    title: "Drip slowly",
    goal: "Hold a place at the server for hours, by sending a byte now and then.",
    choices: &[],
    setup,
    attack,
    achieved: |outcome| outcome.stopped.is_none(),
    expected,
    explanation,
};

fn setup(plan: &Plan) -> Result<Setup, LabError> {
    Setup::pinned(plan, &[Act::Attack])
}

fn attack(_: &Plan) -> Result<Box<dyn Attacker>, LabError> {
    Ok(Box::new(Drip {
        held: Vec::new(),
        passed: 0,
        over: false,
    }))
}

struct Drip {
    /// The client's frames.
    held: Vec<Transit>,
    /// The number of bytes of them that were passed.
    passed: usize,
    /// `true` once the server has ended.
    over: bool,
}

impl Attacker for Drip {
    fn intercept(&mut self, frame: &Transit, hands: &mut Hands, _: Time) -> Result<(), LabError> {
        if frame.from == Side::Server {
            hands.pass(frame);
        } else {
            hands.keep(Action::Holds, frame);
            self.held.push(frame.clone());
        }
        Ok(())
    }

    fn end_of_stream(&mut self, from: Side, hands: &mut Hands, _: Time) -> Result<(), LabError> {
        self.over |= from == Side::Server;
        hands.end(from.other());
        Ok(())
    }

    fn act(&mut self, hands: &mut Hands, _: Time) -> Result<bool, LabError> {
        let mut index = self.passed;
        for frame in &self.held {
            if let Some(byte) = frame.bytes().get(index) {
                hands.send(Action::Drips, Some(frame), Side::Server, vec![*byte]);
                hands.wait(PAUSE);
                self.passed += 1;
                return Ok(!self.over);
            }
            index -= frame.bytes().len();
        }
        Ok(false)
    }
}

fn expected(plan: &Plan) -> Findings {
    let findings = stopped(Side::Server, Stopper::Deadline, ErrorCode::Timeout);
    match plan.version {
        Version::V1 => findings,
        // A v2 client has the same deadline, because it waits for the server's answer.
        Version::V2 => Findings {
            client_ending: Ending::Failed(ErrorCode::Timeout),
            ..findings
        },
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "The whole handshake has to be there 10 s after the start, however it comes.",
            sections: &["1.1"],
            references: &["CWE-400"],
        },
        Version::V2 => Explanation {
            why: "The handshake has to be done 10 s after the start, on both sides. Afterwards nobody \
                  sets a deadline, but what is not whole is bounded by the length of one frame.",
            sections: &["2.7", "2.13"],
            references: &["CWE-400"],
        },
    }
}
