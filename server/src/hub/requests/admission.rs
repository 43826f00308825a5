//! Requests of keys that are not admitted: they wait, or redeem an invitation.

use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use shared::chat::admission::Applicant;
use shared::chat::entry::DisplayName;
use shared::chat::{AdmissionMode, ChatErrorCode, InvitationCode, Name, ServerMessage};
use shared::connection::Version;

use super::{Effect, Rejection};
use crate::hub::requester::Requester;
use crate::store::{Change, StoreError};
use crate::system;

/// Answers `hello` of a key that is not admitted. Returns `false` if it is admitted.
pub(super) fn wait(from: &Requester, name: Option<&str>) -> bool {
    let mut directory = from.hub.directory();
    if directory.is_admitted(from.user()) {
        return false;
    }
    let mode = directory.admissions.mode;
    if mode == AdmissionMode::Approval {
        // An operator admits by name too, so nobody waits under a name that is somebody else's.
        let name = name.and_then(|name| Name::parse(name).ok());
        let name = name
            .filter(|name| directory.names.is_free_for(from.user().0, name))
            .map(|name| DisplayName::from(&name))
            .filter(|name| directory.admissions.is_free_for(from.user(), name));
        directory.admissions.apply(Applicant {
            id: from.user(),
            name,
            address: from.address.to_string(),
            since: system::timestamp(SystemTime::now()),
        });
    }
    // Under the lock: `admitted` must not overtake it.
    from.reply(&ServerMessage::Waiting { admission: mode });
    true
}

/// Admits the key, if the code is one of an open invitation.
pub(super) async fn redeem(
    from: Arc<Requester>,
    code: InvitationCode,
) -> Result<Effect, Rejection> {
    if from.version < Version::V2 {
        let message = "Invitations need protocol v2: over v1 any server that you open could use \
                       yours.";
        return Err(Rejection::forbidden(message));
    }
    // Otherwise the invitation would lose a use to a key that needs none.
    if from.person.is_admitted() {
        from.reply(&ServerMessage::Admitted);
        return Ok(Effect::None);
    }
    let digest = digest(&code);
    let now = system::timestamp(SystemTime::now());
    // Memory finds the number; the store takes the use, so that of two who redeem the last one, one
    // gets in.
    let found = from.hub.directory().admissions.invitation_of(&digest, now);
    let number = found.ok_or_else(not_valid)?;
    let user = from.user();
    let redeemed = from.hub.store.change(Change::Redeemed { number, user });
    match redeemed.await {
        // `apply` has told all devices.
        Ok(()) => {
            tracing::info!(key = %user, invitation = number, "admitted by invitation");
            Ok(Effect::None)
        }
        Err(StoreError::NoSuchInvitation) => Err(not_valid()),
        Err(error) => Err(error.into()),
    }
}

fn not_valid() -> Rejection {
    let message = "This invitation is not valid, or not any more. Ask for another.";
    Rejection::new(ChatErrorCode::NotAdmitted, message)
}

/// Returns the form in which a code is kept.
pub(super) fn digest(code: &InvitationCode) -> [u8; 32] {
    Sha256::digest(code.as_bytes()).into()
}
