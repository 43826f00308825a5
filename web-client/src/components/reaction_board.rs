//! The board from which a person chooses a reaction: a search, the latest ones, and all others.

use client::emoji;
use client::log::Message;
use client::sorting;
use gloo_timers::callback::Timeout;
use shared::chat::{Author, Emoji};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};
use yew::prelude::*;

use super::callbacks::set;
use super::doing::Doing;
use super::field::{Field, field};
use crate::hooks::use_recent_emoji;

/// The columns of the board, as `messages.css` has it: the arrows up and down go by them.
const COLUMNS: usize = 8;

/// Props of [`ReactionBoard`].
#[derive(Clone, PartialEq, Properties)]
pub struct ReactionBoardProps {
    /// The message that gets the reaction.
    pub message: std::rc::Rc<Message>,
    /// The person at this page.
    pub me: Option<Author>,
    /// Called with the person's choice.
    pub on_do: Callback<Doing>,
    /// Called when the board is not needed any more.
    pub on_close: Callback<()>,
}

/// The board, which closes with a choice or with Esc.
#[component(ReactionBoard)]
pub fn reaction_board(props: &ReactionBoardProps) -> Html {
    let typed = use_state(String::new);
    let node = use_node_ref();
    let recent = use_recent_emoji();
    use_effect_with((), {
        let node = node.clone();
        move |()| {
            let board = node.cast::<HtmlElement>();
            let search = board.and_then(|board| board.query_selector("input").ok()?);
            if let Some(search) = search.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
                let _ = search.focus();
            }
            // A log that is at its end stays there when it grows, which may move the board out of view:
            // it is shown after that.
            let timeout = Timeout::new(0, move || {
                if let Some(board) = node.cast::<Element>() {
                    let options = ScrollIntoViewOptions::new();
                    options.set_block(ScrollLogicalPosition::Nearest);
                    board.scroll_into_view_with_scroll_into_view_options(&options);
                }
            });
            move || drop(timeout)
        }
    });
    let choose = {
        let (props, recent) = (props.clone(), recent.clone());
        Callback::from(move |chosen: &'static str| {
            let Ok(emoji) = Emoji::parse(chosen) else {
                return;
            };
            recent.add(chosen);
            let writing = props
                .message
                .toggle(props.me.as_ref().map(|me| me.id), &emoji);
            props.on_close.emit(());
            props.on_do.emit(Doing::Write(writing));
        })
    };
    let mut found = emoji::search(&typed);
    if typed.trim().is_empty() {
        // Those that the person uses come first; each is there once.
        let is_recent = |it: &emoji::Offered| recent.place(it.0);
        found = emoji::EMOJI.to_vec();
        sorting::sort_by_cached_key(&mut found, |it| is_recent(it).unwrap_or(usize::MAX));
    }
    let count = found.len();
    let first = found.first().map(|it| it.0);
    let onsubmit = {
        let choose = choose.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(first) = first {
                choose.emit(first);
            }
        })
    };
    let onkeydown = {
        let (node, on_close) = (node.clone(), props.on_close.clone());
        Callback::from(move |event: KeyboardEvent| {
            // The log has a meaning of its own for the arrows.
            event.stop_propagation();
            if event.key() == "Escape" {
                on_close.emit(());
            } else if step(&node, &event.key()) {
                event.prevent_default();
            }
        })
    };
    let buttons = found.into_iter().map(|offered| {
        let (choose, name) = (choose.clone(), emoji::name(offered));
        html! {
            <button
                key={offered.0}
                type="button"
                class="tool"
                aria-label={name.clone()}
                title={name}
                onclick={Callback::from(move |_: MouseEvent| choose.emit(offered.0))}
            >
                { offered.0 }
            </button>
        }
    });
    html! {
        <form
            ref={node}
            class="board"
            translate="no"
            aria-label="Choose a reaction"
            data-testid="reaction-board"
            {onsubmit}
            {onkeydown}
        >
            { field(Field {
                id: "reaction-search",
                label: "Search a reaction",
                value: (*typed).clone().into(),
                on_input: set(&typed),
                ..Field::default()
            }) }
            <p class="visually-hidden" role="status">
                { if typed.is_empty() { String::new() } else { format!("{count} found") } }
            </p>
            <div class="board-grid">{ for buttons }</div>
            if count == 0 {
                <p class="hint">{ "Nothing is called like that." }</p>
            }
        </form>
    }
}

/// Moves the focus between the buttons of the board; returns `true` if the key does that.
fn step(node: &NodeRef, key: &str) -> bool {
    let Some(board) = node.cast::<HtmlElement>() else {
        return false;
    };
    let Ok(buttons) = board.query_selector_all(".board-grid button") else {
        return false;
    };
    let button = |place: usize| {
        let place = u32::try_from(place).ok()?;
        buttons.item(place)?.dyn_into::<HtmlElement>().ok()
    };
    let focused = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.active_element());
    let count = buttons.length() as usize;
    let place = (0..count).find(|place| button(*place).as_deref() == focused.as_ref());
    let next = match (key, place) {
        // From the search into the grid.
        ("ArrowDown", None) | ("Home", Some(_)) => Some(0),
        ("ArrowRight", Some(place)) => Some(place + 1),
        ("ArrowDown", Some(place)) => Some(place + COLUMNS),
        ("ArrowLeft", Some(place)) => place.checked_sub(1),
        ("ArrowUp", Some(place)) => place.checked_sub(COLUMNS),
        ("End", Some(_)) => count.checked_sub(1),
        _ => return false,
    };
    if let Some(button) = next.and_then(button) {
        // Fails only if it is not in the document any more.
        let _ = button.focus();
    }
    true
}
