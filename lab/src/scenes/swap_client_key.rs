//! Swap the client's key: the attacker puts its own key into the client's handshake.

use shared::connection::{CheckName, FrameKind, Version};
use shared::error::ErrorCode;
use shared::time::Time;
use shared::v1::handshake;

use super::stopped;
use crate::attacker::frames::HEADER_BYTES;
use crate::attacker::{Attacker, Hands, Transit};
use crate::outcome::{Ending, Findings, Outcome, Side, Stopper};
use crate::scene::{Explanation, Plan, Scene, Setup, TALK};
use crate::seed::Draws;
use crate::{LabError, keys};

pub(super) static SCENE: Scene = Scene {
    name: "swap_client_key",
    title: "Swap the client's key",
    goal: "Have the server take the client's session for the attacker's.",
    choices: &[],
    setup,
    attack,
    achieved,
    expected,
    explanation,
};

fn achieved(outcome: &Outcome) -> bool {
    let attacker = keys::attacker().map(|key| key.public_key().fingerprint());
    outcome.server.established && outcome.server.peer == attacker.ok()
}

fn setup(plan: &Plan) -> Result<Setup, LabError> {
    Setup::pinned(plan, &TALK)
}

fn attack(plan: &Plan) -> Result<Box<dyn Attacker>, LabError> {
    Ok(Box::new(Swap(*plan)))
}

struct Swap(Plan);

impl Attacker for Swap {
    fn intercept(&mut self, frame: &Transit, hands: &mut Hands, _: Time) -> Result<(), LabError> {
        let key = keys::attacker()?;
        match frame.kind {
            FrameKind::Handshake => {
                // What is to be signed is encrypted to the server, so that the attacker signs a guess.
                let mut random = self.0.seed.random(Draws::Attacker);
                let guess: [u8; 48] = self.0.seed.first(Draws::Attacker);
                let signature = key.sign(&guess, &mut random).unwrap_or_default();
                let (_, _, session) = frame
                    .clear("enc_session")
                    .ok_or(LabError::NoField("enc_session"))?;
                hands.change(
                    frame,
                    handshake::encode(session, key.public_key(), &signature),
                );
            }
            FrameKind::ClientAuth => {
                // Where the client's key lies under the seal, if its length is taken for granted.
                let mut bytes = frame.bytes().to_vec();
                let spki = key.public_key().spki_der();
                if let Some(place) = bytes.get_mut(HEADER_BYTES + 2..HEADER_BYTES + 2 + spki.len())
                {
                    place.copy_from_slice(spki);
                }
                hands.change(frame, bytes);
            }
            _ => hands.pass(frame),
        }
        Ok(())
    }
}

fn expected(plan: &Plan) -> Findings {
    match plan.version {
        Version::V1 => stopped(
            Side::Server,
            Stopper::Check(CheckName::SessionSignature),
            ErrorCode::HandshakeFailed,
        ),
        // The client has changed its keys already, and cannot open the alert (§2.5).
        Version::V2 => Findings {
            client_ending: Ending::Failed(ErrorCode::BadRecord),
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
            why: "The client's key has to sign the session's keys, which the attacker does not know. \
                  But the signature does not name the server: a server that the client opens itself \
                  can pass the login on to another one, and be the client there.",
            sections: &["1.3", "1.7"],
            references: &["RFC 8017 §8.1"],
        },
        Version::V2 => Explanation {
            why: "The client's key is sealed with a key that the attacker does not have, so that it \
                  neither sees the key nor can put another one there. Its signature is over the whole \
                  handshake, with this server's key in it.",
            sections: &["2.5", "2.6", "2.7"],
            references: &["RFC 8439 §2.8", "Krawczyk, CRYPTO 2003 (SIGMA)"],
        },
    }
}
