//! The person's identity as the page knows it: the public side, and the state of the vault. The
//! private key never comes here.

use crate::vault::messages::{Failure, Profile};

/// The state of the person's key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Identity {
    /// The vault is starting or looking for the key.
    #[default]
    Loading,
    /// There was no key; one is being generated.
    Creating {
        /// The time at which the worker began, in milliseconds since 1970.
        since: u64,
    },
    /// The public side of the key that this browser had when the page was open last. The vault has
    /// not said yet whether it is still the one; until then a handshake may begin, which only the
    /// vault's signature completes.
    Remembered(Profile),
    /// The key is ready.
    Ready(Profile),
    /// The person deleted the key.
    Absent,
    /// The vault cannot load or generate the key.
    Failed(Failure),
}

impl Identity {
    /// Returns the public side of the key, if it is known.
    pub fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Ready(profile) | Self::Remembered(profile) => Some(profile),
            _ => None,
        }
    }
}
