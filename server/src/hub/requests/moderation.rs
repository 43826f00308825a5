//! Requests of owners and moderators in their rooms, and of operators in any room.

use std::sync::{Arc, LazyLock};

use shared::chat::{Role, RoomId, RoomName, ServerMessage, Topic, UserId};

use super::rooms::check_new_name;
use super::{Effect, Rejection};
use crate::hub::authorize::{Action, authorize};
use crate::hub::requester::Requester;
use crate::hub::room::{Room, RoomLock};
use crate::hub::under_way::holding;
use crate::logging::{Throttle, VISITOR_LINES_PER_WINDOW};
use crate::store::{Change, StoreError};

/// The limit on log lines about rooms: everybody may own some, and change them again and again.
static LINES: LazyLock<Throttle> = LazyLock::new(|| Throttle::new(VISITOR_LINES_PER_WINDOW));

/// Stores a change of a room that somebody may make, and holds what was taken for it.
///
/// # Errors
/// A [`Rejection`] if they may not, or the store's.
pub(super) async fn change_room(
    from: &Requester,
    room: &RoomName,
    action: Action,
    change: Change,
    held: impl Send + 'static,
) -> Result<(), Rejection> {
    let stored = {
        let known = from.hub.room(&room.clone().into())?;
        let known = known.lock();
        // Decided and queued under one lock: rights that are taken away meanwhile count for later
        // requests.
        authorize(from, &known, action)?;
        holding(held, from.hub.store.change(change))
    };
    stored.await?;
    if let Some(suppressed) = LINES.take(from.address) {
        let suppressed = (suppressed > 0).then_some(suppressed);
        tracing::info!(
            connection = %from.connection, key = %from.user(), %room, ?action, suppressed,
            "moderation"
        );
    }
    Ok(())
}

fn done(from: &Requester, room: &RoomName) -> Effect {
    let about = room.to_string();
    from.reply(&ServerMessage::Done { about });
    Effect::None
}

/// Changes a room's topic.
pub(super) async fn set_topic(
    from: Arc<Requester>,
    room: RoomName,
    topic: Topic,
) -> Result<Effect, Rejection> {
    let change = Change::Topic {
        room: room.clone().into(),
        topic,
    };
    change_room(&from, &room, Action::SetTopic, change, ()).await?;
    Ok(done(&from, &room))
}

/// Renames a room.
pub(super) async fn rename(
    from: Arc<Requester>,
    room: RoomName,
    to: RoomName,
) -> Result<Effect, Rejection> {
    check_new_name(&from, &to)?;
    // By skeleton. The store knows no skeletons and refuses only the very same name.
    let Some(permit) = from.hub.quota.permit_name(&to, &room) else {
        return Err(StoreError::RoomExists.into());
    };
    let change = Change::Renamed {
        room: room.clone(),
        to: to.clone(),
    };
    change_room(&from, &room, Action::Rename, change, permit).await?;
    Ok(done(&from, &to))
}

/// Gives a member a role.
pub(super) async fn set_role(
    from: Arc<Requester>,
    room: RoomName,
    user: UserId,
    role: Role,
) -> Result<Effect, Rejection> {
    give_role(&from, &room, user, role).await?;
    Ok(done(&from, &room))
}

/// Gives a member a role, and holds a permit for a new owner meanwhile.
///
/// # Errors
/// A [`Rejection`] if the requester may not, or if the member owns as many rooms as allowed.
pub(super) async fn give_role(
    from: &Requester,
    room: &RoomName,
    user: UserId,
    role: Role,
) -> Result<(), Rejection> {
    let action = Action::SetRole(role);
    // Decided before the member is looked for and the quota is asked: whoever may not give roles
    // learns nothing of either.
    authorize(from, &from.hub.room(&room.clone().into())?.lock(), action)?;
    let change = role_change(from, room, user, role)?;
    // Otherwise two keys could pass rooms to and fro, and found them without end.
    let permit = match role {
        Role::Owner => Some(from.hub.permit_owner(user)?),
        Role::Member | Role::Moderator => None,
    };
    change_room(from, room, action, change, permit).await
}

/// Returns the change that gives a member a role. A new owner takes the former one's place, which is
/// the store's to see to: of two at once it makes one.
///
/// # Errors
/// There is no such room or member, or the owner would leave the room without one.
fn role_change(
    from: &Requester,
    room: &RoomName,
    user: UserId,
    role: Role,
) -> Result<Change, Rejection> {
    let id = RoomId::from(room.clone());
    let known = from.hub.room(&id)?;
    let known = known.lock();
    if !known.has(user) {
        return Err(Rejection::no_such_member());
    }
    // A room without an owner could be led by operators only.
    if known.owner() == Some(user) && role != Role::Owner {
        let message = "The owner first makes somebody else the owner.";
        return Err(Rejection::forbidden(message));
    }
    Ok(Change::Role {
        room: id,
        user,
        role,
    })
}

/// Removes a member, or takes back an invitation.
pub(super) async fn remove(
    from: Arc<Requester>,
    room: RoomName,
    user: UserId,
) -> Result<Effect, Rejection> {
    take_out(&from, &room, user).await?;
    Ok(done(&from, &room))
}

/// Takes a member, or an invitation, out of a room.
///
/// # Errors
/// A [`Rejection`] if there is no such room or person in it, or the requester may not.
pub(super) async fn take_out(
    from: &Requester,
    room: &RoomName,
    user: UserId,
) -> Result<(), Rejection> {
    loop {
        let known = from.hub.room(&room.clone().into())?;
        let (change, leaving) = {
            let mut known_room = known.lock();
            authorize(from, &known_room, Action::Remove(user))?;
            let change = removal(&known_room, room, user)?;
            // From here on nothing more of theirs is taken: it would come behind the answer.
            let goes =
                known_room.has(user) && user != from.user() && known_room.leaving.insert(user);
            let leaving = goes.then(|| Leaving {
                room: Arc::clone(&known),
                user,
            });
            (change, leaving)
        };
        let was_guest = matches!(change, Change::Uninvited { .. });
        match change_room(from, room, Action::Remove(user), change, leaving).await {
            // The guest has come in since, which the store knew before the room.
            Err(_) if was_guest && known.lock().has(user) => {}
            removed => return removed,
        }
    }
}

/// A member whose removal is under way. After a removal that was refused, they go on.
struct Leaving {
    room: Arc<RoomLock>,
    user: UserId,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        // Whoever has left is not in the set any more.
        self.room.lock().leaving.remove(&self.user);
    }
}

/// Returns the change that removes a member or an invitation.
///
/// # Errors
/// There is no such person in it.
fn removal(known: &Room, room: &RoomName, user: UserId) -> Result<Change, Rejection> {
    if known.has(user) {
        let room = RoomId::from(room.clone());
        Ok(Change::Left { room, user })
    } else if known.invited.contains(&user) {
        let room = room.clone();
        Ok(Change::Uninvited { room, user })
    } else {
        Err(Rejection::no_such_member())
    }
}

/// Deletes a room with everything in it.
pub(super) async fn close(from: Arc<Requester>, room: RoomName) -> Result<Effect, Rejection> {
    let change = Change::RoomDeleted {
        room: room.clone().into(),
    };
    change_room(&from, &room, Action::Close, change, ()).await?;
    Ok(done(&from, &room))
}
