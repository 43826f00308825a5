//! What an operator knows of the server: how it is, who is connected, who is kept out, and its log.
//!
//! Pure.

use shared::chat::Author;
use shared::chat::operator::{
    Ban, ConnectionInfo, LogLine, OperatorAnswer, OperatorRequest, RoomInfo, ServerStatus,
};

/// Most lines of the log that are kept; older ones are dropped.
pub const LOG_LINES: usize = 500;

/// What the server has told its operator.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Operating {
    /// How it is, as it last said.
    pub status: Option<ServerStatus>,
    /// Who is connected.
    pub connections: Vec<ConnectionInfo>,
    /// Who is kept out.
    pub bans: Vec<Ban>,
    /// All rooms.
    pub rooms: Vec<RoomInfo>,
    /// All operators.
    pub operators: Vec<Author>,
    /// Its log, oldest first.
    pub log: Vec<LogLine>,
    /// How many lines were too many to be told.
    pub missed: u64,
    /// The beginning of a list whose rest is still to come.
    more_connections: Vec<ConnectionInfo>,
    more_bans: Vec<Ban>,
    more_rooms: Vec<RoomInfo>,
}

impl Operating {
    /// Takes an answer. Returns the request for the rest of a list: it is shown when it is whole.
    pub fn hear(&mut self, answer: OperatorAnswer) -> Option<OperatorRequest> {
        match answer {
            OperatorAnswer::Status(status) => self.status = Some(status),
            OperatorAnswer::Connections { connections, more } => {
                let after = connections.last().map(|last| last.connection);
                self.more_connections.extend(connections);
                if more && after.is_some() {
                    return Some(OperatorRequest::Connections { after });
                }
                self.connections = std::mem::take(&mut self.more_connections);
            }
            OperatorAnswer::Bans { bans, more } => {
                let after = bans.last().map(|last| last.who);
                self.more_bans.extend(bans);
                if more && after.is_some() {
                    return Some(OperatorRequest::Bans { after });
                }
                self.bans = std::mem::take(&mut self.more_bans);
            }
            OperatorAnswer::Rooms { rooms, more } => {
                let after = rooms.last().map(|last| last.room.clone());
                self.more_rooms.extend(rooms);
                if more && after.is_some() {
                    return Some(OperatorRequest::Rooms { after });
                }
                self.rooms = std::mem::take(&mut self.more_rooms);
            }
            OperatorAnswer::Operators { operators } => self.operators = operators,
            OperatorAnswer::Log { lines, missed } => {
                self.log.extend(lines);
                self.missed += missed;
                let surplus = self.log.len().saturating_sub(LOG_LINES);
                self.log.drain(..surplus);
            }
            OperatorAnswer::Granted | OperatorAnswer::Done => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::chat::Timestamp;
    use shared::chat::operator::LogLevel;

    fn connection(number: u64) -> ConnectionInfo {
        ConnectionInfo {
            connection: number,
            address: "192.0.2.1:1".into(),
            transport: "tcp".into(),
            version: None,
            id: None,
            name: None,
            since: Timestamp::from_unix_millis(0).unwrap(),
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    #[test]
    fn a_list_in_parts_is_shown_when_it_is_whole() {
        let mut operating = Operating::default();
        for (number, more) in [(1, true), (2, false), (3, true)] {
            operating.hear(OperatorAnswer::Connections {
                connections: vec![connection(number)],
                more,
            });
        }
        assert_eq!(operating.connections, [connection(1), connection(2)]);
    }

    #[test]
    fn the_log_is_bounded() {
        let mut operating = Operating::default();
        let line = |number: usize| LogLine {
            at: Timestamp::from_unix_millis(0).unwrap(),
            level: LogLevel::Info,
            text: number.to_string(),
        };
        for number in 0..LOG_LINES + 7 {
            operating.hear(OperatorAnswer::Log {
                lines: vec![line(number)],
                missed: 1,
            });
        }
        assert_eq!(operating.log.len(), LOG_LINES);
        assert_eq!(operating.log[0].text, "7");
        assert_eq!(operating.missed, 507);
    }
}
