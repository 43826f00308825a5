//! The normalization of texts and queries: what looks or sounds alike to a reader becomes the same.

use std::borrow::Cow;

use super::letters;
use crate::chat::normal::{
    canonical_combining_class, for_each_folded, is_combining_mark, nfc, nfkd_of,
};
use crate::chat::visible::is_ignorable;

/// Combining breve, which makes й of и and ў of у: letters of their own.
const BREVE: char = '\u{306}';

/// Combining classes: of strokes through a character, and of marks above one.
const OVERLAY: u8 = 1;
const ABOVE: u8 = 230;

/// Folds the text of a message for comparison: compatibility forms (full width, ligatures, circled
/// letters) become plain ones, letters those that people type for them, case and diacritics go, and
/// so do characters that show nothing (joiners, variation selectors, soft hyphens).
///
/// Of a text with characters that may stand apart or not, such as ™ and ², there are two readings in
/// one: `m²` has the words `m2`, `m` and `2`.
///
/// ```
/// use shared::chat::search::fold;
///
/// assert_eq!(fold("Cafe\u{301} STRAẞE Ｗｉｄｅ ﬁn Łódź"), "cafe strasse wide fin lodz");
/// assert_eq!(fold("Acme™"), "acmetm\nacme tm");
/// ```
pub fn fold(text: &str) -> Cow<'_, str> {
    if !has_apart(text) {
        return plain(text);
    }
    let mut both = plain(&spaced(text, Reading::Joined)).into_owned();
    both.push('\n');
    both.push_str(&plain(&spaced(text, Reading::Apart)));
    Cow::Owned(both)
}

/// Folds a query, which has one reading only: all of its words must be in the text.
pub(super) fn fold_query(query: &str) -> Cow<'_, str> {
    if has_apart(query) {
        Cow::Owned(plain(&spaced(query, Reading::Joined)).into_owned())
    } else {
        plain(query)
    }
}

/// The reading of characters that may belong to the word before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// As parts of it: `m2`, `Qurʾan` as `Quran`.
    Joined,
    /// As words: `word¹` as `word 1`.
    Apart,
}

/// The reason for which a character may stand apart from the word before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Apart {
    /// A number above the line. Those next to it are part of the number.
    Superscript,
    /// A sign that is made of letters or digits (™, ①, ㎏, ½), or an Arabic phrase in one character.
    Sign,
    /// An apostrophe that is a letter: people type none, or one that separates words.
    Apostrophe,
    /// The dot in Catalan's l·l, which people leave out.
    Dot,
    /// The non-joiner between the parts of Persian words, for which people type a space or nothing.
    NonJoiner,
}

/// Returns `true` if some character of a text may stand apart.
fn has_apart(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(|character| apart(character).is_some())
}

/// Signs are what Unicode has as numbers and symbols (categories No and S) that decompose to letters
/// or digits. By block, because the page has no table of categories; a test compares them.
/// Subscripts are none: people type `H2O` and `CO2`.
fn apart(character: char) -> Option<Apart> {
    match u32::from(character) {
        0xb2 | 0xb3 | 0xb9 | 0x2070 | 0x2074..=0x207e => Some(Apart::Superscript),
        0xb7 | 0x13f | 0x140 | 0x387 => Some(Apart::Dot),
        0x149 | 0x2b9..=0x2bf | 0x374 | 0x1e9a => Some(Apart::Apostrophe),
        0x200c => Some(Apart::NonJoiner),
        0xfdf0..=0xfdfb => Some(Apart::Sign),
        0xbc..=0xbe
        | 0x20a8
        | 0x2100..=0x218b
        | 0x2460..=0x24ff
        | 0x3200..=0x33ff
        | 0xfdfc
        | 0x1f100..=0x1f2ff
            if !character.is_alphabetic() && decomposes(character) =>
        {
            Some(Apart::Sign)
        }
        _ => None,
    }
}

fn decomposes(character: char) -> bool {
    !nfkd_of(character).chars().eq([character])
}

/// Returns a text in which white space stands where `reading` separates, and no apostrophe, dot or
/// non-joiner is left.
fn spaced(text: &str, reading: Reading) -> String {
    let is_l = |character: char| matches!(character, 'l' | 'L');
    let mut spaced = String::with_capacity(text.len() + text.len() / 4);
    let mut before: Option<(char, Option<Apart>)> = None;
    // ŀ and ŉ are a letter and a dot or an apostrophe.
    let characters = text.chars().flat_map(|character| {
        let is_two = matches!(character, 'ŀ' | 'Ŀ' | 'ŉ' | 'ẚ');
        let two = is_two.then(|| nfkd_of(character).chars().collect::<Vec<_>>());
        let one = (!is_two).then_some(character);
        two.into_iter().flatten().chain(one)
    });
    let mut characters = characters.peekable();
    while let Some(character) = characters.next() {
        let apart = apart(character);
        if let Some((last, last_apart)) = before
            && (apart.is_some() || last_apart.is_some())
            && (apart, last_apart) != (Some(Apart::Superscript), Some(Apart::Superscript))
            // 2½ and 10² are never 21/2 and 102.
            && (reading == Reading::Apart || character.is_numeric() && last.is_numeric())
        {
            spaced.push(' ');
        }
        match apart {
            Some(Apart::Apostrophe | Apart::NonJoiner) => {}
            Some(Apart::Dot) => {
                let is_behind_l = before.is_some_and(|(last, _)| is_l(last));
                let is_in_l = is_behind_l && characters.peek().copied().is_some_and(is_l);
                if !(is_in_l && reading == Reading::Joined) {
                    spaced.push(' ');
                }
            }
            _ => spaced.push(character),
        }
        before = Some((character, apart));
    }
    spaced
}

/// Folds a text in which nothing stands apart.
fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let mut folding = Folding {
        text: String::with_capacity(text.len()),
        base: None,
        is_composed: true,
    };
    for_each_folded(text, |character| {
        if character.is_ascii() {
            folding.base = Some(character);
            folding.text.push(character);
        } else if !is_ignorable(character) {
            folding.push(character);
        }
    });
    Cow::Owned(if folding.is_composed {
        folding.text
    } else {
        nfc(&folding.text)
    })
}

/// A text that is being folded, character by character.
#[derive(Debug)]
struct Folding {
    text: String,
    /// The last character that is no mark.
    base: Option<char>,
    /// Nothing in the text can be composed. Composing takes as long as all the rest, and most texts
    /// have nothing for it once the diacritics are gone.
    is_composed: bool,
}

impl Folding {
    /// Appends what people type for a small letter, or a mark if it makes another letter of its
    /// base.
    fn push(&mut self, character: char) {
        if is_combining_mark(character) {
            let is_kept = match canonical_combining_class(character) {
                // A stroke through a letter is none to a reader; through a sign it denies it: ≠, ∉.
                OVERLAY => self.base.is_some_and(|base| !base.is_alphanumeric()),
                ABOVE if character == BREVE => self.base.is_some_and(is_cyrillic),
                class => !is_diacritic(class),
            };
            if !is_kept {
                return;
            }
            self.is_composed = false;
        } else {
            self.base = Some(character);
            self.is_composed &= !is_second_letter(character);
        }
        if let Some(typed) = letters::typed(character) {
            self.text.push_str(typed);
        } else {
            let one = letters::hiragana(character).or_else(|| letters::digit(character));
            self.text.push(one.unwrap_or(character));
        }
    }
}

/// Returns `true` for the letters that are composed with the letter before them, as marks are: of
/// Korean and of Kirat Rai.
fn is_second_letter(character: char) -> bool {
    matches!(character, '\u{1160}'..='\u{11ff}' | '\u{16d63}'..='\u{16d6a}')
}

/// Returns `true` for the classes of marks that change the sound or stress of a letter but leave it
/// the same letter to a reader: accents, and the vowel points of Hebrew and Arabic. Others are vowel
/// signs, viramas, nuktas, tone marks of Thai and the voicing of kana, which make other words;
/// [`letters`] has the exceptions.
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
            ] {
                assert_eq!(fold(one), fold(other), "{one} {other}");
            }
        }

        // Letters that Unicode does not decompose, and others that people type for them.
        fn letters_fold_to_what_people_type_for_them() {
            for (written, typed) in [
                ("Łódź", "lodz"), ("Ørsted", "orsted"), ("smørrebrød", "smorrebrod"),
                ("Đà Nẵng", "da nang"), ("đường", "duong"), ("ħal", "hal"), ("œuvre", "oeuvre"),
                ("ÆTHER", "aether"), ("Ǽ ǿ", "ae o"), ("Þórður Guðmundsson", "thordur gudmundsson"),
                ("Sáŋŧ", "sant"), ("Azərbaycan", "azerbaycan"), ("Eʋegbe", "evegbe"),
                ("Ɗan Ƙasa", "dan kasa"), ("ıĸ", "iq"), ("ᴀᴄᴍᴇ ʀᴏᴄᴋᴇᴛ", "acme rocket"),
                ("محـــمود", "محمود"), ("کتاب", "كتاب"), ("یک", "يك"), ("على", "علی"),
                ("مدرسة", "مدرسه"), ("خانۀ", "خانه"), ("ٱلله أإآ", "الله ااا"),
                ("۱۲۳ ١٢٣ १२३", "123 123 123"), ("๒๕๖๗", "2567"),
                ("ज़्यादा हाँ", "ज्यादा हां"), ("ন\u{9a4}\u{9cd}\u{200d}", "ন\u{9ce}"),
                ("അവൻ", "അവന്\u{200d}"), ("ײִדיש", "יידיש"), ("カメラ ヴ", "かめら ゔ"),
            ] {
                assert_eq!(fold(written).lines().next(), fold(typed).lines().next(), "{written} {typed}");
            }
        }

        // Texts in which nothing is composed are spared the composition.
        fn a_folded_character_is_composed() {
            for character in '\0'..='\u{1ffff}' {
                let text = character.to_string();
                assert_eq!(nfc(&fold(&text)), fold(&text), "{text:?}");
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
                ("が", "か"), ("мой", "мои"), ("कि", "क"), ("मा", "म"), ("ไม้", "ไม"), ("য়", "য"),
                ("パ", "ハ"), ("l", "i"), ("æ", "a"), ("ы", "и"), ("≠", "="), ("ء", "ا"), ("ہے", "ہی"),
            ] {
                assert_ne!(fold(one), fold(other), "{one} {other}");
            }
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use icu_properties::CodePointMapData;
        use icu_properties::props::GeneralCategory;
        use proptest::prelude::*;
        use unicode_normalization::UnicodeNormalization;

        use super::*;
        use crate::chat::search::class::{Class, class};

        #[test]
        fn numbers_and_symbols_of_letters_or_digits_stand_apart() {
            use GeneralCategory as G;
            for character in '\0'..=char::MAX {
                let category = CodePointMapData::<G>::new().get(character);
                let is_sign = matches!(
                    category,
                    G::OtherNumber
                        | G::OtherSymbol
                        | G::MathSymbol
                        | G::CurrencySymbol
                        | G::ModifierSymbol
                );
                let decomposed = || std::iter::once(character).nfkd();
                let is_compatible = !decomposed().eq(std::iter::once(character).nfd());
                // Han and kana are found wherever they stand.
                let is_of_words =
                    decomposed().any(|c| c.is_alphanumeric() && class(c) == Class::Word);
                let is_subscript = matches!(character, '₀'..='₉');
                // Whole words are written in outlined letters, as in mathematical ones.
                let is_outlined = matches!(character, '\u{1ccd6}'..='\u{1ccef}');
                if is_sign
                    && is_compatible
                    && is_of_words
                    && !is_subscript
                    && !is_outlined
                    && !character.is_alphabetic()
                {
                    assert!(apart(character).is_some(), "{character:?}");
                }
            }
        }

        proptest! {
            #[test]
            fn a_folded_text_stays_as_it_is(text in any::<String>()) {
                let folded = fold(&text).into_owned();
                prop_assert_eq!(fold(&folded), folded.clone());
                prop_assert!(folded.nfc().eq(folded.chars()));
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
