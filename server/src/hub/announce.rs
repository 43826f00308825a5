//! Announcements that the hub makes by its clock instead of at once: presence, arrivals and
//! departures in the plain-text lobby, and the number of members of large rooms. Somebody who comes
//! and goes within a turn of the clock costs the others nothing, and a crowd costs them one message
//! a turn.

use std::time::Duration;

use shared::chat::ServerMessage;
use shared::chat::server::MemberChange;

use super::Hub;
use super::encoding::encode_notice;
use super::queue::Wakers;

/// The time between two turns of the clock.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// Turns between two announcements of a large room's members.
const ROSTER_TURNS: u64 = 5;

/// Most names that the lobby's plain-text clients are told one by one in a turn.
const NAMED_EACH: usize = 20;

impl Hub {
    /// Announces what has changed since the last turn.
    pub(super) fn announce(&self, turn: u64) {
        let mut wakers = Wakers::default();
        // The directory is free again before a room is locked: a crowd must not hold up whoever
        // connects meanwhile.
        let announcements = self.directory().take_announcements();
        for (member, rooms) in announcements.presence {
            for id in rooms {
                let Some(room) = self.rooms.get(&id) else {
                    continue;
                };
                let room = room.lock();
                // One member would cost a message for each of thousands.
                if room.is_large() {
                    continue;
                }
                let mut member = member.clone();
                member.role = room.role_of(member.id);
                let message = ServerMessage::Member {
                    room: id,
                    member,
                    change: MemberChange::Presence,
                };
                room.broadcast_droppable(&message, None, &mut wakers);
            }
        }
        // When each arrival was announced at once, a connection cost 9.5 ms of CPU with 1,000
        // plain-text listeners.
        for (names, what) in [
            (announcements.arrived, "joined"),
            (announcements.left, "left"),
        ] {
            let others = names.len().saturating_sub(NAMED_EACH);
            let named = names.iter().take(NAMED_EACH);
            // Nobody is told of themselves.
            let mut lines: Vec<_> = named
                .map(|(id, name)| (*id, format!("{name} {what}")))
                .collect();
            if others > 0 {
                lines.push((None, format!("and {others} others {what}")));
            }
            if let Some(lobby) = self.lobby().filter(|_| !lines.is_empty()) {
                let lobby = lobby.lock();
                for (but, line) in lines {
                    lobby.notify_plain(&encode_notice(&line), but, &mut wakers);
                }
            }
        }
        if turn.is_multiple_of(ROSTER_TURNS) {
            self.announce_rosters(&mut wakers);
        }
    }

    fn announce_rosters(&self, wakers: &mut Wakers) {
        // Taken whole: a room that changes from here on is announced in a later turn.
        let rosters = std::mem::take(&mut self.directory().rosters);
        for id in rosters {
            if let Some(room) = self.rooms.get(&id) {
                let room = room.lock();
                let count = room.members.len();
                let message = ServerMessage::Roster { room: id, count };
                room.broadcast_droppable(&message, None, wakers);
            }
        }
    }
}
