//! The primitives, each with its formula, parameters and standard. No protocol state in here.

pub mod cbc_hmac;
pub mod encoding;
pub mod rsa_private;
pub mod rsa_public;
