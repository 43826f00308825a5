//! Display names: which are allowed, and when two of them look the same.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;
use unicode_security::{GeneralSecurityProfile, MixedScript};

/// Longest name in characters.
pub const MAX_CHARACTERS: usize = 32;

/// A display name: 1 to 32 letters, digits, `-`, `_` or `.`, in NFC, of one script.
///
/// Scripts may be mixed only as Unicode's "highly restrictive" habit allows for one writing system
/// (UTS 39 §5.1, by the `unicode-security` crate): Latin `a` beside Cyrillic `а` is refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name(String);

impl Name {
    /// Checks `text` and normalizes it to NFC.
    ///
    /// # Errors
    /// [`InvalidName`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let name: String = text.nfc().collect();
        if name.is_empty() {
            return Err(InvalidName::Empty);
        }
        if name.chars().count() > MAX_CHARACTERS {
            return Err(InvalidName::TooLong);
        }
        // UTS 39 §3.1 leaves out letters that cannot be seen, as Hangul's fillers.
        let letter = |c: char| (c.is_alphanumeric() || is_mark(c)) && c.identifier_allowed();
        let allowed = |c: char| letter(c) || "-_.".contains(c);
        if let Some(character) = name.chars().find(|c| !allowed(*c)) {
            return Err(InvalidName::Character(character));
        }
        if !name.chars().any(char::is_alphanumeric) || name.starts_with(is_mark) {
            return Err(InvalidName::NoLetter);
        }
        if !name.as_str().is_single_script() {
            return Err(InvalidName::MixedScripts);
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same for every name that a person could take for this one: case-folded, then UTS 39
    /// §4's skeleton.
    pub fn skeleton(&self) -> String {
        skeleton(&self.0.to_lowercase())
            .collect::<String>()
            .to_lowercase()
    }
}

/// Marks that belong to letters in many scripts, as vowel signs do in Devanagari.
fn is_mark(character: char) -> bool {
    unicode_normalization::char::is_combining_mark(character)
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidName {
    /// Nothing there.
    Empty,
    /// More than 32 characters.
    TooLong,
    /// This character is not allowed.
    Character(char),
    /// Only punctuation, or it starts with a mark.
    NoLetter,
    /// Letters of scripts that look alike are mixed.
    MixedScripts,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a name needs at least one character"),
            Self::TooLong => write!(f, "a name has at most {MAX_CHARACTERS} characters"),
            Self::Character(' ') => f.write_str("a name has no spaces"),
            Self::Character(character) => write!(
                f,
                "a name has letters, digits and - _ . only, not {}",
                character.escape_default()
            ),
            Self::NoLetter => f.write_str("a name starts with and has a letter or digit"),
            Self::MixedScripts => f.write_str("a name does not mix scripts that look alike"),
        }
    }
}

impl std::error::Error for InvalidName {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn ordinary_names_of_many_scripts_pass() {
            for text in ["anna", "Jörg-2", "a.b_c", "Олег", "李雷", "田中さん", "نورا", "7"] {
                assert_eq!(Name::parse(text).map(|name| name.to_string()).as_deref(), Ok(text));
            }
        }

        fn hostile_names_are_refused() {
            let long = "x".repeat(33);
            for (text, expected) in [
                ("", InvalidName::Empty),
                (&*long, InvalidName::TooLong),
                ("an na", InvalidName::Character(' ')),
                ("anna:", InvalidName::Character(':')),
                ("* anna", InvalidName::Character('*')),
                ("an\u{202e}na", InvalidName::Character('\u{202e}')),
                ("an\u{200b}na", InvalidName::Character('\u{200b}')),
                ("an\nna", InvalidName::Character('\n')),
                ("\u{3164}", InvalidName::Character('\u{3164}')),
                ("-._", InvalidName::NoLetter),
                ("аnna", InvalidName::MixedScripts),
            ] {
                assert_eq!(Name::parse(text), Err(expected), "{text:?}");
            }
        }

        fn confusable_names_have_one_skeleton() {
            let skeleton = |text| Name::parse(text).unwrap().skeleton();
            assert_eq!(skeleton("paypal"), skeleton("PayPal"));
            // All Cyrillic, so not mixed, but it reads "cap".
            assert_eq!(skeleton("сар"), skeleton("cap"));
            assert_ne!(skeleton("anna"), skeleton("bert"));
        }

        fn decomposed_letters_become_one() {
            assert_eq!(Name::parse("Jo\u{308}rg"), Name::parse("J\u{f6}rg"));
        }
    }
}
