//! The local long-term key: making, loading and storing it, and its two operations.

use std::fmt;
use std::sync::Arc;

use pkcs8::der::pem::PemLabel;
use pkcs8::der::{Decode, SecretDocument};
use pkcs8::{EncodePrivateKey, EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef};
use rsa::pkcs1::RsaPrivateKey as Pkcs1PrivateKey;
use zeroize::Zeroizing;

use super::key_error::KeyError;
use super::public_key::PublicKey;
use crate::crypto::rsa_private::{Backend, OperationFailed};
use crate::limits::{RSA_MAX_BITS, RSA_MIN_BITS};
use crate::random::Random;

/// An RSA private key of an accepted kind. Wiped when the last clone is dropped; `Debug` shows the
/// public half only.
#[derive(Clone)]
pub struct PrivateKey(Arc<Inner>);

struct Inner {
    key: rsa::PrivateKey,
    backend: Backend,
    public: PublicKey,
}

impl PrivateKey {
    /// Makes a new key of `bits` bits (2048 to 4096) with exponent 65537.
    ///
    /// Takes 0.1 to 1.5 seconds for 2048 bits: keep it off threads that must answer.
    ///
    /// # Errors
    /// [`KeyError::Size`] for any other size, [`KeyError::RandomUnavailable`] without randomness.
    pub fn generate(bits: usize, random: &mut Random) -> Result<Self, KeyError> {
        // Checked first, because a key that is refused afterwards would have cost seconds to make.
        if !(RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits) {
            return Err(KeyError::Size(bits));
        }
        let key = rsa::PrivateKey::new(random, bits).map_err(|_| KeyError::RandomUnavailable)?;
        Self::from_rsa(key)
    }

    /// Reads PKCS#8 PEM (`BEGIN PRIVATE KEY`, RFC 5958) or PKCS#1 PEM (`BEGIN RSA PRIVATE KEY`, RFC
    /// 8017 appendix A.1.2).
    ///
    /// # Errors
    /// [`KeyError`] if the text is neither, is damaged, or holds a key that is not accepted.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, document) =
            SecretDocument::from_pem(pem).map_err(|_| KeyError::Pem("private key"))?;
        match label {
            PrivateKeyInfoRef::PEM_LABEL => Self::from_pkcs8_der(document.as_bytes()),
            "RSA PRIVATE KEY" => Self::from_pkcs1_der(document.as_bytes()),
            // An encrypted key has the right form, so the error is the passphrase that is missing.
            EncryptedPrivateKeyInfoRef::PEM_LABEL => Err(KeyError::Passphrase),
            _ => Err(KeyError::Pem("private key")),
        }
    }

    /// Reads PKCS#8 DER (RFC 5958).
    ///
    /// # Errors
    /// [`KeyError`] if the bytes are damaged or hold a key that is not accepted.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| KeyError::Der)?;
        // The outer form is the same for all algorithms, so this one has to be asked for.
        info.algorithm
            .assert_algorithm_oid(rsa::pkcs1::ALGORITHM_OID)
            .map_err(|_| KeyError::Der)?;
        Self::from_pkcs1_der(info.private_key.as_bytes())
    }

    fn from_pkcs1_der(der: &[u8]) -> Result<Self, KeyError> {
        use pkcs8::der::asn1::UintRef;
        let parts = Pkcs1PrivateKey::<UintRef<'_>>::from_der(der).map_err(|_| KeyError::Der)?;
        // Size first, because checking that the parts belong together costs time that grows with
        // it.
        let bits = parts.modulus.as_bytes().len() * 8;
        if bits > RSA_MAX_BITS {
            return Err(KeyError::Size(bits));
        }
        let key = rsa::PrivateKey::try_from(parts).map_err(|_| KeyError::Inconsistent)?;
        Self::from_rsa(key)
    }

    /// Opens a key that [`Self::to_encrypted_pem`], OpenSSL or any other PKCS#8 program wrote
    /// (`BEGIN ENCRYPTED PRIVATE KEY`, PBES2 of RFC 8018 §6.2).
    ///
    /// # Errors
    /// [`KeyError::Pem`] if the text is no encrypted key, [`KeyError::Passphrase`] if it does not
    /// open.
    pub fn from_encrypted_pem(pem: &str, passphrase: &str) -> Result<Self, KeyError> {
        let (label, document) =
            SecretDocument::from_pem(pem).map_err(|_| KeyError::Pem("encrypted private key"))?;
        EncryptedPrivateKeyInfoRef::validate_pem_label(label)
            .map_err(|_| KeyError::Pem("encrypted private key"))?;
        let encrypted =
            EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| KeyError::Der)?;
        let opened = encrypted
            .decrypt(passphrase)
            .map_err(|_| KeyError::Passphrase)?;
        Self::from_pkcs8_der(opened.as_bytes())
    }

    fn from_rsa(mut key: rsa::PrivateKey) -> Result<Self, KeyError> {
        // The CRT values (RFC 8017 §3.2) are made once, here, and not with every operation.
        key.precompute().map_err(|_| KeyError::Inconsistent)?;
        // The public half's rules hold for the local key too, because every peer would refuse
        // another.
        let public = PublicKey::from_rsa(&key.to_public_key())?;
        let backend = Backend::new(&key)?;
        Ok(Self(Arc::new(Inner {
            key,
            backend,
            public,
        })))
    }

    /// Encodes the key as PKCS#8 DER, unencrypted.
    ///
    /// # Errors
    /// [`KeyError::Der`] if the key cannot be encoded.
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let document = self.0.key.to_pkcs8_der().map_err(|_| KeyError::Der)?;
        Ok(Zeroizing::new(document.as_bytes().to_vec()))
    }

    /// Encodes the key as PKCS#8 PEM, unencrypted, LF line ends.
    ///
    /// # Errors
    /// [`KeyError::Der`] if the key cannot be encoded.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        self.0
            .key
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|_| KeyError::Der)
    }

    /// Encodes the key as encrypted PKCS#8 PEM: PBES2 with scrypt (RFC 7914) and AES-256-CBC.
    ///
    /// # Errors
    /// [`KeyError::RandomUnavailable`] without randomness for salt and IV.
    pub fn to_encrypted_pem(
        &self,
        passphrase: &str,
        random: &mut Random,
    ) -> Result<Zeroizing<String>, KeyError> {
        let der = self.0.key.to_pkcs8_der().map_err(|_| KeyError::Der)?;
        let info = PrivateKeyInfoRef::try_from(der.as_bytes()).map_err(|_| KeyError::Der)?;
        let encrypted = info
            .encrypt_with_rng(random, passphrase)
            .map_err(|_| KeyError::RandomUnavailable)?;
        encrypted
            .to_pem(EncryptedPrivateKeyInfoRef::PEM_LABEL, LineEnding::LF)
            .map_err(|_| KeyError::Der)
    }

    /// Returns the public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public
    }

    /// Decrypts by RSA-OAEP: SHA-256 for label hash and MGF1, empty label (RFC 8017 §7.1.2).
    ///
    /// # Errors
    /// [`OperationFailed`], whatever the cause.
    pub fn decrypt(
        &self,
        ciphertext: &[u8],
        random: &mut Random,
    ) -> Result<Zeroizing<Vec<u8>>, OperationFailed> {
        self.0.backend.oaep_decrypt(&self.0.key, ciphertext, random)
    }

    /// Signs `message` by RSASSA-PSS: SHA-256, MGF1-SHA-256, salt of 32 bytes (RFC 8017 §8.1.1).
    ///
    /// # Errors
    /// [`OperationFailed`] without randomness.
    pub fn sign(&self, message: &[u8], random: &mut Random) -> Result<Vec<u8>, OperationFailed> {
        self.0.backend.pss_sign(&self.0.key, message, random)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A key may reach a log by way of the structure that holds it.
        write!(f, "PrivateKey({:?}, secret parts not shown)", self.0.public)
    }
}
