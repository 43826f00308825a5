//! A peer's identity: its long-term RSA key, how it is stored, and how it is shown.
//!
//! Keys go in and out as text or bytes; the driver decides where they are kept.

mod fingerprint;
mod key_error;
mod private_key;
mod public_key;

#[cfg(test)]
mod tests;

pub use fingerprint::{Fingerprint, InvalidFingerprint};
pub use key_error::KeyError;
pub use private_key::PrivateKey;
pub use public_key::PublicKey;
