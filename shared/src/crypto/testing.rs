//! Helpers that the tests of the primitives share.

/// Returns the bytes that `text` writes in hexadecimal.
pub(super) fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
        .collect()
}

/// Returns a value of fixed length that `text` writes in hexadecimal.
pub(super) fn hex_array<const N: usize>(text: &str) -> [u8; N] {
    hex(text).try_into().unwrap()
}
