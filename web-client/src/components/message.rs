//! One message: author, time, text, reactions, and the actions on it.

use std::rc::Rc;

use shared::chat::{Author, Seq};
use yew::prelude::*;

use super::callbacks::set_to;
use super::doing::Doing;
use super::icons::{Icon, icon};
use super::person::{avatar, hue};
use super::reaction_board::ReactionBoard;
use super::said::{self, said};
use super::{reactions, text};
use crate::state::settings::Clock;
use client::log::Message;
use client::markup;
use client::outbox::Writing;

/// Props of [`MessageRow`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct MessageRowProps {
    /// The message of this row.
    pub message: Rc<Message>,
    /// The message that this one answers, if it has been loaded.
    pub answered: Option<Rc<Message>>,
    /// The person at this page.
    pub me: Option<Author>,
    /// The person may delete messages of others.
    pub moderates: bool,
    /// The message is the first of its author's group: it shows the name and the time.
    pub head: bool,
    /// The message is being answered or edited.
    pub chosen: bool,
    /// The clock of the times. They are formatted anew when it changes.
    pub clock: Clock,
    /// The number of times that the person was led to a message, if it was this one.
    pub glow: Option<u32>,
    /// Called with the person's action on the message.
    pub on_do: Callback<Doing>,
}

/// A row of the log with one message.
#[component(MessageRow)]
pub fn message_row(props: &MessageRowProps) -> Html {
    let MessageRowProps { message, head, .. } = props;
    let deleting = use_state(|| false);
    let picking = use_state(|| false);
    let versions = use_state(|| false);
    let own = props.me.as_ref().is_some_and(|me| me.id == message.from.id);
    let name = message.from.name.as_str();
    let class = classes!(
        "message",
        own.then_some("own"),
        head.then_some("head"),
        props.chosen.then_some("chosen"),
        // Two names, because the same one would not start its animation again.
        props
            .glow
            .map(|times| if times % 2 == 0 { "glow" } else { "glow-again" }),
    );
    // Mentions of the person stand out, in every message.
    let own_name = props.me.as_ref().map(|me| me.name.as_str());
    html! {
        <article
            {class}
            data-testid="message"
            data-seq={message.seq.to_string()}
            data-name={name.to_owned()}
            data-own={own.to_string()}
            // The arrows go from message to message; see `log/stops.rs`.
            tabindex="-1"
        >
            if *head {
                { author(&message.from, own, message.at) }
            } else {
                // Screen readers read each message by itself, without the group's head.
                <span class="visually-hidden" translate="no">{ format!("{name}: ") }</span>
            }
            if let Some(of) = message.reply_to {
                { reply_line(of, props.answered.as_deref(), &props.on_do) }
            }
            if !*head {
                // Within a group the time shows when the row is pointed at or has the focus.
                { time(message.at, Some("row-time")) }
            }
            <div class="bubble">
                { match &message.text {
                    Some(text) => html! {
                        <>
                            <div key={said::key(text, own_name)} data-testid="message-text">
                                { said(text, own_name) }
                            </div>
                            if message.edited {
                                { " " }{ edited(message, &versions) }
                            }
                        </>
                    },
                    None => html! { <em class="deleted" translate="no" data-testid="deleted">{ "Deleted" }</em> },
                } }
            </div>
            if !message.reactions.is_empty() {
                { reactions::chips(message, props.me.as_ref(), &props.on_do) }
            }
            if message.text.is_some() {
                { tools(props, own, &picking, &deleting) }
            }
            if *picking {
                <ReactionBoard
                    message={message.clone()}
                    me={props.me.clone()}
                    on_do={props.on_do.clone()}
                    on_close={set_to(&picking, false)}
                />
            }
            if *deleting {
                { question(message.seq, &props.on_do, &deleting) }
            }
        </article>
    }
}

/// Shows who wrote a group of messages, and the time of the first, in milliseconds since 1970.
pub(super) fn author(from: &Author, own: bool, at: u64) -> Html {
    let name = from.name.as_str();
    html! {
        <>
            { avatar(name) }
            <p class="message-head" translate="no" title={from.id.to_string()}>
                <b class={hue(name)}>{ name }</b>{ if own { " (you)" } else { "" } }{ " " }{ time(at, None) }
            </p>
        </>
    }
}

/// Shows a time of the day, in milliseconds since 1970, with the date in its tooltip.
fn time(at: u64, class: Option<&'static str>) -> Html {
    html! {
        <time {class} translate="no" datetime={text::iso(at)} title={text::moment(at)}>{ text::time(at) }</time>
    }
}

/// Shows that a message was edited, and its former texts if the person wants to see them.
fn edited(message: &Message, shown: &UseStateHandle<bool>) -> Html {
    // The texts of edits that were sent before the loaded ones are not here.
    if message.former.is_empty() {
        return html! { <small class="edited" translate="no" data-testid="edited">{ "edited" }</small> };
    }
    let onclick = {
        let shown = shown.clone();
        Callback::from(move |_: MouseEvent| shown.set(!*shown))
    };
    html! {
        <>
            <button
                type="button"
                class="edited link"
                translate="no"
                data-testid="edited"
                aria-expanded={shown.to_string()}
                title={format!("Edited {}", text::moment(message.text_at))}
                {onclick}
            >
                { "edited" }
            </button>
            if **shown {
                { former(message) }
            }
        </>
    }
}

/// Shows the former texts of an edited message.
// A function of its own in the program, too: it is in the later part (`later.rs`).
#[inline(never)]
fn former(message: &Message) -> Html {
    let former = message.former.iter().map(|former| {
        html! {
            <li>
                { time(former.at, None) }
                <div key={said::key(&former.text, None)}>{ said(&former.text, None) }</div>
            </li>
        }
    });
    html! {
        <ol class="former" data-testid="former" aria-label="Former texts">{ for former }</ol>
    }
}

/// Shows the first line of the message that this one answers.
pub(super) fn reply_line(of: Seq, answered: Option<&Message>, on_do: &Callback<Doing>) -> Html {
    let onclick = on_do.reform(move |_: MouseEvent| Doing::Show(of));
    let said = match answered {
        Some(message) => {
            let line = message.text.as_deref().map(markup::first_line);
            let line = line.unwrap_or_else(|| "a deleted message".to_owned());
            html! {
                <>
                    <span translate="no">{ message.from.name.as_str() }{ ": " }</span>
                    <span key={said::key(&line, None)} data-testid="quoted-text">{ line }</span>
                </>
            }
        }
        None => html! { { "an earlier message" } },
    };
    html! {
        <button type="button" class="reply-line" data-testid="reply-line" {onclick}>
            <span class="visually-hidden" translate="no">{ "Answers " }</span>
            { icon(Icon::Reply) }<span>{ said }</span>
        </button>
    }
}

fn tools(
    props: &MessageRowProps,
    own: bool,
    picking: &UseStateHandle<bool>,
    deleting: &UseStateHandle<bool>,
) -> Html {
    let seq = props.message.seq;
    let pick = {
        let picking = picking.clone();
        Callback::from(move |_: MouseEvent| picking.set(!*picking))
    };
    let delete = {
        let deleting = deleting.setter();
        Callback::from(move |_: MouseEvent| deleting.set(true))
    };
    let tool = |id: &'static str, label: &'static str, shape, onclick: Callback<MouseEvent>| {
        html! {
            <button type="button" class="tool" data-testid={id} aria-label={label} title={label} {onclick}>
                { icon(shape) }
            </button>
        }
    };
    // A moderator deletes messages of others, but nobody edits them.
    let reply = props.on_do.reform(move |_: MouseEvent| Doing::Reply(seq));
    let unread = props.on_do.reform(move |_: MouseEvent| Doing::Unread(seq));
    let edit = props.on_do.reform(move |_: MouseEvent| Doing::Edit(seq));
    let id = props.message.id;
    let frames = props.on_do.reform(move |_: MouseEvent| Doing::Frames(id));
    html! {
        <div class="tools" translate="no" role="group" aria-label="What to do with this message">
            { tool("message-react", "React", Icon::Smile, pick) }
            { tool("message-reply", "Reply", Icon::Reply, reply) }
            if !own {
                { tool("message-unread", "Mark as unread from here", Icon::Unread, unread) }
            }
            if own {
                { tool("message-edit", "Edit", Icon::Sign, edit) }
            }
            { tool("message-frames", "Show its frames", Icon::Steps, frames) }
            if own || props.moderates {
                { tool("message-delete", "Delete", Icon::Bin, delete) }
            }
        </div>
    }
}

/// Asks before a message is deleted, because that cannot be undone.
// A function of its own in the program, too: it is in the later part (`later.rs`).
#[inline(never)]
fn question(seq: Seq, on_do: &Callback<Doing>, deleting: &UseStateHandle<bool>) -> Html {
    let yes = {
        let (on_do, deleting) = (on_do.clone(), deleting.setter());
        Callback::from(move |_: MouseEvent| {
            deleting.set(false);
            on_do.emit(Doing::Write(Writing::Delete { of: seq }));
        })
    };
    let no = {
        let deleting = deleting.setter();
        Callback::from(move |_: MouseEvent| deleting.set(false))
    };
    html! {
        <p class="question" translate="no" role="alert">
            { "Delete this message for everybody?" }
            <span class="answers">
                <button type="button" class="link" data-testid="delete-yes" onclick={yes}>{ "Delete" }</button>
                <button type="button" class="link" data-testid="delete-no" onclick={no}>{ "Keep" }</button>
            </span>
        </p>
    }
}
