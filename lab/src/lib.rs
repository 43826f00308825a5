//! The attack lab: a client and a server of Secure Chat on a simulated network, and an attacker
//! between them who does what a scene says.
//!
//! ```text
//!   client ──── frames ───► attacker ──── bytes ───► server
//!   (shared)                 scene                   (shared)
//!          ◄─── bytes ─────         ◄─── frames ────
//! ```
//!
//! Both sides are the real `Connection` of `shared`, for both versions of the protocol. A [`Scene`] is
//! a file in `scenes/` with its `setup`, its `attack`, the outcome that is `expected`, and the
//! `explanation`. A [`Run`] plays it, step by step, and its [`Outcome`] is data: what the attacker did
//! and learnt, what both sides saw, which named check stopped it or that nothing did, and the records
//! of all frames. [`Outcome::as_expected`] compares what happened with what the scene claims; tests
//! demand it of every scene. A screen walks a run with [`Run::step`] and [`Run::restart`], and finds a
//! step's frames by their numbers in the records.
//!
//! ```
//! use lab::{Plan, Run, Seed, scene};
//! use shared::connection::Version;
//!
//! let replay = scene("replay").ok_or("no such scene")?;
//! let plan = Plan { version: Version::V2, seed: Seed(1), choice: None };
//! let outcome = Run::new(replay, plan)?.run()?;
//! assert!(outcome.as_expected && !outcome.achieved);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! No code here does I/O: sockets, files, clocks and the system's randomness are not needed. All
//! randomness comes from a [`Seed`]. The keys are published and good for nothing else.

mod attacker;
mod end;
mod json;
mod keys;
pub mod limits;
mod outcome;
mod run;
mod scene;
mod scenes;
mod seed;

#[cfg(test)]
mod tests;

use shared::identity::KeyError;
use thiserror::Error;

pub use json::{outcome_to_json, scene_to_json};
pub use outcome::{
    Action, Deed, Ending, Fact, Findings, FrameId, Learnt, Outcome, Saw, Side, Stop, Stopper,
};
pub use run::{Cause, Run, Step};
pub use scene::{Explanation, Plan, Scene};
pub use scenes::{SCENES, scene};
pub use seed::Seed;

/// An error of the lab itself. No attack causes one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LabError {
    /// A key of the lab does not parse.
    #[error("a key of the lab does not parse: {0}")]
    Key(#[from] KeyError),
    /// The scene does not offer this choice.
    #[error("the scene has no choice {0:?}")]
    Choice(&'static str),
    /// The run passed a bound of [`limits`].
    #[error("the scene has too many {0}")]
    TooLong(&'static str),
    /// The records of a side are not what it has sent.
    #[error("the records of the {0} are not its stream")]
    Records(Side),
    /// A frame does not have a part that the scene needs.
    #[error("a frame has no {0}")]
    NoField(&'static str),
}
