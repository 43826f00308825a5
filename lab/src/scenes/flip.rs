//! Flip a bit: the attacker changes one bit of a chosen part of the conversation.

use shared::connection::{CheckName, FrameKind, Version};
use shared::error::ErrorCode;

use super::{stopped, texts};
use crate::LabError;
use crate::attacker::{Attacker, Hands, Transit};
use crate::outcome::{Ending, Findings, Outcome, Side, Stopper};
use crate::scene::{ANSWER, Explanation, Plan, Scene, Setup, TALK};
use crate::seed::Draws;

pub(super) static SCENE: Scene = Scene {
    name: "flip",
    title: "Flip a bit",
    goal: "Have something other arrive than was sent, by changing one bit of it.",
    choices: &[
        "ciphertext",
        "tag",
        "length",
        "type",
        "key_exchange",
        "signature",
    ],
    setup,
    attack,
    achieved: Outcome::altered_unnoticed,
    expected,
    explanation,
};

/// The frame and the field of a choice.
struct Place {
    from: Side,
    kind: FrameKind,
    field: &'static str,
    /// The bit, counted from the first byte's lowest one; `None` if the seed decides.
    bit: Option<usize>,
}

fn place(plan: &Plan) -> Place {
    let (from, kind, field) = match (plan.choice.unwrap_or_default(), plan.version) {
        ("tag", _) => (Side::Client, FrameKind::Message, "tag"),
        // v1 has no lengths: a frame is as long as its terminator says.
        ("length", Version::V1) => (Side::Client, FrameKind::Message, "terminator"),
        ("length", Version::V2) => (Side::Client, FrameKind::Message, "length"),
        // What tells v1's frames apart is their JSON.
        ("type", Version::V1) => (Side::Client, FrameKind::Message, "json"),
        ("type", Version::V2) => (Side::Client, FrameKind::Message, "type"),
        ("key_exchange", Version::V1) => (Side::Client, FrameKind::Handshake, "enc_session"),
        ("key_exchange", Version::V2) => (Side::Server, FrameKind::ServerHello, "x25519"),
        ("signature", Version::V1) => (Side::Client, FrameKind::Handshake, "client_sig"),
        // The signature is sealed, so that only its ciphertext can be changed.
        ("signature", Version::V2) => (Side::Client, FrameKind::ClientAuth, "ciphertext"),
        _ => (Side::Client, FrameKind::Message, "ciphertext"),
    };
    let bit = match field {
        // From 80 to 64, so that the record is there at once. Another bit would have the server wait for
        // bytes of the next record, or refuse the length by its limit.
        "length" => Some(3 * 8 + 4),
        _ => None,
    };
    Place {
        from,
        kind,
        field,
        bit,
    }
}

fn setup(plan: &Plan) -> Result<Setup, LabError> {
    Setup::pinned(plan, &TALK)
}

struct Flip {
    plan: Plan,
    done: bool,
}

impl Attacker for Flip {
    fn intercept(
        &mut self,
        frame: &Transit,
        hands: &mut Hands,
        _: shared::time::Time,
    ) -> Result<(), LabError> {
        let place = place(&self.plan);
        if self.done || !frame.is(place.from, place.kind) {
            hands.pass(frame);
            return Ok(());
        }
        self.done = true;
        let missing = LabError::NoField(place.field);
        let field = first(frame, place.field).ok_or(missing.clone())?;
        let drawn = u32::from_le_bytes(self.plan.seed.first(Draws::Attacker)) as usize;
        let bit = place.bit.unwrap_or(drawn % (field.len() * 8));
        let mut changed = field.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        let bytes = frame.with_field(self.plan.version, place.field, &changed);
        hands.change(frame, bytes.ok_or(missing)?);
        Ok(())
    }
}

/// Returns the bytes that may be changed: of JSON and terminator the first one, which tells what they
/// are.
fn first<'a>(frame: &'a Transit, field: &str) -> Option<&'a [u8]> {
    let bytes = frame.clear(field)?.2;
    match field {
        "json" | "terminator" => bytes.get(..1),
        _ => Some(bytes),
    }
}

fn attack(plan: &Plan) -> Result<Box<dyn Attacker>, LabError> {
    let (plan, done) = (*plan, false);
    Ok(Box::new(Flip { plan, done }))
}

fn expected(plan: &Plan) -> Findings {
    let server = |check, code| stopped(Side::Server, Stopper::Check(check), code);
    match (plan.choice.unwrap_or_default(), plan.version) {
        // The frame goes on until the terminator of the next one.
        ("length", Version::V1) => Findings {
            client_received: texts(&[ANSWER]),
            ..server(CheckName::Json, ErrorCode::Malformed)
        },
        ("type", Version::V1) => server(CheckName::Json, ErrorCode::Malformed),
        ("type", Version::V2) => server(CheckName::FrameType, ErrorCode::UnexpectedMessage),
        ("key_exchange", Version::V1) => {
            server(CheckName::SessionDecrypts, ErrorCode::HandshakeFailed)
        }
        // Both sides have other keys now, so that neither opens what the other seals: not even the
        // alert that says so.
        ("key_exchange", Version::V2) => Findings {
            server_ending: Ending::Failed(ErrorCode::BadRecord),
            ..stopped(
                Side::Client,
                Stopper::Check(CheckName::RecordTag),
                ErrorCode::BadRecord,
            )
        },
        ("signature", Version::V1) => {
            server(CheckName::SessionSignature, ErrorCode::HandshakeFailed)
        }
        // The client has changed its keys already, and cannot open the alert (§2.5).
        ("signature", Version::V2) => Findings {
            client_ending: Ending::Failed(ErrorCode::BadRecord),
            ..server(CheckName::RecordTag, ErrorCode::BadRecord)
        },
        (_, Version::V1) => server(CheckName::MessageOpens, ErrorCode::BadMessage),
        (_, Version::V2) => server(CheckName::RecordTag, ErrorCode::BadRecord),
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "A MAC is over every ciphertext and checked before anything is decrypted, and the \
                  session's keys are signed by the client. So one changed bit is noticed. v1 has no \
                  lengths and types: there the lab changes the terminator, and the first byte of the \
                  JSON, and that is an error of form.",
            sections: &["1.1", "1.3", "1.4"],
            references: &["RFC 2104", "RFC 8017 §8.1"],
        },
        Version::V2 => Explanation {
            why: "The tag of a record is over its ciphertext and its header. Every byte of the hellos \
                  is in the transcript from which all keys come, so that a changed one gives both \
                  sides different keys, and the next record does not open.",
            sections: &["2.2", "2.4", "2.5"],
            references: &["RFC 8439 §2.8", "RFC 5869"],
        },
    }
}
