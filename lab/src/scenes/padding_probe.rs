//! Padding probe: the attacker changes a ciphertext once so that its padding would be wrong, and once
//! so that it would be right, and compares the server's answers.

use shared::connection::{CheckName, FrameKind, Version};
use shared::error::ErrorCode;
use shared::time::Time;

use super::{hex, learnt, stopped};
use crate::LabError;
use crate::attacker::{Attacker, Hands, Transit};
use crate::outcome::{Fact, Findings, Learnt, Side, Stopper};
use crate::run::Run;
use crate::scene::{Act, Explanation, FOLDER, Plan, Scene, Setup};
use crate::seed::Seed;

/// The byte of the first block that CBC adds to the last byte of the padding, in the second block.
const SPOILS_PADDING: usize = 15;
/// The byte that it adds to the first byte of the text's rest.
const SPOILS_TEXT: usize = 0;

pub(super) static SCENE: Scene = Scene {
    name: "padding_probe",
    title: "Probe the padding",
    goal: "Tell a wrong padding from a right one by the server's answer, and so decrypt a text.",
    choices: &[],
    setup,
    attack,
    achieved: |outcome| {
        outcome
            .learnt
            .facts
            .iter()
            .any(|fact| fact.value == "different")
    },
    expected,
    explanation,
};

fn setup(plan: &Plan) -> Result<Setup, LabError> {
    // 21 bytes: two blocks of v1, of which the second one has the padding.
    Setup::pinned(
        plan,
        &[Act::Say(Side::Client, FOLDER), Act::Finish(Side::Client)],
    )
}

fn attack(plan: &Plan) -> Result<Box<dyn Attacker>, LabError> {
    Ok(Box::new(Probe {
        plan: *plan,
        spoils: SPOILS_PADDING,
    }))
}

struct Probe {
    plan: Plan,
    /// The byte of the ciphertext that is changed.
    spoils: usize,
}

impl Attacker for Probe {
    fn intercept(&mut self, frame: &Transit, hands: &mut Hands, _: Time) -> Result<(), LabError> {
        if !frame.is(Side::Client, FrameKind::Message) {
            hands.pass(frame);
            return Ok(());
        }
        let missing = LabError::NoField("ciphertext");
        let mut changed = frame.clear("ciphertext").ok_or(missing.clone())?.2.to_vec();
        if let Some(byte) = changed.get_mut(self.spoils) {
            *byte ^= 1;
        }
        let bytes = frame.with_field(self.plan.version, "ciphertext", &changed);
        hands.change(frame, bytes.ok_or(missing)?);
        Ok(())
    }

    fn conclude(&mut self, tap: &[Transit]) -> Result<Learnt, LabError> {
        let answer = answer_in(tap.iter().filter(|frame| frame.from == Side::Server));
        if self.spoils == SPOILS_TEXT {
            return Ok(Learnt {
                evidence: vec![Fact::new("answer", hex(answer))],
                ..Learnt::default()
            });
        }
        // Another session of the same client, since the first probe has ended this one.
        let plan = Plan {
            seed: Seed(self.plan.seed.0.wrapping_add(1)),
            ..self.plan
        };
        let second = Self {
            plan,
            spoils: SPOILS_TEXT,
        };
        let outcome = Run::with_attacker(&SCENE, plan, Box::new(second))?.run()?;
        let first = hex(answer);
        let second = outcome
            .learnt
            .evidence
            .first()
            .map_or("", |fact| &fact.value);
        let answers = if first == second {
            "the same bytes"
        } else if first.len() == second.len() {
            "the same length"
        } else {
            "different"
        };
        Ok(Learnt {
            facts: vec![Fact::new("answers", answers)],
            evidence: vec![
                Fact::new("answer_to_wrong_padding", first),
                Fact::new("answer_to_right_padding", second),
            ],
            ..Learnt::default()
        })
    }
}

/// Returns the last frame of the server, which is its answer.
fn answer_in<'a>(frames: impl Iterator<Item = &'a Transit>) -> &'a [u8] {
    frames.last().map_or(&[], Transit::bytes)
}

fn expected(plan: &Plan) -> Findings {
    let (check, code, answers) = match plan.version {
        Version::V1 => (
            CheckName::MessageOpens,
            ErrorCode::BadMessage,
            "the same bytes",
        ),
        Version::V2 => (
            CheckName::RecordTag,
            ErrorCode::BadRecord,
            "the same length",
        ),
    };
    Findings {
        learnt: learnt(&[], &[("answers", answers)]),
        ..stopped(Side::Server, Stopper::Check(check), code)
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "The MAC is checked before anything is decrypted, so that the server never looks at \
                  a padding that was tampered with; and a wrong MAC and a wrong padding are one error \
                  with one text. The lab compares the answers' bytes; how long they take it does not \
                  measure.",
            sections: &["1.4", "1.5"],
            references: &["Vaudenay, EUROCRYPT 2002", "RFC 7366"],
        },
        Version::V2 => Explanation {
            why: "The padding is under the seal: a changed ciphertext does not open, whatever it would \
                  have been. All causes in a record are one alert, sealed with the session's keys: the \
                  bytes differ from session to session, the length does not.",
            sections: &["2.5", "2.11"],
            references: &["Vaudenay, EUROCRYPT 2002", "RFC 8439 §2.8"],
        },
    }
}
