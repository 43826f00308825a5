//! The reader of a log: whether the reader is at its end, which part of it is in the document, and
//! what scrolling and new entries do to both.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use client::room::Room;
use shared::chat::{MessageId, RoomId, Seq};
use web_sys::HtmlElement;
use yew::prelude::*;

use super::place::{self, Place};
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

    /// Returns the callback for scrolling, which asks for older messages by `on_older`.
    pub(super) fn on_scroll(&self, on_older: Callback<RoomId>) -> Callback<Event> {
        let this = self.clone();
        let here = self.here();
        Callback::from(move |_: Event| {
            if let Some(log) = this.node.cast::<HtmlElement>() {
                this.scrolled(&log, &here, &on_older);
            }
        })
    }

    fn scrolled(&self, log: &HtmlElement, here: &Range<usize>, on_older: &Callback<RoomId>) {
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
        if log.scroll_top() < NEAR_EDGE {
            if here.start > 0 {
                self.window.set(self.window.up(messages.len(), seq));
            } else if self.room.has_older() && !self.room.loading {
                // Only while no page is under way: scrolling fires many events before it arrives.
                on_older.emit(self.room.id.clone());
            }
        } else if seen.rest < NEAR_EDGE && !to_end {
            self.window.set(self.window.down(messages.len(), seq));
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

    fn is_away(&self) -> bool {
        self.left_at.is_some()
    }

    fn last(&self) -> Seq {
        self.room.log.last().unwrap_or(0)
    }
}

/// Returns the reader of the log of `room`, and keeps the reader's place. The reader is brought to
/// the end by a new `last_outgoing`, which is the person's own message, and to a message by `shown`,
/// which has the number of times that it was asked for.
#[hook]
pub(super) fn use_reader(
    room: &Rc<Room>,
    last_outgoing: Option<MessageId>,
    shown: Option<(Seq, u32)>,
    on_seen: &Callback<Seq>,
) -> Reader {
    let reader = Reader {
        node: use_node_ref(),
        room: room.clone(),
        place: use_mut_ref(Place::default),
        window: use_state(Window::default),
        left_at: use_state(|| None::<Seq>),
    };
    // A reader at the end stays there; a reader further up keeps the position.
    use_mutations(reader.node.clone(), {
        let (place, node) = (reader.place.clone(), reader.node.clone());
        move || place.borrow_mut().keep(&node)
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
    use_seen(&reader, on_seen);
    use_effect_with(shown, {
        let reader = reader.clone();
        move |shown| {
            if let Some((seq, _)) = *shown {
                reader.go_to(seq);
            }
        }
    });
    use_resize(reader.node.clone(), {
        let (place, node) = (reader.place.clone(), reader.node.clone());
        Callback::from(move |()| place.borrow_mut().keep(&node))
    });
    reader
}

/// Reports what the reader has seen at the end of the log.
#[hook]
fn use_seen(reader: &Reader, on_seen: &Callback<Seq>) {
    let attentive = use_attention();
    use_effect_with((reader.last(), reader.is_away(), attentive), {
        let on_seen = on_seen.clone();
        // A page that nobody looks at has no reader, so nothing in it becomes read.
        move |&(last, away, attentive)| {
            if attentive && !away && last > 0 {
                on_seen.emit(last);
            }
        }
    });
}
