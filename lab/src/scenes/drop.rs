//! Drop: the attacker leaves a text out.

use shared::connection::{CheckName, FrameKind, Version};
use shared::error::ErrorCode;

use super::{stopped, texts, undisturbed};
use crate::LabError;
use crate::attacker::{Attacker, Hands, OnFrames, Transit};
use crate::outcome::{Action, Findings, Outcome, Side, Stopper};
use crate::scene::{ANSWER, Explanation, FOLDER, Plan, Scene, Setup, TALK};

pub(super) static SCENE: Scene = Scene {
    name: "drop",
    title: "Drop a message",
    goal: "Have a text of the client disappear, with the conversation going on.",
    choices: &[],
    setup,
    attack,
    achieved: Outcome::altered_unnoticed,
    expected,
    explanation,
};

fn setup(plan: &Plan) -> Result<Setup, LabError> {
    Setup::pinned(plan, &TALK)
}

fn attack(_: &Plan) -> Result<Box<dyn Attacker>, LabError> {
    let mut done = false;
    Ok(Box::new(OnFrames(
        move |frame: &Transit, hands: &mut Hands| {
            if !done && frame.is(Side::Client, FrameKind::Message) {
                done = true;
                hands.keep(Action::Drops, frame);
            } else {
                hands.pass(frame);
            }
        },
    )))
}

fn expected(plan: &Plan) -> Findings {
    match plan.version {
        Version::V1 => Findings {
            server_received: texts(&[FOLDER]),
            achieved: true,
            ..undisturbed()
        },
        Version::V2 => Findings {
            client_received: texts(&[ANSWER]),
            ..stopped(
                Side::Server,
                Stopper::Check(CheckName::RecordTag),
                ErrorCode::BadRecord,
            )
        },
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "A message has no number, so that nobody misses one.",
            sections: &["1.4", "1.7"],
            references: &["RFC 3552 §3.3.3"],
        },
        Version::V2 => Explanation {
            why: "The next record of the client is record 1, and the server opens it as \
                  record 0: the tag is wrong. It notices with the next record, or at the \
                  end of the stream, which then has no close.",
            sections: &["2.5", "2.12"],
            references: &["RFC 8446 §5.3"],
        },
    }
}
