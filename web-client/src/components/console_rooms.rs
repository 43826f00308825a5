//! The operators' list of all rooms: each with its owner, and the ways to give it one or delete it.

use shared::chat::operator::{OperatorRequest, RoomInfo};
use shared::chat::{Role, RoomId, RoomName};
use yew::prelude::*;

use super::callbacks::set;
use super::field::{Field, field};
use super::sure::Sure;
use super::table::{Column, Row, Table};
use super::text;
use crate::state::table::Cell;
use client::operating::{NoOne, Operating};

/// Props of [`ConsoleRooms`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ConsoleRoomsProps {
    /// The server's answers so far.
    pub operating: Operating,
    /// Takes the operator's requests.
    pub on_ask: Callback<OperatorRequest>,
    /// Takes requests that cannot be undone.
    pub be_sure: Callback<Sure>,
}

/// The list of all rooms.
#[component(ConsoleRooms)]
pub fn console_rooms(props: &ConsoleRoomsProps) -> Html {
    // The room that gets an owner, and the problem with the person who was named.
    let owning = use_state(|| None::<RoomName>);
    let who = use_state(String::new);
    let problem = use_state(|| None::<AttrValue>);
    let on_own = {
        let (owning, who, problem) = (owning.setter(), who.setter(), problem.setter());
        Callback::from(move |room: Option<RoomName>| {
            owning.set(room);
            who.set(String::new());
            problem.set(None);
        })
    };
    let tools = {
        let (props, owning) = (props.clone(), owning.clone());
        let (who, problem) = (who.clone(), problem.clone());
        Callback::from(move |wanted: String| {
            let rooms = &props.operating.rooms;
            let Some(info) = rooms.iter().find(|it| it.room.to_string() == wanted) else {
                return Html::default();
            };
            let own = match &info.room {
                RoomId::Named(room) if owning.as_ref() == Some(room) => {
                    owner_form(room, &props, &who, &problem, &on_own)
                }
                _ => Html::default(),
            };
            room_tools(info, own, &on_own, &props.be_sure)
        })
    };
    let again = props
        .on_ask
        .reform(|_: MouseEvent| OperatorRequest::Rooms { after: None });
    html! {
        <>
            <Table
                id="console-room"
                search="console-rooms-search"
                thing="room"
                columns={ROOM}
                rows={props.operating.rooms.iter().map(room_row).collect::<Vec<_>>()}
                empty="There is none."
                {tools}
            />
            <p class="console-buttons">
                <button type="button" class="button" data-testid="console-rooms-again" onclick={again}>
                    { "List the rooms again" }
                </button>
            </p>
        </>
    }
}

const ROOM: &[Column] = &[
    Column::text("Room"),
    Column::number("Members"),
    Column::number("Entries"),
    Column::text("Owner"),
    Column::text("Open to"),
];

fn room_row(info: &RoomInfo) -> Row {
    let number = |count: u64| Cell::Number(count, text::thousands(count));
    let owner = info.owner.as_ref();
    let open_to = match info.room {
        RoomId::Direct(_) => "two people",
        RoomId::Named(_) if info.private => "invited people",
        RoomId::Named(_) => "everybody",
    };
    Row {
        key: info.room.to_string(),
        name: info.room.to_string(),
        cells: vec![
            Cell::Text(info.room.to_string()),
            number(info.members as u64),
            number(info.head),
            owner.map_or(Cell::Unknown, |owner| Cell::Text(owner.name.to_string())),
            Cell::Text(open_to.to_owned()),
        ],
    }
}

fn room_tools(
    info: &RoomInfo,
    own: Html,
    on_own: &Callback<Option<RoomName>>,
    be_sure: &Callback<Sure>,
) -> Html {
    let id = info.room.clone();
    let on_delete = {
        let id = id.clone();
        be_sure.reform(move |_: MouseEvent| Sure {
            question: format!("Delete the room {id} with everything in it?"),
            request: OperatorRequest::DeleteRoom { room: id.clone() },
        })
    };
    let lobby = id.is_lobby();
    let named = match &info.room {
        RoomId::Named(room) => Some(room.clone()),
        RoomId::Direct(_) => None,
    };
    html! {
        <>
            <span class="console-buttons">
                if let Some(room) = named {
                    <button
                        type="button"
                        class="button"
                        data-testid="console-room-own"
                        aria-label={format!("Give an owner to {room}")}
                        onclick={on_own.reform({
                            let room = room.clone();
                            move |_: MouseEvent| Some(room.clone())
                        })}
                    >
                        { "Give an owner" }
                    </button>
                }
                if !lobby {
                    <button
                        type="button"
                        class="button"
                        data-testid="console-room-delete"
                        aria-label={format!("Delete {id}")}
                        onclick={on_delete}
                    >
                        { "Delete" }
                    </button>
                }
            </span>
            { own }
        </>
    }
}

/// Asks for the new owner. Only a member of the room can be one; the server rejects others.
fn owner_form(
    room: &RoomName,
    props: &ConsoleRoomsProps,
    who: &UseStateHandle<String>,
    problem: &UseStateHandle<Option<AttrValue>>,
    on_own: &Callback<Option<RoomName>>,
) -> Html {
    let onsubmit = {
        let (room, who, problem) = (room.clone(), who.clone(), problem.clone());
        let (operating, on_own) = (props.operating.clone(), on_own.clone());
        let be_sure = props.be_sure.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            // The server takes keys only, so a name is resolved here, among the people who are
            // connected.
            let user = match operating.person(who.trim()) {
                Ok(user) => user,
                Err(why) => {
                    let text = match why {
                        NoOne::Nobody => {
                            "Nobody who is connected is called so; give the fingerprint."
                        }
                        NoOne::Several => "More than one is called so; give the fingerprint.",
                    };
                    return problem.set(Some(text.into()));
                }
            };
            be_sure.emit(Sure {
                question: format!("Make {} the owner of {room}?", who.trim()),
                request: OperatorRequest::Role {
                    room: room.clone(),
                    user,
                    role: Role::Owner,
                },
            });
            on_own.emit(None);
        })
    };
    html! {
        <form {onsubmit}>
            { field(Field {
                id: "console-owner",
                label: "Name or fingerprint of a member",
                value: (**who).clone().into(),
                on_input: set(who),
                error: (**problem).clone(),
                ..Field::default()
            }) }
            <button type="submit" class="button" data-testid="console-owner-submit">{ "Make the owner" }</button>
        </form>
    }
}
