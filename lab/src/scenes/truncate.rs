//! Truncate: the attacker ends the stream in the middle of a text.

use shared::connection::{FrameKind, Version};

use super::{texts, undisturbed};
use crate::LabError;
use crate::attacker::{Attacker, Hands, OnFrames, Transit};
use crate::outcome::{Action, Ending, Findings, Outcome, Side, Stopper};
use crate::scene::{Explanation, HELLO, Plan, Scene, Setup, TALK};

pub(super) static SCENE: Scene = Scene {
    name: "truncate",
    title: "Cut inside a frame",
    goal: "Have the server take a part of a text for the whole.",
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
            let is_text = frame.is(Side::Client, FrameKind::Message);
            texts += u8::from(is_text);
            if texts < 2 || frame.from == Side::Server {
                hands.pass(frame);
            } else if is_text {
                let half = frame.bytes().len() / 2;
                hands.send(
                    Action::Cuts,
                    Some(frame),
                    Side::Server,
                    frame.bytes()[..half].to_vec(),
                );
                hands.cut(Side::Server);
            } else {
                hands.keep(Action::Drops, frame);
            }
        },
    )))
}

fn expected(plan: &Plan) -> Findings {
    let client_ending = match plan.version {
        // The client cannot tell that the server's end is not an honest one.
        Version::V1 => Ending::PeerClosed,
        Version::V2 => Ending::Truncated,
    };
    Findings {
        client_ending,
        server_received: texts(&[HELLO]),
        server_ending: Ending::Truncated,
        stopped: Some((Side::Server, Stopper::Truncation)),
        ..undisturbed()
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "The frame has no terminator, so the server delivers nothing of it, and \
                  reports the end of the stream as a cut. The same cut a few bytes earlier \
                  would not be noticed: see cut_between.",
            sections: &["1.1", "1.6"],
            references: &["RFC 9112 §8"],
        },
        Version::V2 => Explanation {
            why: "The record is not whole, so nothing of it is opened, and the stream ends \
                  without a close: it is reported as cut.",
            sections: &["2.5", "2.12"],
            references: &["RFC 8446 §6.1"],
        },
    }
}
