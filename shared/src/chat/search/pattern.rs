//! Compiled queries, and the tokens that an index needs.
//!
//! A text is cut at white space and punctuation into pieces of letters, digits and symbols:
//!
//! - A run of letters and digits is a word. A query's word is found as a whole word, the last one of
//!   the query as the beginning of a word.
//! - Scripts that are written without spaces between words (Chinese, Japanese, Thai and others; and
//!   Korean, which joins words and particles) are found anywhere in the text.
//! - The last word may still be being typed. Behind what there is of it may stand more letters, vowel
//!   signs and other marks; a Korean syllable may have more letters.
//! - A piece of a query that has a symbol (`C++`, `#rust`, `👍`) must be in the text as it is.

use unicode_normalization::char::is_combining_mark;

use super::class::{Class, class, class_of_ascii, pieces, runs};
use super::fold::{fold, fold_query};
use super::hangul;

/// A compiled query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    terms: Vec<Term>,
}

/// A part of a query that must be somewhere in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    text: String,
    /// No letter or digit of a word may stand directly before it.
    begins_word: bool,
    /// No letter or digit of a word may stand directly behind it.
    ends_word: bool,
    /// Somebody may still be typing it. Marks may follow: the vowels of हि and the signs of தமிழ் are
    /// typed after the letter that they are on.
    goes_on: bool,
    /// The bytes of `text` that must be there as they are. The rest is a Korean character that more
    /// letters can become another one of.
    fixed: usize,
}

/// A token, for an index. A text that matches a query has all of the query's tokens; not every text
/// that has them matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Token<'a> {
    /// A whole word.
    Word(&'a str),
    /// The beginning of a word. Only queries have it.
    Prefix(&'a str),
    /// One or two neighbouring characters of a script without spaces, or one symbol.
    Gram {
        /// The first of two, or nothing.
        head: &'a str,
        /// The last character. Of a Korean syllable it is the beginning: the query may have no more
        /// of it yet, and a token for each beginning would double the index.
        last: char,
    },
}

impl Pattern {
    /// Compiles a query.
    pub fn new(query: &str) -> Self {
        let folded = fold_query(query);
        let mut terms: Vec<Term> = Vec::new();
        for piece in pieces(&folded) {
            if runs(piece).any(|(class, _)| class == Class::Symbol) {
                terms.push(Term::new(piece));
            } else {
                terms.extend(runs(piece).map(|(_, run)| Term::new(run)));
            }
        }
        // Clients search while a person types, who has not finished the last word yet.
        if let Some(last) = terms.last_mut() {
            last.go_on();
        }
        Self { terms }
    }

    /// Returns `true` if nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Returns `true` if the text has everything that is looked for.
    pub fn matches(&self, text: &str) -> bool {
        let folded = fold(text);
        self.terms.iter().all(|term| term.is_in(&folded))
    }

    /// Calls `each` with every token that a matching text has. There may be none, if the query is only
    /// the first letter of a Korean word.
    pub fn tokens(&self, mut each: impl FnMut(Token<'_>)) {
        for term in &self.terms {
            let mut rest = runs(&term.text).peekable();
            while let Some((class, mut run)) = rest.next() {
                let is_whole = rest.peek().is_some() || term.ends_word;
                // A consonant may be the beginning of too many syllables to be worth tokens.
                if rest.peek().is_none()
                    && let Some(typed) = term.typed()
                    && hangul::stem(typed).is_none()
                {
                    run = &run[..run.len() - typed.len_utf8()];
                }
                match class {
                    Class::Word if is_whole => each(Token::Word(run)),
                    Class::Word => each(Token::Prefix(run)),
                    Class::Unspaced => grams_of_run(run, &mut each),
                    Class::Symbol => grams(run, 1, &mut each),
                    Class::Separator => {}
                }
            }
        }
    }
}

impl Term {
    fn new(text: &str) -> Self {
        // The runs tell, not the characters: the last one may be a mark of another script.
        let is_word = |run: Option<(Class, &str)>| run.is_some_and(|(of, _)| of == Class::Word);
        Self {
            text: text.to_owned(),
            begins_word: is_word(runs(text).next()),
            ends_word: is_word(runs(text).last()),
            goes_on: false,
            fixed: text.len(),
        }
    }

    /// Takes the term for the beginning of what its writer means.
    fn go_on(&mut self) {
        self.ends_word = false;
        // A mark on a sign makes another sign of it: = and ≠.
        self.goes_on = runs(&self.text)
            .last()
            .is_some_and(|(class, _)| class != Class::Symbol);
        let last = self.text.char_indices().next_back();
        if let Some((at, _)) = last.filter(|(_, character)| hangul::can_go_on(*character)) {
            self.fixed = at;
        }
    }

    /// Returns the last character if it is one of Korean that may be half typed.
    fn typed(&self) -> Option<char> {
        self.text[self.fixed..].chars().next()
    }

    fn is_in(&self, folded: &str) -> bool {
        let (fixed, typed) = (&self.text[..self.fixed], self.typed());
        let is_word = |c: Option<char>| c.is_some_and(|c| class(c) == Class::Word);
        let mut from = 0;
        while let Some(at) = folded[from..].find(fixed) {
            let (start, end) = (from + at, from + at + fixed.len());
            // A mark belongs to the character before it, and makes another one of it.
            let before = folded[..start]
                .chars()
                .rev()
                .find(|c| !is_combining_mark(*c));
            let behind = folded[end..].chars().next();
            let begins = !self.begins_word || !is_word(before);
            let ends = if let Some(typed) = typed {
                hangul::begins(typed, &folded[end..])
            } else {
                (!self.ends_word || !is_word(behind)) && !behind.is_some_and(|c| self.is_cut_by(c))
            };
            if begins && ends {
                return true;
            }
            // The next place may overlap this one: `a+a` in `xa+a+a`.
            let Some(first) = folded[start..].chars().next() else {
                break;
            };
            from = start + first.len_utf8();
        }
        false
    }

    /// Returns `true` if `behind` makes another character of the term's last one.
    fn is_cut_by(&self, behind: char) -> bool {
        is_combining_mark(behind) && (!self.goes_on || is_voicing(behind))
    }
}

/// Returns `true` for the marks of kana that are typed with the letter that they are on: か is no
/// beginning of が.
fn is_voicing(mark: char) -> bool {
    matches!(mark, '\u{3099}' | '\u{309a}')
}

/// Calls `each` with every token of a text that was [folded](fold): words and grams.
pub fn tokens<'t>(folded: &'t str, mut each: impl FnMut(Token<'t>)) {
    if folded.is_ascii() {
        tokens_of_ascii(folded, each);
    } else {
        tokens_of_any(folded, &mut each);
    }
}

/// Does what [`tokens_of_any`] does, in a fifth of its time, for the text of most messages: no
/// character of ASCII is a mark, or of a script without spaces.
fn tokens_of_ascii<'t>(folded: &'t str, mut each: impl FnMut(Token<'t>)) {
    let words = folded.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words.filter(|word| !word.is_empty()) {
        each(Token::Word(word));
    }
    for last in folded
        .chars()
        .filter(|c| class_of_ascii(*c) == Class::Symbol)
    {
        each(Token::Gram { head: "", last });
    }
}

fn tokens_of_any<'t>(folded: &'t str, each: &mut impl FnMut(Token<'t>)) {
    for piece in pieces(folded) {
        for (class, run) in runs(piece) {
            match class {
                Class::Word => each(Token::Word(run)),
                Class::Unspaced => {
                    grams(run, 1, each);
                    grams(run, 2, each);
                }
                Class::Symbol => grams(run, 1, each),
                Class::Separator => {}
            }
        }
    }
}

/// Calls `each` with the tokens that a text has if it has this run of a script without spaces.
fn grams_of_run<'t>(run: &'t str, each: &mut impl FnMut(Token<'t>)) {
    let length = if run.chars().nth(1).is_some() { 2 } else { 1 };
    grams(run, length, each);
}

/// Calls `each` with every `length` neighbouring characters, one or two.
fn grams<'t>(run: &'t str, length: usize, each: &mut impl FnMut(Token<'t>)) {
    let mut starts = run.char_indices().map(|(at, _)| at);
    for (at, last) in run.char_indices().skip(length - 1) {
        let start = starts.next().unwrap_or(at);
        each(Token::Gram {
            head: &run[start..at],
            last: hangul::stem(last).unwrap_or(last),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    fn matches(query: &str, text: &str) -> bool {
        Pattern::new(query).matches(text)
    }

    portable_test! {
        fn all_words_must_be_there_and_the_last_may_go_on() {
            for (query, text) in [
                ("blue boat", "blue, BOATS!"),
                ("wolken, übe", "Über den Wolken"),
                ("words') --", "plain words"),
                ("words*", "plain words"),
                ("grosse", "GRÖẞE"),
                ("node", "node.js"),
                ("js node", "node.js"),
                ("नमस्ते", "वह नमस्ते कहता है"),
                ("3", "in 3 days"),
                ("cafe", "CAFÉ"),
                ("cafe", "a cafe\u{301}."),
                ("café", "cafe"),
                ("wide 1", "Ｗｉｄｅ １０"),
                ("कम", "कमी की"),
            ] {
                assert!(matches(query, text), "{query} in {text}");
            }
            for (query, text) in [
                ("blu boat", "blue boat"),
                ("oat", "boat"),
                ("wolk über", "Über den Wolken"),
                ("text:words", "plain words"),
                ("कम है", "कमी है"),
                ("कि", "का"),
            ] {
                assert!(!matches(query, text), "{query} in {text}");
            }
        }

        fn words_are_found_by_the_letters_that_people_type() {
            for (query, text) in [
                ("lodz", "do Łodzi, Łódź"),
                ("orsted", "Ørsted"),
                ("da nang", "Đà Nẵng"),
                ("łodz", "lodz"),
                ("محمود", "يا محـــمود"),
                ("كتاب", "کتاب‌ها"),
                ("می خواهم", "من می‌خواهم بروم"),
                ("میخواهم", "من می‌خواهم بروم"),
                ("2024", "عام ٢٠٢٤"),
                ("hawaii", "Hawaiʻi"),
                ("hawai'i", "Hawaiʻi"),
                ("quran", "al-Qurʾān"),
                ("o'zbek", "oʻzbek"),
                ("colleccio", "col·lecció"),
                ("col.lecció", "coŀlecció"),
                ("らーめん", "ラーメン"),
            ] {
                assert!(matches(query, text), "{query} in {text}");
            }
        }

        // The last word of a query may be only its beginning, whatever its next letter is made of.
        fn a_word_is_found_while_it_is_typed_in_scripts_with_dependent_letters() {
            for (word, text) in [
                ("हिन्दी", "वह हिन्दी है"),
                ("தமிழ்", "என் தமிழ் மொழி"),
                ("বাংলা", "আমার বাংলা"),
                ("ગુજરાતી", "ગુજરાતી"),
                ("ಕನ್ನಡ", "ಕನ್ನಡ"),
                ("മലയാളം", "മലയാളം"),
                ("සිංහල", "සිංහල"),
                ("မြန်မာ", "ကမြန်မာစာ"),
                ("ខ្មែរ", "ភាសាខ្មែរ"),
                ("ไม้", "ต้นไม้"),
                ("བོད", "ང་བོད་ཡིག"),
                ("שָׁלוֹם", "שלום"),
                ("ਪੰਜਾਬੀ", "ਪੰਜਾਬੀ"),
                ("తెలుగు", "తెలుగు"),
                ("ଓଡ଼ିଆ", "ଓଡ଼ିଆ"),
                ("ދިވެހި", "ދިވެހި"),
                ("น้ำ", "ดื่มน้ำ"),
                ("ສະບາຍດີ", "ສະບາຍດີ"),
            ] {
                let ends = word.char_indices().skip(1).map(|(at, _)| at);
                for end in ends.chain([word.len()]) {
                    assert!(matches(&word[..end], text), "{} in {text}", &word[..end]);
                }
            }
            for typed in ["ㅎ", "하", "한", "한ㄱ", "한구", "한국", "국ㅇ", "국이"] {
                assert!(matches(typed, "대한국인"), "{typed}");
                assert!(matches(&format!("# 대 {typed}"), "#대한국인"), "{typed}") ;
            }
            for typed in ["ㄷ", "다", "달", "닭", "달가", "달ㄱ"] {
                assert!(matches(typed, "달가"), "{typed}");
            }
            assert!(matches("고", "과일") && matches("곡", "곡물") && matches("안녕", "안녕ㅋㅋ"));
            for (query, text) in [
                ("हिन है", "वह हिन्दी है"),
                ("하 대", "대한국인"),
                ("한국", "한구"),
                ("한 나", "하나"),
                ("か", "か\u{309a}"),
                ("하", "호수"),
            ] {
                assert!(!matches(query, text), "{query} in {text}");
            }
        }

        // NFKD makes letters and digits of signs, which are no part of the word before them.
        fn words_before_signs_and_raised_numbers_are_found() {
            for (query, text) in [
                ("acme rocket", "Acme™ rocket"),
                ("acmetm", "Acme™ rocket"),
                ("acme™", "Acme™ rocket"),
                ("word next", "word¹ next"),
                ("word next", "word¹²,³ next"),
                ("word 12", "word¹² next"),
                ("50 m2", "50 m²"),
                ("50 m sea", "50 m² of sea"),
                ("10 cm", "10² cm"),
                ("h2o now", "H₂O now"),
                ("2 cups", "2½ cups"),
                ("2 1/2 cups", "2½ cups"),
                ("2½", "2 1/2"),
                ("item next", "item① next"),
                ("5 kg", "5㎏"),
                ("5kg", "5㎏"),
                ("25 °c", "25℃ today"),
                ("25℃", "25°C today"),
                ("no 5", "№5"),
                ("5 now", "№5 now"),
                ("محمد قال", "محمدﷺ قال"),
                ("صلى الله عليه وسلم", "محمدﷺ"),
                ("hello you", "ⓗⓔⓛⓛⓞ you"),
            ] {
                assert!(matches(query, text), "{query} in {text}");
            }
            for (query, text) in [("21", "2½"), ("102", "10²"), ("acme rocket", "acmetm rocket")] {
                assert!(!matches(query, text), "{query} in {text}");
            }
        }

        fn words_inside_sentences_of_scripts_without_spaces_are_found() {
            for (query, text) in [
                ("東京", "明日は東京へ行きます。"),
                ("日", "今日は"),
                ("行きます", "明日は東京へ行きます。"),
                ("会议", "我们明天开会议吧"),
                ("학교", "오늘 학교에서 만나요"),
                ("ภาษา", "ฉันพูดภาษาไทย"),
                ("iPhone 買", "新しいiPhoneを買う"),
                ("iphoneを", "新しいiPhoneを買う"),
                ("ｶﾞｲﾄﾞ", "旅行ガイドです"),
                ("テスト 東京", "東京でテストする"),
                // Marks on a character of another script, and on none.
                ("語\u{93f}ka", "語\u{93f}ka"),
                ("𛀀\u{b01}aa", "𛀀\u{b01}aa"),
                ("ka", ".\u{93f}ka"),
            ] {
                assert!(matches(query, text), "{query} in {text}");
            }
            for (query, text) in [
                ("東京", "京東"),
                ("東京都", "東京は都"),
                ("か", "がく"),
                ("会议", "会、议"),
                ("iphon 買", "新しいiPhoneを買う"),
            ] {
                assert!(!matches(query, text), "{query} in {text}");
            }
        }

        fn symbols_are_found_as_they_are() {
            for (query, text) in [
                ("C++", "I like c++."),
                ("C++", "C++17 is new"),
                ("C#", "C# or F#"),
                ("c", "C++ too"),
                ("#rust", "see #Rust2024"),
                ("👍", "yes👍"),
                ("👍", "👍🏽 indeed"),
                ("❤", "I ❤️ you"),
                ("❤️", "I ❤ you"),
                ("👩‍👩‍👧", "the 👩‍👩‍👧 here"),
                ("a+a", "xa+a+a"),
                ("100%", "it is 100% sure"),
                ("€5", "only €50"),
                ("1️⃣", "press 1️⃣ now"),
                ("🇩🇪", "from 🇩🇪🇫🇷"),
                ("snake_ca", "a snake_case name"),
                ("(C++)", "C++"),
            ] {
                assert!(matches(query, text), "{query} in {text}");
            }
            for (query, text) in [
                ("C++", "C and D"),
                ("C++", "ABC++"),
                ("C#", "C, and # too"),
                ("👍", "👎"),
                ("#rust", "rust"),
                ("snake_case", "a snake case"),
                ("1️⃣", "press 1 now"),
                ("a+b c", "a+bc c"),
                ("=", "a ≠ b"),
            ] {
                assert!(!matches(query, text), "{query} in {text}");
            }
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use std::collections::HashSet;

        use proptest::prelude::*;

        use super::*;

        /// The tokens of a text, as an index has them.
        fn index(text: &str) -> HashSet<String> {
            let mut there = HashSet::new();
            tokens(&fold(text), |token| {
                there.insert(match token {
                    Token::Word(word) => word.to_owned(),
                    Token::Gram { head, last } => format!(".{head}{last}"),
                    Token::Prefix(prefix) => panic!("{prefix:?}"),
                });
            });
            there
        }

        fn has(there: &HashSet<String>, token: Token<'_>) -> bool {
            match token {
                Token::Word(word) => there.contains(word),
                Token::Prefix(prefix) => there.iter().any(|word| word.starts_with(prefix)),
                Token::Gram { head, last } => there.contains(&format!(".{head}{last}")),
            }
        }

        const TEXT: &str = "([a-cA-C日本語กาี👍+#., \u{301}\u{338}\u{3099}कि]|[하한나핝고과달닭가ㅎㄱㄴㅏ™²½ʼ·l\u{200c}ł१]|ka|[ -~]){0,24}";

        proptest! {
            /// An index that is asked for a query's tokens leaves out no message that matches.
            #[test]
            fn a_text_that_matches_has_all_tokens_of_the_query(text in TEXT, query in TEXT) {
                let pattern = Pattern::new(&query);
                if pattern.matches(&text) {
                    let there = index(&text);
                    pattern.tokens(|token| {
                        assert!(has(&there, token), "{token:?} of {query:?} in {text:?}");
                    });
                }
            }

            #[test]
            fn text_of_ascii_has_the_tokens_that_it_has_otherwise(text in "[ -~\\n]{0,40}") {
                let folded = fold(&text);
                let (mut quick, mut thorough) = (Vec::new(), Vec::new());
                tokens_of_ascii(&folded, |token| quick.push(token));
                tokens_of_any(&folded, &mut |token| thorough.push(token));
                quick.sort_unstable();
                thorough.sort_unstable();
                prop_assert_eq!(quick, thorough);
            }

            #[test]
            fn every_text_is_found_by_itself(text in TEXT) {
                prop_assert!(matches(&text, &text));
            }

            #[test]
            fn any_text_and_query_are_taken(text in any::<String>(), query in any::<String>()) {
                let pattern = Pattern::new(&query);
                let _ = pattern.matches(&text);
                if !pattern.is_empty() {
                    prop_assert!(pattern.matches(&query));
                }
                let there = index(&query);
                pattern.tokens(|token| assert!(has(&there, token), "{token:?} in {query:?}"));
            }
        }
    }
}
