//! The connection that a request comes from, as the request sees it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use shared::chat::operator::{LogLine, OperatorAnswer};
use shared::chat::{ServerMessage, UserId};
use shared::connection::Version;

use super::hold::Hold;
use super::queue::Outbox;
use crate::clients::ConnectionId;
use crate::hub::Hub;
use crate::hub::directory::Person;
use crate::hub::encoding::encode_reply;

/// The connection that a request comes from. A request keeps it alive, and so can finish after the
/// session has ended.
#[derive(Debug)]
pub(in crate::hub) struct Requester {
    pub(in crate::hub) hub: Hub,
    pub(in crate::hub) connection: ConnectionId,
    pub(in crate::hub) person: Arc<Person>,
    pub(in crate::hub) address: IpAddr,
    pub(in crate::hub) version: Version,
    pub(in crate::hub) outbox: Outbox,
    pub(in crate::hub) hold: Arc<Hold>,
    /// Held from the look at an entry's room and target until it is queued: entries of one connection
    /// are queued in the order in which they came, also those that look at their target first.
    pub(in crate::hub) writing: tokio::sync::Mutex<()>,
}

impl Requester {
    pub(in crate::hub) fn user(&self) -> UserId {
        self.person.user
    }

    /// Returns `true` if the person is an operator here: v1 cannot prove who speaks to whom, so
    /// nobody is over v1.
    pub(in crate::hub) fn is_operator(&self) -> bool {
        self.version >= Version::V2 && self.person.is_operator()
    }

    /// Returns the time that a new key still has to wait until it may write.
    pub(in crate::hub) fn newcomer_wait(&self) -> Option<Duration> {
        if self.hub.settings().new_keys_wait.is_zero() || self.is_operator() {
            return None;
        }
        self.hub.directory().newcomer_wait(self.user())
    }

    pub(in crate::hub) fn reply(&self, message: &ServerMessage) {
        self.outbox.reply(encode_reply(message));
    }

    pub(in crate::hub) fn answer(&self, answer: OperatorAnswer) {
        self.reply(&ServerMessage::Operator(answer));
    }

    pub(in crate::hub) fn send_log(&self, lines: Vec<LogLine>, missed: u64) {
        self.answer(OperatorAnswer::Log { lines, missed });
    }
}
