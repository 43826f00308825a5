//! The effect of a request on the session that asked.

use std::sync::Arc;

use shared::chat::{Entry, Seq};

use super::Rejection;
use crate::hub::room::RoomLock;
use crate::operators::Follower;
use crate::store::StoreError;

/// The effect of a request on its session, when it is done.
pub(in crate::hub) enum Effect {
    /// Changes nothing in the session.
    None,
    /// Sends a room's entries after `sent`, and then everything as it happens.
    CatchUp { room: Arc<RoomLock>, sent: Seq },
    /// Stops sending a room's entries.
    StopCatchUp(Arc<RoomLock>),
    /// Takes a page that was read to catch up.
    Page(PageRead),
    /// A plain line is done.
    LineDone(Option<Rejection>),
    /// The log is followed from now on, or no longer.
    Follow(Option<Follower>),
}

/// A page that was read to catch up.
pub(in crate::hub) struct PageRead {
    pub(in crate::hub) room: Arc<RoomLock>,
    pub(in crate::hub) after: Seq,
    /// The room's last entry when the page was asked for.
    pub(in crate::hub) head: Seq,
    pub(in crate::hub) page: Result<Vec<Entry>, StoreError>,
}
