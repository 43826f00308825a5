//! The only place where shared state changes: everything that the store has committed is applied
//! here, in the order of the commits, by one task. A session only asks the store, and is answered
//! after its change is applied; the end of the session loses nothing but the answer.

mod admission;
mod members;
mod rooms;

use std::sync::{Arc, Weak};

use shared::chat::operator::OperatorAnswer;
use shared::chat::server::{MemberChange, RoomEntry};
use shared::chat::{RoomId, RoomName, ServerMessage, UserId};
use shared::error::ErrorCode;

use super::Hub;
use super::encoding::{EncodedEntry, encode};
use super::queue::Wakers;
use super::room::{RoomLock, UnstoredEntry};
use crate::store::{Change, Committed, Outcome};
use crate::telemetry::Stage;

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
            let (mut bytes, mut appended) = (0, 0);
            while piece.len() < BROADCAST_TOGETHER && bytes < BROADCAST_TOGETHER_BYTES {
                let Some(mut outcome) = outcomes.next() else {
                    break;
                };
                outcome.enter(Stage::HubApply);
                match outcome.committed.take() {
                    Some(Committed::Entry(entry)) => {
                        bytes += text_bytes(&entry);
                        appended += 1;
                        // Entries of one room that follow each other share its lock and the
                        // subscribers' writes; no entry overtakes one of another room.
                        if room.as_ref() != Some(&entry.room) {
                            self.publish(room.take(), &mut entries, &mut wakers);
                            room = Some(entry.room.clone());
                        }
                        entries.push(EncodedEntry::new(entry));
                    }
                    // Entries before the change go out first, so that subscribers see both in the
                    // order of the commits.
                    Some(Committed::Change(change)) => {
                        self.publish(room.take(), &mut entries, &mut wakers);
                        self.apply(change, &mut wakers);
                    }
                    None => {}
                }
                piece.push(outcome);
            }
            self.publish(room.take(), &mut entries, &mut wakers);
            // Once for all of them, as everywhere: metrics must not cost what they measure.
            self.metrics().stored_entries.inc_by(appended);
            self.metrics().applied.inc_by(piece.len() as u64);
            // The answers come behind the events.
            piece.into_iter().for_each(Outcome::release);
            drop(wakers);
            // Subscribers of a burst send what they have before more comes: their queues are
            // bounded.
            tokio::task::yield_now().await;
        }
    }

    /// Broadcasts entries of unstored rooms, and then answers their writers.
    pub(super) async fn apply_unstored(&self, unstored: Vec<(Weak<RoomLock>, UnstoredEntry)>) {
        let mut wakers = Wakers::default();
        let mut answers = Vec::with_capacity(unstored.len());
        let mut entries = Vec::new();
        // The room's name stays as it is meanwhile: it is changed by this task only.
        let mut current: Option<(Arc<RoomLock>, RoomId)> = None;
        for (known, unstored) in unstored {
            let (entry, appended, reply) = unstored.into_parts();
            let same =
                |(room, _): &(Arc<RoomLock>, _)| std::ptr::eq(Arc::as_ptr(room), known.as_ptr());
            if !current.as_ref().is_some_and(same) {
                if let Some((room, _)) = current.take() {
                    self.publish_in(&room, &mut entries, &mut wakers);
                }
                current = known.upgrade().and_then(|room| {
                    let id = {
                        let known = room.lock();
                        (!known.closed).then(|| known.id.clone())
                    };
                    id.map(|id| (room, id))
                });
            }
            let Some((_, id)) = &current else {
                UnstoredEntry::refuse(reply);
                continue;
            };
            let room = id.clone();
            entries.push(EncodedEntry::new(RoomEntry { room, entry }));
            answers.push((appended, reply));
        }
        if let Some((room, _)) = current {
            self.publish_in(&room, &mut entries, &mut wakers);
        }
        let appended = answers.len() as u64;
        self.metrics().unstored_entries.inc_by(appended);
        for (appended, reply) in answers {
            UnstoredEntry::acknowledge(appended, reply);
        }
        drop(wakers);
        tokio::task::yield_now().await;
    }

    fn publish(&self, room: Option<RoomId>, entries: &mut Vec<EncodedEntry>, wakers: &mut Wakers) {
        if let Some(room) = room.and_then(|room| self.rooms.get(&room)) {
            self.publish_in(&room, entries, wakers);
        }
        entries.clear();
    }

    fn publish_in(&self, room: &RoomLock, entries: &mut Vec<EncodedEntry>, wakers: &mut Wakers) {
        // The guard ends with this statement: eviction takes the directory's lock, which comes before
        // a room's.
        let published = room.lock().publish(entries, wakers);
        let deliveries = &self.metrics().deliveries;
        deliveries.inc_by(published.deliveries as u64);
        self.evict(published.slow, wakers);
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
            Change::RoomDeleted { room } | Change::RoomEnded { room } => {
                self.apply_deleted(&room, wakers);
            }
            Change::Joined { room, user, by } => self.apply_joined(&room, user, by, wakers),
            Change::Left { room, user } => self.apply_left(&room, user, wakers),
            Change::Invited { room, user, by } => {
                self.apply_invited(&room.into(), user, by, wakers);
            }
            Change::Uninvited { room, user } => self.apply_uninvited(&room.into(), user, wakers),
            Change::Read {
                room,
                user,
                seq,
                back,
            } => self.apply_read(&room, user, seq, back, wakers),
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
                // Connections have a copy of the name, so that a message takes no lock of the
                // directory.
                directory.refresh_name(user);
                // `announce_renamed` takes the lock again.
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
                // Added before connections end: whoever comes back at once is refused.
                self.operators.bans.add(ban);
                self.enforce(who);
            }
            Change::Unbanned(who) => self.operators.bans.remove(who),
            Change::Operator { user, is } => self.apply_operator(user, is, wakers),
            Change::Admitted { user } => self.apply_admitted(user, wakers),
            Change::Redeemed { number, user } => {
                // The store has taken the use already; this is the copy by which codes are found.
                self.directory().admissions.take_use(number);
                self.apply_admitted(user, wakers);
            }
            Change::AdmissionMode(mode) => self.apply_admission_mode(mode, wakers),
            Change::InvitationMade(stored) => {
                let number = stored.invitation.number;
                self.directory()
                    .admissions
                    .invitations
                    .insert(number, stored);
            }
            Change::InvitationEnded { number } => {
                self.directory().admissions.invitations.remove(&number);
            }
            Change::SpokeV2 { user } => self.directory().set_used_v2(user),
        }
    }

    fn apply_operator(&self, user: UserId, is: bool, wakers: &mut Wakers) {
        // Operators need no admission, so this can admit the key, which is announced too.
        self.directory().set_operator(user, is);
        self.announce_admitted(user, wakers);
        let directory = self.directory();
        let answer = if is {
            OperatorAnswer::Granted
        } else {
            OperatorAnswer::Revoked
        };
        // On all their devices.
        let told = encode(&ServerMessage::Operator(answer));
        // Not droppable: a client that misses it would offer rights that the person no longer has.
        let outboxes = directory.json_outboxes(user);
        let full = outboxes.filter(|(_, outbox)| outbox.push([&told], wakers).is_err());
        let slow = full.map(|(id, _)| id).collect();
        let ended = if is || self.operators.is_open() {
            Vec::new()
        } else {
            // A stopped server has place for operators only.
            directory.connections_of(user).map(|(id, _)| id).collect()
        };
        drop(directory);
        self.evict(slow, wakers);
        self.end(ended, ErrorCode::ServerStopping);
    }

    fn announce_renamed(&self, user: UserId, former: &str, wakers: &mut Wakers) {
        let (member, rooms) = {
            let directory = self.directory();
            // Who may not write yet would write with names.
            if directory.newcomer_wait(user).is_some() && !directory.operators.contains(&user) {
                return;
            }
            (directory.member(user, None), directory.rooms_of(user))
        };
        for id in &rooms {
            let Some(room) = self.rooms.get(id) else {
                continue;
            };
            let room = room.lock();
            if room.is_large() {
                continue;
            }
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
            lobby.lock().notify_plain(&line, None, wakers);
        }
    }

    pub(in crate::hub) fn lobby(&self) -> Option<Arc<RoomLock>> {
        self.rooms.get(&RoomId::from(RoomName::lobby()))
    }
}

fn text_bytes(entry: &RoomEntry) -> usize {
    let text = entry.entry.event.text();
    text.map_or(0, |text| text.as_str().len())
}
