//! Forms within a paragraph: links, code and emphasis.

use std::collections::HashMap;
use std::ops::Range;

use super::emphasis::{self, Mark, Run};
use super::{DEPTH, Inline, Link, Style, links};

/// The longest part of a path between two backslashes, in bytes.
const PATH_BYTES: usize = 260;

/// Parses the text of a paragraph.
pub(super) fn parse(text: &str) -> Vec<Inline> {
    Parser::new(text, true).parse()
}

/// A part of a paragraph before emphasis is matched.
enum Piece {
    Text(String),
    Part(Inline),
    /// The index of a run of marks.
    Run(usize),
}

struct Parser<'a> {
    text: &'a str,
    /// `false` in the text of a link, which contains no further one.
    links: bool,
    addresses: std::vec::IntoIter<Range<usize>>,
    address: Option<Range<usize>>,
    code: Code,
    /// The closing bracket of each opening one.
    pairs: HashMap<usize, usize>,
    pieces: Vec<Piece>,
    runs: Vec<Run>,
    /// The pieces so far that have more to show than punctuation.
    content: usize,
    /// The marks that could have begun a form so far, escaped or not.
    opened: Vec<Mark>,
    /// The position of the last backslash that is text.
    backslash: Option<usize>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, links: bool) -> Self {
        let found = links::find(text);
        let code = Code::of(text);
        let pairs = pairs(text, &code, &found);
        let mut addresses = found.into_iter();
        Self {
            text,
            links,
            address: addresses.next(),
            addresses,
            code,
            pairs,
            pieces: Vec::new(),
            runs: Vec::new(),
            content: 0,
            opened: Vec::new(),
            backslash: None,
        }
    }

    fn parse(mut self) -> Vec<Inline> {
        let mut at = 0;
        while at < self.text.len() {
            at = self.next(at);
        }
        emphasis::resolve(&mut self.runs);
        tree(self.pieces, &self.runs)
    }

    /// Takes what is at a position, and returns the position behind it.
    fn next(&mut self, at: usize) -> usize {
        if let Some(end) = self.address(at) {
            return end;
        }
        let rest = &self.text[at..];
        let Some(c) = rest.chars().next() else {
            return self.text.len();
        };
        match c {
            '\n' => {
                self.part(Inline::Break);
                at + 1
            }
            '`' => self.code(at),
            '[' => match self.link(at) {
                Some((link, end)) => {
                    self.part(Inline::Link(link));
                    end
                }
                None => self.literal(at, 1),
            },
            '\\' => self.escape(at),
            '*' | '_' | '~' => match self.run(at, self.text[..at].chars().next_back()) {
                Some((mut run, length)) => {
                    self.note(&run);
                    run.content = self.content;
                    self.pieces.push(Piece::Run(self.runs.len()));
                    self.runs.push(run);
                    at + length
                }
                None => self.literal(at, 1),
            },
            _ => {
                // Not further than the next address: a search to the end for each would cost the
                // square of their number.
                let behind = self
                    .address
                    .as_ref()
                    .map_or(self.text.len(), |next| next.start);
                let rest = &self.text[at..behind];
                let end = rest.find(['\n', '`', '[', '\\', '*', '_', '~']);
                let length = end.unwrap_or(rest.len());
                self.literal(at, length)
            }
        }
    }

    /// Takes the address that begins here.
    fn address(&mut self, at: usize) -> Option<usize> {
        // Those within code and links have been passed.
        while self.address.as_ref().is_some_and(|next| next.start < at) {
            self.address = self.addresses.next();
        }
        let range = self.address.clone().filter(|next| next.start == at)?;
        let address = &self.text[range.clone()];
        if self.links {
            self.part(Inline::Link(Link::to_itself(address)));
        } else {
            self.push_text(&links::shown(address));
        }
        Some(range.end)
    }

    fn code(&mut self, at: usize) -> usize {
        if let Some((inner, end)) = self.code.at(at) {
            let code = code_text(&self.text[inner]);
            self.part(Inline::Code(code));
            return end;
        }
        let length = length_of(&self.text[at..], '`');
        self.literal(at, length)
    }

    /// Returns the link `[text](address)` that begins here, and its end.
    fn link(&self, at: usize) -> Option<(Link, usize)> {
        if !self.links {
            return None;
        }
        let close = *self.pairs.get(&at)?;
        let open = close + 1;
        if self.text.as_bytes().get(open) != Some(&b'(') {
            return None;
        }
        let end = *self.pairs.get(&open)?;
        let (said, address) = (&self.text[at + 1..close], &self.text[open + 1..end]);
        if said.trim().is_empty() || !links::is_safe(address) {
            return None;
        }
        let shown = Parser::new(said, false).parse();
        Some((Link::new(address, shown), end + 1))
    }

    /// Takes a backslash. It is a mark itself only before a mark that would act: paths, faces and
    /// formulas keep theirs.
    fn escape(&mut self, at: usize) -> usize {
        let next = at + 1;
        let before = self.text[..at].chars().next_back();
        let rest = &self.text[next..];
        let line_begins = before.is_none_or(|c| c == '\n');
        let escaped = match rest.chars().next() {
            Some('`') if self.code.at(next).is_some() => length_of(rest, '`'),
            Some('[') if self.link(next).is_some() => 1,
            Some('>' | '-' | '*') if line_begins && rest[1..].starts_with(' ') => 1,
            Some('.' | ')') if self.is_number_of_line(at) && rest[1..].starts_with(' ') => 1,
            _ => match self.run(next, before) {
                Some((run, length)) if self.acts(&run) && !self.is_in_path(at) => {
                    self.note(&run);
                    length
                }
                _ => 0,
            },
        };
        if escaped == 0 {
            self.backslash = Some(at);
            return self.literal(at, 1);
        }
        self.literal(next, escaped)
    }

    /// Records that a run could have begun a form.
    fn note(&mut self, run: &Run) {
        if let Some(mark) = run.opens()
            && !self.opened.contains(&mark)
        {
            self.opened.push(mark);
        }
    }

    /// Returns `true` if a run would be a mark: it begins a form, or ends one that may have begun.
    fn acts(&self, run: &Run) -> bool {
        let ends = run.closes().is_some_and(|mark| self.opened.contains(&mark));
        run.opens().is_some() || ends
    }

    /// Returns `true` for a backslash in a path of Windows: `C:\*`, or behind another one that is
    /// text in the same word.
    fn is_in_path(&self, at: usize) -> bool {
        let drive = self.text.as_bytes().get(..at).unwrap_or_default();
        if matches!(drive, [.., letter, b':'] if letter.is_ascii_alphabetic()) {
            return true;
        }
        self.backslash.is_some_and(|before| {
            at - before <= PATH_BYTES && !self.text[before..at].contains(char::is_whitespace)
        })
    }

    /// Returns `true` if the line consists of digits before a position.
    fn is_number_of_line(&self, at: usize) -> bool {
        let digits = self.text[..at]
            .bytes()
            .rev()
            .take(4)
            .take_while(u8::is_ascii_digit)
            .count();
        let before = self.text.as_bytes().get(..at - digits).unwrap_or_default();
        digits > 0 && before.last().is_none_or(|&b| b == b'\n')
    }

    /// Returns the run of marks at a position and its length, as if `before` were the character
    /// before it.
    fn run(&self, at: usize, before: Option<char>) -> Option<(Run, usize)> {
        let rest = &self.text[at..];
        let c = rest.chars().next()?;
        let mark = Mark::of(c)?;
        let length = length_of(rest, c);
        Some((Run::new(mark, length, before, &rest[length..]), length))
    }

    fn literal(&mut self, at: usize, length: usize) -> usize {
        let end = at + length;
        let text = self.text;
        self.push_text(&text[at..end]);
        end
    }

    fn push_text(&mut self, text: &str) {
        let shows = |c: char| c.is_alphanumeric() || !c.is_ascii();
        self.content += usize::from(text.contains(shows));
        if let Some(Piece::Text(before)) = self.pieces.last_mut() {
            before.push_str(text);
        } else {
            self.pieces.push(Piece::Text(text.to_owned()));
        }
    }

    fn part(&mut self, part: Inline) {
        self.content += usize::from(part != Inline::Break);
        self.pieces.push(Piece::Part(part));
    }
}

/// Returns the length of the run of `c` that a text begins with, in bytes of ASCII.
fn length_of(text: &str, c: char) -> usize {
    text.len() - text.trim_start_matches(c).len()
}

/// Returns code without the blanks that keep its own backticks from its marks.
fn code_text(inner: &str) -> String {
    let padded = inner.len() > 2 && inner.starts_with(' ') && inner.ends_with(' ');
    let blank = inner.trim().is_empty();
    if padded && !blank {
        inner[1..inner.len() - 1].to_owned()
    } else {
        inner.to_owned()
    }
}

/// The code in a line: runs of backticks, and the next ones of the same length.
struct Code {
    /// The end of the run at the key, and the start and end of the run that closes it.
    spans: HashMap<usize, (usize, usize, usize)>,
}

impl Code {
    fn of(text: &str) -> Self {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for (at, _) in text.match_indices('`') {
            match runs.last_mut() {
                Some(run) if run.end == at => run.end += 1,
                _ => runs.push(at..at + 1),
            }
        }
        // From the end: the nearest run of each length behind the present one.
        let mut nearest: HashMap<usize, Range<usize>> = HashMap::new();
        let mut spans = HashMap::new();
        for run in runs.into_iter().rev() {
            if let Some(close) = nearest.insert(run.len(), run.clone()) {
                spans.insert(run.start, (run.end, close.start, close.end));
            }
        }
        Self { spans }
    }

    /// Returns the range of the code whose marks begin here, and the end of its marks.
    fn at(&self, at: usize) -> Option<(Range<usize>, usize)> {
        let &(start, end, behind) = self.spans.get(&at)?;
        Some((start..end, behind))
    }
}

/// Returns the closing bracket of each opening one, in round and square brackets. Code has none,
/// and square ones in addresses belong to the address.
fn pairs(text: &str, code: &Code, addresses: &[Range<usize>]) -> HashMap<usize, usize> {
    let mut pairs = HashMap::new();
    let (mut round, mut square) = (Vec::new(), Vec::new());
    let mut addresses = addresses.iter().peekable();
    let mut skip = 0;
    for (at, b) in text.bytes().enumerate() {
        if at < skip {
            continue;
        }
        while addresses.next_if(|address| address.end <= at).is_some() {}
        let in_address = addresses.peek().is_some_and(|address| address.start <= at);
        match b {
            b'`' => skip = code.at(at).map_or(skip, |(_, end)| end),
            b'(' => round.push(at),
            b')' => pairs.extend(round.pop().map(|open| (open, at))),
            b'[' if !in_address => square.push(at),
            b']' if !in_address => pairs.extend(square.pop().map(|open| (open, at))),
            _ => {}
        }
    }
    pairs
}

/// Puts pieces into the forms that their runs begin and end.
fn tree(pieces: Vec<Piece>, runs: &[Run]) -> Vec<Inline> {
    let mut tree = Tree::default();
    for piece in pieces {
        match piece {
            Piece::Text(text) => tree.text(&text),
            Piece::Part(part) => tree.parts().push(part),
            Piece::Run(run) => {
                let run = &runs[run];
                run.ends.iter().for_each(|_| tree.end());
                tree.text(&run.text().collect::<String>());
                run.begins.iter().rev().for_each(|style| tree.begin(*style));
            }
        }
    }
    tree.finish()
}

#[derive(Default)]
struct Tree {
    top: Vec<Inline>,
    open: Vec<(Style, Vec<Inline>)>,
    /// Forms that are open and too deep to be shown.
    too_deep: usize,
}

impl Tree {
    fn begin(&mut self, style: Style) {
        if self.open.len() < DEPTH {
            self.open.push((style, Vec::new()));
        } else {
            self.too_deep += 1;
        }
    }

    fn end(&mut self) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else if let Some((style, parts)) = self.open.pop() {
            self.parts().push(Inline::Styled(style, parts));
        }
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(Inline::Text(before)) = self.parts().last_mut() {
            before.push_str(text);
        } else {
            self.parts().push(Inline::Text(text.to_owned()));
        }
    }

    fn parts(&mut self) -> &mut Vec<Inline> {
        match self.open.last_mut() {
            Some((_, parts)) => parts,
            None => &mut self.top,
        }
    }

    fn finish(mut self) -> Vec<Inline> {
        while !self.open.is_empty() {
            self.end();
        }
        self.top
    }
}
