//! Searches the rooms that a person is in.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::chat::search::Cursor;
use shared::chat::{Query, RoomId, ServerMessage, UserId};

use super::Rejection;
use super::history::page_size;
use crate::hub::authorize::{Action, authorize};
use crate::hub::session::{Effect, Requester};
use crate::rates::TooFast;

/// The people whose search is under way. One at a time each: a search walks through entries.
#[derive(Debug, Default, Clone)]
pub(in crate::hub) struct Searches(Arc<Mutex<HashSet<UserId>>>);

/// A search that is under way.
struct Search {
    searches: Searches,
    user: UserId,
}

/// Most searches that are under way: each may take a second, and they wait for each other.
const MAX_SEARCHES: usize = 32;

/// Time after which a search that was one too many may be made again.
const RETRY_AFTER: Duration = Duration::from_millis(500);

impl Searches {
    fn begin(&self, user: UserId) -> Option<Search> {
        let mut searching = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Entered last: a search that is one too many must leave nothing in the set.
        let is_free = searching.len() < MAX_SEARCHES && searching.insert(user);
        is_free.then(|| Search {
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

/// Answers `search` with the messages that match.
pub(super) async fn search(
    from: Arc<Requester>,
    room: Option<RoomId>,
    query: Query,
    before: Option<Cursor>,
    limit: Option<u32>,
) -> Result<Effect, Rejection> {
    let rooms = if let Some(room) = &room {
        let known = from.hub.room(room)?;
        authorize(&from, &known.lock(), Action::Take)?;
        vec![room.clone()]
    } else {
        let mut rooms = from.hub.directory().rooms_of(from.user());
        // Private rooms are left out over v1, where a relay would read what is found.
        rooms.retain(|room| {
            let known = from.hub.rooms.get(room);
            known.is_some_and(|known| authorize(&from, &known.lock(), Action::Take).is_ok())
        });
        rooms
    };
    // Held until the answer is queued. 600 searches that one key was allowed made the history of
    // others wait for 59 to 118 s.
    let Some(_search) = from.hub.searches.begin(from.user()) else {
        return Err(Rejection::too_fast(TooFast {
            retry_after: RETRY_AFTER,
        }));
    };
    let size = page_size(limit);
    let found = from.hub.store.search(rooms, query.clone(), before, size);
    let found = found.await?;
    from.reply(&ServerMessage::Found {
        query,
        room,
        more: found.next.is_some(),
        next: found.next,
        entries: found.entries,
    });
    Ok(Effect::None)
}
