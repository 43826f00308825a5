//! The rooms of two people, whose names both can compute.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::InvalidRoom;
use crate::chat::id::UserId;

/// The first character of the id of a room of two. No room's name can start with it.
pub(super) const DIRECT_PREFIX: char = '@';

/// The bytes of the hash that names a room of two.
const DIRECT_BYTES: usize = 16;

/// The name of the room of two people, which both can compute and which does not show their keys:
/// the first 16 bytes of SHA-256 over both ids in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DirectId([u8; DIRECT_BYTES]);

impl DirectId {
    /// Computes the room of these two; `None` if they are the same person.
    pub fn of(one: UserId, other: UserId) -> Option<Self> {
        if one == other {
            return None;
        }
        // A label of its own, so that this hash is no other hash of the system, and the smaller id
        // first, so that both people get the same.
        let hash = Sha256::new()
            .chain_update(b"SC chat direct\0")
            .chain_update(one.min(other).0.as_bytes())
            .chain_update(one.max(other).0.as_bytes())
            .finalize();
        hash.first_chunk().copied().map(Self)
    }

    pub(super) fn parse(text: &str) -> Result<Self, InvalidRoom> {
        // The engine refuses padding and spare bits, so that an id has one text only.
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(InvalidRoom::Direct)
    }
}

impl fmt::Display for DirectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{DIRECT_PREFIX}{}",
            BASE64_URL_SAFE_NO_PAD.encode(self.0)
        )
    }
}
