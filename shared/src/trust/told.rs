//! The comparison of a server's key with what a person was told about it: its words, its
//! fingerprint, or a text that holds one of them.

use thiserror::Error;

use super::words::{WORD_COUNT, is_word, words};
use crate::chat::lowercase;
use crate::identity::Fingerprint;

/// Most characters of a text that is compared. What people are given is some hundred long; the rest
/// of a larger text is not looked at.
const TOLD_CHARACTERS: usize = 4096;

/// The relation of a key to what a person was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The text names this key.
    Same,
    /// The text names another key: the server is not the one that the person means, or somebody is
    /// between the two.
    Another,
}

/// The reason for which a text names no key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unclear {
    /// The text has another number of words.
    #[error("There are {WORD_COUNT} words, and these are {0}.")]
    Count(usize),
    /// The text has a word that no key has. A slip of the pen is no sign of an attack.
    #[error("No key has the word “{0}”. Look at it again.")]
    NotAWord(String),
    /// The text should be a fingerprint, and is damaged.
    #[error("The fingerprint is damaged: it has 43 letters and digits after “SHA256:”.")]
    Fingerprint,
}

/// Compares `key` with the text `told`, which may have other words around those that count, as when
/// a line of the server's output was copied.
///
/// # Errors
/// [`Unclear`] if the text names no key.
// A function of its own in the program, too: the page has it in its later part.
#[inline(never)]
pub fn compare(told: &str, key: &Fingerprint) -> Result<Told, Unclear> {
    let told: String = told.chars().take(TOLD_CHARACTERS).collect();
    if let Some((_, after)) = told.split_once("SHA256:") {
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
        let end = after.find(|c| !is_base64(c)).unwrap_or(after.len());
        let named = format!("SHA256:{}", &after[..end]).parse::<Fingerprint>();
        let named = named.map_err(|_| Unclear::Fingerprint)?;
        return Ok(if named == *key {
            Told::Same
        } else {
            Told::Another
        });
    }
    // Numbers, commas and lines between the words do not count.
    let told: Vec<String> = told
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .map(lowercase)
        .collect();
    let own = words(key);
    let mut named = told
        .windows(WORD_COUNT)
        .filter(|window| window.iter().all(|word| is_word(word)))
        .peekable();
    if named.peek().is_some() {
        return Ok(if named.any(|window| window == own.as_array()) {
            Told::Same
        } else {
            Told::Another
        });
    }
    match told.iter().find(|word| !is_word(word)) {
        Some(word) if told.len() == WORD_COUNT => Err(Unclear::NotAWord(word.clone())),
        _ => Err(Unclear::Count(told.len())),
    }
}
