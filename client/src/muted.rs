//! The rooms that a person has muted on this client: they are listed quietly, and only a mention in
//! them counts as news.

use shared::chat::RoomId;

use super::Chat;
use super::room::Room;
use super::sorted::SortedSet;

/// The muted rooms of the account in use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Muted {
    rooms: SortedSet<RoomId>,
    /// The number of changes here, as distinct from what was loaded.
    changes: u32,
}

impl Muted {
    /// Returns `true` if the room is muted.
    pub fn has(&self, room: &RoomId) -> bool {
        self.rooms.contains(room)
    }

    /// Returns the muted rooms.
    pub const fn rooms(&self) -> &SortedSet<RoomId> {
        &self.rooms
    }

    /// Returns the number of changes that a program has to keep.
    pub const fn changes(&self) -> u32 {
        self.changes
    }

    /// Takes the rooms as they are kept.
    pub fn load(&mut self, rooms: SortedSet<RoomId>) {
        self.rooms = rooms;
    }

    /// Mutes a room, or ends that.
    pub fn set(&mut self, room: RoomId, on: bool) {
        if on {
            self.rooms.insert(room);
        } else {
            self.rooms.remove(&room);
        }
        self.changes += 1;
    }

    pub(crate) fn renamed(&mut self, from: &RoomId, to: &RoomId) {
        if self.has(from) {
            self.set(from.clone(), false);
            self.set(to.clone(), true);
        }
    }
}

impl Chat {
    /// Returns the number of unread messages of a room that are news to the person, and the number
    /// of mentions among them. Of a muted room only mentions are.
    pub fn news(&self, room: &Room) -> (u64, u64) {
        let muted = self.muted.has(&room.id);
        let me = self.me.as_ref();
        let mentions = me.map_or(0, |me| room.mentions(me, muted));
        let unread = if muted {
            mentions
        } else {
            room.unread(me.map(|me| me.id))
        };
        (unread, mentions)
    }
}
