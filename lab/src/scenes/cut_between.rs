//! Cut between two frames: the attacker ends the stream where an honest side could end it.

use shared::connection::{FrameKind, Version};

use super::{texts, undisturbed};
use crate::LabError;
use crate::attacker::{Attacker, Hands, OnFrames, Transit};
use crate::outcome::{Action, Ending, Findings, Outcome, Side, Stopper};
use crate::scene::{Explanation, HELLO, Plan, Scene, Setup, TALK};

pub(super) static SCENE: Scene = Scene {
    name: "cut_between",
    title: "Cut between two frames",
    goal: "Have the server think that the client has said everything.",
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
    let mut texts = 0;
    Ok(Box::new(OnFrames(
        move |frame: &Transit, hands: &mut Hands| {
            texts += u8::from(frame.is(Side::Client, FrameKind::Message));
            if texts == 2 && frame.from == Side::Client {
                hands.keep(Action::Drops, frame);
                if frame.is(Side::Client, FrameKind::Message) {
                    hands.cut(Side::Server);
                }
            } else {
                hands.pass(frame);
            }
        },
    )))
}

fn expected(plan: &Plan) -> Findings {
    let (ending, stopped, achieved) = match plan.version {
        Version::V1 => (Ending::PeerClosed, None, true),
        Version::V2 => (
            Ending::Truncated,
            Some((Side::Server, Stopper::Truncation)),
            false,
        ),
    };
    Findings {
        client_ending: ending,
        server_received: texts(&[HELLO]),
        server_ending: ending,
        stopped,
        achieved,
        ..undisturbed()
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "An honest end is the end of the stream between two frames. Anybody who \
                  can cut a connection can make one.",
            sections: &["1.6", "1.7"],
            references: &["RFC 9112 §8"],
        },
        Version::V2 => Explanation {
            why: "An honest end is a sealed close, which only the client can make. A \
                  stream that ends without it is reported as cut, wherever it was cut.",
            sections: &["2.12"],
            references: &["RFC 8446 §6.1"],
        },
    }
}
