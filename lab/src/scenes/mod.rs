//! The scenes, one file each: `setup`, `attack`, `expected` and `explanation`.

#![expect(
    clippy::unnecessary_wraps,
    reason = "the functions of every scene have the same types, and those of some can fail"
)]

mod cut_between;
mod downgrade;
mod drop;
mod eavesdrop;
mod equal_blocks;
mod flip;
mod oversized;
mod padding_probe;
mod quantum;
mod reflect;
mod relay_login;
mod reorder;
mod replay;
mod slow_drip;
mod stolen_key;
mod swap_client_key;
mod swap_server_key;
mod swap_server_key_pinned;
mod truncate;

use shared::error::ErrorCode;

use crate::outcome::{Ending, Fact, Findings, Learnt, Side, Stopper};
use crate::scene::{ANSWER, FOLDER, HELLO, Scene};

/// Every scene, from listening to keys.
pub static SCENES: &[&Scene] = &[
    &eavesdrop::SCENE,
    &equal_blocks::SCENE,
    &replay::SCENE,
    &reflect::SCENE,
    &reorder::SCENE,
    &drop::SCENE,
    &cut_between::SCENE,
    &truncate::SCENE,
    &flip::SCENE,
    &padding_probe::SCENE,
    &swap_server_key::SCENE,
    &swap_server_key_pinned::SCENE,
    &swap_client_key::SCENE,
    &relay_login::SCENE,
    &downgrade::SCENE,
    &stolen_key::SCENE,
    &quantum::SCENE,
    &oversized::SCENE,
    &slow_drip::SCENE,
];

/// Returns the scene with this name.
pub fn scene(name: &str) -> Option<&'static Scene> {
    SCENES.iter().copied().find(|scene| scene.name == name)
}

/// Returns what is found if nobody interferes with the usual conversation.
fn undisturbed() -> Findings {
    Findings {
        client_received: texts(&[ANSWER]),
        client_ending: Ending::PeerClosed,
        server_received: texts(&[HELLO, FOLDER]),
        server_ending: Ending::PeerClosed,
        stopped: None,
        learnt: Learnt::default(),
        achieved: false,
    }
}

/// Returns what is found if one side refuses something, and tells the other.
fn stopped(side: Side, by: Stopper, code: ErrorCode) -> Findings {
    let (client_ending, server_ending) = match side {
        Side::Client => (Ending::Failed(code), Ending::Reported(code)),
        Side::Server => (Ending::Reported(code), Ending::Failed(code)),
    };
    Findings {
        client_received: Vec::new(),
        client_ending,
        server_received: Vec::new(),
        server_ending,
        stopped: Some((side, by)),
        learnt: Learnt::default(),
        achieved: false,
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn learnt(read: &[&str], facts: &[(&'static str, &str)]) -> Learnt {
    Learnt {
        texts: texts(read),
        facts: facts
            .iter()
            .map(|&(name, value)| Fact::new(name, value))
            .collect(),
        evidence: Vec::new(),
    }
}

/// Returns bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
