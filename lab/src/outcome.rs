//! The outcome of a run, as data: what the attacker did and learnt, what the sides saw, and what
//! stopped the attack.

use std::fmt;
use std::sync::Arc;

use shared::connection::{CheckName, CloseReason, FrameKind, ObservedFrame, Version};
use shared::error::ErrorCode;
use shared::identity::Fingerprint;

use crate::seed::Seed;

/// An honest side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The client.
    Client,
    /// The server.
    Server,
}

impl Side {
    /// Returns the peer of this side.
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// Returns the name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A frame of a run: the side that has sent it, and its number there.
///
/// The kind is the sender's. On a real network an attacker tells sealed frames by length and order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameId {
    /// The side that has sent the frame.
    pub sender: Side,
    /// The frame's number in the sender's records.
    pub number: u64,
    /// The frame's kind.
    pub kind: FrameKind,
}

/// A kind of deed of the attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Passes a frame as it is.
    Passes,
    /// Does not pass a frame, and keeps it.
    Holds,
    /// Does not pass a frame, ever.
    Drops,
    /// Passes a frame that was held.
    Releases,
    /// Passes a frame once more.
    Repeats,
    /// Sends a frame back to the side that has sent it.
    Reflects,
    /// Passes a changed frame in the place of a frame.
    Changes,
    /// Passes the beginning of a frame only.
    Cuts,
    /// Passes a single byte of a frame.
    Drips,
    /// Sends bytes of its own.
    Forges,
    /// Ends a stream.
    EndsStream,
}

impl Action {
    /// Returns the name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passes => "passes",
            Self::Holds => "holds",
            Self::Drops => "drops",
            Self::Releases => "releases",
            Self::Repeats => "repeats",
            Self::Reflects => "reflects",
            Self::Changes => "changes",
            Self::Cuts => "cuts",
            Self::Drips => "drips",
            Self::Forges => "forges",
            Self::EndsStream => "ends_stream",
        }
    }
}

/// A deed of the attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deed {
    /// The kind.
    pub action: Action,
    /// The frame that it is about; `None` for bytes of the attacker's own.
    pub frame: Option<FrameId>,
    /// The side that gets something; `None` if nobody does.
    pub to: Option<Side>,
    /// The number of bytes that side gets.
    pub bytes: usize,
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.action {
            Action::EndsStream => "ends the stream",
            Action::Cuts => "cuts",
            Action::Drips => "passes 1 byte of",
            Action::Forges => "forges",
            action => action.as_str(),
        };
        f.write_str(verb)?;
        match (self.frame, self.action) {
            (Some(frame), _) => write!(
                f,
                " {}'s frame {} ({})",
                frame.sender, frame.number, frame.kind
            )?,
            (None, Action::Forges) => write!(f, " {} bytes", self.bytes)?,
            (None, _) => {}
        }
        match self.to {
            Some(side) if self.action == Action::Cuts => {
                write!(f, " to {} bytes, for the {side}", self.bytes)
            }
            Some(side) => write!(f, " to the {side}"),
            None => Ok(()),
        }
    }
}

/// The end of a connection, as one side saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The connection has not ended.
    Open,
    /// The peer has ended its side as it should.
    PeerClosed,
    /// The peer's stream was cut.
    Truncated,
    /// The peer reported an error.
    Reported(ErrorCode),
    /// This side refused something.
    Failed(ErrorCode),
}

impl Ending {
    pub(crate) fn of(reason: Option<&CloseReason>) -> Self {
        match reason {
            None => Self::Open,
            Some(CloseReason::PeerClosed) => Self::PeerClosed,
            Some(CloseReason::Truncated) => Self::Truncated,
            Some(CloseReason::Reported { code, .. }) => Self::Reported(*code),
            Some(CloseReason::Failed(error)) => Self::Failed(error.code()),
            Some(CloseReason::Local(code)) => Self::Failed(*code),
            // A reason of a later version: nothing that a scene expects, so that it is noticed.
            Some(_) => Self::Failed(ErrorCode::Unknown),
        }
    }

    /// Returns the name of the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::PeerClosed => "peer_closed",
            Self::Truncated => "truncated",
            Self::Reported(_) => "reported",
            Self::Failed(_) => "failed",
        }
    }

    /// Returns the code of the error, if the end has one.
    pub const fn code(self) -> Option<ErrorCode> {
        match self {
            Self::Reported(code) | Self::Failed(code) => Some(code),
            _ => None,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("still open"),
            Self::PeerClosed => f.write_str("ended as it should"),
            Self::Truncated => f.write_str("reported as cut"),
            Self::Reported(code) => write!(f, "ended by the peer: {code}"),
            Self::Failed(code) => write!(f, "ended with {code}"),
        }
    }
}

/// A side of the connection, as a person behind it saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saw {
    /// The texts that the side has sent.
    pub said: Vec<String>,
    /// The texts that the side was given, oldest first.
    pub received: Vec<String>,
    /// `true` if the handshake was done.
    pub established: bool,
    /// The peer's key, as far as the side was told of one.
    pub peer: Option<Fingerprint>,
    /// The end.
    pub ending: Ending,
}

/// A thing that can stop an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stopper {
    /// A check refused a frame.
    Check(CheckName),
    /// The stream ended where an honest one does not.
    Truncation,
    /// The handshake was not done in time.
    Deadline,
    /// The client has spoken a higher version with this server before.
    VersionFloor,
}

impl Stopper {
    /// Returns the name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Check(check) => check.as_str(),
            Self::Truncation => "truncation",
            Self::Deadline => "handshake_deadline",
            Self::VersionFloor => "version_floor",
        }
    }

    /// Returns the section of `docs/PROTOCOL.md` that demands it of this version.
    pub const fn section(self, version: Version) -> &'static str {
        match (self, version) {
            (Self::Check(check), _) => check.section(),
            (Self::Truncation, Version::V1) => "1.6",
            (Self::Truncation, Version::V2) => "2.12",
            (Self::Deadline, Version::V1) => "1.1",
            (Self::Deadline, Version::V2) => "2.13",
            (Self::VersionFloor, _) => "2.14",
        }
    }
}

/// The end of an attack: who stopped it, and by what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// The side that noticed.
    pub side: Side,
    /// The thing that stopped the attack.
    pub by: Stopper,
    /// The number of the refused frame in the records of that side.
    pub frame: Option<u64>,
}

/// A fact that the attacker has found out without reading a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The fact's name.
    pub name: &'static str,
    /// The value.
    pub value: String,
}

impl Fact {
    pub(crate) fn new(name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        Self { name, value }
    }
}

/// The attacker's knowledge after a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learnt {
    /// The texts that it can read.
    pub texts: Vec<String>,
    /// Everything else that the scene is about.
    pub facts: Vec<Fact>,
    /// Bytes to look at. They hang on the seed, and no outcome is told by them.
    pub evidence: Vec<Fact>,
}

/// The part of an outcome that a scene expects exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// The texts that the client was given.
    pub client_received: Vec<String>,
    /// The end, for the client.
    pub client_ending: Ending,
    /// The texts that the server was given.
    pub server_received: Vec<String>,
    /// The end, for the server.
    pub server_ending: Ending,
    /// The side that noticed, and by what; `None` if nothing stopped the attack.
    pub stopped: Option<(Side, Stopper)>,
    /// The attacker's knowledge.
    pub learnt: Learnt,
    /// `true` if the attacker has reached the scene's goal.
    pub achieved: bool,
}

/// The outcome of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The scene's name.
    pub scene: &'static str,
    /// The version of the protocol.
    pub version: Version,
    /// The seed.
    pub seed: Seed,
    /// The choice, in a scene that offers some.
    pub choice: Option<&'static str>,
    /// Everything that the attacker did, in order.
    pub deeds: Vec<Deed>,
    /// The client.
    pub client: Saw,
    /// The server.
    pub server: Saw,
    /// The thing that stopped the attack; `None` if nothing did.
    pub stopped: Option<Stop>,
    /// The attacker's knowledge.
    pub learnt: Learnt,
    /// `true` if the attacker has reached the scene's goal.
    pub achieved: bool,
    /// `true` if all of it is what the scene expects.
    pub as_expected: bool,
    /// The records of the client's frames.
    pub client_frames: Vec<Arc<ObservedFrame>>,
    /// The records of the server's frames.
    pub server_frames: Vec<Arc<ObservedFrame>>,
}

impl Outcome {
    /// Returns what a scene expects exactly.
    pub fn findings(&self) -> Findings {
        Findings {
            client_received: self.client.received.clone(),
            client_ending: self.client.ending,
            server_received: self.server.received.clone(),
            server_ending: self.server.ending,
            stopped: self.stopped.map(|stop| (stop.side, stop.by)),
            learnt: Learnt {
                evidence: Vec::new(),
                ..self.learnt.clone()
            },
            achieved: self.achieved,
        }
    }

    /// Returns `true` if a side was given other texts than its peer has sent, and nothing stopped it.
    pub(crate) fn altered_unnoticed(&self) -> bool {
        let altered =
            self.server.received != self.client.said || self.client.received != self.server.said;
        altered && self.stopped.is_none()
    }

    /// Returns the deeds that are more than passing a frame on.
    pub fn interference(&self) -> impl Iterator<Item = &Deed> {
        self.deeds
            .iter()
            .filter(|deed| deed.action != Action::Passes)
    }
}
