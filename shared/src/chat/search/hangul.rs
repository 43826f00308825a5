//! Syllables of Korean that are still being typed.
//!
//! A syllable is one character, and is written letter by letter: 한국 is seen as ㅎ, 하, 한, 한ㄱ, 한구,
//! 한국. The last consonant moves on if a vowel follows: 한 becomes 하나.

/// The first syllable; the others follow in the order of their letters. The Unicode Standard, 3.12.
const FIRST: u32 = 0xac00;
const LEADS: u32 = 19;
const VOWELS: u32 = 21;
const TAILS: u32 = 28;

/// The first consonant that stands alone: choseong, to which the fold makes those of keyboards.
const LEAD: u32 = 0x1100;

/// The first key of each vowel: ㅘ is typed as ㅗ and ㅏ.
const VOWEL_KEYS: [u32; 21] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8, 12, 13, 13, 13, 13, 17, 18, 18, 20,
];

/// Each tail without its last key, and the lead of the next syllable that this key can be: ㄵ is ㄴ and
/// ㅈ. The first is no tail.
const TAIL_KEYS: [(u32, u32); 28] = [
    (0, LEADS),
    (0, 0),
    (0, 1),
    (1, 9),
    (0, 2),
    (4, 12),
    (4, 18),
    (0, 3),
    (0, 5),
    (8, 0),
    (8, 6),
    (8, 7),
    (8, 9),
    (8, 16),
    (8, 17),
    (8, 18),
    (0, 6),
    (0, 7),
    (17, 9),
    (0, 9),
    (0, 10),
    (0, 11),
    (0, 12),
    (0, 14),
    (0, 15),
    (0, 16),
    (0, 17),
    (0, 18),
];

/// The letters of a syllable, by their numbers.
#[derive(Debug, Clone, Copy)]
struct Syllable {
    lead: u32,
    vowel: u32,
    /// 0 is none.
    tail: u32,
}

impl Syllable {
    fn of(character: char) -> Option<Self> {
        let number = u32::from(character).checked_sub(FIRST)?;
        (number < LEADS * VOWELS * TAILS).then_some(Self {
            lead: number / TAILS / VOWELS,
            vowel: number / TAILS % VOWELS,
            tail: number % TAILS,
        })
    }
}

/// Returns `true` for a syllable, and for a consonant that one can begin with.
pub(super) fn can_go_on(character: char) -> bool {
    Syllable::of(character).is_some() || lead(character).is_some()
}

/// Returns the first letter: of a syllable, or one that stands alone.
fn lead(character: char) -> Option<u32> {
    let alone = u32::from(character).checked_sub(LEAD);
    let alone = alone.filter(|lead| *lead < LEADS);
    alone.or_else(|| Syllable::of(character).map(|syllable| syllable.lead))
}

/// Returns `true` if `text` can come of typing on where `typed` is what is there.
pub(super) fn begins(typed: char, text: &str) -> bool {
    let mut text = text.chars();
    let Some(first) = text.next() else {
        return false;
    };
    let Some(typed) = Syllable::of(typed) else {
        return lead(typed).is_some() && lead(typed) == lead(first);
    };
    let Some(first) = Syllable::of(first).filter(|first| first.lead == typed.lead) else {
        return false;
    };
    if typed.tail == 0 {
        return first.vowel == typed.vowel || first_key(first.vowel) == typed.vowel;
    }
    let keys = |tail| TAIL_KEYS[tail as usize];
    let ((rest, moved), (before, _)) = (keys(typed.tail), keys(first.tail));
    let is_moved = first.tail == rest && text.next().and_then(lead) == Some(moved);
    first.vowel == typed.vowel && (first.tail == typed.tail || before == typed.tail || is_moved)
}

fn first_key(vowel: u32) -> u32 {
    VOWEL_KEYS[vowel as usize]
}

/// Returns what every syllable has in common that `character` can become, and it itself: its lead,
/// and the first key of its vowel. `None` if it is no syllable.
pub(super) fn stem(character: char) -> Option<char> {
    let syllable = Syllable::of(character)?;
    let number = (syllable.lead * VOWELS + first_key(syllable.vowel)) * TAILS;
    char::from_u32(FIRST + number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn what_is_seen_while_a_word_is_typed_begins_it() {
            for (typed, texts) in [
                ('\u{1112}', ["한국", "하", "\u{1112}\u{1112}", "흙"].as_slice()),
                ('하', &["하", "한국", "하나"]),
                ('한', &["한국", "하나", "핝", "한아", "하\u{1102}"]),
                ('고', &["고", "과", "광", "괴물"]),
                ('달', &["달", "닭", "다리", "달가"]),
                ('닭', &["닭", "달가"]),
                ('가', &["각", "갂"]),
                ('값', &["값", "갑시"]),
            ] {
                for text in texts {
                    assert!(begins(typed, text), "{typed} {text}");
                    assert!(Syllable::of(typed).is_none() || stem(typed) == text.chars().next().and_then(stem));
                }
            }
            for (typed, text) in [
                ('하', "호"), ('하', "가"), ('한', "하"), ('한', "하다"), ('한', "항"), ('과', "고"),
                ('닭', "달"), ('닭', "다가"), ('하', ""), ('하', "a"), ('\u{1112}', "가"),
            ] {
                assert!(!begins(typed, text), "{typed} {text}");
            }
        }
    }
}
