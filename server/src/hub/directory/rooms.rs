//! The indexes of rooms: those that each person is in, and those that everybody may join.

use std::collections::BTreeSet;

use shared::chat::server::RoomSummary;
use shared::chat::{RoomId, RoomName, RoomsCursor, UserId};

use super::Directory;
use crate::hub::room::Room;

impl Directory {
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
            // A person with an empty entry would count as known, and need no admission.
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
        // A cursor among the public rooms is behind all of the person's own.
        let own = joined.filter(|_| !others);
        let own = own.into_iter().flat_map(move |rooms| behind(rooms, after));
        // The cursor is among the public rooms only if it says so.
        let public = behind(&self.public, after.filter(|after| after.others));
        let is_joined = move |room: &RoomId| joined.is_some_and(|rooms| rooms.contains(room));
        own.chain(public.filter(move |room| !is_joined(room)))
    }

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
        // A connection leaves its rooms by these names when it ends. Only members subscribe.
        for user in members {
            let Some(online) = self.online.get_mut(user) else {
                continue;
            };
            for connected in online.connections.values_mut() {
                if connected.subscriptions.remove(from) {
                    connected.subscriptions.insert(to.clone());
                }
            }
        }
    }

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

/// Returns the rooms behind a cursor.
fn behind<'a>(
    rooms: &'a BTreeSet<RoomId>,
    after: Option<&'a RoomsCursor>,
) -> impl Iterator<Item = &'a RoomId> {
    use std::ops::Bound::{Excluded, Unbounded};
    let start = after.map_or(Unbounded, |after| Excluded(&after.room));
    rooms.range::<RoomId, _>((start, Unbounded))
}
