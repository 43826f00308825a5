//! Reactions: the existing ones, and a small board to choose another from.

use shared::chat::{Author, Emoji};
use yew::prelude::*;

use super::callbacks::{on_escape, set_to};
use super::doing::Doing;
use client::log::Message;

/// The emoji of the board, with the names that screen readers say.
const BOARD: [(&str, &str); 16] = [
    ("👍", "thumbs up"),
    ("👎", "thumbs down"),
    ("❤️", "heart"),
    ("😂", "tears of joy"),
    ("🎉", "party"),
    ("😮", "astonished"),
    ("😢", "crying"),
    ("🙏", "thank you"),
    ("🔥", "fire"),
    ("👀", "eyes"),
    ("✅", "done"),
    ("❌", "no"),
    ("🤔", "thinking"),
    ("👏", "clapping"),
    ("🚀", "rocket"),
    ("☕", "coffee"),
];

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

/// Shows the board, which closes with a choice or with Esc.
pub fn picker(
    message: &Message,
    me: Option<&Author>,
    on_do: &Callback<Doing>,
    shown: &UseStateHandle<bool>,
) -> Html {
    let offered = BOARD.iter().filter_map(|(emoji, name)| {
        let emoji = Emoji::parse(emoji).ok()?;
        let writing = message.toggle(me.map(|me| me.id), &emoji);
        let (on_do, shown) = (on_do.clone(), shown.setter());
        let onclick = Callback::from(move |_: MouseEvent| {
            shown.set(false);
            on_do.emit(Doing::Write(writing.clone()));
        });
        Some(html! {
            <button type="button" class="tool" aria-label={*name} title={*name} {onclick}>
                { emoji.as_str() }
            </button>
        })
    });
    let onkeydown = on_escape(set_to(shown, false));
    html! {
        <div class="board" translate="no" role="group" aria-label="Choose a reaction" data-testid="reaction-board" {onkeydown}>
            { for offered }
        </div>
    }
}
