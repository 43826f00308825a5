//! The client's way through v1's handshake: one struct per state, named for what it waits for.

use zeroize::Zeroizing;

use super::session::Session;
use super::{announcement, handshake};
use crate::crypto::cbc_hmac::SessionBlob;
use crate::crypto::rsa_private::OperationFailed;
use crate::crypto::rsa_public::oaep_encrypt;
use crate::error::{Error, LocalFailure};
use crate::identity::PublicKey;
use crate::random::Random;

/// Connected; the server's announcement is due.
#[derive(Debug)]
pub(crate) struct ExpectAnnouncement;

impl ExpectAnnouncement {
    /// Takes the announcement, draws the session and encrypts it; it has to be signed next.
    #[expect(clippy::unused_self, reason = "a transition consumes its state")]
    pub(crate) fn handle_frame(
        self,
        frame: &[u8],
        random: &mut Random,
    ) -> Result<ExpectSignature, Error> {
        let server = announcement::decode(frame)?;
        let blob = SessionBlob::generate(random).map_err(|_| LocalFailure::RandomUnavailable)?;
        let enc_session = oaep_encrypt(&server, &blob.to_bytes(), random)
            .map_err(|_| LocalFailure::Encryption)?;
        Ok(ExpectSignature {
            server,
            blob,
            enc_session,
        })
    }
}

/// The session is drawn and encrypted; our own private key has to sign it.
#[derive(Debug)]
pub(crate) struct ExpectSignature {
    server: PublicKey,
    blob: SessionBlob,
    enc_session: Vec<u8>,
}

impl ExpectSignature {
    /// Who the server says it is.
    pub(crate) fn server(&self) -> &PublicKey {
        &self.server
    }

    /// What our private key has to sign.
    pub(crate) fn to_be_signed(&self) -> Zeroizing<Vec<u8>> {
        self.blob.to_bytes()
    }

    /// Appends the handshake's frame to `output`: after it the session stands.
    pub(crate) fn handle_signature(
        self,
        signature: Result<Vec<u8>, OperationFailed>,
        identity: &PublicKey,
        output: &mut Vec<u8>,
    ) -> Result<(Session, PublicKey), Error> {
        let signature = signature.map_err(|_| LocalFailure::PrivateKey)?;
        output.extend_from_slice(&handshake::encode(&self.enc_session, identity, &signature));
        Ok((Session::new(&self.blob), self.server))
    }
}
