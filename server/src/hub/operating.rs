//! What operators can do. What they decide is kept in [`crate::operators`].

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use shared::chat::operator::{Ban, Banned, ClaimCode, ConnectionInfo, Kicked, LogLine, Reason};
use shared::chat::{
    ChatErrorCode, OperatorAnswer, OperatorRequest, RoomId, RoomName, ServerMessage, UserId,
};
use shared::error::ErrorCode;

use super::requests::{Refused, not_here};
use super::session::Session;
use super::state::{State, encode};
use crate::admission::network_of;
use crate::clients::{Client, ConnectionId};
use crate::operators::whole;
use crate::store::Change;
use crate::system;

/// Rows of one message: a message of v2 holds so many of the longest.
const ROWS: usize = 50;

impl Session<'_> {
    /// Makes this person an operator, if the code is right.
    pub(super) fn claim_operator(&mut self, code: &ClaimCode) -> Result<(), Refused> {
        let Some(taken) = self.hub.operators.claim.take(code) else {
            tracing::warn!(connection = %self.id, key = %self.user, "a wrong claim code");
            let message = "This code is wrong, or was used.";
            return Err(Refused::new(ChatErrorCode::Forbidden, message, &"claim"));
        };
        let user = self.user;
        let stored = self.hub.store.change(Change::Operator { user, is: true });
        self.after(stored, move |session, stored| match stored {
            Ok(()) => {
                tracing::info!(connection = %session.id, key = %user, "is an operator now");
                let mut state = session.hub.lock();
                state.operators.insert(user);
                // On all their devices.
                let granted = encode(&ServerMessage::Operator(OperatorAnswer::Granted));
                for id in state.json_connections_of(user) {
                    state.tell(id, &granted);
                }
            }
            Err(error) => {
                session.hub.operators.claim.put_back(taken);
                session.refuse_stored(&error, Some("claim".into()));
            }
        });
        Ok(())
    }

    /// Does what an operator asks for.
    pub(super) fn operate(&mut self, request: OperatorRequest) -> Result<(), Refused> {
        if !self.hub.lock().operators.contains(&self.user) {
            return Err(forbidden("Only operators may do that."));
        }
        match request {
            OperatorRequest::Status => self.status(),
            OperatorRequest::StopListeners => {
                self.log_deed("stops the listeners");
                self.hub.stop_listening();
                self.status();
            }
            OperatorRequest::StartListeners => {
                self.log_deed("starts the listeners");
                self.hub.operators.set_open(true);
                self.status();
            }
            OperatorRequest::Connections => self.connections(),
            OperatorRequest::Kick { who } => return self.kick(who),
            OperatorRequest::Ban { who, reason } => return self.ban(whole(who), reason),
            OperatorRequest::Unban { who } => self.unban(whole(who)),
            OperatorRequest::Bans => self.bans(),
            OperatorRequest::DeleteRoom { room } => return self.delete_room(room),
            OperatorRequest::Log { follow } => return self.follow_log(follow),
            OperatorRequest::Keep { room, keep } => {
                self.log_deed(&format!("has {room} keep {keep}"));
                return self.set_keep(room, keep);
            }
        }
        Ok(())
    }

    fn log_deed(&self, deed: &str) {
        tracing::info!(connection = %self.id, key = %self.user, "an operator {deed}");
    }

    pub(super) fn answer(&mut self, answer: OperatorAnswer) {
        self.reply(&ServerMessage::Operator(answer));
    }

    fn status(&mut self) {
        self.answer(OperatorAnswer::Status(self.hub.operators.status()));
    }

    fn connections(&mut self) {
        let clients = self.hub.operators.clients.snapshot();
        let state = self.hub.lock();
        let rows: Vec<_> = clients.iter().map(|client| row(&state, client)).collect();
        drop(state);
        self.in_parts(&rows, |connections, more| OperatorAnswer::Connections {
            connections,
            more,
        });
    }

    fn bans(&mut self) {
        let bans = self.hub.operators.bans.all();
        self.in_parts(&bans, |bans, more| OperatorAnswer::Bans { bans, more });
    }

    /// Answers with a table, in as many messages as it needs; an empty one needs one, too.
    fn in_parts<T: Clone>(&mut self, rows: &[T], answer: impl Fn(Vec<T>, bool) -> OperatorAnswer) {
        let mut parts = rows.chunks(ROWS).peekable();
        if parts.peek().is_none() {
            self.answer(answer(Vec::new(), false));
        }
        while let Some(part) = parts.next() {
            self.answer(answer(part.to_vec(), parts.peek().is_some()));
        }
    }

    fn follow_log(&mut self, follow: bool) -> Result<(), Refused> {
        if follow && self.log.is_none() {
            self.log_deed("follows the log");
            let log = self.hub.operators.follow_log();
            self.log = Some(log.ok_or_else(|| not_here(&"operator"))?);
        } else if !follow {
            self.log = None;
        }
        self.answer(OperatorAnswer::Done);
        Ok(())
    }

    /// Tells lines of the log; none when there will be no more.
    pub(super) fn log_says(&mut self, said: Option<(Vec<LogLine>, u64)>) {
        match said {
            Some((lines, missed)) => self.answer(OperatorAnswer::Log { lines, missed }),
            None => self.log = None,
        }
    }

    fn kick(&mut self, who: Kicked) -> Result<(), Refused> {
        let mut state = self.hub.lock();
        let ids = match who {
            Kicked::Connection(number) => {
                let id = ConnectionId::from_number(number);
                state.is_connected(id).then_some(id).into_iter().collect()
            }
            Kicked::User(user) => state.connections_of(user),
        };
        for id in &ids {
            state.end(*id, ErrorCode::Kicked);
        }
        drop(state);
        if ids.is_empty() {
            let message = "There is no such session.";
            return Err(Refused::new(
                ChatErrorCode::NoSuchEntry,
                message,
                &"operator",
            ));
        }
        self.log_deed(&format!("ends {} connections", ids.len()));
        self.answer(OperatorAnswer::Done);
        Ok(())
    }

    fn ban(&mut self, who: Banned, reason: Reason) -> Result<(), Refused> {
        match who {
            Banned::User(user) if self.hub.lock().operators.contains(&user) => {
                return Err(forbidden("This is an operator."));
            }
            Banned::Address(address) if network_of(self.address) == address => {
                return Err(forbidden("This is your own address."));
            }
            _ => {}
        }
        let ban = Ban {
            who,
            reason,
            at: system::timestamp(SystemTime::now()),
            by: self.user,
        };
        let stored = self.hub.store.change(Change::Banned(ban.clone()));
        self.after(stored, move |session, stored| match stored {
            Ok(()) => {
                session.log_deed(&format!("bans {who}"));
                session.hub.enforce(ban);
                session.bans();
            }
            Err(error) => session.refuse_stored(&error, Some("operator".into())),
        });
        Ok(())
    }

    fn unban(&mut self, who: Banned) {
        let stored = self.hub.store.change(Change::Unbanned(who));
        self.after(stored, move |session, stored| match stored {
            Ok(()) => {
                session.log_deed(&format!("lifts the ban of {who}"));
                session.hub.operators.bans.remove(who);
                session.bans();
            }
            Err(error) => session.refuse_stored(&error, Some("operator".into())),
        });
    }

    fn delete_room(&mut self, room: RoomId) -> Result<(), Refused> {
        if room == RoomName::lobby().into() {
            return Err(forbidden("Everybody starts in the lobby; it stays."));
        }
        let deleted = self
            .hub
            .store
            .change(Change::RoomDeleted { room: room.clone() });
        self.after(deleted, move |session, deleted| match deleted {
            Ok(()) => {
                session.log_deed(&format!("deletes the room {room}"));
                session.hub.lock().delete_room(&room);
                session.answer(OperatorAnswer::Done);
            }
            Err(error) => session.refuse_stored(&error, Some("operator".into())),
        });
        Ok(())
    }
}

impl super::Hub {
    /// Ends every session but the operators', and lets nobody else in.
    ///
    /// The lock is held from the decision to the last end, and whoever comes is judged under it: no
    /// session slips in between. The same holds for [`Self::enforce`].
    fn stop_listening(&self) {
        let mut state = self.lock();
        self.operators.set_open(false);
        for (id, user) in state.everybody() {
            if !state.operators.contains(&user) {
                state.end(id, ErrorCode::ServerStopping);
            }
        }
    }

    /// Why somebody is not let in now, if they are not.
    pub(super) fn judge(&self, state: &State, user: UserId, address: IpAddr) -> Option<ErrorCode> {
        if self.operators.is_banned(user, address) {
            tracing::info!(key = %user, %address, "turned away: banned");
            return Some(ErrorCode::Kicked);
        }
        let stopped = !self.operators.is_open() && !state.operators.contains(&user);
        stopped.then_some(ErrorCode::ServerStopping)
    }

    /// Keeps somebody out from now on, and ends their sessions.
    fn enforce(&self, ban: Ban) {
        let mut state = self.lock();
        let clients = self.operators.clients.snapshot();
        let ids: Vec<_> = match ban.who {
            Banned::User(user) => state.connections_of(user),
            Banned::Address(address) => clients
                .iter()
                .filter(|client| network_of(client.address.ip()) == address)
                .map(|client| client.id)
                .collect(),
        };
        self.operators.bans.add(ban);
        for id in ids {
            state.end(id, ErrorCode::Kicked);
        }
    }
}

impl State {
    fn delete_room(&mut self, room: &RoomId) {
        let Some(deleted) = self.rooms.remove(room) else {
            return;
        };
        let left = encode(&ServerMessage::Left { room: room.clone() });
        for user in deleted.members.into_keys() {
            for id in self.json_connections_of(user) {
                self.tell(id, &left);
            }
        }
    }
}

fn forbidden(message: &str) -> Refused {
    Refused::new(ChatErrorCode::Forbidden, message, &"operator")
}

fn row(state: &State, client: &Client) -> ConnectionInfo {
    let session = client.session.get();
    let id = session.map(|(_, key)| UserId(*key));
    ConnectionInfo {
        connection: client.id.number(),
        address: client.address.to_string(),
        transport: client.transport.to_string(),
        version: session.map(|(version, _)| version.to_string()),
        id,
        name: id.map(|id| state.name_of(id)),
        since: system::timestamp(client.since),
        bytes_in: client.bytes_in.load(Ordering::Relaxed),
        bytes_out: client.bytes_out.load(Ordering::Relaxed),
    }
}
