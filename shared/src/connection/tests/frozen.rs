//! Every byte of a seeded v1 conversation, frozen: a change of the wire shows here first.
//!
//! The test runs only with the backend that takes its salt from the given randomness. A new version
//! of `rsa` may make other keys from the same seed; then, and only then, the hashes may change with
//! the wire unchanged.

use sha2::{Digest, Sha256};

use super::*;

portable_test! {
    fn the_wire_of_a_seeded_conversation_is_frozen() {
        let pair = conversation();
        let hash = |bytes: &[u8]| {
            Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
        };
        assert_eq!(hash(&pair.to_client), "91dfff1d3abdcacc1862d8c005fbd56bc218c63f172eed5f047c2b702619bba2");
        assert_eq!(hash(&pair.to_server), "6ea1c57917f402b486674c86e218a38d2fc6cb9c44f8a47e14f70ee8461c085c");
    }
}
