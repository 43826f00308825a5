//! An operator's model of the server: its status, connections, bans, rooms, operators and log.
//!
//! The module is pure.

pub mod figures;
#[cfg(test)]
mod tests;

use shared::chat::admission::{Applicant, Invitation};
use shared::chat::entry::DisplayName;
use shared::chat::lowercase;
use shared::chat::operator::{
    Ban, ConnectionInfo, LogLine, OperatorAnswer, OperatorRequest, RoomInfo, ServerStatus,
};
use shared::chat::{Author, ClientMessage, InvitationCode, Role, RoomName, Timestamp, UserId};

use self::figures::Figures;
use super::Chat;
use super::compose::{Fault, nobody};
use super::lines::OPERATOR_HELP;

/// The most lines of the log that are kept. Older ones are dropped.
pub const LOG_LINES: usize = 500;

/// The server's answers to an operator.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Operating {
    /// The server's latest status.
    pub status: Option<ServerStatus>,
    /// The connections of the server.
    pub connections: Vec<ConnectionInfo>,
    /// The bans of the server.
    pub bans: Vec<Ban>,
    /// The rooms of the server, private ones and rooms of two among them.
    pub rooms: Vec<RoomInfo>,
    /// The operators of the server.
    pub operators: Vec<Author>,
    /// The keys that wait to be admitted.
    pub applicants: Vec<Applicant>,
    /// The open invitations to the server.
    pub invitations: Vec<Invitation>,
    /// The code of the invitation that was made last, and its number.
    pub code: Option<(InvitationCode, u32)>,
    /// The latest lines of the server's log, oldest first.
    pub log: Vec<LogLine>,
    /// The number of older lines that were dropped.
    pub dropped: u64,
    /// The figures of the last minutes.
    pub figures: Figures,
    /// The number of lines that the server left out.
    pub missed: u64,
    /// The pages so far of a list whose end has not come yet.
    more_connections: Vec<ConnectionInfo>,
    more_bans: Vec<Ban>,
    more_rooms: Vec<RoomInfo>,
    more_applicants: Vec<Applicant>,
    /// The list that a command of the person asked for, and that is to be shown as text.
    telling: Option<Told>,
    told: Option<String>,
}

/// A list that a command can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Operators,
    Rooms,
    Applicants,
    Invitations,
}

/// The most entries of a list that are shown as text. The console has all of them.
const TOLD: usize = 50;

impl Operating {
    /// Applies an answer that came `at` this time, in milliseconds since 1970. Returns the request for the next page of a list: a list is shown when it
    /// is complete.
    pub fn hear(&mut self, answer: OperatorAnswer, at: u64) -> Option<OperatorRequest> {
        match answer {
            OperatorAnswer::Status(status) => self.status = Some(status),
            OperatorAnswer::Connections { connections, more } => {
                // An empty page has no last row to go on behind, so it ends the list whatever
                // `more` says.
                let after = connections.last().map(|last| last.connection);
                self.more_connections.extend(connections);
                if more && after.is_some() {
                    return Some(OperatorRequest::Connections { after });
                }
                let now = std::mem::take(&mut self.more_connections);
                self.figures.take(&self.connections, &now, at);
                self.connections = now;
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
                self.tell(Told::Rooms);
            }
            OperatorAnswer::Operators { operators } => {
                self.operators = operators;
                self.tell(Told::Operators);
            }
            OperatorAnswer::Applicants { applicants, more } => {
                let after = applicants.last().map(|last| last.id);
                self.more_applicants.extend(applicants);
                if more && after.is_some() {
                    return Some(OperatorRequest::Applicants { after });
                }
                self.applicants = std::mem::take(&mut self.more_applicants);
                self.tell(Told::Applicants);
            }
            OperatorAnswer::Invitations { invitations } => {
                self.invitations = invitations;
                self.tell(Told::Invitations);
            }
            OperatorAnswer::Invitation { code, invitation } => {
                self.told = Some(format!(
                    "Invitation {}: append #invitation={} to the page's address. It admits {} \
                     until {}.",
                    invitation.number,
                    code.as_str(),
                    keys(invitation.uses),
                    minute(invitation.expires)
                ));
                self.code = Some((code, invitation.number));
                self.invitations.push(invitation);
            }
            OperatorAnswer::Log { lines, missed } => {
                self.log.extend(lines);
                self.missed += missed;
                // The log of a busy server never ends, and must not fill the memory of a console
                // that stays open.
                let surplus = self.log.len().saturating_sub(LOG_LINES);
                self.log.drain(..surplus);
                self.dropped += surplus as u64;
            }
            // The list of rooms may show what the request has changed.
            OperatorAnswer::Done if !self.rooms.is_empty() => {
                return Some(OperatorRequest::Rooms { after: None });
            }
            OperatorAnswer::Granted | OperatorAnswer::Revoked | OperatorAnswer::Done => {}
        }
        None
    }

    /// Returns the user with this fingerprint, or with this name among the connections, operators and
    /// applicants.
    ///
    /// # Errors
    /// [`NoOne`] if there is none, or more than one: applicants call themselves what they like.
    pub fn person(&self, who: &str) -> Result<UserId, NoOne> {
        if let Ok(user) = UserId::parse(who) {
            return Ok(user);
        }
        one(self.people(who))
    }

    /// Returns everybody with this name.
    fn people(&self, who: &str) -> impl Iterator<Item = UserId> {
        let name = lowercase(who.strip_prefix('@').unwrap_or(who));
        let connected = self.connections.iter();
        let connected = connected.filter_map(|it| Some((it.name.as_ref()?.as_str(), it.id?)));
        let operators = self.operators.iter().map(|it| (it.name.as_str(), it.id));
        let waiting = self.applicants.iter();
        let waiting = waiting.filter_map(|it| Some((it.name.as_ref()?.as_str(), it.id)));
        let people = connected.chain(operators).chain(waiting);
        let found = people.filter(move |(other, _)| lowercase(other) == name);
        found.map(|(_, id)| id)
    }

    /// Makes a text of a complete list, if a command asked for it.
    fn tell(&mut self, list: Told) {
        if self.telling != Some(list) {
            return;
        }
        self.telling = None;
        let (what, lines): (_, Vec<_>) = match list {
            Told::Operators => {
                let line = |it: &Author| format!("{} {}", it.name, it.id);
                ("operators", self.operators.iter().map(line).collect())
            }
            Told::Rooms => ("rooms", self.rooms.iter().map(room_line).collect()),
            Told::Applicants => (
                "applicants",
                self.applicants.iter().map(applicant_line).collect(),
            ),
            Told::Invitations => (
                "invitations",
                self.invitations.iter().map(invitation_line).collect(),
            ),
        };
        // A notice is one line in a room, and a server may have thousands of rooms.
        let shown = &lines[..lines.len().min(TOLD)];
        let mut text = format!("{} {what}: {}", lines.len(), shown.join("; "));
        if shown.len() < lines.len() {
            text.push_str("; and others, which the console lists");
        }
        self.told = Some(text);
    }

    /// Returns the text of a list that a command asked for. Returns it once.
    pub(crate) fn take_told(&mut self) -> Option<String> {
        self.told.take()
    }
}

fn room_line(room: &RoomInfo) -> String {
    let owner = match &room.owner {
        Some(owner) => format!("owner {}", owner.name),
        None => "no owner".to_owned(),
    };
    let private = if room.private { "private, " } else { "" };
    format!("{} ({private}{} members, {owner})", room.room, room.members)
}

fn applicant_line(applicant: &Applicant) -> String {
    let name = applicant
        .name
        .as_ref()
        .map_or("no name", DisplayName::as_str);
    format!("{name} {} from {}", applicant.id, applicant.address)
}

fn invitation_line(invitation: &Invitation) -> String {
    let Invitation {
        number,
        uses,
        expires,
        ..
    } = invitation;
    format!(
        "{number} (admits {} until {})",
        keys(*uses),
        minute(*expires)
    )
}

fn keys(number: u32) -> String {
    match number {
        1 => "1 key".to_owned(),
        number => format!("{number} keys"),
    }
}

/// Formats a moment to the minute, as people read it: `2026-12-07 12:01 UTC`.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => text,
    }
}

impl Chat {
    /// Carries out an operator's command.
    pub(crate) fn operate(&mut self, word: &str, rest: &str) -> Result<(), Fault> {
        // The server would reject it as well. The answer is at hand, so no request is spent.
        if !self.operator {
            return Err("Only operators may do that.".into());
        }
        let request = match (word, rest) {
            ("operators", "") => {
                self.operating.telling = Some(Told::Operators);
                OperatorRequest::Operators
            }
            ("rooms", "") => {
                self.operating.telling = Some(Told::Rooms);
                OperatorRequest::Rooms { after: None }
            }
            ("appoint", who) => {
                let user = self.user(who)?;
                OperatorRequest::Appoint { user }
            }
            ("revoke", who) => {
                let user = self.user(who)?;
                OperatorRequest::Revoke { user }
            }
            ("release", who) => {
                let user = self.user(who)?;
                OperatorRequest::ReleaseName { user }
            }
            ("owner", rest) => self.owner(rest)?,
            ("admission", mode) => {
                let mode = mode
                    .parse()
                    .map_err(|error| format!("Not changed: {error}."))?;
                OperatorRequest::Admission { mode }
            }
            ("applicants", "") => {
                self.operating.telling = Some(Told::Applicants);
                OperatorRequest::Applicants { after: None }
            }
            ("admit", who) => {
                let user = self.user(who)?;
                OperatorRequest::Admit { user }
            }
            ("invite", rest) => invitation(rest)?,
            ("invitations", "") => {
                self.operating.telling = Some(Told::Invitations);
                OperatorRequest::Invitations
            }
            ("uninvite", number) => {
                let number = number.parse().ok();
                let number = number.ok_or("Which invitation? /op uninvite NUMBER")?;
                OperatorRequest::Uninvite { number }
            }
            _ => return Err(OPERATOR_HELP.into()),
        };
        self.ask(ClientMessage::Operator(request));
        Ok(())
    }

    fn owner(&self, rest: &str) -> Result<OperatorRequest, Fault> {
        let words = rest.split_once(char::is_whitespace);
        let (room, who) = words.ok_or("Which room, and who? /op owner ROOM WHO")?;
        let room = RoomName::from_stored(room.strip_prefix('#').unwrap_or(room))
            .map_err(|error| format!("No room: {error}."))?;
        let user = self.user(who.trim())?;
        let role = Role::Owner;
        Ok(OperatorRequest::Role { room, user, role })
    }

    /// Returns the user with this fingerprint, or with a name that this client knows.
    fn user(&self, who: &str) -> Result<UserId, Fault> {
        if let Ok(user) = UserId::parse(who) {
            return Ok(user);
        }
        let known = self.person(who).map(|it| it.id);
        one(known.into_iter().chain(self.operating.people(who))).map_err(|no_one| match no_one {
            NoOne::Nobody => nobody(who),
            NoOne::Several => {
                let who: String = who.chars().take(32).collect();
                format!("More than one is called {who}: give the fingerprint.").into()
            }
        })
    }
}

fn invitation(rest: &str) -> Result<OperatorRequest, Fault> {
    let mut numbers = rest.split_whitespace().map(str::parse);
    let (uses, days) = (
        numbers.next().unwrap_or(Ok(1)),
        numbers.next().unwrap_or(Ok(7)),
    );
    match (uses, days, numbers.next()) {
        (Ok(uses), Ok(days), None) => Ok(OperatorRequest::Invite { uses, days }),
        _ => Err("For how many keys, and days? /op invite KEYS DAYS".into()),
    }
}

/// Returns the only user of `people`.
fn one(people: impl IntoIterator<Item = UserId>) -> Result<UserId, NoOne> {
    let mut people = people.into_iter();
    let first = people.next().ok_or(NoOne::Nobody)?;
    // One who is connected twice is one all the same.
    if people.any(|other| other != first) {
        return Err(NoOne::Several);
    }
    Ok(first)
}

/// The reason for which a name leads to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoOne {
    /// Nobody is called so.
    Nobody,
    /// More than one is called so.
    Several,
}
