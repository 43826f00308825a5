//! RSA with the local private key, by one of two libraries that give the same results.
//!
//! `rust_crypto` runs everywhere; `aws_lc` (feature `aws-lc`, native) is 3 to 4 times as fast.

#[cfg(feature = "aws-lc")]
mod aws_lc;
mod rust_crypto;

#[cfg(test)]
pub(super) mod tests;

use thiserror::Error;

#[cfg(feature = "aws-lc")]
pub(crate) use aws_lc::Backend;
#[cfg(not(feature = "aws-lc"))]
pub(crate) use rust_crypto::Backend;

/// An error: a private-key operation failed. There is one value for every cause, on purpose:
/// telling a wrong OAEP padding from another would make this side an oracle (Manger, CRYPTO 2001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the private-key operation failed")]
pub struct OperationFailed;
