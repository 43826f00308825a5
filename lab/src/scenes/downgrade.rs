//! Downgrade: the attacker keeps the client from v2, so that a person tries v1.
//!
//! Column v1: an address that is new, where the person's second try over v1 is let through and read.
//! Column v2: an address with which v2 was spoken before, where the client refuses v1.

use shared::connection::{FrameKind, Trust, Version};
use shared::error::ErrorCode;
use shared::time::Time;
use shared::trust::{Judgement, Pin, UnixTime, judge};
use shared::v1::error_frame;

use super::{learnt, undisturbed};
use crate::attacker::middle::Middle;
use crate::attacker::{Attacker, Hands, Transit};
use crate::end::End;
use crate::outcome::{Action, Ending, Findings, Side, Stop, Stopper};
use crate::scene::{ANSWER, Explanation, FOLDER, HELLO, Plan, Scene, Setup, TALK};
use crate::seed::Draws;
use crate::{LabError, keys};

/// The error that the attacker forges: as if the server did not know v2.
const FORGED: ErrorCode = ErrorCode::Malformed;

pub(super) static SCENE: Scene = Scene {
    name: "downgrade",
    title: "Strip v2 down to v1",
    goal: "Have the client speak v1, and read everything as a man in the middle.",
    choices: &[],
    setup,
    attack,
    achieved: |outcome| !outcome.learnt.texts.is_empty(),
    expected,
    explanation,
};

fn setup(plan: &Plan) -> Result<Setup, LabError> {
    let server = keys::server()?.public_key().fingerprint();
    let spoken_v2 = Pin::new(server, UnixTime(0), Version::V2);
    match plan.version {
        Version::V1 => {
            // The first try, over v2, for real: it ends with the forged error.
            let first = Plan {
                version: Version::V2,
                ..*plan
            };
            let config = Setup::with(&first, Trust::Learn, &[])?.client;
            let draws = [Draws::Client, Draws::ClientKey];
            let mut client = End::client(config, keys::client()?, plan.seed, draws);
            client.receive(&error_frame::encode(FORGED), Time::default())?;
            if client.ending() != Ending::Reported(FORGED) {
                return Err(LabError::NoField("forged error"));
            }
            let trust = match judge(None, Version::V1) {
                Judgement::Connect(trust) => trust,
                Judgement::VersionFloor { .. } => Trust::Learn,
            };
            Setup::with(plan, trust, &TALK)
        }
        Version::V2 => {
            let mut setup = Setup::with(plan, Trust::Pinned(server), &TALK)?;
            let floor = judge(Some(&spoken_v2), Version::V1);
            setup.refuses = matches!(floor, Judgement::VersionFloor { .. }).then_some(Stop {
                side: Side::Client,
                by: Stopper::VersionFloor,
                frame: None,
            });
            Ok(setup)
        }
    }
}

fn attack(plan: &Plan) -> Result<Box<dyn Attacker>, LabError> {
    Ok(match plan.version {
        Version::V1 => Box::new(Middle::new(Version::V1, plan.seed)?),
        Version::V2 => Box::new(Block),
    })
}

/// Keeps everything from the server, and answers the client's hello with an error of v1.
struct Block;

impl Attacker for Block {
    fn intercept(&mut self, frame: &Transit, hands: &mut Hands, _: Time) -> Result<(), LabError> {
        hands.keep(Action::Drops, frame);
        if frame.kind == FrameKind::ClientHello {
            hands.send(
                Action::Forges,
                None,
                Side::Client,
                error_frame::encode(FORGED),
            );
        }
        Ok(())
    }
}

fn expected(plan: &Plan) -> Findings {
    match plan.version {
        Version::V1 => Findings {
            learnt: learnt(&[HELLO, ANSWER, FOLDER], &[("sees_client_key", "yes")]),
            achieved: true,
            ..undisturbed()
        },
        Version::V2 => Findings {
            client_received: Vec::new(),
            client_ending: Ending::Reported(FORGED),
            server_received: Vec::new(),
            stopped: Some((Side::Client, Stopper::VersionFloor)),
            ..undisturbed()
        },
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "The client knows nothing of this address. The attacker answers its hello of v2 with \
                  an error in clear, which anybody can forge, and a person who then tries v1 meets \
                  the man in the middle of swap_server_key. Our clients never change to v1 by \
                  themselves, and say loudly that nothing is verified.",
            sections: &["1.5", "1.7", "2.14"],
            references: &["RFC 7507 §1"],
        },
        Version::V2 => Explanation {
            why: "The client has spoken v2 with this address: its pin says so, and it refuses v1 \
                  until a person removes the pin. Within v2 nothing is negotiated, so that nothing \
                  can be talked down. The attacker has only kept a session from being made.",
            sections: &["2", "2.11", "2.14"],
            references: &["RFC 7507 §1", "RFC 8446 §4.1.3"],
        },
    }
}
