//! The operating system's part of server and terminal client: private files, the file of a key, a
//! clock and randomness.

pub mod clock;
pub mod files;
pub mod key_file;

use shared::random::{Random, RandomUnavailable};

/// Returns the operating system's randomness.
pub fn random() -> Random {
    Random::new(|bytes| getrandom::fill(bytes).map_err(|_| RandomUnavailable))
}
