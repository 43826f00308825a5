//! The quick switcher (Ctrl+K) and the sheet of shortcuts (Ctrl+/): dialogs that the keyboard
//! opens.

use client::sorting;
use gloo_events::{EventListener, EventListenerOptions};
use shared::chat::RoomId;
use wasm_bindgen::JsCast;
use yew::prelude::*;

use super::callbacks::{set, set_to};
use super::dialog::Dialog;
use super::field::{Field, field};
use crate::hooks::use_opened;
use crate::state::settings::SendKey;
use crate::state::shortcuts::{self, Shortcut};
use client::Chat;
use client::fuzzy;
use client::listing::Listing;

/// The most rooms that are offered.
const OFFERED: usize = 8;

/// Props of [`Switcher`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct SwitcherProps {
    /// The chat with all known rooms.
    pub chat: Chat,
    /// The keys that send a message, as the list of shortcuts has them.
    pub send_key: SendKey,
    /// Called with the room that the person wants to see.
    pub on_open: Callback<RoomId>,
    /// Called when the person wants a new room.
    pub on_new: Callback<()>,
}

/// The dialog that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Switcher,
    Help,
}

/// The dialogs, and the keys that open them.
#[component(Switcher)]
pub fn switcher(props: &SwitcherProps) -> Html {
    let open = use_state(|| None::<Open>);
    let query = use_state(String::new);
    // The listener is added once and lives longer than a render, so it reads the latest props here.
    let latest = use_mut_ref(|| props.clone());
    *latest.borrow_mut() = props.clone();
    use_effect_with((), {
        let (open, query, latest) = (open.setter(), query.setter(), latest.clone());
        move |()| {
            // The browser uses some of these keys itself; a passive listener could not prevent
            // that.
            let options = EventListenerOptions::enable_prevent_default();
            let listener = web_sys::window().map(|window| {
                EventListener::new_with_options(&window, "keydown", options, move |event| {
                    let Some(event) = event.dyn_ref::<web_sys::KeyboardEvent>() else {
                        return;
                    };
                    // The command key takes the place of Ctrl on a Mac.
                    let control = event.ctrl_key() || event.meta_key();
                    let (key, code) = (event.key(), event.code());
                    let Some(shortcut) = shortcuts::of(&key, &code, control, event.alt_key())
                    else {
                        return;
                    };
                    event.prevent_default();
                    let props = latest.borrow().clone();
                    match shortcut {
                        Shortcut::Switch => {
                            query.set(String::new());
                            open.set(Some(Open::Switcher));
                        }
                        Shortcut::Help => open.set(Some(Open::Help)),
                        Shortcut::NewRoom => props.on_new.emit(()),
                        Shortcut::Next => step(&props, 1),
                        Shortcut::Previous => step(&props, -1),
                    }
                })
            });
            move || drop(listener)
        }
    });
    if !use_opened(open.is_some()) {
        return Html::default();
    }
    dialogs(props, &open, &query)
}

// A function of its own in the program, too: it is in the later part (`later.rs`).
#[inline(never)]
fn dialogs(
    props: &SwitcherProps,
    open: &UseStateHandle<Option<Open>>,
    query: &UseStateHandle<String>,
) -> Html {
    let on_close = set_to(open, None);
    let found = found(&props.chat, query);
    let choose = {
        let (on_open, on_close) = (props.on_open.clone(), on_close.clone());
        Callback::from(move |room: RoomId| {
            on_close.emit(());
            on_open.emit(room);
        })
    };
    let onsubmit = {
        let (first, choose) = (found.first().map(|(id, _)| id.clone()), choose.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(first) = &first {
                choose.emit(first.clone());
            }
        })
    };
    let rows = found.iter().map(|(id, title)| {
        let room = id.clone();
        html! {
            <li key={id.to_string()}>
                <button
                    type="button"
                    class="row-button room-entry"
                    data-testid="switcher-room"
                    onclick={choose.reform(move |_: MouseEvent| room.clone())}
                >
                    { title }
                </button>
            </li>
        }
    });
    html! {
        <>
            <Dialog open={**open == Some(Open::Switcher)} on_close={on_close.clone()} title="Go to" id="switcher">
                <form {onsubmit}>
                    { field(Field {
                        id: "switcher-query",
                        label: "Room or person",
                        value: (**query).clone().into(),
                        on_input: set(query),
                        first: true,
                        ..Field::default()
                    }) }
                    <ul class="room-list">{ for rows }</ul>
                    if found.is_empty() {
                        <p>{ "Nothing is called like that." }</p>
                    }
                </form>
            </Dialog>
            <Dialog open={**open == Some(Open::Help)} {on_close} title="Shortcuts" id="shortcuts">
                <dl class="shortcuts">
                    { for shortcuts::listed(props.send_key).map(|(keys, does)| html! {
                        <div key={does}><dt><kbd>{ keys }</kbd></dt><dd>{ does }</dd></div>
                    }) }
                </dl>
            </Dialog>
        </>
    }
}

/// Returns the rooms whose names match best.
fn found(chat: &Chat, query: &str) -> Vec<(RoomId, String)> {
    let rooms = chat.rooms.values();
    let mut scored: Vec<_> = rooms
        .filter_map(|room| {
            let title = room.title();
            let score = fuzzy::score(query, &title)?;
            Some((score, room.is_joined(), room.id.clone(), title))
        })
        .collect();
    sorting::sort_by(&mut scored, |a, b| {
        b.0.cmp(&a.0).then(b.1.cmp(&a.1)).then(a.3.cmp(&b.3))
    });
    scored.truncate(OFFERED);
    scored
        .into_iter()
        .map(|(_, _, id, title)| (id, title))
        .collect()
}

/// Shows the next or the previous one of the person's rooms in the list.
fn step(props: &SwitcherProps, by: isize) {
    let listing = Listing::of(&props.chat);
    let rooms: Vec<_> = listing.own().collect();
    let at = rooms.iter().position(|room| room.id == props.chat.current);
    let Some(at) = at.and_then(|at| isize::try_from(at).ok()) else {
        return;
    };
    // `rem_euclid` wraps around at both ends of the list.
    let count = isize::try_from(rooms.len()).unwrap_or(1).max(1);
    let next = usize::try_from((at + by).rem_euclid(count)).unwrap_or(0);
    if let Some(room) = rooms.get(next) {
        props.on_open.emit(room.id.clone());
    }
}
