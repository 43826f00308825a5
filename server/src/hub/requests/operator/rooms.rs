//! Operators' requests about rooms that only operators have: all of them, their end, and how long
//! they keep entries.

use std::sync::Arc;

use shared::chat::operator::RoomInfo;
use shared::chat::{Keep, OperatorAnswer, RoomId};

use super::{done, log_deed};
use crate::hub::page::Page;
use crate::hub::requester::Requester;
use crate::hub::requests::{Effect, Rejection};
use crate::store::Change;

/// Lists all rooms, for which it looks at every room: operators are few, and pay tokens for it.
pub(super) fn rooms(from: &Requester, after: Option<&RoomId>) -> Result<Effect, Rejection> {
    let mut all = from.hub.rooms.all();
    // Before the directory is locked: there may be 110,000 rooms, and everybody who connects waits
    // for that lock.
    // The keys are cached, so that each room is locked once and not for every comparison.
    all.sort_by_cached_key(|room| room.lock().id.clone());
    let directory = from.hub.directory();
    let behind = |id: &RoomId| after.is_none_or(|after| id > after);
    let infos = all.iter().filter_map(|room| {
        let room = room.lock();
        behind(&room.id).then(|| RoomInfo {
            room: room.id.clone(),
            private: room.private,
            members: room.members.len(),
            head: room.head,
            owner: room.owner().map(|owner| directory.author(owner)),
        })
    });
    let (rooms, more) = Page::of(infos).finish();
    from.answer(OperatorAnswer::Rooms { rooms, more });
    Ok(Effect::None)
}

pub(super) async fn delete_room(from: Arc<Requester>, room: RoomId) -> Result<Effect, Rejection> {
    if room.is_lobby() {
        let message = "Everybody starts in the lobby; it stays.";
        return Err(Rejection::forbidden(message));
    }
    let change = Change::RoomDeleted { room: room.clone() };
    from.hub.store.change(change).await?;
    log_deed(&from, &format!("deletes the room {room}"));
    done(&from)
}

pub(super) async fn set_keep(
    from: Arc<Requester>,
    room: RoomId,
    keep: Keep,
) -> Result<Effect, Rejection> {
    from.hub.room(&room)?;
    let change = Change::Kept {
        room: room.clone(),
        keep,
    };
    from.hub.store.change(change).await?;
    log_deed(&from, &format!("has {room} keep {keep}"));
    done(&from)
}
