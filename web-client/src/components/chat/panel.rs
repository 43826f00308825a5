//! Shows the panel beside the log.

use std::rc::Rc;

use client::Chat;
use client::rights::Rights;
use client::room::Room;
use client::sorting;
use shared::chat::lowercase;
use shared::chat::server::Member;
use yew::prelude::*;

use super::aside::AsideState;
use super::props::ChatScreenProps;
use crate::components::callbacks::on_escape;
use crate::components::inspector::Inspector;
use crate::components::members::Members;
use crate::components::operator::Console;
use crate::components::search::Search;
use crate::state::Action;
use crate::state::connection::Connection;
use crate::state::panel::Panel;

/// Shows the panel that is open, which is about `room`. `find` is searched for in the frames.
pub(super) fn panel(
    props: &ChatScreenProps,
    room: &Rc<Room>,
    aside: &AsideState,
    find: Option<(AttrValue, u32)>,
    on_settings: Callback<()>,
) -> Html {
    let Some(which) = aside.open() else {
        return Html::default();
    };
    let ChatScreenProps { chat, act, .. } = props;
    let on_close = aside.on_close();
    let on_ask = act.reform(Action::Ask);
    let content = match which {
        Panel::Inspector => html! {
            <Inspector
                inspection={props.inspection.clone()}
                seen={props.inspection.0.borrow().next()}
                report={props.report.clone()}
                {find}
                chat={chat.clone()}
                on_show={act.reform(|(room, seq)| Action::GoTo { room, seq })}
                {on_close}
            />
        },
        Panel::Members => html! {
            <Members
                key={room.number.to_string()}
                room={room.clone()}
                me={chat.me.clone()}
                others={others(chat, room)}
                connected={props.connection == Connection::Ready}
                rights={Rights::of(room, chat.operator)}
                {on_ask}
                on_more={act.reform(Action::MoreMembers)}
                {on_settings}
                {on_close}
            />
        },
        Panel::Console => html! {
            <Console
                operating={chat.operating.clone()}
                attempt={props.attempt}
                origin={props.origin.clone()}
                {on_ask}
                {on_close}
            />
        },
        Panel::Search => html! {
            <Search
                chat={chat.clone()}
                connected={props.connection == Connection::Ready}
                act={act.clone()}
                on_chosen={if aside.wide { Callback::noop() } else { on_close.clone() }}
                {on_close}
            />
        },
    };
    // The texts that were found are messages, which may be translated: that panel marks the rest of
    // itself.
    let facts_only = which != Panel::Search;
    html! {
        <aside
            ref={aside.node.clone()}
            class="chat-aside"
            translate={facts_only.then_some("no")}
            aria-label={which.label()}
            tabindex="-1"
            onkeydown={on_escape(aside.on_close())}
        >
            { content }
        </aside>
    }
}

/// Returns the people who are known from other rooms and are not in this one.
fn others(chat: &Chat, room: &Room) -> Vec<Member> {
    let mut others: Vec<Member> = Vec::new();
    for member in chat.rooms.values().flat_map(|other| &other.members) {
        // Somebody who is in several rooms is offered once.
        let known = |list: &[Member]| list.iter().any(|it| it.id == member.id);
        if !known(&room.members) && !known(&others) {
            others.push(member.clone());
        }
    }
    // The lower case is made once for each person and not for every comparison.
    sorting::sort_by_cached_key(&mut others, |it| lowercase(it.name.as_str()));
    others
}
