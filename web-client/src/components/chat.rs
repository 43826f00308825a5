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
use self::intent::{Intent, on_edit_last, use_intent};
use self::panel::panel;
pub use self::props::ChatScreenProps;
use self::typing::Typing;
use super::banner::banner;
use super::callbacks::set_to;
use super::composer::{About, Composer};
use super::doing::Doing;
use super::log::Log;
use super::new_room::NewRoom;
use super::room_settings::RoomSettings;
use super::rooms::Rooms;
use super::switcher::Switcher;
use super::waiting::Waiting;
use crate::hooks::{stamp, use_renamings};
use crate::state::Action;
use crate::state::connection::Connection;
use client::Chat;
use client::log::Message;
use client::outbox::{Outgoing, Writing};
use client::rights::Rights;
use client::room::Room;

/// The chat screen.
#[component(ChatScreen)]
pub fn chat_screen(props: &ChatScreenProps) -> Html {
    let ChatScreenProps { chat, act, .. } = props;
    let number = chat.room().map_or(0, |room| room.number);
    // First of all: the composer looks a draft up by the room's name.
    use_renamings(chat);
    let drawer = use_state(|| false);
    let making = use_state(|| false);
    let changing = use_state(|| false);
    let intent = use_intent(number);
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
                on_open={act.reform(Action::Open)}
                on_new={on_new.clone()}
                on_more={act.reform(|()| Action::MoreRooms)}
                on_find={act.reform(Action::FindRooms)}
            />
            { header(props, room, &aside, *drawer, on_drawer.clone()) }
            if *drawer {
                <div class="scrim" onclick={on_drawer} aria-hidden="true" />
            }
            <div class="chat-column" inert={covered}>
                { column(props, room, &intent, &goal) }
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
    intent: &UseStateHandle<Option<Intent>>,
    goal: &GoalState,
) -> Html {
    let ChatScreenProps {
        chat,
        act,
        connection,
        ..
    } = props;
    let connected = *connection == Connection::Ready;
    let about = intent.and_then(|intent| intent.about(room));
    let reply_to = intent.and_then(Intent::reply_to);
    let current = chat.current.clone();
    html! {
        <>
            if let Some(mode) = chat.waiting.filter(|_| connected) {
                <Waiting {mode} on_invitation={act.reform(Action::Invitation)} />
            }
            { banner(connection, &props.host, props.report.version, &act.reform(|()| Action::Retry)) }
            <Log
                // Keyed by the room's number, so that another room begins with a fresh log and a
                // renamed one keeps its place.
                key={room.number.to_string()}
                room={room.clone()}
                me={chat.me.clone()}
                moderates={Rights::of(room, chat.operator).deletes_messages()}
                outgoing={outgoing(chat)}
                chosen={about.as_ref().map(|about| match about {
                    About::Reply(message) | About::Edit(message) => message.seq,
                })}
                shown={goal.shown()}
                on_do={on_do(act, intent, goal)}
                on_cancel={act.reform(Action::Cancel)}
                on_resend={act.reform(Action::Resend)}
                on_older={act.reform(Action::LoadOlder)}
                on_seen={act.reform({
                    let room = current.clone();
                    move |seq| Action::Seen { room: room.clone(), seq }
                })}
            />
            <Typing typing={room.typing.clone()} />
            <Composer
                room={current}
                number={room.number}
                title={room.title()}
                {connected}
                text_bytes={chat.text_bytes}
                {about}
                on_send={act.reform(move |line| stamp::compose(line, reply_to))}
                on_edit={act.reform(|(message, text): (Rc<Message>, _)| {
                    stamp::write(Writing::Edit { of: message.seq, text })
                })}
                on_forget={set_to(intent, None)}
                on_edit_last={on_edit_last(chat, room, intent.setter())}
                on_typing={act.reform(|()| stamp::typing())}
            />
        </>
    }
}

/// Returns the callback for the person's actions on messages.
fn on_do(
    act: &Callback<Action>,
    intent: &UseStateHandle<Option<Intent>>,
    goal: &GoalState,
) -> Callback<Doing> {
    let (act, intent, goal) = (act.clone(), intent.setter(), goal.clone());
    Callback::from(move |doing: Doing| match doing {
        Doing::Write(what) => act.emit(stamp::write(what)),
        Doing::Reply(seq) => intent.set(Some(Intent::Reply(seq))),
        Doing::Edit(seq) => intent.set(Some(Intent::Edit(seq))),
        Doing::Show(seq) => goal.show(seq),
    })
}

/// Returns the entries of the outbox for the room on the screen.
fn outgoing(chat: &Chat) -> Vec<Outgoing> {
    let here = |line: &&Outgoing| line.room == chat.current;
    chat.outbox.lines().iter().filter(here).cloned().collect()
}
