//! Stolen key: the attacker has recorded a session, and later steals the server's private key.

use shared::connection::Version;

use super::{learnt, undisturbed};
use crate::attacker::recording::{read_v1, try_key};
use crate::attacker::{Attacker, Listener, Transit};
use crate::outcome::{Fact, Findings, Learnt};
use crate::scene::{ANSWER, Explanation, FOLDER, HELLO, Plan, Scene, Setup, TALK};
use crate::seed::Draws;
use crate::{LabError, keys};

pub(super) static SCENE: Scene = Scene {
    name: "stolen_key",
    title: "Steal the server's key, later",
    goal: "Read a recorded session with the private key of the server.",
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
    let plan = *plan;
    Ok(Box::new(Listener(move |tap: &[Transit]| {
        let stolen = keys::server()?;
        let mut random = plan.seed.random(Draws::Attacker);
        if plan.version == Version::V1 {
            return Ok(Learnt {
                texts: read_v1(tap, &stolen, &mut random),
                ..Learnt::default()
            });
        }
        let (tries, opened) = try_key(tap, &stolen, &mut random);
        Ok(Learnt {
            facts: vec![
                Fact::new("decryptions_tried", tries.to_string()),
                Fact::new("decryptions_done", opened.to_string()),
            ],
            ..Learnt::default()
        })
    })))
}

fn expected(plan: &Plan) -> Findings {
    match plan.version {
        Version::V1 => Findings {
            learnt: learnt(&[HELLO, ANSWER, FOLDER], &[]),
            achieved: true,
            ..undisturbed()
        },
        Version::V2 => Findings {
            learnt: learnt(
                &[],
                &[("decryptions_tried", "8"), ("decryptions_done", "0")],
            ),
            ..undisturbed()
        },
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "The session's key and IV are in the handshake, encrypted to the server's key. \
                  Whoever has that key decrypts them, and with them every text of the session. The \
                  lab does it with the private key and the recorded bytes alone.",
            sections: &["1.3", "1.7"],
            references: &["RFC 8017 §7.1", "NIST SP 800-38A §6.2"],
        },
        Version::V2 => Explanation {
            why: "The server's key only signs: nothing on the wire is encrypted to it. The session's \
                  keys come of two exchanges whose private halves were wiped when the handshake was \
                  done. The lab tries the key on every piece that is long enough, in vain. From now \
                  on the thief can be the server, for new sessions.",
            sections: &["2.3", "2.4", "2.6"],
            references: &["RFC 8446 appendix E.1"],
        },
    }
}
