//! Sends the entries that a room had before its subscriber came: page by page from the store, until
//! the subscriber is up to date and entries come as they happen.

use std::collections::VecDeque;
use std::sync::Arc;

use shared::chat::limits::{PAGE_BYTES, PAGE_ENTRIES};
use shared::chat::{Seq, ServerMessage};

use super::Session;
use crate::hub::requester::Requester;
use crate::hub::requests::{Effect, PageRead, Rejection};
use crate::hub::room::{Room, RoomLock};
use crate::store::PageSize;
use crate::telemetry;

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
    /// The room itself and not its name, which may change meanwhile.
    room: Arc<RoomLock>,
    /// The last entry that was sent.
    sent: Seq,
}

impl CatchUp {
    pub(super) fn stop(&mut self, room: &Arc<RoomLock>) {
        self.rooms.retain(|other| !Arc::ptr_eq(&other.room, room));
    }
}

/// Bytes that are reserved for a page; as in the price of a request for history.
const RESERVED_BYTES: usize = 64 * 1024;

impl Session {
    pub(super) fn catch_up_from(&mut self, room: Arc<RoomLock>, sent: Seq) {
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
            let (room, sent) = (Arc::clone(room), *sent);
            // Looked at before every page: somebody who is removed between two pages gets no
            // further one.
            let head = {
                let mut known = room.lock();
                // Also when they have come back on another connection: this one was told that they
                // left, and would be sent pages without end.
                let gone = !is_in(&self.requester, &known);
                let ends = gone || known.go_live(self.requester.connection, sent);
                (!ends).then_some(known.head)
            };
            let Some(head) = head else {
                self.catch_up.rooms.pop_front();
                continue;
            };
            // The former page still waits to be sent, so the next one would only take memory.
            if !self.inbox.is_empty() {
                return;
            }
            self.catch_up.reading = true;
            let page = PageSize {
                entries: PAGE_ENTRIES,
                bytes: PAGE_BYTES,
            };
            let hub = self.hub.clone();
            let span = telemetry::request("catch_up");
            self.spawn(span, RESERVED_BYTES, async move {
                let page = hub
                    .read(&room, |store, id| store.read_after(id, sent, page))
                    .await;
                Effect::Page(PageRead {
                    room,
                    after: sent,
                    head,
                    page,
                })
            });
        }
    }

    pub(super) fn take_page(&mut self, read: PageRead) {
        let PageRead {
            room,
            after,
            head,
            page,
        } = read;
        self.catch_up.reading = false;
        // The client may have left the room meanwhile, or asked for it anew.
        let front = self.catch_up.rooms.front_mut();
        let Some(front) = front.filter(|it| Arc::ptr_eq(&it.room, &room) && it.sent == after)
        else {
            return;
        };
        let known = room.lock();
        // Removed while the page was read: what was written since is not for them.
        if !is_in(&self.requester, &known) {
            self.catch_up.rooms.pop_front();
            return;
        }
        let page = page.map(|mut entries| {
            entries.retain(|entry| entry.seq <= head);
            entries
        });
        match page {
            Ok(entries) => {
                let Some(last) = entries.last() else {
                    // The hub knows of entries that the store does not give: retention removed
                    // them. The next page, or entry, shows the client the gap.
                    front.sent = head.max(after);
                    return;
                };
                front.sent = last.seq;
                // Under the lock, so that it comes before a `left`.
                let room = known.id.clone();
                self.requester.reply(&ServerMessage::Page { room, entries });
            }
            Err(error) => {
                // What comes from now on comes all the same, behind a gap that the client sees.
                front.sent = head.max(after);
                let rejection = Rejection::from(error).about_room(&known.id);
                self.requester.reply(&rejection.into_message());
            }
        }
    }
}

/// Returns `true` if a connection's person is in a room, and the connection hears of it.
fn is_in(requester: &Requester, room: &Room) -> bool {
    room.has(requester.user()) && room.is_subscribed(requester.connection)
}
