//! The things that a person does to a message.

use client::outbox::Writing;
use shared::chat::Seq;

/// Something that a person does to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// Writes an entry into the room.
    Write(Writing),
    /// Begins an answer to the message.
    Reply(Seq),
    /// Begins to edit the message.
    Edit(Seq),
    /// Shows the message that this one answers.
    Show(Seq),
}
