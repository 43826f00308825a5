//! What the native programs, server and terminal client, both ask of the operating system: private
//! files, the file of a key, a clock and randomness.

pub mod clock;
pub mod files;
pub mod key_file;

use shared::random::{Random, RandomUnavailable};

/// Returns the operating system's randomness.
pub fn random() -> Random {
    Random::new(|bytes| getrandom::fill(bytes).map_err(|_| RandomUnavailable))
}
