//! The person's identity as the page knows it: the public side, and what the vault is doing.
//! The private key never comes here.

use crate::vault::messages::{Failure, Profile};

/// The state of the person's key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Identity {
    /// The vault is starting or looking for the key.
    #[default]
    Loading,
    /// There was none; one is being made since this time (milliseconds since 1970).
    Creating {
        /// When the worker began.
        since: u64,
    },
    /// It is there.
    Ready(Profile),
    /// The person deleted it.
    Absent,
    /// The vault cannot get it.
    Failed(Failure),
}

impl Identity {
    /// Returns the public side, if it is there.
    pub fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Ready(profile) => Some(profile),
            _ => None,
        }
    }
}
