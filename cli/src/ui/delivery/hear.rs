//! What the server says, and what comes of it: the next step into the room, output, receipts, pauses.

use std::time::Duration;

use shared::chat::entry::Event;
use shared::chat::plain::ServerLine;
use shared::chat::server::{ChatErrorCode, Member, MemberChange, ServerMessage};
use shared::chat::{AdmissionMode, ClientMessage, Entry, RoomName};
use tokio::time::Instant;

use super::lines::Refused;
use super::people::People;
use super::{Delivery, HELP, Stage};
use crate::exit::Code;
use crate::printable;
use crate::ui::pipe::Output;

/// The shortest pause after `rate_limited`, for a server that names none or zero.
const LEAST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause that a server can impose at a time: the longest window of its rates is a
/// minute. A name that takes longer counts as not given: a new key waits hours for its second one.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The pause before a line is sent again that the server could not store.
const STORAGE_PAUSE: Duration = Duration::from_secs(2);

impl Delivery {
    /// Takes a message of the server. A message that is no JSON is shown as it is: older servers
    /// greet every client in plain text.
    #[allow(
        clippy::too_many_lines,
        reason = "one arm for each message, most of a few lines"
    )]
    pub(crate) fn hear(&mut self, plaintext: &[u8], now: Instant) {
        let message = match serde_json::from_slice(plaintext) {
            Ok(message) => message,
            // An object that this program does not understand comes from a later version.
            Err(_) if serde_json::from_slice::<serde_json::Map<_, _>>(plaintext).is_ok() => return,
            // Servers that greet every client do so before they know that it speaks JSON. This
            // client shows a welcome of its own when it is in the room.
            Err(_) if self.stage == Stage::Greeting && plaintext.starts_with(b"* Welcome") => {
                return;
            }
            Err(_) => {
                self.plain = true;
                let text = String::from_utf8_lossy(plaintext).into_owned();
                return self.output.push_back(Output::Line(text));
            }
        };
        match message {
            ServerMessage::Welcome { you, limits, .. } => {
                self.own_id = Some(you.id);
                self.own_name = you.name.to_string();
                self.text_bytes = limits.text_bytes;
                // If the name differs from the claimed one, an error follows and gives the reason.
                let given = self.name.as_ref().is_none_or(|name| *name == self.own_name);
                if self.stage == Stage::Greeting && given {
                    self.stage = Stage::Joining;
                    self.join();
                }
                let asked = self.lines.asked_name();
                if asked.is_some_and(|(_, name)| name.as_str() == self.own_name) {
                    self.lines.named();
                }
            }
            ServerMessage::Waiting { admission } => {
                let text = match admission {
                    AdmissionMode::Approval => {
                        "an operator of this server has to admit your key first; try again later"
                    }
                    AdmissionMode::Invitation | AdmissionMode::Open => {
                        "this server admits new keys by invitation: use the link once in `secure-chat \
                         chat` or in the page"
                    }
                };
                self.fail(Code::Reported, text);
            }
            ServerMessage::Joined {
                room,
                members,
                head,
                ..
            } if room == self.room => {
                self.people = People::new(members);
                if self.stage == Stage::Joining {
                    self.stage = Stage::Joined;
                    self.answer_by = None;
                    self.shown = head;
                    let welcome = format!("Welcome to {room}, {}. {HELP}", self.own_name);
                    self.notice(&welcome);
                    if self.name.is_some() {
                        self.notice(&format!("your name here is now {}", self.own_name));
                    }
                }
            }
            // Entries that arrived while the history was sent are in its pages.
            ServerMessage::Page { room, entries } if room == self.room => {
                for entry in entries {
                    self.entry(entry);
                }
            }
            ServerMessage::Entry(it) if it.room == self.room => self.entry(it.entry),
            ServerMessage::Ack { id, seq, .. } => {
                self.lines.acknowledged(id);
                self.acknowledged = self.acknowledged.max(seq);
            }
            ServerMessage::Member {
                room,
                member,
                change,
            } if room == self.room => {
                self.own_change(&member, change);
                if let Some(text) = self.people.change(&member, change) {
                    self.notice(&text);
                }
            }
            ServerMessage::Notice { text } => self.notice(&text),
            ServerMessage::Renamed { room, to } if room == self.room => self.renamed(to),
            ServerMessage::Left { room, .. } if room == self.room => {
                let text = format!("{room} was closed, or you were removed from it");
                self.fail(Code::Reported, &text);
            }
            ServerMessage::Error {
                code,
                message,
                retry_after,
                about,
            } => self.refused(code, &message, retry_after, about.as_deref(), now),
            // Messages about other rooms, which this key may be in on other devices.
            ServerMessage::Joined { .. }
            | ServerMessage::Page { .. }
            | ServerMessage::Entry(_)
            | ServerMessage::Member { .. }
            | ServerMessage::Renamed { .. }
            | ServerMessage::Left { .. }
            | ServerMessage::Room { .. }
            | ServerMessage::Invited { .. }
            // Nothing that a delivery shows, or has asked for.
            | ServerMessage::Admitted
            | ServerMessage::Rooms { .. }
            | ServerMessage::Members { .. }
            | ServerMessage::Roster { .. }
            | ServerMessage::Done { .. }
            | ServerMessage::Typing { .. }
            | ServerMessage::Read { .. }
            | ServerMessage::Found { .. }
            | ServerMessage::Operator(_)
            | ServerMessage::Pong => {}
        }
    }

    /// Follows the room to its new name, with all requests that are not handed over yet.
    fn renamed(&mut self, to: RoomName) {
        let text = format!("the room {} is called {to} now", self.room);
        self.tell(printable::line(text.as_bytes()));
        self.room = to.into();
        for request in &mut self.requests {
            if let ClientMessage::Send { room, .. } | ClientMessage::Join { room, .. } = request {
                *room = self.room.clone();
            }
        }
        // A `join` that is on its way names the former room, and may find none.
        if self.stage == Stage::Joining {
            self.join();
        }
    }

    /// Reports a change of the own name that no line has asked for: it was taken on another device,
    /// or an operator has taken it away.
    fn own_change(&mut self, member: &Member, change: MemberChange) {
        let name = member.name.to_string();
        if Some(member.id) != self.own_id
            || change != MemberChange::Renamed
            || name == self.own_name
        {
            return;
        }
        // The answer to an own `hello` comes behind the announcement.
        let asked = self.lines.asked_name();
        if asked.is_none_or(|(_, asked)| asked.as_str() != name) {
            let text = format!("your name here is {name} now, which no line has asked for");
            self.tell(printable::line(text.as_bytes()));
        }
        self.own_name = name;
    }

    fn entry(&mut self, entry: Entry) {
        // Pages repeat entries that were shown: after a join the latest 50 come.
        if self.stage != Stage::Joined || entry.seq <= self.shown {
            return;
        }
        self.shown = entry.seq;
        if let Event::Message {
            text: Some(text), ..
        } = entry.event
        {
            let line = ServerLine::Message {
                from: entry.from.name.as_str(),
                text: text.as_str(),
            };
            self.output.push_back(Output::Line(line.to_string()));
        }
    }

    fn refused(
        &mut self,
        code: ChatErrorCode,
        message: &str,
        retry_after: Option<u64>,
        about: Option<&str>,
        now: Instant,
    ) {
        let about = about.unwrap_or_default();
        let pause = Duration::from_millis(retry_after.unwrap_or(0));
        if matches!(about, "hello" | "")
            && let Some((number, _)) = self.lines.asked_name()
        {
            let text = format!("{code}: {message}");
            return self.name_refused(number, code, &text, pause, now);
        }
        if code == ChatErrorCode::RateLimited {
            if pause > LONGEST_PAUSE && self.stage == Stage::Greeting && self.name.is_some() {
                let text = format!("the server refuses: {code}: {message}. Nothing was sent");
                return self.fail(Code::Name, &text);
            }
            let until = now + pause.clamp(LEAST_PAUSE, LONGEST_PAUSE);
            // Many rejections may come together; the pause that ends first counts.
            self.paused_until = Some(self.paused_until.map_or(until, |other| other.min(until)));
            return self.lines.send_again(about);
        }
        // A room that was renamed a moment ago is not there under its former name, and `renamed` may
        // come behind this. If the room is gone or closed to us, `left` comes.
        let may_pass = matches!(
            code,
            ChatErrorCode::StorageFailed | ChatErrorCode::NoSuchRoom | ChatErrorCode::NotJoined
        );
        match self.lines.refused(about, may_pass) {
            Refused::Again => {
                self.paused_until = Some(now + STORAGE_PAUSE);
                return;
            }
            Refused::GivenUp(number) => return self.give_up(number, &format!("{code}: {message}")),
            Refused::NoLine => {}
        }
        let text = format!("the server refuses: {code}: {message}");
        match code {
            ChatErrorCode::NameTaken | ChatErrorCode::NameInvalid
                if self.stage != Stage::Joined =>
            {
                let text = format!("{text}. Nothing was sent; choose another --name");
                self.fail(Code::Name, &text);
            }
            // The answer to a `join` from before the room was renamed.
            ChatErrorCode::NoSuchRoom
                if self.stage == Stage::Joining
                    && !about.is_empty()
                    && about != self.room.to_string() => {}
            _ if self.stage == Stage::Joined => self.tell(printable::line(text.as_bytes())),
            _ => self.fail(Code::Reported, &text),
        }
    }

    /// Takes the refusal of the name that a line has asked for.
    fn name_refused(
        &mut self,
        number: u64,
        code: ChatErrorCode,
        text: &str,
        pause: Duration,
        now: Instant,
    ) {
        let (may_pass, pause) = match code {
            ChatErrorCode::RateLimited => (pause <= LONGEST_PAUSE, pause.max(LEAST_PAUSE)),
            ChatErrorCode::StorageFailed => (true, STORAGE_PAUSE),
            _ => (false, Duration::ZERO),
        };
        match self.lines.name_refused(may_pass) {
            Refused::Again => {
                self.paused_until = Some(now + pause);
                let seconds = pause.as_secs_f32().ceil();
                let note = format!("line {number} asks for its name again in {seconds} s: {text}");
                self.tell(printable::line(note.as_bytes()));
            }
            Refused::GivenUp(_) | Refused::NoLine => self.not_named(number, text),
        }
    }
}
