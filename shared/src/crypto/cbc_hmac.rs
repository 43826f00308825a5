//! v1's message protection: AES-256-CBC with PKCS#7 padding (NIST SP 800-38A, RFC 5652 §6.3), then
//! HMAC-SHA256 over the ciphertext (RFC 2104).
//!
//! Both primitives use one key, and every message one IV. That is v1's own weakness, kept so that
//! the Python demo's programs can talk to this crate. Nothing else may use this module.

use std::fmt;

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit};
use aes::{Aes256Dec, Aes256Enc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::hmac_sha256;
use crate::random::{Random, RandomUnavailable};

/// The length of the AES key in bytes.
pub const KEY_BYTES: usize = 32;
/// The length of the IV in bytes.
pub const IV_BYTES: usize = 16;
/// The length of the session blob, `AES key ‖ IV`, in bytes.
pub const SESSION_BLOB_BYTES: usize = KEY_BYTES + IV_BYTES;
/// The length of the HMAC-SHA256 tag in bytes.
pub const TAG_BYTES: usize = 32;

/// The secrets of a v1 session: `AES key (32) ‖ IV (16)`. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SessionBlob {
    key: [u8; KEY_BYTES],
    iv: [u8; IV_BYTES],
}

impl SessionBlob {
    /// Draws a new blob.
    ///
    /// # Errors
    /// [`RandomUnavailable`] without randomness.
    pub fn generate(random: &mut Random) -> Result<Self, RandomUnavailable> {
        let mut blob = Self {
            key: [0; KEY_BYTES],
            iv: [0; IV_BYTES],
        };
        random.fill(&mut blob.key)?;
        random.fill(&mut blob.iv)?;
        Ok(blob)
    }

    /// Takes a decrypted blob.
    ///
    /// # Errors
    /// The length in bytes, if it is not 48.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, usize> {
        let (key, iv) = bytes.split_first_chunk().ok_or(bytes.len())?;
        let iv = iv.try_into().map_err(|_| bytes.len())?;
        Ok(Self { key: *key, iv })
    }

    /// Returns the blob's bytes, which are encrypted to the server and signed by the client.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([&self.key[..], &self.iv].concat())
    }
}

impl fmt::Debug for SessionBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionBlob(secret)")
    }
}

/// An error: MAC, length or padding is wrong; there is no telling which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFailed;

/// The ciphers of one session, with their keys expanded. Wiped when dropped.
pub struct Sealer {
    encryption: Aes256Enc,
    decryption: Aes256Dec,
    iv: Zeroizing<[u8; IV_BYTES]>,
    mac: Hmac<Sha256>,
}

impl Sealer {
    /// Expands the keys of `blob`.
    pub fn new(blob: &SessionBlob) -> Self {
        Self {
            encryption: Aes256Enc::new((&blob.key).into()),
            decryption: Aes256Dec::new((&blob.key).into()),
            iv: Zeroizing::new(blob.iv),
            mac: hmac_sha256::keyed(&blob.key),
        }
    }

    /// Returns the length of the ciphertext for `plaintext` bytes: padded to the next multiple of
    /// 16, always by at least one byte.
    pub const fn ciphertext_bytes(plaintext: usize) -> usize {
        (plaintext / 16 + 1) * 16
    }

    /// Encrypts and authenticates: `C = AES-256-CBC(key, iv, PKCS#7(plaintext))`, `T =
    /// HMAC-SHA256(key, C)`.
    pub fn seal(&self, plaintext: &[u8]) -> (Vec<u8>, [u8; TAG_BYTES]) {
        let encryptor = cbc::Encryptor::inner_iv_init(self.encryption.clone(), (&*self.iv).into());
        let ciphertext = encryptor.encrypt_padded_vec::<Pkcs7>(plaintext);
        let tag = self.mac_of(&ciphertext);
        (ciphertext, tag)
    }

    /// Returns the tag `HMAC-SHA256(key, ciphertext)`.
    pub(crate) fn mac_of(&self, ciphertext: &[u8]) -> [u8; TAG_BYTES] {
        // A copy of the keyed state: taking the key in again would cost two compressions for each
        // message (RFC 2104 §4).
        let mut mac = self.mac.clone();
        mac.update(ciphertext);
        mac.finalize().into_bytes().into()
    }

    /// Checks the MAC in constant time, and only then decrypts.
    ///
    /// # Errors
    /// [`OpenFailed`] for a wrong MAC, length or padding.
    pub fn open(
        &self,
        mut ciphertext: Vec<u8>,
        tag: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenFailed> {
        // The MAC before the padding: otherwise CBC's padding would be an oracle for anybody who
        // can change the ciphertext (Vaudenay, EUROCRYPT 2002).
        let mut mac = self.mac.clone();
        mac.update(&ciphertext);
        mac.verify_slice(tag).map_err(|_| OpenFailed)?;
        let decryptor = cbc::Decryptor::inner_iv_init(self.decryption.clone(), (&*self.iv).into());
        let plaintext = decryptor
            .decrypt_padded::<Pkcs7>(&mut ciphertext)
            // One error for both causes, so that a right MAC over a wrong padding looks no
            // different.
            .map_err(|_| OpenFailed)?;
        let length = plaintext.len();
        ciphertext.truncate(length);
        Ok(Zeroizing::new(ciphertext))
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::testing::hex;
    use crate::testing::{portable_test, seeded};

    portable_test! {
        fn cbc_vectors_of_nist_sp_800_38a_f_2_5() {
            let blob = SessionBlob::from_bytes(&hex(concat!(
                "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
                "000102030405060708090a0b0c0d0e0f",
            ))).unwrap();
            let plaintext = hex(concat!(
                "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
                "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
            ));
            let expected = hex(concat!(
                "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d",
                "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
            ));
            let (ciphertext, _) = Sealer::new(&blob).seal(&plaintext);
            // The ciphertext has one block more than the vector: the padding.
            assert_eq!(ciphertext[..64], expected);
            assert_eq!(ciphertext.len(), 80);
        }

        fn hmac_with_the_32_byte_key_as_rfc_4868_2_7_2_1() {
            // The 20-byte key of RFC 4231 case 1 has another length, so this is RFC 4868 §2.7.2.1
            // case 1: 32 bytes of 0x0b over "Hi There".
            let blob = SessionBlob::from_bytes(&[[0x0b; 32].as_slice(), &[0; 16]].concat()).unwrap();
            assert_eq!(
                Sealer::new(&blob).mac_of(b"Hi There").to_vec(),
                hex("198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7")
            );
        }

        fn what_is_sealed_opens_and_has_the_predicted_length() {
            let sealer = Sealer::new(&SessionBlob::generate(&mut seeded(9)).unwrap());
            for length in [0, 1, 15, 16, 17, 31, 32, 1000] {
                let plaintext = vec![0xa5; length];
                let (ciphertext, tag) = sealer.seal(&plaintext);
                assert_eq!(ciphertext.len(), Sealer::ciphertext_bytes(length));
                assert_eq!(sealer.open(ciphertext, &tag).unwrap().to_vec(), plaintext);
            }
        }

        fn secrets_do_not_show_in_debug() {
            let blob = SessionBlob::from_bytes(&[0x41; 48]).unwrap();
            assert_eq!(format!("{blob:?} {:?}", Sealer::new(&blob)), "SessionBlob(secret) Sealer(secret)");
        }
    }
}
