//! Operators' requests about who may take part: the admission mode, applicants and invitations.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use shared::chat::admission::Invitation;
use shared::chat::limits::{INVITATION_DAYS, INVITATION_USES, MAX_INVITATIONS};
use shared::chat::{AdmissionMode, ChatErrorCode, InvitationCode, OperatorAnswer, UserId};

use super::{done, log_deed, rights, status};
use crate::hub::page::Page;
use crate::hub::requester::Requester;
use crate::hub::requests::Effect;
use crate::hub::requests::{Rejection, admission};
use crate::hub::under_way::holding;
use crate::store::{Change, StoredInvitation};
use crate::system;

const DAY: Duration = Duration::from_hours(24);

pub(super) async fn set_mode(
    from: Arc<Requester>,
    mode: AdmissionMode,
) -> Result<Effect, Rejection> {
    let hub = &from.hub;
    hub.store.change(Change::AdmissionMode(mode)).await?;
    log_deed(&from, &format!("sets the admission mode {mode}"));
    status(&from)
}

pub(super) fn applicants(from: &Requester, after: Option<UserId>) -> Result<Effect, Rejection> {
    let directory = from.hub.directory();
    let waiting = directory.admissions.applicants(after).cloned();
    let (applicants, more) = Page::of(waiting).finish();
    drop(directory);
    from.answer(OperatorAnswer::Applicants { applicants, more });
    Ok(Effect::None)
}

pub(super) async fn admit(from: Arc<Requester>, user: UserId) -> Result<Effect, Rejection> {
    log_deed(&from, &format!("admits {user}"));
    from.hub.store.change(Change::Admitted { user }).await?;
    done(&from)
}

pub(super) async fn invite(
    from: Arc<Requester>,
    uses: u32,
    days: u32,
) -> Result<Effect, Rejection> {
    if !(1..=INVITATION_USES).contains(&uses) || !(1..=INVITATION_DAYS).contains(&days) {
        return Err(Rejection::new(
            ChatErrorCode::Malformed,
            format!(
                "An invitation admits 1 to {INVITATION_USES} keys and lives 1 to \
                 {INVITATION_DAYS} days."
            ),
        ));
    }
    // 128 bits, so that nobody guesses a code, however many keys and addresses try.
    let random: [u8; 16] = system::random_bytes().map_err(|_| no_code())?;
    let code = InvitationCode::try_from(BASE64_URL_SAFE_NO_PAD.encode(random));
    let code = code.map_err(|_| no_code())?;
    let hub = from.hub.clone();
    // One at a time, so that no two have the same number.
    let turn = rights::turn(&from).await?;
    let now = SystemTime::now();
    let (number, ended) = {
        let directory = hub.directory();
        let admissions = &directory.admissions;
        let at = system::timestamp(now);
        if admissions.open_invitations(at).count() >= MAX_INVITATIONS {
            let message = "There are as many invitations as there may be. End one first.";
            return Err(Rejection::limit_reached(message));
        }
        let last = admissions.invitations.last_key_value();
        let number = last.map_or(0, |(number, _)| *number).saturating_add(1);
        let all = admissions.invitations.values().map(|it| &it.invitation);
        let ended: Vec<_> = all
            .filter(|it| it.expires <= at)
            .map(|it| it.number)
            .collect();
        (number, ended)
    };
    // Expired invitations go when a new one is made; they do not pile up in the store.
    for number in ended {
        // Not awaited: it is durable before the new one, which is queued behind it.
        drop(hub.store.change(Change::InvitationEnded { number }));
    }
    let invitation = Invitation {
        number,
        uses,
        expires: system::timestamp(now + DAY * days),
        by: from.user(),
    };
    // Only the digest is stored: a copy of the database lets nobody in.
    let stored = StoredInvitation {
        digest: admission::digest(&code),
        invitation: invitation.clone(),
    };
    let made = hub.store.change(Change::InvitationMade(stored));
    holding(turn, made).await?;
    log_deed(&from, &format!("makes invitation {number}"));
    from.answer(OperatorAnswer::Invitation { code, invitation });
    Ok(Effect::None)
}

fn no_code() -> Rejection {
    let message = "The system has no randomness.";
    Rejection::new(ChatErrorCode::StorageFailed, message)
}

pub(super) fn invitations(from: &Requester) -> Result<Effect, Rejection> {
    let now = system::timestamp(SystemTime::now());
    let directory = from.hub.directory();
    let open = directory.admissions.open_invitations(now);
    let open = open.take(MAX_INVITATIONS).map(|it| it.invitation.clone());
    let invitations = open.collect();
    drop(directory);
    from.answer(OperatorAnswer::Invitations { invitations });
    Ok(Effect::None)
}

pub(super) async fn uninvite(from: Arc<Requester>, number: u32) -> Result<Effect, Rejection> {
    let known = {
        let directory = from.hub.directory();
        directory.admissions.invitations.contains_key(&number)
    };
    if !known {
        let message = "There is no such invitation.";
        return Err(Rejection::new(ChatErrorCode::NoSuchEntry, message));
    }
    let change = Change::InvitationEnded { number };
    from.hub.store.change(change).await?;
    log_deed(&from, &format!("ends invitation {number}"));
    invitations(&from)
}
