//! Swap the server's key, at first contact: the client knows no key of the server, and the attacker
//! shows its own.

use shared::connection::{CheckName, Trust, Version};
use shared::error::ErrorCode;
use shared::trust::{Judgement, judge};

use super::{learnt, stopped, undisturbed};
use crate::LabError;
use crate::attacker::Attacker;
use crate::attacker::middle::Middle;
use crate::outcome::{Ending, Findings, Side, Stopper};
use crate::scene::{ANSWER, Explanation, FOLDER, HELLO, Plan, Scene, Setup, TALK};

pub(super) static SCENE: Scene = Scene {
    name: "swap_server_key",
    title: "Swap the server's key, at first contact",
    goal: "Read everything as a man in the middle, of a client that has pinned nothing.",
    choices: &[],
    setup,
    attack,
    achieved: |outcome| !outcome.learnt.texts.is_empty(),
    expected,
    explanation,
};

fn setup(plan: &Plan) -> Result<Setup, LabError> {
    // The rule of our clients.
    let trust = match judge(None, plan.version) {
        Judgement::Connect(trust) => trust,
        Judgement::VersionFloor { .. } => Trust::Learn,
    };
    Setup::with(plan, trust, &TALK)
}

fn attack(plan: &Plan) -> Result<Box<dyn Attacker>, LabError> {
    Ok(Box::new(Middle::new(plan.version, plan.seed)?))
}

fn expected(plan: &Plan) -> Findings {
    match plan.version {
        Version::V1 => Findings {
            learnt: learnt(&[HELLO, ANSWER, FOLDER], &[("sees_client_key", "yes")]),
            achieved: true,
            ..undisturbed()
        },
        // The client ends with a close, and the attacker ends its own session with the server.
        Version::V2 => Findings {
            server_ending: Ending::PeerClosed,
            learnt: learnt(&[], &[("sees_client_key", "no")]),
            ..stopped(
                Side::Client,
                Stopper::Check(CheckName::Trust),
                ErrorCode::HandshakeFailed,
            )
        },
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "The announced key is not verified, and v1 can verify none: the client encrypts its \
                  session to whatever key comes. The attacker reads every text, passes it on, and \
                  nothing looks wrong.",
            sections: &["1.2", "1.7", "2.14"],
            references: &["RFC 3552 §3.3.5"],
        },
        Version::V2 => Explanation {
            why: "The attacker proves its own key, and the client does not know it: it ends before it \
                  has shown its own key or sent a text, and a person is asked, with fingerprint and \
                  eight words. Who says yes without comparing them has pinned the attacker.",
            sections: &["2.7", "2.14"],
            references: &["RFC 4251 §4.1"],
        },
    }
}
