//! Sends the entries that a room had before its subscriber came: page by page from the store, until
//! the subscriber is up to date and entries come as they happen.

use std::collections::VecDeque;

use shared::chat::limits::{PAGE_BYTES, PAGE_ENTRIES};
use shared::chat::{Entry, RoomId, Seq, ServerMessage};

use super::{Effect, Session};
use crate::hub::requests::Rejection;
use crate::store::{PageSize, StoreError};

/// The rooms whose entries a connection is still sent, one after the other.
#[derive(Debug, Default)]
pub(super) struct CatchUp {
    rooms: VecDeque<Position>,
    /// A page is being read.
    reading: bool,
}

/// A connection's position in a room.
#[derive(Debug)]
struct Position {
    room: RoomId,
    /// The last entry that was sent.
    sent: Seq,
}

/// A page that was read to catch up.
pub(in crate::hub) struct PageRead {
    room: RoomId,
    after: Seq,
    page: Result<Vec<Entry>, StoreError>,
}

impl CatchUp {
    pub(super) fn stop(&mut self, room: &RoomId) {
        self.rooms.retain(|other| other.room != *room);
    }
}

/// Bytes that are reserved for a page; as in the price of a request for history.
const RESERVED_BYTES: usize = 64 * 1024;

impl Session {
    pub(super) fn catch_up_from(&mut self, room: RoomId, sent: Seq) {
        self.catch_up.stop(&room);
        self.catch_up.rooms.push_back(Position { room, sent });
        self.continue_catch_up();
    }

    /// Reads the next page, if one is due and everything before it is on its way: so at most one
    /// page of a connection is in memory.
    pub(super) fn continue_catch_up(&mut self) {
        while !self.catch_up.reading {
            let Some(Position { room, sent }) = self.catch_up.rooms.front() else {
                return;
            };
            let (room, sent) = (room.clone(), *sent);
            // Looked at before every page: somebody who is removed between two pages gets no
            // further one.
            let live = self.hub.rooms.get(&room).map(|known| {
                let mut known = known.lock();
                let gone = !known.has(self.requester.user());
                gone || known.go_live(self.requester.connection, sent)
            });
            if live.unwrap_or(true) {
                self.catch_up.rooms.pop_front();
                continue;
            }
            // The former page still waits to be sent, so the next one would only take memory.
            if !self.inbox.is_empty() {
                return;
            }
            self.catch_up.reading = true;
            let page = PageSize {
                entries: PAGE_ENTRIES,
                bytes: PAGE_BYTES,
            };
            let read = self.hub.store.read_after(room.clone(), sent, page);
            self.spawn(RESERVED_BYTES, async move {
                let page = read.await;
                Effect::Page(PageRead {
                    room,
                    after: sent,
                    page,
                })
            });
        }
    }

    pub(super) fn take_page(&mut self, read: PageRead) {
        let PageRead { room, after, page } = read;
        self.catch_up.reading = false;
        // The client may have left the room meanwhile, or asked for it anew.
        let front = self.catch_up.rooms.front_mut();
        let Some(front) = front.filter(|front| front.room == room && front.sent == after) else {
            return;
        };
        match page {
            Ok(entries) => {
                let Some(last) = entries.last() else {
                    // The hub knows of entries that the store does not give: retention removed
                    // them. The next page, or entry, shows the client the gap.
                    let head = self.hub.rooms.get(&room).map(|room| room.lock().head);
                    front.sent = head.unwrap_or(after).max(after);
                    return;
                };
                front.sent = last.seq;
                self.requester.reply(&ServerMessage::Page { room, entries });
            }
            Err(error) => {
                // Only this room is given up: the connection and its other rooms go on.
                self.catch_up.rooms.pop_front();
                let rejection = Rejection::from(error).about_room(&room);
                self.requester.reply(&rejection.into_message());
            }
        }
    }
}
