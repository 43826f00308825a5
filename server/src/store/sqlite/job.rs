//! Requests to the thread that writes, and their answers.

use std::collections::VecDeque;
use std::time::Instant;

use shared::chat::{RoomId, Seq};

use crate::store::outcome::{Answer, Reply};
use crate::store::{Appended, Change, Committed, NewEntry, Outcome, StoreError};
use crate::telemetry::Stage;

/// A request to be written, and its requester.
pub(super) enum Job {
    Append {
        room: RoomId,
        entry: NewEntry,
        reply: Reply<Appended>,
    },
    /// An entry that is answered only if it was stored before.
    Again {
        room: RoomId,
        entry: NewEntry,
        reply: Reply<Appended>,
    },
    Reserve {
        room: RoomId,
        numbers: u32,
        reply: Reply<Seq>,
    },
    Change {
        change: Change,
        reply: Reply<()>,
    },
    /// A search waits until the index has all messages before it. The answer is `false` if it is to
    /// do without the index.
    Index {
        reply: Reply<bool>,
    },
}

/// The result of a job, and what it has changed.
pub(super) enum Done {
    Appended(Result<(Appended, Option<Committed>), StoreError>),
    Reserved(Result<Seq, StoreError>),
    Changed(Result<(), StoreError>),
    Indexed,
}

/// The searches that wait for the index of words, and since when.
pub(super) type Searches = VecDeque<(Instant, Reply<bool>)>;

impl Job {
    /// Enters a stage of the way to the requester.
    pub(super) fn enter(&mut self, stage: Stage) {
        match self {
            Self::Append { reply, .. } | Self::Again { reply, .. } => reply.enter(stage),
            Self::Reserve { reply, .. } => reply.enter(stage),
            Self::Change { reply, .. } => reply.enter(stage),
            // It waits on when its group is written, and so stays in the first stage.
            Self::Index { .. } => {}
        }
    }

    /// Returns `None` for searches, which wait on.
    pub(super) fn into_outcome(self, done: Done, searches: &mut Searches) -> Option<Outcome> {
        Some(match (self, done) {
            (
                Self::Append { reply, .. } | Self::Again { reply, .. },
                Done::Appended(Ok((appended, committed))),
            ) => Outcome::new(committed, Answer::Appended(reply, Ok(appended))),
            (
                Self::Append { reply, .. } | Self::Again { reply, .. },
                Done::Appended(Err(error)),
            ) => Outcome::new(None, Answer::Appended(reply, Err(error))),
            (Self::Reserve { reply, .. }, Done::Reserved(result)) => {
                Outcome::new(None, Answer::Reserved(reply, result))
            }
            (Self::Change { change, reply }, Done::Changed(result)) => {
                let committed = result.is_ok().then_some(Committed::Change(change));
                Outcome::new(committed, Answer::Changed(reply, result))
            }
            (Self::Index { reply }, Done::Indexed) => {
                searches.push_back((Instant::now(), reply));
                return None;
            }
            (
                Self::Append { .. }
                | Self::Again { .. }
                | Self::Reserve { .. }
                | Self::Change { .. }
                | Self::Index { .. },
                _,
            ) => return None,
        })
    }

    /// Returns `None` for searches, which go on without the index.
    pub(super) fn into_refusal(self, error: &StoreError) -> Option<Outcome> {
        let error = error.clone();
        let answer = match self {
            Self::Append { reply, .. } | Self::Again { reply, .. } => {
                Answer::Appended(reply, Err(error))
            }
            Self::Reserve { reply, .. } => Answer::Reserved(reply, Err(error)),
            Self::Change { reply, .. } => Answer::Changed(reply, Err(error)),
            Self::Index { reply } => {
                // Dropped: the search does without the index.
                drop(reply);
                return None;
            }
        };
        Some(Outcome::new(None, answer))
    }
}
