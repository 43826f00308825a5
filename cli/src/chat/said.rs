//! A message's text as rows of a terminal: its markup as styles, and the blocks with a sign before
//! each row.

use client::markup::{self, Block, Inline, Link};
use client::mention;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::style::Look;
use crate::printable;

/// The sign before each row of a quote, and of code.
const QUOTE: &str = "▎ ";
const CODE: &str = "┆ ";
/// The sign before an item of a list without numbers.
const BULLET: &str = "• ";

/// A piece of a line that has one style.
type Piece = (String, Style);

/// Shows texts at a width.
pub(super) struct Said<'a> {
    pub(super) width: usize,
    pub(super) look: Look,
    /// The person's own name, whose mentions stand out.
    pub(super) me: &'a str,
}

/// The beginnings of a block's rows.
#[derive(Clone)]
struct Margin {
    first: String,
    others: String,
}

impl Margin {
    fn of(indent: &str) -> Self {
        Self {
            first: indent.to_owned(),
            others: indent.to_owned(),
        }
    }

    /// Adds a sign before the first row, and another before the others; nothing if that left less
    /// than half of the width to the text.
    fn with(&self, first: &str, others: &str, width: usize) -> Self {
        let added = Self {
            first: format!("{}{first}", self.first),
            others: format!("{}{others}", self.others),
        };
        if added.first.chars().count() > width / 2 {
            return self.clone();
        }
        added
    }

    /// Lets the next block begin as the others do.
    fn begun(&mut self) {
        self.first.clone_from(&self.others);
    }
}

impl Said<'_> {
    /// Returns the rows of a text. Each begins with `indent`.
    pub(super) fn rows(&self, text: &str, indent: &str) -> Vec<Line<'static>> {
        let mut rows = Vec::new();
        self.blocks(&markup::parse(text), Margin::of(indent), &mut rows);
        rows
    }

    fn blocks(&self, blocks: &[Block], mut margin: Margin, rows: &mut Vec<Line<'static>>) {
        for block in blocks {
            match block {
                Block::Paragraph(parts) => {
                    let mut lines = vec![Vec::new()];
                    self.parts(parts, Style::new(), &mut lines);
                    for line in lines {
                        self.wrap(&line, &margin, rows);
                        margin.begun();
                    }
                }
                Block::Quote(blocks) => {
                    self.blocks(blocks, margin.with(QUOTE, QUOTE, self.width), rows);
                }
                Block::List { first, items } => {
                    for (at, item) in (0_u32..).zip(items) {
                        let sign = match first {
                            Some(first) => format!("{}. ", first.saturating_add(at)),
                            None => BULLET.to_owned(),
                        };
                        let blanks = " ".repeat(sign.chars().count());
                        self.blocks(item, margin.with(&sign, &blanks, self.width), rows);
                        margin.begun();
                    }
                }
                Block::Code { info, code } => {
                    let margin = margin.with(CODE, CODE, self.width);
                    if !info.is_empty() {
                        let info = [(printable::line(info.as_bytes()), Look::dim())];
                        self.wrap(&info, &margin, rows);
                    }
                    for line in code.split('\n') {
                        let line = [(printable::line(line.as_bytes()), Style::new())];
                        self.wrap(&line, &margin, rows);
                    }
                }
            }
            margin.begun();
        }
    }

    /// Adds parts to the last of these lines, and begins another at each end of one.
    fn parts(&self, parts: &[Inline], style: Style, lines: &mut Vec<Vec<Piece>>) {
        for part in parts {
            match part {
                Inline::Text(text) => {
                    let mut from = 0;
                    for mention in mention::find(text, self.me) {
                        add(lines, &text[from..mention.start], style);
                        from = mention.end;
                        add(lines, &text[mention], style.patch(self.look.meant()));
                    }
                    add(lines, &text[from..], style);
                }
                Inline::Break => lines.push(Vec::new()),
                Inline::Code(code) => add(lines, code, style.patch(Look::dim())),
                Inline::Styled(form, parts) => {
                    self.parts(parts, style.patch(Look::form(*form)), lines);
                }
                Inline::Link(link) => {
                    self.parts(&link.shown, style.patch(Look::link()), lines);
                    if let Some(address) = address_beside(link) {
                        add(lines, &format!(" ({address})"), style.patch(Look::dim()));
                    }
                }
            }
        }
    }

    /// Adds the rows of a line of pieces.
    fn wrap(&self, pieces: &[Piece], margin: &Margin, rows: &mut Vec<Line<'static>>) {
        let joined: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
        // Pieces that are printable by themselves may not be so together: a mark after a letter of
        // another piece. What is shown is the whole line, filtered once more.
        let line = printable::line(joined.as_bytes());
        let mut styles = if line == joined {
            pieces.to_vec()
        } else {
            vec![(line.clone(), Style::new())]
        }
        .into_iter()
        .flat_map(|(text, style)| text.chars().map(move |c| (c, style)).collect::<Vec<_>>());
        let wrapped = printable::wrap(&line, self.width, &margin.first, &margin.others);
        for (at, row) in wrapped.into_iter().enumerate() {
            let prefix = if at == 0 {
                &margin.first
            } else {
                &margin.others
            };
            let text = row.strip_prefix(prefix.as_str()).unwrap_or(&row);
            let mut spans = vec![Span::raw(prefix.clone())];
            for c in text.chars() {
                // Blanks at which a line is broken are in no row.
                let style = styles.find(|(next, _)| *next == c).map(|(_, style)| style);
                let style = style.unwrap_or_default();
                match spans.last_mut() {
                    Some(span) if span.style == style => span.content.to_mut().push(c),
                    _ => spans.push(Span::styled(c.to_string(), style)),
                }
            }
            rows.push(Line::from(spans));
        }
    }
}

fn add(lines: &mut [Vec<Piece>], text: &str, style: Style) {
    if let Some(line) = lines.last_mut() {
        line.push((printable::line(text.as_bytes()), style));
    }
}

/// Returns what stands beside a link: its address if another text is shown, since nobody can click
/// that text; or its host if its own beginning misleads.
fn address_beside(link: &Link) -> Option<String> {
    let shown = link.shown_address();
    if link.shown == [Inline::Text(shown.to_string())] {
        return link.leads_to.clone();
    }
    Some(shown.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::testing::hostile;
    use ratatui::style::Modifier;

    fn said(width: usize) -> Said<'static> {
        Said {
            width,
            look: Look::plain(),
            me: "ada",
        }
    }

    fn texts(source: &str) -> Vec<String> {
        let rows = said(40).rows(source, "  ");
        rows.iter().map(Line::to_string).collect()
    }

    #[test]
    fn marks_are_not_shown() {
        for (source, expected) in [
            ("**a** *b* ~~c~~ `d`", &["  a b c d"][..]),
            ("> a\n> > b\nc", &["  ▎ a", "  ▎ ▎ b", "  c"]),
            (
                "To do:\n- a\n  b\n- c",
                &["  To do:", "  • a", "    b", "  • c"],
            ),
            ("9. a\n10. b", &["  9. a", "  10. b"]),
            ("```rust\nlet *a*;\n```", &["  ┆ rust", "  ┆ let *a*;"]),
            ("[x](https://a.example)", &["  x (https://a.example)"]),
            ("https://a.example", &["  https://a.example"]),
            ("https://аррӏе.com", &["  https://xn--80ak6aa92e.com"]),
            (
                "https://a@evil.example/",
                &["  https://a@evil.example/ (evil.example)"],
            ),
            ("2*3*4 \\o/", &["  2*3*4 \\o/"]),
        ] {
            assert_eq!(texts(source), expected, "{source}");
        }
    }

    #[test]
    fn forms_are_styles_also_where_a_line_wraps() {
        let rows = said(12).rows("*one two three four* @ada `@ada`", "  ");
        let styled = |wanted: Modifier| -> String {
            let spans = rows.iter().flat_map(|row| &row.spans);
            let styled = spans.filter(|span| span.style.add_modifier.contains(wanted));
            styled.map(|span| span.content.as_ref()).collect()
        };
        assert!(rows.len() > 2, "{rows:?}");
        assert_eq!(styled(Modifier::ITALIC).replace(' ', ""), "onetwothreefour");
        assert_eq!(styled(Modifier::BOLD), "@ada");
        assert_eq!(styled(Modifier::DIM), "@ada");
    }

    // The attack: a text that puts a row of its own where names and the program's signs stand.
    #[test]
    fn no_hostile_text_leaves_its_indent_or_reaches_the_terminal() {
        for (name, source) in hostile::texts() {
            for width in [8, 60] {
                for row in said(width).rows(&source, "  ") {
                    let row = row.to_string();
                    assert!(row.starts_with("  "), "{name}: {row:?}");
                    assert!(printable::width(&row) <= width, "{name}: {row:?}");
                    let control =
                        |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
                    assert!(!row.contains(control), "{name}: {row:?}");
                }
            }
        }
    }
}
