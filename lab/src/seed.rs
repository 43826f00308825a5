//! The seed of a run: everything that sides and attacker draw comes from it.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use shared::random::Random;

/// The number from which a run draws its randomness.
///
/// The same seed gives the same steps and the same outcome. It gives the same bytes too, unless
/// `shared` is built with `aws-lc`, which draws ML-KEM's keys and the salts of signatures itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Seed(pub u32);

/// A purpose for which randomness is drawn; each has a stream of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Draws {
    Client = 1,
    Server,
    ClientKey,
    ServerKey,
    Attacker,
    AttackerAsServer,
    AttackerAsClient,
    AttackerKey,
}

impl Seed {
    fn generator(self, draws: Draws) -> ChaCha20Rng {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&self.0.to_le_bytes());
        seed[4] = draws as u8;
        ChaCha20Rng::from_seed(seed)
    }

    /// Returns the randomness for a purpose, always from its start.
    pub(crate) fn random(self, draws: Draws) -> Random {
        let mut generator = self.generator(draws);
        Random::new(move |bytes| {
            generator.fill_bytes(bytes);
            Ok(())
        })
    }

    /// Returns the first bytes that a purpose draws.
    pub(crate) fn first<const N: usize>(self, draws: Draws) -> [u8; N] {
        let mut bytes = [0; N];
        self.generator(draws).fill_bytes(&mut bytes);
        bytes
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Seed {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}
