//! Where the person is: the room on the screen with its draft, and the place in its log.

use shared::chat::{RoomId, Seq};

use super::super::layers::Layer;
use super::super::rows::Anchor;
use super::App;

impl App {
    /// Puts the right draft into the composer after the room on the screen has changed.
    pub(crate) fn settle(&mut self) {
        if self.drafting != self.chat.current {
            let next = self.drafts.remove(&self.chat.current).unwrap_or_default();
            let draft = std::mem::replace(&mut self.composer, next);
            let room = std::mem::replace(&mut self.drafting, self.chat.current.clone());
            if !draft.is_empty() {
                self.drafts.insert(room.clone(), draft);
                self.discard_homeless(&room);
            }
            self.place = None;
            // A picked message belongs to the room that was left.
            if matches!(self.layer, Layer::Picked(_) | Layer::React(_)) {
                self.layer = Layer::Nothing;
            }
        }
        self.follow_goal();
    }

    /// Discards the draft of a room that was known and is no more: nobody comes back to it to find
    /// the draft. A draft of an earlier run, whose room is not known yet, stays.
    pub(super) fn discard_homeless(&mut self, room: &RoomId) {
        if !self.chat.rooms.contains_key(room)
            && let Some(draft) = self.drafts.remove(room)
        {
            draft
                .into_texts()
                .for_each(|text| self.discarded.push(text));
        }
    }

    /// Shows a message that was searched for, as soon as it has been loaded.
    pub(super) fn follow_goal(&mut self) {
        let goal = self.chat.goal.as_ref();
        let Some(goal) = goal.filter(|goal| goal.room == self.chat.current) else {
            return;
        };
        let here = self.chat.room().and_then(|room| room.log.message(goal.seq));
        if here.is_some() {
            self.pick(goal.seq);
            self.chat.goal = None;
        }
    }

    /// Picks a message and scrolls to it.
    pub(crate) fn pick(&mut self, seq: Seq) {
        let last = self.chat.room().and_then(|room| room.log.messages().last());
        // At the log's end nothing is anchored, so that new messages keep appearing.
        let at_end = last.is_some_and(|last| last.seq == seq);
        self.place = (!at_end).then_some(Anchor { seq, below: 0 });
        self.layer = Layer::Picked(seq);
    }

    /// Returns the message before or after a picked one.
    pub(crate) fn neighbour(&self, seq: Seq, after: bool) -> Option<Seq> {
        let messages = self.chat.room()?.log.messages();
        let at = messages.binary_search_by_key(&seq, |message| message.seq);
        // A message that is not in the log any more still has a position among the others.
        let at = at.unwrap_or_else(|next| next);
        let to = if after { at + 1 } else { at.checked_sub(1)? };
        messages.get(to).map(|message| message.seq)
    }

    /// Shows a room.
    pub(crate) fn open(&mut self, room: RoomId) {
        self.chat.open(room);
        self.settle();
    }

    /// Shows the room before or after the present one, in the order of the list.
    pub(crate) fn step(&mut self, down: bool) {
        let rooms: Vec<_> = self.joined();
        let at = rooms.iter().position(|room| *room == self.chat.current);
        let at = at.unwrap_or(0);
        let to = if down {
            (at + 1) % rooms.len().max(1)
        } else {
            at.checked_sub(1).unwrap_or(rooms.len().saturating_sub(1))
        };
        if let Some(room) = rooms.get(to) {
            self.open(room.clone());
        }
    }

    /// Shows the next room with new messages; rooms that mention the person come first.
    pub(crate) fn next_new(&mut self) {
        let me = self.chat.me.clone();
        let rooms = self
            .chat
            .rooms
            .values()
            .filter(|room| room.id != self.chat.current);
        let new = rooms.filter_map(|room| {
            let unread = room.unread(me.as_ref().map(|me| me.id));
            let meant = me.as_ref().map_or(0, |me| room.mentions(me, false));
            (unread > 0).then(|| (meant > 0, unread, room.id.clone()))
        });
        if let Some((.., room)) = new.max() {
            self.open(room);
        }
    }

    /// Returns the rooms that the person is in or invited to, in the order of the list.
    pub(crate) fn joined(&self) -> Vec<RoomId> {
        let rooms = self.chat.rooms.values();
        let mut rooms: Vec<_> = rooms
            .filter(|room| room.is_joined())
            .map(|room| {
                (
                    room.is_direct(),
                    room.title().to_lowercase(),
                    room.id.clone(),
                )
            })
            .collect();
        rooms.sort();
        rooms.into_iter().map(|(.., id)| id).collect()
    }
}
