//! Decides which requests a session may make before its key is admitted, and while the key is new.

use std::time::Duration;

use shared::chat::{AdmissionMode, ChatErrorCode, ClientMessage};

use super::Session;
use crate::hub::requests::Rejection;

impl Session {
    /// Checks that the key may ask for this now.
    ///
    /// # Errors
    /// A [`Rejection`] that says what it waits for.
    pub(super) fn check_admission(&self, message: &ClientMessage) -> Result<(), Rejection> {
        use ClientMessage as M;
        if !self.requester.person.is_admitted() {
            return match message {
                M::Hello { .. } | M::Redeem { .. } | M::Claim { .. } | M::Ping => Ok(()),
                _ => Err(self.not_admitted()),
            };
        }
        // Every request is named, so that a new one does not pass by default.
        let writes = match message {
            M::Send { .. }
            | M::Edit { .. }
            | M::React { .. }
            | M::Create { .. }
            | M::Direct { .. }
            | M::Invite { .. }
            | M::Topic { .. }
            | M::Rename { .. } => true,
            M::Hello { .. }
            | M::Join { .. }
            | M::Leave { .. }
            | M::Delete { .. }
            | M::Rooms { .. }
            | M::Members { .. }
            | M::Role { .. }
            | M::Remove { .. }
            | M::Close { .. }
            | M::History { .. }
            | M::Typing { .. }
            | M::Read { .. }
            | M::Search { .. }
            | M::Claim { .. }
            | M::Redeem { .. }
            | M::Operator(_)
            | M::Ping => false,
        };
        // Operators keep new keys out; they need not wait themselves.
        match self.newcomer_wait().filter(|_| writes) {
            Some(retry_after) => {
                let text = "New keys may read at once, and write after a while.";
                Err(Rejection::later(retry_after, text))
            }
            None => Ok(()),
        }
    }

    fn not_admitted(&self) -> Rejection {
        let message = match self.hub.directory().admissions.mode {
            AdmissionMode::Approval => "An operator has to admit you first.",
            AdmissionMode::Invitation | AdmissionMode::Open => "You need an invitation.",
        };
        Rejection::new(ChatErrorCode::NotAdmitted, message)
    }

    /// Returns the time that a new key still has to wait until it may write.
    pub(super) fn newcomer_wait(&self) -> Option<Duration> {
        self.requester.newcomer_wait()
    }
}
