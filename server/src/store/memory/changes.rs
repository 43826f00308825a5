//! Changes of rooms, members, names and rights, in memory.

use shared::chat::{Keep, Role, RoomId};

use super::{Room, State};
use crate::store::{Change, StoreError, rules};

impl State {
    #[allow(
        clippy::too_many_lines,
        reason = "one arm for each change, each of a statement or two"
    )]
    pub(super) fn change(&mut self, change: Change) -> Result<(), StoreError> {
        match change {
            Change::RoomCreated {
                room,
                topic,
                private,
                keep,
                owner,
            } => {
                if self.rooms.contains_key(&room) {
                    return Err(StoreError::RoomExists);
                }
                let new = Room {
                    topic,
                    private,
                    keep,
                    roles: owner
                        .map(|owner| (owner, Role::Owner))
                        .into_iter()
                        .collect(),
                    ..Room::default()
                };
                self.rooms.insert(room, new);
            }
            Change::Kept { room, keep } => self.room(&room)?.keep = keep,
            Change::RoomDeleted { room } => {
                self.rooms.remove(&room).ok_or(StoreError::NoSuchRoom)?;
            }
            Change::RoomEnded { room } => {
                let ending = self.room(&room)?;
                if !ending.members.is_empty() || ending.head > 0 && ending.keep != Keep::Nothing {
                    return Err(StoreError::RoomInUse);
                }
                self.rooms.remove(&room);
            }
            Change::Joined { room, user, by } => {
                let entered = self.room(&room)?;
                let is_open = !entered.private
                    || entered.members.contains_key(&user)
                    || entered.invited.contains(&user)
                    || entered.roles.get(&user) == Some(&Role::Owner);
                if by.is_none() && matches!(room, RoomId::Named(_)) && !is_open {
                    return Err(StoreError::NotInvited);
                }
                let seen = rules::seen_at_entry(&room, entered.head);
                entered.invited.remove(&user);
                entered.members.entry(user).or_insert(seen);
            }
            Change::Left { room, user } => {
                let left = self.room(&room)?;
                if left.roles.get(&user) != Some(&Role::Owner) {
                    left.roles.remove(&user);
                }
                if left.members.remove(&user).is_some() && matches!(room, RoomId::Direct(_)) {
                    left.invited.insert(user);
                }
            }
            Change::Uninvited { room, user } => {
                if !self.room(&room.into())?.invited.remove(&user) {
                    return Err(StoreError::NotInvited);
                }
            }
            Change::Role { room, user, role } => {
                let room = self.room(&room)?;
                if room.members.contains_key(&user) {
                    rules::give_role(&mut room.roles, user, role);
                    if role == Role::Owner {
                        // The former owner may have left.
                        room.roles.retain(|user, _| room.members.contains_key(user));
                    }
                }
            }
            Change::Topic { room, topic } => self.room(&room)?.topic = topic,
            Change::Renamed { room, to } => {
                let (room, to) = (room.into(), to.into());
                self.room(&room)?;
                if self.rooms.contains_key(&to) {
                    return Err(StoreError::RoomExists);
                }
                if let Some(renamed) = self.rooms.remove(&room) {
                    self.rooms.insert(to, renamed);
                }
            }
            Change::NameReleased { user } => {
                self.names.remove(&user);
            }
            Change::SpokeV2 { user } => {
                self.v2_users.insert(user);
            }
            Change::Admitted { user } => {
                self.admitted.insert(user);
            }
            Change::AdmissionMode(mode) => self.admission = mode,
            Change::InvitationMade(stored) => {
                self.invitations.insert(stored.invitation.number, stored);
            }
            Change::InvitationEnded { number } => {
                self.invitations.remove(&number);
            }
            Change::Redeemed { number, user } => {
                let stored = self.invitations.get_mut(&number);
                let invitation = &mut stored.ok_or(StoreError::NoSuchInvitation)?.invitation;
                invitation.uses -= 1;
                if invitation.uses == 0 {
                    self.invitations.remove(&number);
                }
                self.admitted.insert(user);
            }
            Change::Invited { room, user, .. } => {
                let room = self.room(&room.into())?;
                if !room.members.contains_key(&user) {
                    room.invited.insert(user);
                }
            }
            Change::Read {
                room,
                user,
                seq,
                back,
            } => {
                if let Some(read) = self.room(&room)?.members.get_mut(&user) {
                    *read = if back { seq } else { seq.max(*read) };
                }
            }
            Change::Named { user, name } => {
                self.names.insert(user, name);
            }
            Change::Banned(ban) => {
                self.bans.insert(ban.who.to_string(), ban);
            }
            Change::Unbanned(who) => {
                self.bans.remove(&who.to_string());
            }
            Change::Operator { user, is: true } => {
                self.operators.insert(user);
            }
            Change::Operator { user, is: false } => {
                self.operators.remove(&user);
            }
        }
        Ok(())
    }
}
