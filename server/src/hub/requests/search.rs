//! Searches the rooms that a person is in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::chat::search::Cursor;
use shared::chat::server::RoomEntry;
use shared::chat::{Query, RoomId, Seq, ServerMessage, UserId};

use super::history::page_size;
use super::{Effect, Rejection};
use crate::admission::network_of;
use crate::hub::authorize::{Action, authorize};
use crate::hub::encoding::shortened;
use crate::hub::page::Page;
use crate::hub::requester::Requester;
use crate::hub::room::RoomLock;
use crate::rates::TooFast;
use crate::telemetry;

/// The people whose search is under way, with their networks. One at a time each: a search walks
/// through entries.
#[derive(Debug, Default, Clone)]
pub(in crate::hub) struct Searches(Arc<Mutex<HashMap<UserId, IpAddr>>>);

/// A search that is under way.
struct Search {
    searches: Searches,
    user: UserId,
}

/// Most searches that are under way: each may take a second, and they wait for each other.
const MAX_SEARCHES: usize = 32;

/// Most searches under way that come from one network: minted keys would otherwise take all places.
const MAX_SEARCHES_OF_NETWORK: usize = 4;

/// Time after which a search that was one too many may be made again.
const RETRY_AFTER: Duration = Duration::from_millis(500);

impl Searches {
    fn begin(&self, user: UserId, address: IpAddr) -> Option<Search> {
        let network = network_of(address);
        let mut searching = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = searching
            .values()
            .filter(|other| **other == network)
            .count();
        if searching.len() >= MAX_SEARCHES
            || own >= MAX_SEARCHES_OF_NETWORK
            || searching.contains_key(&user)
        {
            return None;
        }
        searching.insert(user, network);
        Some(Search {
            searches: self.clone(),
            user,
        })
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        let searching = self.searches.0.lock();
        searching
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.user);
    }
}

/// A room as it was when it was searched.
struct Searched {
    known: Arc<RoomLock>,
    renames: u64,
    head: Seq,
}

impl Searched {
    fn of(from: &Requester, known: Arc<RoomLock>) -> Option<(RoomId, Self)> {
        let (id, renames, head) = {
            let room = known.lock();
            authorize(from, &room, Action::Take).ok()?;
            let (id, renames) = room.name();
            (id, renames, room.head)
        };
        Some((
            id,
            Self {
                known,
                renames,
                head,
            },
        ))
    }

    /// Returns `true` if what was found under the room's name is of this room, which the person is
    /// still in, and from before the search: another room may have got the name meanwhile, and what
    /// was written after a removal is not for the removed.
    fn may_have(&self, from: &Requester, seq: Seq) -> bool {
        let room = self.known.lock();
        room.name().1 == self.renames
            && !room.closed
            && seq <= self.head
            && authorize(from, &room, Action::Take).is_ok()
    }
}

/// Answers `search` with the messages that match.
pub(super) async fn search(
    from: Arc<Requester>,
    room: Option<RoomId>,
    query: Query,
    before: Option<Cursor>,
    limit: Option<u32>,
) -> Result<Effect, Rejection> {
    let searched = if let Some(room) = &room {
        let known = from.hub.room(room)?;
        authorize(&from, &known.lock(), Action::Take)?;
        vec![known]
    } else {
        let rooms = from.hub.directory().rooms_of(from.user());
        let known = rooms.iter().filter_map(|room| from.hub.rooms.get(room));
        known.collect()
    };
    // Private rooms are left out over v1, where a relay would read what is found.
    let searched: HashMap<RoomId, Searched> = searched
        .into_iter()
        .filter_map(|known| Searched::of(&from, known))
        .collect();
    // Held until the answer is queued. 600 searches that one key was allowed made the history of
    // others wait for 59 to 118 s.
    let Some(_search) = from.hub.searches.begin(from.user(), from.address) else {
        return Err(Rejection::too_fast(TooFast {
            retry_after: RETRY_AFTER,
        }));
    };
    let size = page_size(limit);
    let rooms = searched.keys().cloned().collect();
    let found = from.hub.store.search(rooms, query.clone(), before, size);
    let found = telemetry::within("store.search", found).await?;
    // Cut as encoded: with the longest names of rooms and people, a hundred entries are longer than a
    // message, and the search could not be gone on with.
    let (mut page, mut last, mut next) = (Page::new(), None, found.next);
    let is_theirs = |found: &RoomEntry| {
        let searched = searched.get(&found.room);
        searched.is_some_and(|searched| searched.may_have(&from, found.entry.seq))
    };
    for RoomEntry { room, entry } in found.entries.into_iter().filter(is_theirs) {
        let cursor = Cursor {
            room: room.clone(),
            seq: entry.seq,
            at: Some(entry.at),
        };
        let entry = shortened(entry);
        let entry = RoomEntry { room, entry };
        if !page.push(entry) {
            next = last;
            break;
        }
        last = Some(cursor);
    }
    let (entries, _) = page.finish();
    from.reply(&ServerMessage::Found {
        query,
        room,
        more: next.is_some(),
        next,
        entries,
    });
    Ok(Effect::None)
}
