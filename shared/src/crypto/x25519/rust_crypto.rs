//! X25519 by `x25519-dalek`, everywhere.

use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::{KEY_BYTES, LowOrderPoint};

/// One X25519 secret, of the library's "static" kind, because only that one takes its bytes from
/// the caller. It is wiped when dropped all the same.
pub(super) struct Backend(StaticSecret);

impl Backend {
    pub(super) fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        Self(StaticSecret::from(*bytes))
    }

    pub(super) fn public_key(&self) -> [u8; KEY_BYTES] {
        PublicKey::from(&self.0).to_bytes()
    }

    pub(super) fn diffie_hellman(
        self,
        peer: &[u8; KEY_BYTES],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, LowOrderPoint> {
        let shared = self.0.diffie_hellman(&PublicKey::from(*peer));
        // RFC 7748 §6.1: an all-zero secret would be known to everybody.
        if shared.was_contributory() {
            Ok(Zeroizing::new(shared.to_bytes()))
        } else {
            Err(LowOrderPoint)
        }
    }
}
