//! The members of a room, and invitations.

use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use shared::chat::server::Member;
use shared::chat::{RoomId, RoomName, ServerMessage, UserId};

use super::{Effect, Rejection};
use crate::hub::authorize::{Action, authorize};
use crate::hub::directory::Directory;
use crate::hub::page::Page;
use crate::hub::requester::Requester;
use crate::hub::room::{MAX_INVITED, Room};
use crate::hub::under_way::holding;
use crate::store::Change;

/// Members of a large room in `joined`: clients ask for the list when it is looked at.
const FIRST_OF_LARGE_ROOM: usize = 10;

/// Returns the members behind `after`, by id, as many as fit a message, and `true` if there are
/// more.
pub(super) fn page(
    directory: &Directory,
    room: &Room,
    after: Option<UserId>,
) -> (Vec<Member>, bool) {
    let start = after.map_or(Unbounded, Excluded);
    let members = room.members.range((start, Unbounded));
    Page::of(members.map(|(user, _)| directory.member(*user, Some(room)))).finish()
}

/// Returns the members that `joined` has, and `true` if there are more: all of a small room, and a
/// few of a large one, in which entering must not cost more with every member.
pub(super) fn first(directory: &Directory, room: &Room) -> (Vec<Member>, bool) {
    if !room.is_large() {
        return page(directory, room, None);
    }
    let members = room.members.keys().take(FIRST_OF_LARGE_ROOM);
    let members = members.map(|user| directory.member(*user, Some(room)));
    (members.collect(), true)
}

/// Answers `members` with a page of them.
pub(super) fn list(
    from: &Requester,
    room: RoomId,
    after: Option<UserId>,
) -> Result<Effect, Rejection> {
    let known = from.hub.room(&room)?;
    // Directory before room, as everywhere.
    let directory = from.hub.directory();
    let known = known.lock();
    authorize(from, &known, Action::Take)?;
    let (members, more) = page(&directory, &known, after);
    let count = known.members.len();
    // Encoding needs no lock, and everybody who connects waits for the directory's.
    drop((known, directory));
    from.reply(&ServerMessage::Members {
        room,
        members,
        count,
        more,
    });
    Ok(Effect::None)
}

/// Lets somebody into a private room.
pub(super) async fn invite(
    from: Arc<Requester>,
    room: RoomName,
    guest: UserId,
) -> Result<Effect, Rejection> {
    let stored = {
        let known = from.hub.room(&room.clone().into())?;
        let directory = from.hub.directory();
        let known = known.lock();
        authorize(&from, &known, Action::Invite)?;
        // Invitations of people who do not exist would stay for ever.
        if !directory.knows(guest) {
            let message = "Nobody with this key has been here.";
            return Err(Rejection::new(
                shared::chat::ChatErrorCode::NoSuchEntry,
                message,
            ));
        }
        let Some(place) = known.inviting.take(known.invited.len(), MAX_INVITED) else {
            let message = "The room has as many open invitations as it may have.";
            return Err(Rejection::limit_reached(message));
        };
        // `apply` tells the guest who sent it.
        let invited = from.hub.store.change(Change::Invited {
            room,
            user: guest,
            by: from.user(),
        });
        holding(place, invited)
    };
    stored.await?;
    Ok(Effect::None)
}
