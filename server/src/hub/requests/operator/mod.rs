//! The requests of operators. [`crate::operators`] has the state that they change.
#![allow(
    clippy::unnecessary_wraps,
    reason = "an answer at once has the type of a request"
)]

mod admission;
mod doors;
mod rights;
mod rooms;

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use shared::chat::operator::{BansCursor, ConnectionInfo};
use shared::chat::{ChatErrorCode, OperatorAnswer, OperatorRequest, RoomId, UserId};

pub(in crate::hub) use doors::is_by;

use self::doors::{ban, kick, unban};
pub(super) use self::rights::claim;
use self::rights::{appoint, operators, revoke};
use self::rooms::{delete_room, rooms, set_keep};
use super::moderation::{change_room, give_role, take_out};
use super::{Rejection, Work};
use crate::clients::Client;
use crate::hub::authorize::Action;
use crate::hub::directory::Directory;
use crate::hub::page::Page;
use crate::hub::requester::Requester;
use crate::hub::requests::Effect;
use crate::operators::whole;
use crate::store::Change;
use crate::system;

/// Starts an operator's request.
pub(super) fn start(from: Arc<Requester>, request: OperatorRequest, follows_log: bool) -> Work {
    use OperatorRequest as R;
    // Decided here for all of them, before a request can have any effect.
    if !from.is_operator() {
        let rejection = Rejection::forbidden("Only operators may do that.");
        return Box::pin(ready(Err(rejection)));
    }
    let done = match request {
        // By the whole /64 in both, so that any address of a network lifts the ban of another one.
        R::Ban { who, reason } => return Box::pin(ban(from, whole(who), reason)),
        R::Unban { who } => return Box::pin(unban(from, whole(who))),
        R::Admission { mode } => return Box::pin(admission::set_mode(from, mode)),
        R::Admit { user } => return Box::pin(admission::admit(from, user)),
        R::Invite { uses, days } => return Box::pin(admission::invite(from, uses, days)),
        R::Uninvite { number } => return Box::pin(admission::uninvite(from, number)),
        R::DeleteRoom { room } => return Box::pin(delete_room(from, room)),
        R::Keep { room, keep } => return Box::pin(set_keep(from, room, keep)),
        R::Appoint { user } => return Box::pin(appoint(from, user)),
        R::Revoke { user } => return Box::pin(revoke(from, user)),
        R::ReleaseName { user } => return Box::pin(release_name(from, user)),
        R::Role { room, user, role } => {
            return Box::pin(async move {
                give_role(&from, &room, user, role).await?;
                done(&from)
            });
        }
        R::Topic { room, topic } => {
            return Box::pin(async move {
                let id = RoomId::from(room.clone());
                let change = Change::Topic { room: id, topic };
                change_room(&from, &room, Action::SetTopic, change, ()).await?;
                done(&from)
            });
        }
        R::Remove { room, user } => {
            return Box::pin(async move {
                take_out(&from, &room, user).await?;
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
        R::Applicants { after } => admission::applicants(&from, after),
        R::Invitations => admission::invitations(&from),
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
    let mut status = from.hub.operators.status();
    {
        let directory = from.hub.directory();
        status.admission = directory.admissions.mode;
        status.applicants = directory.admissions.applicant_count();
    }
    from.answer(OperatorAnswer::Status(status));
    Ok(Effect::None)
}

fn connections(from: &Requester, after: Option<u64>) -> Result<Effect, Rejection> {
    // Before the directory is locked: everybody who connects waits for that lock.
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
    // To follow anew would lose the lines that wait.
    } else if follow {
        Effect::None
    } else {
        Effect::Follow(None)
    };
    from.answer(OperatorAnswer::Done);
    Ok(effect)
}
