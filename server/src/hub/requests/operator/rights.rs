//! Makes operators, by a claim code or by another operator, and revokes them.

use std::sync::Arc;

use shared::chat::limits::MAX_OPERATORS;
use shared::chat::{ChatErrorCode, ClaimCode, OperatorAnswer, UserId};
use shared::connection::Version;
use tokio::sync::OwnedMutexGuard;

use super::log_deed;
use crate::hub::directory::Directory;
use crate::hub::requester::Requester;
use crate::hub::requests::{Effect, Rejection};
use crate::hub::under_way::{Place, holding};
use crate::store::Change;

/// Makes this person an operator, if the code is right.
pub(in crate::hub::requests) async fn claim(
    from: Arc<Requester>,
    code: ClaimCode,
) -> Result<Effect, Rejection> {
    let hub = from.hub.clone();
    if from.version < Version::V2 {
        let message = "Operators need protocol v2: v1 cannot prove which server it speaks to.";
        return Err(Rejection::forbidden(message));
    }
    // Before the code is taken: a refusal must not use it up.
    let place = place(&hub.directory())?;
    let Some(taken) = hub.operators.claim.take(&code) else {
        // Without the code: it may be the right one of another server, or one that was mistyped.
        tracing::warn!(connection = %from.connection, key = %from.user(), "a wrong claim code");
        let message = "This code is wrong, or was used.";
        return Err(Rejection::forbidden(message));
    };
    let user = from.user();
    // Apart from the session: a code that could not be stored is given back in any case.
    let change = hub.store.change(Change::Operator { user, is: true });
    let stored = tokio::spawn(async move {
        let stored = holding(place, change).await;
        match stored {
            Ok(()) => tracing::info!(key = %user, "is an operator now"),
            Err(_) => hub.operators.claim.put_back(taken),
        }
        stored
    });
    match stored.await {
        // `apply` has told all devices.
        Ok(stored) => stored?,
        Err(_) => return Err(Rejection::forbidden("The claim was abandoned.")),
    }
    Ok(Effect::None)
}

pub(super) fn operators(from: &Requester) -> Result<Effect, Rejection> {
    let directory = from.hub.directory();
    let operators = directory.operators.iter().take(MAX_OPERATORS);
    let operators = operators.map(|user| directory.author(*user)).collect();
    drop(directory);
    from.answer(OperatorAnswer::Operators { operators });
    Ok(Effect::None)
}

pub(super) async fn appoint(from: Arc<Requester>, user: UserId) -> Result<Effect, Rejection> {
    let turn = turn(&from).await?;
    let place = {
        let directory = from.hub.directory();
        if !directory.knows(user) {
            let message = "Nobody with this key has been here.";
            return Err(Rejection::new(ChatErrorCode::NoSuchEntry, message));
        }
        // The last operator could be one who cannot come in.
        if from.hub.operators.bans.has_user(user) {
            return Err(Rejection::forbidden(
                "This key is banned; lift the ban first.",
            ));
        }
        place(&directory)?
    };
    log_deed(&from, &format!("makes {user} an operator"));
    let change = from.hub.store.change(Change::Operator { user, is: true });
    holding((place, turn), change).await?;
    operators(&from)
}

pub(super) async fn revoke(from: Arc<Requester>, user: UserId) -> Result<Effect, Rejection> {
    // One at a time: of two operators who revoke each other one stays.
    let hub = from.hub.clone();
    let turn = turn(&from).await?;
    {
        let directory = hub.directory();
        if !directory.operators.contains(&user) {
            let message = "This is no operator.";
            return Err(Rejection::new(ChatErrorCode::NoSuchEntry, message));
        }
        // Those who are banned cannot come in; a database of before bans and appointments excluded
        // each other may have some.
        let bans = &hub.operators.bans;
        let others = directory.operators.iter().filter(|it| **it != user);
        if !others.into_iter().any(|other| !bans.has_user(*other)) {
            let message = "The last operator stays: nobody could make another.";
            return Err(Rejection::forbidden(message));
        }
    }
    log_deed(&from, &format!("takes the rights of {user} away"));
    let change = Change::Operator { user, is: false };
    // Held until it is applied: else one who disconnects at once gives the other a turn.
    holding(turn, hub.store.change(change)).await?;
    operators(&from)
}

/// Waits until no other operator decides something that this decision may depend on.
///
/// # Errors
/// A [`Rejection`] if the requester is no operator any more by then.
pub(super) async fn turn(from: &Requester) -> Result<OwnedMutexGuard<()>, Rejection> {
    let turn = Arc::clone(&from.hub.deciding).lock_owned().await;
    if from.is_operator() {
        Ok(turn)
    } else {
        Err(Rejection::forbidden("Only operators may do that."))
    }
}

/// Takes a place for one more operator.
fn place(directory: &Directory) -> Result<Place, Rejection> {
    let place = directory
        .appointing
        .take(directory.operators.len(), MAX_OPERATORS);
    place
        .ok_or_else(|| Rejection::limit_reached("The server has as many operators as it may have."))
}
