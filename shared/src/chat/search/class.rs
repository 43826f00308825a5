//! The classes of characters, by which a text is cut into pieces and runs.

use crate::chat::normal::is_combining_mark;
use crate::chat::visible::is_ignorable;

/// The classes of characters that a text is cut by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Letters, digits and marks of scripts with spaces between words.
    Word,
    /// Letters and marks of scripts without.
    Unspaced,
    Symbol,
    Separator,
}

/// Cuts a folded text at separators. A mark directly behind a separator is on nothing, and goes with
/// it.
pub(super) fn pieces(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split(|character| class(character) == Class::Separator)
        .map(|piece| piece.trim_start_matches(is_combining_mark))
        .filter(|piece| !piece.is_empty())
}

/// Cuts a piece where the class of its characters changes. Marks stay with what they are on,
/// whatever script they are of.
pub(super) fn runs(piece: &str) -> impl Iterator<Item = (Class, &str)> {
    let mut rest = piece;
    std::iter::from_fn(move || {
        let of = class(rest.chars().next()?);
        let end = rest.find(|c| class(c) != of && !is_combining_mark(c));
        let (run, behind) = rest.split_at(end.unwrap_or(rest.len()));
        rest = behind;
        Some((of, run))
    })
}

/// Returns a character's class. A mark has that of the character that it is on; see [`runs`].
pub(super) fn class(character: char) -> Class {
    if character.is_ascii() {
        return class_of_ascii(character);
    }
    if is_unspaced(character) {
        if character.is_alphanumeric() || is_combining_mark(character) {
            Class::Unspaced
        } else {
            Class::Separator
        }
    } else if is_symbol(character) {
        Class::Symbol
    } else if character.is_alphanumeric()
        || is_combining_mark(character) && !is_ignorable(character)
    {
        Class::Word
    } else {
        Class::Separator
    }
}

/// Does what [`class`] does, for a character of ASCII.
#[inline]
pub(super) fn class_of_ascii(character: char) -> Class {
    // A bit for each character, because most texts are all ASCII and are looked at as a whole.
    let is_symbol = SYMBOLS.checked_shr(u32::from(character)).unwrap_or(0) & 1 == 1;
    if character.is_ascii_alphanumeric() {
        Class::Word
    } else if is_symbol {
        Class::Symbol
    } else {
        Class::Separator
    }
}

/// The symbols of ASCII, a bit for each: parts of names (`C#`, `AT&T`, `snake_case`), amounts and
/// formulas. Other marks are punctuation, which people also type around what they look for.
const SYMBOLS: u128 = {
    let symbols = b"#$%&+<=>@^_|~";
    let mut bits = 0;
    let mut at = 0;
    while at < symbols.len() {
        bits |= 1 << symbols[at];
        at += 1;
    }
    bits
};

/// Returns `true` in the blocks of scripts that are written without spaces between words, and of
/// Korean.
fn is_unspaced(character: char) -> bool {
    matches!(u32::from(character),
        0x0e00..=0x0fff             // Thai, Lao, Tibetan
        | 0x1000..=0x109f           // Burmese
        | 0x1100..=0x11ff           // Hangul letters
        | 0x1780..=0x17ff           // Khmer
        | 0x1950..=0x19df           // Tai Le, New Tai Lue
        | 0x1a20..=0x1aaf           // Tai Tham
        | 0x3005..=0x3007 | 0x3021..=0x3029 | 0x3031..=0x3035 | 0x303b..=0x303c
        | 0x3040..=0x312f           // Hiragana, Katakana, Bopomofo
        | 0x3131..=0x318f | 0x31a0..=0x31bf | 0x31f0..=0x31ff
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff // Han
        | 0xa000..=0xa48f           // Yi
        | 0xa960..=0xa97f | 0xa980..=0xa9ff | 0xaa60..=0xaadf
        | 0xac00..=0xd7ff           // Hangul syllables
        | 0xf900..=0xfaff
        | 0x1b000..=0x1b16f
        | 0x20000..=0x3ffff) // Han
}

/// Returns `true` for signs that mean something by themselves: currencies, arrows, mathematics,
/// pictures. By block, so that emoji of later versions of Unicode are among them.
fn is_symbol(character: char) -> bool {
    matches!(u32::from(character),
        0xa2..=0xa6 | 0xa9 | 0xac | 0xae | 0xb0 | 0xb1 | 0xd7 | 0xf7
        | 0x20a0..=0x20cf           // currencies
        | 0x2190..=0x2bff           // arrows, mathematics, technical signs, dingbats
        | 0x1d100..=0x1d24f         // music
        | 0x1f000..=0x1ffff)        // pictures
        || matches!(u32::from(character), 0x2100..=0x214f if !character.is_alphanumeric())
}
