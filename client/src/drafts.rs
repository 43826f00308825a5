//! Drafts: unsent texts of each room, the message that one answers, and the new texts of messages
//! that are being edited. No draft is lost before it is sent.
//!
//! A client keeps the drafts where they outlive it (`serde`). They belong to an account: a text for
//! one server is never shown in a room of the same name on another.

use crate::sorted::SortedMap;
use serde::{Deserialize, Serialize};
use shared::chat::{RoomId, Seq};

use super::outbox::Account;

/// The use of a message in the composer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Intent {
    /// The text answers this message.
    Reply(Seq),
    /// The text replaces that of this message.
    Edit(Seq),
}

/// The draft of one room.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomDraft {
    /// The text of a new message.
    text: String,
    /// The message that the text answers or edits; `None` for a message of its own.
    intent: Option<Intent>,
    /// The new texts of edited messages, also of those that were put aside.
    edits: SortedMap<Seq, String>,
}

impl RoomDraft {
    /// Returns the text that the composer shows.
    pub fn text(&self) -> &str {
        match self.intent {
            Some(Intent::Edit(seq)) => self.edits.get(&seq).map_or("", String::as_str),
            _ => &self.text,
        }
    }

    /// Returns the message that the text answers or edits.
    pub const fn intent(&self) -> Option<Intent> {
        self.intent
    }

    /// Takes the text of the composer as the person has changed it.
    pub fn change(&mut self, text: String) {
        match self.intent {
            Some(Intent::Edit(seq)) => {
                self.edits.insert(seq, text);
            }
            _ => self.text = text,
        }
    }

    /// Begins to answer or edit a message. `present` is its text; an edit that was put aside goes on
    /// where it was.
    pub fn begin(&mut self, intent: Intent, present: &str) {
        self.intent = Some(intent);
        if let Intent::Edit(seq) = intent {
            self.edits.or_insert_with(seq, || present.to_owned());
        }
    }

    /// Ends the intent and keeps what was written. `present` is the text of the edited message: an
    /// edit that changed nothing is forgotten. Returns the intent that ended, which can
    /// [begin](Self::begin) again.
    pub fn put_aside(&mut self, present: &str) -> Option<Intent> {
        let intent = self.intent.take();
        if let Some(Intent::Edit(seq)) = intent
            && self.edits.get(&seq).is_some_and(|text| text == present)
        {
            self.edits.remove(&seq);
        }
        intent
    }

    /// Removes the text that the composer shows, because it is on its way.
    pub fn sent(&mut self) {
        match self.intent.take() {
            Some(Intent::Edit(seq)) => {
                self.edits.remove(&seq);
            }
            _ => self.text.clear(),
        }
    }

    /// Returns `true` if nothing is written.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.intent.is_none() && self.edits.is_empty()
    }

    /// Merges the draft of another client, such as a closed tab. If both have a text, the other one
    /// stands first.
    fn merge(&mut self, other: Self) {
        self.text = joined(other.text, &self.text);
        self.intent = self.intent.or(other.intent);
        for (seq, text) in other.edits {
            let own = self.edits.or_insert_with(seq, String::new);
            *own = joined(text, own);
        }
    }
}

fn joined(other: String, own: &str) -> String {
    if own.is_empty() || other == own {
        other
    } else if other.is_empty() {
        own.to_owned()
    } else {
        format!("{other}\n{own}")
    }
}

/// The drafts of all rooms, and of all accounts that this client has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Drafts(Vec<Kept>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    account: Account,
    room: RoomId,
    draft: RoomDraft,
}

impl Drafts {
    /// Returns the draft of a room, if it has one.
    pub fn get(&self, account: &Account, room: &RoomId) -> Option<&RoomDraft> {
        self.0
            .iter()
            .find(|it| it.account == *account && it.room == *room)
            .map(|it| &it.draft)
    }

    /// Changes the draft of a room.
    pub fn change<T>(
        &mut self,
        account: &Account,
        room: &RoomId,
        change: impl FnOnce(&mut RoomDraft) -> T,
    ) -> T {
        let known = |it: &Kept| it.account == *account && it.room == *room;
        let mut kept = match self.0.iter().position(known) {
            // Taken out and put to the end: the last one is the one that was written last.
            Some(at) => self.0.remove(at),
            None => Kept {
                account: account.clone(),
                room: room.clone(),
                draft: RoomDraft::default(),
            },
        };
        let done = change(&mut kept.draft);
        if !kept.draft.is_empty() {
            self.0.push(kept);
        }
        done
    }

    /// Moves the draft of a room to the room's new name.
    pub fn renamed(&mut self, account: &Account, from: &RoomId, to: &RoomId) {
        let is_there = |it: &mut Kept| it.account == *account && it.room == *from;
        let moved: Vec<_> = self.0.extract_if(.., |it| is_there(it)).collect();
        for kept in moved {
            self.change(account, to, |draft| draft.merge(kept.draft));
        }
    }

    /// Adds the drafts of another client of this person, such as those of a tab that was closed.
    pub fn merge(&mut self, other: Self) {
        for Kept {
            account,
            room,
            draft,
        } in other.0
        {
            self.change(&account, &room, |own| own.merge(draft));
        }
    }

    /// Returns `true` if nothing is written anywhere.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::chat::RoomName;

    fn account(key: &str) -> Account {
        Account {
            server: "ws://a/ws".into(),
            key: key.into(),
        }
    }

    fn room(name: &str) -> RoomId {
        RoomName::parse(name).unwrap().into()
    }

    #[test]
    fn an_edit_leaves_the_unfinished_message_alone() {
        let mut draft = RoomDraft::default();
        draft.change("half a mess".into());
        draft.begin(Intent::Edit(3), "old");
        assert_eq!(draft.text(), "old");
        draft.change("new".into());
        draft.sent();
        assert_eq!((draft.text(), draft.intent()), ("half a mess", None));
    }

    // Escape, or a click on another message, discarded the text of an edit.
    #[test]
    fn what_was_put_aside_goes_on_where_it_was() {
        let mut draft = RoomDraft::default();
        draft.begin(Intent::Edit(3), "old");
        draft.change("better".into());
        draft.begin(Intent::Edit(4), "other");
        assert_eq!(draft.put_aside("other"), Some(Intent::Edit(4)));
        draft.begin(Intent::Edit(3), "old");
        assert_eq!(draft.text(), "better");
        assert_eq!(draft.put_aside("old"), Some(Intent::Edit(3)));
        assert!(!draft.is_empty());
        draft.begin(Intent::Edit(3), "old");
        draft.change("old".into());
        draft.put_aside("old");
        assert!(draft.is_empty(), "nothing was changed");
    }

    #[test]
    fn an_answer_keeps_what_was_written_before_it() {
        let mut draft = RoomDraft::default();
        draft.change("yes".into());
        draft.begin(Intent::Reply(3), "a question");
        assert_eq!(draft.text(), "yes");
        assert_eq!(draft.put_aside(""), Some(Intent::Reply(3)));
        assert_eq!(draft.text(), "yes");
        draft.begin(Intent::Reply(3), "a question");
        draft.sent();
        assert!(draft.is_empty());
    }

    #[test]
    fn each_account_and_room_has_its_own() {
        let mut drafts = Drafts::default();
        let (a, b) = (account("a"), account("b"));
        drafts.change(&a, &room("x"), |draft| draft.change("for x".into()));
        assert_eq!(drafts.get(&b, &room("x")), None);
        assert_eq!(drafts.get(&a, &room("y")), None);
        drafts.renamed(&b, &room("x"), &room("y"));
        drafts.renamed(&a, &room("x"), &room("y"));
        assert_eq!(drafts.get(&a, &room("x")), None);
        assert_eq!(drafts.get(&a, &room("y")).unwrap().text(), "for x");
        drafts.change(&a, &room("y"), RoomDraft::sent);
        assert!(drafts.is_empty());
    }

    // A tab that was closed and the one that takes over its drafts had both written in a room.
    #[test]
    fn drafts_of_two_tabs_are_both_kept() {
        let (a, x) = (account("a"), room("x"));
        let mut one = Drafts::default();
        one.change(&a, &x, |draft| draft.change("one".into()));
        let mut two = Drafts::default();
        two.change(&a, &x, |draft| {
            draft.change("two".into());
            draft.begin(Intent::Edit(3), "old");
            draft.change("new".into());
        });
        let json = serde_json::to_string(&one).unwrap();
        two.merge(serde_json::from_str(&json).unwrap());
        two.merge(two.clone());
        let draft = two.get(&a, &x).unwrap();
        assert_eq!(
            (draft.text(), draft.intent()),
            ("new", Some(Intent::Edit(3)))
        );
        two.change(&a, &x, RoomDraft::sent);
        assert_eq!(two.get(&a, &x).unwrap().text(), "one\ntwo");
    }
}
