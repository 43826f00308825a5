//! Limits the number of rooms, in all and of one person, and knows which names are taken. A permit
//! is taken when a room is queued, not when it is there: otherwise a burst of requests passes any
//! limit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use shared::chat::{ChatErrorCode, RoomId, RoomName, UserId};

use super::Hub;
use super::requests::Rejection;
use super::under_way::Place;
use crate::store::Change;

/// Most rooms with a name that one key may own.
const ROOMS_PER_OWNER: usize = 100;

/// Most rooms of two that one key may open on a running server.
const DIRECT_PER_OPENER: usize = 500;

/// Rooms of two have a cap of their own, so many times the cap of rooms with a name: filling the
/// one must not use up the other.
const DIRECT_ROOMS_FACTOR: usize = 10;

/// Most people whose rooms are counted. At more, counts of rooms of two are forgotten, those of a
/// single room first.
const COUNTED: usize = 100_000;

/// The kinds of rooms that are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum RoomKind {
    Named,
    Direct,
}

/// The rooms that there are, and those that are being created.
#[derive(Debug, Default)]
pub(super) struct Quota {
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    named: usize,
    direct: usize,
    by_person: HashMap<(RoomKind, UserId), usize>,
    /// The skeletons of the rooms' names, with how many rooms have each: more than one only in
    /// databases from before they were compared.
    skeletons: HashMap<String, usize>,
}

/// A permit to create a room, until the room counts itself.
#[derive(Debug)]
pub(super) struct RoomPermit {
    counts: Arc<Mutex<Counts>>,
    kind: RoomKind,
    person: UserId,
    room: RoomId,
}

impl Drop for RoomPermit {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.remove(&self.room, None);
        // A room of two has no owner, so its opener stays charged; a room's owner is charged by the
        // room.
        if self.kind == RoomKind::Named {
            counts.discharge(self.kind, self.person);
        }
    }
}

/// A permit to own one more room, until the room counts for its new owner itself.
#[derive(Debug)]
pub(super) struct OwnerPermit {
    counts: Arc<Mutex<Counts>>,
    person: UserId,
}

impl Drop for OwnerPermit {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.discharge(RoomKind::Named, self.person);
    }
}

/// A permit for a room's new name, until the room counts under it.
#[derive(Debug)]
pub(super) struct NamePermit {
    counts: Arc<Mutex<Counts>>,
    name: RoomName,
}

impl Drop for NamePermit {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.remove_name(&self.name);
    }
}

impl Counts {
    fn add_name(&mut self, name: &RoomName) {
        *self.skeletons.entry(name.skeleton()).or_default() += 1;
    }

    fn remove_name(&mut self, name: &RoomName) {
        let skeleton = name.skeleton();
        if let Some(count) = self.skeletons.get_mut(&skeleton) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.skeletons.remove(&skeleton);
            }
        }
    }

    fn total(&mut self, kind: RoomKind) -> &mut usize {
        match kind {
            RoomKind::Named => &mut self.named,
            RoomKind::Direct => &mut self.direct,
        }
    }

    fn add(&mut self, room: &RoomId, owner: Option<UserId>) {
        let kind = kind_of(room);
        *self.total(kind) += 1;
        if let RoomId::Named(name) = room {
            self.add_name(name);
        }
        if let Some(owner) = owner {
            // Keys are cheap to make, so their counts must not fill the memory. Counts of rooms
            // with a name stay: each is given back when its room ends.
            for least in [1, usize::MAX] {
                if self.by_person.len() >= COUNTED {
                    // Counts of one go first: those who have opened many stay counted, however many
                    // keys somebody makes.
                    self.by_person
                        .retain(|(kind, _), count| *kind == RoomKind::Named || *count > least);
                }
            }
            *self.by_person.entry((kind, owner)).or_default() += 1;
        }
    }

    fn remove(&mut self, room: &RoomId, owner: Option<UserId>) {
        let kind = kind_of(room);
        if let RoomId::Named(name) = room {
            self.remove_name(name);
        }
        let total = self.total(kind);
        *total = total.saturating_sub(1);
        if let Some(owner) = owner {
            self.discharge(kind, owner);
        }
    }

    /// Counts a room with a name for its owner.
    fn charge(&mut self, owner: UserId) {
        let count = self.by_person.entry((RoomKind::Named, owner)).or_default();
        *count = count.saturating_add(1);
    }

    fn discharge(&mut self, kind: RoomKind, person: UserId) {
        if let Some(count) = self.by_person.get_mut(&(kind, person)) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_person.remove(&(kind, person));
            }
        }
    }
}

/// Returns the kind in which a room is counted.
fn kind_of(room: &RoomId) -> RoomKind {
    match room {
        RoomId::Named(_) => RoomKind::Named,
        RoomId::Direct(_) => RoomKind::Direct,
    }
}

impl Quota {
    fn with<T>(&self, work: impl FnOnce(&mut Counts) -> T) -> T {
        work(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts a room that is there.
    pub(super) fn add(&self, room: &RoomId, owner: Option<UserId>) {
        self.with(|counts| counts.add(room, owner));
    }

    /// Counts a room no longer.
    pub(super) fn remove(&self, room: &RoomId, owner: Option<UserId>) {
        self.with(|counts| counts.remove(room, owner));
    }

    /// Counts a room of two no longer that was not made, or that the other person made.
    pub(super) fn not_opened(&self, opener: UserId) {
        self.with(|counts| counts.discharge(RoomKind::Direct, opener));
    }

    /// Takes a permit for the name `to`; `None` if a name that looks like it is taken, but by the
    /// room `from` itself.
    pub(super) fn permit_name(&self, to: &RoomName, from: &RoomName) -> Option<NamePermit> {
        let skeleton = to.skeleton();
        let own = usize::from(skeleton == from.skeleton());
        self.with(|counts| {
            let count = counts.skeletons.get(&skeleton).copied().unwrap_or(0);
            (count <= own).then(|| {
                counts.add_name(to);
                NamePermit {
                    counts: Arc::clone(&self.counts),
                    name: to.clone(),
                }
            })
        })
    }

    /// Counts a room under another name.
    pub(super) fn rename(&self, from: &RoomId, to: &RoomId) {
        self.with(|counts| {
            // Without a person on either side, because the room stays charged to its owner.
            counts.remove(from, None);
            counts.add(to, None);
        });
    }

    /// Moves a room from one owner to another.
    pub(super) fn hand_over(&self, from: Option<UserId>, to: Option<UserId>) {
        self.with(|counts| {
            if let Some(from) = from {
                counts.discharge(RoomKind::Named, from);
            }
            if let Some(to) = to {
                counts.charge(to);
            }
        });
    }
}

impl Hub {
    /// Makes place in a full room for one more member: a guest without a name who is not connected
    /// leaves it. Returns `None` if there is none.
    ///
    /// Otherwise somebody with many keys could fill a room for ever.
    pub(super) fn make_place(&self, id: &RoomId) -> Option<Place> {
        let known = self.rooms.get(id)?;
        let directory = self.directory();
        let mut room = known.lock();
        let is_guest = |user: &UserId| {
            room.role_of(*user).is_member()
                && !directory.names.has_name(*user)
                && !directory.is_online(*user)
                // Each makes place for one: a burst of newcomers passed the cap by one guest.
                && !room.leaving.contains(user)
        };
        let user = room.members.keys().copied().find(is_guest)?;
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
    pub(super) fn permit_owner(&self, person: UserId) -> Result<OwnerPermit, Rejection> {
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
    pub(super) fn permit_room(
        &self,
        room: &RoomId,
        person: UserId,
    ) -> Result<RoomPermit, Rejection> {
        let kind = kind_of(room);
        let (most, each) = match kind {
            RoomKind::Named => (self.settings.max_rooms, ROOMS_PER_OWNER),
            RoomKind::Direct => (
                self.settings.max_rooms.saturating_mul(DIRECT_ROOMS_FACTOR),
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
