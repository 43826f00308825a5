//! The text in the composer, which the browser keeps for each room until it is sent.

use std::rc::Rc;

use client::log::Message;
use shared::chat::RoomId;
use yew::prelude::*;

use crate::engine::storage;

/// The text in the composer: the draft for a room, or the new text of a message.
#[derive(Clone)]
pub struct Draft {
    text: UseStateHandle<String>,
    room: RoomId,
    /// The message that gets a new text.
    edited: Option<Rc<Message>>,
}

impl Draft {
    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Begins with the text of the edited message, or with what the browser has kept for the room.
    pub fn begin(&self) {
        self.text.set(match &self.edited {
            Some(message) => message.text.as_deref().unwrap_or_default().to_owned(),
            None => storage::load_draft(&self.room),
        });
    }

    /// Takes the text as the person has changed it.
    pub fn change(&self, text: String) {
        // The text of an edit is not stored as the draft: it would replace an unfinished message.
        if self.edited.is_none() {
            storage::save_draft(&self.room, &text);
        }
        self.text.set(text);
    }

    /// Ends the text, which is on its way. After an edit the unfinished message comes back.
    pub fn end(&self) {
        if self.edited.is_some() {
            self.text.set(storage::load_draft(&self.room));
        } else {
            storage::save_draft(&self.room, "");
            self.text.set(String::new());
        }
    }
}

/// Returns the text in the composer for `room`, or for a new text of the message `edited`. A caller
/// says when another one begins ([`Draft::begin`]).
#[hook]
pub fn use_draft(room: &RoomId, edited: Option<Rc<Message>>) -> Draft {
    let text = use_state(|| storage::load_draft(room));
    Draft {
        text,
        room: room.clone(),
        edited,
    }
}
