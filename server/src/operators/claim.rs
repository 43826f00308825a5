//! The code of the claim link, which makes the first person who shows it an operator.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use shared::chat::ClaimCode;
use shared::random::RandomUnavailable;
use subtle::ConstantTimeEq;

use crate::system;

/// At most one code, in memory only: a server that starts without an operator makes a new one.
#[derive(Default)]
pub struct Claim(Mutex<Option<String>>);

impl Claim {
    /// Makes a code of 128 random bits, which replaces a former one.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn make(&self) -> Result<String, RandomUnavailable> {
        // URL-safe and without padding, because `ClaimCode` takes no other characters.
        let code = BASE64_URL_SAFE_NO_PAD.encode(system::random_bytes()?);
        *self.lock() = Some(code.clone());
        Ok(code)
    }

    /// Takes the code away, if it is this one: of two who show it at once, one has it.
    pub(crate) fn take(&self, shown: &ClaimCode) -> Option<Taken> {
        let mut code = self.lock();
        // In constant time: how long a wrong code takes must not say how much of it is right.
        let right = code
            .as_ref()
            .is_some_and(|code| bool::from(code.as_bytes().ct_eq(shown.as_bytes())));
        if right { code.take().map(Taken) } else { None }
    }

    /// Puts a code back that did not serve after all; a newer one stays.
    pub(crate) fn put_back(&self, taken: Taken) {
        // A newer code stays, because it has ended this one.
        self.lock().get_or_insert(taken.0);
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right code, taken away.
pub(crate) struct Taken(String);

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claim(..)")
    }
}
