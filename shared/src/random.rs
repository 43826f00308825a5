//! Randomness as an argument: the system's in programs, a seeded generator in tests.

use std::fmt;

use rand_core::{TryCryptoRng, TryRng};
use thiserror::Error;

/// An error: the source of randomness could not deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the system's source of randomness is unavailable")]
pub struct RandomUnavailable;

// `Send`, because a server moves the whole connection to another thread for its RSA.
type Fill = dyn FnMut(&mut [u8]) -> Result<(), RandomUnavailable> + Send;

/// A source of cryptographic randomness, given to the protocol by its driver.
///
/// The closure must fill the whole slice with unpredictable bytes or fail. In programs it is
/// `getrandom::fill`; in tests it is a seeded generator, so that every byte on the wire can be
/// repeated.
pub struct Random(Box<Fill>);

impl Random {
    /// Wraps `fill`, which must fill the whole slice or fail.
    pub fn new(
        fill: impl FnMut(&mut [u8]) -> Result<(), RandomUnavailable> + Send + 'static,
    ) -> Self {
        Self(Box::new(fill))
    }

    /// Fills the whole of `bytes`.
    ///
    /// # Errors
    /// [`RandomUnavailable`] if the source fails; `bytes` must then not be used.
    pub fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        (self.0)(bytes)
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The closure may hold a generator's state, so nothing of it must reach a log.
        f.write_str("Random(..)")
    }
}

impl TryRng for Random {
    type Error = RandomUnavailable;

    fn try_next_u32(&mut self) -> Result<u32, RandomUnavailable> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes)?;
        // A fixed byte order, so that a seeded test draws the same numbers on every platform.
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, RandomUnavailable> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        self.fill(bytes)
    }
}

impl TryCryptoRng for Random {}
