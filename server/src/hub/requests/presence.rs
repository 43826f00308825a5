//! Typing and read markers.

use std::sync::Arc;
use std::time::Instant;

use shared::chat::{RoomId, Seq, ServerMessage};

use super::{Effect, Rejection};
use crate::hub::authorize::{Action, authorize};
use crate::hub::queue::Wakers;
use crate::hub::requester::Requester;
use crate::store::Change;

/// Broadcasts to the others in a room that somebody is writing.
pub(super) fn typing(from: &Requester, room: &RoomId) -> Result<Effect, Rejection> {
    // Before the room's lock, behind which the directory is not taken.
    let wait = from.newcomer_wait();
    let known = from.hub.room(room)?;
    let mut known = known.lock();
    authorize(from, &known, Action::Take)?;
    // Accepted, since clients report it by themselves; it shows a name, which is writing.
    if wait.is_some() {
        return Ok(Effect::None);
    }
    let author = from.person.author();
    let message = |room| ServerMessage::Typing { room, from: author };
    let mut wakers = Wakers::default();
    let (user, connection) = (from.user(), from.connection);
    known.type_in(user, Instant::now(), message, connection, &mut wakers);
    Ok(Effect::None)
}

/// Moves the person's read marker on, or also `back`, on all their devices.
pub(super) async fn read(
    from: Arc<Requester>,
    room: RoomId,
    seq: Seq,
    back: bool,
) -> Result<Effect, Rejection> {
    let user = from.user();
    let stored = {
        let known = from.hub.room(&room)?;
        let known = known.lock();
        authorize(&from, &known, Action::Take)?;
        // A marker beyond the head would count entries as read that nobody has written yet.
        let seq = seq.min(known.head);
        // Only a change is written: clients report the same marker again and again.
        let read = known.read_by(user);
        if read == seq || (read > seq && !back) {
            return Ok(Effect::None);
        }
        from.hub.store.change(Change::Read {
            room: room.clone(),
            user,
            seq,
            back,
        })
    };
    stored.await?;
    Ok(Effect::None)
}
