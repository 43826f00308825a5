//! Lengths on the wire: big-endian, in front of what they count.

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

/// Reads a length of two bytes, and returns it with what follows, which may be shorter.
pub(crate) fn split_be16(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    Some((u16::from_be_bytes(*length).into(), rest))
}

/// Reads a length of four bytes, and returns it with what follows, which may be shorter.
pub(crate) fn split_be32(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*length) as usize, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn lengths_round_trip() {
            for length in [0, 1, 0x0102, 0xffff] {
                assert_eq!(split_be16(&be16(length)), Some((length, &[][..])));
                assert_eq!(split_be32(&be32(length)), Some((length, &[][..])));
            }
            assert_eq!(be16(0x0102), [1, 2]);
            assert_eq!(be32(0x0102_0304), [1, 2, 3, 4]);
            assert_eq!(split_be16(&[0, 9, 7]), Some((9, &[7][..])));
        }

        fn a_length_that_is_cut_is_none() {
            assert_eq!(split_be16(&[0]), None);
            assert_eq!(split_be32(&[0, 0, 0]), None);
        }
    }
}
