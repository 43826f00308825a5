//! The dialog of all rooms that a person may see: finds one by its name, joins it, or leads to a new
//! one.

use std::rc::Rc;

use client::Chat;
use client::browsing::Extent;
use client::room::Room;
use client::sorting;
use gloo_timers::callback::Timeout;
use shared::chat::{RoomFilter, RoomId};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::callbacks::{focus_on, set};
use super::composer::COMPOSER_ID;
use super::dialog::Dialog;
use super::field::{Field, field};
use super::icons::{Icon, icon};
use super::new_room::typed_name;
use super::rooms::mark;
use super::text;
use crate::state::Action;

/// The number of rooms that are shown at once: a server may have ten thousand.
const SHOWN: usize = 100;
/// The time without a key after which the server is asked, in milliseconds.
const PAUSE_MS: u32 = 300;
const QUERY_ID: &str = "browse-query";

/// Props of [`Browse`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct BrowseProps {
    /// The dialog is shown.
    pub open: bool,
    /// The chat with all known rooms.
    pub chat: Chat,
    /// There is a session: rooms can be joined.
    pub connected: bool,
    /// Takes the person's actions.
    pub act: Callback<Action>,
    /// Called with the room that the person wants to see and is in.
    pub on_open: Callback<RoomId>,
    /// Called with the name of a room that the person wants to make.
    pub on_new: Callback<String>,
    /// Called when the person wants the dialog closed.
    pub on_close: Callback<()>,
}

/// What follows when the browser has closed the dialog: until then it lets no focus out, and it gives
/// the focus back to the button that has opened the dialog.
enum Then {
    /// The person writes in a room.
    Write,
    /// The person makes a room of this name.
    Make(String),
}

/// The dialog of rooms.
#[component(Browse)]
pub fn browse(props: &BrowseProps) -> Html {
    let node = use_node_ref();
    let typed = use_state(String::new);
    let shown = use_state(|| SHOWN);
    let asked = use_state(|| None::<RoomId>);
    let then = use_mut_ref(|| None::<Then>);
    use_effect_with(props.open, {
        let (typed, shown, asked) = (typed.setter(), shown.setter(), asked.setter());
        move |open| {
            if *open {
                typed.set(String::new());
                shown.set(SHOWN);
                asked.set(None);
            }
        }
    });
    let part = typed.trim().trim_start_matches('#').to_owned();
    use_effect_with(part.clone(), {
        let (act, shown) = (props.act.clone(), shown.setter());
        move |part: &String| {
            shown.set(SHOWN);
            let part = part.clone();
            let timer = Timeout::new(PAUSE_MS, move || act.emit(Action::FindRooms(part)));
            move || drop(timer)
        }
    });
    let see = {
        let (on_open, on_close) = (props.on_open.clone(), props.on_close.clone());
        let then = then.clone();
        Callback::from(move |room: RoomId| {
            *then.borrow_mut() = Some(Then::Write);
            on_close.emit(());
            on_open.emit(room);
        })
    };
    // A room that was joined comes onto the screen by itself.
    use_effect_with(props.chat.current.clone(), {
        let (asked, see) = (asked.clone(), see.clone());
        move |current: &RoomId| {
            if asked.as_ref() == Some(current) {
                see.emit(current.clone());
            }
        }
    });
    let on_make = {
        let (then, on_close) = (then.clone(), props.on_close.clone());
        Callback::from(move |name: String| {
            *then.borrow_mut() = Some(Then::Make(name));
            on_close.emit(());
        })
    };
    let on_close = {
        let (on_new, on_close) = (props.on_new.clone(), props.on_close.clone());
        Callback::from(move |()| {
            match then.take() {
                Some(Then::Write) => focus_on(COMPOSER_ID),
                Some(Then::Make(name)) => on_new.emit(name),
                None => {}
            }
            on_close.emit(());
        })
    };
    let choose = {
        let (act, asked, see) = (props.act.clone(), asked.setter(), see);
        Callback::from(move |room: Rc<Room>| {
            if room.is_joined() {
                see.emit(room.id.clone());
            } else {
                asked.set(Some(room.id.clone()));
                act.emit(Action::Open(room.id.clone()));
            }
        })
    };
    let rooms = found(&props.chat, &part);
    let extent = props.chat.extent(&part);
    let name = asked.as_ref().map(ToString::to_string);
    let rejection = props.chat.browsing.rejection(name.as_deref());
    let waits = (*asked).clone().filter(|_| rejection.is_none());
    let onsubmit = {
        let (act, choose, part) = (props.act.clone(), choose.clone(), part.clone());
        let exact = rooms.iter().find(|it| it.id.to_string() == part);
        let only = exact.or(rooms.first().filter(|_| rooms.len() == 1));
        let only = only.filter(|it| props.connected || it.is_joined()).cloned();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            match &only {
                Some(only) => choose.emit(only.clone()),
                None => act.emit(Action::FindRooms(part.clone())),
            }
        })
    };
    let rows = rooms.iter().take(*shown);
    let rows = rows.map(|room| row(room, props, waits.as_ref(), &choose));
    let invalid = typed_name(&part).err();
    let wrong = invalid.filter(|_| rooms.is_empty() && extent == Extent::Whole);
    html! {
        <Dialog open={props.open} {on_close} title="Browse rooms" id="browse">
            <div ref={node.clone()} class="whole browse" onkeydown={Callback::from(move |event| step(&node, &event))}>
                <form {onsubmit}>
                    { field(Field {
                        id: QUERY_ID,
                        label: "Find a room",
                        value: (*typed).clone().into(),
                        on_input: set(&typed),
                        first: true,
                        error: wrong.map(|wrong| wrong.to_string().into()),
                        ..Field::default()
                    }) }
                </form>
                <p role="status" class="browse-status" data-testid="browse-status">
                    { said(rooms.len(), extent, &part, props.connected) }
                </p>
                <p role="alert" class="error" data-testid="browse-error">{ rejection.unwrap_or_default() }</p>
                <ul class="browse-list">{ for rows }</ul>
                { more(rooms.len(), &shown, extent, &part, props) }
                if invalid.is_none() && extent == Extent::Whole && rooms.iter().all(|it| it.id.to_string() != part) {
                    { make(part, on_make) }
                }
            </div>
        </Dialog>
    }
}

/// Returns the rooms whose names have this part, those that the person is not in first.
fn found(chat: &Chat, part: &str) -> Vec<Rc<Room>> {
    let filter = RoomFilter::from(part.to_owned());
    let named = |room: &&Rc<Room>| match &room.id {
        RoomId::Named(name) => filter.matches(name),
        RoomId::Direct(_) => false,
    };
    let mut rooms: Vec<_> = chat.rooms.values().filter(named).cloned().collect();
    sorting::sort_by(&mut rooms, |a, b| a.is_joined().cmp(&b.is_joined()));
    rooms
}

fn said(count: usize, extent: Extent, part: &str, connected: bool) -> String {
    match (extent, count) {
        _ if !connected => "Not connected: you can join rooms when you are.".to_owned(),
        (Extent::Asked, _) => "The server is looking…".to_owned(),
        (Extent::Whole, 0) => "No room is called so.".to_owned(),
        (Extent::Part, count) if part.is_empty() => {
            format!(
                "The server has more than these {}.",
                text::count(count as u64, "room")
            )
        }
        (Extent::Part, count) => format!("{} so far.", text::count(count as u64, "room")),
        (Extent::Whole, count) => text::count(count as u64, "room"),
    }
}

fn row(
    room: &Rc<Room>,
    props: &BrowseProps,
    waits: Option<&RoomId>,
    choose: &Callback<Rc<Room>>,
) -> Html {
    let name = room.title();
    let joined = room.is_joined();
    let verb = match (joined, waits == Some(&room.id)) {
        (true, _) => "Open",
        (false, true) => "Joining…",
        (false, false) => "Join",
    };
    let topic = room.topic.as_str();
    let (chosen, choose) = (room.clone(), choose.clone());
    html! {
        <li key={room.id.to_string()} class="browse-row" data-testid="browse-room" data-room={room.id.to_string()}>
            <div class="browse-room">
                <p class="browse-name">{ mark(room, props.chat.me.as_ref(), props.connected) }<b>{ &name }</b></p>
                if !topic.is_empty() {
                    <p class="browse-topic" dir="auto">{ topic }</p>
                }
                if joined {
                    <p class="browse-topic">
                        { "You are in it" }
                        // The number of members is known of one's own rooms only.
                        if room.count > 0 {
                            { format!(", {}", text::count(room.count as u64, "person")) }
                        }
                    </p>
                } else if let Some(by) = &room.invited_by {
                    <p class="browse-topic">{ format!("{} invites you", by.name) }</p>
                }
            </div>
            <button
                type="button"
                class="button"
                data-testid={if joined { "browse-open" } else { "browse-join" }}
                disabled={!joined && !props.connected}
                onclick={Callback::from(move |_: MouseEvent| choose.emit(chosen.clone()))}
            >
                { verb }<span class="visually-hidden">{ " " }{ name }</span>
            </button>
        </li>
    }
}

/// Shows the button for further rooms: those that are known, then those of the server.
fn more(
    count: usize,
    shown: &UseStateHandle<usize>,
    extent: Extent,
    part: &str,
    props: &BrowseProps,
) -> Html {
    if count <= **shown && extent != Extent::Part || !props.connected {
        return Html::default();
    }
    let (act, shown, part) = (props.act.clone(), shown.clone(), part.to_owned());
    let onclick = Callback::from(move |_: MouseEvent| {
        let next = *shown + SHOWN;
        shown.set(next);
        if count >= next {
            return;
        }
        act.emit(if part.is_empty() {
            Action::MoreRooms
        } else {
            Action::FindRooms(part.clone())
        });
    });
    html! {
        <button type="button" class="button" data-testid="browse-more" {onclick}>{ "More rooms" }</button>
    }
}

/// Shows the offer to make a room that is not there.
fn make(name: String, on_make: Callback<String>) -> Html {
    let said = format!("Make a room {name}…");
    let onclick = Callback::from(move |_: MouseEvent| on_make.emit(name.clone()));
    html! {
        <button type="button" class="button browse-make" data-testid="browse-make" {onclick}>
            { icon(Icon::Plus) }<span>{ said }</span>
        </button>
    }
}

/// Moves the focus from the search through the buttons by the arrow keys.
fn step(node: &NodeRef, event: &KeyboardEvent) {
    let by = match event.key().as_str() {
        "ArrowDown" => 1,
        "ArrowUp" => -1,
        _ => return,
    };
    let Some(area) = node.cast::<Element>() else {
        return;
    };
    let Ok(stops) = area.query_selector_all("input, button:not(:disabled)") else {
        return;
    };
    let focused = web_sys::window().and_then(|it| it.document()?.active_element());
    let place = (0..stops.length()).find(|at| stops.get(*at).as_ref() == focused.as_deref());
    let next = place.and_then(|at| at.checked_add_signed(by));
    let next = next.and_then(|at| stops.get(at)?.dyn_into::<HtmlElement>().ok());
    if let Some(next) = next {
        event.prevent_default();
        let _ = next.focus();
    }
}
