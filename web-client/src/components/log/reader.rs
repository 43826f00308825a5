//! The reader of a log: whether the reader is at its end, which part of it is in the document, and
//! what scrolling and new entries do to both.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use client::room::Room;
use shared::chat::{RoomId, Seq, UserId};
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::LogProps;
use super::place::{self, Place, in_view};
use super::stops::Stops;
use crate::hooks::{use_attention, use_mutations, use_resize};
use crate::state::window::Window;

/// The distance to an edge, in pixels, below which more is shown there.
const NEAR_EDGE: i32 = 600;

/// The reader of a log.
#[derive(Clone)]
pub(super) struct Reader {
    /// The element that scrolls.
    pub(super) node: NodeRef,
    room: Rc<Room>,
    place: Rc<RefCell<Place>>,
    window: UseStateHandle<Window>,
    reporter: Reporter,
    /// The message at hand for the keyboard.
    pub(super) stops: Stops,
    on_older: Callback<RoomId>,
    /// The last entry that the person has seen at the end; `None` while the person is there.
    left_at: UseStateHandle<Option<Seq>>,
}

impl Reader {
    /// Returns the indices of the messages in the document.
    pub(super) fn here(&self) -> Range<usize> {
        let messages = self.room.log.messages();
        self.window.of(messages.len(), |at| messages[at].seq)
    }

    /// Returns the number of messages that the reader has missed since leaving the end; `None` at
    /// the end.
    pub(super) fn missed(&self) -> Option<usize> {
        let seen = (*self.left_at)?;
        let messages = self.room.log.messages().iter().rev();
        Some(messages.take_while(|message| message.seq > seen).count())
    }

    /// Returns `true` if unread messages are above those in view.
    pub(super) fn unread_above(&self) -> bool {
        *self.reporter.above
    }

    /// Returns the callback that shows the latest message.
    pub(super) fn on_jump(&self) -> Callback<MouseEvent> {
        let this = self.clone();
        Callback::from(move |_: MouseEvent| {
            this.go_to_end();
            // The button goes away at the end of the log, and the keyboard's focus must not go with
            // it.
            if let Some(log) = this.node.cast::<HtmlElement>() {
                let _ = log.focus();
            }
        })
    }

    /// Returns the callback for scrolling.
    pub(super) fn on_scroll(&self) -> Callback<Event> {
        let this = self.clone();
        Callback::from(move |_: Event| {
            if let Some(log) = this.node.cast::<HtmlElement>() {
                this.scrolled(&log);
                this.reporter.look(&this.node);
            }
        })
    }

    fn scrolled(&self, log: &HtmlElement) {
        let here = self.here();
        let messages = self.room.log.messages();
        let seen = self.place.borrow_mut().scrolled(log);
        let to_end = here.end == messages.len();
        let seq = |at: usize| messages[at].seq;
        match (seen.at_end && to_end, *self.left_at) {
            // Only people scroll up; new entries only move the end away. Without this test, a new
            // entry would count as leaving the end.
            (false, None) if seen.up => {
                self.leave();
                // From now on new entries do not move the part that is in the document.
                self.window.set(self.window.frozen(messages.len(), seq));
            }
            (true, Some(_)) => self.arrive(),
            _ => {}
        }
        self.show_more(log, seen.rest);
    }

    /// Shows more where the reader is near an edge of what is in the document. `rest` is the distance
    /// to the end, in pixels.
    fn show_more(&self, log: &HtmlElement, rest: i32) {
        let here = self.here();
        let messages = self.room.log.messages();
        let seq = |at: usize| messages[at].seq;
        if log.scroll_top() < NEAR_EDGE {
            if here.start > 0 {
                self.window.set(self.window.up(messages.len(), seq));
            } else if self.room.has_older() && !self.room.loading {
                // Only while no page is under way: scrolling fires many events before it arrives.
                self.on_older.emit(self.room.id.clone());
            }
        } else if rest < NEAR_EDGE && here.end < messages.len() {
            self.window.set(self.window.down(messages.len(), seq));
        }
    }

    /// Shows more after a change, if the reader is at an edge. Nobody can scroll beyond an edge, so no
    /// scrolling would ask for what has arrived there, or for the next page after one that had
    /// nothing to show.
    fn changed(&self) {
        let Some(log) = self.node.cast::<HtmlElement>() else {
            return;
        };
        let messages = self.room.log.messages().len();
        if self.left_at.is_none() && self.here().end < messages {
            // A high screen has asked for more than what is followed, and new ones are beyond that.
            self.window.set(Window::default());
            return;
        }
        let rest = log.scroll_height() - log.scroll_top() - log.client_height();
        let fits = log.scroll_height() <= log.client_height();
        // Who follows the latest message has not asked for older ones.
        if self.left_at.is_some() || (fits && self.room.is_live()) {
            self.show_more(&log, rest);
        }
    }

    /// Records that the reader has left the end.
    fn leave(&self) {
        self.left_at.set(Some(self.last()));
        self.place.borrow_mut().set_away(true);
    }

    /// Records that the reader is at the end. The part in the document follows new entries again.
    fn arrive(&self) {
        self.left_at.set(None);
        self.place.borrow_mut().set_away(false);
        self.window.set(Window::default());
    }

    fn go_to_end(&self) {
        self.arrive();
        place::to_end(&self.node);
    }

    /// Shows the message `seq`, if it has been loaded.
    fn go_to(&self, seq: Seq) {
        let messages = self.room.log.messages();
        let Some(at) = messages.iter().position(|message| message.seq == seq) else {
            return;
        };
        // A log that is in view as a whole has no end to leave: no scrolling would lead back to it.
        if self.fits() {
            return;
        }
        self.leave();
        self.place.borrow_mut().go_to(&self.node, seq);
        self.window.set(Window::around(at, |at| messages[at].seq));
        // At once if the message is in the document already, else when it gets there.
        self.place.borrow_mut().keep(&self.node);
    }

    fn fits(&self) -> bool {
        let log = self.node.cast::<HtmlElement>();
        self.here() == (0..self.room.log.messages().len())
            && log.is_some_and(|log| log.scroll_height() <= log.client_height())
    }

    fn last(&self) -> Seq {
        self.room.log.last().unwrap_or(0)
    }
}

/// Returns the reader of the log, and keeps the reader's place. The reader is brought to the end by
/// the person's own message, and to a message that is to be shown.
#[hook]
pub(super) fn use_reader(props: &LogProps) -> Reader {
    let LogProps { room, shown, .. } = props;
    let me = props.me.as_ref().map(|me| me.id);
    let last_outgoing = props.outgoing.last().map(|line| line.id);
    let node = use_node_ref();
    let reporter = use_reporter(room, me, &node, &props.on_saw, &props.on_look);
    let reader = Reader {
        node,
        reporter,
        stops: (*use_memo((), |()| Stops::default())).clone(),
        room: room.clone(),
        place: use_mut_ref(Place::default),
        window: use_state(Window::default),
        on_older: props.on_older.clone(),
        left_at: use_state(|| None::<Seq>),
    };
    // A reader at the end stays there; a reader further up keeps the position.
    use_mutations(reader.node.clone(), {
        let (place, node) = (reader.place.clone(), reader.node.clone());
        let (reporter, stops) = (reader.reporter.clone(), reader.stops.clone());
        move || {
            place.borrow_mut().keep(&node);
            reporter.look(&node);
            if let Some(log) = node.cast::<Element>() {
                stops.keep(&log);
            }
        }
    });
    // The person's own message is always shown.
    use_effect_with(last_outgoing, {
        let reader = reader.clone();
        move |line| {
            if line.is_some() {
                reader.go_to_end();
            }
        }
    });
    use_effect_with(*shown, {
        let reader = reader.clone();
        move |shown| {
            if let Some((seq, _)) = *shown {
                reader.go_to(seq);
            }
        }
    });
    use_effect_with((reader.here(), room.log.messages().len(), room.loading), {
        let reader = reader.clone();
        move |_| reader.changed()
    });
    use_resize(reader.node.clone(), {
        let (place, node) = (reader.place.clone(), reader.node.clone());
        let reporter = reader.reporter.clone();
        Callback::from(move |()| {
            place.borrow_mut().keep(&node);
            reporter.look(&node);
        })
    });
    reader
}

/// The inputs of a [`Reporter`] at the last render, and its last report.
struct Report {
    /// Somebody looks at the page. Without a reader nothing becomes read.
    attentive: bool,
    /// The first unread message of somebody else.
    unread: Option<Seq>,
    /// The room's last entry, if it is not read: it may be the person's own, or a reaction.
    behind: Option<Seq>,
    on_saw: Callback<(Seq, Seq)>,
    /// The messages that were reported last, and the room's last entry at that time.
    reported: Option<(Seq, Seq, Seq)>,
}

/// Reports which messages are in view, and whether unread ones are above them.
#[derive(Clone)]
struct Reporter {
    report: Rc<RefCell<Report>>,
    above: UseStateHandle<bool>,
}

impl Reporter {
    fn look(&self, node: &NodeRef) {
        let Some((first, last)) = node.cast::<HtmlElement>().and_then(|log| in_view(&log)) else {
            return;
        };
        let mut report = self.report.borrow_mut();
        let above = report.unread.is_some_and(|unread| unread < first);
        // Read once: setting the same value would render again with every pixel.
        if *self.above != above {
            self.above.set(above);
        }
        let Some(head) = report.behind.filter(|_| report.attentive && !above) else {
            return;
        };
        if report.reported.replace((first, last, head)) != Some((first, last, head)) {
            let on_saw = report.on_saw.clone();
            // Released first: the action may render at once.
            drop(report);
            on_saw.emit((first, last));
        }
    }
}

/// Returns the reporter of what is in view. `on_look` is called when the person looks at the page
/// again, before anything becomes read.
#[hook]
fn use_reporter(
    room: &Room,
    me: Option<UserId>,
    node: &NodeRef,
    on_saw: &Callback<(Seq, Seq)>,
    on_look: &Callback<()>,
) -> Reporter {
    let attentive = use_attention();
    let above = use_state_eq(|| false);
    let report = use_mut_ref(|| Report {
        attentive: false,
        unread: None,
        behind: None,
        on_saw: Callback::noop(),
        reported: None,
    });
    let unread = room.first_unread(me);
    let behind = (room.head > room.read).then_some(room.head);
    let reporter = Reporter { report, above };
    {
        let mut report = reporter.report.borrow_mut();
        report.unread = unread;
        report.behind = behind;
        report.on_saw = on_saw.clone();
    }
    use_effect_with((attentive, unread, behind, room.is_live()), {
        let (reporter, node, on_look) = (reporter.clone(), node.clone(), on_look.clone());
        move |&(attentive, ..)| {
            let was = std::mem::replace(&mut reporter.report.borrow_mut().attentive, attentive);
            if attentive && !was {
                on_look.emit(());
            }
            reporter.look(&node);
        }
    });
    reporter
}
