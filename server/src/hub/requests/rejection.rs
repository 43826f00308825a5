//! Rejected requests.

use std::time::Duration;

use shared::chat::client::Unreadable;
use shared::chat::{ChatErrorCode, MessageId, RoomId, ServerMessage, UserId};

use crate::logging::Repeated;
use crate::rates::TooFast;
use crate::store::{MAX_OWN_REACTIONS, MAX_REACTIONS, StoreError};

/// The request that a rejection answers, as its client knows it.
#[derive(Debug, Clone)]
pub(in crate::hub) enum About {
    None,
    Id(MessageId),
    Room(RoomId),
    User(UserId),
    Word(&'static str),
}

impl About {
    fn text(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Id(id) => Some(id.to_string()),
            Self::Room(room) => Some(room.to_string()),
            Self::User(user) => Some(user.to_string()),
            Self::Word(word) => Some((*word).to_owned()),
        }
    }
}

/// A rejected request: its error code, a text for people, and the request it answers.
#[derive(Debug, Clone)]
pub(in crate::hub) struct Rejection {
    code: ChatErrorCode,
    message: String,
    about: About,
    retry_after: Option<Duration>,
}

impl Rejection {
    pub(in crate::hub) fn new(code: ChatErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            about: About::None,
            retry_after: None,
        }
    }

    /// Sets the request that the rejection answers, unless it names one already.
    pub(in crate::hub) fn about(mut self, about: &About) -> Self {
        if matches!(self.about, About::None) {
            self.about = about.clone();
        }
        self
    }

    pub(in crate::hub) fn about_room(self, room: &RoomId) -> Self {
        self.about(&About::Room(room.clone()))
    }

    pub(in crate::hub) fn too_fast(too_fast: TooFast) -> Self {
        let mut rejection = Self::new(ChatErrorCode::RateLimited, too_fast.to_string());
        rejection.retry_after = Some(too_fast.retry_after);
        rejection
    }

    /// Returns the rejection of a request that may be made again after `wait`.
    pub(in crate::hub) fn later(wait: Duration, message: impl Into<String>) -> Self {
        let mut rejection = Self::new(ChatErrorCode::RateLimited, message);
        rejection.retry_after = Some(wait);
        rejection
    }

    pub(in crate::hub) fn no_such_room(room: &RoomId) -> Self {
        let message = format!("There is no room {room}, or not for you.");
        Self::new(ChatErrorCode::NoSuchRoom, message)
    }

    pub(in crate::hub) fn no_such_message() -> Self {
        Self::new(ChatErrorCode::NoSuchEntry, "There is no such message.")
    }

    pub(in crate::hub) fn no_such_member() -> Self {
        Self::new(ChatErrorCode::NoSuchEntry, "The room has no such member.")
    }

    pub(in crate::hub) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ChatErrorCode::Forbidden, message)
    }

    pub(in crate::hub) fn limit_reached(message: impl Into<String>) -> Self {
        Self::new(ChatErrorCode::LimitReached, message)
    }

    pub(in crate::hub) fn unreadable(unreadable: Unreadable) -> Self {
        let code = if unreadable.known_type {
            ChatErrorCode::Malformed
        } else {
            ChatErrorCode::UnknownType
        };
        let mut rejection = Self::new(code, unreadable.detail);
        if let Some(id) = unreadable.id {
            rejection.about = About::Id(id);
        }
        rejection
    }

    /// Returns the text for people.
    pub(in crate::hub) fn text(&self) -> &str {
        &self.message
    }

    pub(in crate::hub) fn into_message(self) -> ServerMessage {
        ServerMessage::Error {
            code: self.code,
            message: self.message,
            // Rounded up: whoever waits so long has waited long enough.
            retry_after: self
                .retry_after
                .map(|wait| u64::try_from(wait.as_millis()).map_or(u64::MAX, |ms| ms + 1)),
            about: self.about.text(),
        }
    }
}

/// Every request to a full disk fails alike.
static FAILURES: Repeated = Repeated::new();

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        let bound;
        let (code, message) = match &error {
            StoreError::IdReused => (
                ChatErrorCode::IdReused,
                "This id was used for something else.",
            ),
            // The room was there when the request was judged, and was deleted before it was
            // committed.
            StoreError::NoSuchRoom => (ChatErrorCode::NoSuchRoom, "The room is gone."),
            // As a room that is not there: a private one is known only to those it has invited.
            StoreError::NotInvited => (ChatErrorCode::NoSuchRoom, "You are not invited any more."),
            StoreError::RoomExists => (
                ChatErrorCode::RoomExists,
                "There is a room of this name already.",
            ),
            StoreError::RoomInUse => (ChatErrorCode::RoomExists, "Somebody is in the room."),
            StoreError::NoSuchInvitation => {
                (ChatErrorCode::NoSuchEntry, "There is no such invitation.")
            }
            StoreError::TooLong => (
                ChatErrorCode::LimitReached,
                "This search takes too long: search one room, or for rarer words.",
            ),
            StoreError::Busy => (
                ChatErrorCode::StorageFailed,
                "The server is busy with earlier changes of messages; try again.",
            ),
            StoreError::TooManyEdits => (
                ChatErrorCode::LimitReached,
                "This message was changed as often as one may be.",
            ),
            StoreError::TooManyOwnReactions => {
                bound = format!(
                    "One person has at most {MAX_OWN_REACTIONS} different reactions on a message: \
                     take one of yours back first."
                );
                (ChatErrorCode::LimitReached, bound.as_str())
            }
            StoreError::TooManyReactions => {
                bound = format!(
                    "A message has at most {MAX_REACTIONS} different reactions: choose one that is \
                     there already."
                );
                (ChatErrorCode::LimitReached, bound.as_str())
            }
            StoreError::QuotaReached => (
                ChatErrorCode::LimitReached,
                "You have written as much in a day as this server takes of one key.",
            ),
            StoreError::HistoryFull => (
                ChatErrorCode::LimitReached,
                "The server's history has the size that it may have; nothing was taken.",
            ),
            StoreError::Full => (
                ChatErrorCode::StorageFailed,
                "The server's disk is full; nothing was taken.",
            ),
            StoreError::Failed(_) => (
                ChatErrorCode::StorageFailed,
                "The server could not store or read that.",
            ),
        };
        // The cause goes into the log only: strangers read the answer.
        if code == ChatErrorCode::StorageFailed
            && let Some(suppressed) = FAILURES.take()
        {
            tracing::error!(%error, suppressed, "storage");
        }
        Self::new(code, message)
    }
}
