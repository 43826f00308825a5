//! The list of rooms as people see it: their own by latest activity with the muted ones at the end,
//! people, invitations, and rooms to join.

use std::rc::Rc;

use super::Chat;
use super::room::Room;
use crate::sorting;

/// The sections of the list of rooms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The person's rooms with names, the one with the latest message first.
    pub named: Vec<Rc<Room>>,
    /// The person's rooms of two, the one with the latest message first.
    pub direct: Vec<Rc<Room>>,
    /// The rooms that the person is invited to.
    pub invited: Vec<Rc<Room>>,
    /// The rooms that the person may join, by name.
    pub others: Vec<Rc<Room>>,
}

impl Listing {
    /// Lists the rooms of `chat`.
    pub fn of(chat: &Chat) -> Self {
        let mut listing = Self::default();
        // In the order of their names, which rooms without a message keep.
        for room in chat.rooms.values() {
            let section = match (room.is_joined(), room.is_direct()) {
                (true, false) => &mut listing.named,
                (true, true) => &mut listing.direct,
                (false, _) if room.invited_by.is_some() => &mut listing.invited,
                (false, false) => &mut listing.others,
                // A room of two that the person has left is no room to join.
                (false, true) => continue,
            };
            section.push(room.clone());
        }
        for section in [&mut listing.named, &mut listing.direct] {
            let muted = |room: &Room| chat.muted.has(&room.id);
            sorting::sort_by(section, |a, b| {
                (muted(a), latest(b)).cmp(&(muted(b), latest(a)))
            });
        }
        listing
    }

    /// Returns the person's own rooms in the order of the list.
    pub fn own(&self) -> impl Iterator<Item = &Rc<Room>> {
        self.named.iter().chain(&self.direct)
    }
}

/// Returns the time of the latest message that is loaded, in milliseconds since 1970; 0 without one.
/// The latest page of each of the person's rooms is loaded when a session begins.
fn latest(room: &Room) -> u64 {
    room.log.messages().last().map_or(0, |message| message.at)
}
