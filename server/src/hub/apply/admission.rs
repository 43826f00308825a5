//! Committed changes of admission: keys, invitations and the mode.

use shared::chat::{AdmissionMode, ServerMessage, UserId};
use shared::error::ErrorCode;

use crate::hub::Hub;
use crate::hub::encoding::encode;
use crate::hub::queue::Wakers;

impl Hub {
    pub(super) fn apply_admitted(&self, user: UserId, wakers: &mut Wakers) {
        self.directory().set_admitted(user);
        self.announce_admitted(user, wakers);
    }

    /// Sends `admitted` to all devices of a person who may take part from now on, and could not
    /// before.
    pub(super) fn announce_admitted(&self, user: UserId, wakers: &mut Wakers) {
        let directory = self.directory();
        if !directory.refresh_admission(user) {
            return;
        }
        let told = encode(&ServerMessage::Admitted);
        // Under the directory's lock, as `waiting` is sent: whichever is decided later arrives
        // later.
        let outboxes = directory.json_outboxes(user);
        let full = outboxes.filter(|(_, outbox)| outbox.push([&told], wakers).is_err());
        let slow = full.map(|(id, _)| id).collect();
        drop(directory);
        self.evict(slow, wakers);
    }

    /// Applies a mode, and ends the connections of people who may no longer take part: they have no
    /// rooms, but may listen to the lobby's plain text.
    pub(super) fn apply_admission_mode(&self, mode: AdmissionMode, wakers: &mut Wakers) {
        let (admitted, ended) = self.directory().set_admission_mode(mode);
        let told = encode(&ServerMessage::Admitted);
        let full = admitted
            .into_iter()
            .filter(|(_, outbox)| outbox.push([&told], wakers).is_err());
        let slow = full.map(|(id, _)| id).collect();
        self.evict(slow, wakers);
        // Behind `admitted`, and without the lock, which `end` takes itself.
        self.end(ended, ErrorCode::Kicked);
    }
}
