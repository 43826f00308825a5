//! Display names: which are allowed, and when two of them can be confused.

use std::collections::HashSet;
use std::fmt;
use std::sync::LazyLock;

use thiserror::Error;
use unicode_security::{GeneralSecurityProfile, MixedScript};

use super::look::skeleton;
use super::normal::{is_combining_mark, lowercase, lowercase_each, nfc};

/// The longest name in characters.
pub const MAX_CHARACTERS: usize = 32;

/// The most combining marks on one letter of a name, after NFC has joined those that it can. Thai
/// and Burmese need two; more reach into the lines above and below.
pub const MARKS_PER_LETTER: usize = 2;

/// The most combining marks of a name: half of the longest, as in the scripts that write vowels
/// with marks.
pub const MARKS: usize = MAX_CHARACTERS / 2;

/// The beginning of the names that servers give to people who have claimed none. No claimed name
/// can be confused with such a one.
pub const GUEST_PREFIX: &str = "guest-";

/// The words that speak for the server, its operators or everybody. Compared without punctuation
/// and without a number at the end.
const RESERVED: [&str; 21] = [
    "operator",
    "operators",
    "admin",
    "admins",
    "administrator",
    "administrators",
    "server",
    "system",
    "moderator",
    "moderators",
    "mod",
    "mods",
    "root",
    "sysop",
    "support",
    "staff",
    "owner",
    "everyone",
    "everybody",
    "here",
    "lobby",
];

/// A display name: 1 to 32 letters, digits, `-`, `_` or `.`, in NFC, of one script, that speaks for
/// nobody else.
///
/// Scripts may be mixed only within one writing system, such as the Japanese one (the single-script
/// rule of UTS 39 §5.1, by the `unicode-security` crate): Latin `a` beside Cyrillic `а` is refused.
///
/// ```
/// use shared::chat::Name;
///
/// let (alice, mallory) = (Name::parse("Alice")?, Name::parse("AIice")?);
/// assert!(alice.confusable_with(&mallory), "a capital i beside a small L");
/// assert!(Name::parse("0perator").is_err(), "reserved");
/// # Ok::<(), shared::chat::name::InvalidName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name(String);

impl Name {
    /// Checks a name that somebody claims, and normalizes it to NFC.
    ///
    /// # Errors
    /// [`InvalidName`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        // One form for a name, so that two spellings of the same letters are not two names.
        let name = nfc(text);
        if name.is_empty() {
            return Err(InvalidName::Empty);
        }
        if name.chars().count() > MAX_CHARACTERS {
            return Err(InvalidName::TooLong);
        }
        // UTS 39 §3.1 leaves out letters that cannot be seen, as Hangul's fillers.
        let letter =
            |c: char| (c.is_alphanumeric() || is_combining_mark(c)) && c.identifier_allowed();
        let allowed = |c: char| letter(c) || "-_.".contains(c);
        if let Some(character) = name.chars().find(|c| !allowed(*c)) {
            return Err(InvalidName::Character(character));
        }
        // Some marks are alphabetic: dependent vowels show nothing that can be read alone.
        let base = |c: char| c.is_alphanumeric() && !is_combining_mark(c);
        if !name.chars().any(base) || name.starts_with(is_combining_mark) {
            return Err(InvalidName::NoLetter);
        }
        if has_piled_marks(&name, MARKS_PER_LETTER, MARKS) {
            return Err(InvalidName::Marks);
        }
        if !name.as_str().is_single_script() {
            return Err(InvalidName::MixedScripts);
        }
        let name = Self(name);
        if name.is_reserved() {
            return Err(InvalidName::Reserved);
        }
        Ok(name)
    }

    /// Reads a name that a server accepted before, perhaps by looser rules. It belongs to its key
    /// and stays.
    ///
    /// # Errors
    /// [`InvalidName`], if no version can have accepted it.
    pub fn from_stored(text: &str) -> Result<Self, InvalidName> {
        if text.is_empty() {
            return Err(InvalidName::Empty);
        }
        if text.chars().count() > MAX_CHARACTERS {
            return Err(InvalidName::TooLong);
        }
        // Lines of plain text end a name with a colon and start a notice with `*`, so neither may
        // be in a name (PROTOCOL.md §4.1).
        let harmful = |c: &char| c.is_control() || c.is_whitespace() || ":*".contains(*c);
        match text.chars().find(harmful) {
            Some(character) => Err(InvalidName::Character(character)),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns UTS 39 §4's skeleton of the lower-case name: the same for every name that a person
    /// could confuse with this one, but for letters that look alike in one case only.
    ///
    /// [`Self::skeletons`] covers those too.
    pub fn skeleton(&self) -> String {
        folded_skeleton(&lowercase(&self.0))
    }

    /// Returns the skeletons of the name as it is written, of its lower case, and of the name as it
    /// is read among capitals. A name that has one of them in common with a claimed name can be
    /// confused with it.
    ///
    /// All are needed: a capital `I` looks like a small `l`, a small `i` does not, and names differ
    /// by more than case. `AIice` and `Alice` share the first, `alice` and `ALICE` the second, and
    /// `ALlCE`, with a small `l`, has the second of `alice` as its third.
    pub fn skeletons(&self) -> [String; 3] {
        let among_capitals = lowercase(&read_among_capitals(&self.0));
        [
            folded_skeleton(&self.0),
            self.skeleton(),
            folded_skeleton(&among_capitals),
        ]
    }

    /// Returns `true` if a person could take one name for the other.
    pub fn confusable_with(&self, other: &Self) -> bool {
        // All skeletons of each, because a look-alike may be one in upper or in lower case only.
        let others = other.skeletons();
        self.skeletons().iter().any(|own| others.contains(own))
    }

    /// Returns `true` for names that speak for the server, its operators, everybody or a guest, and
    /// for those that can be confused with such a name.
    pub fn is_reserved(&self) -> bool {
        speaks_for_others(&self.0)
    }
}

/// Returns `true` for texts that speak for the server, its operators, everybody or a guest, and for
/// those that can be confused with such a text.
pub(super) fn speaks_for_others(text: &str) -> bool {
    // Folded once, because every claim of a name looks four forms up among them.
    static WORDS: LazyLock<HashSet<String>> =
        LazyLock::new(|| RESERVED.iter().map(|word| reserved_fold(word)).collect());
    static GUEST: LazyLock<String> =
        LazyLock::new(|| reserved_fold(GUEST_PREFIX.trim_end_matches('-')));

    // Punctuation and numbers around it do not make another word: `Admin-2` reads as `admin`.
    let bare: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let unnumbered = bare.trim_matches(char::is_numeric);
    let lower = [lowercase(&bare), lowercase(unnumbered)];
    // As written and in lower case, because some letters look alike in one case only.
    let folds = [&*bare, unnumbered, &*lower[0], &*lower[1]].map(reserved_fold);
    folds
        .iter()
        .any(|fold| WORDS.contains(fold) || fold.starts_with(GUEST.as_str()))
}

/// Returns the text with every small `l` and `1` that stands among capitals as the `I` that it is
/// read as there. One behind the first letter only is what it is: `Ella` has no capital `I`.
fn read_among_capitals(text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let is_either = |c: &char| matches!(c, 'l' | '1');
    let mut at = 0;
    while at < characters.len() {
        // Several in a row are read alike: `HAWAll`.
        let run = characters[at..].iter().take_while(|c| is_either(c)).count();
        let end = at + run;
        let is_capital = |at: usize| characters.get(at).is_some_and(|c| c.is_uppercase());
        let among = at >= 2 && is_capital(at - 1) || is_capital(end);
        if run > 0 && among {
            characters[at..end].fill('I');
        }
        at = end + 1;
    }
    characters.into_iter().collect()
}

/// Folds more than a skeleton does: it must match a word in whatever mixture of cases, and `I`, `l`
/// and `1` have one skeleton where `i` has another, `m` has that of `rn` where `M` has not.
fn reserved_fold(text: &str) -> String {
    folded_skeleton(text).replace("rn", "m").replace('i', "l")
}

/// Returns UTS 39 §4's skeleton of `text`, in lower case, without what its tables leave apart and a
/// reader does not see.
pub(super) fn folded_skeleton(text: &str) -> String {
    let skeleton = skeleton(text);
    let mut folded = String::with_capacity(skeleton.len());
    let mut base = ' ';
    for character in lowercase_each(&skeleton).chars() {
        // A letter that has a dot is drawn with one, whether another is written or not (Unicode's
        // property Soft_Dotted; the skeleton has made these two of all of them).
        if character == '\u{307}' && matches!(base, 'i' | 'j') {
            continue;
        }
        if !is_combining_mark(character) {
            base = character;
        }
        // Hiragana that are drawn as the katakana beside them.
        folded.push(match character {
            'り' => 'リ',
            'へ' => 'ヘ',
            other => other,
        });
    }
    folded
}

/// Returns `true` if more than `per_base` marks follow one another, or there are more than `all`.
pub(super) fn has_piled_marks(text: &str, per_base: usize, all: usize) -> bool {
    let (mut run, mut total) = (0, 0);
    text.chars().any(|character| {
        if is_combining_mark(character) {
            run += 1;
            total += 1;
        } else {
            run = 0;
        }
        run > per_base || total > all
    })
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The reason why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// The text is empty.
    Empty,
    /// The text has more than 32 characters.
    TooLong,
    /// The text has this character, which is not allowed.
    Character(char),
    /// The text has only punctuation, or starts with a mark.
    NoLetter,
    /// Too many combining marks pile up on one letter, or in all.
    Marks,
    /// The text mixes letters of scripts that look alike.
    MixedScripts,
    /// The name would speak for the server, its operators, everybody or a guest.
    Reserved,
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
            Self::Marks => write!(
                f,
                "a name has at most {MARKS_PER_LETTER} accents on a letter"
            ),
            Self::Reserved => f.write_str("this name is reserved; add something of your own to it"),
            Self::MixedScripts => f.write_str("a name does not mix scripts that look alike"),
        }
    }
}

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

        // A name stands before every line, so nothing in it may hide, move or end that line.
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
                ("a\u{323}\u{331}\u{301}\u{302}", InvalidName::Marks),
                (&*format!("a{}", "\u{301}".repeat(20)), InvalidName::Marks),
                (&*"x\u{331}\u{301}".repeat(10), InvalidName::Marks),
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

        fn a_name_that_looks_like_another_in_one_case_only_is_confusable() {
            for (one, other) in [
                ("Alice", "AIice"),
                ("alice", "a1ice"),
                ("Alice", "ALICE"),
                ("Bob", "B0b"),
                ("Bill", "BiII"),
                ("сар", "CAP"),
                ("corner", "comer"),
                // Small letters and numbers that are read as capitals among capitals.
                ("alice", "ALlCE"),
                ("alice", "ALlce"),
                ("bill", "BlLL"),
                ("kim", "K1M"),
                ("maria", "MARlA"),
                ("oli", "OLl"),
                ("hawaii", "HAWAll"),
                ("liisa", "LllSA"),
                ("riina", "RllNA"),
                ("miia", "MllA"),
                // A second dot above a letter that has one.
                ("alice", "ali\u{307}ce"),
                ("kim", "ki\u{307}m"),
                ("jan", "j\u{307}an"),
                ("リカ", "りカ"),
                ("へや", "ヘや"),
            ] {
                let [one, other] = [one, other].map(|text| Name::parse(text).unwrap());
                assert!(one.confusable_with(&other), "{one} {other}");
                assert!(other.confusable_with(&one), "{one} {other}");
            }
        }

        fn names_that_differ_for_a_reader_are_two() {
            for (one, other) in [("Elia", "Ella"), ("Ali", "All"), ("Mal", "Mai"), ("Jörg", "Jorg")] {
                let [one, other] = [one, other].map(|text| Name::parse(text).unwrap());
                assert!(!one.confusable_with(&other), "{one} {other}");
            }
        }

        fn names_that_speak_for_others_are_reserved() {
            for text in [
                "operator", "Operator", "OPERATOR", "0perator", "оре", "admin", "adm1n", "ADMIN",
                "Admin-2", ".admin.", "ad-min", "аdmin", "server", "System", "moderat0r", "everyone",
                "here", "HERE", "lobby", "Iobby", "l0bby", "guest", "Guest-12345678", "guest_1",
                "guest.1", "1admin", "7-operator", "GUEST-1", "gue5t", "guesthouse", "g-uest-1", "ｇuest-1", "gυest",
            ] {
                let refused = Name::parse(text).is_err();
                // Only these two are what they are: neither looks like any word.
                assert_eq!(refused, !["оре", "gue5t"].contains(&text), "{text}");
            }
            for text in ["Modesta", "Adminka", "there", "serverin", "Ali", "operetta"] {
                assert!(Name::parse(text).is_ok(), "{text}");
            }
        }

        // A name belongs to its key, also if today's rules would refuse it.
        fn names_of_old_databases_are_still_read() {
            for text in ["operator", "guest-1", "a\u{323}\u{331}\u{324}", "anna"] {
                assert_eq!(Name::from_stored(text).unwrap().as_str(), text);
            }
            for text in ["", "a b", "a\nb", "a:b"] {
                assert!(Name::from_stored(text).is_err(), "{text:?}");
            }
        }

        fn decomposed_letters_become_one() {
            assert_eq!(Name::parse("Jo\u{308}rg"), Name::parse("J\u{f6}rg"));
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use proptest::prelude::*;

        use super::*;
        use crate::chat::visible::is_ignorable;

        proptest! {
            #[test]
            fn a_name_hides_nothing_and_is_confusable_with_its_cases(
                text in "[\\p{L}\\p{M}\\p{N}\\p{Cf}\\p{So}._-]{1,12}",
            ) {
                if let Ok(name) = Name::parse(&text) {
                    prop_assert!(!name.as_str().contains(is_ignorable));
                    prop_assert!(Name::from_stored(name.as_str()).is_ok());
                    if let Ok(lower) = Name::parse(&name.as_str().to_lowercase()) {
                        prop_assert!(name.confusable_with(&lower));
                    }
                }
            }

            #[test]
            // The cheapest forgery of a name is one letter that looks like another.
            fn a_replaced_letter_does_not_free_a_name(text in "[A-Za-z]{2,12}", at in 0_usize..12) {
                let swap = |c: char| match c {
                    'l' => 'I', 'I' => 'l', 'O' => '0', c => c,
                };
                let twin: String = text
                    .chars()
                    .enumerate()
                    .map(|(index, c)| if index == at { swap(c) } else { c })
                    .collect();
                if let (Ok(one), Ok(other)) = (Name::parse(&text), Name::parse(&twin)) {
                    prop_assert!(one.confusable_with(&other), "{} {}", one, other);
                }
            }
        }
    }
}
