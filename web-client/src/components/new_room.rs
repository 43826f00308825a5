//! The dialog that creates a room, or joins it by its name.

use shared::chat::room::InvalidRoom;
use shared::chat::{ClientMessage, Keep, RoomName, Topic};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::callbacks::set;
use super::dialog::Dialog;
use super::field::{Field, field};

/// Props of [`NewRoom`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct NewRoomProps {
    /// The dialog is shown.
    pub open: bool,
    /// The name that the dialog begins with; empty for what was typed before.
    pub begins: String,
    /// Called when the person wants it closed.
    pub on_close: Callback<()>,
    /// Called with the person's request.
    pub on_ask: Callback<ClientMessage>,
}

/// The choices of retention, as the protocol and as people say them. The first one leaves the
/// choice to the server.
const KEEPS: [(&str, &str); 6] = [
    ("", "As long as this server does"),
    ("forever", "For ever"),
    ("365d", "For a year"),
    ("30d", "For 30 days"),
    ("1d", "For a day"),
    ("nothing", "Not at all: only who is there sees them"),
];

/// The dialog that creates a room.
#[component(NewRoom)]
pub fn new_room(props: &NewRoomProps) -> Html {
    let name = use_state(String::new);
    let topic = use_state(String::new);
    let private = use_state(|| false);
    let keep = use_state(|| None::<Keep>);
    let problem = use_state(|| None::<AttrValue>);
    use_effect_with(props.begins.clone(), {
        let name = name.setter();
        move |begins: &String| {
            if !begins.is_empty() {
                name.set(begins.clone());
            }
        }
    });
    let on_private = {
        let setter = private.setter();
        Callback::from(move |event: Event| {
            let input = event.target_dyn_into::<HtmlInputElement>();
            setter.set(input.is_some_and(|input| input.checked()));
        })
    };
    let on_keep = {
        let setter = keep.setter();
        Callback::from(move |event: Event| {
            let select = event.target_dyn_into::<HtmlSelectElement>();
            setter.set(select.and_then(|select| select.value().parse().ok()));
        })
    };
    let onsubmit = {
        let (name, topic, private) = (name.clone(), topic.clone(), private.clone());
        let keep = keep.clone();
        let problem = problem.clone();
        let (on_ask, on_close) = (props.on_ask.clone(), props.on_close.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let parsed = typed_name(&name).and_then(|room| Ok((room, Topic::parse(topic.trim())?)));
            match parsed {
                Ok((room, topic_parsed)) => {
                    on_ask.emit(ClientMessage::Create {
                        room,
                        topic: topic_parsed,
                        private: *private,
                        keep: *keep,
                    });
                    problem.set(None);
                    name.set(String::new());
                    topic.set(String::new());
                    private.set(false);
                    keep.set(None);
                    on_close.emit(());
                }
                Err(error) => {
                    let said = error.to_string();
                    problem.set(Some(said.into()));
                }
            }
        })
    };
    html! {
        <Dialog open={props.open} on_close={props.on_close.clone()} title="New room" id="new-room">
            <form {onsubmit}>
                { field(Field {
                    id: "new-room-name",
                    label: "Name",
                    value: (*name).clone().into(),
                    on_input: set(&name),
                    first: true,
                    hint: html! { "Lower-case letters, digits, and - _ . inside, at most 64." },
                    error: (*problem).clone(),
                    ..Field::default()
                }) }
                { field(Field {
                    id: "new-room-topic",
                    label: "What it is about (optional)",
                    value: (*topic).clone().into(),
                    on_input: set(&topic),
                    ..Field::default()
                }) }
                <label class="check">
                    <input
                        type="checkbox"
                        data-testid="new-room-private"
                        checked={*private}
                        onchange={on_private}
                    />
                    <span>{ "Private: only those who are invited can see and join it" }</span>
                </label>
                <div class="field">
                    <label for="new-room-keep">{ "Messages are kept" }</label>
                    <select id="new-room-keep" data-testid="new-room-keep" onchange={on_keep}>
                        { for KEEPS.iter().map(|(value, label)| html! {
                            <option value={*value} selected={value.parse().ok() == *keep}>
                                { *label }
                            </option>
                        }) }
                    </select>
                </div>
                <button type="submit" class="button button-primary" data-testid="new-room-submit">
                    { "Create" }
                </button>
            </form>
        </Dialog>
    }
}

/// Parses the name of a room as people type it.
pub(super) fn typed_name(typed: &str) -> Result<RoomName, InvalidRoom> {
    // People write the name of a room with a `#` in front, which is no part of it.
    RoomName::parse(typed.trim().trim_start_matches('#'))
}
