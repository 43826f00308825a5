//! One room as the hub knows it: everything but its stored entries. Every method runs under the
//! room's own lock and waits for nothing.

mod fan_out;
mod members;
mod table;
mod unstored;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Weak;
use std::time::Instant;

use shared::chat::{Keep, Role, RoomId, Seq, Topic, UserId};

use super::encoding::Mode;
use super::queue::Outbox;
use super::under_way::Places;
use crate::clients::ConnectionId;
use crate::store::RoomRecord;

pub(super) use fan_out::Slow;
pub(super) use table::{RoomLock, RoomTable};
pub(super) use unstored::{BLOCK, Unstored, UnstoredEntry};

/// A room with more members announces neither presence nor single members, but their number: what
/// one member does must not cost a message for each of thousands.
pub(super) const LARGE_ROOM_MEMBERS: usize = 100;

/// Most members of a room: their list is in memory, and keys are cheap to make.
pub(super) const MAX_MEMBERS: usize = 10_000;

/// Most invitations of a room that are not taken yet.
pub(super) const MAX_INVITED: usize = 1_000;

/// A room and its subscribers.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) id: RoomId,
    /// The lock around it, for what outlives its name. Nothing until it is in the table.
    pub(super) this: Weak<RoomLock>,
    /// The number of times that the room was renamed.
    renames: u64,
    /// The room was closed, and is in the table no more.
    pub(super) closed: bool,
    pub(super) topic: Topic,
    pub(super) private: bool,
    /// The room's retention.
    pub(super) keep: Keep,
    /// The entries of an unstored room.
    pub(super) unstored: Unstored,
    /// The last entry that was broadcast. The store may be a moment ahead.
    pub(super) head: Seq,
    // Ordered by id, because clients read the list page by page behind the last id.
    pub(super) members: BTreeMap<UserId, Membership>,
    /// The people who may join though the room is private. In a room of two, one who has left.
    pub(super) invited: BTreeSet<UserId>,
    /// The owner, if they have left: the room still counts as theirs.
    absent_owner: Option<UserId>,
    /// Members whose exit is under way, to make place for somebody.
    pub(super) leaving: BTreeSet<UserId>,
    /// Places of people who are joining.
    pub(super) joining: Places,
    /// Places of invitations that are being made.
    pub(super) inviting: Places,
    subscribers: BTreeMap<ConnectionId, Subscriber>,
    /// The last `typing` of each person that was broadcast, to throttle the next.
    typing: HashMap<UserId, Instant>,
}

/// A member's place in a room.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Membership {
    /// The last entry that the member has seen, on any device.
    pub(super) read: Seq,
    pub(super) role: Role,
}

/// A member's connection that receives the room's events.
#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) user: UserId,
    /// The last entry that it was sent, so that an entry of a page does not come again. `None` while
    /// entries still come from the store; other events are sent at once.
    pub(super) sent: Option<Seq>,
    pub(super) mode: Mode,
    /// A clone of the connection's, so that a broadcast looks nobody up.
    pub(super) outbox: Outbox,
}

impl Room {
    pub(super) fn new(id: RoomId, topic: Topic, private: bool, keep: Keep) -> Self {
        Self {
            id,
            this: Weak::new(),
            renames: 0,
            closed: false,
            topic,
            private,
            keep,
            unstored: Unstored::default(),
            head: 0,
            members: BTreeMap::new(),
            invited: BTreeSet::new(),
            leaving: BTreeSet::new(),
            absent_owner: None,
            joining: Places::default(),
            inviting: Places::default(),
            subscribers: BTreeMap::new(),
            typing: HashMap::new(),
        }
    }

    pub(super) fn from_record(record: RoomRecord) -> Self {
        // Nobody can read unstored entries of an earlier run, so they count as read.
        let read = |seq: Seq| match record.keep {
            Keep::Nothing => record.head,
            _ => seq,
        };
        let roles: HashMap<_, _> = record.roles.into_iter().collect();
        let members: BTreeMap<_, _> = record.members.into_iter().collect();
        let absent_owner = roles
            .iter()
            .find(|(user, role)| **role == Role::Owner && !members.contains_key(user))
            .map(|(user, _)| *user);
        let members = members.into_iter().map(|(user, seq)| {
            let role = roles.get(&user).copied().unwrap_or_default();
            let read = read(seq);
            (user, Membership { read, role })
        });
        Self {
            head: record.head,
            members: members.collect(),
            invited: record.invited.into_iter().collect(),
            absent_owner,
            ..Self::new(record.room, record.topic, record.private, record.keep)
        }
    }

    /// Returns the room's name, and how often it had another one before.
    pub(super) fn name(&self) -> (RoomId, u64) {
        (self.id.clone(), self.renames)
    }

    pub(super) fn rename(&mut self, to: RoomId) {
        self.id = to;
        self.renames += 1;
    }

    pub(super) fn has(&self, user: UserId) -> bool {
        self.members.contains_key(&user)
    }

    pub(super) fn is_direct(&self) -> bool {
        matches!(self.id, RoomId::Direct(_))
    }

    /// Returns `true` if the person may know that the room exists, and join it.
    pub(super) fn is_open_to(&self, user: UserId) -> bool {
        !self.private
            || self.has(user)
            || self.invited.contains(&user)
            || self.absent_owner == Some(user)
    }

    pub(super) fn role_of(&self, user: UserId) -> Role {
        self.members.get(&user).map_or(Role::Member, |it| it.role)
    }

    /// Returns the owner, who may have left.
    pub(super) fn owner(&self) -> Option<UserId> {
        let mut members = self.members.iter();
        members
            .find(|(_, member)| member.role == Role::Owner)
            .map(|(user, _)| *user)
            .or(self.absent_owner)
    }

    /// Returns `true` if nobody is in the room and it keeps nothing. The lobby never ends.
    pub(super) fn ends(&self) -> bool {
        self.members.is_empty()
            && (self.head == 0 || self.keep == Keep::Nothing)
            && !self.id.is_lobby()
    }

    pub(super) fn is_large(&self) -> bool {
        self.members.len() > LARGE_ROOM_MEMBERS
    }

    /// Returns the last entry that the person has seen.
    pub(super) fn read_by(&self, user: UserId) -> Seq {
        self.members.get(&user).map_or(0, |member| member.read)
    }

    /// Returns the other person of a room of two, also when that one has left.
    pub(super) fn other(&self, user: UserId) -> Option<UserId> {
        // One who has left counts as invited, and is still the other of the two.
        let people = self.members.keys().chain(&self.invited);
        people.copied().find(|other| *other != user)
    }
}
