//! Older entries of a room.

use std::sync::Arc;

use shared::chat::limits::{PAGE_BYTES, PAGE_ENTRIES, PAGE_ENTRIES_DEFAULT};
use shared::chat::{RoomId, Seq, ServerMessage};

use super::{Effect, Rejection};
use crate::hub::authorize::{Action, authorize};
use crate::hub::requester::Requester;
use crate::store::PageSize;

/// Returns the size of a page that fits a message, of as many entries as a client asks for.
pub(super) fn page_size(limit: Option<u32>) -> PageSize {
    PageSize {
        entries: limit.unwrap_or(PAGE_ENTRIES_DEFAULT).clamp(1, PAGE_ENTRIES),
        bytes: PAGE_BYTES,
    }
}

/// Answers `history` with a page of entries.
pub(super) async fn history(
    from: Arc<Requester>,
    room: RoomId,
    before: Seq,
    limit: Option<u32>,
) -> Result<Effect, Rejection> {
    let room = from.hub.room(&room)?;
    let head = {
        let known = room.lock();
        authorize(&from, &known, Action::Take)?;
        known.head
    };
    // Not past the head: entries that the store has committed already are still to be broadcast,
    // and would come twice.
    let before = before.min(head.saturating_add(1));
    let page = page_size(limit);
    let read = from
        .hub
        .read(&room, |store, id| store.read_before(id, before, page));
    let entries = read.await?;
    // Again, and under the lock: nothing of the room comes behind a removal.
    let known = room.lock();
    authorize(&from, &known, Action::Take)?;
    let room = known.id.clone();
    from.reply(&ServerMessage::Page { room, entries });
    Ok(Effect::None)
}
