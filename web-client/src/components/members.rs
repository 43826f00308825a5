//! The panel of a room's members: talk to one, invite, leave, and manage the room.

use std::rc::Rc;

use shared::chat::server::Member;
use shared::chat::{Author, ClientMessage, RoomId, UserId};
use yew::prelude::*;

use super::aside_head::aside_head;
use super::callbacks::set;
use super::field::{Field, field};
use super::icons::{Icon, icon};
use super::member::{MemberRow, short};
use super::text;
use client::rights::Rights;
use client::room::Room;

/// Props of [`Members`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct MembersProps {
    /// The room whose members are shown.
    pub room: Rc<Room>,
    /// The person at this page.
    pub me: Option<Author>,
    /// The people in the person's other rooms, for invitations.
    pub others: Vec<Member>,
    /// There is a session, so that what is said of people is so.
    pub connected: bool,
    /// The person's rights in the room.
    pub rights: Rights,
    /// Called with the person's request.
    pub on_ask: Callback<ClientMessage>,
    /// Called when the person wants to see more members.
    pub on_more: Callback<RoomId>,
    /// Called when the person wants the settings of the room.
    pub on_settings: Callback<()>,
    /// Called when the person wants the panel closed.
    pub on_close: Callback<()>,
}

/// The panel of members.
#[component(Members)]
pub fn members(props: &MembersProps) -> Html {
    let room = &props.room;
    let count = text::count(room.count as u64, "person");
    let rows = room.members.iter().map(|member| {
        let own = props.me.as_ref().is_some_and(|me| me.id == member.id);
        html! {
            <MemberRow
                key={member.id.to_string()}
                member={member.clone()}
                room={room.clone()}
                {own}
                connected={props.connected}
                rights={props.rights}
                on_ask={props.on_ask.clone()}
            />
        }
    });
    let on_more = {
        let id = room.id.clone();
        props.on_more.reform(move |_: MouseEvent| id.clone())
    };
    let leave = {
        let id = room.id.clone();
        props
            .on_ask
            .reform(move |_: MouseEvent| ClientMessage::Leave { room: id.clone() })
    };
    // Everybody is in the lobby, so it has no button to leave.
    let lobby = room.id.is_lobby();
    html! {
        <section class="members" data-testid="members">
            { aside_head(&count, "members-close", &props.on_close) }
            if !room.topic.as_str().is_empty() {
                <p class="topic">{ room.topic.as_str() }</p>
            }
            if props.rights.sets_topic() {
                <button
                    type="button"
                    class="button"
                    data-testid="room-settings-open"
                    onclick={props.on_settings.reform(|_: MouseEvent| ())}
                >
                    { icon(Icon::Sign) }{ "Change this room" }
                </button>
            }
            <ul class="member-list">{ for rows }</ul>
            if room.more_members {
                <button type="button" class="button" data-testid="members-more" onclick={on_more}>
                    { "More people" }
                </button>
            }
            // A public room needs no invitation, and a room of two is complete.
            if room.private && !room.is_direct() {
                <Invite
                    room={room.id.clone()}
                    others={props.others.clone()}
                    on_ask={props.on_ask.clone()}
                />
            }
            if !lobby {
                <button type="button" class="button" data-testid="room-leave" onclick={leave}>
                    { icon(Icon::Leave) }{ "Leave this room" }
                </button>
            }
        </section>
    }
}

/// Props of [`Invite`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct InviteProps {
    /// The room to invite into.
    room: RoomId,
    /// The people in the person's other rooms.
    others: Vec<Member>,
    /// Called with the person's request.
    on_ask: Callback<ClientMessage>,
}

/// Invites a known person, or the holder of a fingerprint.
#[component(Invite)]
fn invite(props: &InviteProps) -> Html {
    let typed = use_state(String::new);
    let done = use_state(|| None::<(bool, AttrValue)>);
    let RoomId::Named(room) = props.room.clone() else {
        return Html::default();
    };
    let ask = {
        let (on_ask, done) = (props.on_ask.clone(), done.clone());
        Callback::from(move |(id, name): (UserId, String)| {
            let room = room.clone();
            on_ask.emit(ClientMessage::Invite { room, id });
            done.set(Some((true, format!("{name} may join now.").into())));
        })
    };
    let known = props.others.iter().map(|other| {
        let (id, name) = (other.id, other.name.to_string());
        let onclick = ask.reform(move |_: MouseEvent| (id, name.clone()));
        html! {
            <li key={id.to_string()}>
                <button type="button" class="link" data-testid="invite-known" {onclick}>
                    { format!("Invite {}", other.name) }
                </button>
            </li>
        }
    });
    let onsubmit = {
        let (typed, done, ask) = (typed.clone(), done.clone(), ask.clone());
        // A fingerprint and not a name: the person may be in none of these rooms.
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            match UserId::parse(typed.trim()) {
                Ok(id) => {
                    ask.emit((id, short(id)));
                    typed.set(String::new());
                }
                Err(error) => done.set(Some((false, error.to_string().into()))),
            }
        })
    };
    let (said, wrong) = match &*done {
        Some((true, said)) => (Some(said.clone()), None),
        Some((false, why)) => (None, Some(why.clone())),
        None => (None, None),
    };
    html! {
        <form class="invite" {onsubmit}>
            <h3>{ "Invite" }</h3>
            <ul>{ for known }</ul>
            { field(Field {
                id: "invite-id",
                label: "By fingerprint",
                value: (*typed).clone().into(),
                on_input: set(&typed),
                placeholder: "SHA256:…".into(),
                error: wrong,
                ..Field::default()
            }) }
            <button type="submit" class="button" data-testid="invite-submit">{ "Invite" }</button>
            <p role="status" data-testid="invite-done">{ said }</p>
        </form>
    }
}
