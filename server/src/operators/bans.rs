//! The bans in memory, where they are looked up for every connection. The store has the same.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::chat::UserId;
use shared::chat::limits::LIST_ENTRIES;
use shared::chat::operator::{Ban, Banned};

use crate::admission::network_of;

/// The bans that are in force, and those that are being stored.
#[derive(Debug)]
pub(crate) struct Bans(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    bans: BTreeMap<Banned, Ban>,
    /// Bans under way: they keep out already, so that nothing of the banned comes after the answer.
    held: BTreeSet<Banned>,
}

/// A ban counts for the whole /64 of an IPv6 address: whoever has one address of it has all.
pub(crate) fn whole(who: Banned) -> Banned {
    match who {
        Banned::Address(address) => Banned::Address(network_of(address)),
        user @ Banned::User(_) => user,
    }
}

impl Bans {
    pub(crate) fn new(bans: Vec<Ban>) -> Self {
        let bans = bans.into_iter().map(|ban| (ban.who, ban)).collect();
        let held = BTreeSet::new();
        Self(Mutex::new(Table { bans, held }))
    }

    pub(crate) fn has_user(&self, user: UserId) -> bool {
        self.lock().has(Banned::User(user))
    }

    pub(crate) fn has_address(&self, address: IpAddr) -> bool {
        // The whole /64, because whoever has one address of it can take another for each
        // connection.
        self.lock().has(whole(Banned::Address(address)))
    }

    pub(crate) fn hold(&self, who: Banned) {
        self.lock().held.insert(who);
    }

    pub(crate) fn release(&self, who: Banned) {
        self.lock().held.remove(&who);
    }

    pub(crate) fn add(&self, ban: Ban) {
        self.lock().bans.insert(ban.who, ban);
    }

    pub(crate) fn remove(&self, who: Banned) {
        self.lock().bans.remove(&who);
    }

    /// Returns as many bans behind `after` as one message can hold at most, and one more.
    pub(crate) fn after(&self, after: Option<Banned>) -> Vec<Ban> {
        let start = after.map_or(Unbounded, Excluded);
        let table = self.lock();
        let bans = table.bans.range((start, Unbounded));
        // One more than a message holds: by it the page of the answer sees that the list goes on.
        bans.take(LIST_ENTRIES + 1)
            .map(|(_, ban)| ban.clone())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn has(&self, who: Banned) -> bool {
        self.bans.contains_key(&who) || self.held.contains(&who)
    }
}
