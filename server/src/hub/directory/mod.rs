//! The people of the server: names, rights, connections, and the rooms of each. Every method runs
//! under the directory's lock and waits for nothing.
//!
//! Two indexes by person keep the cost of a connection independent of the number of rooms: nothing
//! here or in a request walks all rooms.

mod admission;
mod announcements;
mod connections;
mod rooms;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use shared::chat::entry::DisplayName;
use shared::chat::server::Member;
use shared::chat::{Author, RoomId, UserId};
use shared::connection::Version;
use shared::error::ErrorCode;

use self::admission::Admissions;
use crate::clients::ConnectionId;
use crate::hub::encoding::Mode;
use crate::hub::hold::Hold;
use crate::hub::names::Names;
use crate::hub::queue::Outbox;
use crate::hub::room::Room;
use crate::hub::under_way::Places;
use crate::store::Snapshot;

/// Most keys that are remembered as having used v2, of 32 bytes each: keys are cheap to make. Later
/// ones are not protected from a relay over v1, where they may do little anyway.
const MAX_V2_USERS: usize = 1_000_000;

/// A person who is connected. Shared by the connections, so that a message takes no lock of the
/// directory.
#[derive(Debug)]
pub(in crate::hub) struct Person {
    pub(in crate::hub) user: UserId,
    name: Mutex<DisplayName>,
    operator: AtomicBool,
    admitted: AtomicBool,
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
        // Relaxed: a request that still reads the former value could as well have come a moment
        // earlier.
        self.operator.load(Ordering::Relaxed)
    }

    /// Returns `true` if the person may take part.
    pub(in crate::hub) fn is_admitted(&self) -> bool {
        self.admitted.load(Ordering::Relaxed)
    }
}

/// A connection that was admitted.
#[derive(Debug)]
pub(in crate::hub) struct Connected {
    pub(in crate::hub) address: IpAddr,
    pub(in crate::hub) version: Version,
    /// `None` until the client has shown how it speaks.
    pub(in crate::hub) mode: Option<Mode>,
    pub(in crate::hub) outbox: Outbox,
    /// Set while a ban of its person or address is under way: nothing more of it is handled.
    pub(in crate::hub) hold: Arc<Hold>,
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
    /// Places of operators that are being made.
    pub(in crate::hub) appointing: Places,
    pub(in crate::hub) admissions: Admissions,
    /// Keys that have used v2. They are not taken over v1 any more.
    v2_users: HashSet<UserId>,
    online: HashMap<UserId, Online>,
    users: HashMap<ConnectionId, UserId>,
    /// The rooms that each person is in.
    joined: HashMap<UserId, BTreeSet<RoomId>>,
    /// Rooms with a name that everybody may join.
    public: BTreeSet<RoomId>,
    /// The codes of connections that were ended, until their sessions take them. An evicted
    /// connection has none.
    ended: HashMap<ConnectionId, ErrorCode>,
    /// People whose presence may have changed, and whether it was last announced as online.
    presence: HashMap<UserId, bool>,
    /// Plain-text connections that were not announced in the lobby yet.
    arrivals: BTreeMap<ConnectionId, UserId>,
    /// Lines that the lobby's plain-text clients are still to be sent: who left.
    departures: Vec<UserId>,
    /// Large rooms whose members have changed since their number was last announced.
    pub(in crate::hub) rosters: HashSet<RoomId>,
    /// The server stops: everybody leaves, and announcing each would cost the square of their
    /// number.
    pub(in crate::hub) closing: bool,
}

impl Directory {
    pub(in crate::hub) fn from_snapshot(snapshot: Snapshot) -> (Self, Vec<Room>) {
        let mut directory = Self {
            operators: snapshot.operators.into_iter().collect(),
            v2_users: snapshot.v2_users.into_iter().collect(),
            admissions: Admissions::new(
                snapshot.admission,
                snapshot.admitted,
                snapshot.invitations,
            ),
            ..Self::default()
        };
        for (user, name) in snapshot.names {
            directory.names.restore(user.0, name);
        }
        let rooms = snapshot.rooms.into_iter().map(Room::from_record);
        let rooms: Vec<_> = rooms.collect();
        for room in &rooms {
            for member in room.members.keys() {
                directory.names.meet(member.0);
            }
            directory.add_room(room);
        }
        (directory, rooms)
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
            // Requests read this copy, so that most of them take no lock of the directory.
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

    /// Returns `true` if the server remembers somebody, or they are connected. A key that waits to
    /// be admitted is nobody yet: a room of two with it would let it in.
    pub(in crate::hub) fn knows(&self, user: UserId) -> bool {
        let here = self.is_online(user) && self.is_admitted(user);
        here || self.names.has_name(user) || self.joined.contains_key(&user)
    }
}
