//! Who is in a room: how that changes, and who is told. Under the hub's lock, as all of [`State`];
//! what is told here is in the store already.

use shared::chat::server::{Member, MemberChange};
use shared::chat::{RoomId, Seq, ServerMessage, UserId};

use super::room::Room;
use super::state::{State, encode};
use crate::clients::ConnectionId;
use crate::store::seen_at_entry;

impl State {
    pub(super) fn members(&self, room: &Room) -> Vec<Member> {
        room.members
            .keys()
            .map(|user| self.member(*user, self.is_online(*user)))
            .collect()
    }

    /// Somebody is in a room from now on.
    pub(super) fn enter(&mut self, room: &RoomId, user: UserId) {
        let member = self.member(user, true);
        let Some(entered) = self.rooms.get_mut(room) else {
            return;
        };
        entered.invited.remove(&user);
        let head = entered.head;
        if entered.members.contains_key(&user) {
            return;
        }
        entered.members.insert(user, seen_at_entry(room, head));
        let message = ServerMessage::Member {
            room: room.clone(),
            member,
            change: MemberChange::Joined,
        };
        self.tell_room(room, &message, None, None);
    }

    /// Somebody is not in a room any more, on none of their devices.
    pub(super) fn exit(&mut self, room: &RoomId, user: UserId) {
        let of_user: Vec<_> = self.connections_of(user);
        let member = self.member(user, true);
        let Some(left) = self.rooms.get_mut(room) else {
            return;
        };
        left.members.remove(&user);
        for id in &of_user {
            left.hearers.remove(id);
        }
        let gone = encode(&ServerMessage::Left { room: room.clone() });
        for id in of_user {
            self.tell(id, &gone);
        }
        let message = ServerMessage::Member {
            room: room.clone(),
            member,
            change: MemberChange::Left,
        };
        self.tell_room(room, &message, None, None);
    }

    /// Somebody may join a room, and is told on all their devices.
    pub(super) fn invite(&mut self, room: &RoomId, by: UserId, guest: UserId) {
        let by = self.author(by);
        let Some(open) = self.rooms.get_mut(room) else {
            return;
        };
        if !open.has(guest) {
            open.invited.insert(guest);
        }
        let Some(open) = self.rooms.get(room) else {
            return;
        };
        let message = ServerMessage::Invited {
            room: self.summary(room, open, guest),
            by,
        };
        let text = encode(&message);
        for id in self.json_connections_of(guest) {
            self.tell(id, &text);
        }
    }

    /// Moves what somebody has seen on, and tells their other devices. `false` if it was there.
    pub(super) fn has_read(
        &mut self,
        room: &RoomId,
        user: UserId,
        seq: Seq,
        by: ConnectionId,
    ) -> bool {
        let seen = self
            .rooms
            .get_mut(room)
            .and_then(|room| room.members.get_mut(&user));
        let Some(seen) = seen.filter(|seen| **seen < seq) else {
            return false;
        };
        *seen = seq;
        let text = encode(&ServerMessage::Read {
            room: room.clone(),
            seq,
        });
        for id in self.json_connections_of(user) {
            if id != by {
                self.tell(id, &text);
            }
        }
        true
    }
}
