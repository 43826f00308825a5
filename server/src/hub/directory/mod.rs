//! The people of the server: names, rights, connections, and which rooms each is in. Every method
//! runs under the directory's lock and waits for nothing.
//!
//! The two indexes by person are what keeps the cost of a connection independent of the number of
//! rooms: nothing here or in a request walks all rooms.

mod connections;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use shared::chat::entry::DisplayName;
use shared::chat::server::{Member, RoomSummary};
use shared::chat::{Author, RoomId, RoomName, RoomsCursor, UserId};
use shared::error::ErrorCode;

use crate::clients::ConnectionId;
use crate::hub::encoding::Mode;
use crate::hub::names::Names;
use crate::hub::room::Room;
use crate::hub::session::queue::Outbox;
use crate::store::Snapshot;

/// Most keys that are remembered as having used v2, of 32 bytes each: keys are cheap to make. Later
/// ones are not protected from a relay over v1, where they may do little anyway.
const MAX_V2_USERS: usize = 1_000_000;

/// Most people whose presence is announced in one turn of the hub's clock; the rest come in the
/// next.
const PRESENCE_PER_TICK: usize = 1_000;

/// A person who is connected. Shared by the connections, so that a message takes no lock of the
/// directory.
#[derive(Debug)]
pub(in crate::hub) struct Person {
    pub(in crate::hub) user: UserId,
    name: Mutex<DisplayName>,
    operator: AtomicBool,
}

impl Person {
    pub(in crate::hub) fn name(&self) -> DisplayName {
        let name = self.name.lock();
        name.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(in crate::hub) fn author(&self) -> Author {
        Author {
            id: self.user,
            name: self.name(),
        }
    }

    pub(in crate::hub) fn is_operator(&self) -> bool {
        self.operator.load(Ordering::Relaxed)
    }
}

/// A connection that was admitted.
#[derive(Debug)]
pub(in crate::hub) struct Connected {
    pub(in crate::hub) address: IpAddr,
    /// `None` until the client has shown how it speaks.
    pub(in crate::hub) mode: Option<Mode>,
    pub(in crate::hub) outbox: Outbox,
    /// Set while a ban of its person or address is under way: nothing more of it is handled.
    pub(in crate::hub) held: Arc<AtomicBool>,
    pub(in crate::hub) subscriptions: BTreeSet<RoomId>,
}

/// A person's connections.
#[derive(Debug)]
struct Online {
    person: Arc<Person>,
    connections: BTreeMap<ConnectionId, Connected>,
}

#[derive(Debug, Default)]
pub(in crate::hub) struct Directory {
    pub(in crate::hub) names: Names,
    pub(in crate::hub) operators: BTreeSet<UserId>,
    /// Keys that have used v2. They are not taken over v1 any more.
    v2_users: HashSet<UserId>,
    online: HashMap<UserId, Online>,
    users: HashMap<ConnectionId, UserId>,
    /// The rooms that each person is in.
    joined: HashMap<UserId, BTreeSet<RoomId>>,
    /// Rooms with a name that everybody may join.
    public: BTreeSet<RoomId>,
    /// Why a connection was ended, until its session knows. An evicted one has no entry.
    ended: HashMap<ConnectionId, ErrorCode>,
    /// People whose presence may have changed, and whether it was last announced as online.
    presence: HashMap<UserId, bool>,
    /// Plain-text connections that were not announced in the lobby yet.
    arrivals: BTreeMap<ConnectionId, UserId>,
    /// Lines that the lobby's plain-text clients are still to be sent: who left.
    departures: Vec<UserId>,
    /// Large rooms whose members have changed since their number was last announced.
    pub(in crate::hub) rosters: HashSet<RoomId>,
    /// The server stops: everybody leaves, and announcing each would cost the square of their number.
    pub(in crate::hub) closing: bool,
}

/// What the hub's clock announces.
#[derive(Debug, Default)]
pub(in crate::hub) struct Announcements {
    /// People who came or went, and the rooms that they are in.
    pub(in crate::hub) presence: Vec<(Member, Vec<RoomId>)>,
    /// Names of plain-text people who came.
    pub(in crate::hub) arrived: Vec<(Option<ConnectionId>, DisplayName)>,
    /// Names of plain-text people who left.
    pub(in crate::hub) left: Vec<(Option<ConnectionId>, DisplayName)>,
}

impl Directory {
    pub(in crate::hub) fn from_snapshot(snapshot: Snapshot) -> (Self, Vec<Room>) {
        let mut directory = Self {
            operators: snapshot.operators.into_iter().collect(),
            v2_users: snapshot.v2_users.into_iter().collect(),
            ..Self::default()
        };
        for (user, name) in snapshot.names {
            directory.names.restore(user.0, name);
        }
        let rooms = snapshot.rooms.into_iter().map(Room::from_record);
        let rooms: Vec<_> = rooms.collect();
        for room in &rooms {
            directory.add_room(room);
        }
        (directory, rooms)
    }

    pub(in crate::hub) fn add_room(&mut self, room: &Room) {
        if !room.private {
            self.public.insert(room.id.clone());
        }
        for user in room.members.keys() {
            self.joined
                .entry(*user)
                .or_default()
                .insert(room.id.clone());
        }
    }

    pub(in crate::hub) fn remove_room(&mut self, room: &Room) {
        self.public.remove(&room.id);
        self.rosters.remove(&room.id);
        for user in room.members.keys() {
            self.exit(*user, &room.id);
        }
    }

    pub(in crate::hub) fn enter(&mut self, user: UserId, room: &RoomId) {
        self.joined.entry(user).or_default().insert(room.clone());
    }

    pub(in crate::hub) fn exit(&mut self, user: UserId, room: &RoomId) {
        if let Some(rooms) = self.joined.get_mut(&user) {
            rooms.remove(room);
            if rooms.is_empty() {
                self.joined.remove(&user);
            }
        }
    }

    /// Returns the rooms that a person is in, by name.
    pub(in crate::hub) fn rooms_of(&self, user: UserId) -> Vec<RoomId> {
        let rooms = self.joined.get(&user).into_iter().flatten();
        rooms.cloned().collect()
    }

    /// Returns the rooms of a person's list behind a cursor: those they are in, then public ones.
    pub(in crate::hub) fn listed<'a>(
        &'a self,
        user: UserId,
        after: Option<&'a RoomsCursor>,
    ) -> impl Iterator<Item = &'a RoomId> {
        let joined = self.joined.get(&user);
        let others = after.is_some_and(|after| after.others);
        let own = joined.filter(|_| !others);
        let own = own.into_iter().flat_map(move |rooms| behind(rooms, after));
        // The cursor is among the public rooms only if it says so.
        let public = behind(&self.public, after.filter(|after| after.others));
        let is_joined = move |room: &RoomId| joined.is_some_and(|rooms| rooms.contains(room));
        own.chain(public.filter(move |room| !is_joined(room)))
    }

    pub(in crate::hub) fn name_of(&self, user: UserId) -> DisplayName {
        self.names.display(user)
    }

    pub(in crate::hub) fn author(&self, user: UserId) -> Author {
        Author {
            id: user,
            name: self.name_of(user),
        }
    }

    /// Returns a person as a member of a room.
    pub(in crate::hub) fn member(&self, user: UserId, room: Option<&Room>) -> Member {
        Member {
            id: user,
            name: self.name_of(user),
            online: self.is_announced_online(user),
            role: room.map(|room| room.role_of(user)).unwrap_or_default(),
        }
    }

    /// Brings the name that a person's connections use to the stored one.
    pub(in crate::hub) fn refresh_name(&self, user: UserId) {
        if let Some(online) = self.online.get(&user) {
            let name = self.name_of(user);
            *online
                .person
                .name
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = name;
        }
    }

    pub(in crate::hub) fn set_operator(&mut self, user: UserId, is: bool) {
        if is {
            self.operators.insert(user);
        } else {
            self.operators.remove(&user);
        }
        if let Some(online) = self.online.get(&user) {
            online.person.operator.store(is, Ordering::Relaxed);
        }
    }

    pub(in crate::hub) fn has_used_v2(&self, user: UserId) -> bool {
        self.v2_users.contains(&user)
    }

    /// Returns `true` if the key is to be remembered as one that has used v2: not yet, and there is
    /// place for another.
    pub(in crate::hub) fn may_note_v2(&self, user: UserId) -> bool {
        self.v2_users.len() < MAX_V2_USERS && !self.has_used_v2(user)
    }

    pub(in crate::hub) fn set_used_v2(&mut self, user: UserId) {
        self.v2_users.insert(user);
    }

    /// Returns `true` if the server remembers somebody, or they are connected.
    pub(in crate::hub) fn knows(&self, user: UserId) -> bool {
        self.names.has_name(user) || self.is_online(user) || self.joined.contains_key(&user)
    }

    /// Takes what is to be announced in this turn of the clock.
    pub(in crate::hub) fn take_announcements(&mut self) -> Announcements {
        let mut announcements = Announcements::default();
        let users: Vec<_> = self
            .presence
            .keys()
            .take(PRESENCE_PER_TICK)
            .copied()
            .collect();
        for user in users {
            let announced = self.presence.remove(&user).unwrap_or_default();
            // Somebody who came and went within a turn has changed nothing.
            if announced != self.is_online(user) && !self.closing {
                let rooms = self.rooms_of(user);
                if !rooms.is_empty() {
                    announcements
                        .presence
                        .push((self.member(user, None), rooms));
                }
            }
        }
        let arrivals = std::mem::take(&mut self.arrivals);
        let departures = std::mem::take(&mut self.departures);
        let arrived = arrivals.into_iter();
        announcements.arrived = arrived
            .map(|(id, user)| (Some(id), self.name_of(user)))
            .collect();
        let left = departures.into_iter();
        announcements.left = left.map(|user| (None, self.name_of(user))).collect();
        announcements
    }
}

/// Returns the rooms behind a cursor.
fn behind<'a>(
    rooms: &'a BTreeSet<RoomId>,
    after: Option<&'a RoomsCursor>,
) -> impl Iterator<Item = &'a RoomId> {
    use std::ops::Bound::{Excluded, Unbounded};
    let start = after.map_or(Unbounded, |after| Excluded(&after.room));
    rooms.range::<RoomId, _>((start, Unbounded))
}

impl Directory {
    /// Moves a room to another name in all indexes.
    pub(in crate::hub) fn rename_room(&mut self, from: &RoomId, to: &RoomName, members: &[UserId]) {
        let to = RoomId::from(to.clone());
        if self.public.remove(from) {
            self.public.insert(to.clone());
        }
        for user in members {
            self.exit(*user, from);
            self.enter(*user, &to);
        }
        for online in self.online.values_mut() {
            for connected in online.connections.values_mut() {
                if connected.subscriptions.remove(from) {
                    connected.subscriptions.insert(to.clone());
                }
            }
        }
    }
}

impl Directory {
    /// Returns a room as a person's list shows it.
    pub(in crate::hub) fn summary(&self, room: &Room, user: UserId) -> RoomSummary {
        let other = room.is_direct().then(|| room.other(user)).flatten();
        RoomSummary {
            room: room.id.clone(),
            topic: room.topic.clone(),
            private: room.private,
            keep: room.keep,
            joined: room.has(user),
            head: room.head,
            read: room.read_by(user),
            with: other.map(|other| self.author(other)),
        }
    }
}
