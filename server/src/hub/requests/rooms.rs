//! Rooms: the list of them, and how people create, enter and leave them.

use std::sync::Arc;

use shared::chat::limits::{PAGE_BYTES, PAGE_ENTRIES_DEFAULT};
use shared::chat::{ChatErrorCode, Keep, RoomId, RoomName, Seq, ServerMessage, Topic};
use shared::connection::Version;

use super::{Effect, Rejection, members};
use crate::hub::authorize::{Action, authorize};
use crate::hub::requester::Requester;
use crate::hub::room::{MAX_MEMBERS, RoomLock};
use crate::hub::under_way::holding;
use crate::store::{Change, PageSize, StoreError};

/// Creates a room, whose creator owns it and is in it.
pub(super) async fn create(
    from: Arc<Requester>,
    name: RoomName,
    topic: Topic,
    private: bool,
    keep: Option<Keep>,
) -> Result<Effect, Rejection> {
    let hub = &from.hub;
    let keep = keep_of_new(&from, keep)?;
    if private && from.version == Version::V1 {
        let message = "Private rooms need protocol v2: v1 cannot prove which server it speaks to.";
        return Err(Rejection::forbidden(message));
    }
    check_new_name(&from, &name)?;
    let room = RoomId::from(name);
    // Early, for a clear answer. Of two who create it at once, the store accepts one.
    if hub.rooms.get(&room).is_some() {
        return Err(StoreError::RoomExists.into());
    }
    let user = from.user();
    let permit = hub.permit_room(&room, user, from.address)?;
    let created = hub.store.change(Change::RoomCreated {
        room: room.clone(),
        topic,
        private,
        keep,
        owner: Some(user),
    });
    // Queued in this order, and so durable in this order.
    let joined = hub.store.change(Change::Joined {
        room: room.clone(),
        user,
        by: None,
    });
    let stored = Box::pin(async move {
        created.await?;
        joined.await
    });
    // The permit is held until the room is counted itself.
    holding(permit, stored).await?;
    hub.note_version(user, from.version);
    let known = hub.room(&room)?;
    enter(from, known, None).await
}

/// Checks that a room may be called so.
///
/// # Errors
/// A [`Rejection`] for a name that speaks for the server or its operators, unless one asks.
pub(super) fn check_new_name(from: &Requester, name: &RoomName) -> Result<(), Rejection> {
    if name.is_reserved() && !from.is_operator() {
        let message = "Such a room is for operators to make; choose another name.";
        return Err(Rejection::forbidden(message));
    }
    Ok(())
}

fn keep_of_new(from: &Requester, keep: Option<Keep>) -> Result<Keep, Rejection> {
    let longest = from.hub.settings().keep;
    let keep = keep.unwrap_or(longest);
    if from.is_operator() || keep.is_within(longest) {
        return Ok(keep);
    }
    let message = format!("On this server a room keeps {longest}, or less.");
    Err(Rejection::forbidden(message))
}

/// Joins a room, or comes back to it.
pub(super) async fn join(
    from: Arc<Requester>,
    room: RoomId,
    after: Option<Seq>,
) -> Result<Effect, Rejection> {
    let hub = &from.hub;
    let user = from.user();
    let room_lock = hub.room(&room)?;
    let (joining, head) = {
        let known = room_lock.lock();
        authorize(&from, &known, Action::Join)?;
        if known.has(user) {
            (None, known.head)
        } else {
            let place = known.take_place();
            let head = known.head;
            // Given back for `make_place`, which takes the directory's lock first.
            drop(known);
            let Some(place) = place.or_else(|| hub.make_place(&room)) else {
                return Err(Rejection::limit_reached(format!(
                    "{room} has {MAX_MEMBERS} members, and cannot have more."
                )));
            };
            let joined = hub.store.change(Change::Joined {
                room: room.clone(),
                user,
                by: None,
            });
            (Some(holding(place, joined)), head)
        }
    };
    if let Some(joining) = joining {
        joining.await?;
        hub.note_version(user, from.version);
    }
    // A client that has more than we have has it from a store that was set back. It is not what the
    // others have, so the client starts anew.
    let behind = after.filter(|after| *after <= head);
    if let (Some(after), None) = (after, behind) {
        let text = format!("{room} has no entry {after}; start anew.");
        let rejection = Rejection::new(ChatErrorCode::NoSuchEntry, text).about_room(&room);
        from.reply(&rejection.into_message());
    }
    enter(from, room_lock, behind).await
}

/// Sends a room that the person is in: `joined`, and then its entries. The room may be renamed
/// meanwhile.
pub(super) async fn enter(
    from: Arc<Requester>,
    room: Arc<RoomLock>,
    after: Option<Seq>,
) -> Result<Effect, Rejection> {
    let hub = &from.hub;
    let keep = room.lock().keep;
    let gone = match keep {
        Keep::Forever => Some(0),
        Keep::Nothing => None,
        Keep::Days(_) | Keep::Entries(_) => {
            // The first entry that is left says how many are gone; its text does not matter.
            let one = PageSize {
                entries: 1,
                bytes: 0,
            };
            let first = hub
                .read(&room, |store, id| store.read_after(id, 0, one))
                .await?;
            // Without any entry, all are gone.
            first.first().map(|first| first.seq - 1)
        }
    };
    let (head, gone, live) = show(&from, &room, gone)?;
    if live {
        return Ok(Effect::StopCatchUp(room));
    }
    if let Some(after) = after {
        let sent = after.max(gone);
        return Ok(Effect::CatchUp { room, sent });
    }
    if head == gone {
        return Ok(Effect::CatchUp { room, sent: head });
    }
    let page = PageSize {
        entries: PAGE_ENTRIES_DEFAULT,
        bytes: PAGE_BYTES,
    };
    let read = hub.read(&room, |store, id| store.read_before(id, head + 1, page));
    let entries = match read.await {
        Ok(entries) => entries,
        Err(error) => {
            // `joined` was sent: what comes from now on comes all the same, behind a gap that the
            // client sees.
            let rejection = Rejection::from(error).about_room(&room.lock().name().0);
            from.reply(&rejection.into_message());
            return Ok(Effect::CatchUp { room, sent: head });
        }
    };
    let sent = entries.last().map_or(head, |last| last.seq);
    {
        let known = room.lock();
        // Under the lock, so that it comes before a `left`; behind one it does not come.
        if known.has(from.user()) {
            let room = known.id.clone();
            from.reply(&ServerMessage::Page { room, entries });
        }
    }
    Ok(Effect::CatchUp { room, sent })
}

/// Subscribes the connection and sends `joined`. Returns the head, the last entry that is gone
/// (`gone`, or every entry without it), and `true` if entries come as they happen already.
fn show(
    from: &Requester,
    room: &RoomLock,
    gone: Option<Seq>,
) -> Result<(Seq, Seq, bool), Rejection> {
    let mut directory = from.hub.directory();
    let mut known = room.lock();
    if !known.has(from.user()) {
        // Removed between the two.
        return Err(Rejection::no_such_room(&known.id));
    }
    // From here on changes of members come as events, though entries still come from the store.
    directory.subscribe(from.connection, &mut known);
    let head = known.head;
    // The store may be ahead; entries that it has swept by then are still broadcast here.
    let gone = gone.unwrap_or(head).min(head);
    // Entries of an unstored room come from this moment on, or never.
    let live = known.keep == Keep::Nothing && known.go_live(from.connection, head);
    let (members, more) = members::first(&directory, &known);
    let joined = ServerMessage::Joined {
        room: known.id.clone(),
        topic: known.topic.clone(),
        private: known.private,
        members,
        count: known.members.len(),
        more,
        role: known.role_of(from.user()),
        head,
        read: known.read_by(from.user()),
        keep: known.keep,
        gone,
    };
    // Under the lock, so that no event comes before it.
    from.reply(&joined);
    Ok((head, gone, live))
}

/// Leaves a room, on all devices.
pub(super) async fn leave(from: Arc<Requester>, room: RoomId) -> Result<Effect, Rejection> {
    let known = from.hub.room(&room)?;
    authorize(&from, &known.lock(), Action::Take)?;
    let user = from.user();
    from.hub.store.change(Change::Left { room, user }).await?;
    Ok(Effect::StopCatchUp(known))
}
