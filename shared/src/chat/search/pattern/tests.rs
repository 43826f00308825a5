//! Tests of what matches a query.

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
