//! The server's way through v1's handshake: one struct per state, named for what it waits for.

use zeroize::Zeroizing;

use super::handshake::{self, Handshake};
use super::session::Session;
use crate::crypto::cbc_hmac::{SESSION_BLOB_BYTES, SessionBlob};
use crate::crypto::rsa_private::OperationFailed;
use crate::crypto::rsa_public::pss_verify_any_salt;
use crate::error::{Error, PeerMisbehaved};
use crate::identity::PublicKey;

/// The announcement is out; the client's handshake is due.
#[derive(Debug)]
pub(crate) struct ExpectHandshake;

impl ExpectHandshake {
    /// Takes the handshake's frame; what it needs next is `enc_session` decrypted.
    #[expect(clippy::unused_self, reason = "a transition consumes its state")]
    pub(crate) fn handle_frame(self, frame: &[u8]) -> Result<ExpectSession, Error> {
        handshake::decode(frame).map(|handshake| ExpectSession { handshake })
    }
}

/// The handshake is parsed; our own private key has to decrypt its session.
#[derive(Debug)]
pub(crate) struct ExpectSession {
    handshake: Handshake,
}

impl ExpectSession {
    /// What our private key has to decrypt.
    pub(crate) fn ciphertext(&self) -> &[u8] {
        &self.handshake.enc_session
    }

    /// Verifies the client's signature over the decrypted blob.
    ///
    /// The signature is verified even when decryption failed, over bytes that nobody signed, so
    /// that the two failures cost the same time.
    pub(crate) fn handle_decrypted(
        self,
        decrypted: Result<Zeroizing<Vec<u8>>, OperationFailed>,
    ) -> Result<(Session, PublicKey), Error> {
        let Handshake {
            client_pub,
            client_sig,
            ..
        } = self.handshake;
        let unsigned = Zeroizing::new(vec![0; SESSION_BLOB_BYTES]);
        let signed = decrypted.as_ref().unwrap_or(&unsigned);
        let verified = pss_verify_any_salt(&client_pub, signed, &client_sig);
        let bytes = decrypted.map_err(|_| PeerMisbehaved::SessionUndecryptable)?;
        let blob = SessionBlob::from_bytes(&bytes).map_err(PeerMisbehaved::SessionBlobLength)?;
        if !verified {
            return Err(PeerMisbehaved::WrongSignature.into());
        }
        Ok((Session::new(&blob), client_pub))
    }
}
