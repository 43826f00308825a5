//! A scene: a named attack with everything that is needed to run it and to check what comes of it.

use shared::connection::{ClientConfig, Observe, ServerConfig, Trust, Version};

use crate::attacker::Attacker;
use crate::outcome::{Findings, Outcome, Side, Stop};
use crate::seed::Seed;
use crate::{LabError, keys};

/// An attack that can be run on both versions.
#[derive(Clone, Copy)]
pub struct Scene {
    /// The name, of small letters and `_`.
    pub name: &'static str,
    /// A heading, of a few words.
    pub title: &'static str,
    /// The attacker's goal: one sentence.
    pub goal: &'static str,
    /// The choices that the scene offers; empty if it offers none. The first one is taken if none is
    /// named.
    pub choices: &'static [&'static str],
    pub(crate) setup: fn(&Plan) -> Result<Setup, LabError>,
    pub(crate) attack: fn(&Plan) -> Result<Box<dyn Attacker>, LabError>,
    pub(crate) achieved: fn(&Outcome) -> bool,
    pub(crate) expected: fn(&Plan) -> Findings,
    pub(crate) explanation: fn(Version) -> Explanation,
}

impl std::fmt::Debug for Scene {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scene({})", self.name)
    }
}

impl Scene {
    /// Returns why the scene ends as it does on this version.
    pub fn explanation(&self, version: Version) -> Explanation {
        (self.explanation)(version)
    }

    /// Returns what must come of a run.
    pub fn expected(&self, plan: &Plan) -> Findings {
        (self.expected)(plan)
    }
}

/// The inputs of a run: the same plan gives the same outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The version of the protocol.
    pub version: Version,
    /// The seed.
    pub seed: Seed,
    /// The choice; `None` in a scene that offers none.
    pub choice: Option<&'static str>,
}

/// The reason for an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// The reason, in one paragraph.
    pub why: &'static str,
    /// The sections of `docs/PROTOCOL.md`.
    pub sections: &'static [&'static str],
    /// The sections of standards, and papers.
    pub references: &'static [&'static str],
}

/// A thing that happens when nothing is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// A side sends a text.
    Say(Side, &'static str),
    /// The attacker acts of its own accord.
    Attack,
    /// A side has nothing more to send, and ends its stream.
    Finish(Side),
}

/// The two sides as a scene begins, and what they do.
pub(crate) struct Setup {
    pub(crate) client: ClientConfig,
    pub(crate) server: ServerConfig,
    pub(crate) script: Vec<Act>,
    /// The refusal of the client's program after all that, whatever was on the wire.
    pub(crate) refuses: Option<Stop>,
}

/// The first text of the client: exactly one block of v1's cipher.
pub(crate) const HELLO: &str = "Meet me at noon.";
/// The text of the server.
pub(crate) const ANSWER: &str = "I will be there.";
/// The second text of the client.
pub(crate) const FOLDER: &str = "Bring the red folder.";

/// The conversation of most scenes: three texts, and an honest end.
pub(crate) const TALK: [Act; 4] = [
    Act::Say(Side::Client, HELLO),
    Act::Say(Side::Server, ANSWER),
    Act::Say(Side::Client, FOLDER),
    Act::Finish(Side::Client),
];

impl Setup {
    /// Returns two sides with their keys, in which the client has pinned the server's.
    pub(crate) fn pinned(plan: &Plan, script: &[Act]) -> Result<Self, LabError> {
        let pin = keys::server()?.public_key().fingerprint();
        Self::with(plan, Trust::Pinned(pin), script)
    }

    /// Returns two sides with their keys, and this rule for the server's.
    pub(crate) fn with(plan: &Plan, trust: Trust, script: &[Act]) -> Result<Self, LabError> {
        let identity = keys::client()?.public_key().clone();
        let mut client = ClientConfig::new(identity, plan.version, trust);
        let mut server = ServerConfig::new(keys::server()?.public_key().clone());
        // The keys of the lab are published, so that their values can be shown.
        (client.observe, server.observe) = (Observe::WithSecrets, Observe::WithSecrets);
        Ok(Self {
            client,
            server,
            script: script.to_vec(),
            refuses: None,
        })
    }
}
