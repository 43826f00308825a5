//! The log of a room: messages as they look now, with their edits, deletions and reactions applied.
//!
//! The module is pure. A log holds a range of entries with none left out, and grows at both ends.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::sorting;
use shared::chat::{Author, Emoji, Entry, Event, MessageId, Seq, UserId};

use super::outbox::Writing;

/// A message as it looks now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The message's number in the room.
    pub seq: Seq,
    /// The message's id.
    pub id: MessageId,
    /// The writer, with the name at the time of writing.
    pub from: Author,
    /// The time when the server accepted the message, in milliseconds since 1970.
    pub at: u64,
    /// The present text, or `None` if the message was deleted.
    pub text: Option<Rc<str>>,
    /// The text has changed since the message was sent.
    pub edited: bool,
    /// The time when the present text was written, in milliseconds since 1970.
    pub text_at: u64,
    /// The former texts, oldest first: the first one, and the latest ones of [`FORMER_TEXTS`].
    pub former: Vec<Former>,
    /// The message that this one answers.
    pub reply_to: Option<Seq>,
    /// The reactions, in the order of their first appearance.
    pub reactions: Vec<Reaction>,
}

/// The most former texts of a message that are kept. Its writer may edit it as often as they like,
/// and nobody reads more.
pub const FORMER_TEXTS: usize = 10;

/// A text that a message had before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// The time when it was written, in milliseconds since 1970.
    pub at: u64,
    /// The text.
    pub text: Rc<str>,
}

/// One emoji under a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// The emoji that people reacted with.
    pub emoji: Emoji,
    /// The people who reacted with it, in the order of their reactions.
    pub by: Vec<Author>,
}

impl Reaction {
    /// Returns `true` if the person has reacted with this emoji.
    pub fn is_by(&self, person: Option<UserId>) -> bool {
        self.by.iter().any(|by| Some(by.id) == person)
    }
}

/// The entries of a room that the client holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    /// The messages of a contiguous range of entries, by number. They are shared, because the state
    /// is copied with every action.
    messages: Vec<Rc<Message>>,
    /// The effects on messages before the range, each with the number of its entry. They are
    /// applied when those messages come.
    early: BTreeMap<Seq, Vec<(Seq, Effect)>>,
    /// The first and the last number of the range, unless it is empty.
    range: Option<(Seq, Seq)>,
}

/// An entry's effect on an earlier message.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Effect {
    /// A new text, and the time when it was written.
    Text(Option<Rc<str>>, u64),
    Delete,
    React(Author, Emoji, bool),
}

/// The error that an entry does not follow the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap;

impl Log {
    /// Returns the messages, oldest first.
    pub fn messages(&self) -> &[Rc<Message>] {
        &self.messages
    }

    /// Returns the number of the first entry.
    pub fn first(&self) -> Option<Seq> {
        self.range.map(|(first, _)| first)
    }

    /// Returns the number of the last entry.
    pub fn last(&self) -> Option<Seq> {
        self.range.map(|(_, last)| last)
    }

    /// Returns the message with this number, if it is here.
    pub fn message(&self, seq: Seq) -> Option<&Rc<Message>> {
        self.place(seq).ok().map(|place| &self.messages[place])
    }

    fn place(&self, seq: Seq) -> Result<usize, usize> {
        self.messages
            .binary_search_by_key(&seq, |message| message.seq)
    }

    /// Appends the next entry. An entry that is here already changes nothing.
    ///
    /// # Errors
    /// [`Gap`] if the entry does not follow the last one. The log stays as it was.
    pub fn append(&mut self, entry: Entry) -> Result<(), Gap> {
        let seq = entry.seq;
        match &mut self.range {
            // A page and the entries that happen meanwhile may overlap.
            Some((_, last)) if seq <= *last => return Ok(()),
            Some((_, last)) if seq == *last + 1 => *last = seq,
            Some(_) => return Err(Gap),
            none => *none = Some((seq, seq)),
        }
        match new_message(entry) {
            Ok(message) => self.messages.push(Rc::new(message)),
            Err((of, effect)) => self.affect(of, seq, effect),
        }
        Ok(())
    }

    /// Puts older entries before the first one. Has no effect if they do not end right before it.
    pub fn prepend(&mut self, entries: Vec<Entry>) {
        let (Some(first), Some(last)) = (
            entries.first().map(|entry| entry.seq),
            entries.last().map(|entry| entry.seq),
        ) else {
            return;
        };
        match &mut self.range {
            // An answer to a request of before the log was replaced would leave a gap.
            Some((start, _)) if last + 1 == *start => *start = first,
            _ => return,
        }
        let mut older: Vec<Rc<Message>> = Vec::new();
        for entry in entries {
            let seq = entry.seq;
            match new_message(entry) {
                Ok(message) => older.push(Rc::new(message)),
                Err((of, effect)) => self.early.entry(of).or_default().push((seq, effect)),
            }
        }
        // The effects come last: they are of later entries than all messages of the page.
        older.append(&mut self.messages);
        self.messages = older;
        // Effects on messages before this page stay in `early`, for a page that is older still.
        for (of, mut effects) in self.early.split_off(&first) {
            // Pages come latest first, so the effects that were collected stand out of order.
            sorting::sort_by(&mut effects, |a, b| a.0.cmp(&b.0));
            for (seq, effect) in effects {
                self.affect(of, seq, effect);
            }
        }
    }

    fn affect(&mut self, of: Seq, seq: Seq, effect: Effect) {
        match self.place(of) {
            Ok(place) => Rc::make_mut(&mut self.messages[place]).take(effect),
            Err(_) if self.first().is_some_and(|first| of < first) => {
                self.early.entry(of).or_default().push((seq, effect));
            }
            // The number belongs to an edit, a deletion or a reaction, so there is nothing to show.
            Err(_) => {}
        }
    }
}

impl Message {
    /// Returns the entry that adds a person's reaction, or takes it back if it is there.
    pub fn toggle(&self, me: Option<UserId>, emoji: &Emoji) -> Writing {
        let reaction = self.reactions.iter().find(|it| it.emoji == *emoji);
        let there = reaction.is_some_and(|it| it.is_by(me));
        Writing::React {
            of: self.seq,
            emoji: emoji.clone(),
            on: !there,
        }
    }

    fn take(&mut self, effect: Effect) {
        match effect {
            Effect::Text(text, at) => self.change_text(text, at),
            Effect::Delete => {
                self.text = None;
                // Deleted for everybody, as it was ever written.
                self.former.clear();
                self.reactions.clear();
            }
            Effect::React(by, emoji, on) => self.react(by, emoji, on),
        }
    }

    fn change_text(&mut self, text: Option<Rc<str>>, at: u64) {
        // An edit without a text is an edit of a message that was deleted later: the server has
        // removed the text.
        let (Some(old), Some(text)) = (self.text.clone(), text) else {
            return;
        };
        self.edited = true;
        if *old != *text {
            let former = Former {
                at: self.text_at,
                text: old,
            };
            self.former.push(former);
            if self.former.len() > FORMER_TEXTS {
                self.former.remove(1);
            }
        }
        self.text = Some(text);
        self.text_at = at;
    }

    fn react(&mut self, by: Author, emoji: Emoji, on: bool) {
        let found = self
            .reactions
            .iter_mut()
            .find(|reaction| reaction.emoji == emoji);
        match found {
            Some(reaction) => {
                // A second reaction with one emoji must not count twice.
                reaction.by.retain(|other| other.id != by.id);
                if on {
                    reaction.by.push(by);
                }
            }
            None if on => self.reactions.push(Reaction {
                emoji,
                by: vec![by],
            }),
            None => {}
        }
        self.reactions.retain(|reaction| !reaction.by.is_empty());
    }
}

/// Returns the message of an entry, if the entry is a message.
pub(super) fn message(entry: Entry) -> Option<Message> {
    new_message(entry).ok()
}

/// Returns the message of an entry, or the entry's target and its effect on the target.
fn new_message(entry: Entry) -> Result<Message, (Seq, Effect)> {
    let text = |text: Option<shared::chat::Text>| text.map(|text| Rc::from(text.as_str()));
    let at = u64::try_from(entry.at.unix_millis()).unwrap_or(0);
    match entry.event {
        Event::Message {
            text: said,
            reply_to,
        } => Ok(Message {
            seq: entry.seq,
            id: entry.id,
            from: entry.from,
            at,
            text: text(said),
            edited: false,
            text_at: at,
            former: Vec::new(),
            reply_to,
            reactions: Vec::new(),
        }),
        Event::Edited { of, text: said } => Err((of, Effect::Text(text(said), at))),
        Event::Deleted { of } => Err((of, Effect::Delete)),
        Event::Reacted { of, emoji, on } => Err((of, Effect::React(entry.from, emoji, on))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{author, entry, says};
    use shared::chat::Text;

    fn edit(seq: Seq, of: Seq, text: Option<&str>) -> Entry {
        let text = text.map(|text| Text::parse(text).unwrap());
        entry(seq, "ada", Event::Edited { of, text })
    }

    fn react(seq: Seq, from: &str, of: Seq, on: bool) -> Entry {
        let emoji = Emoji::parse("👍").unwrap();
        entry(seq, from, Event::Reacted { of, emoji, on })
    }

    fn texts(log: &Log) -> Vec<&str> {
        let texts = log.messages().iter();
        texts
            .map(|it| it.text.as_deref().unwrap_or("(deleted)"))
            .collect()
    }

    #[test]
    fn of_many_former_texts_the_first_and_the_latest_are_kept_until_a_deletion() {
        let mut log = Log::default();
        log.append(says(1, "ada", "text 1")).unwrap();
        for seq in 2..100 {
            log.append(edit(seq, 1, Some(&format!("text {seq}"))))
                .unwrap();
        }
        // The same text again is no other one.
        log.append(edit(100, 1, Some("text 99"))).unwrap();
        let message = &log.messages()[0];
        assert_eq!(message.text.as_deref(), Some("text 99"));
        let former: Vec<_> = message.former.iter().map(|it| &*it.text).collect();
        assert_eq!(former.len(), FORMER_TEXTS);
        assert_eq!(former[..2], ["text 1", "text 90"]);
        assert_eq!(former.last(), Some(&"text 98"));
        log.append(entry(101, "ada", Event::Deleted { of: 1 }))
            .unwrap();
        assert!(log.messages()[0].former.is_empty());
    }

    /// Returns the entries of one room, with every kind of event.
    fn story() -> Vec<Entry> {
        vec![
            says(1, "ada", "one"),
            says(2, "bob", "two"),
            edit(3, 1, Some("uno")),
            react(4, "bob", 1, true),
            says(5, "ada", "three"),
            react(6, "ada", 1, true),
            react(7, "bob", 1, false),
            entry(8, "bob", Event::Deleted { of: 2 }),
            edit(9, 1, Some("eins")),
            says(10, "bob", "four"),
        ]
    }

    #[test]
    fn a_log_looks_the_same_however_it_came() {
        let mut whole = Log::default();
        for entry in story() {
            whole.append(entry).unwrap();
        }
        assert_eq!(texts(&whole), ["eins", "(deleted)", "three", "four"]);
        let first = &whole.messages()[0];
        assert!(first.edited);
        let former: Vec<_> = first.former.iter().map(|it| &*it.text).collect();
        assert_eq!(former, ["one", "uno"]);
        assert_eq!(first.reactions.len(), 1);
        assert_eq!(first.reactions[0].by, [author("ada")]);

        // The log begins at each position, grows forwards, and then backwards in pages of every
        // size.
        for start in 0..story().len() {
            for size in 1..=story().len() {
                let mut log = Log::default();
                for entry in story().split_off(start) {
                    log.append(entry).unwrap();
                }
                let older: Vec<_> = story().into_iter().take(start).collect();
                for page in older.rchunks(size) {
                    log.prepend(page.to_vec());
                }
                assert_eq!(log.messages(), whole.messages(), "from {start} by {size}");
                assert_eq!((log.first(), log.last()), (Some(1), Some(10)));
            }
        }
    }

    #[test]
    fn what_came_already_changes_nothing_and_what_is_missing_is_noticed() {
        let mut log = Log::default();
        log.append(says(4, "ada", "four")).unwrap();
        log.append(says(4, "ada", "again")).unwrap();
        assert_eq!(log.append(says(6, "ada", "six")), Err(Gap));
        log.prepend(vec![says(1, "ada", "one")]);
        assert_eq!(texts(&log), ["four"]);
        log.append(says(5, "ada", "five")).unwrap();
        assert_eq!(texts(&log), ["four", "five"]);
    }

    #[test]
    fn reactions_that_differ_in_presentation_are_one() {
        let heart = |seq, from: &str, text: &str, on| {
            let emoji = Emoji::parse(text).unwrap();
            entry(seq, from, Event::Reacted { of: 1, emoji, on })
        };
        let mut log = Log::default();
        log.append(says(1, "ada", "one")).unwrap();
        log.append(heart(2, "ada", "❤", true)).unwrap();
        log.append(heart(3, "bob", "❤\u{fe0f}", true)).unwrap();
        let reactions = &log.messages()[0].reactions;
        assert_eq!(reactions.len(), 1);
        assert_eq!(reactions[0].by, [author("ada"), author("bob")]);
        log.append(heart(4, "ada", "❤\u{fe0f}", false)).unwrap();
        assert_eq!(log.messages()[0].reactions[0].by, [author("bob")]);
    }

    #[test]
    fn a_reaction_is_added_and_taken_back_by_the_same_step() {
        let thumb = Emoji::parse("👍").unwrap();
        let me = crate::testing::author("ada").id;
        let mut log = Log::default();
        log.append(says(1, "ada", "one")).unwrap();
        for (seq, expected) in [(2, true), (3, false), (4, true)] {
            let writing = log.message(1).unwrap().toggle(Some(me), &thumb);
            let Writing::React { of: 1, emoji, on } = writing else {
                panic!("{writing:?}");
            };
            assert_eq!(on, expected);
            let event = Event::Reacted { of: 1, emoji, on };
            log.append(entry(seq, "ada", event)).unwrap();
        }
    }

    #[test]
    fn a_deleted_message_stays_deleted() {
        let mut log = Log::default();
        log.append(says(1, "ada", "one")).unwrap();
        log.append(entry(2, "ada", Event::Deleted { of: 1 }))
            .unwrap();
        log.append(edit(3, 1, None)).unwrap();
        assert_eq!(texts(&log), ["(deleted)"]);
        // An edit of a message that was never there has no effect.
        log.append(edit(4, 99, Some("x"))).unwrap();
        assert_eq!(log.messages().len(), 1);
    }
}
