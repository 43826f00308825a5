//! Swap the server's key, with a pin: the client knows the server's key, and the attacker shows its
//! own.

use shared::connection::{CheckName, Version};
use shared::error::ErrorCode;

use super::{learnt, stopped};
use crate::LabError;
use crate::attacker::Attacker;
use crate::attacker::middle::Middle;
use crate::outcome::{Ending, Findings, Side, Stopper};
use crate::scene::{Explanation, Plan, Scene, Setup, TALK};

pub(super) static SCENE: Scene = Scene {
    name: "swap_server_key_pinned",
    title: "Swap the server's key, with a pin",
    goal: "Read everything as a man in the middle, of a client that has pinned the server's key.",
    choices: &[],
    setup,
    attack,
    achieved: |outcome| !outcome.learnt.texts.is_empty(),
    expected,
    explanation,
};

fn setup(plan: &Plan) -> Result<Setup, LabError> {
    Setup::pinned(plan, &TALK)
}

fn attack(plan: &Plan) -> Result<Box<dyn Attacker>, LabError> {
    Ok(Box::new(Middle::new(plan.version, plan.seed)?))
}

fn expected(_: &Plan) -> Findings {
    Findings {
        server_ending: Ending::PeerClosed,
        learnt: learnt(&[], &[("sees_client_key", "no")]),
        ..stopped(
            Side::Client,
            Stopper::Check(CheckName::Trust),
            ErrorCode::HandshakeFailed,
        )
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "The client compares the announced key with the pin before it encrypts anything to \
                  it. An attacker who announces the pinned key itself could not decrypt the session.",
            sections: &["2.14"],
            references: &["RFC 4251 §4.1"],
        },
        Version::V2 => Explanation {
            why: "The attacker proves its own key, which is not the pinned one: the client ends \
                  before it has shown its own key. An attacker who announces the pinned key itself \
                  could not sign the transcript with it.",
            sections: &["2.6", "2.7", "2.14"],
            references: &["RFC 4251 §4.1", "RFC 8017 §8.1"],
        },
    }
}
