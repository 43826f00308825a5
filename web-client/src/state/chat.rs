//! The log of the lobby: what was said and noticed, in the order in which it came.
//!
//! Pure; a message's text is only kept, never looked into.

use std::rc::Rc;

use super::lines::{self, Line};
use super::outbox::Outbox;

/// Most entries that are kept; older ones leave the page, so that a long day does not slow it.
pub const LOG_MAX_ENTRIES: usize = 2_000;

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counts up; the key in lists.
    pub number: u64,
    /// When it came, in milliseconds since 1970.
    pub at: u64,
    /// What it is.
    pub content: Content,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Somebody said something.
    Said {
        /// Display name.
        name: String,
        /// The text.
        text: String,
        /// It was us.
        own: bool,
    },
    /// The server said something.
    Notice(String),
}

/// The log and what is on its way to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chat {
    /// Oldest first; shared, because the state is copied with every action.
    pub entries: Vec<Rc<Entry>>,
    /// Our display name, as the server last said.
    pub own_name: Option<String>,
    /// What is on its way.
    pub outbox: Outbox,
    last_number: u64,
}

impl Chat {
    /// A chat with only what an earlier life of this page left to be sent.
    pub fn restore(outbox: Outbox) -> Self {
        Self {
            outbox,
            ..Self::default()
        }
    }

    /// Begins a new log; what waits to be sent stays.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.own_name = None;
    }

    /// Books one text from the server.
    pub fn receive(&mut self, text: &str, at: u64) {
        match lines::parse(text) {
            Line::Said { name, text } => {
                let own = self.own_name.as_deref() == Some(name.as_str());
                if own {
                    self.outbox.echoed(&text);
                }
                self.add(Content::Said { name, text, own }, at);
            }
            Line::Welcome { name, notice } => {
                self.own_name = Some(name);
                self.add(Content::Notice(notice), at);
            }
            Line::Renamed { old, new, notice } => {
                if self.own_name.as_deref() == Some(old.as_str()) {
                    self.own_name = Some(new);
                }
                self.add(Content::Notice(notice), at);
            }
            Line::Notice(notice) => self.add(Content::Notice(notice), at),
        }
    }

    fn add(&mut self, content: Content, at: u64) {
        self.last_number += 1;
        self.entries.push(Rc::new(Entry {
            number: self.last_number,
            at,
            content,
        }));
        let surplus = self.entries.len().saturating_sub(LOG_MAX_ENTRIES);
        self.entries.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_messages_are_known_by_the_name_the_server_gave() {
        let mut chat = Chat::default();
        chat.receive("* Welcome to the lobby, guest-1. Say hello.", 1);
        chat.outbox.push("hello".into(), 1);
        chat.outbox.sent(1);
        chat.receive("other: hello", 2);
        assert_eq!(
            chat.outbox.lines().len(),
            1,
            "somebody else's text is no receipt"
        );
        chat.receive("* guest-1 is now ada", 3);
        chat.receive("ada: hello", 4);
        assert!(chat.outbox.lines().is_empty());
        assert!(matches!(
            &chat.entries.last().unwrap().content,
            Content::Said { own: true, name, .. } if name == "ada"
        ));
    }

    #[test]
    fn others_may_take_other_names() {
        let mut chat = Chat::default();
        chat.receive("* Welcome to the lobby, guest-1. Hi.", 1);
        chat.receive("* guest-2 is now bob", 1);
        assert_eq!(chat.own_name.as_deref(), Some("guest-1"));
    }

    #[test]
    fn the_log_is_bounded_and_its_numbers_go_on() {
        let mut chat = Chat::default();
        for _ in 0..LOG_MAX_ENTRIES + 5 {
            chat.receive("* x", 0);
        }
        assert_eq!(chat.entries.len(), LOG_MAX_ENTRIES);
        assert_eq!(chat.entries[0].number, 6);
    }
}
