//! Lengths on v2's wire: big-endian, in front of what they count.

/// Encodes a length in two bytes. Every caller keeps it below 2^16.
pub(crate) fn be16(length: usize) -> [u8; 2] {
    // By way of `u64`, because `usize` has four bytes in a page and eight elsewhere.
    let [.., a, b] = (length as u64).to_be_bytes();
    [a, b]
}

/// Encodes a length in four bytes. Every caller keeps it below 2^32.
pub(crate) fn be32(length: usize) -> [u8; 4] {
    let [.., a, b, c, d] = (length as u64).to_be_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn lengths_are_big_endian() {
            assert_eq!(be16(0x0102), [1, 2]);
            assert_eq!(be32(0x0102_0304), [1, 2, 3, 4]);
            assert_eq!((be16(0xffff), be32(0)), ([0xff; 2], [0; 4]));
        }
    }
}
