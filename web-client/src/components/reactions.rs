//! The reactions under a message.

use shared::chat::Author;
use yew::prelude::*;

use super::doing::Doing;
use client::log::Message;

/// Shows the reactions under a message: each is a button that adds or removes the person's own.
pub fn chips(message: &Message, me: Option<&Author>, on_do: &Callback<Doing>) -> Html {
    let chips = message.reactions.iter().map(|reaction| {
        let own = reaction.is_by(me.map(|me| me.id));
        let names: Vec<_> = reaction.by.iter().map(|by| by.name.as_str()).collect();
        let names = names.join(", ");
        // The same button adds and removes the person's own reaction; the entry must say which.
        let writing = message.toggle(me.map(|me| me.id), &reaction.emoji);
        let onclick = on_do.reform(move |_: MouseEvent| Doing::Write(writing.clone()));
        html! {
            <button
                key={reaction.emoji.to_string()}
                type="button"
                class="chip"
                data-testid="reaction"
                aria-pressed={own.to_string()}
                title={names.clone()}
                {onclick}
            >
                // Screen readers get one sentence, with the names that sighted people see in the
                // tool tip.
                <span aria-hidden="true">{ reaction.emoji.as_str() }</span>
                <span>{ reaction.by.len() }</span>
                <span class="visually-hidden">{ format!("{} by {names}", reaction.emoji) }</span>
            </button>
        }
    });
    html! { <div class="chips" translate="no">{ for chips }</div> }
}
