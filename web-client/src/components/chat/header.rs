//! The head of the room on the screen: its title, the person's name, and the buttons of the panels.

use client::Chat;
use client::room::Room;
use shared::chat::Author;
use yew::prelude::*;

use super::aside::{Aside, AsideState};
use super::props::ChatScreenProps;
use crate::components::icons::{Icon, icon};
use crate::components::rooms::presence;
use crate::state::Action;

/// Shows the head of `room`. `drawer` tells whether the list of rooms lies over the chat.
pub(super) fn header(
    props: &ChatScreenProps,
    room: &Room,
    aside: &AsideState,
    drawer: bool,
    on_drawer: Callback<MouseEvent>,
) -> Html {
    let chat = &props.chat;
    let unread: u64 = chat.rooms.values().map(|other| waiting(other, chat)).sum();
    let tool = |id: &'static str, shape: Icon, which: Aside| {
        let (expanded, label) = (aside.open() == Some(which), which.label());
        let onclick = aside.on_toggle(which);
        html! {
            <button type="button" class="button" data-testid={id} aria-expanded={expanded.to_string()} aria-label={label} title={label} {onclick}>
                { icon(shape) }<span class="button-label">{ label }</span>
            </button>
        }
    };
    html! {
        <header class="room" translate="no">
            <button
                type="button"
                class="button drawer-toggle"
                data-testid="rooms-toggle"
                aria-expanded={drawer.to_string()}
                aria-label="Rooms"
                onclick={on_drawer}
            >
                { icon(Icon::Steps) }
                if unread > 0 {
                    <span class="dot news" /><span class="visually-hidden">{ "There is something new." }</span>
                }
            </button>
            { heading(room, chat.me.as_ref()) }
            if let Some(name) = chat.own_name() {
                <p class="room-name">{ "You are " }<b data-testid="own-name">{ name.to_owned() }</b></p>
            }
            <div class="room-tools">
                { tool("search-toggle", Icon::Search, Aside::Search) }
                if chat.operator {
                    { tool("console-toggle", Icon::Plug, Aside::Console) }
                }
                { tool("members-toggle", Icon::People, Aside::Members) }
                { tool("handshake-toggle", Icon::Key, Aside::Handshake) }
                <button
                    type="button"
                    class="button"
                    data-testid="disconnect"
                    aria-label="Disconnect"
                    title="Disconnect"
                    onclick={props.act.reform(|_: MouseEvent| Action::Disconnect)}
                >
                    { icon(Icon::Leave) }<span class="button-label">{ "Disconnect" }</span>
                </button>
            </div>
        </header>
    }
}

/// Returns the number of unread messages in a room that is not on the screen.
fn waiting(room: &Room, chat: &Chat) -> u64 {
    if room.id == chat.current {
        return 0;
    }
    room.unread(chat.me.as_ref().map(|me| me.id))
}

fn heading(room: &Room, me: Option<&Author>) -> Html {
    let other = room
        .members
        .iter()
        .find(|it| Some(it.id) != me.map(|me| me.id));
    html! {
        <div class="room-head">
            <h1 data-testid="room-title" class={classes!((!room.is_direct()).then_some("named"))}>
                if room.is_direct() {
                    { presence(other.is_some_and(|it| it.online)) }
                }
                { room.title() }
            </h1>
            if !room.topic.as_str().is_empty() {
                <p class="room-topic" title={room.topic.as_str().to_owned()}>{ room.topic.as_str() }</p>
            }
        </div>
    }
}
