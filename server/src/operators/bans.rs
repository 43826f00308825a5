//! Who is kept out, in memory: looked at for every connection. The store has the same.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::chat::UserId;
use shared::chat::operator::{Ban, Banned};

use crate::admission::network_of;

#[derive(Debug)]
pub(crate) struct Bans(Mutex<BTreeMap<Banned, Ban>>);

/// A ban counts for the whole /64 of an IPv6 address: whoever has one address of it has all.
pub(crate) fn whole(who: Banned) -> Banned {
    match who {
        Banned::Address(address) => Banned::Address(network_of(address)),
        user @ Banned::User(_) => user,
    }
}

impl Bans {
    pub(crate) fn new(bans: Vec<Ban>) -> Self {
        Self(Mutex::new(
            bans.into_iter().map(|ban| (ban.who, ban)).collect(),
        ))
    }

    pub(crate) fn has_user(&self, user: UserId) -> bool {
        self.lock().contains_key(&Banned::User(user))
    }

    pub(crate) fn has_address(&self, address: IpAddr) -> bool {
        self.lock().contains_key(&whole(Banned::Address(address)))
    }

    pub(crate) fn add(&self, ban: Ban) {
        self.lock().insert(ban.who, ban);
    }

    pub(crate) fn remove(&self, who: Banned) {
        self.lock().remove(&who);
    }

    pub(crate) fn all(&self) -> Vec<Ban> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Banned, Ban>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
