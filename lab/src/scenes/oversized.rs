//! Oversized: the attacker claims to send more than anybody may.

use shared::connection::{CheckName, FrameKind, Version};
use shared::error::ErrorCode;
use shared::limits::HANDSHAKE_FRAME_BYTES;

use super::stopped;
use crate::LabError;
use crate::attacker::{Attacker, Hands, OnFrames, Transit};
use crate::outcome::{Action, Findings, Side, Stopper};
use crate::scene::{Explanation, Plan, Scene, Setup, TALK};

pub(super) static SCENE: Scene = Scene {
    name: "oversized",
    title: "Announce too much",
    goal: "Have the server keep as many bytes as a stranger likes.",
    choices: &[],
    setup,
    attack,
    achieved: |outcome| outcome.stopped.is_none(),
    expected,
    explanation,
};

fn setup(plan: &Plan) -> Result<Setup, LabError> {
    Setup::pinned(plan, &TALK)
}

fn attack(plan: &Plan) -> Result<Box<dyn Attacker>, LabError> {
    let version = plan.version;
    Ok(Box::new(OnFrames(
        move |frame: &Transit, hands: &mut Hands| {
            match frame.kind {
                // As much as the limit, and two bytes: the first that are certainly too many.
                FrameKind::Handshake => {
                    let mut bytes = vec![b'{'];
                    bytes.resize(HANDSHAKE_FRAME_BYTES + 2, b' ');
                    hands.change(frame, bytes);
                }
                // Four gigabytes, by four bytes.
                FrameKind::ClientHello => match frame.with_field(version, "length", &[0xff; 4]) {
                    Some(bytes) => hands.change(frame, bytes),
                    None => hands.keep(Action::Drops, frame),
                },
                _ => hands.pass(frame),
            }
        },
    )))
}

fn expected(plan: &Plan) -> Findings {
    let check = match plan.version {
        Version::V1 => CheckName::V1FrameLength,
        Version::V2 => CheckName::FrameLength,
    };
    stopped(
        Side::Server,
        Stopper::Check(check),
        ErrorCode::FrameTooLarge,
    )
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "A frame has no length in front, so that the server must keep what comes until it \
                  ends, but no more than 16 KiB before the handshake is done, and 1 MiB after it.",
            sections: &["1.1"],
            references: &["CWE-770"],
        },
        Version::V2 => Explanation {
            why: "The length is checked as soon as the five bytes of the header are there, before \
                  anything of the body is kept: 8 KiB until the handshake is done, 64 KiB and a \
                  little after it.",
            sections: &["2.2", "2.13"],
            references: &["CWE-770"],
        },
    }
}
