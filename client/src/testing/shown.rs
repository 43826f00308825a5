//! A check of the properties that every parsed text has, for tests and the fuzzer.

use std::collections::HashSet;

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
    // An address behind `](` is not shown if the text of its link is the same, or is a part of the
    // text if that is no link. Both are followed, each pair of places once.
    let mut open = vec![(written.as_str(), shown.as_str())];
    let mut begun = HashSet::new();
    let mut lost = None;
    while let Some((rest, shown)) = open.pop() {
        let fork = |rest, shown| {
            for behind in behind_addresses(&written, rest, &walk.addresses) {
                if begun.insert((behind.len(), str::len(shown))) {
                    open.push((behind, shown));
                }
            }
        };
        match follow(rest, shown, fork) {
            Ok(()) => return,
            Err(why) => lost = lost.or(Some(why)),
        }
    }
    assert_eq!(lost, None, "{source:?}");
}

/// Follows what is shown through what was written; `fork` is told each pair of places on the way.
fn follow<'a>(
    mut rest: &'a str,
    mut shown: &'a str,
    mut fork: impl FnMut(&'a str, &'a str),
) -> Result<(), String> {
    while let Some(c) = rest.chars().next() {
        fork(rest, shown);
        if let Some(left) = shown.strip_prefix(c) {
            shown = left;
        } else if !"*_~`>-[]()\\.0123456789".contains(c) {
            return Err(format!("{c:?} is not shown"));
        }
        rest = &rest[c.len_utf8()..];
    }
    if shown.is_empty() {
        Ok(())
    } else {
        Err(format!("{shown:?} is shown and was not written"))
    }
}

/// Returns what follows each of these addresses with which `rest`, the end of `written`, begins behind
/// `](`.
fn behind_addresses<'a>(
    written: &str,
    rest: &'a str,
    addresses: &[String],
) -> impl Iterator<Item = &'a str> {
    let before = &written[..written.len() - rest.len()];
    // There may be thousands of addresses.
    let may = before.ends_with("](") && rest.starts_with(['h', 'H', 'm', 'M']);
    let addresses = if may { addresses } else { &[] };
    addresses
        .iter()
        .filter_map(move |it| rest.strip_prefix(it.as_str()))
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

#[cfg(test)]
mod tests {
    use super::*;

    // Found by the fuzzer: what follows a hidden address begins as the address does.
    #[test]
    fn an_address_that_its_link_shows_is_hidden_whatever_follows() {
        for text in [
            "[https://a.exam](https://a.exam)h",
            "[https://a.exam](https://a.exam)https://a.exam",
            "](https://a.exam)h",
        ] {
            check(text);
        }
    }
}
