//! Base64 as the protocol uses it: RFC 4648 §4, standard alphabet, padded, canonical.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// An error: the text is not canonical base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidBase64;

/// Appends the base64 of `bytes` to `output`, which stays ASCII.
pub fn append_base64(bytes: &[u8], output: &mut Vec<u8>) {
    let start = output.len();
    output.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // The slice has the exact length, so encoding cannot fail; a failure would leave zeros, which
    // no receiver accepts.
    let written = STANDARD
        .encode_slice(bytes, &mut output[start..])
        .unwrap_or(0);
    debug_assert_eq!(start + written, output.len());
}

/// Decodes `text`.
///
/// # Errors
/// [`InvalidBase64`] for other alphabets, missing padding, white space and non-zero trailing bits.
pub fn decode_base64(text: &str) -> Result<Vec<u8>, InvalidBase64> {
    STANDARD.decode(text).map_err(|_| InvalidBase64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn vectors_of_rfc_4648_section_10() {
            for (plain, encoded) in [
                ("", ""),
                ("f", "Zg=="),
                ("fo", "Zm8="),
                ("foo", "Zm9v"),
                ("foob", "Zm9vYg=="),
                ("fooba", "Zm9vYmE="),
                ("foobar", "Zm9vYmFy"),
            ] {
                let mut output = b"x".to_vec();
                append_base64(plain.as_bytes(), &mut output);
                assert_eq!(output, format!("x{encoded}").as_bytes());
                assert_eq!(decode_base64(encoded).as_deref(), Ok(plain.as_bytes()));
            }
        }

        fn junk_is_refused() {
            for text in ["Zg", "Zg=", "Zh==", "Zg==\n", " Zg==", "Zm-_", "Zg==Zg==", "é"] {
                assert_eq!(decode_base64(text), Err(InvalidBase64), "{text:?}");
            }
        }
    }
}
