//! The operators' list of all rooms: each with its owner, and the ways to give it one or delete it.

use shared::chat::operator::{OperatorRequest, RoomInfo};
use shared::chat::{Role, RoomId, RoomName};
use yew::prelude::*;

use super::callbacks::set;
use super::field::{Field, field};
use super::sure::Sure;
use super::text;
use client::operating::{NoOne, Operating};

/// The most rooms in the document: a server may have ten thousand, and the filter finds the others.
const SHOWN: usize = 100;

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
    let filter = use_state(String::new);
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
    let part = filter.trim().to_lowercase();
    let all = &props.operating.rooms;
    let found: Vec<_> = all
        .iter()
        .filter(|info| info.room.to_string().to_lowercase().contains(&part))
        .collect();
    let rows = found.iter().take(SHOWN).map(|info| {
        let own = match &info.room {
            RoomId::Named(room) if owning.as_ref() == Some(room) => {
                owner_form(room, props, &who, &problem, &on_own)
            }
            _ => Html::default(),
        };
        room_view(info, own, &on_own, &props.be_sure)
    });
    let again = props
        .on_ask
        .reform(|_: MouseEvent| OperatorRequest::Rooms { after: None });
    html! {
        <>
            <h3>{ text::count(all.len() as u64, "room") }</h3>
            { field(Field {
                id: "console-rooms-filter",
                label: "Filter by name",
                value: (*filter).clone().into(),
                on_input: set(&filter),
                ..Field::default()
            }) }
            <ul class="console-list">{ for rows }</ul>
            if found.len() > SHOWN {
                <p class="console-note">
                    { format!("{} others: filter by name.", text::thousands((found.len() - SHOWN) as u64)) }
                </p>
            }
            <p class="console-buttons">
                <button type="button" class="button" data-testid="console-rooms-again" onclick={again}>
                    { "List the rooms again" }
                </button>
            </p>
        </>
    }
}

fn room_view(
    info: &RoomInfo,
    own: Html,
    on_own: &Callback<Option<RoomName>>,
    be_sure: &Callback<Sure>,
) -> Html {
    let id = info.room.clone();
    let owner = match &info.owner {
        Some(owner) => format!("owner {}", owner.name),
        None => "no owner".to_owned(),
    };
    let private = if info.private { "private · " } else { "" };
    let members = text::count(info.members as u64, "member");
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
        <li key={id.to_string()} data-testid="console-room" data-room={id.to_string()}>
            <b>{ id.to_string() }</b>
            { format!(" {private}{members} · {owner}") }
            <span class="console-buttons">
                if let Some(room) = named {
                    <button
                        type="button"
                        class="link"
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
                        class="link"
                        data-testid="console-room-delete"
                        aria-label={format!("Delete {id}")}
                        onclick={on_delete}
                    >
                        { "Delete" }
                    </button>
                }
            </span>
            { own }
        </li>
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
