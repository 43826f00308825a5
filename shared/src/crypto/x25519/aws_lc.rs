//! X25519 by aws-lc, native only: up to twice as fast as `x25519-dalek`, the base point three times.

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use zeroize::Zeroizing;

use super::{KEY_BYTES, LowOrderPoint};

/// aws-lc wipes the secret when it frees the key.
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

    /// aws-lc compares the result with zero in constant time, and then gives none.
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
