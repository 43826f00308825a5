//! Committed changes of rooms: each alters the room and the directory, and is sent to those whom it
//! concerns.

use std::sync::Arc;

use shared::chat::server::MemberChange;
use shared::chat::{Keep, Role, RoomId, RoomName, Seq, ServerMessage, Topic, UserId};

use crate::hub::Hub;
use crate::hub::directory::Directory;
use crate::hub::encoding::{Mode, encode};
use crate::hub::room::{Room, Slow};
use crate::hub::session::queue::Wakers;
use crate::store::Change;

impl Hub {
    pub(super) fn apply_created(
        &self,
        id: RoomId,
        topic: Topic,
        private: bool,
        keep: Keep,
        owner: Option<UserId>,
        wakers: &mut Wakers,
    ) {
        // Counted while the creator's permit is still held: there is no moment at which the room
        // takes no permit.
        self.quota.add(&id, owner);
        let mut room = Room::new(id, topic, private, keep);
        if let Some(owner) = owner {
            room.found(owner);
        }
        let mut directory = self.directory();
        directory.add_room(&room);
        if !private {
            // A list that somebody looks at; who misses this sees the room when asking for the
            // list. It is the same for all but the owner, who is sent `joined`.
            let stranger = UserId(shared::identity::Fingerprint::from_bytes([0; 32]));
            let summary = directory.summary(&room, stranger);
            let message = encode(&ServerMessage::Room { room: summary });
            for (_, user, connected) in directory.everybody() {
                if connected.mode == Some(Mode::Json) && Some(user) != owner {
                    connected.outbox.push_droppable(&message, wakers);
                }
            }
        }
        // Last, and under the directory's lock: a room that can be found is in all indexes.
        self.rooms.insert(room);
    }

    pub(super) fn apply_deleted(&self, id: &RoomId, wakers: &mut Wakers) {
        // Out of the table first, so that no request finds the room from here on.
        let Some(room) = self.rooms.remove(id) else {
            return;
        };
        let mut directory = self.directory();
        let room = room.lock();
        directory.remove_room(&room);
        self.quota.remove(id, room.owner());
        let left = encode(&ServerMessage::Left {
            room: id.clone(),
            closed: true,
        });
        let slow = send_to_all_who_list(&directory, &room, &left, wakers);
        drop((room, directory));
        self.evict(slow, wakers);
    }

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
            let outboxes = directory.json_outboxes(user);
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
        let owned = room.owner() == Some(user);
        if !room.exit(user) {
            return;
        }
        // The room counts on; only its owner is no longer charged for it.
        if owned {
            self.quota.hand_over(Some(user), None);
        }
        directory.exit(user, id);
        let left = encode(&ServerMessage::Left {
            room: id.clone(),
            closed: false,
        });
        let mut slow = Vec::new();
        let connections: Vec<_> = directory.connections_of(user).map(|(id, _)| id).collect();
        for connection in connections {
            // Before the others are told: the person's own devices get `left`, and nothing of the
            // room after it.
            room.unsubscribe(connection);
            let Some(connected) = directory.connected_mut(connection) else {
                continue;
            };
            connected.subscriptions.remove(id);
            let json = connected.mode == Some(Mode::Json);
            if json && connected.outbox.push([&left], wakers).is_err() {
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
        let ends = room.members.is_empty() && (room.head == 0 || room.keep == Keep::Nothing);
        let is_lobby = *id == RoomId::from(RoomName::lobby());
        drop((room, directory));
        self.evict(slow, wakers);
        if ends && !is_lobby {
            // An empty room in which nothing is kept ends: otherwise rooms could be used up for
            // ever. Not awaited: its outcome comes to the hub's task, which is running this.
            drop(self.store.change(Change::RoomDeleted { room: id.clone() }));
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
        if !room.has(guest) {
            room.invited.insert(guest);
        }
        let invited = encode(&ServerMessage::Invited {
            room: directory.summary(&room, guest),
            by: directory.author(by),
        });
        // Strangers can invite anybody, so it must evict nobody: the room's list has it anyway.
        for (_, outbox) in directory.json_outboxes(guest) {
            outbox.push_droppable(&invited, wakers);
        }
    }

    pub(super) fn apply_read(&self, id: &RoomId, user: UserId, seq: Seq, wakers: &mut Wakers) {
        let Some(known) = self.rooms.get(id) else {
            return;
        };
        if !known.lock().mark_read(user, seq) {
            return;
        }
        let room = id.clone();
        let message = encode(&ServerMessage::Read { room, seq });
        let directory = self.directory();
        for (_, outbox) in directory.json_outboxes(user) {
            outbox.push_droppable(&message, wakers);
        }
    }

    pub(super) fn apply_kept(&self, id: &RoomId, keep: Keep, wakers: &mut Wakers) {
        self.change_summary(id, wakers, |room| {
            let before = std::mem::replace(&mut room.keep, keep);
            if before != keep && keep == Keep::Nothing {
                // Numbers from an earlier unstored time are below those that the store has given
                // since.
                room.unstored.begin();
                if room.unstored.is_waiting() {
                    self.reserve(room);
                }
            }
        });
    }

    pub(super) fn apply_renamed(&self, from: RoomId, to: RoomName, wakers: &mut Wakers) {
        // The same room behind the same lock: a request that found it by its former name goes on
        // with it.
        let Some(known) = self.rooms.rename(&from, to.clone().into()) else {
            return;
        };
        self.quota.rename(&from, &RoomId::from(to.clone()));
        let mut directory = self.directory();
        let mut room = known.lock();
        let members: Vec<_> = room.members.keys().copied().collect();
        directory.rename_room(&from, &to, &members);
        if room.unstored.is_waiting() {
            // Numbers that were reserved under the former name come for nobody.
            room.unstored.begin();
            self.reserve(&mut room);
        }
        let message = encode(&ServerMessage::Renamed { room: from, to });
        let slow = send_to_all_who_list(&directory, &room, &message, wakers);
        drop((room, directory));
        self.evict(slow, wakers);
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

    /// Changes a room and sends its subscribers how it is now.
    pub(super) fn change_summary(
        &self,
        id: &RoomId,
        wakers: &mut Wakers,
        change: impl FnOnce(&mut Room),
    ) {
        let Some(known) = self.rooms.get(id) else {
            return;
        };
        let directory = self.directory();
        let mut room = known.lock();
        change(&mut room);
        for (user, outbox) in room.json_outboxes() {
            let summary = directory.summary(&room, user);
            outbox.push_droppable(&encode(&ServerMessage::Room { room: summary }), wakers);
        }
    }
}

/// Sends a message to the members' JSON connections and, if the room is public, to everybody else's
/// who may have it in a list. Those can do without it.
fn send_to_all_who_list(
    directory: &Directory,
    room: &Room,
    message: &Arc<str>,
    wakers: &mut Wakers,
) -> Slow {
    let mut slow = Slow::new();
    for user in room.members.keys() {
        for (id, outbox) in directory.json_outboxes(*user) {
            // Members must not miss it: they would go on asking for a room that is not there.
            if outbox.push([message], wakers).is_err() {
                slow.push(id);
            }
        }
    }
    if !room.private {
        let others = directory.everybody();
        for (_, _, connected) in others.filter(|(_, user, _)| !room.has(*user)) {
            if connected.mode == Some(Mode::Json) {
                connected.outbox.push_droppable(message, wakers);
            }
        }
    }
    slow
}
