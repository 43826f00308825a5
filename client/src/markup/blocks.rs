//! Blocks: which lines are code, quotes, lists and paragraphs.

use super::{Block, DEPTH, inline};

/// The widest indent of a line that begins a block.
const INDENT: usize = 3;

/// The longest number of a list's item, in digits: a year is one, a telephone number is not.
const DIGITS: usize = 4;

/// Parses a text at a depth of blocks.
pub(super) fn parse(text: &str, depth: usize) -> Vec<Block> {
    let lines: Vec<&str> = text
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .collect();
    let mut blocks = Vec::new();
    let mut paragraph = Paragraph::default();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let rest = &lines[at..];
        let found = if depth < DEPTH {
            block(line, rest, depth)
        } else {
            None
        };
        if let Some((block, taken)) = found {
            paragraph.end(&mut blocks);
            blocks.push(block);
            at += taken;
        } else {
            paragraph.take(line, &mut blocks);
            at += 1;
        }
    }
    paragraph.end(&mut blocks);
    blocks
}

/// Returns the block that begins with the first of these lines, if it is no paragraph, and the
/// number of its lines.
fn block(line: &str, rest: &[&str], depth: usize) -> Option<(Block, usize)> {
    if let Some(fence) = Fence::open(line) {
        return Some(fence.code(rest));
    }
    if quoted(line).is_some() {
        let inner: Vec<&str> = rest.iter().map_while(|line| quoted(line)).collect();
        let blocks = parse(&inner.join("\n"), depth + 1);
        return Some((Block::Quote(blocks), inner.len()));
    }
    list(rest, depth)
}

/// Lines of text that follow each other.
#[derive(Default)]
struct Paragraph {
    text: String,
    /// Empty lines before the text.
    empty: usize,
}

impl Paragraph {
    fn take(&mut self, line: &str, blocks: &mut Vec<Block>) {
        if line.trim().is_empty() {
            if !self.text.is_empty() {
                self.end(blocks);
            }
            self.empty += 1;
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        } else if !blocks.is_empty() {
            // One empty line separates paragraphs; further ones are meant.
            self.text
                .extend(std::iter::repeat_n('\n', self.empty.saturating_sub(1)));
        }
        self.text.push_str(line);
    }

    fn end(&mut self, blocks: &mut Vec<Block>) {
        self.empty = 0;
        if !self.text.is_empty() {
            blocks.push(Block::Paragraph(inline::parse(&self.text)));
            self.text.clear();
        }
    }
}

/// The line that begins code.
struct Fence<'a> {
    backticks: usize,
    info: &'a str,
}

impl<'a> Fence<'a> {
    fn open(line: &'a str) -> Option<Self> {
        let inner = unindented(line)?;
        let info = inner.trim_start_matches('`');
        let backticks = inner.len() - info.len();
        // Code within one line may have three backticks, too.
        (backticks >= 3 && !info.contains('`')).then_some(Self {
            backticks,
            info: info.trim(),
        })
    }

    fn closes(&self, line: &str) -> bool {
        unindented(line).is_some_and(|inner| {
            let rest = inner.trim_start_matches('`');
            inner.len() - rest.len() >= self.backticks && rest.trim().is_empty()
        })
    }

    /// Returns the code, and the number of its lines with the fences. Code that is not closed goes
    /// to the end.
    fn code(&self, lines: &[&str]) -> (Block, usize) {
        let inner = lines.get(1..).unwrap_or_default();
        let end = inner.iter().position(|line| self.closes(line));
        let code = &inner[..end.unwrap_or(inner.len())];
        let block = Block::Code {
            info: self.info.to_owned(),
            code: code.join("\n"),
        };
        (block, 1 + code.len() + usize::from(end.is_some()))
    }
}

/// Returns a line without its indent, if it may begin a block.
fn unindented(line: &str) -> Option<&str> {
    let inner = line.trim_start_matches(' ');
    (line.len() - inner.len() <= INDENT).then_some(inner)
}

/// Returns a line of a quote without its mark. `>` needs the blank: `>_<` and `>be me` are texts.
fn quoted(line: &str) -> Option<&str> {
    line.strip_prefix("> ").or((line == ">").then_some(""))
}

/// The kind of a list's items.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker {
    Bullet(u8),
    Number { number: u32, end: u8 },
}

impl Marker {
    /// Returns `true` if an item with this marker follows one with `before`. Numbers that do not
    /// count up are text: a list would show other ones.
    fn follows(self, before: Self) -> bool {
        match (before, self) {
            (Self::Bullet(before), Self::Bullet(this)) => before == this,
            (
                Self::Number { number, end },
                Self::Number {
                    number: next,
                    end: same,
                },
            ) => number.checked_add(1) == Some(next) && end == same,
            _ => false,
        }
    }
}

/// The first line of an item.
struct Item<'a> {
    indent: usize,
    marker: Marker,
    text: &'a str,
}

impl<'a> Item<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let inner = unindented(line)?;
        let indent = line.len() - inner.len();
        let bytes = inner.as_bytes();
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let (marker, length) = match bytes.get(digits)? {
            bullet @ (b'-' | b'*') if digits == 0 => (Marker::Bullet(*bullet), 1),
            end @ (b'.' | b')') if (1..=DIGITS).contains(&digits) => {
                // `01.` would be shown as `1.`.
                let zero = digits > 1 && bytes.first() == Some(&b'0');
                let number = inner[..digits].parse().ok().filter(|_| !zero)?;
                (Marker::Number { number, end: *end }, digits + 1)
            }
            _ => return None,
        };
        let text = inner[length..].strip_prefix(' ')?.trim_start_matches(' ');
        (!text.trim().is_empty()).then_some(Self {
            indent,
            marker,
            text,
        })
    }
}

/// Returns the list that begins with the first of these lines, and the number of its lines. One
/// item alone is no list: `- 3 degrees` is a temperature.
fn list(lines: &[&str], depth: usize) -> Option<(Block, usize)> {
    let first = Item::of(lines.first()?)?;
    let indent = first.indent;
    let mut marker = first.marker;
    let mut items = vec![first.text.to_owned()];
    let mut taken = 1;
    for line in &lines[1..] {
        let item = Item::of(line).filter(|item| item.indent < indent + 2);
        if let Some(item) = item {
            if !item.marker.follows(marker) {
                break;
            }
            marker = item.marker;
            items.push(item.text.to_owned());
        } else if let Some(text) = continued(line, indent)
            && let Some(item) = items.last_mut()
        {
            item.push('\n');
            item.push_str(text);
        } else {
            break;
        }
        taken += 1;
    }
    if items.len() < 2 {
        return None;
    }
    let first = match first.marker {
        Marker::Bullet(_) => None,
        Marker::Number { number, .. } => Some(number),
    };
    let items = items.iter().map(|item| parse(item, depth + 1)).collect();
    Some((Block::List { first, items }, taken))
}

/// Returns a further line of an item whose marker stands at `indent`, without the indent that makes
/// it one.
fn continued(line: &str, indent: usize) -> Option<&str> {
    let inner = line.trim_start_matches(' ');
    let blanks = line.len() - inner.len();
    (blanks >= indent + 2 && !inner.is_empty()).then(|| &line[indent + 2..])
}
