//! The only place where shared state changes: everything that the store has committed is applied
//! here, in the order of the commits, by one task. A session only asks, and hears the answer after
//! its change is applied; its end takes nothing with it.

use std::sync::Arc;

use shared::chat::operator::OperatorAnswer;
use shared::chat::server::{MemberChange, RoomEntry};
use shared::chat::{Event, Keep, Role, RoomId, RoomName, Seq, ServerMessage, Topic, UserId};

use super::Hub;
use super::encoding::{EncodedEntry, encode};
use super::quota::RoomKind;
use super::room::{Room, RoomLock, UnstoredEntry};
use super::session::queue::Wakers;
use crate::store::{Change, Committed, Outcome};

/// Most entries that are broadcast before their subscribers wake up: many, so that each seals them
/// into one write; few enough that the lock is soon free for others.
const BROADCAST_TOGETHER: usize = 64;

/// No more entries are broadcast together when their texts have so many bytes: a small part of a
/// subscriber's queue.
const BROADCAST_TOGETHER_BYTES: usize = 128 * 1024;

impl Hub {
    /// Applies the outcomes of one transaction, and then answers those who asked.
    pub(super) async fn apply_all(&self, outcomes: Vec<Outcome>) {
        let mut outcomes = outcomes.into_iter().peekable();
        while outcomes.peek().is_some() {
            let mut wakers = Wakers::default();
            let mut piece = Vec::new();
            let mut entries: Vec<EncodedEntry> = Vec::new();
            let mut room: Option<RoomId> = None;
            let mut bytes = 0;
            while piece.len() < BROADCAST_TOGETHER && bytes < BROADCAST_TOGETHER_BYTES {
                let Some(mut outcome) = outcomes.next() else {
                    break;
                };
                match outcome.committed.take() {
                    Some(Committed::Entry(entry)) => {
                        bytes += text_bytes(&entry);
                        if room.as_ref() != Some(&entry.room) {
                            self.publish(room.take(), &mut entries, &mut wakers);
                            room = Some(entry.room.clone());
                        }
                        entries.push(EncodedEntry::new(entry));
                    }
                    Some(Committed::Change(change)) => {
                        self.publish(room.take(), &mut entries, &mut wakers);
                        self.apply(change, &mut wakers);
                    }
                    None => {}
                }
                piece.push(outcome);
            }
            self.publish(room.take(), &mut entries, &mut wakers);
            // The answers come behind the events.
            piece.into_iter().for_each(Outcome::release);
            drop(wakers);
            // Subscribers of a burst send what they have before more comes: their queues are bounded.
            tokio::task::yield_now().await;
        }
    }

    /// Broadcasts entries of unstored rooms, and then answers their writers.
    pub(super) async fn apply_unstored(&self, unstored: Vec<UnstoredEntry>) {
        let mut wakers = Wakers::default();
        let mut answers = Vec::with_capacity(unstored.len());
        let mut entries = Vec::new();
        let mut room: Option<RoomId> = None;
        for unstored in unstored {
            let (entry, appended, reply) = unstored.into_parts();
            if room.as_ref() != Some(&entry.room) {
                self.publish(room.take(), &mut entries, &mut wakers);
                room = Some(entry.room.clone());
            }
            entries.push(EncodedEntry::new(entry));
            answers.push((appended, reply));
        }
        self.publish(room, &mut entries, &mut wakers);
        for (appended, reply) in answers {
            UnstoredEntry::acknowledge(appended, reply);
        }
        drop(wakers);
        tokio::task::yield_now().await;
    }

    fn publish(&self, room: Option<RoomId>, entries: &mut Vec<EncodedEntry>, wakers: &mut Wakers) {
        if let Some(room) = room.and_then(|room| self.rooms.get(&room)) {
            let slow = room.lock().publish(entries, wakers);
            self.evict(slow, wakers);
        }
        entries.clear();
    }

    fn apply(&self, change: Change, wakers: &mut Wakers) {
        match change {
            Change::RoomCreated {
                room,
                topic,
                private,
                keep,
                owner,
            } => self.apply_created(room, topic, private, keep, owner, wakers),
            Change::RoomDeleted { room } => self.apply_deleted(&room, wakers),
            Change::Joined { room, user, by } => self.apply_joined(&room, user, by, wakers),
            Change::Left { room, user } => self.apply_left(&room, user, wakers),
            Change::Invited { room, user, by } => self.apply_invited(room.into(), user, by, wakers),
            Change::Uninvited { room, user } => {
                if let Some(room) = self.rooms.get(&room.into()) {
                    room.lock().invited.remove(&user);
                }
            }
            Change::Read { room, user, seq } => self.apply_read(&room, user, seq, wakers),
            Change::Kept { room, keep } => self.apply_kept(&room, keep, wakers),
            Change::Topic { room, topic } => self.change_summary(&room, wakers, |room| {
                room.topic = topic;
            }),
            Change::Renamed { room, to } => self.apply_renamed(room.into(), to, wakers),
            Change::Role { room, user, role } => self.apply_role(&room, user, role, wakers),
            Change::Named { user, name } => {
                let mut directory = self.directory();
                let former = directory.name_of(user);
                directory.names.apply(user.0, name);
                directory.refresh_name(user);
                drop(directory);
                self.announce_renamed(user, &former.to_string(), wakers);
            }
            Change::NameReleased { user } => {
                let mut directory = self.directory();
                let former = directory.name_of(user);
                directory.names.forget(&user.0);
                directory.refresh_name(user);
                drop(directory);
                self.announce_renamed(user, &former.to_string(), wakers);
            }
            Change::Banned(ban) => {
                let who = ban.who;
                self.operators.bans.add(ban);
                self.enforce(who);
            }
            Change::Unbanned(who) => self.operators.bans.remove(who),
            Change::Operator { user, is } => self.apply_operator(user, is, wakers),
            Change::SpokeV2 { user } => self.directory().set_used_v2(user),
            Change::Approved { .. } => {}
        }
    }

    fn apply_created(
        &self,
        id: RoomId,
        topic: Topic,
        private: bool,
        keep: Keep,
        owner: Option<UserId>,
        wakers: &mut Wakers,
    ) {
        self.quota.add(kind_of(&id), owner);
        let mut room = Room::new(id, topic, private, keep);
        if let Some(owner) = owner {
            room.found(owner);
        }
        let mut directory = self.directory();
        directory.add_room(&room);
        if !private {
            // A list that somebody looks at; who misses this sees the room when asking for the list.
            // It is the same for all but the owner, who is sent `joined`.
            let stranger = UserId(shared::identity::Fingerprint::from_bytes([0; 32]));
            let summary = directory.summary(&room, stranger);
            let message = encode(&ServerMessage::Room { room: summary });
            for (_, user, connected) in directory.everybody() {
                if connected.mode == Some(super::encoding::Mode::Json) && Some(user) != owner {
                    connected.outbox.push_droppable(&message, wakers);
                }
            }
        }
        self.rooms.insert(room);
    }

    fn apply_deleted(&self, id: &RoomId, wakers: &mut Wakers) {
        let Some(room) = self.rooms.remove(id) else {
            return;
        };
        let mut directory = self.directory();
        let room = room.lock();
        directory.remove_room(&room);
        self.quota.remove(kind_of(id), room.owner());
        let left = encode(&ServerMessage::Left { room: id.clone() });
        let mut slow = Vec::new();
        for user in room.members.keys() {
            for (id, outbox) in directory.json_outboxes(*user) {
                if outbox.push([&left], wakers).is_err() {
                    slow.push(id);
                }
            }
        }
        drop((room, directory));
        self.evict(slow, wakers);
    }

    fn apply_joined(&self, id: &RoomId, user: UserId, by: Option<UserId>, wakers: &mut Wakers) {
        let Some(known) = self.rooms.get(id) else {
            return;
        };
        let mut directory = self.directory();
        let mut room = known.lock();
        if !room.enter(user) {
            return;
        }
        directory.enter(user, id);
        let message = ServerMessage::Member {
            room: id.clone(),
            member: directory.member(user, Some(&room)),
            change: MemberChange::Joined,
        };
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
        drop((room, directory));
        self.evict(slow, wakers);
    }

    fn apply_left(&self, id: &RoomId, user: UserId, wakers: &mut Wakers) {
        let Some(known) = self.rooms.get(id) else {
            return;
        };
        let mut directory = self.directory();
        let mut room = known.lock();
        let member = directory.member(user, Some(&room));
        let owned = room.owner() == Some(user);
        if !room.exit(user) {
            return;
        }
        if owned {
            self.quota.hand_over(Some(user), None);
        }
        directory.exit(user, id);
        let left = encode(&ServerMessage::Left { room: id.clone() });
        let mut slow = Vec::new();
        let connections: Vec<_> = directory.connections_of(user).map(|(id, _)| id).collect();
        for connection in connections {
            room.unsubscribe(connection);
            let Some(connected) = directory.connected_mut(connection) else {
                continue;
            };
            connected.subscriptions.remove(id);
            let json = connected.mode == Some(super::encoding::Mode::Json);
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
            // An empty room in which nothing is kept ends: otherwise rooms could be used up for ever.
            drop(self.store.change(Change::RoomDeleted { room: id.clone() }));
        }
    }

    fn apply_invited(&self, id: RoomId, guest: UserId, by: UserId, wakers: &mut Wakers) {
        let Some(known) = self.rooms.get(&id) else {
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

    fn apply_read(&self, id: &RoomId, user: UserId, seq: Seq, wakers: &mut Wakers) {
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

    fn apply_kept(&self, id: &RoomId, keep: Keep, wakers: &mut Wakers) {
        self.change_summary(id, wakers, |room| {
            let before = std::mem::replace(&mut room.keep, keep);
            if before != keep && keep == Keep::Nothing {
                room.unstored.begin();
                if room.unstored.is_waiting() {
                    self.reserve(room);
                }
            }
        });
    }

    fn apply_renamed(&self, from: RoomId, to: RoomName, wakers: &mut Wakers) {
        let Some(known) = self.rooms.rename(&from, to.clone().into()) else {
            return;
        };
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
        let mut slow = Vec::new();
        for user in &members {
            for (id, outbox) in directory.json_outboxes(*user) {
                if outbox.push([&message], wakers).is_err() {
                    slow.push(id);
                }
            }
        }
        drop((room, directory));
        self.evict(slow, wakers);
    }

    fn apply_role(&self, id: &RoomId, user: UserId, role: Role, wakers: &mut Wakers) {
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

    fn apply_operator(&self, user: UserId, is: bool, wakers: &mut Wakers) {
        let mut directory = self.directory();
        directory.set_operator(user, is);
        if !is {
            return;
        }
        let granted = encode(&ServerMessage::Operator(OperatorAnswer::Granted));
        let outboxes = directory.json_outboxes(user);
        let full = outboxes.filter(|(_, outbox)| outbox.push([&granted], wakers).is_err());
        let slow = full.map(|(id, _)| id).collect();
        drop(directory);
        self.evict(slow, wakers);
    }

    /// Changes a room and sends its subscribers how it is now.
    fn change_summary(&self, id: &RoomId, wakers: &mut Wakers, change: impl FnOnce(&mut Room)) {
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

    fn announce_renamed(&self, user: UserId, former: &str, wakers: &mut Wakers) {
        let (member, rooms) = {
            let directory = self.directory();
            (directory.member(user, None), directory.rooms_of(user))
        };
        for id in &rooms {
            let Some(room) = self.rooms.get(id) else {
                continue;
            };
            let room = room.lock();
            let mut member = member.clone();
            member.role = room.role_of(user);
            let message = ServerMessage::Member {
                room: id.clone(),
                member,
                change: MemberChange::Renamed,
            };
            // Names come with every entry too, so a client that misses this is wrong for a moment.
            room.broadcast_droppable(&message, None, wakers);
        }
        let line = format!("{former} is now {}", member.name);
        let line: Arc<str> = super::encoding::encode_notice(&line);
        if let Some(lobby) = self.lobby() {
            lobby.lock().notify_plain(&line, wakers);
        }
    }

    pub(super) fn lobby(&self) -> Option<Arc<RoomLock>> {
        self.rooms.get(&RoomId::from(RoomName::lobby()))
    }
}

/// Returns the kind in which a room is counted.
pub(super) fn kind_of(id: &RoomId) -> RoomKind {
    match id {
        RoomId::Named(_) => RoomKind::Named,
        RoomId::Direct(_) => RoomKind::Direct,
    }
}

fn text_bytes(entry: &RoomEntry) -> usize {
    match &entry.entry.event {
        Event::Message { text, .. } | Event::Edited { text, .. } => {
            text.as_ref().map_or(0, |text| text.as_str().len())
        }
        Event::Deleted { .. } | Event::Reacted { .. } => 0,
    }
}
