//! The chat screen: the list of rooms, the room on the screen with its log and composer, and a
//! panel beside it, such as the handshake or the members.

use std::rc::Rc;

use shared::chat::server::Member;
use shared::chat::{Author, Seq};
use web_sys::HtmlElement;
use yew::prelude::*;

use super::banner::banner;
use super::composer::{About, Composer};
use super::doing::Doing;
use super::handshake::handshake_panel;
use super::icons::{Icon, icon};
use super::log::Log;
use super::members::Members;
use super::new_room::NewRoom;
use super::operator::Console;
use super::room_settings::RoomSettings;
use super::rooms::{Rooms, presence};
use super::search::Search;
use super::switcher::Switcher;
use super::waiting::Waiting;
use crate::hooks::{stamp, use_now, use_renamings};
use crate::state::Action;
use crate::state::address::Origin;
use crate::state::connection::Connection;
use crate::state::handshake_report::HandshakeReport;
use client::Chat;
use client::log::Message;
use client::outbox::{Outgoing, Writing};
use client::rights::Rights;
use client::room::{Room, TYPING_MS};

/// The width in pixels from which on there is space beside the log.
const WIDE: f64 = 1100.0;

/// Props of [`ChatScreen`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ChatScreenProps {
    /// The state of the connection.
    pub connection: Connection,
    /// The server's `host[:port]`.
    pub host: AttrValue,
    /// The origin of the page.
    pub origin: Origin,
    /// The report of the handshake.
    pub report: HandshakeReport,
    /// The number of the session.
    pub attempt: u32,
    /// The rooms and the outbox.
    pub chat: Chat,
    /// Takes the person's actions.
    pub act: Callback<Action>,
}

/// The panel beside the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aside {
    Handshake,
    Members,
    Search,
    Console,
}

/// The use of a message in the composer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intent {
    Reply(Seq),
    Edit(Seq),
}

/// The chat screen.
#[component(ChatScreen)]
pub fn chat_screen(props: &ChatScreenProps) -> Html {
    let wide = is_wide();
    let aside = use_state(|| is_wide().then_some(Aside::Handshake));
    let drawer = use_state(|| false);
    let making = use_state(|| false);
    let changing = use_state(|| false);
    let intent = use_state(|| None::<Intent>);
    let shown = use_state(|| None::<(Seq, u32)>);
    let aside_node = use_node_ref();
    let opener = use_mut_ref(|| None::<HtmlElement>);
    let chat = &props.chat;
    let current = chat.current.clone();
    let number = chat.room().map_or(0, |room| room.number);
    // First of all: the composer looks a draft up by the room's name.
    use_renamings(chat);
    // In another room, an unfinished reply or edit belongs to the former one. A renamed room keeps
    // its number and is the same one.
    use_effect_with(number, {
        let (intent, shown, drawer) = (intent.setter(), shown.setter(), drawer.setter());
        let changing = changing.setter();
        move |_| {
            intent.set(None);
            shown.set(None);
            drawer.set(false);
            changing.set(false);
        }
    });
    // A large room announces only that its members have changed, so the shown list has to be asked
    // for.
    let stale = chat.room().is_some_and(|room| room.needs_members());
    use_effect_with(
        (stale && *aside == Some(Aside::Members), current.clone()),
        {
            let act = props.act.clone();
            move |(stale, room)| {
                if *stale {
                    act.emit(Action::RefreshMembers(room.clone()));
                }
            }
        },
    );
    // A message that was searched for is shown as soon as it has been loaded.
    let goal = chat.goal.clone().filter(|goal| goal.room == current);
    let goal = goal.filter(|goal| {
        let room = chat.room();
        room.is_some_and(|room| room.log.message(goal.seq).is_some())
    });
    use_effect_with(goal, {
        let shown = shown.clone();
        move |goal| {
            if let Some(goal) = goal {
                // The count makes a second request for the same message differ from the first, so
                // that it scrolls there again.
                let times = shown.map_or(0, |(_, times)| times);
                shown.set(Some((goal.seq, times + 1)));
            }
        }
    });
    // A panel that lies over the chat takes the focus. When it closes, the focus that may have been
    // in it returns to the button that opened it; otherwise a keyboard user would begin at the top
    // again.
    use_effect_with(*aside, {
        let (aside_node, opener) = (aside_node.clone(), opener.clone());
        move |aside| match aside {
            Some(_) if wide => {}
            Some(_) if opener.borrow().is_some() => {
                if let Some(element) = aside_node.cast::<HtmlElement>() {
                    let _ = element.focus();
                }
            }
            Some(_) => {}
            None => {
                if let Some(element) = opener.borrow_mut().take() {
                    let _ = element.focus();
                }
            }
        }
    });
    let toggle = |which: Aside| {
        let (aside, opener) = (aside.clone(), opener.clone());
        Callback::from(move |event: MouseEvent| {
            let next = (*aside != Some(which)).then_some(which);
            *opener.borrow_mut() = event.target_dyn_into::<HtmlElement>();
            aside.set(next);
        })
    };
    let on_close = {
        let aside = aside.setter();
        Callback::from(move |()| aside.set(None))
    };
    let onkeydown = {
        let on_close = on_close.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                on_close.emit(());
            }
        })
    };
    let on_drawer = {
        let drawer = drawer.clone();
        Callback::from(move |_: MouseEvent| drawer.set(!*drawer))
    };
    let on_new = {
        let making = making.setter();
        Callback::from(move |()| making.set(true))
    };
    let on_made = {
        let making = making.setter();
        Callback::from(move |()| making.set(false))
    };
    let set_changing = |to: bool| {
        let changing = changing.setter();
        Callback::from(move |()| changing.set(to))
    };
    let on_ask = props.act.reform(Action::Ask);
    let on_do = {
        let (act, intent, shown) = (props.act.clone(), intent.setter(), shown.clone());
        Callback::from(move |doing: Doing| match doing {
            Doing::Write(what) => act.emit(stamp::write(what)),
            Doing::Reply(seq) => intent.set(Some(Intent::Reply(seq))),
            Doing::Edit(seq) => intent.set(Some(Intent::Edit(seq))),
            Doing::Show(seq) => {
                let times = shown.map_or(0, |(_, times)| times);
                shown.set(Some((seq, times + 1)));
            }
        })
    };
    let Some(room) = chat.room() else {
        return Html::default();
    };
    let rights = Rights::of(room, chat.operator);
    // The message is looked up again at every render: it may have been changed or deleted since.
    let about = intent.and_then(|intent| {
        let (seq, about): (Seq, fn(Rc<Message>) -> About) = match intent {
            Intent::Reply(seq) => (seq, About::Reply),
            Intent::Edit(seq) => (seq, About::Edit),
        };
        let message = room.log.message(seq)?.clone();
        message.text.is_some().then(|| about(message))
    });
    let reply_to = match *intent {
        Some(Intent::Reply(seq)) => Some(seq),
        _ => None,
    };
    let on_forget = {
        let intent = intent.setter();
        Callback::from(move |()| intent.set(None))
    };
    // What is covered is inert: the keyboard must not reach controls that cannot be seen.
    let covered = (aside.is_some() || *drawer) && !wide;
    let class = classes!(
        "chat",
        aside.is_some().then_some("with-aside"),
        drawer.then_some("with-drawer"),
    );
    let unread: u64 = chat.rooms.values().map(|other| waiting(other, chat)).sum();
    html! {
        <main {class} id="main" tabindex="-1">
            <Rooms
                chat={chat.clone()}
                on_open={props.act.reform(Action::Open)}
                on_new={on_new.clone()}
                on_more={props.act.reform(|()| Action::MoreRooms)}
                on_find={props.act.reform(Action::FindRooms)}
            />
            <header class="room">
                <button
                    type="button"
                    class="button drawer-toggle"
                    data-testid="rooms-toggle"
                    aria-expanded={drawer.to_string()}
                    aria-label="Rooms"
                    onclick={on_drawer.clone()}
                >
                    { icon(Icon::Steps) }
                    if unread > 0 {
                        <span class="dot news" /><span class="visually-hidden">{ "There is something new." }</span>
                    }
                </button>
                { heading(room, chat.me.as_ref()) }
                if let Some(name) = chat.own_name() {
                    <p class="room-name">{ "You are " }<b data-testid="own-name">{ name.to_owned() }</b></p>
                }
                <div class="room-tools">
                    { tool("search-toggle", "Search", Icon::Search, *aside == Some(Aside::Search), toggle(Aside::Search)) }
                    if chat.operator {
                        { tool("console-toggle", "Server", Icon::Plug, *aside == Some(Aside::Console), toggle(Aside::Console)) }
                    }
                    { tool("members-toggle", "Members", Icon::People, *aside == Some(Aside::Members), toggle(Aside::Members)) }
                    { tool("handshake-toggle", "Handshake", Icon::Key, *aside == Some(Aside::Handshake), toggle(Aside::Handshake)) }
                    <button
                        type="button"
                        class="button"
                        data-testid="disconnect"
                        onclick={props.act.reform(|_: MouseEvent| Action::Disconnect)}
                    >
                        { icon(Icon::Leave) }<span class="hidden-when-narrow">{ "Disconnect" }</span>
                    </button>
                </div>
            </header>
            if *drawer {
                <div class="scrim" onclick={on_drawer} aria-hidden="true" />
            }
            <div class="chat-column" inert={covered}>
                if let Some(mode) = chat.waiting.filter(|_| props.connection == Connection::Ready) {
                    <Waiting {mode} on_invitation={props.act.reform(Action::Invitation)} />
                }
                { banner(&props.connection, &props.host, props.report.version, &props.act.reform(|()| Action::Retry)) }
                <Log
                    // Keyed by the room's number, so that another room begins with a fresh log and
                    // a renamed one keeps its place.
                    key={number.to_string()}
                    room={room.clone()}
                    me={chat.me.clone()}
                    moderates={rights.deletes_messages()}
                    outgoing={outgoing(chat)}
                    chosen={about.as_ref().map(|about| match about {
                        About::Reply(message) | About::Edit(message) => message.seq,
                    })}
                    shown={*shown}
                    {on_do}
                    on_cancel={props.act.reform(Action::Cancel)}
                    on_resend={props.act.reform(Action::Resend)}
                    on_older={props.act.reform(Action::LoadOlder)}
                    on_seen={props.act.reform({
                        let room = current.clone();
                        move |seq| Action::Seen { room: room.clone(), seq }
                    })}
                />
                <Typing typing={room.typing.clone()} />
                <Composer
                    room={current.clone()}
                    {number}
                    title={room.title()}
                    connected={props.connection == Connection::Ready}
                    text_bytes={chat.text_bytes}
                    about={about}
                    on_send={props.act.reform(move |line| stamp::compose(line, reply_to))}
                    on_edit={props.act.reform(|(message, text): (Rc<Message>, _)| {
                        stamp::write(Writing::Edit { of: message.seq, text })
                    })}
                    {on_forget}
                    on_edit_last={edit_last(chat, room, intent.setter())}
                    on_typing={props.act.reform(|()| stamp::typing())}
                />
            </div>
            if let Some(which) = *aside {
                <aside ref={aside_node} class="chat-aside" aria-label={match which {
                    Aside::Handshake => "Handshake",
                    Aside::Members => "Members",
                    Aside::Search => "Search",
                    Aside::Console => "Server",
                }} tabindex="-1" {onkeydown}>
                    { match which {
                        Aside::Handshake => handshake_panel(&props.report, Some(&on_close)),
                        Aside::Members => html! {
                            <Members
                                key={number.to_string()}
                                room={room.clone()}
                                me={chat.me.clone()}
                                others={others(chat, room)}
                                {rights}
                                on_ask={on_ask.clone()}
                                on_more={props.act.reform(Action::MoreMembers)}
                                on_settings={set_changing(true)}
                                {on_close}
                            />
                        },
                        Aside::Console => html! {
                            <Console
                                operating={chat.operating.clone()}
                                attempt={props.attempt}
                                origin={props.origin.clone()}
                                on_ask={on_ask.clone()}
                                {on_close}
                            />
                        },
                        Aside::Search => html! {
                            <Search
                                chat={chat.clone()}
                                connected={props.connection == Connection::Ready}
                                act={props.act.clone()}
                                on_chosen={if wide { Callback::noop() } else { on_close.clone() }}
                                {on_close}
                            />
                        },
                    } }
                </aside>
            }
            <NewRoom open={*making} on_close={on_made} on_ask={on_ask.clone()} />
            <RoomSettings
                open={*changing}
                room={room.clone()}
                {rights}
                on_close={set_changing(false)}
                {on_ask}
            />
            <Switcher chat={chat.clone()} on_open={props.act.reform(Action::Open)} {on_new} />
        </main>
    }
}

/// Returns the number of unread messages in a room that is not on the screen.
fn waiting(room: &Room, chat: &Chat) -> u64 {
    if room.id == chat.current {
        return 0;
    }
    room.unread(chat.me.as_ref().map(|me| me.id))
}

fn heading(room: &Room, me: Option<&Author>) -> Html {
    let other = room
        .members
        .iter()
        .find(|it| Some(it.id) != me.map(|me| me.id));
    html! {
        <div class="room-head">
            <h1 data-testid="room-title">
                if room.is_direct() {
                    { presence(other.is_some_and(|it| it.online)) }
                }
                { room.title() }
            </h1>
            if !room.topic.as_str().is_empty() {
                <p class="room-topic" title={room.topic.as_str().to_owned()}>{ room.topic.as_str() }</p>
            }
        </div>
    }
}

fn tool(
    id: &'static str,
    label: &'static str,
    shape: Icon,
    expanded: bool,
    onclick: Callback<MouseEvent>,
) -> Html {
    html! {
        <button type="button" class="button" data-testid={id} aria-expanded={expanded.to_string()} aria-label={label} {onclick}>
            { icon(shape) }<span class="hidden-when-narrow">{ label }</span>
        </button>
    }
}

/// Returns the entries of the outbox for the room on the screen.
fn outgoing(chat: &Chat) -> Vec<Outgoing> {
    let here = |line: &&Outgoing| line.room == chat.current;
    chat.outbox.lines().iter().filter(here).cloned().collect()
}

/// Begins to edit the person's latest message in this room.
fn edit_last(chat: &Chat, room: &Room, intent: UseStateSetter<Option<Intent>>) -> Callback<()> {
    let me = chat.me.as_ref().map(|me| me.id);
    let mut messages = room.log.messages().iter().rev();
    let last = messages.find(|it| Some(it.from.id) == me && it.text.is_some());
    let seq = last.map(|message| message.seq);
    Callback::from(move |()| {
        if let Some(seq) = seq {
            intent.set(Some(Intent::Edit(seq)));
        }
    })
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
    others.sort_by_cached_key(|it| it.name.as_str().to_lowercase());
    others
}

/// Props of [`Typing`].
#[derive(Debug, Clone, PartialEq, Properties)]
struct TypingProps {
    /// The people who are writing, and the time since when.
    typing: Vec<(Author, u64)>,
}

/// Shows the people who are writing at present.
#[component(Typing)]
fn typing(props: &TypingProps) -> Html {
    let now = use_now(!props.typing.is_empty());
    let typing = props.typing.iter();
    let names: Vec<_> = typing
        .filter(|(_, since)| now.saturating_sub(*since) < TYPING_MS)
        .map(|(who, _)| who.name.as_str())
        .collect();
    let said = match names.as_slice() {
        [] => String::new(),
        [one] => format!("{one} is writing…"),
        [one, other] => format!("{one} and {other} are writing…"),
        [one, rest @ ..] => format!("{one} and {} others are writing…", rest.len()),
    };
    html! { <p class="typing" data-testid="typing" aria-live="polite">{ said }</p> }
}

fn is_wide() -> bool {
    // Asked here and not left to the style sheet, because the focus and `inert` depend on it, too.
    let width = web_sys::window().and_then(|window| window.inner_width().ok()?.as_f64());
    width.is_some_and(|width| width >= WIDE)
}
