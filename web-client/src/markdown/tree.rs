//! The tree of a message in Markdown: the few forms that a chat needs. HTML, images, headings and
//! all other forms are shown as the text that they are.
//!
//! Pure.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::links;

/// The deepest nesting; deeper content stands beside its parent. Without a bound, a short text of
/// `> > >` would nest thousands of elements.
const DEPTH: usize = 8;

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Text without a form.
    Text(String),
    /// Code within a line.
    Code(String),
    /// Lines of code.
    CodeBlock(String),
    /// The end of a line.
    Break,
    /// Parts with a form.
    Styled(Style, Vec<Node>),
    /// A link to an address that is safe to follow.
    Link {
        /// The address of the link.
        address: String,
        /// The parts that are shown for it.
        shown: Vec<Node>,
    },
}

/// The form of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A paragraph of text.
    Paragraph,
    /// Emphasized text, in italics.
    Emphasis,
    /// Strong emphasis; headings, too.
    Strong,
    /// Text that is struck out.
    Struck,
    /// A quotation of another text.
    Quote,
    /// A list with its items.
    List,
    /// A list with numbers, from this one on.
    Numbered(u64),
    /// An item of a list.
    Item,
}

/// Parses a text.
pub fn parse(text: &str) -> Vec<Node> {
    let mut builder = Builder::default();
    for event in Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH) {
        builder.take(event);
    }
    builder.finish()
}

/// An open element.
struct Open {
    kind: Kind,
    nodes: Vec<Node>,
}

enum Kind {
    Style(Style),
    Link(String),
    CodeBlock,
    /// An element without a form: its content stands where it is.
    Bare,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    top: Vec<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(text) => self.text(&text),
            Event::Code(code) => self.push(Node::Code(code.into_string())),
            // HTML is shown as the text that it is, and so can carry no script.
            Event::Html(html) | Event::InlineHtml(html) => self.text(&html),
            // CommonMark shows a soft break as a blank; in a chat a person who breaks a line means
            // it.
            Event::SoftBreak | Event::HardBreak => self.push(Node::Break),
            Event::Rule => self.push(Node::Text("———".into())),
            // Events of extensions that are not turned on.
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let kind = match tag {
            Tag::Paragraph => Kind::Style(Style::Paragraph),
            Tag::Heading { .. } => {
                self.open(Kind::Style(Style::Paragraph));
                Kind::Style(Style::Strong)
            }
            Tag::BlockQuote(_) => Kind::Style(Style::Quote),
            Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) => Kind::CodeBlock,
            Tag::List(None) => Kind::Style(Style::List),
            Tag::List(Some(first)) => Kind::Style(Style::Numbered(first)),
            Tag::Item => Kind::Style(Style::Item),
            Tag::Emphasis => Kind::Style(Style::Emphasis),
            Tag::Strong => Kind::Style(Style::Strong),
            Tag::Strikethrough => Kind::Style(Style::Struck),
            // An image becomes a link: loading it would tell its server who reads the message.
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }
                if links::is_safe(&dest_url) =>
            {
                Kind::Link(dest_url.into_string())
            }
            _ => Kind::Bare,
        };
        self.open(kind);
    }

    fn open(&mut self, kind: Kind) {
        self.open.push(Open {
            kind,
            nodes: Vec::new(),
        });
    }

    fn end(&mut self, end: TagEnd) {
        self.close();
        if matches!(end, TagEnd::Heading(_)) {
            self.close();
        }
    }

    fn close(&mut self) {
        let depth = self.open.len();
        let Some(Open { kind, nodes }) = self.open.pop() else {
            return;
        };
        // Only the form is dropped: the text of a deep part is still shown.
        let kind = if depth > DEPTH { Kind::Bare } else { kind };
        match kind {
            Kind::Style(style) => self.push(Node::Styled(style, nodes)),
            Kind::Link(address) => self.push(Node::Link {
                address,
                shown: nodes,
            }),
            Kind::CodeBlock => {
                let code: String = nodes.iter().map(plain).collect();
                self.push(Node::CodeBlock(code.trim_end_matches('\n').to_owned()));
            }
            Kind::Bare => self.nodes().extend(nodes),
        }
    }

    /// Adds a text, whose addresses become links; not in code and in other links.
    fn text(&mut self, text: &str) {
        let literal = |open: &Open| matches!(open.kind, Kind::Link(_) | Kind::CodeBlock);
        if self.open.iter().any(literal) {
            return self.push(Node::Text(text.to_owned()));
        }
        let mut from = 0;
        for range in links::find(text) {
            self.push_text(&text[from..range.start]);
            let address = text[range.clone()].to_owned();
            let shown = vec![Node::Text(address.clone())];
            self.push(Node::Link { address, shown });
            from = range.end;
        }
        self.push_text(&text[from..]);
    }

    fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(Node::Text(before)) = self.nodes().last_mut() {
            return before.push_str(text);
        }
        self.push(Node::Text(text.to_owned()));
    }

    fn push(&mut self, node: Node) {
        self.nodes().push(node);
    }

    fn nodes(&mut self) -> &mut Vec<Node> {
        match self.open.last_mut() {
            Some(open) => &mut open.nodes,
            None => &mut self.top,
        }
    }

    fn finish(mut self) -> Vec<Node> {
        while !self.open.is_empty() {
            self.close();
        }
        self.top
    }
}

/// Returns the text of a part, without its form.
pub fn plain(node: &Node) -> String {
    match node {
        Node::Text(text) | Node::Code(text) | Node::CodeBlock(text) => text.clone(),
        Node::Break => "\n".into(),
        Node::Styled(_, nodes) | Node::Link { shown: nodes, .. } => {
            nodes.iter().map(plain).collect()
        }
    }
}

/// Returns the host to show beside a link, if the shown text is not the address. Otherwise a link
/// could show one bank and lead to another.
pub fn undisclosed_host<'a>(address: &'a str, shown: &[Node]) -> Option<&'a str> {
    let said: String = shown.iter().map(plain).collect();
    if said == address {
        return None;
    }
    links::host(address).or(Some(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Node {
        Node::Text(text.into())
    }

    fn paragraph(nodes: Vec<Node>) -> Vec<Node> {
        vec![Node::Styled(Style::Paragraph, nodes)]
    }

    #[test]
    fn the_forms_of_a_chat() {
        let cases = [
            (
                "*a* **b** ~~c~~ `d`",
                vec![
                    Node::Styled(Style::Emphasis, vec![text("a")]),
                    text(" "),
                    Node::Styled(Style::Strong, vec![text("b")]),
                    text(" "),
                    Node::Styled(Style::Struck, vec![text("c")]),
                    text(" "),
                    Node::Code("d".into()),
                ],
            ),
            ("one\ntwo", vec![text("one"), Node::Break, text("two")]),
            (
                "# big",
                vec![Node::Styled(Style::Strong, vec![text("big")])],
            ),
        ];
        for (source, nodes) in cases {
            assert_eq!(parse(source), paragraph(nodes), "{source}");
        }
        assert_eq!(
            parse("```rust\nlet a = \"http://a\";\n```"),
            [Node::CodeBlock("let a = \"http://a\";".into())]
        );
        assert_eq!(
            parse("> q"),
            [Node::Styled(Style::Quote, paragraph(vec![text("q")]))]
        );
        let item = Node::Styled(Style::Item, vec![text("x")]);
        assert_eq!(
            parse("3. x"),
            [Node::Styled(Style::Numbered(3), vec![item])]
        );
    }

    #[test]
    fn html_is_text() {
        // Cross-site scripting: markup in a message would run with the rights of the page.
        let said: String = parse("<b>x</b> <script>alert(1)</script>")
            .iter()
            .map(plain)
            .collect();
        assert_eq!(said, "<b>x</b> <script>alert(1)</script>");
        let said: String = parse("<div onclick=x>\n\nhi").iter().map(plain).collect();
        assert!(said.contains("<div onclick=x>"), "{said}");
    }

    #[test]
    fn links_and_images_go_to_safe_addresses_only() {
        // `javascript:` would run in the page.
        let link = |source: &str| match &parse(source)[..] {
            [Node::Styled(_, nodes)] => nodes.iter().find_map(|node| match node {
                Node::Link { address, .. } => Some(address.clone()),
                _ => None,
            }),
            _ => None,
        };
        assert_eq!(
            link("[x](https://a.example)").as_deref(),
            Some("https://a.example")
        );
        assert_eq!(
            link("![x](https://a.example/i.png)").as_deref(),
            Some("https://a.example/i.png")
        );
        assert_eq!(
            link("see https://a.example.").as_deref(),
            Some("https://a.example")
        );
        for source in [
            "[x](javascript:alert(1))",
            "[x](data:text/html,x)",
            "![x](file:///x)",
            "[x](relative)",
            "`https://a.example`",
        ] {
            assert_eq!(link(source), None, "{source}");
        }
    }

    #[test]
    fn a_link_that_shows_another_address_says_its_host() {
        // Phishing: the shown text names one host, the address another.
        let shown = [text("https://bank.example")];
        let address = "https://evil.example/x";
        assert_eq!(undisclosed_host(address, &shown), Some("evil.example"));
        assert_eq!(undisclosed_host("https://bank.example", &shown), None);
        assert_eq!(undisclosed_host("mailto:a@b", &shown), Some("mailto:a@b"));
    }

    #[test]
    fn a_bomb_of_nesting_is_flat_and_keeps_its_text() {
        // Elements that are nested without a bound could freeze the page of every reader.
        fn depth(nodes: &[Node]) -> usize {
            let inner = nodes.iter().map(|node| match node {
                Node::Styled(_, nodes) | Node::Link { shown: nodes, .. } => 1 + depth(nodes),
                _ => 0,
            });
            inner.max().unwrap_or(0)
        }
        for bomb in [
            format!("{}deep", "> ".repeat(5000)),
            format!("{}deep{}", "*a ".repeat(3000), "*".repeat(3000)),
            format!("{}deep", "- ".repeat(2000)),
            format!("{}deep", "[".repeat(8000)),
        ] {
            let nodes = parse(&bomb);
            assert!(depth(&nodes) <= DEPTH, "{}", &bomb[..10]);
            assert!(nodes.iter().map(plain).collect::<String>().contains("deep"));
        }
    }
}
