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

use super::class::{Class, class, class_of_ascii, pieces, runs};
use super::fold::{fold, fold_query};
use super::hangul;
use crate::chat::normal::is_combining_mark;

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
mod tests;
