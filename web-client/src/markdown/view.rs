//! The elements of a message.

use yew::prelude::*;

use super::tree::{self, Node, Style};
use client::mention;

/// Shows a text in Markdown. Mentions of `own_name` after an `@` stand out.
pub fn view(text: &str, own_name: Option<&str>) -> Html {
    nodes(&tree::parse(text), own_name)
}

fn nodes(all: &[Node], own: Option<&str>) -> Html {
    all.iter().map(|node| one(node, own)).collect()
}

fn one(node: &Node, own: Option<&str>) -> Html {
    match node {
        Node::Text(text) => mentions(text, own),
        Node::Code(code) => html! { <code>{ code }</code> },
        // A long line scrolls; focusable, so that the keyboard can do that.
        Node::CodeBlock(code) => html! { <pre tabindex="0"><code>{ code }</code></pre> },
        Node::Break => html! { "\n" },
        Node::Styled(style, inner) => {
            let inner = nodes(inner, own);
            match style {
                Style::Paragraph => html! { <p>{ inner }</p> },
                Style::Emphasis => html! { <em>{ inner }</em> },
                Style::Strong => html! { <strong>{ inner }</strong> },
                Style::Struck => html! { <s>{ inner }</s> },
                Style::Quote => html! { <blockquote>{ inner }</blockquote> },
                Style::List => html! { <ul>{ inner }</ul> },
                Style::Numbered(first) => html! { <ol start={first.to_string()}>{ inner }</ol> },
                Style::Item => html! { <li>{ inner }</li> },
            }
        }
        Node::Link { address, shown } => html! {
            <>
                // `noopener` keeps the opened page from steering this one, and `noreferrer` from
                // learning its address.
                <a href={address.clone()} target="_blank" rel="noopener noreferrer nofollow">
                    { nodes(shown, None) }
                </a>
                if let Some(host) = tree::undisclosed_host(address, shown) {
                    <span class="link-host">{ format!(" ({host})") }</span>
                }
            </>
        },
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
