//! Rooms of two.

use std::sync::Arc;

use shared::chat::{ChatErrorCode, DirectId, RoomId, Topic, UserId};
use shared::connection::Version;

use super::rooms::{enter, join};
use super::{Effect, Rejection};
use crate::hub::requester::Requester;
use crate::hub::under_way::holding;
use crate::store::{Change, StoreError};

/// Opens the room of two with somebody.
pub(super) async fn direct(from: Arc<Requester>, other: UserId) -> Result<Effect, Rejection> {
    let hub = &from.hub;
    let user = from.user();
    let Some(direct) = DirectId::of(user, other) else {
        return Err(Rejection::forbidden("A room of two needs somebody else."));
    };
    if from.version == Version::V1 {
        let message = "Rooms of two need protocol v2: v1 cannot prove which server it speaks to.";
        return Err(Rejection::forbidden(message));
    }
    let room = RoomId::Direct(direct);
    if let Some(known) = hub.rooms.get(&room) {
        // Its name proves who the two are. In a database from before they stayed invited, one who
        // had left was forgotten, and the room was dead for both.
        let forgotten: Vec<_> = {
            let known = known.lock();
            let both = [(user, None), (other, Some(user))];
            both.into_iter()
                .filter(|(person, _)| !known.is_open_to(*person))
                .collect()
        };
        for (user, by) in forgotten {
            let room = room.clone();
            hub.store.change(Change::Joined { room, user, by }).await?;
        }
        // Also for somebody who has left: both people of a room of two stay invited.
        return join(from, room, None).await;
    }
    // Minted keys would otherwise open rooms with keys that do not exist, until no room is left.
    if !hub.directory().knows(other) {
        let message = "Nobody with this key has been here.";
        return Err(Rejection::new(ChatErrorCode::NoSuchRoom, message));
    }
    let permit = hub.permit_room(&room, user, from.address)?;
    let created = hub.store.change(Change::RoomCreated {
        room: room.clone(),
        topic: Topic::default(),
        private: true,
        keep: hub.settings().keep,
        owner: None,
    });
    // Queued behind the creation, and so committed behind it.
    let [own, others] = [(user, None), (other, Some(user))].map(|(user, by)| {
        hub.store.change(Change::Joined {
            room: room.clone(),
            user,
            by,
        })
    });
    let charged = hub.clone();
    let stored = Box::pin(async move {
        let created = created.await;
        if created.is_err() {
            // What this person did not open must not count for them until the server ends.
            charged.quota.not_opened(user);
        }
        match created {
            // Both may have opened it at the same moment.
            Ok(()) | Err(StoreError::RoomExists) => {}
            Err(error) => return Err(error),
        }
        own.await?;
        others.await
    });
    holding(permit, stored).await?;
    hub.note_version(user, from.version);
    let known = hub.room(&room)?;
    enter(from, known, None).await
}
