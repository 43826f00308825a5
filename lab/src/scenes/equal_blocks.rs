//! Equal blocks: two texts begin alike, and the attacker looks whether their ciphertexts do.

use shared::connection::Version;

use super::{hex, learnt, texts, undisturbed};
use crate::LabError;
use crate::attacker::frames::ciphertexts;
use crate::attacker::{Attacker, Listener, Transit};
use crate::outcome::{Fact, Findings, Learnt, Side};
use crate::scene::{Act, Explanation, Plan, Scene, Setup};

/// The bytes of a block of AES.
const BLOCK: usize = 16;

/// Two texts whose first 32 bytes are the same.
const FIRST: &str = "The vote on the proposal was: yes, by all.";
const SECOND: &str = "The vote on the proposal was: no, by two.";

pub(super) static SCENE: Scene = Scene {
    name: "equal_blocks",
    title: "See that texts are alike",
    goal: "Find out that two texts begin with the same words, without reading them.",
    choices: &[],
    setup,
    attack,
    achieved: |outcome| outcome.learnt.facts.iter().any(|fact| fact.value != "0"),
    expected,
    explanation,
};

fn setup(plan: &Plan) -> Result<Setup, LabError> {
    let script = [
        Act::Say(Side::Client, FIRST),
        Act::Say(Side::Client, SECOND),
        Act::Finish(Side::Client),
    ];
    Setup::pinned(plan, &script)
}

fn attack(_: &Plan) -> Result<Box<dyn Attacker>, LabError> {
    Ok(Box::new(Listener(|tap: &[Transit]| {
        let texts = ciphertexts(tap, Side::Client);
        let [(_, first), (_, second)] = texts[..] else {
            return Err(LabError::NoField("ciphertext"));
        };
        let blocks = first.chunks(BLOCK).zip(second.chunks(BLOCK));
        let equal = blocks.take_while(|(first, second)| first == second).count();
        let evidence = |name, text: &[u8]| {
            let blocks: Vec<_> = text.chunks(BLOCK).take(2).map(hex).collect();
            Fact::new(name, blocks.join(" "))
        };
        Ok(Learnt {
            facts: vec![Fact::new("equal_first_blocks", equal.to_string())],
            evidence: vec![
                evidence("first_blocks_of_text_1", first),
                evidence("first_blocks_of_text_2", second),
            ],
            ..Learnt::default()
        })
    })))
}

fn expected(plan: &Plan) -> Findings {
    let (equal, achieved) = match plan.version {
        Version::V1 => ("1", true),
        Version::V2 => ("0", false),
    };
    Findings {
        client_received: Vec::new(),
        server_received: texts(&[FIRST, SECOND]),
        learnt: learnt(&[], &[("equal_first_blocks", equal)]),
        achieved,
        ..undisturbed()
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "Every text is encrypted with the same key and the same IV, so that equal first \
                  blocks of 16 bytes give equal ciphertext. CBC hides equal texts only if each has \
                  an IV that cannot be predicted.",
            sections: &["1.4", "1.7"],
            references: &["NIST SP 800-38A §6.2 and appendix C"],
        },
        Version::V2 => Explanation {
            why: "Each record has another nonce: the IV of its direction, with the record's number. \
                  A nonce is never used twice under one key, so that equal texts look unlike.",
            sections: &["2.5"],
            references: &["RFC 8439 §2.8", "RFC 8446 §5.3"],
        },
    }
}
