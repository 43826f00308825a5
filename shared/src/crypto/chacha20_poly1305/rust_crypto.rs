//! The AEAD by the `chacha20poly1305` crate, everywhere.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};

use super::{KEY_BYTES, NONCE_BYTES, OpenFailed, TAG_BYTES};

pub(super) struct Backend(ChaCha20Poly1305);

impl Backend {
    pub(super) fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        Self(ChaCha20Poly1305::new(bytes.into()))
    }

    pub(super) fn seal_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        data: &mut [u8],
    ) -> [u8; TAG_BYTES] {
        let Ok(tag) = self
            .0
            .encrypt_inout_detached(nonce.into(), aad, data.into())
        else {
            unreachable!("no data of ours is as long as the cipher's key stream");
        };
        tag.into()
    }

    pub(super) fn open_in_place(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), OpenFailed> {
        self.0
            .decrypt_inout_detached(nonce.into(), aad, data.into(), tag.into())
            .map_err(|_| OpenFailed)
    }
}
