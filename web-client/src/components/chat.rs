//! The chat screen: the list of rooms, the room on the screen with its log and composer, and a
//! panel beside it, such as the handshake or the members.

mod aside;
mod bar;
mod fresh_members;
mod goal;
mod intent;
mod panel;
mod props;
mod typing;
mod welcome;

use std::rc::Rc;

use yew::prelude::*;

use self::aside::use_aside;
use self::bar::bar;
use self::fresh_members::use_fresh_members;
use self::goal::{GoalState, use_goal};
use self::intent::{about, on_edit_last, present};
use self::panel::panel;
pub use self::props::ChatScreenProps;
use self::typing::Typing;
use self::welcome::welcome;
use super::banner::banner;
use super::browse::Browse;
use super::callbacks::{set, set_to};
use super::composer::Composer;
use super::doing::Doing;
use super::log::Log;
use super::new_room::NewRoom;
use super::own_menu::OwnMenu;
use super::room_settings::RoomSettings;
use super::rooms::Rooms;
use super::switcher::Switcher;
use super::waiting::Waiting;
use crate::hooks::{IntentState, Place, stamp, use_intent, use_opened, use_renamings};
use crate::state::Action;
use crate::state::connection::Connection;
use crate::state::panel::Panel;
use client::Chat;
use client::completion;
use client::drafts::Intent;
use client::outbox::{Outgoing, Writing};
use client::rights::Rights;
use client::room::Room;
use shared::chat::RoomId;

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
    let making = use_state(|| None::<String>);
    let browsing = use_state(|| false);
    let changing = use_state(|| false);
    let finding = use_state(|| None);
    let (making_opened, changing_opened) = (use_opened(making.is_some()), use_opened(*changing));
    let browsing_opened = use_opened(*browsing);
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
    // Whoever is no operator any more has no console.
    let open = props
        .panel
        .filter(|panel| *panel != Panel::Console || chat.operator);
    let aside = use_aside(open, act);
    // The list of rooms would lie over a panel that was just opened.
    use_effect_with(open, {
        let drawer = drawer.setter();
        move |_| drawer.set(false)
    });
    use_fresh_members(chat, open == Some(Panel::Members), act);

    let on_drawer = {
        let drawer = drawer.clone();
        Callback::from(move |_: MouseEvent| drawer.set(!*drawer))
    };
    let Some(room) = chat.room() else {
        return Html::default();
    };
    let rights = Rights::of(room, chat.operator);
    let connected = props.connection == Connection::Ready;
    // What is covered is inert: the keyboard must not reach controls that cannot be seen.
    let covered = (aside.open().is_some() || *drawer) && !aside.wide;
    let class = classes!(
        "chat",
        aside.open().is_some().then_some("with-aside"),
        aside
            .open()
            .is_some_and(Panel::is_wide)
            .then_some("with-console"),
        drawer.then_some("with-drawer"),
    );
    let on_new = set_to(&making, Some(String::new()));
    let on_open = {
        let (act, drawer) = (act.clone(), drawer.setter());
        let covers = aside.open().is_some() && !aside.wide;
        Callback::from(move |room| {
            // Also for the room that is on the screen already.
            drawer.set(false);
            act.emit(Action::Open(room));
            if covers {
                act.emit(Action::Panel(None));
            }
        })
    };
    let on_ask = act.reform(Action::Ask);
    html! {
        <main {class} id="main" tabindex="-1">
            <div class="side">
            <Rooms
                chat={chat.clone()}
                {connected}
                drafts={drafts(props)}
                on_open={on_open.clone()}
                on_go_to={act.reform(|(room, seq)| Action::GoTo { room, seq })}
                on_new={on_new.clone()}
                on_browse={set_to(&browsing, true)}
            />
            <OwnMenu
                name={chat.own_name().map(|name| AttrValue::from(name.to_owned()))}
                short={props.short.clone()}
                on_verify={props.on_verify.clone()}
                on_identity={props.on_identity.clone()}
                on_settings={props.on_settings.clone()}
                on_rename={act.reform(|name| stamp::compose(format!("/name {name}"), None))}
                on_disconnect={act.reform(|()| Action::Disconnect)}
            />
            </div>
            { bar(props, room, &aside, *drawer, on_drawer.clone()) }
            if *drawer {
                <div class="scrim" onclick={on_drawer} aria-hidden="true" />
            }
            <div class="chat-column" inert={covered}>
                { column(props, room, place, &intent, &goal, &finding, &set_to(&changing, true)) }
            </div>
            { panel(props, room, &aside, (*finding).clone(), set_to(&changing, true)) }
            if making_opened {
                <NewRoom
                    open={making.is_some()}
                    begins={(*making).clone().unwrap_or_default()}
                    on_close={set_to(&making, None)}
                    on_ask={on_ask.clone()}
                />
            }
            if browsing_opened {
                <Browse
                    open={*browsing}
                    chat={chat.clone()}
                    {connected}
                    act={act.clone()}
                    {on_open}
                    on_new={set(&making).reform(Some)}
                    on_close={set_to(&browsing, false)}
                />
            }
            if changing_opened {
                <RoomSettings
                    open={*changing}
                    room={room.clone()}
                    {rights}
                    on_close={set_to(&changing, false)}
                    {on_ask}
                />
            }
            <Switcher chat={chat.clone()} send_key={props.settings.send_key} on_open={act.reform(Action::Open)} {on_new} />
        </main>
    }
}

/// A text to find in the frames, and the number of times that this was asked for.
type Finding = UseStateHandle<Option<(AttrValue, u32)>>;

/// Shows the room: what stands above its log, the log, and the composer.
fn column(
    props: &ChatScreenProps,
    room: &Rc<Room>,
    place: Place,
    intent: &IntentState,
    goal: &GoalState,
    finding: &Finding,
    on_settings: &Callback<()>,
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
                clock={props.settings.clock}
                welcome={welcome(props, room, on_settings)}
                on_do={on_do(act, room, intent, finding)}
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
                send_key={props.settings.send_key}
                practised={practised(chat, room)}
                forgets={props.forgets}
                {about}
                aside={intent.aside()}
                begun={intent.begun()}
                takes={takes(chat)}
                names={names(chat, room)}
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
fn on_do(
    act: &Callback<Action>,
    room: &Rc<Room>,
    intent: &IntentState,
    finding: &Finding,
) -> Callback<Doing> {
    let (act, room, intent) = (act.clone(), room.clone(), intent.clone());
    let finding = finding.clone();
    Callback::from(move |doing: Doing| match doing {
        Doing::Write(what) => act.emit(stamp::write(what)),
        Doing::Reply(seq) => intent.begin(Intent::Reply(seq), ""),
        Doing::Edit(seq) => intent.begin(Intent::Edit(seq), &present(&room, seq)),
        Doing::Unread(from) => {
            let room = room.id.clone();
            act.emit(Action::MarkUnread { room, from });
        }
        Doing::Frames(id) => {
            let times = finding.as_ref().map_or(0, |(_, times)| times + 1);
            finding.set(Some((id.to_string().into(), times)));
            act.emit(Action::Panel(Some(Panel::Inspector)));
        }
        Doing::Show(seq) => {
            let room = room.id.clone();
            act.emit(Action::GoTo { room, seq });
        }
    })
}

/// Returns `true` if the person has written some of the messages in view of `room`.
fn practised(chat: &Chat, room: &Room) -> bool {
    /// So many that whoever has sent them knows the keys.
    const KNOWN: usize = 3;
    let me = chat.me.as_ref().map(|me| me.id);
    let messages = room.log.messages().iter().rev();
    let own = messages.filter(|message| Some(message.from.id) == me);
    own.take(KNOWN).count() == KNOWN
}

/// Returns the callback that says whether a line would be carried out.
fn takes(chat: &Chat) -> Callback<String, bool> {
    let chat = chat.clone();
    Callback::from(move |line: String| chat.takes(&line))
}

/// Returns the callback that finds people by a part of their name: members first, then whoever
/// else is known.
fn names(chat: &Chat, room: &Rc<Room>) -> Callback<String, Vec<String>> {
    let (chat, room) = (chat.clone(), room.clone());
    Callback::from(move |typed: String| {
        let own = chat.me.as_ref().map(|me| me.name.as_str());
        if own.is_some_and(|own| own.eq_ignore_ascii_case(&typed)) {
            // Whole already, although nobody is offered their own name.
            return Vec::new();
        }
        let me = chat.me.as_ref().map(|me| me.id);
        let of = |room: &Rc<Room>| {
            let others = room.members.iter().filter(|it| Some(it.id) != me);
            others.map(|it| it.name.to_string()).collect::<Vec<_>>()
        };
        let found = completion::people(&typed, of(&room).into_iter());
        if !found.is_empty() {
            return found;
        }
        // A message may also speak of somebody who is not here.
        completion::people(&typed, chat.rooms.values().flat_map(of))
    })
}

/// Returns the other rooms for which something was written and not sent.
fn drafts(props: &ChatScreenProps) -> Vec<RoomId> {
    let rooms = props.chat.rooms.keys();
    let others = rooms.filter(|room| **room != props.chat.current);
    let written = others.filter(|room| props.memory.has_draft(&props.account, room));
    written.cloned().collect()
}

/// Returns the entries of the outbox for the room on the screen.
fn outgoing(chat: &Chat) -> Vec<Outgoing> {
    let here = |line: &&Outgoing| line.room == chat.current;
    chat.outbox.lines().iter().filter(here).cloned().collect()
}
