//! One entry of the log.

use std::rc::Rc;

use yew::prelude::*;

use super::text;
use crate::state::chat::{Content, Entry};

/// Props of [`MessageRow`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct MessageRowProps {
    /// The entry.
    pub entry: Rc<Entry>,
    /// The first of its sender's group: shows the name and the time.
    pub head: bool,
}

/// A message or a notice.
#[component(MessageRow)]
pub fn message_row(props: &MessageRowProps) -> Html {
    let MessageRowProps { entry, head } = props;
    let at = entry.at;
    let time = html! {
        <time datetime={text::date_time(at)} title={text::date_time(at)}>{ text::time(at) }</time>
    };
    match &entry.content {
        Content::Notice(notice) => html! {
            <div class="notice" data-testid="notice">
                <span class="visually-hidden">{ "Notice: " }</span>
                <span class="notice-text">{ notice }</span>
                { time }
            </div>
        },
        Content::Said { name, text, own } => html! {
            <article
                class={classes!("message", own.then_some("own"), head.then_some("head"))}
                data-testid="message"
                data-name={name.clone()}
                data-own={own.to_string()}
            >
                if *head {
                    <span class={classes!("avatar", hue(name))} aria-hidden="true">{ initial(name) }</span>
                    <p class="message-head"><b class={hue(name)}>{ name }</b>{ if *own { " (you)" } else { "" } }{ " " }{ time }</p>
                } else {
                    <span class="visually-hidden">{ format!("{name}: ") }</span>
                }
                <p class="bubble" data-testid="message-text" dir="auto">{ text }</p>
            </article>
        },
    }
}

/// The style sheet makes it a capital: the tables for that are in the browser already.
fn initial(name: &str) -> String {
    name.chars().take(1).collect()
}

/// One of eight colours, always the same for a name.
fn hue(name: &str) -> String {
    let sum = name.bytes().fold(7u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    format!("hue-{}", sum % 8)
}
