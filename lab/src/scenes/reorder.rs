//! Reorder: the attacker holds a text until the next one has passed.

use shared::connection::{CheckName, FrameKind, Version};
use shared::error::ErrorCode;

use super::{stopped, texts, undisturbed};
use crate::LabError;
use crate::attacker::{Attacker, Hands, OnFrames, Transit};
use crate::outcome::{Action, Findings, Outcome, Side, Stopper};
use crate::scene::{ANSWER, Act, Explanation, FOLDER, HELLO, Plan, Scene, Setup};

pub(super) static SCENE: Scene = Scene {
    name: "reorder",
    title: "Reorder messages",
    goal: "Have the server take two texts in the wrong order.",
    choices: &[],
    setup,
    attack,
    achieved: Outcome::altered_unnoticed,
    expected,
    explanation,
};

fn setup(plan: &Plan) -> Result<Setup, LabError> {
    let script = [
        Act::Say(Side::Client, HELLO),
        Act::Say(Side::Client, FOLDER),
        Act::Say(Side::Server, ANSWER),
        Act::Finish(Side::Client),
    ];
    Setup::pinned(plan, &script)
}

fn attack(_: &Plan) -> Result<Box<dyn Attacker>, LabError> {
    let (mut held, mut done) = (None, false);
    Ok(Box::new(OnFrames(
        move |frame: &Transit, hands: &mut Hands| {
            if done || !frame.is(Side::Client, FrameKind::Message) {
                return hands.pass(frame);
            }
            match held.take() {
                None => {
                    hands.keep(Action::Holds, frame);
                    held = Some(frame.clone());
                }
                Some(first) => {
                    done = true;
                    hands.pass(frame);
                    let bytes = Transit::bytes(&first).to_vec();
                    hands.send(Action::Releases, Some(&first), Side::Server, bytes);
                }
            }
        },
    )))
}

fn expected(plan: &Plan) -> Findings {
    match plan.version {
        Version::V1 => Findings {
            server_received: texts(&[FOLDER, HELLO]),
            achieved: true,
            ..undisturbed()
        },
        Version::V2 => stopped(
            Side::Server,
            Stopper::Check(CheckName::RecordTag),
            ErrorCode::BadRecord,
        ),
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "A message has no number. Each one opens, in whatever order they come.",
            sections: &["1.4", "1.7"],
            references: &["RFC 2104"],
        },
        Version::V2 => Explanation {
            why: "The server expects record 0 and gets record 1. It opens it with the \
                  nonce of record 0, and the tag is wrong: nothing of it is delivered.",
            sections: &["2.5"],
            references: &["RFC 8446 §5.3"],
        },
    }
}
