//! Counts the reactions of each message in memory, for stores and rooms without a database.

use std::collections::{BTreeMap, BTreeSet};

use shared::chat::{Emoji, Event, Seq, UserId};

use super::StoreError;
use super::rules::{MAX_OWN_REACTIONS, MAX_REACTIONS};

/// The standing reactions of a room: those that were added and not taken back.
///
/// Two emoji are the same reaction if they are equal ([`Emoji`]), as for the clients, which show each
/// as one chip with the number of its people.
#[derive(Debug, Default)]
pub(crate) struct Reactions {
    messages: BTreeMap<Seq, OfMessage>,
}

/// The standing reactions of one message.
#[derive(Debug, Default)]
struct OfMessage {
    own: BTreeMap<UserId, BTreeSet<Emoji>>,
    /// The number of people that each emoji has.
    people: BTreeMap<Emoji, usize>,
}

impl Reactions {
    /// Judges an event before it is appended. Everything but a new reaction passes: one that is there
    /// already changes nothing, and one can always be taken back.
    ///
    /// # Errors
    /// [`StoreError::TooManyOwnReactions`], [`StoreError::TooManyReactions`].
    pub(crate) fn judge(&self, from: UserId, event: &Event) -> Result<(), StoreError> {
        let Event::Reacted {
            of,
            emoji,
            on: true,
        } = event
        else {
            return Ok(());
        };
        let Some(message) = self.messages.get(of) else {
            return Ok(());
        };
        if let Some(own) = message.own.get(&from) {
            if own.contains(emoji) {
                return Ok(());
            }
            if own.len() >= MAX_OWN_REACTIONS {
                return Err(StoreError::TooManyOwnReactions);
            }
        }
        if message.people.len() >= MAX_REACTIONS && !message.people.contains_key(emoji) {
            return Err(StoreError::TooManyReactions);
        }
        Ok(())
    }

    /// Takes note of an event that was appended.
    pub(crate) fn apply(&mut self, from: UserId, event: &Event) {
        match event {
            Event::Reacted { of, emoji, on } => {
                if *on {
                    let message = self.messages.entry(*of).or_default();
                    if message.own.entry(from).or_default().insert(emoji.clone()) {
                        *message.people.entry(emoji.clone()).or_default() += 1;
                    }
                } else {
                    self.take_back(*of, from, emoji);
                }
            }
            Event::Deleted { of } => self.forget(*of),
            Event::Message { .. } | Event::Edited { .. } => {}
        }
    }

    /// Takes a reaction back, if it is there.
    pub(crate) fn take_back(&mut self, of: Seq, from: UserId, emoji: &Emoji) {
        let Some(message) = self.messages.get_mut(&of) else {
            return;
        };
        let Some(own) = message.own.get_mut(&from) else {
            return;
        };
        if !own.remove(emoji) {
            return;
        }
        if own.is_empty() {
            message.own.remove(&from);
        }
        if let Some(people) = message.people.get_mut(emoji) {
            *people -= 1;
            if *people == 0 {
                message.people.remove(emoji);
            }
        }
        if message.own.is_empty() {
            self.messages.remove(&of);
        }
    }

    /// Forgets the reactions of a message that is gone.
    pub(crate) fn forget(&mut self, of: Seq) {
        self.messages.remove(&of);
    }

    /// Returns the number of reactions that are counted.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let own = |message: &OfMessage| message.own.values().map(BTreeSet::len).sum::<usize>();
        self.messages.values().map(own).sum()
    }
}
