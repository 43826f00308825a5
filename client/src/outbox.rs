//! Entries that the server has not acknowledged yet. Nothing leaves the outbox silently.
//!
//! Every entry has an id, and the server accepts one id of a writer once. So an entry that was
//! handed to a connection that ended before the answer came is simply sent again.

use crate::sorted::SortedSet;
use serde::{Deserialize, Serialize};
use shared::chat::{ClientMessage, Emoji, MessageId, RoomId, Seq, Text};

/// An entry that a person wants to add to a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Writing {
    /// A new message.
    Say {
        /// The message's text.
        text: Text,
        /// The message that this one answers.
        reply_to: Option<Seq>,
    },
    /// A new text of an own message.
    Edit {
        /// The changed message.
        of: Seq,
        /// The new text of the message.
        text: Text,
    },
    /// The deletion of a message.
    Delete {
        /// The deleted message.
        of: Seq,
    },
    /// A reaction, or its removal.
    React {
        /// The message reacted to.
        of: Seq,
        /// The emoji of the reaction.
        emoji: Emoji,
        /// `true` if the reaction is there from now on.
        on: bool,
    },
}

impl Writing {
    /// Returns the message that a new message answers.
    pub fn answers(&self) -> Option<Seq> {
        match self {
            Self::Say { reply_to, .. } => *reply_to,
            Self::Edit { .. } | Self::Delete { .. } | Self::React { .. } => None,
        }
    }
}

/// The delivery state of an outgoing entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryState {
    /// The entry waits for a session.
    Queued,
    /// The socket has taken the entry; the server has not answered yet.
    Sent,
    /// The server has stored the entry under this number, but the entry has not come back yet.
    Acked(Seq),
    /// The server rejected the entry, for this reason.
    Refused(String),
}

/// The server and the key that an entry belongs to. The entry goes to no other server, and under no
/// other key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Account {
    /// The server's address.
    pub server: String,
    /// The fingerprint of the person's key.
    pub key: String,
}

/// An entry on its way to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The entry's id, made by this client.
    pub id: MessageId,
    /// The account that the entry belongs to.
    pub account: Account,
    /// The room that the entry is for.
    pub room: RoomId,
    /// The entry's content.
    pub what: Writing,
    /// The delivery state. Outboxes that were stored by earlier versions call it `fate`.
    #[serde(alias = "fate")]
    pub state: DeliveryState,
    /// The time when the entry was written, in milliseconds since 1970.
    pub at: u64,
}

impl Outgoing {
    /// Returns the request that sends the entry.
    pub fn request(&self) -> ClientMessage {
        let (room, id) = (self.room.clone(), self.id);
        match self.what.clone() {
            Writing::Say { text, reply_to } => ClientMessage::Send {
                room,
                id,
                text,
                reply_to,
            },
            Writing::Edit { of, text } => ClientMessage::Edit { room, id, of, text },
            Writing::Delete { of } => ClientMessage::Delete { room, id, of },
            Writing::React { of, emoji, on } => ClientMessage::React {
                room,
                id,
                of,
                emoji,
                on,
            },
        }
    }
}

/// The entries on their way, in the order in which they are sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outbox {
    lines: Vec<Outgoing>,
    /// The entries that were sent under a name that their room has lost since.
    moved: SortedSet<MessageId>,
}

impl Outbox {
    /// Returns an outbox with the entries that an earlier run of the program left.
    pub fn restore(lines: Vec<Outgoing>) -> Self {
        let mut outbox = Self {
            lines,
            ..Self::default()
        };
        // The connections of the earlier run are gone, so no answer comes any more.
        outbox.disconnected();
        outbox
    }

    /// Adds entries that another client of this person has left, such as a tab that was closed. They
    /// are older than those that are here, and none is added twice.
    pub fn adopt(&mut self, lines: Vec<Outgoing>) {
        let mut left = Self::restore(lines).lines;
        left.retain(|line| self.lines.iter().all(|own| own.id != line.id));
        left.append(&mut self.lines);
        self.lines = left;
    }

    /// Returns all entries, oldest first.
    pub fn lines(&self) -> &[Outgoing] {
        &self.lines
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, line: Outgoing) {
        self.lines.push(line);
    }

    /// Returns the entries that wait for a session of this account.
    pub fn queued(&self, account: &Account) -> impl Iterator<Item = &Outgoing> {
        let queued =
            |line: &&Outgoing| line.state == DeliveryState::Queued && line.account == *account;
        self.lines.iter().filter(queued)
    }

    /// Marks an entry as taken by the socket.
    pub fn sent(&mut self, id: MessageId) {
        // An answer that came first must not be overwritten.
        if let Some(line) = self
            .line(id)
            .filter(|line| line.state == DeliveryState::Queued)
        {
            line.state = DeliveryState::Sent;
        }
    }

    /// Marks an entry as durable. It stays in the outbox until it is `here` in its room's log, so
    /// that the screen shows it all the time.
    pub fn acked(&mut self, id: MessageId, seq: Seq, here: bool) {
        if here {
            self.arrived(id);
        } else if let Some(line) = self.line(id) {
            line.state = DeliveryState::Acked(seq);
            self.moved.remove(&id);
        }
    }

    /// Redirects the entries on their way to a room to the room's new name.
    pub fn renamed(&mut self, from: &RoomId, to: &RoomId) {
        for line in self.lines.iter_mut().filter(|line| line.room == *from) {
            line.room = to.clone();
            if line.state == DeliveryState::Sent {
                self.moved.insert(line.id);
            }
        }
    }

    /// Queues an entry again that the server has refused because it knows the room by another name by
    /// now. Returns `false` if the room was not renamed since the entry was sent.
    pub fn follow(&mut self, id: MessageId) -> bool {
        // Removed, so that it is sent again once for each new name.
        let follows = self.moved.remove(&id);
        match self.line(id) {
            Some(line) if follows => {
                line.state = DeliveryState::Queued;
                true
            }
            _ => false,
        }
    }

    /// Removes an entry that is in its room's log.
    pub fn arrived(&mut self, id: MessageId) {
        self.moved.remove(&id);
        self.lines.retain(|line| line.id != id);
    }

    /// Marks an entry as rejected. Returns `false` if it is not in the outbox.
    pub fn refused(&mut self, id: MessageId, reason: String) -> bool {
        self.moved.remove(&id);
        let line = self.line(id);
        line.map(|line| line.state = DeliveryState::Refused(reason))
            .is_some()
    }

    /// Queues the entries without an answer again, because their connection has ended.
    pub fn disconnected(&mut self) {
        self.moved.clear();
        for line in &mut self.lines {
            // An acked entry too: it has not come back, and the same id gets the same ack again.
            if matches!(line.state, DeliveryState::Sent | DeliveryState::Acked(_)) {
                line.state = DeliveryState::Queued;
            }
        }
    }

    /// Removes an entry, unless the present connection has taken it. An entry of an ended
    /// connection is queued again, so it is removed even if the server has it.
    pub fn remove(&mut self, id: MessageId) {
        self.lines.retain(|line| {
            line.id != id
                || !matches!(
                    line.state,
                    DeliveryState::Queued | DeliveryState::Refused(_)
                )
        });
    }

    /// Queues a rejected entry again. It keeps its id, which the server has not stored.
    pub fn resend(&mut self, id: MessageId) {
        if let Some(line) = self.line(id)
            // A second copy of an entry that is under way would only cost a request.
            && matches!(line.state, DeliveryState::Refused(_))
        {
            line.state = DeliveryState::Queued;
        }
    }

    fn line(&mut self, id: MessageId) -> Option<&mut Outgoing> {
        self.lines.iter_mut().find(|line| line.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::chat::RoomName;

    fn account() -> Account {
        Account {
            server: "ws://a/ws".into(),
            key: "SHA256:k".into(),
        }
    }

    fn id(number: u64) -> MessageId {
        MessageId::new(number, [0; 10])
    }

    fn say(number: u64, text: &str) -> Outgoing {
        Outgoing {
            id: id(number),
            account: account(),
            room: RoomName::lobby().into(),
            what: Writing::Say {
                text: Text::parse(text).unwrap(),
                reply_to: None,
            },
            state: DeliveryState::Queued,
            at: number,
        }
    }

    fn states(outbox: &Outbox) -> Vec<DeliveryState> {
        outbox
            .lines()
            .iter()
            .map(|line| line.state.clone())
            .collect()
    }

    #[test]
    fn what_has_no_answer_is_sent_again_with_its_id() {
        let mut outbox = Outbox::default();
        outbox.push(say(1, "one"));
        outbox.push(say(2, "two"));
        outbox.sent(id(1));
        assert_eq!(outbox.queued(&account()).count(), 1);
        outbox.disconnected();
        let again: Vec<_> = outbox.queued(&account()).map(|line| line.id).collect();
        assert_eq!(
            again,
            [id(1), id(2)],
            "in the order in which they were written"
        );
    }

    #[test]
    fn it_is_on_the_screen_until_its_entry_is() {
        let mut outbox = Outbox::default();
        outbox.push(say(1, "one"));
        outbox.push(say(2, "two"));
        outbox.sent(id(1));
        outbox.acked(id(1), 7, false);
        assert_eq!(
            states(&outbox),
            [DeliveryState::Acked(7), DeliveryState::Queued]
        );
        outbox.arrived(id(1));
        outbox.acked(id(2), 8, true);
        assert!(outbox.lines().is_empty());
    }

    #[test]
    fn a_reload_keeps_everything() {
        let mut outbox = Outbox::default();
        outbox.push(say(1, "sent"));
        outbox.push(say(2, "refused"));
        outbox.sent(id(1));
        outbox.refused(id(2), "no".into());
        let json = serde_json::to_string(outbox.lines()).unwrap();
        let outbox = Outbox::restore(serde_json::from_str(&json).unwrap());
        assert_eq!(
            states(&outbox),
            [DeliveryState::Queued, DeliveryState::Refused("no".into())]
        );
    }

    #[test]
    fn entries_of_a_closed_tab_come_first_and_once() {
        let mut outbox = Outbox::default();
        outbox.push(say(3, "three"));
        let mut sent = say(1, "one");
        sent.state = DeliveryState::Sent;
        outbox.adopt(vec![sent, say(2, "two"), say(3, "three")]);
        let queued: Vec<_> = outbox.queued(&account()).map(|line| line.id).collect();
        assert_eq!(queued, [id(1), id(2), id(3)]);
    }

    #[test]
    fn another_server_or_key_gets_nothing_of_it() {
        let mut outbox = Outbox::default();
        outbox.push(say(1, "one"));
        let other_server = Account {
            server: "ws://b/ws".into(),
            ..account()
        };
        let other_key = Account {
            key: "SHA256:x".into(),
            ..account()
        };
        for other in [other_server, other_key] {
            assert_eq!(outbox.queued(&other).count(), 0);
        }
    }

    #[test]
    fn what_is_under_way_cannot_be_cancelled_and_what_was_refused_can_be_tried_again() {
        let mut outbox = Outbox::default();
        outbox.push(say(1, "a"));
        outbox.push(say(2, "b"));
        outbox.sent(id(1));
        outbox.remove(id(1));
        outbox.remove(id(2));
        assert_eq!(states(&outbox), [DeliveryState::Sent]);
        assert!(outbox.refused(id(1), "too fast".into()));
        assert!(!outbox.refused(id(2), "gone".into()));
        outbox.resend(id(1));
        assert_eq!(states(&outbox), [DeliveryState::Queued]);
    }
}
