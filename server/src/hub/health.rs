//! Answers questions of the listeners, of `/healthz` and of `/metrics`: is the hub alive, how much
//! waits in it, and is this key an operator's?

use std::sync::TryLockError;
use std::time::Duration;

use shared::chat::{RoomName, UserId};
use thiserror::Error;

use super::Hub;
use crate::store::StoreError;

/// Time that the hub and its store have to answer: a thousand times what they need.
pub const HEALTH_DEADLINE: Duration = Duration::from_secs(1);

/// Time between two attempts to take the hub's lock, which is held for microseconds.
const LOCK_PAUSE: Duration = Duration::from_millis(2);

/// A part of the server that does not work.
#[derive(Debug, Clone, Error)]
pub enum Unhealthy {
    /// Somebody holds the hub's lock for longer than [`HEALTH_DEADLINE`].
    #[error("the rooms do not answer")]
    Hub,
    /// The store did not answer within [`HEALTH_DEADLINE`].
    #[error("the store does not answer")]
    StoreTimeout,
    /// The store answered with an error.
    #[error("the store fails")]
    Store(#[source] StoreError),
}

impl Hub {
    /// Takes the hub's lock, reads one entry from the store and asks its writer.
    ///
    /// # Errors
    /// The part that fails or takes longer than [`HEALTH_DEADLINE`].
    pub async fn health(&self) -> Result<(), Unhealthy> {
        let locked = async {
            // Never waits for the lock itself: that would take the thread of whoever asks.
            while matches!(self.0.directory.try_lock(), Err(TryLockError::WouldBlock)) {
                tokio::time::sleep(LOCK_PAUSE).await;
            }
        };
        let locked = tokio::time::timeout(HEALTH_DEADLINE, locked).await;
        locked.map_err(|_| Unhealthy::Hub)?;
        // The lobby is always there; whether it has an entry does not matter. A real read, and a
        // request to the thread that writes, because a store whose threads hang still queues
        // everything. No number is reserved, so nothing is written.
        let read = self.store.entry(RoomName::lobby().into(), 1);
        let written = self.store.reserve(RoomName::lobby().into(), 0);
        let both = async { tokio::try_join!(read, written) };
        let both = tokio::time::timeout(HEALTH_DEADLINE, both).await;
        both.map_err(|_| Unhealthy::StoreTimeout)?
            .map(drop)
            .map_err(Unhealthy::Store)
    }

    /// Returns the bytes that wait in the queues of all connections together, and in the longest
    /// one. Looks at each connection under the hub's lock, so it is asked once a second at most.
    pub fn queue_bytes(&self) -> (usize, usize) {
        let directory = self.directory();
        let queues = directory.everybody();
        let queues = queues.map(|(_, _, connected)| connected.outbox.bytes());
        queues.fold((0, 0), |(all, longest), bytes| {
            (all + bytes, longest.max(bytes))
        })
    }

    /// Returns whether `user` is an operator.
    pub fn is_operator(&self, user: UserId) -> bool {
        self.directory().operators.contains(&user)
    }
}
