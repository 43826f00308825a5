//! Boundaries of words. Scripts that put no blanks between words have none, so each of their letters
//! counts as one.

use shared::chat::search;

/// Returns `true` for a letter, digit or mark that continues the word of its neighbour. Letters of
/// scripts without blanks between words (Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese) do
/// not: `你好@ada你好` mentions a person.
pub fn is_word(c: char) -> bool {
    search::is_word(c) && !is_half_width(c)
}

/// Returns `true` for letters of scripts that put no blanks between words. Korean does, but its
/// particles follow a name or an address directly.
pub(super) fn is_unspaced(c: char) -> bool {
    search::is_unspaced(c) || is_half_width(c)
}

/// Returns `true` for half-width kana and Hangul, which searches fold before they look at classes.
const fn is_half_width(c: char) -> bool {
    matches!(c, '\u{ff66}'..='\u{ffdc}')
}

/// Returns `true` for the punctuation of East Asian typography, which no address contains: a
/// sentence goes on behind it without a blank.
pub(super) const fn is_wide_punctuation(c: char) -> bool {
    matches!(
        c,
        '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '\u{3030}' | '\u{303d}'..='\u{303f}'
        | '\u{fe10}'..='\u{fe19}' | '\u{fe30}'..='\u{fe6b}'
        | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}'
        | '\u{ff5b}'..='\u{ff65}' | '・'
    )
}

/// Returns `true` for punctuation that can end a sentence, a clause or a quotation: the Unicode
/// classes Pe, Pf, Pi, Po and Pd outside ASCII, in the blocks of scripts in use.
pub(super) const fn is_punctuation(c: char) -> bool {
    is_wide_punctuation(c)
        || matches!(
            c,
            // Latin-1, Armenian, Hebrew, Arabic, Syriac.
            '¡' | '§' | '«' | '¶' | '·' | '»' | '¿' | '\u{37e}' | '\u{387}'
            | '\u{55a}'..='\u{55f}' | '\u{589}' | '\u{58a}' | '\u{5be}' | '\u{5c0}' | '\u{5c3}'
            | '\u{5c6}' | '\u{5f3}' | '\u{5f4}' | '\u{609}' | '\u{60a}' | '\u{60c}' | '\u{60d}'
            | '\u{61b}' | '\u{61d}'..='\u{61f}' | '\u{66a}'..='\u{66d}' | '\u{6d4}'
            | '\u{700}'..='\u{70d}'
            // Indic, Thai, Tibetan, Burmese, Georgian, Ethiopic, Khmer, Mongolian.
            | '\u{964}' | '\u{965}' | '\u{970}' | '\u{df4}' | '\u{e4f}' | '\u{e5a}' | '\u{e5b}'
            | '\u{f04}'..='\u{f14}' | '\u{f3a}'..='\u{f3d}' | '\u{104a}'..='\u{104f}' | '\u{10fb}'
            | '\u{1360}'..='\u{1368}' | '\u{17d4}'..='\u{17d6}' | '\u{17d8}'..='\u{17da}'
            | '\u{1800}'..='\u{180a}'
            // General punctuation and its supplement.
            | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{203e}' | '\u{2041}'..='\u{2043}'
            | '\u{2045}'..='\u{2051}' | '\u{2053}'..='\u{205e}' | '\u{207d}' | '\u{207e}'
            | '\u{208d}' | '\u{208e}' | '\u{2308}'..='\u{230b}' | '\u{2329}' | '\u{232a}'
            | '\u{2768}'..='\u{2775}' | '\u{27e6}'..='\u{27ef}' | '\u{2983}'..='\u{2998}'
            | '\u{2e00}'..='\u{2e5d}'
        )
}
