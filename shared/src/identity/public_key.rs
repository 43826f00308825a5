//! A peer's public key: parsed strictly, and refused by size and exponent before any arithmetic.

use std::fmt;
use std::sync::{Arc, OnceLock};

use pkcs8::SubjectPublicKeyInfoRef;
use pkcs8::der::asn1::{BitStringRef, UintRef};
use pkcs8::der::pem::{self, PemLabel};
use pkcs8::der::{Decode, Document, Encode};
use pkcs8::{DecodePublicKey, LineEnding};
use rsa::pkcs1::RsaPublicKeyRef;
use rsa::traits::PublicKeyParts;

use super::fingerprint::Fingerprint;
use super::key_error::KeyError;
use crate::limits::{RSA_EXPONENT, RSA_MAX_BITS, RSA_MIN_BITS};

/// An RSA public key of an accepted kind: 2048 to 4096 bits, exponent 65537.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    spki_der: Vec<u8>,
    fingerprint: Fingerprint,
    bits: usize,
    // Made only when they are needed: a server that verifies with aws-lc needs neither for its
    // clients, and the numbers that the `rsa` crate prepares take as long as a signature's
    // verification.
    key: OnceLock<Option<rsa::PublicKey>>,
    spki_pem: OnceLock<String>,
}

impl PublicKey {
    /// Reads `SubjectPublicKeyInfo` PEM (`BEGIN PUBLIC KEY`) or PKCS#1 PEM (`BEGIN RSA PUBLIC KEY`,
    /// RFC 8017 appendix A.1.1).
    ///
    /// # Errors
    /// [`KeyError`] if the text is neither, or holds a key that is not accepted.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, document) = Document::from_pem(pem).map_err(|_| KeyError::Pem("public key"))?;
        match label {
            SubjectPublicKeyInfoRef::PEM_LABEL => Self::from_spki_der(document.as_bytes()),
            RsaPublicKeyRef::PEM_LABEL => Self::from_pkcs1_der(document.as_bytes()),
            _ => Err(KeyError::Pem("public key")),
        }
    }

    /// Reads `SubjectPublicKeyInfo` PEM only, the form of the announcement.
    ///
    /// # Errors
    /// [`KeyError`] if the text has another form, or holds a key that is not accepted.
    pub fn from_spki_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, document) = Document::from_pem(pem).map_err(|_| KeyError::Pem("PUBLIC KEY"))?;
        SubjectPublicKeyInfoRef::validate_pem_label(label)
            .map_err(|_| KeyError::Pem("PUBLIC KEY"))?;
        Self::from_spki_der(document.as_bytes())
    }

    /// Reads `SubjectPublicKeyInfo` DER (RFC 5280 §4.1.2.7).
    ///
    /// # Errors
    /// [`KeyError`] if the bytes do not parse, or hold a key that is not accepted.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        let spki = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyError::Der)?;
        // The outer form is the same for all algorithms, so this one has to be asked for.
        spki.algorithm
            .assert_algorithm_oid(rsa::pkcs1::ALGORITHM_OID)
            .map_err(|_| KeyError::Der)?;
        let pkcs1_der = spki.subject_public_key.as_bytes().ok_or(KeyError::Der)?;
        Self::from_pkcs1_der(pkcs1_der)
    }

    fn from_pkcs1_der(der: &[u8]) -> Result<Self, KeyError> {
        let parts = RsaPublicKeyRef::from_der(der).map_err(|_| KeyError::Der)?;
        Self::from_parts(&parts)
    }

    fn from_parts(parts: &RsaPublicKeyRef<'_>) -> Result<Self, KeyError> {
        let bits = check_parts(parts.modulus.as_bytes(), parts.public_exponent.as_bytes())?;
        // Encoded anew, so that a key has one DER and with it one fingerprint, whatever form it
        // came in.
        let spki_der = encode_spki(parts).map_err(|_| KeyError::Der)?;
        Ok(Self(Arc::new(Inner {
            fingerprint: Fingerprint::of_spki(&spki_der),
            spki_der,
            bits,
            key: OnceLock::new(),
            spki_pem: OnceLock::new(),
        })))
    }

    /// Wraps a key of the RSA library.
    pub(crate) fn from_rsa(key: &rsa::PublicKey) -> Result<Self, KeyError> {
        let (modulus, exponent) = (key.n_bytes(), key.e_bytes());
        let parts = RsaPublicKeyRef {
            modulus: UintRef::new(&modulus).map_err(|_| KeyError::Der)?,
            public_exponent: UintRef::new(&exponent).map_err(|_| KeyError::Der)?,
        };
        Self::from_parts(&parts)
    }

    /// Returns the key as `SubjectPublicKeyInfo` PEM, LF line ends, with its own last newline.
    pub fn to_spki_pem(&self) -> &str {
        self.0.spki_pem.get_or_init(|| {
            let label = SubjectPublicKeyInfoRef::PEM_LABEL;
            let Ok(pem) = pem::encode_string(label, LineEnding::LF, &self.0.spki_der) else {
                unreachable!("every DER of ours can be written as PEM");
            };
            pem
        })
    }

    /// Returns the key as `SubjectPublicKeyInfo` DER.
    pub fn spki_der(&self) -> &[u8] {
        &self.0.spki_der
    }

    /// Returns the size of the modulus in bits.
    pub fn bits(&self) -> usize {
        self.0.bits
    }

    /// Returns the length of the modulus in bytes, which is the length of every ciphertext and
    /// signature.
    pub fn modulus_bytes(&self) -> usize {
        self.0.bits.div_ceil(8)
    }

    /// Returns the key's name for people.
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint
    }

    /// Returns the key in the form of the RSA library; `None` if the library refuses a key that
    /// this crate accepts.
    pub(crate) fn rsa(&self) -> Option<&rsa::PublicKey> {
        let decode = || rsa::PublicKey::from_public_key_der(&self.0.spki_der).ok();
        self.0.key.get_or_init(decode).as_ref()
    }
}

fn encode_spki(parts: &RsaPublicKeyRef<'_>) -> pkcs8::der::Result<Vec<u8>> {
    let pkcs1_der = parts.to_der()?;
    SubjectPublicKeyInfoRef {
        algorithm: rsa::pkcs1::ALGORITHM_ID,
        subject_public_key: BitStringRef::from_bytes(&pkcs1_der)?,
    }
    .to_der()
}

/// Checks a key by its form alone, with no arithmetic on a stranger's numbers, and returns its size
/// in bits.
fn check_parts(modulus: &[u8], exponent: &[u8]) -> Result<usize, KeyError> {
    // The DER decoder has stripped leading zeros, so the first byte decides the size.
    let leading = modulus.first().ok_or(KeyError::Der)?;
    let bits = modulus.len() * 8 - leading.leading_zeros() as usize;
    if !(RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits) {
        return Err(KeyError::Size(bits));
    }
    if modulus.last().is_some_and(|byte| byte & 1 == 0) {
        return Err(KeyError::EvenModulus);
    }
    // Compared byte by byte, because a stranger's exponent may be as long as the modulus.
    let significant = exponent.iter().skip_while(|byte| **byte == 0);
    let expected = RSA_EXPONENT.to_be_bytes();
    if !significant.eq(expected.iter().skip_while(|byte| **byte == 0)) {
        return Err(KeyError::Exponent);
    }
    Ok(bits)
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        // The encoding is canonical, so equal keys have equal bytes.
        self.0.spki_der == other.0.spki_der
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} bits, {})", self.bits(), self.fingerprint())
    }
}
