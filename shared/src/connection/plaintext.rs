//! A message in clear, as the driver gets it. It knows nothing of its origin.

use std::fmt;
use std::ops::Deref;

use zeroize::Zeroize;

/// A decrypted message; wiped when dropped, and not shown by `Debug`.
///
/// `Zeroizing<Vec<u8>>` would wipe it too, but byte by byte: with long messages that takes as long
/// as opening them.
pub struct Plaintext(Vec<u8>);

impl Plaintext {
    /// Takes over a vector, with its spare capacity.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Wipes the whole allocation at once.
    fn wipe(&mut self) {
        // The spare capacity as well, because the vector may have been longer before.
        self.0.resize(self.0.capacity(), 0);
        self.0.as_mut_slice().zeroize();
    }
}

impl Deref for Plaintext {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Plaintext {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only the length, so that a logged event shows no text.
        write!(f, "Plaintext({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn all_that_was_allocated_is_wiped() {
            let mut bytes = Vec::with_capacity(100);
            bytes.extend_from_slice(b"a secret, and what was behind it");
            bytes.truncate(8);
            let mut plaintext = Plaintext::new(bytes);
            assert_eq!(*plaintext, *b"a secret");
            plaintext.wipe();
            assert!(plaintext.len() >= 100);
            assert!(plaintext.iter().all(|byte| *byte == 0));
        }

        fn a_message_does_not_show_in_debug() {
            assert_eq!(format!("{:?}", Plaintext::new(b"secret".to_vec())), "Plaintext(6 bytes)");
        }
    }
}
