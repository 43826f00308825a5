//! The way of what was asked and written to the session, as far as it takes more.

use client::outbox::Outgoing;
use shared::chat::ClientMessage;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::App;
use crate::session;

impl App {
    /// Hands waiting requests to the session. `true` if the session takes no more at present.
    pub(crate) fn flush(&mut self) -> bool {
        let Some(outgoing) = self.outgoing.clone() else {
            return false;
        };
        // A request is removed only when the session has taken it, so a full channel loses nothing.
        while let Some((number, message)) = self.chat.requests.waiting().first() {
            let number = *number;
            match hand_over(&outgoing, message) {
                Handed::Taken => self.chat.requests.sent(number),
                Handed::Full => return true,
                Handed::Gone => return false,
            }
        }
        for line in self.chat.queued(&self.account) {
            match hand_over(&outgoing, &line.request()) {
                Handed::Taken => self.chat.outbox.sent(line.id),
                Handed::Full => return true,
                Handed::Gone => return false,
            }
        }
        false
    }

    /// Returns the session's queue, to wait until it takes more.
    pub(crate) fn outgoing(&self) -> Option<mpsc::Sender<session::Outgoing>> {
        self.outgoing.clone()
    }

    /// Returns the entries of the outbox for the room on the screen.
    pub(crate) fn on_their_way(&self) -> Vec<&Outgoing> {
        let lines = self.chat.outbox.lines().iter();
        let here =
            |line: &&Outgoing| line.room == self.chat.current && line.account == self.account;
        lines.filter(here).collect()
    }
}

/// The result of handing a message to the session.
enum Handed {
    Taken,
    Full,
    Gone,
}

fn hand_over(outgoing: &mpsc::Sender<session::Outgoing>, message: &ClientMessage) -> Handed {
    // The serialization cannot fail: everything in a message is text and numbers.
    let Ok(json) = serde_json::to_vec(message) else {
        return Handed::Taken;
    };
    match outgoing.try_send(session::Outgoing::Message(json)) {
        Ok(()) => Handed::Taken,
        Err(TrySendError::Full(_)) => Handed::Full,
        Err(TrySendError::Closed(_)) => Handed::Gone,
    }
}
