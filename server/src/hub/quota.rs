//! Limits the number of rooms, in all and of one person, and knows which names are taken. A permit
//! is taken when a room is queued, not when it is there: otherwise a burst of requests passes any
//! limit.

mod permits;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use shared::chat::{RoomId, RoomName, UserId};

use super::daily::Daily;
use super::requests::Rejection;
use crate::admission::network_of;

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
#[derive(Debug)]
pub(super) struct Quota {
    counts: Arc<Mutex<Counts>>,
    /// The names and rooms that the keys of each network have taken today.
    networks: Daily<IpAddr>,
    /// Most names and rooms of one network in a day; 0 is no limit.
    claims_per_day: AtomicU32,
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
    pub(super) fn new(claims_per_day: u32) -> Self {
        Self {
            counts: Arc::default(),
            networks: Daily::new(),
            claims_per_day: claims_per_day.into(),
        }
    }

    pub(super) fn set_claims_per_day(&self, claims_per_day: u32) {
        self.claims_per_day.store(claims_per_day, Ordering::Relaxed);
    }

    /// Counts a name or a room for the network of an address. Names and rooms last, and keys are
    /// cheap: within the rates, one address took all of them in hours.
    ///
    /// # Errors
    /// A [`Rejection`] if the network has taken as many today as it may.
    pub(super) fn claim(&self, address: IpAddr) -> Result<(), Rejection> {
        let most = u64::from(self.claims_per_day.load(Ordering::Relaxed));
        let network = network_of(address);
        if most == 0 || self.networks.charge(Instant::now(), network, 1, most) {
            return Ok(());
        }
        let message = "Your network has taken as many names and rooms in a day as it may.";
        Err(Rejection::limit_reached(message))
    }

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
