//! What the person wants said and the server has not yet echoed. Nothing leaves it silently.
//!
//! v1 has no message ids: the echo of the own name and the same text is the receipt. So a line that
//! was handed to the socket and never echoed is *unconfirmed*, and only the person may send it again.

use serde::{Deserialize, Serialize};

use super::lines;

/// Most bytes of one message that this page sends: the server's default limit of a text.
pub const TEXT_MAX_BYTES: usize = 16 * 1024;

/// How far a line is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// Waits for a session; it has not left this page.
    Queued,
    /// Handed to the socket; its echo has not come yet.
    Sent,
    /// The connection ended before its echo came: it may or may not have arrived.
    Unconfirmed,
    /// It was not sent, for this reason.
    Refused(String),
}

/// One line on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Unique within the outbox's life; a line that is sent again gets a new one.
    pub id: u32,
    /// What is sent.
    pub text: String,
    /// How far it is.
    pub fate: Fate,
    /// When it was written, in milliseconds since 1970.
    pub at: u64,
}

/// The lines on their way, in the order in which they are sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outbox {
    lines: Vec<Outgoing>,
    last_id: u32,
}

impl Outbox {
    /// An outbox with what an earlier life of this page left behind.
    ///
    /// What had been handed to the socket then can no longer be confirmed.
    pub fn restore(mut lines: Vec<Outgoing>) -> Self {
        for line in &mut lines {
            if line.fate == Fate::Sent {
                line.fate = Fate::Unconfirmed;
            }
        }
        let last_id = lines.iter().map(|line| line.id).max().unwrap_or(0);
        Self { lines, last_id }
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> &[Outgoing] {
        &self.lines
    }

    /// Adds a line at the end.
    pub fn push(&mut self, text: String, at: u64) {
        self.last_id += 1;
        self.lines.push(Outgoing {
            id: self.last_id,
            text,
            fate: Fate::Queued,
            at,
        });
    }

    /// The lines that may be handed to the socket now.
    pub fn queued(&self) -> impl Iterator<Item = &Outgoing> {
        self.lines.iter().filter(|line| line.fate == Fate::Queued)
    }

    /// The socket took the line. A command has no echo, so nothing is left to wait for.
    pub fn sent(&mut self, id: u32) {
        let Some(place) = self.place(id) else { return };
        if lines::echo_of(&self.lines[place].text).is_none() {
            self.lines.remove(place);
        } else {
            self.lines[place].fate = Fate::Sent;
        }
    }

    /// The line cannot be sent.
    pub fn refused(&mut self, id: u32, reason: String) {
        if let Some(place) = self.place(id) {
            self.lines[place].fate = Fate::Refused(reason);
        }
    }

    /// Our own `text` came back: the oldest sent line with it has arrived.
    pub fn echoed(&mut self, text: &str) -> bool {
        let found = self
            .lines
            .iter()
            .position(|line| line.fate == Fate::Sent && lines::echo_of(&line.text) == Some(text));
        found.map(|place| self.lines.remove(place)).is_some()
    }

    /// The connection ended: what was not echoed by now will not be.
    pub fn disconnected(&mut self) {
        for line in &mut self.lines {
            if line.fate == Fate::Sent {
                line.fate = Fate::Unconfirmed;
            }
        }
    }

    /// Takes a line out, unless it is on its way right now.
    pub fn remove(&mut self, id: u32) {
        self.lines
            .retain(|line| line.id != id || line.fate == Fate::Sent);
    }

    /// Queues an unconfirmed or refused line again, under a new id, at the end.
    pub fn resend(&mut self, id: u32, at: u64) {
        let Some(place) = self.place(id) else { return };
        if matches!(self.lines[place].fate, Fate::Unconfirmed | Fate::Refused(_)) {
            let line = self.lines.remove(place);
            self.push(line.text, at);
        }
    }

    fn place(&self, id: u32) -> Option<usize> {
        self.lines.iter().position(|line| line.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(outbox: &Outbox) -> Vec<Fate> {
        outbox
            .lines()
            .iter()
            .map(|line| line.fate.clone())
            .collect()
    }

    #[test]
    fn an_echo_confirms_the_oldest_line_with_its_text() {
        let mut outbox = Outbox::default();
        outbox.push("hi".into(), 1);
        outbox.push("hi".into(), 2);
        outbox.sent(1);
        assert!(outbox.echoed("hi"));
        assert!(!outbox.echoed("hi"), "the second one has not left yet");
        assert_eq!(outbox.lines()[0].id, 2);
    }

    #[test]
    fn nothing_is_sent_twice_by_itself() {
        let mut outbox = Outbox::default();
        outbox.push("sent".into(), 1);
        outbox.push("queued".into(), 1);
        outbox.sent(1);
        outbox.disconnected();
        assert_eq!(fates(&outbox), [Fate::Unconfirmed, Fate::Queued]);
        assert_eq!(outbox.queued().count(), 1);

        outbox.resend(1, 2);
        assert_eq!(
            outbox.queued().map(|line| line.id).collect::<Vec<_>>(),
            [2, 3]
        );
    }

    #[test]
    fn a_reload_keeps_what_was_not_sent_and_doubts_what_was() {
        let mut outbox = Outbox::default();
        outbox.push("sent".into(), 1);
        outbox.push("queued".into(), 1);
        outbox.sent(1);
        let json = serde_json::to_string(outbox.lines()).unwrap();
        let mut outbox = Outbox::restore(serde_json::from_str(&json).unwrap());
        assert_eq!(fates(&outbox), [Fate::Unconfirmed, Fate::Queued]);
        outbox.push("new".into(), 2);
        assert_eq!(outbox.lines()[2].id, 3, "ids go on");
    }

    #[test]
    fn commands_wait_for_no_echo() {
        let mut outbox = Outbox::default();
        outbox.push("/who".into(), 1);
        outbox.sent(1);
        assert!(outbox.lines().is_empty());
    }

    #[test]
    fn what_is_under_way_cannot_be_cancelled() {
        let mut outbox = Outbox::default();
        outbox.push("a".into(), 1);
        outbox.push("b".into(), 1);
        outbox.sent(1);
        outbox.remove(1);
        outbox.remove(2);
        assert_eq!(fates(&outbox), [Fate::Sent]);
        outbox.refused(1, "too long".into());
        outbox.remove(1);
        assert!(outbox.lines().is_empty());
    }
}
