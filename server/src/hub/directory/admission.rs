//! The keys that may take part: those that the server knows, those that it admits, and those that
//! wait.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::atomic::Ordering;
use std::time::Duration;

use shared::chat::admission::{Applicant, Invitation};
use shared::chat::entry::DisplayName;
use shared::chat::{AdmissionMode, Timestamp, UserId};
use tokio::time::Instant;

use super::Directory;
use crate::admission::network_of;
use crate::clients::ConnectionId;
use crate::hub::queue::Outbox;
use crate::store::StoredInvitation;

/// Most applicants that are remembered: keys are cheap to make. At more the oldest is forgotten,
/// and applies again with its next `hello`.
const MAX_APPLICANTS: usize = 1_000;

/// Most new keys that are remembered. At more the oldest may write early.
const MAX_NEWCOMERS: usize = 100_000;

/// The admission mode, and what it is decided by.
#[derive(Debug, Default)]
pub(in crate::hub) struct Admissions {
    pub(in crate::hub) mode: AdmissionMode,
    pub(in crate::hub) invitations: BTreeMap<u32, StoredInvitation>,
    /// Keys that an operator or an invitation has admitted.
    admitted: HashSet<UserId>,
    applicants: BTreeMap<UserId, Applicant>,
    /// Keys that were new when they first came, and the time from which they may write.
    newcomers: HashMap<UserId, Instant>,
    /// The same keys in the order in which they came.
    newcomers_by_age: VecDeque<UserId>,
}

impl Admissions {
    pub(super) fn new(
        mode: AdmissionMode,
        admitted: Vec<UserId>,
        invitations: Vec<StoredInvitation>,
    ) -> Self {
        let numbered = |stored: StoredInvitation| (stored.invitation.number, stored);
        Self {
            mode,
            admitted: admitted.into_iter().collect(),
            invitations: invitations.into_iter().map(numbered).collect(),
            ..Self::default()
        }
    }

    /// Returns the invitations that still admit somebody, by number.
    pub(in crate::hub) fn open_invitations(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = &StoredInvitation> {
        let all = self.invitations.values();
        all.filter(move |stored| stored.invitation.expires > now)
    }

    /// Returns the number of the invitation whose code has this SHA-256.
    pub(in crate::hub) fn invitation_of(&self, digest: &[u8; 32], now: Timestamp) -> Option<u32> {
        let mut open = self.open_invitations(now);
        // Digests of random codes: the time that the comparison takes shows nothing of a code.
        let found = open.find(|stored| stored.digest == *digest);
        found.map(|stored| stored.invitation.number)
    }

    /// Applies a redeemed invitation: one use less.
    pub(in crate::hub) fn take_use(&mut self, number: u32) {
        if let Some(stored) = self.invitations.get_mut(&number) {
            let Invitation { uses, .. } = &mut stored.invitation;
            *uses = uses.saturating_sub(1);
            if *uses == 0 {
                self.invitations.remove(&number);
            }
        }
    }

    pub(in crate::hub) fn applicants(
        &self,
        after: Option<UserId>,
    ) -> impl Iterator<Item = &Applicant> {
        use std::ops::Bound::{Excluded, Unbounded};
        let start = after.map_or(Unbounded, Excluded);
        self.applicants.range((start, Unbounded)).map(|(_, it)| it)
    }

    pub(in crate::hub) fn applicant_count(&self) -> usize {
        self.applicants.len()
    }

    /// Remembers somebody who waits; the first time of a key counts.
    pub(in crate::hub) fn apply(&mut self, mut applicant: Applicant) {
        if let Some(before) = self.applicants.get(&applicant.id) {
            applicant.since = before.since;
        } else if self.applicants.len() >= MAX_APPLICANTS {
            // A walk over a thousand applicants, and only while the list is full. The oldest of the
            // address that has most of them goes: minted keys push out their own.
            let mut of_address: HashMap<_, (usize, Timestamp, UserId)> = HashMap::new();
            for it in self.applicants.values() {
                // By network, as everything is counted: one of IPv6 has addresses without end.
                let network = it.address.parse().map(network_of).map_err(|_| &it.address);
                let entry = of_address.entry(network);
                let counted = entry.or_insert((0, it.since, it.id));
                counted.0 += 1;
                if it.since < counted.1 {
                    (counted.1, counted.2) = (it.since, it.id);
                }
            }
            let fullest = of_address
                .into_values()
                .max_by_key(|(count, since, _)| (*count, std::cmp::Reverse(*since)));
            if let Some((_, _, oldest)) = fullest {
                self.applicants.remove(&oldest);
            }
        }
        self.applicants.insert(applicant.id, applicant);
    }

    /// Returns `true` if no other applicant asks to be called so.
    pub(in crate::hub) fn is_free_for(&self, user: UserId, name: &DisplayName) -> bool {
        let lower = name.as_str().to_lowercase();
        let mut others = self.applicants.values().filter(|it| it.id != user);
        !others.any(|it| {
            it.name
                .as_ref()
                .is_some_and(|it| it.as_str().to_lowercase() == lower)
        })
    }

    /// Notes a key that was not known before, which may write after `wait`.
    fn note_newcomer(&mut self, user: UserId, wait: Duration) {
        let now = Instant::now();
        if self.newcomers.contains_key(&user) {
            return;
        }
        // All wait equally long, so the first that still waits ends the loop. A key that was
        // admitted since is in this list only, and goes too.
        while let Some(oldest) = self.newcomers_by_age.front()
            && let waits = self.newcomers.get(oldest).is_some_and(|until| *until > now)
            && (!waits || self.newcomers.len() >= MAX_NEWCOMERS)
        {
            self.newcomers.remove(oldest);
            self.newcomers_by_age.pop_front();
        }
        self.newcomers.insert(user, now + wait);
        self.newcomers_by_age.push_back(user);
    }
}

impl Directory {
    /// Returns `true` if the server has something of this key: a name, a room that it is in, or an
    /// operator's decision. Such a key needs no admission.
    pub(in crate::hub) fn is_known(&self, user: UserId) -> bool {
        self.names.has_name(user)
            || self.joined.contains_key(&user)
            || self.operators.contains(&user)
            || self.admissions.admitted.contains(&user)
    }

    /// Returns `true` if a key may take part.
    pub(in crate::hub) fn is_admitted(&self, user: UserId) -> bool {
        self.admissions.mode == AdmissionMode::Open || self.is_known(user)
    }

    /// Notes that a key has come, which may write after `wait` if it is new.
    pub(in crate::hub) fn meet(&mut self, user: UserId, wait: Duration) {
        if !wait.is_zero() && !self.is_known(user) {
            self.admissions.note_newcomer(user, wait);
        }
    }

    /// Returns the time that a new key has to wait until it may write.
    pub(in crate::hub) fn newcomer_wait(&self, user: UserId) -> Option<Duration> {
        let until = self.admissions.newcomers.get(&user)?;
        let wait = until.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    /// Admits a key for good. An operator has looked at it, so it need not wait to write.
    pub(in crate::hub) fn set_admitted(&mut self, user: UserId) {
        self.admissions.admitted.insert(user);
        self.admissions.applicants.remove(&user);
        self.admissions.newcomers.remove(&user);
    }

    /// Updates a person's connections with the decision about the key. Returns `true` if the person
    /// may take part from now on, and could not before.
    pub(in crate::hub) fn refresh_admission(&self, user: UserId) -> bool {
        let admitted = self.is_admitted(user);
        self.online.get(&user).is_some_and(|online| {
            let before = online.person.admitted.swap(admitted, Ordering::Relaxed);
            admitted && !before
        })
    }

    /// Sets the mode. Returns the JSON connections of those who may take part from now on, and all
    /// connections of those who may no longer.
    pub(in crate::hub) fn set_admission_mode(
        &mut self,
        mode: AdmissionMode,
    ) -> (Vec<(ConnectionId, Outbox)>, Vec<ConnectionId>) {
        self.admissions.mode = mode;
        if mode != AdmissionMode::Approval {
            // No other mode asks an operator; should this mode come back, each `hello` applies
            // anew.
            self.admissions.applicants.clear();
        }
        let (mut admitted, mut ended) = (Vec::new(), Vec::new());
        // Only people who are connected: everybody else is looked at when they connect.
        let users: Vec<_> = self.online.keys().copied().collect();
        for user in users {
            if self.refresh_admission(user) {
                // Plain-text clients know no `admitted`; they are let in with their next line.
                let outboxes = self.json_outboxes(user);
                admitted.extend(outboxes.map(|(id, outbox)| (id, outbox.clone())));
            } else if !self.is_admitted(user) {
                ended.extend(self.connections_of(user).map(|(id, _)| id));
            }
        }
        (admitted, ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::identity::Fingerprint;

    fn user(number: u32) -> UserId {
        UserId(Fingerprint::of_spki(&number.to_be_bytes()))
    }

    fn applicant(number: u32) -> Applicant {
        Applicant {
            id: user(number),
            name: None,
            address: "192.0.2.1".into(),
            since: Timestamp::from_unix_millis(i64::from(number)).unwrap(),
        }
    }

    // The attack: minted keys apply until the memory is full, or until honest applicants are not
    // seen.
    #[test]
    fn a_flood_of_applicants_takes_bounded_memory_and_the_latest_stay() {
        let mut admissions = Admissions::default();
        for number in 0..3_000 {
            admissions.apply(applicant(number));
        }
        assert_eq!(admissions.applicant_count(), MAX_APPLICANTS);
        let latest = user(2_999);
        assert!(admissions.applicants(None).any(|it| it.id == latest));
    }

    // The attack: minted keys that come once, to be remembered.
    #[tokio::test(start_paused = true)]
    async fn a_flood_of_new_keys_takes_bounded_memory() {
        let mut admissions = Admissions::default();
        let wait = Duration::from_mins(1);
        for number in 0..150_000 {
            admissions.note_newcomer(user(number), wait);
        }
        assert_eq!(admissions.newcomers.len(), MAX_NEWCOMERS);
        assert_eq!(admissions.newcomers_by_age.len(), MAX_NEWCOMERS);
        tokio::time::advance(wait).await;
        admissions.note_newcomer(user(200_000), wait);
        assert_eq!(admissions.newcomers.len(), 1);
    }
}
