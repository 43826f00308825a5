//! The requests that wait for a session.

use shared::chat::{ClientMessage, RoomId};

/// The requests that wait for the session, in order. A request that was handed over leaves the
/// list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requests {
    pub(crate) waiting: Vec<(u64, ClientMessage)>,
    last: u64,
}

impl Requests {
    /// Returns the requests that wait, by number.
    pub fn waiting(&self) -> &[(u64, ClientMessage)] {
        &self.waiting
    }

    /// Adds a request at the end.
    pub fn push(&mut self, message: ClientMessage) {
        self.last += 1;
        self.waiting.push((self.last, message));
    }

    /// Removes the requests up to this number, because they were handed over.
    pub fn sent(&mut self, number: u64) {
        self.waiting.retain(|(other, _)| *other > number);
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Redirects waiting requests to the new name of their room. Requests that only a named room
    /// takes, such as a new topic, keep the former name.
    pub(crate) fn renamed(&mut self, from: &RoomId, to: &RoomId) {
        for (_, message) in &mut self.waiting {
            if let ClientMessage::Join { room, .. }
            | ClientMessage::Leave { room }
            | ClientMessage::Members { room, .. }
            | ClientMessage::History { room, .. }
            | ClientMessage::Typing { room }
            | ClientMessage::Read { room, .. }
            | ClientMessage::Search {
                room: Some(room), ..
            } = message
                && *room == *from
            {
                *room = to.clone();
            }
        }
    }
}
