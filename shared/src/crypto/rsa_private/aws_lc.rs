//! Private-key operations by aws-lc: OpenSSL's speed, native only.
//!
//! Salt and blinding come from aws-lc's own generator, so a signature cannot be replayed from fixed
//! bytes as with the other backend. The protocol does not depend on that.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::RSA_PSS_SHA256;
use pkcs8::EncodePrivateKey;
use zeroize::Zeroizing;

use super::OperationFailed;
use crate::identity::KeyError;
use crate::random::Random;

/// A private key in aws-lc's form.
pub(crate) struct Backend {
    decrypting: OaepPrivateDecryptingKey,
    signing: KeyPair,
}

impl Backend {
    // Both forms are made once, so that no operation has to parse the key.
    pub(crate) fn new(key: &rsa::PrivateKey) -> Result<Self, KeyError> {
        let der = key.to_pkcs8_der().map_err(|_| KeyError::Der)?;
        let decrypting = PrivateDecryptingKey::from_pkcs8(der.as_bytes())
            .map_err(|_| KeyError::Inconsistent)
            .and_then(|key| {
                OaepPrivateDecryptingKey::new(key).map_err(|_| KeyError::Inconsistent)
            })?;
        let signing = KeyPair::from_pkcs8(der.as_bytes()).map_err(|_| KeyError::Inconsistent)?;
        Ok(Self {
            decrypting,
            signing,
        })
    }

    pub(crate) fn oaep_decrypt(
        &self,
        _key: &rsa::PrivateKey,
        ciphertext: &[u8],
        _random: &mut Random,
    ) -> Result<Zeroizing<Vec<u8>>, OperationFailed> {
        // Wiped on every way out, because v1's session keys are decrypted into it.
        let mut output = Zeroizing::new(vec![0; self.decrypting.min_output_size()]);
        let length = self
            .decrypting
            .decrypt(&OAEP_SHA256_MGF1SHA256, ciphertext, &mut output, None)
            .map_err(|_| OperationFailed)?
            .len();
        output.truncate(length);
        Ok(output)
    }

    pub(crate) fn pss_sign(
        &self,
        _key: &rsa::PrivateKey,
        message: &[u8],
        _random: &mut Random,
    ) -> Result<Vec<u8>, OperationFailed> {
        let mut signature = vec![0; self.signing.public_modulus_len()];
        self.signing
            .sign(
                &RSA_PSS_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| OperationFailed)?;
        Ok(signature)
    }
}
