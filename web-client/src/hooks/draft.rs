//! The text in the composer, and what it is used for. Both are in the tab's memory, so that they
//! outlive a room switch, a reload and the tab.

use client::drafts::{Intent, RoomDraft};
use client::outbox::Account;
use shared::chat::{RoomId, Seq};
use yew::prelude::*;

use crate::engine::memory::Memory;

/// A place in the memory: a room of an account.
#[derive(Clone, PartialEq)]
pub struct Place {
    /// The tab's memory.
    pub memory: Memory,
    /// The person's account.
    pub account: Account,
    /// The room.
    pub room: RoomId,
    /// The room's number, which stays the same when the room is renamed.
    pub number: u64,
    /// The number of times that drafts of an earlier life were found.
    pub remembered: u32,
}

impl Place {
    fn draft(&self) -> RoomDraft {
        self.memory.draft(&self.account, &self.room)
    }

    fn change<T>(&self, change: impl FnOnce(&mut RoomDraft) -> T) -> T {
        self.memory.change_draft(&self.account, &self.room, change)
    }
}

/// The text in the composer.
#[derive(Clone)]
pub struct Draft {
    text: UseStateHandle<String>,
    place: Place,
}

impl Draft {
    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Shows the text that the memory has for the room and what the composer is used for.
    pub fn begin(&self) {
        self.text.set(self.place.draft().text().to_owned());
    }

    /// Takes the text as the person has changed it.
    pub fn change(&self, text: String) {
        self.place.change(|draft| draft.change(text.clone()));
        self.text.set(text);
    }

    /// Ends the text, which is on its way. After an edit the unfinished message comes back.
    pub fn sent(&self) {
        self.place.change(RoomDraft::sent);
        self.begin();
    }
}

/// Returns the text in the composer. A caller says when another one begins ([`Draft::begin`]).
#[hook]
pub fn use_draft(place: &Place) -> Draft {
    let text = use_state(|| place.draft().text().to_owned());
    Draft {
        text,
        place: place.clone(),
    }
}

/// The message that the composer answers or edits in the room on the screen.
#[derive(Clone)]
pub struct IntentState {
    intent: UseStateHandle<Option<Intent>>,
    aside: UseStateHandle<Option<Intent>>,
    begun: UseStateHandle<u32>,
    place: Place,
}

impl IntentState {
    /// Returns what the composer is used for.
    pub fn get(&self) -> Option<Intent> {
        *self.intent
    }

    /// Returns the number of times that the person has begun to answer or edit. Who chooses the same
    /// again wants to be led to the composer again.
    pub fn begun(&self) -> u32 {
        *self.begun
    }

    /// Returns what was put aside last, in this room.
    pub fn aside(&self) -> Option<Intent> {
        *self.aside
    }

    /// Begins to answer or edit a message, whose text is `present`.
    pub fn begin(&self, intent: Intent, present: &str) {
        self.place.change(|draft| draft.begin(intent, present));
        self.intent.set(Some(intent));
        self.begun.set(*self.begun + 1);
        self.aside.set(None);
    }

    /// Ends the intent, and keeps what was written for it. `present` gives the text of a message.
    pub fn put_aside(&self, present: impl FnOnce(Seq) -> String) {
        let present = match self.get() {
            Some(Intent::Edit(seq)) => present(seq),
            _ => String::new(),
        };
        let ended = self.place.change(|draft| draft.put_aside(&present));
        self.intent.set(None);
        self.aside.set(ended);
    }

    /// Ends the intent, whose text is on its way.
    pub fn ended(&self) {
        self.intent.set(None);
        self.aside.set(None);
    }
}

/// Returns what the composer is used for.
#[hook]
pub fn use_intent(place: &Place) -> IntentState {
    let intent = use_state(|| place.draft().intent());
    let aside = use_state(|| None);
    use_effect_with((place.number, place.remembered), {
        let (intent, aside, place) = (intent.setter(), aside.setter(), place.clone());
        move |_| {
            intent.set(place.draft().intent());
            aside.set(None);
        }
    });
    IntentState {
        intent,
        aside,
        begun: use_state(|| 0),
        place: place.clone(),
    }
}
