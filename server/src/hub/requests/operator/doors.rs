//! Kicks and bans.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use shared::chat::operator::{Ban, Banned, Kicked, Reason};
use shared::chat::{ChatErrorCode, UserId};
use shared::error::ErrorCode;

use super::rights::turn;
use super::{bans, done, log_deed};
use crate::admission::network_of;
use crate::clients::ConnectionId;
use crate::hub::Hub;
use crate::hub::directory::{Connected, Directory};
use crate::hub::requester::Requester;
use crate::hub::requests::{Effect, Rejection};
use crate::hub::under_way::holding;
use crate::store::Change;
use crate::system;

pub(super) fn kick(from: &Requester, who: Kicked) -> Result<Effect, Rejection> {
    let hub = &from.hub;
    let ids: Vec<_> = {
        let directory = hub.directory();
        match who {
            Kicked::Connection(number) => {
                let id = ConnectionId::from_number(number);
                directory.connected(id).map(|_| id).into_iter().collect()
            }
            Kicked::User(user) => directory.connections_of(user).map(|(id, _)| id).collect(),
        }
    };
    if ids.is_empty() {
        let message = "There is no such session.";
        return Err(Rejection::new(ChatErrorCode::NoSuchEntry, message));
    }
    log_deed(from, &format!("ends {} connections", ids.len()));
    // Before the own end, which may be among them.
    let answer = done(from);
    hub.end(ids, ErrorCode::Kicked);
    answer
}

/// Keeps somebody out. The answer comes when nothing more of theirs can come: from here on nothing
/// of their connections is handled, and what they have queued is durable and broadcast before the
/// ban is applied.
pub(super) async fn ban(
    from: Arc<Requester>,
    who: Banned,
    reason: Reason,
) -> Result<Effect, Rejection> {
    // Else one who is appointed meanwhile would be a banned operator.
    let turn = turn(&from).await?;
    match who {
        Banned::User(user) if from.hub.directory().operators.contains(&user) => {
            return Err(Rejection::forbidden("This is an operator."));
        }
        // An operator who bans their own network would be cut off with it.
        Banned::Address(address) if network_of(from.address) == address => {
            return Err(Rejection::forbidden("This is your own address."));
        }
        _ => {}
    }
    let ban = Ban {
        who,
        reason,
        at: system::timestamp(SystemTime::now()),
        by: from.user(),
    };
    let hub = from.hub.clone();
    // Before the ban is queued: entries that the banned queue from here on would be committed
    // behind it, and come after the answer.
    hub.hold(who);
    // Apart from the session: if it ends, the ban is still applied or the hold undone.
    let change = holding(turn, hub.store.change(Change::Banned(ban)));
    let stored = tokio::spawn(async move {
        let stored = change.await;
        hub.release_hold(who);
        stored
    });
    match stored.await {
        Ok(stored) => stored?,
        Err(_) => return Err(Rejection::forbidden("The ban was abandoned.")),
    }
    log_deed(&from, &format!("bans {who}"));
    bans(&from, None)
}

pub(super) async fn unban(from: Arc<Requester>, who: Banned) -> Result<Effect, Rejection> {
    from.hub.store.change(Change::Unbanned(who)).await?;
    log_deed(&from, &format!("lifts the ban of {who}"));
    bans(&from, None)
}

impl Hub {
    /// Stops handling the connections of somebody whose ban is under way, and admits no others.
    fn hold(&self, who: Banned) {
        let directory = self.directory();
        // Under the directory's lock: whoever is connected is held below, whoever comes later is
        // refused.
        self.operators.bans.hold(who);
        for connected in connections_of(&directory, who) {
            connected.hold.set();
        }
    }

    /// Ends a hold. After an applied ban there is nobody left to release.
    fn release_hold(&self, who: Banned) {
        let directory = self.directory();
        // A ban that was stored is in the table by now: it was applied before its answer came.
        self.operators.bans.release(who);
        for connected in connections_of(&directory, who) {
            connected.hold.release();
        }
    }
}

fn connections_of(directory: &Directory, who: Banned) -> impl Iterator<Item = &Connected> {
    let everybody = directory.everybody();
    everybody
        .filter(move |(_, user, connected)| is_by(who, *user, connected.address))
        .map(|(_, _, connected)| connected)
}

/// Returns `true` if a ban of `who` concerns a connection.
pub(in crate::hub) fn is_by(who: Banned, user: UserId, address: IpAddr) -> bool {
    match who {
        Banned::User(banned) => banned == user,
        Banned::Address(banned) => network_of(address) == banned,
    }
}
