//! What operators ask for. What they decide about the server's doors is in [`crate::operators`].
#![allow(
    clippy::unnecessary_wraps,
    reason = "an answer at once has the type of a request"
)]

mod doors;

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use shared::chat::limits::MAX_OPERATORS;
use shared::chat::operator::{BansCursor, ClaimCode, ConnectionInfo, RoomInfo};
use shared::chat::{
    ChatErrorCode, Keep, OperatorAnswer, OperatorRequest, RoomId, RoomName, UserId,
};

pub(in crate::hub) use doors::is_by;

use self::doors::{ban, kick, unban};
use super::moderation::{change_room, removal, role_changes};
use super::{Rejection, Work};
use crate::clients::Client;
use crate::hub::authorize::Action;
use crate::hub::directory::Directory;
use crate::hub::encoding::Page;
use crate::hub::session::{Effect, Requester};
use crate::operators::whole;
use crate::store::Change;
use crate::system;

/// Makes this person an operator, if the code is right.
pub(super) async fn claim(from: Arc<Requester>, code: ClaimCode) -> Result<Effect, Rejection> {
    let hub = from.hub.clone();
    if from.version < shared::connection::Version::V2 {
        let message = "Operators need protocol v2: v1 cannot prove which server it speaks to.";
        return Err(Rejection::forbidden(message));
    }
    if hub.directory().operators.len() >= MAX_OPERATORS {
        let message = "The server has as many operators as it may have.";
        return Err(Rejection::limit_reached(message));
    }
    let Some(taken) = hub.operators.claim.take(&code) else {
        tracing::warn!(connection = %from.connection, key = %from.user(), "a wrong claim code");
        let message = "This code is wrong, or was used.";
        return Err(Rejection::forbidden(message));
    };
    let user = from.user();
    // Apart from the session: a code that could not be stored is given back in any case.
    let change = hub.store.change(Change::Operator { user, is: true });
    let stored = tokio::spawn(async move {
        let stored = change.await;
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

/// Starts an operator's request.
pub(super) fn start(from: Arc<Requester>, request: OperatorRequest, follows_log: bool) -> Work {
    use OperatorRequest as R;
    if !from.is_operator() {
        let rejection = Rejection::forbidden("Only operators may do that.");
        return Box::pin(ready(Err(rejection)));
    }
    let done = match request {
        R::Ban { who, reason } => return Box::pin(ban(from, whole(who), reason)),
        R::Unban { who } => return Box::pin(unban(from, whole(who))),
        R::DeleteRoom { room } => return Box::pin(delete_room(from, room)),
        R::Keep { room, keep } => return Box::pin(set_keep(from, room, keep)),
        R::Appoint { user } => return Box::pin(appoint(from, user)),
        R::Revoke { user } => return Box::pin(revoke(from, user)),
        R::ReleaseName { user } => return Box::pin(release_name(from, user)),
        R::Role { room, user, role } => {
            return Box::pin(async move {
                let changes = role_changes(&from, &room, user, role)?;
                change_room(&from, &room, Action::SetRole(role), changes).await?;
                done(&from)
            });
        }
        R::Topic { room, topic } => {
            return Box::pin(async move {
                let id = RoomId::from(room.clone());
                let change = Change::Topic { room: id, topic };
                change_room(&from, &room, Action::SetTopic, [change]).await?;
                done(&from)
            });
        }
        R::Remove { room, user } => {
            return Box::pin(async move {
                let change = removal(&from, &room, user)?;
                change_room(&from, &room, Action::Remove(user), [change]).await?;
                done(&from)
            });
        }
        R::Log { follow } => follow_log(&from, follow, follows_log),
        R::Kick { who } => kick(&from, who),
        R::Status => status(&from),
        R::StopListeners => {
            log_deed(&from, "stops the listeners");
            from.hub.stop_listening();
            status(&from)
        }
        R::StartListeners => {
            log_deed(&from, "starts the listeners");
            from.hub.operators.set_open(true);
            status(&from)
        }
        R::Connections { after } => connections(&from, after),
        R::Bans { after } => bans(&from, after),
        R::Rooms { after } => rooms(&from, after.as_ref()),
        R::Operators => operators(&from),
    };
    Box::pin(ready(done))
}

fn log_deed(from: &Requester, deed: &str) {
    tracing::info!(connection = %from.connection, key = %from.user(), "an operator {deed}");
}

fn done(from: &Requester) -> Result<Effect, Rejection> {
    from.answer(OperatorAnswer::Done);
    Ok(Effect::None)
}

fn status(from: &Requester) -> Result<Effect, Rejection> {
    from.answer(OperatorAnswer::Status(from.hub.operators.status()));
    Ok(Effect::None)
}

fn connections(from: &Requester, after: Option<u64>) -> Result<Effect, Rejection> {
    let clients = from.hub.operators.clients.snapshot();
    let after = after.map_or(0, |after| after);
    let directory = from.hub.directory();
    let clients = clients.iter().filter(|client| client.id.number() > after);
    let rows = clients.map(|client| row(&directory, client));
    let (connections, more) = Page::of(rows).finish();
    from.answer(OperatorAnswer::Connections { connections, more });
    Ok(Effect::None)
}

fn row(directory: &Directory, client: &Client) -> ConnectionInfo {
    let session = client.session.get();
    let id = session.map(|(_, key)| UserId(*key));
    ConnectionInfo {
        connection: client.id.number(),
        address: client.address.to_string(),
        transport: client.transport.to_string(),
        version: session.map(|(version, _)| version.to_string()),
        id,
        name: id.map(|id| directory.name_of(id)),
        since: system::timestamp(client.since),
        bytes_in: client.bytes_in.load(Ordering::Relaxed),
        bytes_out: client.bytes_out.load(Ordering::Relaxed),
    }
}

fn bans(from: &Requester, after: Option<BansCursor>) -> Result<Effect, Rejection> {
    let bans = from.hub.operators.bans.after(after.map(whole));
    let (bans, more) = Page::of(bans).finish();
    from.answer(OperatorAnswer::Bans { bans, more });
    Ok(Effect::None)
}

/// Lists all rooms, for which it looks at every room: operators are few, and pay tokens for it.
fn rooms(from: &Requester, after: Option<&RoomId>) -> Result<Effect, Rejection> {
    let mut all = from.hub.rooms.all();
    all.sort_by_cached_key(|room| room.lock().id.clone());
    let directory = from.hub.directory();
    let behind = |id: &RoomId| after.is_none_or(|after| id > after);
    let infos = all.iter().filter_map(|room| {
        let room = room.lock();
        behind(&room.id).then(|| RoomInfo {
            room: room.id.clone(),
            private: room.private,
            members: room.members.len(),
            head: room.head,
            owner: room.owner().map(|owner| directory.author(owner)),
        })
    });
    let (rooms, more) = Page::of(infos).finish();
    from.answer(OperatorAnswer::Rooms { rooms, more });
    Ok(Effect::None)
}

fn operators(from: &Requester) -> Result<Effect, Rejection> {
    let directory = from.hub.directory();
    let operators = directory.operators.iter().take(MAX_OPERATORS);
    let operators = operators.map(|user| directory.author(*user)).collect();
    drop(directory);
    from.answer(OperatorAnswer::Operators { operators });
    Ok(Effect::None)
}

async fn appoint(from: Arc<Requester>, user: UserId) -> Result<Effect, Rejection> {
    {
        let directory = from.hub.directory();
        if !directory.knows(user) {
            let message = "Nobody with this key has been here.";
            return Err(Rejection::new(ChatErrorCode::NoSuchEntry, message));
        }
        if directory.operators.len() >= MAX_OPERATORS {
            let message = "The server has as many operators as it may have.";
            return Err(Rejection::limit_reached(message));
        }
    }
    log_deed(&from, &format!("makes {user} an operator"));
    let stored = from.hub.store.change(Change::Operator { user, is: true });
    stored.await?;
    operators(&from)
}

async fn revoke(from: Arc<Requester>, user: UserId) -> Result<Effect, Rejection> {
    // One at a time: of two operators who revoke each other one stays.
    let hub = from.hub.clone();
    let _turn = hub.revoking.lock().await;
    {
        let directory = hub.directory();
        if !directory.operators.contains(&user) {
            let message = "This is no operator.";
            return Err(Rejection::new(ChatErrorCode::NoSuchEntry, message));
        }
        if directory.operators.len() == 1 {
            let message = "The last operator stays: nobody could make another.";
            return Err(Rejection::forbidden(message));
        }
    }
    log_deed(&from, &format!("takes the rights of {user} away"));
    let change = Change::Operator { user, is: false };
    hub.store.change(change).await?;
    operators(&from)
}

async fn release_name(from: Arc<Requester>, user: UserId) -> Result<Effect, Rejection> {
    if !from.hub.directory().names.has_name(user) {
        let message = "This key has no name.";
        return Err(Rejection::new(ChatErrorCode::NoSuchEntry, message));
    }
    log_deed(&from, &format!("releases the name of {user}"));
    from.hub.store.change(Change::NameReleased { user }).await?;
    done(&from)
}

fn follow_log(from: &Requester, follow: bool, follows: bool) -> Result<Effect, Rejection> {
    let effect = if follow && !follows {
        log_deed(from, "follows the log");
        let Some(log) = from.hub.operators.follow_log() else {
            return Err(Rejection::forbidden("This server does not do that."));
        };
        Effect::Follow(Some(log))
    } else if follow {
        Effect::None
    } else {
        Effect::Follow(None)
    };
    from.answer(OperatorAnswer::Done);
    Ok(effect)
}

async fn delete_room(from: Arc<Requester>, room: RoomId) -> Result<Effect, Rejection> {
    if room == RoomName::lobby().into() {
        let message = "Everybody starts in the lobby; it stays.";
        return Err(Rejection::forbidden(message));
    }
    let change = Change::RoomDeleted { room: room.clone() };
    from.hub.store.change(change).await?;
    log_deed(&from, &format!("deletes the room {room}"));
    done(&from)
}

async fn set_keep(from: Arc<Requester>, room: RoomId, keep: Keep) -> Result<Effect, Rejection> {
    from.hub.room(&room)?;
    let change = Change::Kept {
        room: room.clone(),
        keep,
    };
    from.hub.store.change(change).await?;
    log_deed(&from, &format!("has {room} keep {keep}"));
    done(&from)
}
