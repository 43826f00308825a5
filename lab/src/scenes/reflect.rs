//! Reflect: the attacker passes a text of the client, and sends it back to the client too.

use shared::connection::{CheckName, FrameKind, Version};
use shared::error::ErrorCode;

use super::{stopped, texts, undisturbed};
use crate::LabError;
use crate::attacker::{Attacker, Hands, OnFrames, Transit};
use crate::outcome::{Action, Findings, Outcome, Side, Stopper};
use crate::scene::{ANSWER, Explanation, HELLO, Plan, Scene, Setup, TALK};

pub(super) static SCENE: Scene = Scene {
    name: "reflect",
    title: "Reflect a message",
    goal: "Have the client take its own text for one of the server's.",
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
                    Action::Reflects,
                    Some(frame),
                    Side::Client,
                    frame.bytes().to_vec(),
                );
            }
        },
    )))
}

fn expected(plan: &Plan) -> Findings {
    match plan.version {
        Version::V1 => Findings {
            client_received: texts(&[HELLO, ANSWER]),
            achieved: true,
            ..undisturbed()
        },
        Version::V2 => Findings {
            server_received: texts(&[HELLO]),
            ..stopped(
                Side::Client,
                Stopper::Check(CheckName::RecordTag),
                ErrorCode::BadRecord,
            )
        },
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "Both directions share one key, and nothing in a message says who has \
                  sent it. The client's own text opens, as one of the server's.",
            sections: &["1.4", "1.7"],
            references: &["RFC 2104"],
        },
        Version::V2 => Explanation {
            why: "Each direction has a secret of its own, by a label of its own. What the \
                  client has sealed does not open with the server's key.",
            sections: &["2.4", "2.5"],
            references: &["RFC 5869 §3.2"],
        },
    }
}
