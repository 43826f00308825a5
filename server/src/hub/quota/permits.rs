//! Permits for a new room, for another owner and for one more member. A request takes one before its
//! change is queued.

use std::net::IpAddr;
use std::sync::Arc;

use shared::chat::{ChatErrorCode, RoomId, UserId};

use super::{
    DIRECT_PER_OPENER, DIRECT_ROOMS_FACTOR, OwnerPermit, ROOMS_PER_OWNER, RoomKind, RoomPermit,
    kind_of,
};
use crate::hub::Hub;
use crate::hub::requests::Rejection;
use crate::hub::under_way::Place;
use crate::store::Change;

impl Hub {
    /// Makes place in a full room for one more member: a guest without a name who is not connected
    /// leaves it, or, if the room is public, any member without a role who is not connected. Returns
    /// `None` if there is none.
    ///
    /// Otherwise somebody with many keys could fill a room for ever.
    pub(in crate::hub) fn make_place(&self, id: &RoomId) -> Option<Place> {
        let known = self.rooms.get(id)?;
        let directory = self.directory();
        let mut room = known.lock();
        let is_absent = |user: &UserId| {
            room.role_of(*user).is_member()
                && !directory.is_online(*user)
                // Each makes place for one: a burst of newcomers passed the cap by one guest.
                && !room.leaving.contains(user)
        };
        let is_guest = |user: &UserId| !directory.names.has_name(*user) && is_absent(user);
        let members = || room.members.keys().copied();
        // In a public room also somebody with a name, who can come back: names are as cheap as keys.
        let named = || members().find(is_absent).filter(|_| !room.private);
        let user = members().find(is_guest).or_else(named)?;
        room.leaving.insert(user);
        let place = room.take_place();
        // Queued before the newcomer joins, and so applied before it.
        let left = self.store.change(Change::Left {
            room: id.clone(),
            user,
        });
        drop((room, directory));
        tokio::spawn(async move {
            if left.await.is_err() {
                known.lock().leaving.remove(&user);
            }
        });
        place
    }

    /// Takes a permit for somebody who is to own one more room.
    ///
    /// # Errors
    /// A [`Rejection`] if they own as many rooms as allowed.
    pub(in crate::hub) fn permit_owner(&self, person: UserId) -> Result<OwnerPermit, Rejection> {
        let operator = self.directory().operators.contains(&person);
        self.quota.with(|counts| {
            let own = counts.by_person.get(&(RoomKind::Named, person)).copied();
            if own.unwrap_or(0) >= ROOMS_PER_OWNER && !operator {
                let message = "This member has as many rooms as one may have.";
                return Err(Rejection::limit_reached(message));
            }
            counts.charge(person);
            Ok(OwnerPermit {
                counts: Arc::clone(&self.quota.counts),
                person,
            })
        })
    }

    /// Takes a permit for a new room of a person.
    ///
    /// # Errors
    /// A [`Rejection`] if the server or the person has as many rooms as allowed, or if a room has a
    /// name that looks like this one.
    pub(in crate::hub) fn permit_room(
        &self,
        room: &RoomId,
        person: UserId,
        address: IpAddr,
    ) -> Result<RoomPermit, Rejection> {
        let kind = kind_of(room);
        let (most, each) = match kind {
            RoomKind::Named => (self.settings().max_rooms, ROOMS_PER_OWNER),
            RoomKind::Direct => (
                self.settings()
                    .max_rooms
                    .saturating_mul(DIRECT_ROOMS_FACTOR),
                DIRECT_PER_OPENER,
            ),
        };
        // Asked before the counts are locked: their lock is also taken under a room's, and nothing
        // is locked under it.
        let operator = self.directory().operators.contains(&person);
        self.quota.with(|counts| {
            // Checked and counted under one lock: when rooms were counted only once they were
            // there, 160 keys used up all 10,000 in 0.6 s.
            if *counts.total(kind) >= most {
                let message = "This server has as many rooms as it may have.";
                return Err(Rejection::limit_reached(message));
            }
            let own = counts.by_person.get(&(kind, person)).copied().unwrap_or(0);
            if own >= each && !operator {
                let message = format!("You have {own} rooms, and may not open more.");
                return Err(Rejection::limit_reached(message));
            }
            if let RoomId::Named(name) = room
                && counts.skeletons.contains_key(&name.skeleton())
            {
                let message = "There is a room of this name, or of one that looks like it.";
                return Err(Rejection::new(ChatErrorCode::RoomExists, message));
            }
            // Last: a room that is refused for another reason counts for nobody.
            if !operator {
                self.quota.claim(address)?;
            }
            counts.add(room, Some(person));
            Ok(RoomPermit {
                counts: Arc::clone(&self.quota.counts),
                kind,
                person,
                room: room.clone(),
            })
        })
    }
}
