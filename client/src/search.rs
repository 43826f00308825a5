//! Looking for messages: in what is here as it is typed, and in everything by the server.
//!
//! Pure.

use std::rc::Rc;

use crate::sorting;
use shared::chat::search::Cursor;
use shared::chat::server::RoomEntry;
use shared::chat::{Query, RoomId, Seq};

use super::Chat;
use super::log::{self, Message};

/// Most messages that are listed.
const LISTED: usize = 200;

/// A message further back than this many entries is not fetched with everything after it; its text
/// is in the list.
const REACH: Seq = 5_000;

/// A message that a search has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The message's room.
    pub room: RoomId,
    /// The message as it looks now.
    pub message: Rc<Message>,
}

/// The search at the server, and its results.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    query: Option<Query>,
    hits: Vec<Hit>,
    /// The server can go on behind this position.
    next: Option<Cursor>,
    asking: bool,
    /// The room that is searched, if not all are.
    room: Option<RoomId>,
    /// Times that the search went on by itself without finding anything.
    steps: u32,
}

/// Times that a search goes on by itself before the person is asked: the server stops a long one
/// after a moment, for the others' sake.
const STEPS: u32 = 5;

impl Search {
    /// Begins a search at the server; without `before`, from the latest message.
    pub fn ask(&mut self, query: &Query, before: Option<&Cursor>, room: Option<&RoomId>) {
        if before.is_none() || self.query.as_ref() != Some(query) {
            self.hits.clear();
        }
        self.query = Some(query.clone());
        self.room = room.cloned();
        self.next = None;
        self.asking = true;
        self.steps = 0;
    }

    /// Returns the room that is searched, if not all are.
    pub(crate) fn room(&self) -> Option<&RoomId> {
        self.room.as_ref()
    }

    /// Directs a search of a room, and what was found in it, to the room's new name.
    pub(crate) fn renamed(&mut self, from: &RoomId, to: &RoomId) {
        let hits = self.hits.iter_mut().map(|hit| &mut hit.room);
        let next = self.next.as_mut().map(|next| &mut next.room);
        for room in hits.chain(next).chain(self.room.as_mut()) {
            if *room == *from {
                *room = to.clone();
            }
        }
    }

    /// Goes on with the search that was answered last.
    pub(crate) fn go_on(&mut self) {
        self.next = None;
        self.asking = true;
        self.steps += 1;
    }

    /// Takes what the server has found; an answer to an earlier question is passed over. Returns
    /// the position at which to go on at once, if the server stopped without finding anything.
    pub fn found(
        &mut self,
        query: &Query,
        entries: Vec<RoomEntry>,
        more: bool,
        next: Option<Cursor>,
    ) -> Option<Cursor> {
        if self.query.as_ref() != Some(query) || !self.asking {
            return None;
        }
        self.asking = false;
        let last = entries.last().map(|last| Cursor {
            room: last.room.clone(),
            seq: last.entry.seq,
            at: Some(last.entry.at),
        });
        let nothing = entries.is_empty();
        self.next = next.or(last).filter(|_| more);
        self.hits.extend(
            entries
                .into_iter()
                .filter_map(|RoomEntry { room, entry }| Some((room, log::message(entry)?)))
                .map(|(room, message)| Hit {
                    room,
                    message: Rc::new(message),
                }),
        );
        self.next.clone().filter(|_| nothing && self.steps < STEPS)
    }

    /// Ends a search to which no answer will come.
    pub fn stop(&mut self) {
        if std::mem::take(&mut self.asking) && self.hits.is_empty() {
            self.query = None;
        }
    }

    /// Returns `true` while the server is searching.
    pub fn is_asking(&self) -> bool {
        self.asking
    }

    /// Returns `true` if the server has answered this query.
    pub fn has_answered(&self, query: &Query) -> bool {
        self.query.as_ref() == Some(query) && !self.asking
    }

    /// Returns the position at which the search can go on.
    pub fn rest(&self, query: &Query) -> Option<Cursor> {
        let next = self.next.clone();
        next.filter(|_| self.query.as_ref() == Some(query))
    }
}

/// Returns the known messages that have all the words of `query`, newest first.
pub fn hits(chat: &Chat, query: &Query) -> Vec<Hit> {
    let pattern = query.pattern();
    let mut hits: Vec<Hit> = Vec::new();
    for room in chat.rooms.values().filter(|room| room.is_joined()) {
        let said = room.log.messages().iter().rev();
        let found = said.filter(|message| {
            let text = message.text.as_deref();
            text.is_some_and(|text| pattern.matches(text))
        });
        hits.extend(found.take(LISTED).map(|message| Hit {
            room: room.id.clone(),
            message: message.clone(),
        }));
    }
    if chat.search.query.as_ref() == Some(query) {
        // A message that is here is newer than the server's answer about it.
        let here = |hit: &&Hit| {
            let room = chat.rooms.get(&hit.room);
            room.is_some_and(|room| room.log.message(hit.message.seq).is_some())
        };
        let hidden = chat.search.hits.iter().filter(|hit| !here(hit));
        hits.extend(hidden.cloned());
    }
    sorting::sort_by(&mut hits, |a, b| {
        let of = |hit: &Hit| (hit.message.at, hit.message.seq);
        of(b).cmp(&of(a))
    });
    // Only after the sort, so that the newest of all rooms stay and not those of the first room.
    hits.truncate(LISTED);
    hits
}

/// A message that the person wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// The message's room.
    pub room: RoomId,
    /// The message's number.
    pub seq: Seq,
    /// The number that tells one wish from the next.
    pub number: u32,
}

impl Chat {
    /// Shows a message: its room at once, itself as soon as it is here.
    pub fn go_to(&mut self, room: RoomId, seq: Seq) {
        let number = self.goal.as_ref().map_or(0, |goal| goal.number) + 1;
        // Opening the room on the screen again would remove the mark of its new messages.
        if room != self.current {
            self.open(room.clone());
        }
        self.goal = Some(Goal { room, seq, number });
        self.approach();
    }

    /// Asks for what is missing on the way to the goal.
    pub(super) fn approach(&mut self) {
        let Some(Goal { room, seq, .. }) = self.goal.clone() else {
            return;
        };
        let first = self.rooms.get(&room).and_then(|room| room.log.first());
        if first.is_some_and(|first| seq < first && first - seq <= REACH) {
            self.load_older(&room);
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::chat::{ClientMessage, RoomName};

    use super::*;
    use crate::room::Standing;
    use crate::testing::says;

    fn query(text: &str) -> Query {
        Query::parse(text).unwrap()
    }

    fn lobby() -> RoomId {
        RoomName::lobby().into()
    }

    fn found(seq: Seq, text: &str) -> RoomEntry {
        RoomEntry {
            room: lobby(),
            entry: says(seq, "bob", text),
        }
    }

    fn chat() -> Chat {
        let mut chat = Chat::default();
        let room = chat.room_mut(&lobby()).unwrap();
        room.standing = Standing::Live;
        for (seq, text) in [(90, "Über den Wolken"), (91, "nothing"), (92, "wolke")] {
            room.log.append(says(seq, "bob", text)).unwrap();
        }
        room.head = 92;
        chat
    }

    fn seqs(chat: &Chat, text: &str) -> Vec<Seq> {
        let hits = hits(chat, &query(text));
        hits.iter().map(|hit| hit.message.seq).collect()
    }

    #[test]
    fn all_words_must_be_there_and_the_last_may_go_on() {
        let chat = chat();
        assert_eq!(seqs(&chat, "wolk"), [92, 90]);
        assert_eq!(seqs(&chat, "WOLKEN"), [90]);
        assert_eq!(seqs(&chat, "wolken, übe"), [90]);
        assert_eq!(seqs(&chat, "wolk über"), [0; 0], "only the last may go on");
        assert_eq!(seqs(&chat, "olke"), [0; 0]);
    }

    #[test]
    fn words_inside_sentences_accents_wide_forms_and_symbols_are_found_as_by_the_server() {
        let mut chat = chat();
        let room = chat.room_mut(&lobby()).unwrap();
        let texts = [
            "明日は東京へ行きます。",
            "a cafe\u{301} here",
            "the Café",
            "yes 👍🏽",
            "I like C++.",
            "C and D",
            "Ｗｉｄｅ",
        ];
        for (seq, text) in (93..).zip(texts) {
            room.log.append(says(seq, "bob", text)).unwrap();
        }
        for (text, expected) in [
            ("東京", vec![93]),
            ("cafe", vec![95, 94]),
            ("CAFE\u{301}", vec![95, 94]),
            ("👍", vec![96]),
            ("C++", vec![97]),
            ("C d", vec![98]),
            ("wide", vec![99]),
            ("ｗｉｄｅ", vec![99]),
            ("東京都", vec![]),
        ] {
            assert_eq!(seqs(&chat, text), expected, "{text}");
        }
    }

    #[test]
    fn what_the_server_finds_comes_to_it_once_and_in_pages() {
        let mut chat = chat();
        let wolke = query("wolke");
        chat.search.ask(&wolke, None, None);
        assert!(chat.search.is_asking());
        chat.search
            .found(&query("other"), vec![found(1, "x")], false, None);
        assert!(
            chat.search.is_asking(),
            "that was an answer to something else"
        );
        let answer = vec![found(92, "wolke"), found(7, "wolke sieben")];
        chat.search.found(&wolke, answer, true, None);
        assert_eq!(seqs(&chat, "wolke"), [92, 90, 7]);
        assert_eq!(
            seqs(&chat, "wolken"),
            [90],
            "it was asked for something else"
        );
        let rest = chat.search.rest(&wolke).unwrap();
        assert_eq!(rest.seq, 7);
        chat.search.ask(&wolke, Some(&rest), None);
        chat.search
            .found(&wolke, vec![found(3, "wolke drei")], false, None);
        assert_eq!(seqs(&chat, "wolke"), [92, 90, 7, 3]);
        assert_eq!(chat.search.rest(&wolke), None);
        assert!(chat.search.has_answered(&wolke));
        let other = query("other");
        chat.search.ask(&other, None, None);
        chat.search.stop();
        assert!(!chat.search.is_asking() && !chat.search.has_answered(&other));
    }

    #[test]
    fn a_message_further_up_is_fetched_with_what_lies_between() {
        let mut chat = chat();
        let older = |chat: &Chat| {
            let mut asked = chat.requests.waiting().iter();
            asked.any(|(_, request)| matches!(request, ClientMessage::History { .. }))
        };
        chat.go_to(lobby(), 91);
        assert!(!older(&chat), "it is here");
        chat.go_to(lobby(), 7);
        assert!(older(&chat));
        assert_eq!(chat.goal.as_ref().map(|goal| goal.number), Some(2));
        chat.open(lobby());
        assert_eq!(chat.goal, None);
    }
}
