//! The markup of messages: the few forms of Markdown that a chat needs, and links.
//!
//! A text that is not meant as markup is shown as it was typed. Emphasis does not begin or end
//! within a word, a list has two lines or more, a quote begins with `> `, and headings, rules,
//! tables, reference definitions, images and HTML are text. Addresses are found before all other
//! forms, so none of them cuts an address.
//!
//! | form | source |
//! |---|---|
//! | emphasis | `*text*`, `_text_` |
//! | strong | `**text**`, `__text__` |
//! | struck out | `~~text~~` |
//! | code in a line | `` `code` `` |
//! | code | lines between ```` ``` ````, whose first line may name the language |
//! | quote | lines that begin with `> ` |
//! | list | two lines or more that begin with `- ` or `* `, or with numbers that count up |
//! | link | `https://…`, `http://…`, `mailto:…`, or `[text](address)` |
//!
//! A backslash before a mark that would act makes it text; every other backslash is text itself.
//!
//! [`parse`] takes time linear in the text, of whatever it consists: everything that looks ahead
//! (closing brackets, ends of code, openers of emphasis) is found in one pass beforehand. The
//! [module of the view](plain) is each program's own; the page and the terminal show the same tree.

mod blocks;
mod emphasis;
pub mod hosts;
mod inline;
pub mod links;
mod words;

#[cfg(test)]
mod tests;

pub use words::is_word;

/// The deepest nesting of blocks and of forms in a line, each. What is deeper is shown without its
/// form. Without a bound, a short text of `> > >` would nest thousands of elements, and recursion
/// would end the program.
pub const DEPTH: usize = 8;

/// A block of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A paragraph of text.
    Paragraph(Vec<Inline>),
    /// A quotation of another text.
    Quote(Vec<Block>),
    /// A list.
    List {
        /// The number of the first item; without one, the list has no numbers.
        first: Option<u32>,
        /// The items, each with its blocks.
        items: Vec<Vec<Block>>,
    },
    /// Lines of code.
    Code {
        /// The rest of the line that began the code, usually the language; may be empty.
        info: String,
        /// The lines, without the last line's end.
        code: String,
    },
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inline {
    /// Text without a form.
    Text(String),
    /// The end of a line.
    Break,
    /// Code within a line.
    Code(String),
    /// Parts with a form.
    Styled(Style, Vec<Inline>),
    /// A link to an address that is safe to follow.
    Link(Link),
}

/// The form of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Emphasis, in italics.
    Emphasis,
    /// Strong emphasis, in bold.
    Strong,
    /// Text that is struck out.
    Struck,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The address, as it was written.
    pub address: String,
    /// The parts that are shown for it.
    pub shown: Vec<Inline>,
    /// The host or mailbox that the link leads to, if the shown parts do not say it. It is shown
    /// beside the link: otherwise a link could show one bank and lead to another.
    pub leads_to: Option<String>,
}

/// Parses the text of a message.
pub fn parse(text: &str) -> Vec<Block> {
    blocks::parse(text, 0)
}

/// Returns the text of blocks without their forms, a line for each line.
pub fn plain(blocks: &[Block]) -> String {
    let mut out = String::new();
    plain_blocks(blocks, &mut out);
    out
}

fn plain_blocks(blocks: &[Block], out: &mut String) {
    for (at, block) in blocks.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        match block {
            Block::Paragraph(parts) => plain_parts(parts, out),
            Block::Quote(blocks) => plain_blocks(blocks, out),
            Block::List { first, items } => {
                for (at, item) in (0_u32..).zip(items) {
                    if at > 0 {
                        out.push('\n');
                    }
                    match first {
                        Some(first) => {
                            out.push_str(&first.saturating_add(at).to_string());
                            out.push_str(". ");
                        }
                        None => out.push_str("• "),
                    }
                    plain_blocks(item, out);
                }
            }
            Block::Code { code, .. } => out.push_str(code),
        }
    }
}

fn plain_parts(parts: &[Inline], out: &mut String) {
    for part in parts {
        match part {
            Inline::Text(text) | Inline::Code(text) => out.push_str(text),
            Inline::Break => out.push('\n'),
            Inline::Styled(_, parts) => plain_parts(parts, out),
            Inline::Link(link) => plain_parts(&link.shown, out),
        }
    }
}

/// Returns the first line of a message that is not empty, without its forms.
pub fn first_line(text: &str) -> String {
    let plain = plain(&parse(text));
    let line = plain.lines().find(|line| !line.trim().is_empty());
    line.unwrap_or_default().to_owned()
}

/// Returns the texts without a form of their own, outside of code and links: where names are
/// mentioned.
pub fn texts(blocks: &[Block]) -> Vec<&str> {
    let mut found = Vec::new();
    texts_of_blocks(blocks, &mut found);
    found
}

fn texts_of_blocks<'a>(blocks: &'a [Block], found: &mut Vec<&'a str>) {
    for block in blocks {
        match block {
            Block::Paragraph(parts) => texts_of_parts(parts, found),
            Block::Quote(blocks) => texts_of_blocks(blocks, found),
            Block::List { items, .. } => {
                for item in items {
                    texts_of_blocks(item, found);
                }
            }
            Block::Code { .. } => {}
        }
    }
}

fn texts_of_parts<'a>(parts: &'a [Inline], found: &mut Vec<&'a str>) {
    for part in parts {
        match part {
            Inline::Text(text) => found.push(text),
            Inline::Styled(_, parts) => texts_of_parts(parts, found),
            Inline::Break | Inline::Code(_) | Inline::Link(_) => {}
        }
    }
}
