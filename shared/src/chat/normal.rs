//! Unicode's normal forms (UAX 15), cases and combining marks.
//!
//! Natively by the tables of `unicode-normalization` and of the standard library. They would be some
//! 50 KiB of the page's download, in an order that does not compress, and every browser has its own:
//! in wasm the forms are JavaScript's `String.prototype.normalize` (ECMA-262 §22.1.3.15), the cases
//! its `toLowerCase` and `toUpperCase` (§22.1.3.28 and .30), and the marks a short table. A
//! browser's Unicode may be another version; the server, which judges names and keeps the index of
//! words, has the crate's.

#[cfg(any(test, target_arch = "wasm32"))]
mod marks;

#[cfg(target_arch = "wasm32")]
pub(super) use marks::{canonical_combining_class, is_combining_mark};
#[cfg(not(target_arch = "wasm32"))]
pub(super) use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

#[cfg(not(target_arch = "wasm32"))]
mod forms {
    use unicode_normalization::UnicodeNormalization;

    pub(super) fn nfc(text: &str) -> String {
        text.nfc().collect()
    }

    #[cfg(test)]
    pub(super) fn nfd(text: &str) -> String {
        text.nfd().collect()
    }

    // Not a `String`: the server folds every text for its index.
    pub(super) fn nfkd(text: &str) -> impl Iterator<Item = char> {
        text.nfkd()
    }

    pub(super) fn lower(text: &str) -> String {
        text.to_lowercase()
    }

    pub(super) fn lower_each(text: &str) -> String {
        text.chars().flat_map(char::to_lowercase).collect()
    }

    pub(super) fn for_each_folded(text: &str, mut take: impl FnMut(char)) {
        for character in text.nfkd() {
            if character.is_ascii() {
                take(character.to_ascii_lowercase());
            } else {
                let cased = character
                    .to_lowercase()
                    .flat_map(char::to_uppercase)
                    .flat_map(char::to_lowercase);
                cased.for_each(&mut take);
            }
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod forms {
    use js_sys::JsString;

    /// The only letter whose other case hangs on the letters around it.
    const SIGMA: char = 'Σ';

    pub(super) fn nfc(text: &str) -> String {
        JsString::from(text).normalize("NFC").into()
    }

    pub(super) fn nfd(text: &str) -> String {
        JsString::from(text).normalize("NFD").into()
    }

    pub(super) fn nfkd(text: &str) -> impl Iterator<Item = char> {
        let apart = String::from(JsString::from(text).normalize("NFKD"));
        apart.chars().collect::<Vec<_>>().into_iter()
    }

    pub(super) fn lower(text: &str) -> String {
        JsString::from(text).to_lower_case().into()
    }

    pub(super) fn lower_each(text: &str) -> String {
        let parts: Vec<String> = text.split(SIGMA).map(lower).collect();
        parts.join("σ")
    }

    pub(super) fn for_each_folded(text: &str, take: impl FnMut(char)) {
        let apart = String::from(JsString::from(text).normalize("NFKD"));
        let upper = String::from(JsString::from(lower_each(&apart)).to_upper_case());
        lower_each(&upper).chars().for_each(take);
    }
}

/// Returns the text with its characters composed (NFC).
pub(super) fn nfc(text: &str) -> String {
    // Nothing in ASCII is composed or decomposed, and most texts are ASCII.
    if text.is_ascii() {
        return text.to_owned();
    }
    forms::nfc(text)
}

/// Returns the text with its characters taken apart (NFD).
#[cfg(any(test, target_arch = "wasm32"))]
pub(super) fn nfd(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    forms::nfd(text)
}

/// Returns the text with its characters, and those that are only another form of others, taken
/// apart (NFKD).
pub(super) fn nfkd(text: &str) -> impl Iterator<Item = char> {
    forms::nfkd(text)
}

/// Passes the characters of the text on, with compatibility forms taken apart (NFKD) and without
/// differences of case.
pub(super) fn for_each_folded(text: &str, take: impl FnMut(char)) {
    // There is no table of case folding in the standard library; the lower case of the upper case is
    // the same but for a few letters: ß becomes ss, and ς becomes σ. The upper case of ẞ is itself,
    // so that it is made ß first.
    forms::for_each_folded(text, take);
}

/// Returns the text in lower case, as `str::to_lowercase` does.
pub fn lowercase(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    forms::lower(text)
}

/// Returns the text with each of its characters in lower case as if it stood alone: a sigma at the
/// end of a word is one as everywhere else.
pub(super) fn lowercase_each(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    forms::lower_each(text)
}

/// Returns [`nfkd`] of one character.
pub(super) fn nfkd_of(character: char) -> String {
    nfkd(character.encode_utf8(&mut [0; 4])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn texts_are_composed_and_taken_apart() {
            for (text, composed, apart) in [
                ("ascii", "ascii", "ascii"),
                ("cafe\u{301}", "caf\u{e9}", "cafe\u{301}"),
                ("한", "한", "\u{1112}\u{1161}\u{11ab}"),
                ("ﬁ²", "ﬁ²", "fi2"),
                ("a\u{302}\u{323}", "\u{1ead}", "a\u{323}\u{302}"),
                // Excluded from composition, and a character that decomposes to another.
                ("\u{958}\u{212b}", "\u{915}\u{93c}\u{c5}", "\u{915}\u{93c}A\u{30a}"),
                ("𝐀👍🏽\0", "𝐀👍🏽\0", "A👍🏽\0"),
            ] {
                assert_eq!(nfc(text), composed, "{text:?}");
                assert!(nfkd(text).eq(apart.chars()), "{text:?}");
            }
        }

        fn cases_are_those_of_the_standard() {
            let texts = ["ascii TEXT", "ΣΊΣΥΦΟΣ ΟΔΥΣΣΕΎΣ", "Σ", "İstanbul I ı", "ẞ ß ﬁ ǅ ŉ", "ÅÄÖ ÉÀ", "Ⅷ Ⓐ Ａ", "Ж Щ Ԁ", "ᲐᲑ Ა", "한 👍🏽 \0"];
            for text in texts {
                assert_eq!(lowercase(text), text.to_lowercase(), "{text:?}");
                let each: String = text.chars().flat_map(char::to_lowercase).collect();
                assert_eq!(lowercase_each(text), each, "{text:?}");
                let mut folded = String::new();
                for_each_folded(text, |character| folded.push(character));
                let cased = nfkd(text)
                    .flat_map(char::to_lowercase)
                    .flat_map(char::to_uppercase)
                    .flat_map(char::to_lowercase);
                assert_eq!(folded, cased.collect::<String>(), "{text:?}");
            }
        }

        fn marks_are_told_from_letters() {
            assert!("\u{301}\u{93f}\u{20dd}\u{fe0f}".chars().all(is_combining_mark));
            assert!(!"aé1 한\u{200d}👍\0".chars().any(is_combining_mark));
        }
    }

    // The page must call the same characters marks as the server.
    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn the_short_table_has_the_marks_of_the_long_one() {
        for character in '\0'..=char::MAX {
            let short = (
                marks::is_combining_mark(character),
                marks::canonical_combining_class(character),
            );
            let long = (
                is_combining_mark(character),
                canonical_combining_class(character),
            );
            assert_eq!(short, long, "{character:?}");
        }
    }
}
