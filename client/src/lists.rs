//! The lists that come in pages: rooms, and the members of a room.

use std::rc::Rc;

use shared::chat::limits::LIST_ENTRIES;
use shared::chat::server::RoomSummary;
use shared::chat::{ClientMessage, RoomFilter, RoomId, RoomName, RoomsCursor};

use super::Chat;
use super::room::Room;

/// The number of known rooms up to which the list of public rooms is read on without a wish of the
/// person: one page of the server.
const LISTED_ROOMS: usize = LIST_ENTRIES;

/// The number of known members up to which the list of a room's members is read on without a wish
/// of the person: one page of the server. The list of a small room is complete at once.
const LISTED_MEMBERS: usize = LIST_ENTRIES;

impl Chat {
    /// Takes a page of the list of rooms. The list begins with the person's own rooms. As soon as
    /// all of them are known, rooms that the list has not shown are forgotten, except public ones
    /// that may still come.
    pub(crate) fn list_rooms(&mut self, rooms: Vec<RoomSummary>, more: bool) {
        let last = rooms.last().map(|last| RoomsCursor {
            others: !last.joined,
            room: last.room.clone(),
        });
        let shows_others = last.as_ref().is_some_and(|last| last.others);
        let lobby = RoomId::from(RoomName::lobby());
        for summary in rooms {
            let id = summary.room.clone();
            let room = self.known(&id);
            room.summarize(summary);
            let (enter, after) = (room.is_joined(), room.log.last());
            // Only in the list after a `welcome`, and once for each room: a second `join` would
            // send the entries again.
            if let Some(listing) = &mut self.listing
                && listing.insert(id.clone())
                && enter
            {
                self.requests.push(ClientMessage::Join { room: id, after });
            }
        }
        let first_others = RoomsCursor {
            others: false,
            room: lobby.clone(),
        };
        self.rooms_after = more.then(|| last.unwrap_or(first_others));
        self.browsing.page = None;
        if more && !shows_others {
            // The next page has more of the person's own rooms, or the first public ones.
            return self.more_rooms();
        }
        if let Some(listed) = self.listing.take() {
            // Public rooms that are not listed yet may still come.
            self.rooms
                .retain(|id, room| listed.contains(id) || more && !room.is_joined());
            // Everybody is in the lobby, and the screen always needs a room to show.
            if !self.rooms.contains_key(&lobby) {
                self.rooms
                    .insert(lobby.clone(), Rc::new(Room::new(lobby.clone())));
            }
        }
        if !self.rooms.contains_key(&self.current) {
            self.current = lobby;
        }
        if self.rooms.len() < LISTED_ROOMS {
            self.more_rooms();
        }
    }

    /// Returns `true` if the server has more rooms than are known.
    pub fn has_more_rooms(&self) -> bool {
        self.rooms_after.is_some()
    }

    /// Asks for the next page of the list of rooms, if there is one.
    pub fn more_rooms(&mut self) {
        // Taken, so that the same page is not asked for twice: its answer brings the next position.
        if let Some(after) = self.rooms_after.take() {
            self.browsing.ask_anew();
            self.browsing.page = Some(after.clone());
            let after = Some(after);
            self.requests
                .push(ClientMessage::Rooms { after, find: None });
        }
    }

    /// Takes a page of rooms that were looked for.
    pub(crate) fn found_rooms(&mut self, rooms: Vec<RoomSummary>, find: RoomFilter, more: bool) {
        let after = rooms.last().map(|last| RoomsCursor {
            others: !last.joined,
            room: last.room.clone(),
        });
        let known = self.rooms.len();
        for summary in rooms {
            let id = summary.room.clone();
            self.known(&id).summarize(summary);
        }
        // A page without a new room is no reason to stop: all its rooms may be known already.
        if more && after.is_some() && self.rooms.len() == known {
            let find = Some(find);
            self.requests.push(ClientMessage::Rooms { after, find });
        } else {
            self.browsing.found(find, more);
        }
    }

    /// Asks for the members of a room from the beginning, if a large room has announced that they
    /// have changed. Call it when the list is shown: such a room announces no single members.
    pub fn refresh_members(&mut self, id: &RoomId) {
        if let Some(room) = self.room_mut(id)
            && room.begin_members()
        {
            let room = id.clone();
            self.requests
                .push(ClientMessage::Members { room, after: None });
        }
    }

    pub(crate) fn read_members_on(&mut self, id: &RoomId) {
        let known = self.rooms.get(id).map_or(0, |room| room.members.len());
        if known < LISTED_MEMBERS {
            self.more_members(id);
        }
    }

    /// Asks for the next members of a room, if there are more.
    pub fn more_members(&mut self, id: &RoomId) {
        if let Some(room) = self.room_mut(id)
            && let Some(after) = room.next_member()
        {
            let room = id.clone();
            let after = Some(after);
            self.requests.push(ClientMessage::Members { room, after });
        }
    }
}
