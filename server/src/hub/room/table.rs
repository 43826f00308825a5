//! All rooms by id, each behind a lock of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use shared::chat::RoomId;

use super::Room;

/// A room's lock. It may be taken while the directory's is held, never the other way round.
#[derive(Debug)]
pub(in crate::hub) struct RoomLock(Mutex<Room>);

impl RoomLock {
    pub(in crate::hub) fn lock(&self) -> MutexGuard<'_, Room> {
        // A panic under the lock would be a bug; the others' chat goes on all the same.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rooms of a server.
#[derive(Debug, Default)]
pub(in crate::hub) struct RoomTable(RwLock<HashMap<RoomId, Arc<RoomLock>>>);

impl RoomTable {
    pub(in crate::hub) fn get(&self, id: &RoomId) -> Option<Arc<RoomLock>> {
        let rooms = self.0.read().unwrap_or_else(PoisonError::into_inner);
        // The pointer is copied, so that the table is free again before the room's own lock is
        // waited for.
        rooms.get(id).cloned()
    }

    pub(in crate::hub) fn insert(&self, mut room: Room) {
        let mut rooms = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let id = room.id.clone();
        let room = Arc::new_cyclic(|this| {
            room.this = Weak::clone(this);
            RoomLock(Mutex::new(room))
        });
        rooms.insert(id, room);
    }

    pub(in crate::hub) fn remove(&self, id: &RoomId) -> Option<Arc<RoomLock>> {
        let mut rooms = self.0.write().unwrap_or_else(PoisonError::into_inner);
        rooms.remove(id)
    }

    /// Gives a room another id. Returns it, or `None` if there is no such room.
    pub(in crate::hub) fn rename(&self, from: &RoomId, to: RoomId) -> Option<Arc<RoomLock>> {
        let mut rooms = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let room = rooms.remove(from)?;
        // Under the table's lock: no room is found by a name that it does not have.
        room.lock().rename(to.clone());
        rooms.insert(to, Arc::clone(&room));
        Some(room)
    }

    /// Returns the rooms, in no order.
    pub(in crate::hub) fn all(&self) -> Vec<Arc<RoomLock>> {
        let rooms = self.0.read().unwrap_or_else(PoisonError::into_inner);
        rooms.values().cloned().collect()
    }
}
