//! The bar above the room on the screen: its title, the shield, and the buttons of the panels.

use client::room::Room;
use shared::chat::Author;
use yew::prelude::*;

use super::aside::AsideState;
use super::props::ChatScreenProps;
use crate::components::callbacks::hide_popover;
use crate::components::icons::{Icon, icon};
use crate::components::rooms::presence;
use crate::components::shield::Shield;
use crate::state::Action;
use crate::state::connection::Connection;
use crate::state::panel::Panel;

/// The id of the button that shows the other tools on a phone.
pub(super) const MORE_ID: &str = "bar-more";

/// The id of the tools that are a popover on a phone.
const REST_ID: &str = "bar-rest";

/// Shows the bar of `room`. `drawer` tells whether the list of rooms lies over the chat.
pub(super) fn bar(
    props: &ChatScreenProps,
    room: &Room,
    aside: &AsideState,
    drawer: bool,
    on_drawer: Callback<MouseEvent>,
) -> Html {
    let chat = &props.chat;
    let mut others = chat.rooms.values().filter(|it| it.id != chat.current);
    let news = others.any(|other| chat.news(other).0 > 0);
    let tool = |id: &'static str, shape: Icon, which: Panel| {
        let (expanded, label) = (aside.open() == Some(which), which.label());
        let onclick = aside.on_toggle(which);
        html! {
            <button type="button" class="tool-button" data-testid={id} aria-expanded={expanded.to_string()} aria-label={label} title={label} {onclick}>
                { icon(shape) }<span class="tool-label">{ label }</span>
            </button>
        }
    };
    // On a phone the tools are a popover, which closes when one was chosen. Elsewhere they stand in
    // the bar, and there is nothing to close.
    let on_chosen = Callback::from(|_: MouseEvent| hide_popover(REST_ID));
    html! {
        <header class="bar" translate="no">
            <button
                type="button"
                class="tool-button drawer-toggle"
                data-testid="rooms-toggle"
                aria-expanded={drawer.to_string()}
                aria-label="Rooms"
                onclick={on_drawer}
            >
                { icon(Icon::Steps) }
                if news {
                    <span class="dot news" /><span class="visually-hidden">{ "There is something new." }</span>
                }
            </button>
            { heading(props, room, chat.me.as_ref()) }
            <div class="bar-tools">
                { tool("search-toggle", Icon::Search, Panel::Search) }
                <button
                    type="button"
                    id={MORE_ID}
                    class="tool-button bar-more"
                    data-testid="bar-more"
                    aria-label="More"
                    title="More"
                    popovertarget={REST_ID}
                >
                    { icon(Icon::More) }
                </button>
                <div id={REST_ID} class="bar-rest" popover="auto" onclick={on_chosen}>
                    { tool("members-toggle", Icon::People, Panel::Members) }
                    { tool("inspect-toggle", Icon::Steps, Panel::Inspector) }
                    { mute(props, room) }
                    if chat.operator {
                        { tool("console-toggle", Icon::Plug, Panel::Console) }
                    }
                </div>
            </div>
        </header>
    }
}

/// Shows the button that mutes the room for the person alone, or ends that.
fn mute(props: &ChatScreenProps, room: &Room) -> Html {
    let muted = props.chat.muted.has(&room.id);
    let (shape, label) = if muted {
        (Icon::Muted, "Unmute")
    } else {
        (Icon::Bell, "Mute all but mentions")
    };
    let id = room.id.clone();
    let onclick = props.act.reform(move |_: MouseEvent| Action::Mute {
        room: id.clone(),
        on: !muted,
    });
    html! {
        <button type="button" class="tool-button" data-testid="mute-toggle" aria-label={label} title={label} {onclick}>
            { icon(shape) }<span class="tool-label">{ label }</span>
        </button>
    }
}

fn heading(props: &ChatScreenProps, room: &Room, me: Option<&Author>) -> Html {
    let other = room
        .members
        .iter()
        .find(|it| Some(it.id) != me.map(|me| me.id));
    let connected = props.connection == Connection::Ready;
    html! {
        <div class="bar-head">
            <h1 data-testid="room-title" class={classes!((!room.is_direct()).then_some("named"))}>
                if room.is_direct() {
                    { presence(connected.then(|| other.is_some_and(|it| it.online))) }
                }
                { room.title() }
            </h1>
            <Shield protection={props.protection} on_verify={props.on_verify.clone()} />
            if !room.topic.as_str().is_empty() {
                <p class="bar-topic" title={room.topic.as_str().to_owned()}>{ room.topic.as_str() }</p>
            }
        </div>
    }
}
