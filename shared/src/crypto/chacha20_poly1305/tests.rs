//! The vectors of RFC 8439, and every change that an attacker may make.

use super::*;
use crate::crypto::testing::{hex, hex_array};
use crate::testing::portable_test;

/// Opens a ciphertext by every backend there is, which must agree.
#[cfg(not(target_arch = "wasm32"))]
pub(in crate::crypto) fn open_by_all(
    key: &[u8; KEY_BYTES],
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    ciphertext: &[u8],
    tag: &[u8; TAG_BYTES],
) -> Option<Vec<u8>> {
    let mut portable = ciphertext.to_vec();
    let opened = rust_crypto::Backend::new(key).open_in_place(nonce, aad, &mut portable, tag);
    let portable = opened.is_ok().then_some(portable);
    #[cfg(feature = "aws-lc")]
    {
        let mut fast = ciphertext.to_vec();
        let opened = aws_lc::Backend::new(key).open_in_place(nonce, aad, &mut fast, tag);
        assert_eq!(opened.is_ok().then_some(fast), portable);
    }
    portable
}

/// Seals a plaintext by every backend there is, which must agree.
#[cfg(not(target_arch = "wasm32"))]
pub(in crate::crypto) fn seal_by_all(
    key: &[u8; KEY_BYTES],
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    plaintext: &[u8],
) -> (Vec<u8>, [u8; TAG_BYTES]) {
    let mut portable = plaintext.to_vec();
    let tag = rust_crypto::Backend::new(key).seal_in_place(nonce, aad, &mut portable);
    #[cfg(feature = "aws-lc")]
    {
        let mut fast = plaintext.to_vec();
        let fast_tag = aws_lc::Backend::new(key).seal_in_place(nonce, aad, &mut fast);
        assert_eq!((&fast, fast_tag), (&portable, tag));
    }
    (portable, tag)
}

portable_test! {
    // The whole AEAD of RFC 8439 §2.8, not only the cipher: header, ciphertext and tag.
    fn vector_of_rfc_8439_section_2_8_2() {
        let mut key = [0; 32];
        for (byte, value) in key.iter_mut().zip(0x80..) {
            *byte = value;
        }
        let key = Key::new(&key);
        let nonce = hex_array("070000004041424344454647");
        let aad = hex("50515253c0c1c2c3c4c5c6c7");
        let plaintext = *b"Ladies and Gentlemen of the class of '99: If I could offer you \
            only one tip for the future, sunscreen would be it.";
        let ciphertext = hex(concat!(
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6",
            "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36",
            "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc",
            "3ff4def08e4b7a9de576d26586cec64b6116",
        ));
        let mut data = plaintext;
        let tag = key.seal_in_place(&nonce, &aad, &mut data);
        assert_eq!(data[..], ciphertext);
        assert_eq!(tag, hex_array("1ae10b594f09e26a7e902ecbd0600691"));
        assert_eq!(key.open_in_place(&nonce, &aad, &mut data, &tag), Ok(()));
        assert_eq!(data, plaintext);
    }

    // Around the cipher's blocks of 64 bytes and the MAC's of 16, where a wrong length would show.
    fn every_length_opens_again() {
        let key = Key::new(&[1; 32]);
        for length in [0, 1, 15, 16, 17, 63, 64, 65, 1000, 65_536] {
            let plaintext = vec![0xa5; length];
            let mut data = plaintext.clone();
            let tag = key.seal_in_place(&[2; 12], b"aad", &mut data);
            assert_eq!(key.open_in_place(&[2; 12], b"aad", &mut data, &tag), Ok(()));
            assert_eq!(data, plaintext);
        }
    }

    // Each of the AEAD's inputs must be authenticated, one bit of it as well as all of it.
    fn tag_ciphertext_nonce_aad_or_key_changed() {
        let key = Key::new(&[1; 32]);
        let mut sealed = *b"some message";
        let tag = key.seal_in_place(&[2; 12], b"header", &mut sealed);
        let opens = |key: &Key, nonce: [u8; 12], aad: &[u8], mut data: Vec<u8>, tag: [u8; 16]| {
            key.open_in_place(&nonce, aad, &mut data, &tag).is_ok()
        };
        assert!(opens(&key, [2; 12], b"header", sealed.to_vec(), tag));

        for bit in 0..128 {
            let mut flipped = tag;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!opens(&key, [2; 12], b"header", sealed.to_vec(), flipped), "tag bit {bit}");
        }
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!opens(&key, [2; 12], b"header", flipped, tag), "bit {bit}");
        }
        assert!(!opens(&key, [2; 12], b"header", sealed[..11].to_vec(), tag));
        assert!(!opens(&key, [2; 12], b"header", [&sealed[..], &[0]].concat(), tag));
        assert!(!opens(&key, [3; 12], b"header", sealed.to_vec(), tag));
        assert!(!opens(&key, [2; 12], b"headers", sealed.to_vec(), tag));
        assert!(!opens(&key, [2; 12], b"", sealed.to_vec(), tag));
        assert!(!opens(&Key::new(&[0; 32]), [2; 12], b"header", sealed.to_vec(), tag));
    }

    fn a_key_does_not_show_in_debug() {
        assert_eq!(format!("{:?}", Key::new(&[0x41; 32])), "Key(secret)");
    }
}

#[test]
#[cfg(feature = "aws-lc")]
// A native server and a page have different backends, and must understand each other.
fn each_backend_opens_what_the_other_sealed() {
    for length in [0, 1, 16, 63, 64, 65, 127, 1000, 16_384, 65_792] {
        let plaintext = vec![0x5a; length];
        let (sealed, tag) = seal_by_all(&[7; 32], &[8; 12], b"header", &plaintext);
        let opened = open_by_all(&[7; 32], &[8; 12], b"header", &sealed, &tag);
        assert_eq!(opened, Some(plaintext));
    }
}
