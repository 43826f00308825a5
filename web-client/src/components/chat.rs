//! The chat screen: the list of rooms, the room on the screen with its log and composer, and a
//! panel beside it, such as the handshake or the members.

mod aside;
mod fresh_members;
mod goal;
mod header;
mod intent;
mod panel;
mod props;
mod typing;

use std::rc::Rc;

use yew::prelude::*;

use self::aside::{Aside, use_aside};
use self::fresh_members::use_fresh_members;
use self::goal::{GoalState, use_goal};
use self::header::header;
use self::intent::{about, on_edit_last, present};
use self::panel::panel;
pub use self::props::ChatScreenProps;
use self::typing::Typing;
use super::banner::banner;
use super::callbacks::set_to;
use super::composer::Composer;
use super::doing::Doing;
use super::log::Log;
use super::new_room::NewRoom;
use super::room_settings::RoomSettings;
use super::rooms::Rooms;
use super::switcher::Switcher;
use super::waiting::Waiting;
use crate::hooks::{IntentState, Place, stamp, use_intent, use_renamings};
use crate::state::Action;
use crate::state::connection::Connection;
use client::Chat;
use client::drafts::Intent;
use client::outbox::{Outgoing, Writing};
use client::rights::Rights;
use client::room::Room;

/// The chat screen.
#[component(ChatScreen)]
pub fn chat_screen(props: &ChatScreenProps) -> Html {
    let ChatScreenProps { chat, act, .. } = props;
    let number = chat.room().map_or(0, |room| room.number);
    let place = Place {
        memory: props.memory.clone(),
        account: props.account.clone(),
        room: chat.current.clone(),
        number,
        remembered: props.remembered,
    };
    // First of all: the composer looks a draft up by the room's name.
    use_renamings(chat, &place);
    let drawer = use_state(|| false);
    let making = use_state(|| false);
    let changing = use_state(|| false);
    let intent = use_intent(&place);
    // Both are about the former room.
    use_effect_with(number, {
        let (drawer, changing) = (drawer.setter(), changing.setter());
        move |_| {
            drawer.set(false);
            changing.set(false);
        }
    });
    let goal = use_goal(chat, number);
    let aside = use_aside();
    use_fresh_members(chat, aside.open() == Some(Aside::Members), act);

    let on_drawer = {
        let drawer = drawer.clone();
        Callback::from(move |_: MouseEvent| drawer.set(!*drawer))
    };
    let Some(room) = chat.room() else {
        return Html::default();
    };
    let rights = Rights::of(room, chat.operator);
    // What is covered is inert: the keyboard must not reach controls that cannot be seen.
    let covered = (aside.open().is_some() || *drawer) && !aside.wide;
    let class = classes!(
        "chat",
        aside.open().is_some().then_some("with-aside"),
        drawer.then_some("with-drawer"),
    );
    let on_new = set_to(&making, true);
    let on_ask = act.reform(Action::Ask);
    html! {
        <main {class} id="main" tabindex="-1">
            <Rooms
                chat={chat.clone()}
                on_open={{
                    let (act, drawer) = (act.clone(), drawer.setter());
                    Callback::from(move |room| {
                        // Also for the room that is on the screen already.
                        drawer.set(false);
                        act.emit(Action::Open(room));
                    })
                }}
                on_go_to={act.reform(|(room, seq)| Action::GoTo { room, seq })}
                on_new={on_new.clone()}
                on_more={act.reform(|()| Action::MoreRooms)}
                on_find={act.reform(Action::FindRooms)}
            />
            { header(props, room, &aside, *drawer, on_drawer.clone()) }
            if *drawer {
                <div class="scrim" onclick={on_drawer} aria-hidden="true" />
            }
            <div class="chat-column" inert={covered}>
                { column(props, room, place, &intent, &goal) }
            </div>
            { panel(props, room, &aside, set_to(&changing, true)) }
            <NewRoom open={*making} on_close={set_to(&making, false)} on_ask={on_ask.clone()} />
            <RoomSettings
                open={*changing}
                room={room.clone()}
                {rights}
                on_close={set_to(&changing, false)}
                {on_ask}
            />
            <Switcher chat={chat.clone()} on_open={act.reform(Action::Open)} {on_new} />
        </main>
    }
}

/// Shows the room: what stands above its log, the log, and the composer.
fn column(
    props: &ChatScreenProps,
    room: &Rc<Room>,
    place: Place,
    intent: &IntentState,
    goal: &GoalState,
) -> Html {
    let ChatScreenProps {
        chat,
        act,
        connection,
        ..
    } = props;
    let connected = *connection == Connection::Ready;
    let about = intent.get().map(|intent| about(intent, room));
    let reply_to = match intent.get() {
        Some(Intent::Reply(seq)) => Some(seq),
        _ => None,
    };
    let current = chat.current.clone();
    html! {
        <>
            if let Some(mode) = chat.waiting.filter(|_| connected) {
                <Waiting {mode} on_invitation={act.reform(Action::Invitation)} />
            }
            { banner(connection, props.doubt, &props.host, props.report.version, &act.reform(|()| Action::Retry)) }
            <Log
                // Keyed by the room's number, so that another room begins with a fresh log and a
                // renamed one keeps its place.
                key={room.number.to_string()}
                room={room.clone()}
                me={chat.me.clone()}
                moderates={Rights::of(room, chat.operator).deletes_messages()}
                outgoing={outgoing(chat)}
                chosen={intent.get().map(|(Intent::Reply(seq) | Intent::Edit(seq))| seq)}
                shown={goal.shown()}
                on_do={on_do(act, room, intent)}
                on_cancel={act.reform(Action::Cancel)}
                on_resend={act.reform(Action::Resend)}
                on_older={act.reform(Action::LoadOlder)}
                on_saw={act.reform({
                    let room = current.clone();
                    move |(first, last)| Action::Saw { room: room.clone(), first, last }
                })}
                on_look={act.reform(|()| Action::Look)}
                on_read={act.reform(move |()| Action::MarkRead(current.clone()))}
            />
            <Typing typing={room.typing.clone()} />
            <Composer
                {place}
                title={room.title()}
                {connected}
                text_bytes={chat.text_bytes}
                forgets={props.forgets}
                {about}
                aside={intent.aside()}
                takes={takes(chat)}
                on_send={act.reform(move |line| stamp::compose(line, reply_to))}
                on_edit={act.reform(|(of, text)| stamp::write(Writing::Edit { of, text }))}
                on_sent={{
                    let intent = intent.clone();
                    Callback::from(move |()| intent.ended())
                }}
                on_put_aside={{
                    let (intent, room) = (intent.clone(), room.clone());
                    Callback::from(move |()| intent.put_aside(|seq| present(&room, seq)))
                }}
                on_undo={{
                    let (intent, room) = (intent.clone(), room.clone());
                    Callback::from(move |aside: Intent| {
                        let (Intent::Reply(seq) | Intent::Edit(seq)) = aside;
                        intent.begin(aside, &present(&room, seq));
                    })
                }}
                on_edit_last={on_edit_last(chat, room, intent)}
                on_typing={act.reform(|()| stamp::typing())}
            />
        </>
    }
}

/// Returns the callback for the person's actions on messages.
fn on_do(act: &Callback<Action>, room: &Rc<Room>, intent: &IntentState) -> Callback<Doing> {
    let (act, room, intent) = (act.clone(), room.clone(), intent.clone());
    Callback::from(move |doing: Doing| match doing {
        Doing::Write(what) => act.emit(stamp::write(what)),
        Doing::Reply(seq) => intent.begin(Intent::Reply(seq), ""),
        Doing::Edit(seq) => intent.begin(Intent::Edit(seq), &present(&room, seq)),
        Doing::Show(seq) => {
            let room = room.id.clone();
            act.emit(Action::GoTo { room, seq });
        }
    })
}

/// Returns the callback that says whether a line would be carried out.
fn takes(chat: &Chat) -> Callback<String, bool> {
    let chat = chat.clone();
    Callback::from(move |line: String| chat.takes(&line))
}

/// Returns the entries of the outbox for the room on the screen.
fn outgoing(chat: &Chat) -> Vec<Outgoing> {
    let here = |line: &&Outgoing| line.room == chat.current;
    chat.outbox.lines().iter().filter(here).cloned().collect()
}
