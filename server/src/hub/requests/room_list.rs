//! The list of rooms, page by page.

use shared::chat::server::RoomSummary;
use shared::chat::{RoomFilter, RoomId, RoomsCursor, ServerMessage};

use super::Effect;
use crate::hub::authorize::may_know;
use crate::hub::page::Page;
use crate::hub::requester::Requester;

/// Returns the first page of the rooms that a person is in, and `true` if the list goes on, behind
/// them or with public rooms.
pub(super) fn joined_page(from: &Requester) -> (Vec<RoomSummary>, bool) {
    let user = from.user();
    let directory = from.hub.directory();
    let mut page = Page::new();
    let mut goes_on = false;
    for id in directory.listed(user, None) {
        let Some(room) = from.hub.rooms.get(id) else {
            continue;
        };
        // Room behind directory, as everywhere.
        let room = room.lock();
        if !may_know(from.version, &room) {
            continue;
        }
        if !(room.has(user) && page.push(directory.summary(&room, user))) {
            goes_on = true;
            break;
        }
    }
    let (rooms, more) = page.finish();
    (rooms, more || goes_on)
}

/// Answers `rooms` with a page of the list.
pub(super) fn list(
    from: &Requester,
    after: Option<&RoomsCursor>,
    find: Option<RoomFilter>,
) -> Effect {
    let user = from.user();
    let directory = from.hub.directory();
    let matches = |id: &&RoomId| match (&find, id) {
        (None, _) => true,
        (Some(find), RoomId::Named(name)) => find.matches(name),
        // The name of a room of two is a hash, in which nobody looks for words.
        (Some(_), RoomId::Direct(_)) => false,
    };
    let listed = directory.listed(user, after);
    // All of them, which the caps of rooms bound: when only the first 10,000 were compared, a person
    // in as many rooms of two found no other room.
    let found = listed.filter(matches);
    let known = found.filter_map(|id| from.hub.rooms.get(id));
    let summaries = known.filter_map(|room| {
        let room = room.lock();
        may_know(from.version, &room).then(|| directory.summary(&room, user))
    });
    let (rooms, more) = Page::of(summaries).finish();
    drop(directory);
    from.reply(&ServerMessage::Rooms { rooms, find, more });
    Effect::None
}
