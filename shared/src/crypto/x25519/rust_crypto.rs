//! X25519 by `x25519-dalek`, everywhere.

use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::{KEY_BYTES, LowOrderPoint};

/// The library's "static" secret is the one that takes its bytes from the caller; it is wiped when
/// dropped all the same.
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
        if shared.was_contributory() {
            Ok(Zeroizing::new(shared.to_bytes()))
        } else {
            Err(LowOrderPoint)
        }
    }
}
