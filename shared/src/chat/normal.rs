//! Unicode's normal forms (UAX 15) and combining marks.
//!
//! Natively by the tables of `unicode-normalization`. They would be some 40 KiB of the page's
//! download, in an order that does not compress, and every browser has its own: in wasm the forms are
//! JavaScript's `String.prototype.normalize` (ECMA-262 §22.1.3.15), and the marks a short table. A
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
}

#[cfg(target_arch = "wasm32")]
mod forms {
    use js_sys::JsString;

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
