//! Collects the announcements of the hub's clock: presence, and plain-text people who came or left.

use shared::chat::RoomId;
use shared::chat::entry::DisplayName;
use shared::chat::server::Member;

use super::Directory;
use crate::clients::ConnectionId;

/// Most people whose presence is announced in one turn of the hub's clock; the rest come in the
/// next.
const PRESENCE_PER_TICK: usize = 1_000;

/// The announcements of one turn of the hub's clock.
#[derive(Debug, Default)]
pub(in crate::hub) struct Announcements {
    /// People who came or went, and the rooms that they are in.
    pub(in crate::hub) presence: Vec<(Member, Vec<RoomId>)>,
    /// Names of plain-text people who came.
    pub(in crate::hub) arrived: Vec<(Option<ConnectionId>, DisplayName)>,
    /// Names of plain-text people who left.
    pub(in crate::hub) left: Vec<(Option<ConnectionId>, DisplayName)>,
}

impl Directory {
    /// Takes what is to be announced in this turn of the clock.
    pub(in crate::hub) fn take_announcements(&mut self) -> Announcements {
        let mut announcements = Announcements::default();
        // Bounded for each turn: connections that came and went made 182 MB/s of presence.
        let users: Vec<_> = self
            .presence
            .keys()
            .take(PRESENCE_PER_TICK)
            .copied()
            .collect();
        for user in users {
            let announced = self.presence.remove(&user).unwrap_or_default();
            // Somebody who came and went within a turn has changed nothing.
            if announced != self.is_online(user) && !self.closing {
                // Somebody without rooms is in no list that others look at.
                let rooms = self.rooms_of(user);
                if !rooms.is_empty() {
                    announcements
                        .presence
                        .push((self.member(user, None), rooms));
                }
            }
        }
        let arrivals = std::mem::take(&mut self.arrivals);
        let departures = std::mem::take(&mut self.departures);
        let arrived = arrivals.into_iter();
        announcements.arrived = arrived
            .map(|(id, user)| (Some(id), self.name_of(user)))
            .collect();
        let left = departures.into_iter();
        announcements.left = left.map(|user| (None, self.name_of(user))).collect();
        announcements
    }
}
