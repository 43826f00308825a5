//! One member in the panel of members: name, key and role, and the buttons with which moderators
//! and the owner manage the member.

use std::rc::Rc;

use shared::chat::server::Member;
use shared::chat::{ClientMessage, Role, RoomId, RoomName, UserId};
use yew::prelude::*;

use super::icons::{Icon, icon};
use super::person::avatar;
use super::rooms::presence;
use client::rights::Rights;
use client::room::Room;

/// Props of [`MemberRow`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct MemberRowProps {
    /// The member of this row.
    pub member: Member,
    /// The room whose members the panel shows.
    pub room: Rc<Room>,
    /// The member is the person at this page.
    pub own: bool,
    /// There is a session, so that what is said of people is so.
    pub connected: bool,
    /// The person's rights in the room.
    pub rights: Rights,
    /// Called with the person's request.
    pub on_ask: Callback<ClientMessage>,
}

/// A step that the member's buttons take only after a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    /// The member becomes the owner. The person at this page cannot undo that.
    HandOver,
    /// The member is removed, and loses the room at once.
    Remove,
}

/// A row of the panel of members.
#[component(MemberRow)]
pub fn member_row(props: &MemberRowProps) -> Html {
    let open = use_state(|| false);
    let asking = use_state(|| None::<Asking>);
    let member = &props.member;
    let id = member.id;
    let direct = props
        .on_ask
        .reform(move |_: MouseEvent| ClientMessage::Direct { to: id });
    let toggle = {
        let (open, asking) = (open.clone(), asking.setter());
        Callback::from(move |_: MouseEvent| {
            open.set(!*open);
            asking.set(None);
        })
    };
    // A convenience only: the server authorizes each request, whatever buttons a page shows.
    let manageable = !props.own && (props.rights.gives_roles() || props.rights.removes(member));
    html! {
        <li
            data-testid="member"
            data-name={member.name.to_string()}
            data-online={member.online.to_string()}
            data-role={member.role.to_string()}
        >
            <div class="member-row">
                { avatar(member.name.as_str()) }
                <span class="member-name" title={id.to_string()}>
                    { presence(props.connected.then_some(member.online)) }
                    <b>{ member.name.as_str() }</b>{ if props.own { " (you)" } else { "" } }
                    if !member.role.is_member() {
                        { " " }<span class="count" data-testid="member-role">{ member.role.to_string() }</span>
                    }
                    <small>{ short(id) }</small>
                </span>
                if !props.own && !props.room.is_direct() {
                    <button
                        type="button"
                        class="button button-icon"
                        data-testid="member-direct"
                        aria-label={format!("Talk to {} alone", member.name)}
                        title="Talk alone"
                        onclick={direct}
                    >
                        { icon(Icon::Send) }
                    </button>
                }
                if manageable {
                    <button
                        type="button"
                        class="button button-icon"
                        data-testid="member-manage"
                        aria-label={format!("Manage {}", member.name)}
                        aria-expanded={open.to_string()}
                        title="Manage"
                        onclick={toggle}
                    >
                        { icon(if *open { Icon::Up } else { Icon::Down }) }
                    </button>
                }
            </div>
            if *open && manageable {
                { tools(props, &asking) }
            }
            if let (Some(what), true, RoomId::Named(room)) = (*asking, *open && manageable, &props.room.id) {
                { question(what, room, props, &asking) }
            }
        </li>
    }
}

fn tools(props: &MemberRowProps, asking: &UseStateHandle<Option<Asking>>) -> Html {
    let RoomId::Named(room) = props.room.id.clone() else {
        return Html::default();
    };
    let id = props.member.id;
    let give = |test_id: &'static str, label: &'static str, role: Role| {
        let room = room.clone();
        let onclick = props
            .on_ask
            .reform(move |_: MouseEvent| ClientMessage::Role {
                room: room.clone(),
                id,
                role,
            });
        link(test_id, label, onclick)
    };
    let ask = |test_id: &'static str, label: &'static str, what: Asking| {
        let asking = asking.setter();
        let onclick = Callback::from(move |_: MouseEvent| asking.set(Some(what)));
        link(test_id, label, onclick)
    };
    let label = format!("Manage {}", props.member.name);
    html! {
        <div class="console-buttons" role="group" aria-label={label}>
            if props.rights.gives_roles() {
                { match props.member.role {
                    Role::Member => give("member-promote", "Make moderator", Role::Moderator),
                    Role::Moderator => give("member-demote", "Make member", Role::Member),
                    Role::Owner => Html::default(),
                } }
                if props.member.role != Role::Owner {
                    { ask("member-handover", "Make owner", Asking::HandOver) }
                }
            }
            if props.rights.removes(&props.member) {
                { ask("member-remove", "Remove", Asking::Remove) }
            }
        </div>
    }
}

fn link(test_id: &'static str, label: &'static str, onclick: Callback<MouseEvent>) -> Html {
    html! { <button type="button" class="link" data-testid={test_id} {onclick}>{ label }</button> }
}

fn question(
    what: Asking,
    room: &RoomName,
    props: &MemberRowProps,
    asking: &UseStateHandle<Option<Asking>>,
) -> Html {
    let (id, name) = (props.member.id, &props.member.name);
    let said = match what {
        // A room has one owner: the former one becomes a moderator. An operator who hands over
        // gives nothing up.
        Asking::HandOver if props.room.role == Role::Owner => {
            format!("Make {name} the owner of {room}? You become a moderator.")
        }
        Asking::HandOver => format!("Make {name} the owner of {room}?"),
        Asking::Remove => format!("Remove {name} from {room}?"),
    };
    let yes = {
        let (room, on_ask, asking) = (room.clone(), props.on_ask.clone(), asking.setter());
        Callback::from(move |_: MouseEvent| {
            asking.set(None);
            let room = room.clone();
            on_ask.emit(match what {
                Asking::HandOver => ClientMessage::Role {
                    room,
                    id,
                    role: Role::Owner,
                },
                Asking::Remove => ClientMessage::Remove { room, id },
            });
        })
    };
    let no = {
        let asking = asking.setter();
        Callback::from(move |_: MouseEvent| asking.set(None))
    };
    html! {
        <p class="question" role="alert">
            { said }{ " " }
            { link("member-yes", "Yes", yes) }
            { " " }
            { link("member-no", "No", no) }
        </p>
    }
}

/// Returns the first hexadecimal digits of a fingerprint, by which people tell keys apart at a
/// glance.
pub fn short(id: UserId) -> String {
    id.0.short()
}
