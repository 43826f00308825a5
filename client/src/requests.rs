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

    /// Redirects waiting requests to the new name of their room.
    pub(crate) fn renamed(&mut self, from: &RoomId, to: &RoomId) {
        let named = match to {
            RoomId::Named(name) => Some(name),
            RoomId::Direct(_) => None,
        };
        for (_, message) in &mut self.waiting {
            use ClientMessage as M;
            // Every request is named, so that a new one that names a room is not forgotten here.
            match message {
                M::Join { room, .. }
                | M::Leave { room }
                | M::Members { room, .. }
                | M::History { room, .. }
                | M::Typing { room }
                | M::Read { room, .. }
                | M::Search {
                    room: Some(room), ..
                }
                | M::Send { room, .. }
                | M::Edit { room, .. }
                | M::Delete { room, .. }
                | M::React { room, .. } => {
                    if *room == *from {
                        *room = to.clone();
                    }
                }
                M::Invite { room, .. }
                | M::Topic { room, .. }
                | M::Rename { room, .. }
                | M::Role { room, .. }
                | M::Remove { room, .. }
                | M::Close { room } => {
                    if RoomId::from(room.clone()) == *from
                        && let Some(name) = named
                    {
                        *room = name.clone();
                    }
                }
                M::Hello { .. }
                | M::Create { .. }
                | M::Direct { .. }
                | M::Rooms { .. }
                | M::Search { room: None, .. }
                | M::Claim { .. }
                | M::Redeem { .. }
                | M::Operator(_)
                | M::Ping => {}
            }
        }
    }
}
