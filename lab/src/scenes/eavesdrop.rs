//! Eavesdrop: the attacker reads the wire and does nothing else.

use shared::connection::{FrameKind, Version};
use shared::identity::PublicKey;

use super::{learnt, undisturbed};
use crate::attacker::frames::ciphertexts;
use crate::attacker::middle::yes_no;
use crate::attacker::{Attacker, Listener, Transit};
use crate::outcome::{Fact, Findings, Learnt, Side};
use crate::scene::{Explanation, Plan, Scene, Setup, TALK};
use crate::{LabError, keys};

pub(super) static SCENE: Scene = Scene {
    name: "eavesdrop",
    title: "Listen",
    goal: "Read what is said, by reading the wire alone.",
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

fn attack(_: &Plan) -> Result<Box<dyn Attacker>, LabError> {
    Ok(Box::new(Listener(|tap: &[Transit]| {
        let client = keys::client()?.public_key().clone();
        let lengths = [Side::Client, Side::Server].map(|side| {
            let lengths = ciphertexts(tap, side)
                .iter()
                .map(|(_, bytes)| bytes.len().to_string())
                .collect::<Vec<_>>();
            lengths.join(" ")
        });
        Ok(Learnt {
            facts: vec![
                Fact::new("sees_client_key", yes_no(shows(tap, &client))),
                Fact::new("lengths_of_client", &lengths[0]),
                Fact::new("lengths_of_server", &lengths[1]),
            ],
            ..Learnt::default()
        })
    })))
}

/// Returns `true` if the key is anywhere on the wire, in v1's form or in v2's.
fn shows(tap: &[Transit], key: &PublicKey) -> bool {
    tap.iter().any(|frame| {
        let spki = key.spki_der();
        let in_handshake = frame.is(Side::Client, FrameKind::Handshake)
            && frame
                .clear("client_pub")
                .is_some_and(|(_, _, pem)| pem == key.to_spki_pem().as_bytes());
        in_handshake
            || frame
                .bytes()
                .windows(spki.len())
                .any(|window| window == spki)
    })
}

fn expected(plan: &Plan) -> Findings {
    // v1 pads to 16 bytes, v2 to 64.
    let facts = match plan.version {
        Version::V1 => [
            ("sees_client_key", "yes"),
            ("lengths_of_client", "32 32"),
            ("lengths_of_server", "32"),
        ],
        Version::V2 => [
            ("sees_client_key", "no"),
            ("lengths_of_client", "64 64"),
            ("lengths_of_server", "64"),
        ],
    };
    Findings {
        learnt: learnt(&[], &facts),
        ..undisturbed()
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "The texts are encrypted with a key that only the server can decrypt. The listener \
                  sees the client's key, who talks when, and how long each text is, in steps of 16 \
                  bytes. The recording is worth keeping: see stolen_key.",
            sections: &["1.3", "1.4", "1.7"],
            references: &["RFC 8017 §7.1", "NIST SP 800-38A §6.2"],
        },
        Version::V2 => Explanation {
            why: "The texts are sealed with keys that come of X25519 and ML-KEM-768, both made for \
                  this session only. The client's key is sealed too. The listener sees the server's \
                  key, when something is sent, and lengths in steps of 64 bytes.",
            sections: &["2.4", "2.5", "2.15"],
            references: &["RFC 7748 §6.1", "FIPS 203", "RFC 8439 §2.8"],
        },
    }
}
