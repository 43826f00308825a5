//! A check of the properties that every parsed text has, for tests and the fuzzer.

use crate::markup::{self, Block, DEPTH, Inline, Link, links};

/// Checks that nothing which can be seen is lost but marks of markup, that nothing nests without a
/// bound, and that every link is safe.
///
/// # Panics
/// If one of these does not hold.
pub fn check(source: &str) {
    let blocks = markup::parse(source);
    let mut walk = Walk::default();
    walk.blocks(&blocks, 0);
    // Emphasis around a link and in it.
    assert!(walk.parts_depth <= 2 * DEPTH + 1, "{source:?}");
    assert!(walk.blocks_depth <= DEPTH, "{source:?}");
    for address in &walk.addresses {
        assert!(links::is_safe(address), "{address:?}");
    }
    // A host that is shown in Punycode has other characters than the source.
    let codes = |text: &str| text.matches("xn--").count();
    if codes(&walk.seen) > codes(source) {
        return;
    }
    let visible = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
    let (shown, written) = (visible(&walk.seen), visible(source));
    let mut shown = shown.chars();
    let mut next = shown.next();
    let mut rest = written.as_str();
    while let Some(c) = rest.chars().next() {
        if next == Some(c) {
            next = shown.next();
            rest = &rest[c.len_utf8()..];
        } else if let Some(behind) = behind_address(rest, &walk.addresses) {
            // The address of a link whose text is the same.
            rest = behind;
        } else {
            rest = &rest[c.len_utf8()..];
            assert!(
                "*_~`>-[]()\\.0123456789".contains(c),
                "{c:?} of {source:?} is not shown"
            );
        }
    }
    assert_eq!(next, None, "more is shown than was written: {source:?}");
}

/// Returns what follows the longest of these addresses that a text begins with.
fn behind_address<'a>(text: &'a str, addresses: &[String]) -> Option<&'a str> {
    // Most characters begin none; there may be thousands of addresses.
    if !text.starts_with(['h', 'H', 'm', 'M']) {
        return None;
    }
    let behind = addresses
        .iter()
        .filter_map(|it| text.strip_prefix(it.as_str()));
    behind.min_by_key(|rest| rest.len())
}

/// The text, the addresses and the depth of a tree, gathered in one walk.
#[derive(Default)]
struct Walk {
    /// The characters of the source that the tree has, the address of a link behind its text.
    seen: String,
    addresses: Vec<String>,
    blocks_depth: usize,
    parts_depth: usize,
}

impl Walk {
    fn blocks(&mut self, blocks: &[Block], depth: usize) {
        self.blocks_depth = self.blocks_depth.max(depth);
        for block in blocks {
            match block {
                Block::Paragraph(parts) => self.parts(parts, 0),
                Block::Quote(inner) => self.blocks(inner, depth + 1),
                Block::List { items, .. } => {
                    for item in items {
                        self.blocks(item, depth + 1);
                    }
                }
                Block::Code { info, code } => {
                    self.seen.push_str(info);
                    self.seen.push_str(code);
                }
            }
        }
    }

    fn parts(&mut self, parts: &[Inline], depth: usize) {
        self.parts_depth = self.parts_depth.max(depth);
        for part in parts {
            match part {
                Inline::Text(text) | Inline::Code(text) => self.seen.push_str(text),
                Inline::Break => {}
                Inline::Styled(_, inner) => self.parts(inner, depth + 1),
                Inline::Link(link) => self.link(link, depth),
            }
        }
    }

    fn link(&mut self, link: &Link, depth: usize) {
        self.parts(&link.shown, depth + 1);
        if link.shown != [Inline::Text(link.address.clone())] {
            self.seen.push_str(&link.address);
        }
        self.addresses.push(link.address.clone());
    }
}
