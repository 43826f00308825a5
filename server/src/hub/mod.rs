//! Who is in the lobby, what they are called, and what each still has to be sent.
//!
//! Knows nothing of sockets and protocols: a member is a key and a queue.

mod lobby;
mod names;
mod queue;

pub use lobby::{Lobby, Membership, Next};
pub use queue::{Inbox, QUEUE_BYTES};
