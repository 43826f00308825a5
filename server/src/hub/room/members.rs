//! Changes of a room's members. They are made by [`apply`](crate::hub::apply) only: the store has
//! them already.

use shared::chat::{Role, Seq, UserId};

use super::{MAX_MEMBERS, Membership, Room};
use crate::hub::under_way::Place;
use crate::store::{StoreError, seen_at_entry};

impl Room {
    /// Takes everybody out of a room that is closed.
    pub(in crate::hub) fn close(&mut self) {
        self.closed = true;
        self.members.clear();
        self.invited.clear();
        self.absent_owner = None;
        self.subscribers.clear();
        self.unstored.refuse_waiting(&StoreError::NoSuchRoom);
    }

    /// Makes somebody a member. Returns `false` if they were one.
    pub(in crate::hub) fn enter(&mut self, user: UserId) -> bool {
        self.invited.remove(&user);
        if self.members.contains_key(&user) {
            return false;
        }
        let read = seen_at_entry(&self.id, self.head);
        let role = match self.absent_owner.take_if(|owner| *owner == user) {
            Some(_) => Role::Owner,
            None => Role::Member,
        };
        self.members.insert(user, Membership { read, role });
        true
    }

    /// Takes a place for one more member, if there is one.
    pub(in crate::hub) fn take_place(&self) -> Option<Place> {
        let staying = self.members.len().saturating_sub(self.leaving.len());
        self.joining.take(staying, MAX_MEMBERS)
    }

    /// Makes somebody the first member and owner.
    pub(in crate::hub) fn found(&mut self, owner: UserId) {
        self.members.insert(
            owner,
            Membership {
                read: 0,
                role: Role::Owner,
            },
        );
    }

    /// Takes a member, or an invitation, away. Returns `false` if there was no member. An owner stays
    /// the owner.
    ///
    /// Both people of a room of two may always come back.
    pub(in crate::hub) fn exit(&mut self, user: UserId) -> bool {
        self.leaving.remove(&user);
        let Some(member) = self.members.remove(&user) else {
            return false;
        };
        if member.role == Role::Owner {
            self.absent_owner = Some(user);
        }
        if self.is_direct() {
            self.invited.insert(user);
        }
        true
    }

    /// Moves a member's read marker on, or also `back`. Returns `false` if it stays where it was.
    pub(in crate::hub) fn mark_read(&mut self, user: UserId, seq: Seq, back: bool) -> bool {
        match self.members.get_mut(&user) {
            Some(member) if member.read < seq || back && member.read != seq => {
                member.read = seq;
                true
            }
            _ => false,
        }
    }

    /// Gives a member a role. A new owner makes the former one a moderator. Returns everybody whose
    /// role changed.
    pub(in crate::hub) fn set_role(&mut self, user: UserId, role: Role) -> Vec<UserId> {
        // As the stores: one who is no member gets no role, and nothing but a new owner takes the role
        // of an owner away.
        if !self.has(user) || role != Role::Owner && self.role_of(user) == Role::Owner {
            return Vec::new();
        }
        let mut changed = Vec::new();
        if role == Role::Owner {
            self.absent_owner = None;
        }
        if role == Role::Owner
            && let Some(former) = self.owner().filter(|former| *former != user)
            && let Some(member) = self.members.get_mut(&former)
        {
            // The former owner comes first in the list: clients never see two owners.
            member.role = Role::Moderator;
            changed.push(former);
        }
        if let Some(member) = self.members.get_mut(&user)
            && member.role != role
        {
            member.role = role;
            changed.push(user);
        }
        changed
    }
}
