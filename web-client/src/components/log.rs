//! A room's log: messages grouped by day and sender, notices, the outbox, and the way to the latest
//! message. Only a part of a long log is in the document, and it moves with the reader.

mod place;

use std::rc::Rc;

use shared::chat::{Author, MessageId, RoomId, Seq};
use web_sys::HtmlElement;
use yew::prelude::*;

use self::place::Place;
use super::doing::Doing;
use super::icons::{Icon, icon};
use super::message::MessageRow;
use super::outgoing::OutgoingRow;
use super::text;
use crate::hooks::{use_resize, use_visible};
use crate::state::window::Window;
use client::log::Message;
use client::outbox::Outgoing;
use client::room::{Notice, Room};
use client::timeline::{self, Item};

/// The distance to an edge, in pixels, below which more is shown there.
const NEAR_EDGE: i32 = 600;

/// Props of [`Log`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LogProps {
    /// The room on the screen.
    pub room: Rc<Room>,
    /// The person at this page.
    pub me: Option<Author>,
    /// The person may delete messages of others.
    pub moderates: bool,
    /// The entries of the outbox for this room.
    pub outgoing: Vec<Outgoing>,
    /// The message that is being answered or edited.
    pub chosen: Option<Seq>,
    /// A message to show, and the number of times that this was asked for.
    pub shown: Option<(Seq, u32)>,
    /// Called with the person's action on a message.
    pub on_do: Callback<Doing>,
    /// Called when the person does not want to send an entry any more.
    pub on_cancel: Callback<MessageId>,
    /// Called when the person wants to send an entry again.
    pub on_resend: Callback<MessageId>,
    /// Called when the person has reached the oldest loaded message.
    pub on_older: Callback<RoomId>,
    /// Called when the person has seen everything up to an entry.
    pub on_seen: Callback<Seq>,
}

/// The log of the room on the screen.
#[component(Log)]
pub fn log(props: &LogProps) -> Html {
    let node = use_node_ref();
    let room = &props.room;
    let messages = room.log.messages();
    let window = use_state(Window::default);
    // The last entry that the person has seen at the end; `None` while the person is there.
    let left_at = use_state(|| None::<Seq>);
    let place = use_mut_ref(Place::default);
    let visible = use_visible();
    let last = room.log.last().unwrap_or(0);
    let last_outgoing = props.outgoing.last().map(|line| line.id);
    let away = left_at.is_some();
    let here = window.of(messages.len(), |at| messages[at].seq);

    // A reader at the end stays there; a reader further up keeps the position.
    use_effect_with((room.clone(), *window, last_outgoing), {
        let (node, place) = (node.clone(), place.clone());
        move |_| place.borrow_mut().keep(&node, away)
    });
    // The person's own message is always shown.
    use_effect_with(last_outgoing, {
        let (node, window, left_at) = (node.clone(), window.clone(), left_at.clone());
        move |line| {
            if line.is_some() {
                window.set(Window::default());
                left_at.set(None);
                place::to_end(&node);
            }
        }
    });
    use_effect_with((last, away, visible), {
        let on_seen = props.on_seen.clone();
        // A page in a background tab has no reader, so nothing in it becomes read.
        move |&(last, away, visible)| {
            if visible && !away && last > 0 {
                on_seen.emit(last);
            }
        }
    });
    use_effect_with(props.shown, {
        let (node, window, left_at) = (node.clone(), window.clone(), left_at.clone());
        let at = props
            .shown
            .and_then(|(seq, _)| messages.iter().position(|message| message.seq == seq));
        let around = at.map(|at| Window::around(at, |at| messages[at].seq));
        let place = place.clone();
        move |shown| {
            if let Some(((seq, _), around)) = shown.zip(around) {
                left_at.set(Some(last));
                place.borrow_mut().go_to(seq);
                window.set(around);
                place.borrow_mut().keep(&node, true);
            }
        }
    });
    use_resize(node.clone(), {
        let (node, place) = (node.clone(), place.clone());
        Callback::from(move |()| place.borrow_mut().keep(&node, away))
    });
    let onscroll = {
        let (node, place) = (node.clone(), place.clone());
        let (left_at, window) = (left_at.clone(), window.clone());
        let (on_older, room) = (props.on_older.clone(), room.clone());
        let here = here.clone();
        Callback::from(move |_: Event| {
            let Some(log) = node.cast::<HtmlElement>() else {
                return;
            };
            let messages = room.log.messages();
            let seen = place.borrow_mut().scrolled(&log);
            let to_end = here.end == messages.len();
            match (seen.at_end && to_end, *left_at) {
                // Only people scroll up; new entries only move the end away. Without this test, a
                // new entry would count as leaving the end.
                (false, None) if seen.up => left_at.set(Some(last)),
                (true, Some(_)) => left_at.set(None),
                _ => {}
            }
            if log.scroll_top() < NEAR_EDGE {
                if here.start > 0 {
                    window.set(window.up(messages.len(), |at| messages[at].seq));
                } else if room.has_older() && !room.loading {
                    // Only while no page is under way: scrolling fires many events before it
                    // arrives.
                    on_older.emit(room.id.clone());
                }
            } else if seen.rest < NEAR_EDGE && !to_end {
                window.set(window.down(messages.len(), |at| messages[at].seq));
            }
        })
    };
    let on_jump = {
        let (node, left_at, window) = (node.clone(), left_at.clone(), window.clone());
        Callback::from(move |_: MouseEvent| {
            window.set(Window::default());
            left_at.set(None);
            place::to_end(&node);
            if let Some(log) = node.cast::<HtmlElement>() {
                let _ = log.focus();
            }
        })
    };
    let rows = timeline::items(room, here.clone(), text::day_number)
        .into_iter()
        .map(|item| row(&item, props));
    // The button shows how much the reader has missed since leaving the end.
    let new = left_at.map(|seen| {
        let new = messages
            .iter()
            .rev()
            .take_while(|message| message.seq > seen);
        new.count()
    });
    let label = format!("Messages in {}", room.title());
    html! {
        <div class="log-frame">
            <div
                ref={node}
                class="log"
                role="log"
                // `log` is a live region: screen readers announce what is added at its end.
                aria-label={label}
                // No further entry arrives before the room is live again.
                aria-busy={(room.loading || !room.is_live()).to_string()}
                // Focusable, so that the keyboard can scroll it.
                tabindex="0"
                data-testid="log"
                {onscroll}
            >
                if here.start == 0 {
                    { beginning(room) }
                }
                { for rows }
                if here.end == messages.len() {
                    { for props.outgoing.iter().map(|line| html! {
                        <OutgoingRow
                            key={format!("out-{}", line.id)}
                            line={line.clone()}
                            on_cancel={props.on_cancel.clone()}
                            on_resend={props.on_resend.clone()}
                        />
                    }) }
                }
            </div>
            if let Some(new) = new {
                <button type="button" class="button jump" data-testid="jump-latest" onclick={on_jump}>
                    { icon(Icon::Down) }
                    <span>
                        { match new {
                            0 => "Jump to the latest".to_owned(),
                            new => text::count(new as u64, "new message"),
                        } }
                    </span>
                </button>
            }
        </div>
    }
}

fn beginning(room: &Room) -> Html {
    let said = match (room.loading, room.has_older(), room.is_live()) {
        (true, ..) => "Loading older messages…".to_owned(),
        (false, true, _) => "Scroll up for older messages.".to_owned(),
        (false, false, true) if !room.keep.is_forever() => {
            format!("The server keeps {} of this room.", room.keep)
        }
        (false, false, true) if room.gone > 0 => "What was said before is gone.".to_owned(),
        (false, false, true) if room.log.messages().is_empty() => {
            "Nothing was said here yet.".to_owned()
        }
        (false, false, true) => "This is where the room begins.".to_owned(),
        (false, false, false) => return Html::default(),
    };
    html! { <p class="beginning" key="beginning">{ said }</p> }
}

fn row(item: &Item, props: &LogProps) -> Html {
    match item {
        Item::Day { at } => html! {
            <p class="day" key={format!("day-{at}")} data-testid="day"><span>{ text::date_line(*at) }</span></p>
        },
        Item::New => html! {
            <p class="new-line" key="new" data-testid="new-divider"><span>{ "New" }</span></p>
        },
        Item::Notice(notice) => notice_row(notice),
        Item::Message { message, head } => message_row(message, *head, props),
    }
}

fn message_row(message: &Rc<Message>, head: bool, props: &LogProps) -> Html {
    let answered = message.reply_to.and_then(|of| props.room.log.message(of));
    html! {
        <MessageRow
            key={message.seq.to_string()}
            message={message.clone()}
            answered={answered.cloned()}
            me={props.me.clone()}
            moderates={props.moderates}
            {head}
            chosen={props.chosen == Some(message.seq)}
            on_do={props.on_do.clone()}
        />
    }
}

fn notice_row(notice: &Notice) -> Html {
    html! {
        <div class="notice" key={format!("notice-{}", notice.number)} data-testid="notice">
            <span class="visually-hidden">{ "Notice: " }</span>
            <span class="notice-text">{ &notice.text }</span>
            <time datetime={text::date_time(notice.at)} title={text::date_time(notice.at)}>
                { text::time(notice.at) }
            </time>
        </div>
    }
}
