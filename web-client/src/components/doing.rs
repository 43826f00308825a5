//! The person's actions on a message.

use client::outbox::Writing;
use shared::chat::{MessageId, Seq};

/// An action of the person on a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// Writes an entry into the room.
    Write(Writing),
    /// Begins an answer to the message.
    Reply(Seq),
    /// Begins to edit the message.
    Edit(Seq),
    /// Makes the message and everything after it unread.
    Unread(Seq),
    /// Shows the frames with the message in the inspector.
    Frames(MessageId),
    /// Shows the message that this one answers.
    Show(Seq),
}
