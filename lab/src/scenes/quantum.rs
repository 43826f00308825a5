//! A quantum computer later: the attacker has recorded a session, and later computes private keys of
//! RSA and X25519 from public ones.
//!
//! The lab has no such computer. It hands the attacker what such a computer would compute, and checks
//! that it is that: the private key that belongs to the public one on the wire.

use shared::connection::{FrameKind, Version};
use x25519_dalek::{PublicKey, StaticSecret};

use super::{learnt, undisturbed};
use crate::attacker::middle::yes_no;
use crate::attacker::recording::{read_v1, try_key};
use crate::attacker::v2_reader::Recording;
use crate::attacker::{Attacker, Listener, Transit};
use crate::outcome::{Fact, Findings, Learnt, Side};
use crate::scene::{ANSWER, Explanation, FOLDER, HELLO, Plan, Scene, Setup, TALK};
use crate::seed::Draws;
use crate::{LabError, keys};

pub(super) static SCENE: Scene = Scene {
    name: "quantum",
    title: "A quantum computer, later",
    goal: "Read a recorded session once RSA and X25519 are broken, and ML-KEM is not.",
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
        match plan.version {
            Version::V1 => {
                // The private key of the public one in the announcement.
                let rsa = keys::server()?;
                let mut random = plan.seed.random(Draws::Attacker);
                let texts = read_v1(tap, &rsa, &mut random);
                Ok(Learnt {
                    texts,
                    ..Learnt::default()
                })
            }
            Version::V2 => v2(&plan, tap),
        }
    })))
}

fn v2(plan: &Plan, tap: &[Transit]) -> Result<Learnt, LabError> {
    let rsa = keys::server()?;
    let mut random = plan.seed.random(Draws::Attacker);
    let (_, opened) = try_key(tap, &rsa, &mut random);
    // The second thing that a client draws (docs/PROTOCOL.md §2.16, `client_x25519_secret`).
    let drawn: [u8; 64] = plan.seed.first(Draws::Client);
    let mut secret = [0; 32];
    secret.copy_from_slice(&drawn[32..]);
    let secret = StaticSecret::from(secret);
    let [client, server] = [
        public_key(tap, Side::Client, FrameKind::ClientHello)?,
        public_key(tap, Side::Server, FrameKind::ServerHello)?,
    ];
    let is_it = PublicKey::from(&secret) == client;
    let x25519 = secret.diffie_hellman(&server).to_bytes();
    // ML-KEM's secret is one of 2^256, and all that is left is to guess.
    let guessed = [0; 32];
    let recording = recording(tap)?;
    let (records, texts) = recording.read(&guessed, &x25519);
    Ok(Learnt {
        facts: vec![
            Fact::new("rsa_decryptions", opened.to_string()),
            Fact::new("knows_x25519_secret", yes_no(is_it)),
            Fact::new(
                "records_opened",
                format!("{records} of {}", recording.sealed.len()),
            ),
        ],
        texts,
        ..Learnt::default()
    })
}

fn public_key(tap: &[Transit], from: Side, kind: FrameKind) -> Result<PublicKey, LabError> {
    tap.iter()
        .find(|frame| frame.is(from, kind))
        .and_then(|frame| <[u8; 32]>::try_from(frame.clear("x25519")?.2).ok())
        .map(PublicKey::from)
        .ok_or(LabError::NoField("x25519"))
}

/// Sorts a recorded session into the transcript's beginning and the sealed frames.
pub(crate) fn recording(tap: &[Transit]) -> Result<Recording<'_>, LabError> {
    let clear = [
        (FrameKind::Announcement, "announcement"),
        (FrameKind::Preface, "preface"),
        (FrameKind::ClientHello, "client_hello"),
        (FrameKind::ServerHello, "server_hello"),
    ];
    let is_clear = |frame: &Transit| clear.iter().any(|(kind, _)| *kind == frame.kind);
    let find = |(kind, name)| {
        tap.iter()
            .find(|frame| frame.kind == kind)
            .map(Transit::bytes)
            .ok_or(LabError::NoField(name))
    };
    let [announcement, preface, client_hello, server_hello] = clear.map(find);
    Ok(Recording {
        clear: [announcement?, preface?, client_hello?, server_hello?],
        sealed: tap
            .iter()
            .filter(|frame| !is_clear(frame))
            .map(|frame| (frame.from, frame.bytes()))
            .collect(),
    })
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
                &[
                    ("rsa_decryptions", "0"),
                    ("knows_x25519_secret", "yes"),
                    ("records_opened", "0 of 9"),
                ],
            ),
            ..undisturbed()
        },
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "The computer gets the server's private key from the public one, which is announced \
                  in clear. From there on it is the scene stolen_key: everything falls. (The lab \
                  hands that private key over; it computes none.)",
            sections: &["1.3", "1.7"],
            references: &["Shor, SIAM J. Comput. 26 (1997)"],
        },
        Version::V2 => Explanation {
            why: "X25519's secret falls, and RSA's keys. But all keys come of PRK = Extract(\"SC/2\", \
                  mlkem_shared, x25519_shared), and mlkem_shared is not known: no record opens. (The \
                  lab hands X25519's private key over and computes the secret; with both secrets the \
                  same reader opens the session of docs/vectors-v2.json.) What falls for new \
                  sessions are the signatures: such a computer can be the server, or the client.",
            sections: &["2", "2.3", "2.4"],
            references: &["FIPS 203", "RFC 5869 §2.2", "RFC 7748 §6.1"],
        },
    }
}
