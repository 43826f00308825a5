//! Replay: the attacker passes a text, and then passes it again.

use shared::connection::{CheckName, FrameKind, Version};
use shared::error::ErrorCode;

use super::{stopped, texts, undisturbed};
use crate::LabError;
use crate::attacker::{Attacker, Hands, OnFrames, Transit};
use crate::outcome::{Action, Findings, Outcome, Side, Stopper};
use crate::scene::{Explanation, FOLDER, HELLO, Plan, Scene, Setup, TALK};

pub(super) static SCENE: Scene = Scene {
    name: "replay",
    title: "Replay a message",
    goal: "Have the server take one of the client's texts twice.",
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
            hands.pass(frame);
            if !done && frame.is(Side::Client, FrameKind::Message) {
                done = true;
                hands.send(
                    Action::Repeats,
                    Some(frame),
                    Side::Server,
                    frame.bytes().to_vec(),
                );
            }
        },
    )))
}

fn expected(plan: &Plan) -> Findings {
    match plan.version {
        Version::V1 => Findings {
            server_received: texts(&[HELLO, HELLO, FOLDER]),
            achieved: true,
            ..undisturbed()
        },
        Version::V2 => Findings {
            server_received: texts(&[HELLO]),
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
            why: "A message has no number, and its MAC stays right. The server cannot tell \
                  the copy from a second text of the client.",
            sections: &["1.4", "1.7"],
            references: &["RFC 3552 §3.3.1"],
        },
        Version::V2 => Explanation {
            why: "The number of the record is part of its nonce, and never sent: the \
                  server counts itself. The copy is opened with the next number, so that \
                  its tag is wrong.",
            sections: &["2.5"],
            references: &["RFC 8446 §5.3"],
        },
    }
}
