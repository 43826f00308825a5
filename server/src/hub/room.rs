//! One room as the hub knows it: everything but its entries.

use std::collections::{BTreeMap, BTreeSet};

use shared::chat::{Keep, RoomId, Seq, Topic, UserId};

use super::fleeting::Fleeting;
use super::queue::Outbox;
use super::state::Mode;
use crate::clients::ConnectionId;
use crate::store::RoomRecord;

/// A room, and which connections hear it as it happens.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) topic: Topic,
    pub(super) private: bool,
    /// What becomes of its entries.
    pub(super) keep: Keep,
    /// Those that are nowhere written, if it keeps nothing.
    pub(super) fleeting: Fleeting,
    /// The last entry that was told. The store may be a moment ahead.
    pub(super) head: Seq,
    /// Who is in it, and the last entry that each has seen.
    pub(super) members: BTreeMap<UserId, Seq>,
    pub(super) invited: BTreeSet<UserId>,
    /// Who hears it now.
    pub(super) hearers: BTreeMap<ConnectionId, Hearer>,
}

/// A connection that hears a room.
#[derive(Debug)]
pub(super) struct Hearer {
    /// The last entry that it was sent: what a page from the store had already must not come again.
    /// `None` while entries still come from the store, and only what is no entry is told at once.
    pub(super) sent: Option<Seq>,
    /// What it is told in; a connection that changes that hears the room anew.
    pub(super) mode: Mode,
    /// Here too, so that telling a large room looks for nobody.
    pub(super) outbox: Outbox,
}

impl Room {
    pub(super) fn new(topic: Topic, private: bool, keep: Keep) -> Self {
        Self {
            topic,
            private,
            keep,
            fleeting: Fleeting::default(),
            head: 0,
            members: BTreeMap::new(),
            invited: BTreeSet::new(),
            hearers: BTreeMap::new(),
        }
    }

    pub(super) fn from_record(record: RoomRecord) -> (RoomId, Self) {
        // What nobody kept nobody can read any more.
        let read = |seq: Seq| match record.keep {
            Keep::Nothing => record.head,
            _ => seq,
        };
        let members = record.members.into_iter();
        let room = Self {
            topic: record.topic,
            private: record.private,
            keep: record.keep,
            fleeting: Fleeting::default(),
            head: record.head,
            members: members.map(|(user, seq)| (user, read(seq))).collect(),
            invited: record.invited.into_iter().collect(),
            hearers: BTreeMap::new(),
        };
        (record.room, room)
    }

    pub(super) fn has(&self, user: UserId) -> bool {
        self.members.contains_key(&user)
    }

    /// Whether somebody may know that the room is there, and join it.
    pub(super) fn is_open_to(&self, user: UserId) -> bool {
        !self.private || self.has(user) || self.invited.contains(&user)
    }

    /// The last entry that somebody has seen.
    pub(super) fn read_by(&self, user: UserId) -> Seq {
        self.members.get(&user).copied().unwrap_or(0)
    }
}
