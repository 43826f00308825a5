//! Eight words for a fingerprint, which two people can read to each other over the telephone.
//!
//! The list is BIP-39's English one: 2048 short common words, no two of which share their first
//! four letters. Nothing else of BIP-39 is used.

use std::fmt;

use bip39::Language;

use crate::identity::Fingerprint;

/// The number of words that stand for a fingerprint.
pub const WORD_COUNT: usize = 8;

/// The bits of a word: the list has 2^11 words.
const WORD_BITS: usize = 11;

/// The bytes of the fingerprint that the words say: 88 bits. A key with the words of a given other
/// key takes 2^88 tries to find, each of them a new key.
const SAID_BYTES: usize = WORD_COUNT * WORD_BITS / 8;

/// The eight words of a fingerprint. `Display` prints them with spaces between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words([&'static str; WORD_COUNT]);

impl Words {
    /// Returns the words one by one.
    pub const fn as_array(&self) -> &[&'static str; WORD_COUNT] {
        &self.0
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// Returns `true` if `word`, in lower case, is in the list.
pub(super) fn is_word(word: &str) -> bool {
    // The list is in the order of the alphabet.
    Language::English.word_list().binary_search(&word).is_ok()
}

/// Returns the words of `fingerprint`: its first 88 bits, most significant first, 11 bits a word,
/// each an index into the list.
pub fn words(fingerprint: &Fingerprint) -> Words {
    let list = Language::English.word_list();
    // Sixteen bytes, because no smaller integer holds the 88 bits that the words are cut from.
    let mut said = [0; 16];
    said[16 - SAID_BYTES..].copy_from_slice(&fingerprint.as_bytes()[..SAID_BYTES]);
    let said = u128::from_be_bytes(said);
    Words(std::array::from_fn(|place| {
        let shift = WORD_BITS * (WORD_COUNT - 1 - place);
        // The mask leaves 11 bits, and the list has 2^11 words, so the index is always within it.
        list[(said >> shift) as usize & ((1 << WORD_BITS) - 1)]
    }))
}
