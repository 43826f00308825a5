//! Letters that Unicode does not decompose, and that people look for by others: small tables, each
//! with its source.

/// Returns what people type for a letter: nothing for one that only stretches a word, and `None` for
/// a letter that is typed as it is. The letter is a small one, and decomposed.
pub(super) fn typed(letter: char) -> Option<&'static str> {
    match u32::from(letter) {
        0x80..=0x2ff | 0x1d00..=0x1dff | 0x2c60..=0x2c7f | 0xa730..=0xa7ff => latin(letter),
        0x5d0..=0x6ff => hebrew_or_arabic(letter),
        0x900..=0xdff => indic(letter),
        _ => None,
    }
}

/// Latin letters with strokes, hooks and bars, ligatures, and the small capitals that people write
/// with for show: as in CLDR's transliteration Latin-ASCII, and ɔ, ɩ and ɵ, which it leaves, as in
/// Lucene's `ASCIIFoldingFilter`. Their letters of phonetics and of medieval manuscripts are not
/// here.
fn latin(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ⱥ' | 'ᴀ' => "a",
        'æ' => "ae",
        'ƀ' | 'ƃ' | 'ɓ' | 'ʙ' => "b",
        'ƈ' | 'ȼ' | 'ᴄ' => "c",
        'đ' | 'ð' | 'ƌ' | 'ɖ' | 'ɗ' | 'ᴅ' => "d",
        // Schwa is no letter of Latin-ASCII, and an "a" to Lucene; Azerbaijanis type an "e".
        'ə' | 'ǝ' | 'ɛ' | 'ɇ' | 'ᴇ' => "e",
        'ƒ' | 'ꜰ' => "f",
        'ǥ' | 'ɠ' | 'ɡ' | 'ɢ' => "g",
        'ħ' | 'ɦ' | 'ⱨ' | 'ʜ' => "h",
        'ɨ' | 'ɩ' | 'ɪ' => "i",
        'ȷ' | 'ɉ' | 'ɟ' | 'ᴊ' => "j",
        'ƙ' | 'ⱪ' | 'ᴋ' => "k",
        'ł' | 'ƚ' | 'ⱡ' | 'ɫ' | 'ʟ' => "l",
        'ᴍ' => "m",
        'ŋ' | 'ɲ' | 'ƞ' | 'ɴ' => "n",
        'ø' | 'ɔ' | 'ɵ' | 'ᴏ' => "o",
        'œ' => "oe",
        'ƥ' | 'ᵽ' | 'ᴘ' => "p",
        'ĸ' => "q",
        'ɍ' | 'ɽ' | 'ʀ' => "r",
        'ȿ' | 'ꜱ' => "s",
        'ŧ' | 'ƭ' | 'ƫ' | 'ʈ' | 'ⱦ' | 'ᴛ' => "t",
        'þ' => "th",
        'ʉ' | 'ᴜ' => "u",
        'ʋ' | 'ᴠ' => "v",
        'ⱳ' | 'ᴡ' => "w",
        'ƴ' | 'ɏ' | 'ʏ' => "y",
        'ƶ' | 'ȥ' | 'ⱬ' | 'ɀ' | 'ᴢ' => "z",
        _ => return None,
    })
}

fn hebrew_or_arabic(letter: char) -> Option<&'static str> {
    Some(match letter {
        // The Yiddish digraphs, which DUCET sorts as two letters.
        '\u{5f0}' => "\u{5d5}\u{5d5}",
        '\u{5f1}' => "\u{5d5}\u{5d9}",
        '\u{5f2}' => "\u{5d9}\u{5d9}",
        // Tatweel makes a word longer on the line.
        '\u{640}' => "",
        // Keyboards of Arabic, Persian, Urdu and Kurdish have different code points for what are
        // one letter's forms: as in Lucene's ArabicNormalizer, PersianNormalizer and
        // SoraniNormalizer. Bari yeh (ے) stays: it makes other words of Urdu.
        // Alef wasla.
        '\u{671}' => "\u{627}",
        // Keheh: kaf.
        '\u{6a9}' => "\u{643}",
        // Alef maksura, Farsi yeh: yeh.
        '\u{649}' | '\u{6cc}' => "\u{64a}",
        // Teh marbuta, heh doachashmee, heh goal, teh marbuta goal, ae: heh. Ae also is what heh
        // with yeh above decomposes to.
        '\u{629}' | '\u{6be}' | '\u{6c1}' | '\u{6c3}' | '\u{6d5}' => "\u{647}",
        _ => return None,
    })
}

fn indic(letter: char) -> Option<&'static str> {
    Some(match letter {
        // Candrabindu is an anusvara to who types quickly, and Devanagari's nukta is left out: as in
        // Lucene's HindiNormalizer. It also drops viramas and the length of vowels, which would
        // make other words here.
        '\u{901}' => "\u{902}",
        '\u{93c}' => "",
        // Bengali's khanda ta and the chillu letters of Malayalam, for which texts also have a
        // letter, a virama and a joiner: the Unicode Standard, 12.2 and 12.9.
        '\u{9ce}' => "\u{9a4}\u{9cd}",
        '\u{d7a}' => "\u{d23}\u{d4d}",
        '\u{d7b}' => "\u{d28}\u{d4d}",
        '\u{d7c}' => "\u{d30}\u{d4d}",
        '\u{d7d}' => "\u{d32}\u{d4d}",
        '\u{d7e}' => "\u{d33}\u{d4d}",
        '\u{d7f}' => "\u{d15}\u{d4d}",
        _ => return None,
    })
}

/// Returns the hiragana of a katakana. They are one letter at the first level of Unicode's
/// collation, and people who type Japanese see hiragana until they choose.
pub(super) fn hiragana(kana: char) -> Option<char> {
    match kana {
        'ァ'..='ヶ' | 'ヽ' | 'ヾ' => char::from_u32(u32::from(kana) - 0x60),
        _ => None,
    }
}

/// Returns the digit of ASCII of a decimal digit, as Lucene's `DecimalDigitFilter` does.
pub(super) fn digit(character: char) -> Option<char> {
    let code = u32::from(character);
    if code < 0x660 || !character.is_numeric() {
        return None;
    }
    let zero = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?;
    char::from_digit(code - ZEROS[zero], 10)
}

/// The zeros of all scripts: characters of the general category Nd without a decomposition, and of
/// digit value 0. The other digits come directly behind them.
const ZEROS: [u32; 68] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6,
    0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50,
    0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0x104a0,
    0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50, 0x11da0,
    0x11de0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1e140, 0x1e2f0, 0x1e4f0,
    0x1e5f1, 0x1e950,
];

// The page has no table of general categories, so that this is for the native tests.
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn every_decimal_digit_of_unicode_has_its_value() {
        use icu_properties::CodePointMapData;
        use icu_properties::props::GeneralCategory;
        use unicode_normalization::UnicodeNormalization;

        let mut zeros = Vec::new();
        let mut behind = None;
        for character in '\u{80}'..=char::MAX {
            let category = CodePointMapData::<GeneralCategory>::new().get(character);
            if category != GeneralCategory::DecimalNumber
                || !std::iter::once(character).nfkd().eq([character])
            {
                behind = None;
                continue;
            }
            // They are in tens.
            let value = behind.map_or(0, |value| (value + 1) % 10);
            behind = Some(value);
            if value == 0 {
                zeros.push(u32::from(character));
            }
        }
        assert_eq!(zeros, ZEROS, "{zeros:x?}");
        for (zero, value) in zeros
            .iter()
            .flat_map(|zero| (0..10).map(move |value| (zero, value)))
        {
            let character = char::from_u32(zero + value).unwrap();
            assert_eq!(
                digit(character),
                char::from_digit(value, 10),
                "{character:?}"
            );
        }
    }
}
