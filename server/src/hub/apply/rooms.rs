//! Committed changes of rooms themselves: each alters the room and the directory, and is sent to
//! those whom it concerns.

use std::sync::Arc;

use shared::chat::{Keep, RoomId, RoomName, ServerMessage, Topic, UserId};

use crate::hub::Hub;
use crate::hub::directory::Directory;
use crate::hub::encoding::{Mode, encode};
use crate::hub::queue::Wakers;
use crate::hub::room::{Room, Slow};

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
        let mut room = room.lock();
        directory.remove_room(&room);
        self.quota.remove(id, room.owner());
        let left = encode(&ServerMessage::Left {
            room: id.clone(),
            closed: true,
        });
        let slow = send_to_all_who_list(&directory, &room, &left, wakers);
        // Whoever holds the room goes on with one in which nobody is.
        room.close();
        drop((room, directory));
        self.evict(slow, wakers);
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
        if room.keep == Keep::Nothing || room.unstored.is_waiting() {
            // Numbers that were reserved under the former name come for nobody.
            room.unstored.begin();
            self.reserve(&mut room);
        }
        let message = encode(&ServerMessage::Renamed { room: from, to });
        let slow = send_to_all_who_list(&directory, &room, &message, wakers);
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
        for (id, outbox) in directory.json_outboxes_for(*user, room) {
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
