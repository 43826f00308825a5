//! What the person has done and the server has not yet acknowledged. Nothing leaves it silently.
//!
//! Everything in it has an id, and the server does what has one id once. So whatever was handed to
//! a connection that ended before the answer came is simply sent again.

use serde::{Deserialize, Serialize};
use shared::chat::{ClientMessage, Emoji, MessageId, RoomId, Seq, Text};

/// What is to be done in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Writing {
    /// Say something.
    Say {
        /// What.
        text: Text,
        /// The message that this answers.
        reply_to: Option<Seq>,
    },
    /// Change an own message.
    Edit {
        /// Which.
        of: Seq,
        /// Its new text.
        text: Text,
    },
    /// Delete a message.
    Delete {
        /// Which.
        of: Seq,
    },
    /// React to a message, or take it back.
    React {
        /// Which.
        of: Seq,
        /// How.
        emoji: Emoji,
        /// Whether it is there from now on.
        on: bool,
    },
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryState {
    /// Waits for a session.
    Queued,
    /// Handed to the socket; its answer has not come yet.
    Sent,
    /// Durable under this number, which has not come yet.
    Acked(Seq),
    /// The server refused it, for this reason.
    Refused(String),
}

/// Whose it is: what waits for one server, written with one key, is nothing for another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Account {
    /// The server's address.
    pub server: String,
    /// The fingerprint of the key.
    pub key: String,
}

/// One thing on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Its name, made here.
    pub id: MessageId,
    /// Whose it is.
    pub account: Account,
    /// Where.
    pub room: RoomId,
    /// What.
    pub what: Writing,
    /// How far it is. Outboxes that were stored by earlier versions call it `fate`.
    #[serde(alias = "fate")]
    pub state: DeliveryState,
    /// When it was written, in milliseconds since 1970.
    pub at: u64,
}

impl Outgoing {
    /// What is sent for it.
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

/// Everything on its way, in the order in which it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outbox(Vec<Outgoing>);

impl Outbox {
    /// An outbox with what an earlier life of this page left behind.
    pub fn restore(lines: Vec<Outgoing>) -> Self {
        let mut outbox = Self(lines);
        outbox.disconnected();
        outbox
    }

    /// Everything, oldest first.
    pub fn lines(&self) -> &[Outgoing] {
        &self.0
    }

    /// Adds something at the end.
    pub fn push(&mut self, line: Outgoing) {
        self.0.push(line);
    }

    /// What may be handed to a session of this account now.
    pub fn queued(&self, account: &Account) -> impl Iterator<Item = &Outgoing> {
        let queued =
            |line: &&Outgoing| line.state == DeliveryState::Queued && line.account == *account;
        self.0.iter().filter(queued)
    }

    /// The socket took it.
    pub fn sent(&mut self, id: MessageId) {
        if let Some(line) = self
            .line(id)
            .filter(|line| line.state == DeliveryState::Queued)
        {
            line.state = DeliveryState::Sent;
        }
    }

    /// It is durable. It stays until its entry is `here`, so that it is on the screen all the time.
    pub fn acked(&mut self, id: MessageId, seq: Seq, here: bool) {
        if here {
            self.arrived(id);
        } else if let Some(line) = self.line(id) {
            line.state = DeliveryState::Acked(seq);
        }
    }

    /// Directs what is on its way to a room to the room's new name.
    pub fn renamed(&mut self, from: &RoomId, to: &RoomId) {
        for line in self.0.iter_mut().filter(|line| line.room == *from) {
            line.room = to.clone();
        }
    }

    /// Its entry has come.
    pub fn arrived(&mut self, id: MessageId) {
        self.0.retain(|line| line.id != id);
    }

    /// The server will not do it. `false` if it is not here.
    pub fn refused(&mut self, id: MessageId, reason: String) -> bool {
        let line = self.line(id);
        line.map(|line| line.state = DeliveryState::Refused(reason))
            .is_some()
    }

    /// The connection ended: what has no answer is sent again on the next.
    pub fn disconnected(&mut self) {
        for line in &mut self.0 {
            if matches!(line.state, DeliveryState::Sent | DeliveryState::Acked(_)) {
                line.state = DeliveryState::Queued;
            }
        }
    }

    /// Takes something out, unless it is on its way right now.
    pub fn remove(&mut self, id: MessageId) {
        self.0.retain(|line| {
            line.id != id
                || !matches!(
                    line.state,
                    DeliveryState::Queued | DeliveryState::Refused(_)
                )
        });
    }

    /// Tries something again that was refused: under its id, which the server has not taken.
    pub fn resend(&mut self, id: MessageId) {
        if let Some(line) = self.line(id)
            && matches!(line.state, DeliveryState::Refused(_))
        {
            line.state = DeliveryState::Queued;
        }
    }

    fn line(&mut self, id: MessageId) -> Option<&mut Outgoing> {
        self.0.iter_mut().find(|line| line.id == id)
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
