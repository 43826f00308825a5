//! Reads of one room's entries from the store.

use shared::chat::{RoomId, RoomName};

use super::Hub;
use super::room::RoomLock;
use crate::store::{Durable, Store, StoreError};
use crate::telemetry;

/// Reads of a room whose name the store does not know, because it is being renamed, before it counts
/// as gone.
const ATTEMPTS: u32 = 5;

impl Hub {
    /// Reads entries of a room, which the store knows by its name. The room may be renamed
    /// meanwhile, and another one may have got its name: what was read then is not used.
    ///
    /// A name is free for another room only when the change that takes it away is applied, so a room
    /// that still has its name after the read had it during the read.
    ///
    /// # Errors
    /// As `read`; [`StoreError::NoSuchRoom`] if the room is closed.
    pub(in crate::hub) async fn read<T>(
        &self,
        room: &RoomLock,
        read: impl Fn(&dyn Store, RoomId) -> Durable<T>,
    ) -> Result<T, StoreError> {
        let mut attempts = 0;
        loop {
            let (id, renames) = room.lock().name();
            let result = telemetry::within("store.read", read(&*self.store, id)).await;
            {
                let room = room.lock();
                if room.closed {
                    return Err(StoreError::NoSuchRoom);
                }
                if room.name().1 != renames {
                    continue;
                }
            }
            attempts += 1;
            match result {
                // Renamed in the store, and not here yet: what it committed before this answer is
                // applied when it comes.
                Err(StoreError::NoSuchRoom) if attempts < ATTEMPTS => {
                    self.store.reserve(RoomName::lobby().into(), 0).await?;
                }
                result => return result,
            }
        }
    }
}
