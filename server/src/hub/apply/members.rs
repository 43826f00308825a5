//! Committed changes of a room's members, roles and invitations: each alters the room and the
//! directory, and is sent to those whom it concerns.

use shared::chat::server::MemberChange;
use shared::chat::{Role, RoomId, Seq, ServerMessage, UserId};

use crate::hub::Hub;
use crate::hub::authorize::may_know;
use crate::hub::encoding::{Mode, encode};
use crate::hub::queue::Wakers;
use crate::store::Change;

impl Hub {
    pub(super) fn apply_joined(
        &self,
        id: &RoomId,
        user: UserId,
        by: Option<UserId>,
        wakers: &mut Wakers,
    ) {
        let Some(known) = self.rooms.get(id) else {
            return;
        };
        let mut directory = self.directory();
        let mut room = known.lock();
        // Two devices may have asked at once; the join is announced once.
        if !room.enter(user) {
            return;
        }
        directory.enter(user, id);
        let message = ServerMessage::Member {
            room: id.clone(),
            member: directory.member(user, Some(&room)),
            change: MemberChange::Joined,
        };
        // One number every five seconds, instead of a message to everybody for each who joins.
        let mut slow = if room.is_large() {
            directory.rosters.insert(id.clone());
            Vec::new()
        } else {
            room.broadcast(&message, wakers)
        };
        if let Some(by) = by {
            let invited = encode(&ServerMessage::Invited {
                room: directory.summary(&room, user),
                by: directory.author(by),
            });
            let outboxes = directory.json_outboxes_for(user, &room);
            let full = outboxes.filter(|(_, outbox)| outbox.push([&invited], wakers).is_err());
            slow.extend(full.map(|(id, _)| id));
        }
        // Both locks are given back, because eviction takes them in their order.
        drop((room, directory));
        self.evict(slow, wakers);
    }

    pub(super) fn apply_left(&self, id: &RoomId, user: UserId, wakers: &mut Wakers) {
        let Some(known) = self.rooms.get(id) else {
            return;
        };
        let mut directory = self.directory();
        let mut room = known.lock();
        // Before the exit, which takes away the role that the message shows.
        let member = directory.member(user, Some(&room));
        if !room.exit(user) {
            return;
        }
        directory.exit(user, id);
        let left = encode(&ServerMessage::Left {
            room: id.clone(),
            closed: false,
        });
        let mut slow = Vec::new();
        // Collected first, because the loop alters connections of the same directory.
        let connections: Vec<_> = directory.connections_of(user).map(|(id, _)| id).collect();
        for connection in connections {
            // Before the others are told: the person's own devices get `left`, and nothing of the
            // room after it.
            room.unsubscribe(connection);
            let Some(connected) = directory.connected_mut(connection) else {
                continue;
            };
            connected.subscriptions.remove(id);
            let tells = connected.mode == Some(Mode::Json) && may_know(connected.version, &room);
            if tells && connected.outbox.push([&left], wakers).is_err() {
                slow.push(connection);
            }
        }
        if room.is_large() {
            directory.rosters.insert(id.clone());
        } else {
            let message = ServerMessage::Member {
                room: id.clone(),
                member,
                change: MemberChange::Left,
            };
            slow.extend(room.broadcast(&message, wakers));
        }
        let ends = room.ends();
        drop((room, directory));
        self.evict(slow, wakers);
        if ends {
            // An empty room in which nothing is kept ends: otherwise rooms could be used up for
            // ever. The store refuses if somebody has joined in the meantime. Not awaited: its
            // outcome comes to the hub's task, which is running this.
            drop(self.store.change(Change::RoomEnded { room: id.clone() }));
        }
    }

    pub(super) fn apply_invited(
        &self,
        id: &RoomId,
        guest: UserId,
        by: UserId,
        wakers: &mut Wakers,
    ) {
        let Some(known) = self.rooms.get(id) else {
            return;
        };
        let directory = self.directory();
        let mut room = known.lock();
        // Told once: with an invitation after the other a stranger would fill somebody's screen.
        if room.has(guest) || !room.invited.insert(guest) {
            return;
        }
        let invited = encode(&ServerMessage::Invited {
            room: directory.summary(&room, guest),
            by: directory.author(by),
        });
        // Strangers can invite anybody, so it must evict nobody: the room's list has it anyway.
        for (_, outbox) in directory.json_outboxes_for(guest, &room) {
            outbox.push_droppable(&invited, wakers);
        }
    }

    pub(super) fn apply_uninvited(&self, id: &RoomId, guest: UserId, wakers: &mut Wakers) {
        let Some(known) = self.rooms.get(id) else {
            return;
        };
        let directory = self.directory();
        let mut room = known.lock();
        if !room.invited.remove(&guest) {
            return;
        }
        let left = encode(&ServerMessage::Left {
            room: id.clone(),
            closed: false,
        });
        for (_, outbox) in directory.json_outboxes_for(guest, &room) {
            outbox.push_droppable(&left, wakers);
        }
    }

    pub(super) fn apply_read(
        &self,
        id: &RoomId,
        user: UserId,
        seq: Seq,
        back: bool,
        wakers: &mut Wakers,
    ) {
        let Some(known) = self.rooms.get(id) else {
            return;
        };
        let directory = self.directory();
        let mut room = known.lock();
        if !room.mark_read(user, seq, back) {
            return;
        }
        let message = encode(&ServerMessage::Read {
            room: id.clone(),
            seq,
            back,
        });
        for (_, outbox) in directory.json_outboxes_for(user, &room) {
            outbox.push_droppable(&message, wakers);
        }
    }

    pub(super) fn apply_role(&self, id: &RoomId, user: UserId, role: Role, wakers: &mut Wakers) {
        let Some(known) = self.rooms.get(id) else {
            return;
        };
        let directory = self.directory();
        let mut room = known.lock();
        let former = room.owner();
        let mut slow = Vec::new();
        for user in room.set_role(user, role) {
            let message = ServerMessage::Member {
                room: id.clone(),
                member: directory.member(user, Some(&room)),
                change: MemberChange::Role,
            };
            slow.extend(room.broadcast(&message, wakers));
        }
        let owner = room.owner();
        if owner != former {
            self.quota.hand_over(former, owner);
        }
        drop((room, directory));
        self.evict(slow, wakers);
    }
}
