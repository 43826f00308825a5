//! The message that the person is about to answer or to edit.

use std::rc::Rc;

use client::Chat;
use client::log::Message;
use client::room::Room;
use shared::chat::Seq;
use yew::prelude::*;

use crate::components::composer::About;

/// The use of a message in the composer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    Reply(Seq),
    Edit(Seq),
}

impl Intent {
    /// Returns the message that an answer refers to.
    pub(super) fn reply_to(self) -> Option<Seq> {
        match self {
            Self::Reply(seq) => Some(seq),
            Self::Edit(_) => None,
        }
    }

    /// Looks the message up, which may have been changed or deleted since; `None` without its text.
    pub(super) fn about(self, room: &Room) -> Option<About> {
        let (seq, about): (Seq, fn(Rc<Message>) -> About) = match self {
            Self::Reply(seq) => (seq, About::Reply),
            Self::Edit(seq) => (seq, About::Edit),
        };
        let message = room.log.message(seq)?.clone();
        message.text.is_some().then(|| about(message))
    }
}

/// Returns the person's intent in the room with this number.
#[hook]
pub(super) fn use_intent(room: u64) -> UseStateHandle<Option<Intent>> {
    let intent = use_state(|| None::<Intent>);
    // In another room, an unfinished reply or edit belongs to the former one. A renamed room keeps
    // its number and is the same one.
    use_effect_with(room, {
        let intent = intent.setter();
        move |_| intent.set(None)
    });
    intent
}

/// Returns the callback that begins to edit the person's latest message in `room`.
pub(super) fn on_edit_last(
    chat: &Chat,
    room: &Room,
    intent: UseStateSetter<Option<Intent>>,
) -> Callback<()> {
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
