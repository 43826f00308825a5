//! A room's log: messages grouped by day and sender, notices, the outbox, and the way to the latest
//! message. Only a part of a long log is in the document, and it moves with the reader.

mod place;
mod reader;
mod stops;

use std::rc::Rc;

use shared::chat::{Author, MessageId, RoomId, Seq, UserId};
use yew::prelude::*;

use self::reader::use_reader;
use self::stops::Stops;
use super::doing::Doing;
use super::icons::{Icon, icon};
use super::message::MessageRow;
use super::outgoing::OutgoingRow;
use super::text;
use crate::hooks::use_latest;
use crate::state::settings::Clock;
use client::log::Message;
use client::markup;
use client::outbox::{Outgoing, Writing};
use client::room::{Notice, Room};
use client::timeline::{self, Item};

/// Most characters of a message that a screen reader says by itself. The longest message would take
/// a quarter of an hour; whoever wants it all goes to it.
const ANNOUNCED_CHARACTERS: usize = 500;

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
    /// The clock of the times. They are formatted anew when it changes.
    pub clock: Clock,
    /// What an empty room says.
    pub welcome: Html,
    /// Called with the person's action on a message.
    pub on_do: Callback<Doing>,
    /// Called when the person does not want to send an entry any more.
    pub on_cancel: Callback<MessageId>,
    /// Called when the person wants to send an entry again.
    pub on_resend: Callback<MessageId>,
    /// Called when the person has reached the oldest loaded message.
    pub on_older: Callback<RoomId>,
    /// Called with the first and the last message in the person's view.
    pub on_saw: Callback<(Seq, Seq)>,
    /// Called when the person looks at the page again.
    pub on_look: Callback<()>,
    /// Called when the person wants everything here to be read.
    pub on_read: Callback<()>,
}

/// The log of the room on the screen.
#[component(Log)]
pub fn log(props: &LogProps) -> Html {
    let room = &props.room;
    let me = props.me.as_ref().map(|me| me.id);
    let reader = use_reader(props);
    // What was here when the room was opened is no news.
    let heard = use_mut_ref(|| None::<Seq>);
    if heard.borrow().is_none() && room.is_live() && room.log.last().unwrap_or(0) >= room.head {
        *heard.borrow_mut() = Some(room.head);
    }
    let here = reader.here();
    let on_do = use_latest(props.on_do.clone());
    // A list of its own: among siblings without a key, Yew compares children by their place, and would
    // build every row anew as soon as one goes at the beginning.
    let rows: Html = timeline::items(room, here.clone(), text::day_number)
        .into_iter()
        .map(|item| row(&item, props, &on_do))
        .collect();
    let label = format!("Messages in {}", room.title());
    html! {
        <div class="log-frame">
            if reader.unread_above() {
                { unread_line(room.unread(me), room.first_unread(me), props) }
            }
            <div
                ref={reader.node.clone()}
                class="log"
                role="log"
                // A log is a live region, which would also announce old messages while one scrolls
                // back: what is new is said by a region of its own.
                aria-live="off"
                aria-label={label}
                // No further entry arrives before the room is live again.
                aria-busy={(room.loading || !room.is_live()).to_string()}
                // Focusable, so that the keyboard can scroll it.
                tabindex="0"
                data-testid="log"
                onfocusin={reader.stops.on_focus(&reader.node)}
                onkeydown={Stops::on_key(&reader.node)}
                onscroll={reader.on_scroll()}
            >
                if here.start == 0 {
                    { beginning(room) }
                    { props.welcome.clone() }
                }
                { rows }
                if here.end == room.log.messages().len() {
                    { outgoing(props, &on_do) }
                }
            </div>
            <p class="visually-hidden" role="status" translate="no" data-testid="announcement">
                { announcement(room, me, *heard.borrow(), reader.missed().is_none()) }
            </p>
            // The button shows how much the reader has missed since leaving the end.
            if let Some(new) = reader.missed() {
                <button type="button" class="button jump" translate="no" data-testid="jump-latest" onclick={reader.on_jump()}>
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

/// Returns the newest message of somebody else for screen readers, while the reader is at the end.
fn announcement(room: &Room, me: Option<UserId>, heard: Option<Seq>, at_end: bool) -> String {
    let newest = room.log.messages().last();
    let is_new = |it: &&Rc<Message>| heard.is_some_and(|heard| it.seq > heard);
    let news = newest.filter(|it| at_end && is_new(it) && Some(it.from.id) != me);
    let text = news.and_then(|it| Some((it, it.text.as_deref()?)));
    text.map_or_else(String::new, |(message, text)| {
        let said = markup::plain(&markup::parse(text));
        let said: String = said.chars().take(ANNOUNCED_CHARACTERS).collect();
        format!("{}: {said}", message.from.name)
    })
}

/// Shows that unread messages are above those in view.
fn unread_line(unread: u64, first: Option<Seq>, props: &LogProps) -> Html {
    let Some(first) = first else {
        return Html::default();
    };
    let on_jump = props.on_do.reform(move |_: MouseEvent| Doing::Show(first));
    let on_read = props.on_read.reform(|_: MouseEvent| ());
    html! {
        <div class="unread-line" translate="no">
            <button type="button" class="button" data-testid="jump-unread" onclick={on_jump}>
                { icon(Icon::Up) }
                <span>{ format!("{} unread", text::thousands(unread)) }</span>
            </button>
            <button type="button" class="button" data-testid="mark-read" onclick={on_read}>
                { "Mark as read" }
            </button>
        </div>
    }
}

fn beginning(room: &Room) -> Html {
    let said = match (room.loading, room.has_older(), room.is_live()) {
        (true, ..) => "Loading older messages…".to_owned(),
        (false, true, _) => "Scroll up for older messages.".to_owned(),
        // An empty room has a welcome, which says that and more.
        (false, false, true) if room.log.messages().is_empty() && room.gone == 0 => {
            return Html::default();
        }
        (false, false, true) if !room.keep.is_forever() => {
            format!("The server keeps {} of this room.", room.keep)
        }
        (false, false, true) if room.gone > 0 => "What was said before is gone.".to_owned(),
        (false, false, true) => "This is where the room begins.".to_owned(),
        (false, false, false) => return Html::default(),
    };
    html! { <p class="beginning" translate="no" key="beginning">{ said }</p> }
}

fn row(item: &Item, props: &LogProps, on_do: &Callback<Doing>) -> Html {
    match item {
        Item::Day { at } => html! {
            <p class="day" translate="no" key={format!("day-{at}")} data-testid="day"><span>{ text::date_line(*at) }</span></p>
        },
        Item::New => html! {
            <p class="new-line" translate="no" key="new" data-testid="new-divider"><span>{ "New" }</span></p>
        },
        Item::Notice(notice) => notice_row(notice),
        Item::Message { message, head } => message_row(message, *head, props, on_do),
    }
}

/// Shows the entries of the outbox below the messages, each as tall as the message that it becomes:
/// nothing moves when it has arrived.
fn outgoing(props: &LogProps, on_do: &Callback<Doing>) -> Html {
    let log = &props.room.log;
    let me = props.me.as_ref();
    let mut said = false;
    let row = |line: &Outgoing| {
        let answers = line.what.answers();
        let goes_on = me.is_some_and(|me| timeline::will_continue(&props.room, me, line.at));
        let head = answers.is_some() || !(said || goes_on);
        said |= matches!(line.what, Writing::Say { .. });
        html! {
            <OutgoingRow
                key={format!("out-{}", line.id)}
                line={line.clone()}
                me={props.me.clone()}
                {head}
                answered={answers.and_then(|of| log.message(of)).cloned()}
                on_do={on_do}
                on_cancel={props.on_cancel.clone()}
                on_resend={props.on_resend.clone()}
            />
        }
    };
    props.outgoing.iter().map(row).collect()
}

fn message_row(
    message: &Rc<Message>,
    head: bool,
    props: &LogProps,
    on_do: &Callback<Doing>,
) -> Html {
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
            clock={props.clock}
            glow={props.shown.filter(|(seq, _)| *seq == message.seq).map(|(_, times)| times)}
            {on_do}
        />
    }
}

fn notice_row(notice: &Notice) -> Html {
    html! {
        <div class="notice" translate="no" key={format!("notice-{}", notice.number)} data-testid="notice">
            <span class="visually-hidden">{ "Notice: " }</span>
            <span class="notice-text">{ &notice.text }</span>
            <time datetime={text::iso(notice.at)} title={text::moment(notice.at)}>
                { text::time(notice.at) }
            </time>
        </div>
    }
}
