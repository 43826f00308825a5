//! The list of rooms: the person's own with their unread counts, people, invitations, and the way to
//! all others.

use std::rc::Rc;

use shared::chat::{Author, RoomId, Seq};
use yew::prelude::*;

use super::icons::{Icon, icon};
use crate::hooks::{ask_to_notify, may_notify, use_news};
use crate::state::news::News;
use client::Chat;
use client::listing::Listing;
use client::room::Room;

/// Props of [`Rooms`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct RoomsProps {
    /// The chat with all known rooms.
    pub chat: Chat,
    /// There is a session, so that what is said of people is so.
    pub connected: bool,
    /// The other rooms for which something was written and not sent.
    pub drafts: Vec<RoomId>,
    /// Called with the room that the person wants to see.
    pub on_open: Callback<RoomId>,
    /// Called with the message that the person wants to see, and its room.
    pub on_go_to: Callback<(RoomId, Seq)>,
    /// Called when the person wants a new room.
    pub on_new: Callback<()>,
    /// Called when the person wants to see the rooms that there are.
    pub on_browse: Callback<()>,
}

/// The list of rooms.
#[component(Rooms)]
pub fn rooms(props: &RoomsProps) -> Html {
    // Browsers allow the question only after a click, and a person who has answered is not asked
    // again.
    let asking = use_state(|| may_notify().is_none());
    let on_notify = {
        let asking = asking.setter();
        Callback::from(move |_: MouseEvent| {
            let asking = asking.clone();
            ask_to_notify(move || asking.set(may_notify().is_none()));
        })
    };
    let on_show = {
        let (chat, on_go_to) = (props.chat.clone(), props.on_go_to.clone());
        Callback::from(move |(number, seq): (u64, Seq)| {
            // By its number, because it may have been renamed meanwhile.
            let mut rooms = chat.rooms.values();
            if let Some(room) = rooms.find(|room| room.number == number) {
                on_go_to.emit((room.id.clone(), seq));
            }
        })
    };
    use_news(News::of(&props.chat), &on_show);
    let Listing {
        named,
        direct,
        invited,
        others,
    } = Listing::of(&props.chat);
    html! {
        <nav class="rooms" translate="no" aria-label="Rooms" data-testid="rooms">
            <div class="rooms-head">
                <h2>{ "Rooms" }</h2>
                <button
                    type="button"
                    class="button button-icon"
                    data-testid="room-new"
                    aria-label="New room"
                    title="New room"
                    onclick={props.on_new.reform(|_: MouseEvent| ())}
                >
                    { icon(Icon::Plus) }
                </button>
            </div>
            { list(&named, props) }
            if !direct.is_empty() {
                <h3>{ "People" }</h3>
                { list(&direct, props) }
            }
            if !invited.is_empty() {
                <h3>{ "Invitations" }</h3>
                { list(&invited, props) }
            }
            { browse(others.len(), props) }
            if *asking {
                <button type="button" class="button notify" data-testid="notify-ask" onclick={on_notify}>
                    { icon(Icon::Info) }{ "Tell me when I am mentioned" }
                </button>
            }
        </nav>
    }
}

/// Shows the button for the rooms that the person is not in, with their number.
fn browse(others: usize, props: &RoomsProps) -> Html {
    let more = props.chat.has_more_rooms();
    html! {
        <button
            type="button"
            class="row-button room-entry"
            data-testid="browse-rooms"
            aria-haspopup="dialog"
            onclick={props.on_browse.reform(|_: MouseEvent| ())}
        >
            { icon(Icon::Search) }
            <span class="room-entry-name">{ "Browse rooms" }</span>
            if others > 0 {
                <span class="count">
                    { others }{ if more { "+" } else { "" } }
                    <span class="visually-hidden">{ " to join" }</span>
                </span>
            }
        </button>
    }
}

fn list(rooms: &[Rc<Room>], props: &RoomsProps) -> Html {
    let rows = rooms.iter().map(|room| {
        let id = room.id.clone();
        let onclick = props.on_open.reform(move |_: MouseEvent| id.clone());
        row(room, props, onclick)
    });
    html! { <ul class="room-list">{ for rows }</ul> }
}

fn row(room: &Room, props: &RoomsProps, onclick: Callback<MouseEvent>) -> Html {
    let chat = &props.chat;
    let current = room.id == chat.current;
    let me = chat.me.as_ref();
    let (unread, mentions) = chat.news(room);
    let muted = chat.muted.has(&room.id);
    let name = room.title();
    html! {
        <li key={room.id.to_string()}>
            <button
                type="button"
                class={classes!("row-button", "room-entry", (unread > 0).then_some("unread"), muted.then_some("muted"))}
                data-testid="room"
                data-room={room.id.to_string()}
                aria-current={current.then_some("true")}
                title={room.topic.as_str().to_owned()}
                {onclick}
            >
                { mark(room, me, props.connected) }
                <span class="room-entry-name">{ name }</span>
                if mentions > 0 {
                    <span class="count mentioned" data-testid="room-mentions">
                        { "@" }{ short(mentions) }
                        <span class="visually-hidden">{ " for you" }</span>
                    </span>
                } else if unread > 0 {
                    <span class="count" data-testid="room-unread">
                        { short(unread) }<span class="visually-hidden">{ " unread" }</span>
                    </span>
                }
                if muted {
                    <span class="count draft" data-testid="room-muted">{ "muted" }</span>
                }
                if props.drafts.contains(&room.id) {
                    <span class="count draft" data-testid="room-draft">{ "draft" }</span>
                }
                if room.invited_by.is_some() {
                    <span class="count mentioned">{ "invited" }</span>
                }
            </button>
        </li>
    }
}

/// Returns the mark before a room's name.
pub fn mark(room: &Room, me: Option<&Author>, connected: bool) -> Html {
    if room.is_direct() {
        let others = room
            .members
            .iter()
            .find(|it| Some(it.id) != me.map(|me| me.id));
        return presence(connected.then(|| others.is_some_and(|it| it.online)));
    }
    if room.private {
        return html! { <>{ icon(Icon::Locked) }<span class="visually-hidden">{ "Private: " }</span></> };
    }
    html! { <span class="hash" aria-hidden="true">{ "#" }</span> }
}

/// Shows a dot: full for a person who is online, grey while nobody can know. The word beside it is
/// for screen readers.
pub fn presence(online: Option<bool>) -> Html {
    let (class, said) = match online {
        Some(true) => ("online", "Online: "),
        Some(false) => ("offline", "Away: "),
        None => ("unknown", ""),
    };
    html! {
        <><span class={classes!("dot", class)} aria-hidden="true" /><span class="visually-hidden">{ said }</span></>
    }
}

fn short(count: u64) -> String {
    match count {
        0..100 => count.to_string(),
        _ => "99+".to_owned(),
    }
}
