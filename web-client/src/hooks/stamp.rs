//! Actions of writing, stamped with the time and an id: the reducer has no clock and no randomness,
//! and components must not know the engine, which has both.

use client::outbox::Writing;
use shared::chat::Seq;

use crate::engine::clock;
use crate::state::Action;

/// Returns the action for a line of the composer, which answers `reply_to` if it is a message.
pub fn compose(line: String, reply_to: Option<Seq>) -> Action {
    Action::Compose {
        line,
        reply_to,
        id: clock::message_id(),
        at: clock::epoch_ms(),
    }
}

/// Returns the action for an entry about a message of the room on the screen.
pub fn write(what: Writing) -> Action {
    Action::Write {
        what,
        id: clock::message_id(),
        at: clock::epoch_ms(),
    }
}

/// Returns the action for a person who is writing.
pub fn typing() -> Action {
    Action::Typing(clock::epoch_ms())
}
