//! The normalization of texts and queries: what looks or sounds alike to a reader becomes the same.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

use crate::chat::visible::is_ignorable;

/// Combining breve, which makes й of и and ў of у: letters of their own.
const BREVE: char = '\u{306}';

/// Combining classes: of strokes through a character, and of marks above one.
const OVERLAY: u8 = 1;
const ABOVE: u8 = 230;

/// Folds a text for comparison: compatibility forms (full width, ligatures, circled letters) become
/// plain ones, case and diacritics go, and so do characters that show nothing (joiners, variation
/// selectors, soft hyphens).
///
/// ```
/// use shared::chat::search::fold;
///
/// assert_eq!(fold("Cafe\u{301} STRAẞE Ｗｉｄｅ ﬁn"), "cafe strasse wide fin");
/// ```
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let mut base = None;
    let folded = text
        .nfkd()
        .filter(|character| !is_ignorable(*character))
        // There is no table of case folding in the standard library; the lower case of the upper
        // case is the same but for a few letters: ß becomes ss, and ς becomes σ. The upper case of
        // ẞ is itself, so that it is made ß first.
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfd()
        .filter(move |character| {
            if !is_combining_mark(*character) {
                base = Some(*character);
                return true;
            }
            match canonical_combining_class(*character) {
                // A stroke through a letter is none to a reader; through a sign it denies it: ≠, ∉.
                OVERLAY => base.is_some_and(|base| !base.is_alphanumeric()),
                ABOVE if *character == BREVE => base.is_some_and(is_cyrillic),
                class => !is_diacritic(class),
            }
        })
        .nfc();
    Cow::Owned(folded.collect())
}

/// Returns `true` for the classes of marks that change the sound or stress of a letter but leave it
/// the same letter to a reader: accents, and the vowel points of Hebrew and Arabic. Others are vowel
/// signs, viramas, nuktas, tone marks of Thai and the voicing of kana, which make other words.
fn is_diacritic(class: u8) -> bool {
    matches!(class, 10..=36 | 200..=240)
}

fn is_cyrillic(character: char) -> bool {
    matches!(character, '\u{400}'..='\u{52f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn forms_of_the_same_word_fold_to_one() {
            for (one, other) in [
                ("cafe\u{301}", "CAFÉ"),
                ("café", "cafe"),
                ("Straße", "STRASSE"),
                ("ΣΊΣΥΦΟΣ", "σισυφος"),
                ("ﬁne", "fine"),
                ("Ｆｕｌｌ１", "full1"),
                ("ｶﾞ", "ガ"),
                ("co\u{ad}op", "coop"),
                ("❤\u{fe0f}", "❤"),
                ("İstanbul", "istanbul"),
                ("ёлка", "елка"),
                ("한글", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"),
                ("שָׁלוֹם", "שלום"),
                ("tiê\u{301}ng", "tieng"),
                ("ﷺ", "صلى الله عليه وسلم"),
            ] {
                assert_eq!(fold(one), fold(other), "{one} {other}");
            }
        }

        fn a_folded_character_stays_as_it_is() {
            // The planes that have letters and signs.
            for character in '\0'..='\u{1ffff}' {
                let text = character.to_string();
                let folded = fold(&text);
                assert_eq!(fold(&folded), folded, "{text:?}");
            }
        }

        fn different_letters_stay_different() {
            for (one, other) in [
                ("が", "か"), ("мой", "мои"), ("कि", "क"), ("मा", "म"), ("ไม้", "ไม"), ("क़", "क"),
                ("パ", "ハ"), ("l", "i"), ("æ", "a"), ("ø", "o"), ("≠", "="),
            ] {
                assert_ne!(fold(one), fold(other), "{one} {other}");
            }
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use proptest::prelude::*;

        use super::*;

        proptest! {
            #[test]
            fn a_folded_text_stays_as_it_is(text in any::<String>()) {
                let folded = fold(&text).into_owned();
                prop_assert_eq!(fold(&folded), folded.clone());
            }

            #[test]
            fn text_of_either_normal_form_folds_alike(text in "\\PC{0,20}") {
                let (composed, decomposed): (String, String) =
                    (text.nfc().collect(), text.nfd().collect());
                prop_assert_eq!(fold(&composed), fold(&decomposed));
            }
        }
    }
}
