//! Which marks of a line are emphasis: openers and closers are matched with a stack, innermost
//! first.
//!
//! A closer takes the nearest opener of the same mark and size, and what was opened between them
//! stays text. Each opener is pushed and popped once, and counts say whether a search can succeed,
//! so the time is linear also for a text of marks only.

use super::Style;
use super::words::{is_unspaced, is_wide_punctuation, is_word};

/// The longest run of one mark that has a meaning: `***` is strong and emphasis.
const LONGEST: usize = 3;

/// A character of emphasis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Star,
    Underscore,
    Tilde,
}

impl Mark {
    pub(super) fn of(c: char) -> Option<Self> {
        match c {
            '*' => Some(Self::Star),
            '_' => Some(Self::Underscore),
            '~' => Some(Self::Tilde),
            _ => None,
        }
    }

    pub(super) const fn as_char(self) -> char {
        match self {
            Self::Star => '*',
            Self::Underscore => '_',
            Self::Tilde => '~',
        }
    }
}

/// A run of one mark.
#[derive(Debug, Clone)]
pub(super) struct Run {
    mark: Mark,
    /// Marks that are text, so far.
    left: usize,
    opens: bool,
    closes: bool,
    /// The pieces with content before the run: marks around other marks only (`*_*`, `*.*`) are
    /// text.
    pub(super) content: usize,
    /// The forms that end here, innermost first.
    pub(super) ends: Vec<Style>,
    /// The forms that begin here, innermost first.
    pub(super) begins: Vec<Style>,
}

impl Run {
    /// Creates a run of `length` marks between a character and a text.
    pub(super) fn new(mark: Mark, length: usize, before: Option<char>, after: &str) -> Self {
        let size = match mark {
            Mark::Tilde => length == 2,
            _ => length <= LONGEST,
        };
        let mut rest = after.chars();
        let (after, then) = (rest.next(), rest.next());
        Self {
            mark,
            left: length,
            opens: size && begins_after(before) && after.is_some_and(can_be_first),
            closes: size && before.is_some_and(can_be_last) && ends_before(after, then),
            content: 0,
            ends: Vec::new(),
            begins: Vec::new(),
        }
    }

    /// Returns the mark of a run that could begin a form.
    pub(super) const fn opens(&self) -> Option<Mark> {
        if self.opens { Some(self.mark) } else { None }
    }

    /// Returns the mark of a run that could end a form.
    pub(super) const fn closes(&self) -> Option<Mark> {
        if self.closes { Some(self.mark) } else { None }
    }

    /// Returns the marks that are text.
    pub(super) fn text(&self) -> impl Iterator<Item = char> {
        std::iter::repeat_n(self.mark.as_char(), self.left)
    }
}

/// Returns `true` if emphasis may begin behind this character: not within words, numbers, paths,
/// formulas and regular expressions.
fn begins_after(before: Option<char>) -> bool {
    let Some(c) = before else { return true };
    c.is_whitespace()
        || matches!(c, '(' | '[' | '{' | '"' | '\'' | '*' | '_' | '~' | '|')
        || matches!(
            c,
            '“' | '‘' | '„' | '‚' | '«' | '»' | '‹' | '›' | '–' | '—' | '¿' | '¡'
        )
        || is_unspaced(c)
        || is_wide_punctuation(c)
}

/// Returns `true` if emphasis may end before these characters. A full stop ends a sentence, but not
/// in `__init__.py`.
fn ends_before(after: Option<char>, then: Option<char>) -> bool {
    let Some(c) = after else { return true };
    if c == '.' && then.is_some_and(is_word) {
        return false;
    }
    // A mark behind a backslash is a mark's neighbour like any other.
    let escaped = c == '\\' && then.is_some_and(|c| Mark::of(c).is_some());
    escaped
        || c.is_whitespace()
        || matches!(c, ')' | ']' | '}' | '"' | '\'' | '*' | '_' | '~' | '|')
        || matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '-' | '…')
        || matches!(c, '”' | '’' | '“' | '‘' | '«' | '»' | '‹' | '›' | '–' | '—')
        || is_unspaced(c)
        || is_wide_punctuation(c)
}

/// Returns `true` if this character may be the first with the emphasis.
fn can_be_first(c: char) -> bool {
    !c.is_whitespace()
        && !matches!(
            c,
            ')' | ']' | '}' | '"' | '\'' | '”' | '’' | '»' | ',' | ';'
        )
}

/// Returns `true` if this character may be the last with the emphasis.
fn can_be_last(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '(' | '[' | '{' | '“' | '„' | '\\')
}

/// Matches the openers and closers among the runs of a line, and sets where forms begin and end.
pub(super) fn resolve(runs: &mut [Run]) {
    let mut open = Openers::default();
    for at in 0..runs.len() {
        if runs[at].closes {
            close(runs, at, &mut open);
        }
        let run = &runs[at];
        if run.opens && run.left > 0 {
            open.push(at, run.mark, run.left);
        }
    }
}

fn close(runs: &mut [Run], at: usize, open: &mut Openers) {
    while runs[at].left > 0 {
        let (mark, size) = (runs[at].mark, runs[at].left);
        let Some((from, opened)) = open.pop_match(mark, size) else {
            return;
        };
        if runs[from].content == runs[at].content {
            return;
        }
        let taken = opened.min(size);
        let styles: &[Style] = match (mark, taken) {
            (Mark::Tilde, _) => &[Style::Struck],
            (_, 1) => &[Style::Emphasis],
            (_, 2) => &[Style::Strong],
            _ => &[Style::Emphasis, Style::Strong],
        };
        runs[from].left -= taken;
        runs[from].begins.extend(styles);
        runs[at].left -= taken;
        runs[at].ends.extend(styles);
        if runs[from].left > 0 {
            open.push(from, mark, runs[from].left);
        }
    }
}

/// The openers that nothing has closed yet.
#[derive(Default)]
struct Openers {
    stack: Vec<(usize, Mark, usize)>,
    /// Openers by mark and size.
    counts: [[usize; LONGEST + 1]; 3],
}

impl Openers {
    fn push(&mut self, at: usize, mark: Mark, size: usize) {
        self.stack.push((at, mark, size));
        self.counts[mark as usize][size] += 1;
    }

    /// Takes the opener that a closer of this size ends, with all that were opened after it.
    fn pop_match(&mut self, mark: Mark, size: usize) -> Option<(usize, usize)> {
        let counts = self.counts[mark as usize];
        // `***` begins or ends two forms; all other sizes must be equal.
        let equal = counts[size] > 0;
        let fits = |opened: usize| match (equal, size) {
            (true, _) => opened == size,
            (false, LONGEST) => opened < LONGEST,
            (false, _) => opened == LONGEST,
        };
        if !(1..=LONGEST).any(|opened| counts[opened] > 0 && fits(opened)) {
            return None;
        }
        while let Some((at, found, opened)) = self.stack.pop() {
            self.counts[found as usize][opened] -= 1;
            if found == mark && fits(opened) {
                return Some((at, opened));
            }
        }
        None
    }
}
