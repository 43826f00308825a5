//! The dialog in which a room's owner and moderators change it: topic, name, and its end.

use std::rc::Rc;

use shared::chat::{ClientMessage, RoomId, RoomName, Topic};
use yew::prelude::*;

use super::callbacks::set;
use super::dialog::Dialog;
use super::field::{Field, field};
use super::icons::{Icon, icon};
use super::new_room::typed_name;
use client::rights::Rights;
use client::room::Room;

/// Props of [`RoomSettings`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct RoomSettingsProps {
    /// The dialog is shown.
    pub open: bool,
    /// The room on the screen.
    pub room: Rc<Room>,
    /// The person's rights in the room.
    pub rights: Rights,
    /// Called when the person wants the dialog closed.
    pub on_close: Callback<()>,
    /// Called with the person's request.
    pub on_ask: Callback<ClientMessage>,
}

/// The dialog with the settings of a room.
#[component(RoomSettings)]
pub fn room_settings(props: &RoomSettingsProps) -> Html {
    let topic = use_state(String::new);
    let name = use_state(String::new);
    let problems = use_state(|| (None::<AttrValue>, None::<AttrValue>));
    let closing = use_state(|| false);
    // The fields begin with the room as it is when the dialog opens. Changes by others while it is
    // open must not replace the text that the person types.
    use_effect_with((props.open, props.room.number), {
        let (topic, name) = (topic.setter(), name.setter());
        let (problems, closing) = (problems.setter(), closing.setter());
        let room = props.room.clone();
        move |&(open, _)| {
            if open {
                topic.set(room.topic.as_str().to_owned());
                name.set(room.id.to_string());
                problems.set((None, None));
                closing.set(false);
            }
        }
    });
    let RoomId::Named(room) = props.room.id.clone() else {
        return Html::default();
    };
    let on_topic = {
        let (room, topic, problems) = (room.clone(), topic.clone(), problems.clone());
        let (on_ask, on_close) = (props.on_ask.clone(), props.on_close.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            match Topic::parse(topic.trim()) {
                Ok(topic) => {
                    let room = room.clone();
                    on_ask.emit(ClientMessage::Topic { room, topic });
                    on_close.emit(());
                }
                Err(error) => problems.set((Some(error.to_string().into()), None)),
            }
        })
    };
    let on_rename = {
        let (room, name, problems) = (room.clone(), name.clone(), problems.clone());
        let (on_ask, on_close) = (props.on_ask.clone(), props.on_close.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            match typed_name(&name) {
                Ok(to) => {
                    if to != room {
                        let room = room.clone();
                        on_ask.emit(ClientMessage::Rename { room, to });
                    }
                    on_close.emit(());
                }
                Err(error) => problems.set((None, Some(error.to_string().into()))),
            }
        })
    };
    let title = format!("Settings of {room}");
    html! {
        <Dialog open={props.open} on_close={props.on_close.clone()} {title} id="room-settings">
            if props.rights.sets_topic() {
                <form onsubmit={on_topic}>
                    { field(Field {
                        id: "room-topic",
                        label: "Topic",
                        first: true,
                        value: (*topic).clone().into(),
                        on_input: set(&topic),
                        error: problems.0.clone(),
                        ..Field::default()
                    }) }
                    <button type="submit" class="button" data-testid="room-topic-submit">{ "Change the topic" }</button>
                </form>
            }
            if props.rights.owns() {
                <form onsubmit={on_rename}>
                    { field(Field {
                        id: "room-rename",
                        label: "Name",
                        value: (*name).clone().into(),
                        on_input: set(&name),
                        error: problems.1.clone(),
                        ..Field::default()
                    }) }
                    <button type="submit" class="button" data-testid="room-rename-submit">{ "Rename the room" }</button>
                </form>
                { close(&room, props, &closing) }
            }
        </Dialog>
    }
}

/// Asks before the room is closed, because that deletes everything in it.
fn close(room: &RoomName, props: &RoomSettingsProps, closing: &UseStateHandle<bool>) -> Html {
    let set = |to: bool| {
        let closing = closing.setter();
        Callback::from(move |_: MouseEvent| closing.set(to))
    };
    if !**closing {
        return html! {
            <p>
                <button type="button" class="button" data-testid="room-close" onclick={set(true)}>
                    { icon(Icon::Bin) }{ "Close this room" }
                </button>
            </p>
        };
    }
    let yes = {
        let (room, on_ask, on_close) = (room.clone(), props.on_ask.clone(), props.on_close.clone());
        Callback::from(move |_: MouseEvent| {
            on_ask.emit(ClientMessage::Close { room: room.clone() });
            on_close.emit(());
        })
    };
    html! {
        <p class="question" role="alert">
            { format!("Delete {room} with everything in it, for everybody? ") }
            <button type="button" class="link" data-testid="room-close-yes" onclick={yes}>{ "Delete" }</button>
            { " " }
            <button type="button" class="link" data-testid="room-close-no" onclick={set(false)}>{ "Keep" }</button>
        </p>
    }
}
