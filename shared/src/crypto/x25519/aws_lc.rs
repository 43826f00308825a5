//! X25519 by aws-lc, native only: up to twice as fast as `x25519-dalek`, and three times with the
//! base point.

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use zeroize::Zeroizing;

use super::{KEY_BYTES, LowOrderPoint};

/// One X25519 secret and its public key. aws-lc wipes the secret when it frees the key.
pub(super) struct Backend {
    secret: PrivateKey,
    public: [u8; KEY_BYTES],
}

impl Backend {
    /// # Panics
    /// If there is no memory for the key, as with every allocation in Rust: bytes of this length
    /// are always a secret.
    pub(super) fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        let secret = PrivateKey::from_private_key(&X25519, bytes);
        let public = secret
            .as_ref()
            .ok()
            .and_then(|secret| secret.compute_public_key().ok())
            .and_then(|public| public.as_ref().try_into().ok());
        let (Ok(secret), Some(public)) = (secret, public) else {
            unreachable!("aws-lc refuses no 32 bytes as an X25519 secret");
        };
        Self { secret, public }
    }

    pub(super) fn public_key(&self) -> [u8; KEY_BYTES] {
        self.public
    }

    /// Computes the shared secret. aws-lc compares it with zero in constant time, and gives none if
    /// it is zero.
    pub(super) fn diffie_hellman(
        self,
        peer: &[u8; KEY_BYTES],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, LowOrderPoint> {
        let peer = UnparsedPublicKey::new(&X25519, peer);
        agree(&self.secret, peer, LowOrderPoint, |shared| {
            shared
                .try_into()
                .map(Zeroizing::new)
                .map_err(|_| LowOrderPoint)
        })
    }
}
