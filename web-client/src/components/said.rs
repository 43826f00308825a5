//! A message's text as elements. No text ever becomes markup of the page by itself: HTML in it is
//! text.

use std::hash::{DefaultHasher, Hash, Hasher};

use client::markup::{self, Block, Inline, Link, Style};
use client::mention;
use yew::prelude::*;

/// Shows the text of a message. Mentions of `own_name` after an `@` stand out. The element around it
/// has [`key`] as its key.
pub fn said(text: &str, own_name: Option<&str>) -> Html {
    blocks(&markup::parse(text), own_name)
}

/// Returns the key of an element that shows this text. A browser that translates a page puts nodes
/// of its own in the place of those with text, and a change of the old nodes would not be seen: a
/// former text would stay on the screen. An element with another key is built anew.
pub fn key(text: &str, own_name: Option<&str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (text, own_name).hash(&mut hasher);
    hasher.finish()
}

fn blocks(all: &[Block], own: Option<&str>) -> Html {
    all.iter().map(|block| one_block(block, own)).collect()
}

/// Shows a block. `auto` takes the direction of each from its own text, so that Arabic and Hebrew
/// run from right to left beside English; code always runs from left to right.
fn one_block(block: &Block, own: Option<&str>) -> Html {
    match block {
        Block::Paragraph(parts) => html! { <p dir="auto">{ inline(parts, own) }</p> },
        Block::Quote(inner) => html! { <blockquote dir="auto">{ blocks(inner, own) }</blockquote> },
        Block::List { first, items } => {
            let items = items.iter().map(|item| {
                html! { <li dir="auto">{ blocks(item, own) }</li> }
            });
            match first {
                Some(first) => html! {
                    <ol dir="auto" start={first.to_string()}>{ for items }</ol>
                },
                None => html! { <ul dir="auto">{ for items }</ul> },
            }
        }
        // A long line scrolls; focusable, so that the keyboard can do that.
        Block::Code { info, code } => html! {
            <>
                if !info.is_empty() {
                    <p class="code-info" dir="ltr">{ info.clone() }</p>
                }
                <pre dir="ltr" tabindex="0"><code>{ code }</code></pre>
            </>
        },
    }
}

fn inline(parts: &[Inline], own: Option<&str>) -> Html {
    parts.iter().map(|part| one_part(part, own)).collect()
}

fn one_part(part: &Inline, own: Option<&str>) -> Html {
    match part {
        Inline::Text(text) => mentions(text, own),
        Inline::Break => html! { "\n" },
        Inline::Code(code) => html! { <code dir="ltr">{ code }</code> },
        Inline::Styled(style, inner) => {
            let inner = inline(inner, own);
            match style {
                Style::Emphasis => html! { <em>{ inner }</em> },
                Style::Strong => html! { <strong>{ inner }</strong> },
                Style::Struck => html! { <s>{ inner }</s> },
            }
        }
        Inline::Link(to) => link(to),
    }
}

fn link(link: &Link) -> Html {
    html! {
        <>
            // `noopener` keeps the opened page from steering this one, and `noreferrer` from
            // learning its address.
            <a href={link.address.clone()} target="_blank" rel="noopener noreferrer nofollow">
                { inline(&link.shown, None) }
            </a>
            if let Some(leads_to) = &link.leads_to {
                // Not translated: it is a fact about where the link leads.
                <span class="link-host" translate="no">{ format!(" ({leads_to})") }</span>
            }
        </>
    }
}

fn mentions(text: &str, own: Option<&str>) -> Html {
    let Some(own) = own else {
        return html! { { text } };
    };
    let mut from = 0;
    let mut parts = Vec::new();
    for range in mention::find(text, own) {
        parts.push(html! { { &text[from..range.start] } });
        parts.push(html! { <mark class="mention">{ &text[range.clone()] }</mark> });
        from = range.end;
    }
    parts.push(html! { { &text[from..] } });
    parts.into_iter().collect()
}
