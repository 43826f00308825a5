//! The primitives, each with its formula, parameters and standard. There is no protocol state here.
//!
//! Some primitives have two backends: RustCrypto's works everywhere, and aws-lc's (feature `aws-lc`,
//! native) is faster. HKDF and HMAC have one backend, which aws-lc does not beat.

pub mod cbc_hmac;
pub(crate) mod chacha20_poly1305;
pub mod encoding;
pub(crate) mod hkdf;
pub(crate) mod hmac_sha256;
pub(crate) mod ml_kem;
pub mod rsa_private;
pub mod rsa_public;
pub(crate) mod x25519;

#[cfg(test)]
mod testing;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod wycheproof;
