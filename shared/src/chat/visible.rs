//! Characters that show something, by Unicode's tables.
//!
//! Text that shows nothing forges lines, hides in lists and doubles names. No list of such
//! characters stays complete, so the properties of the Unicode Character Database decide: general
//! category and `Default_Ignorable_Code_Point`. The page leaves the table of categories out, for
//! its size; the server decides.
//!
//! ```
//! use shared::chat::visible::has_visible;
//!
//! assert!(has_visible("👍🏽 hi"));
//! assert!(!has_visible("\u{200b} \u{3164}\u{2800}"));
//! ```

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

use super::normal::is_combining_mark;

/// Characters whose glyph is blank by the Unicode code charts although their category is that of a
/// symbol or a letter. No property of Unicode names them.
pub const BLANK_GLYPHS: [char; 6] = [
    '\u{2800}',  // BRAILLE PATTERN BLANK
    '\u{fffc}',  // OBJECT REPLACEMENT CHARACTER
    '\u{13441}', // EGYPTIAN HIEROGLYPH FULL BLANK
    '\u{13442}', // EGYPTIAN HIEROGLYPH HALF BLANK
    '\u{16fe4}', // KHITAN SMALL SCRIPT FILLER
    '\u{1d159}', // MUSICAL SYMBOL NULL NOTEHEAD
];

/// Zero-width non-joiner and joiner: invisible, but parts of the spelling of Persian and Indic words
/// and of emoji sequences.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// Text and emoji presentation selectors.
const PRESENTATION: [char; 2] = ['\u{fe0e}', '\u{fe0f}'];

/// Most combining marks on one base in a line of text. Tibetan and Burmese need up to four; piles
/// of more reach into the lines above and below.
pub const LINE_MARKS_PER_BASE: usize = 4;

/// Returns `true` for characters that programs leave out when they cannot show them (zero-width
/// characters, fillers, bidi controls, variation selectors, tags), and for those that are none.
pub fn is_ignorable(character: char) -> bool {
    let code = u32::from(character);
    // The last two code points of each plane and U+FDD0 to U+FDEF are no characters, so no program
    // shows them.
    let noncharacter = code & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&code);
    noncharacter || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

/// Returns `true` for characters that show something by themselves: no white space, no control or
/// format character, no combining mark and nothing blank.
pub fn is_visible(character: char) -> bool {
    // Several tests, because no single property of Unicode covers all that shows nothing.
    !(character.is_whitespace()
        || character.is_control()
        || is_combining_mark(character)
        || BLANK_GLYPHS.contains(&character)
        || is_format(character)
        || is_ignorable(character))
}

/// Returns `true` if some character of `text` shows something by itself.
pub fn has_visible(text: &str) -> bool {
    text.chars().any(is_visible)
}

#[cfg(not(target_arch = "wasm32"))]
fn is_format(character: char) -> bool {
    use icu_properties::CodePointMapData;
    use icu_properties::props::GeneralCategory;

    CodePointMapData::<GeneralCategory>::new().get(character) == GeneralCategory::Format
}

/// Returns `false`, because most format characters are ignorable too: that is enough for a page.
#[cfg(target_arch = "wasm32")]
fn is_format(_: char) -> bool {
    false
}

/// Returns one line of text without what cannot be seen in it, and the first character that was
/// left out.
///
/// Left out are control characters, line and paragraph separators, blank symbols, marks without a
/// base or beyond [`LINE_MARKS_PER_BASE`], and ignorable characters. Joiners stay between characters
/// that are not ASCII, and presentation selectors behind symbols and keycaps, where they change what
/// is shown.
pub fn clean_line(text: &str) -> (String, Option<char>) {
    let mut clean = String::with_capacity(text.len());
    let mut left_out = None;
    let (mut last, mut marks) = (None::<char>, 0);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let seen = |c: char| !c.is_ascii() && (is_visible(c) || is_combining_mark(c));
        let keep = if JOINERS.contains(&character) {
            // Between ASCII characters a joiner changes nothing that is shown, so it could only
            // hide there.
            let behind = last.is_some_and(|c| seen(c) || PRESENTATION.contains(&c));
            let before = characters.peek().copied();
            behind && before.is_some_and(|c| !c.is_ascii() && is_visible(c))
        } else if PRESENTATION.contains(&character) {
            // Behind a letter a selector shows nothing; behind a symbol or a keycap's digit it
            // chooses the picture.
            last.is_some_and(|c| is_visible(c) && (!c.is_alphanumeric() || c.is_ascii_digit()))
        } else if is_ignorable(character) {
            // Before marks: some variation selectors and fillers are marks.
            false
        } else if is_combining_mark(character) {
            last.is_some() && marks < LINE_MARKS_PER_BASE
        } else {
            is_visible(character)
                || (character.is_whitespace()
                    && !character.is_control()
                    // These two separators would start a new line in programs that obey them.
                    && !"\u{2028}\u{2029}".contains(character))
        };
        if !keep {
            left_out = left_out.or(Some(character));
            continue;
        }
        if is_combining_mark(character) && !PRESENTATION.contains(&character) {
            marks += 1;
        } else if !JOINERS.contains(&character) && !PRESENTATION.contains(&character) {
            // Joiners do not end a pile: alternating with marks they would build one of any height.
            marks = 0;
        }
        last = Some(character);
        clean.push(character);
    }
    (clean, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn invisible_characters_do_not_count() {
            for text in [
                "", " ", "\u{a0}\u{3000}", "\u{200b}", "\u{3164}", "\u{ffa0}", "\u{115f}\u{1160}",
                "\u{2800}", "\u{ad}", "\u{e0041}\u{e007f}", "\u{fe0f}", "\u{e0100}", "\u{301}",
                "\u{202e}\u{2066}", "\u{61c}", "\u{feff}", "\u{1d159}", "\u{180e}", "\u{fffe}",
                "\u{20e3}", "\u{17b4}", "\u{2028}", "\u{fffc}",
            ] {
                assert!(!has_visible(text), "{text:?}");
                assert!(has_visible(&format!("{text}a")), "{text:?}");
            }
        }

        fn spelling_and_emoji_keep_their_joiners() {
            for text in ["می‌خواهم", "क्‍ष", "👩‍👩‍👧‍👦 ❤️ 1️⃣", "Grüße", "e\u{301}"] {
                assert_eq!(clean_line(text), (text.to_owned(), None));
            }
        }

        // Each of these would forge, hide or overlap a line of a list.
        fn hidden_and_piled_characters_are_left_out() {
            for (text, clean, first) in [
                ("a\u{202e}b", "ab", '\u{202e}'),
                ("a\u{200d}b", "ab", '\u{200d}'),
                ("a\u{3164}", "a", '\u{3164}'),
                ("a\u{e0041}", "a", '\u{e0041}'),
                ("a\u{fe0f}", "a", '\u{fe0f}'),
                ("a\u{2028}b", "ab", '\u{2028}'),
                ("\u{301}a", "a", '\u{301}'),
                ("a\u{2800}b", "ab", '\u{2800}'),
            ] {
                assert_eq!(clean_line(text), (clean.to_owned(), Some(first)), "{text:?}");
            }
            let piled = format!("a{}", "\u{301}".repeat(20));
            assert_eq!(clean_line(&piled).0.chars().count(), 1 + LINE_MARKS_PER_BASE);
            let joined = format!("e{}a", "\u{301}\u{200d}".repeat(20));
            assert!(clean_line(&joined).0.chars().filter(|c| *c == '\u{301}').count() <= LINE_MARKS_PER_BASE);
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use icu_properties::CodePointMapData;
        use icu_properties::props::GeneralCategory;
        use proptest::prelude::*;

        use super::*;

        #[test]
        fn no_format_character_mark_blank_or_ignorable_of_unicode_is_visible() {
            use GeneralCategory as G;
            let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
            for character in '\0'..=char::MAX {
                let category = CodePointMapData::<G>::new().get(character);
                let hidden = matches!(
                    category,
                    G::Control
                        | G::Format
                        | G::SpaceSeparator
                        | G::LineSeparator
                        | G::ParagraphSeparator
                ) || ignorable.contains(character);
                assert!(!hidden || !is_visible(character), "{character:?}");
                let letter = matches!(
                    category,
                    G::UppercaseLetter | G::LowercaseLetter | G::OtherLetter | G::DecimalNumber
                );
                let blank = BLANK_GLYPHS.contains(&character);
                assert!(
                    !letter || hidden || blank || is_visible(character),
                    "{character:?}"
                );
            }
        }

        proptest! {
            #[test]
            fn a_clean_line_stays_as_it_is(text in any::<String>()) {
                let (clean, _) = clean_line(&text);
                prop_assert_eq!(clean_line(&clean), (clean.clone(), None));
            }
        }
    }
}
