//! Delivers lines to a room, each exactly once and in order, and names the lines that were not
//! delivered. Speaks the JSON chat, because only that has receipts: a line counts as delivered when
//! the server has acknowledged it. No input or output and no clock;
//! [`commands::connect`](crate::commands) drives it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::io;
use std::time::Duration;

use shared::chat::entry::Event;
use shared::chat::plain::{ClientLine, ServerLine};
use shared::chat::server::{ChatErrorCode, MemberChange, ServerMessage};
use shared::chat::{AdmissionMode, ClientMessage, MessageId, RoomId, RoomName, Seq, Text, UserId};
use shared::connection::Version;
use tokio::time::Instant;

use super::Screen;
use super::pipe::Output;
use crate::exit::{Code, Failure};
use crate::printable;

/// The most lines that are on their way at once. One, because a line that is rejected for its rate
/// is overtaken by the next one as soon as the server has a token again: seen with 32 on a busy
/// machine.
const MOST_ON_THEIR_WAY: usize = 1;

/// The most lines that were read and not acknowledged. Behind them the pipe has to wait.
const MOST_WAITING: usize = 256;

/// The shortest pause after `rate_limited`, for a server that names none or zero.
const LEAST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause that a server can impose at a time: the longest window of its rates is a
/// minute.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The pause before a line is sent again that the server could not store.
const STORAGE_PAUSE: Duration = Duration::from_secs(2);

/// The number of attempts after which a line that the server cannot store is given up.
const STORAGE_ATTEMPTS: u32 = 5;

/// The time in which the server must let this client into the room.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// The most ranges of line numbers that one sentence names.
const NAMED_RANGES: usize = 20;

const PROGRAM: &str = concat!("secure-chat ", env!("CARGO_PKG_VERSION"));

const HELP: &str = "Every line goes to everybody here. /name NEW takes a name, /who lists who is \
                    here, /quit ends the session, // starts a line with a slash.";

/// A line that the server has not acknowledged.
#[derive(Debug)]
struct Waiting {
    number: u64,
    id: MessageId,
    text: Text,
    on_its_way: bool,
    failures: u32,
}

/// The progress of the conversation with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No session is established yet.
    Connecting,
    /// `hello` was sent and is not answered.
    Greeting,
    /// `join` was sent and is not answered.
    Joining,
    /// Lines can be sent.
    Joined,
}

/// The delivery of one pipe's lines.
#[derive(Debug)]
pub(crate) struct Delivery {
    room: RoomId,
    /// The name to claim. The server must give it before any line is sent: otherwise lines would go
    /// out under another name.
    name: Option<String>,
    stage: Stage,
    waiting: VecDeque<Waiting>,
    /// The most lines on their way at present.
    window: usize,
    /// The time before which nothing is sent.
    paused_until: Option<Instant>,
    /// The time by which the server must have let this client into the room.
    answer_by: Option<Instant>,
    /// The server seems to speak plain text only: its answer is not awaited.
    plain: bool,
    /// The numbers of lines that will never be delivered.
    lost: Vec<u64>,
    /// The number of the last line that was read.
    last_read: u64,
    /// Standard input has ended, or the rest is not wanted any more (`/quit`).
    input_ended: bool,
    /// The longest text that this server and this version take, in bytes.
    text_bytes: usize,
    version: Version,
    own_name: String,
    members: BTreeMap<UserId, (String, bool)>,
    /// The last entry that was shown, or that existed before this client joined.
    shown: Seq,
    /// The last own entry that was acknowledged. The delivery ends only when that entry was shown.
    acknowledged: Seq,
    failure: Option<Failure>,
    /// The requests to send, and the output to show, in order.
    pub(crate) requests: VecDeque<ClientMessage>,
    pub(crate) output: VecDeque<Output>,
}

impl Delivery {
    /// Creates a delivery to `room`, which claims the name `name`.
    pub(crate) fn new(room: RoomName, name: Option<String>) -> Self {
        Self {
            room: room.into(),
            name,
            stage: Stage::Connecting,
            waiting: VecDeque::new(),
            window: MOST_ON_THEIR_WAY,
            paused_until: None,
            answer_by: None,
            plain: false,
            lost: Vec::new(),
            last_read: 0,
            input_ended: false,
            text_bytes: usize::MAX,
            version: Version::V2,
            own_name: String::new(),
            members: BTreeMap::new(),
            shown: 0,
            acknowledged: 0,
            failure: None,
            requests: VecDeque::new(),
            output: VecDeque::new(),
        }
    }

    /// Starts the conversation: the session is established, and the server gets `hello`.
    pub(crate) fn established(&mut self, version: Version, now: Instant) {
        self.version = version;
        self.answer_by = Some(now + ANSWER_TIMEOUT);
        self.stage = Stage::Greeting;
        self.hello();
    }

    fn hello(&mut self) {
        self.requests.push_back(ClientMessage::Hello {
            name: self.name.clone(),
            client: PROGRAM.to_owned().into(),
        });
    }

    /// Returns `true` while more lines are wanted.
    pub(crate) fn wants_lines(&self) -> bool {
        !self.input_ended && self.failure.is_none() && self.waiting.len() < MOST_WAITING
    }

    /// Takes the line with this number. `id` is the line's idempotency key.
    pub(crate) fn line(&mut self, number: u64, line: &[u8], id: MessageId) {
        self.last_read = number;
        let Ok(line) = std::str::from_utf8(line) else {
            return self.lose(number, "it is not UTF-8");
        };
        match ClientLine::parse(line) {
            // An empty line carries no message.
            ClientLine::Empty => {}
            // JSON that a person pipes is text like any other.
            ClientLine::Object => self.text(number, line, id),
            ClientLine::Text(text) => self.text(number, text, id),
            ClientLine::Name(name) => {
                self.name = Some(name.to_owned());
                if self.stage != Stage::Connecting {
                    self.hello();
                }
            }
            ClientLine::Who => self.who(),
            ClientLine::Help => self.notice(HELP),
            ClientLine::Quit => {
                self.notice("bye");
                self.input_ended = true;
            }
            ClientLine::UnknownCommand(_) => {
                self.lose(
                    number,
                    "there is no such command; // begins a line with a slash",
                );
            }
        }
    }

    fn text(&mut self, number: u64, text: &str, id: MessageId) {
        match Text::parse(text) {
            Ok(text) => self.waiting.push_back(Waiting {
                number,
                id,
                text,
                on_its_way: false,
                failures: 0,
            }),
            Err(error) => self.lose(number, &error.to_string()),
        }
    }

    /// Gives a line up, and reports the reason.
    pub(crate) fn lose(&mut self, number: u64, why: &str) {
        self.last_read = self.last_read.max(number);
        self.lost.push(number);
        // The reason may have text of the server in it.
        let why = printable::line(why.as_bytes());
        self.tell(format!("line {number} was not delivered: {why}"));
    }

    /// Marks standard input as ended.
    pub(crate) fn end_of_input(&mut self) {
        self.input_ended = true;
    }

    /// Reports that standard input failed behind a line.
    pub(crate) fn input_failed(&mut self, number: u64, error: &io::Error) {
        self.input_ended = true;
        self.fail(
            Code::Other,
            &format!("standard input failed behind line {number}: {error}"),
        );
    }

    /// Queues the requests that may be sent now.
    pub(crate) fn settle(&mut self, now: Instant) {
        if self.paused_until.is_some_and(|until| now < until) {
            return;
        }
        if self.paused_until.take().is_some() {
            match self.stage {
                Stage::Greeting => self.hello(),
                Stage::Joining => self.join(),
                Stage::Connecting | Stage::Joined => {}
            }
            // The pause was the server's wish, so it does not count against the time to answer.
            self.answer_by = self.answer_by.map(|_| now + ANSWER_TIMEOUT);
        }
        if self.answer_by.is_some_and(|by| now >= by) {
            self.answer_by = None;
            self.plain = true;
            // Nothing was to be delivered, so a silent server is no failure.
            if self.is_idle() {
                return;
            }
            let text = "the server does not let us into the room: it does not answer, or speaks no \
                        JSON chat";
            self.fail(Code::NotDelivered, text);
        }
        if self.stage == Stage::Joined {
            self.send();
        }
    }

    /// Returns `true` while nothing waits to be delivered.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.requests.is_empty() && self.name.is_none()
    }

    /// Returns `true` when every line that was read is delivered or given up.
    pub(crate) fn is_delivered(&self) -> bool {
        self.waiting.is_empty() && self.requests.is_empty()
    }

    /// Returns `true` if all input was read and every line of it was delivered.
    pub(crate) fn is_complete(&self) -> bool {
        self.input_ended && self.is_delivered() && self.lost.is_empty() && self.failure.is_none()
    }

    /// Returns `true` when the delivery cannot go on.
    pub(crate) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    fn join(&mut self) {
        self.requests.push_back(ClientMessage::Join {
            room: self.room.clone(),
            after: None,
        });
    }

    fn send(&mut self) {
        let largest = match self.version {
            // Base64 makes a frame of v1 a third longer than its ciphertext, so half of it is
            // always enough.
            Version::V1 => shared::limits::MESSAGE_FRAME_BYTES / 2,
            Version::V2 => shared::limits::V2_MESSAGE_BYTES,
        };
        let mut too_long = Vec::new();
        for line in self.waiting.iter_mut().take(self.window) {
            if line.on_its_way {
                continue;
            }
            let request = ClientMessage::Send {
                room: self.room.clone(),
                id: line.id,
                text: line.text.clone(),
                reply_to: None,
            };
            let bytes = line.text.as_str().len();
            let sealed = serde_json::to_vec(&request).map_or(0, |json| json.len());
            if bytes > self.text_bytes {
                too_long.push((line.number, bytes, self.text_bytes));
            } else if sealed > largest {
                too_long.push((line.number, sealed, largest));
            } else {
                line.on_its_way = true;
                self.requests.push_back(request);
            }
        }
        if too_long.is_empty() {
            return;
        }
        for (number, bytes, limit) in too_long {
            self.waiting.retain(|line| line.number != number);
            self.lose(
                number,
                &format!("it has {bytes} bytes, and this server takes at most {limit}"),
            );
        }
        self.send();
    }

    /// Returns the time at which [`Self::settle`] must be called again.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.paused_until.or(self.answer_by)
    }

    /// Returns `true` when nothing more has to be sent, and everything that was sent is shown.
    pub(crate) fn is_done(&self) -> bool {
        if self.failure.is_some() {
            return true;
        }
        let named = self.stage == Stage::Joined || (self.plain && self.name.is_none());
        self.input_ended
            && self.requests.is_empty()
            && self.waiting.is_empty()
            && named
            && self.shown >= self.acknowledged
    }

    /// Takes a message of the server. A message that is no JSON is shown as it is: older servers
    /// greet every client in plain text.
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
                self.own_name = you.name.to_string();
                self.text_bytes = limits.text_bytes;
                // If the name differs from the claimed one, an error follows and gives the reason.
                let given = self.name.as_ref().is_none_or(|name| *name == self.own_name);
                if self.stage == Stage::Greeting && given {
                    self.stage = Stage::Joining;
                    self.join();
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
                self.members = members
                    .into_iter()
                    .map(|member| (member.id, (member.name.to_string(), member.online)))
                    .collect();
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
                self.waiting.retain(|line| line.id != id);
                self.acknowledged = self.acknowledged.max(seq);
            }
            ServerMessage::Member {
                room,
                member,
                change,
            } if room == self.room => self.member(&member, change),
            ServerMessage::Notice { text } => self.notice(&text),
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
            _ => {}
        }
    }

    fn entry(&mut self, entry: shared::chat::Entry) {
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

    fn member(&mut self, member: &shared::chat::server::Member, change: MemberChange) {
        let name = member.name.to_string();
        let former = match change {
            MemberChange::Left => self.members.remove(&member.id),
            _ => self
                .members
                .insert(member.id, (name.clone(), member.online)),
        };
        let was_online = former.as_ref().is_some_and(|(_, online)| *online);
        match change {
            MemberChange::Joined | MemberChange::Presence if member.online && !was_online => {
                self.notice(&format!("{name} joined"));
            }
            MemberChange::Left | MemberChange::Presence if was_online && !member.online => {
                self.notice(&format!("{name} left"));
            }
            MemberChange::Left if was_online => self.notice(&format!("{name} left")),
            MemberChange::Renamed => {
                let former = former.map_or_else(|| "somebody".to_owned(), |(name, _)| name);
                self.notice(&format!("{former} is now {name}"));
            }
            _ => {}
        }
    }

    fn who(&mut self) {
        let here = self.members.values().filter(|(_, online)| *online);
        let names: Vec<_> = here.map(|(name, _)| name.as_str()).collect();
        let text = format!("{} here: {}", names.len(), names.join(", "));
        self.notice(&text);
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
        let at = self
            .waiting
            .iter()
            .position(|line| line.id.to_string() == about);
        if code == ChatErrorCode::RateLimited {
            let pause = Duration::from_millis(retry_after.unwrap_or(0));
            let until = now + pause.clamp(LEAST_PAUSE, LONGEST_PAUSE);
            // Many rejections may come together; the pause that ends first counts.
            self.paused_until = Some(self.paused_until.map_or(until, |other| other.min(until)));
            self.window = 1;
            if let Some(line) = at.and_then(|at| self.waiting.get_mut(at)) {
                line.on_its_way = false;
            }
            return;
        }
        if let Some(line) = at.and_then(|at| self.waiting.get_mut(at)) {
            line.failures += 1;
            if code == ChatErrorCode::StorageFailed && line.failures < STORAGE_ATTEMPTS {
                line.on_its_way = false;
                self.window = 1;
                self.paused_until = Some(now + STORAGE_PAUSE);
                return;
            }
            let number = line.number;
            self.waiting.retain(|line| line.number != number);
            return self.lose(number, &format!("{code}: {message}"));
        }
        let text = format!("the server refuses: {code}: {message}");
        match code {
            ChatErrorCode::NameTaken | ChatErrorCode::NameInvalid => {
                if self.stage == Stage::Joined {
                    // `/name` in the middle: all other requests go on under the former name.
                    return self.tell(printable::line(text.as_bytes()));
                }
                let text = format!("{text}. Nothing was sent; choose another --name");
                self.fail(Code::Name, &text);
            }
            _ if self.stage == Stage::Joined => self.tell(printable::line(text.as_bytes())),
            _ => self.fail(Code::Reported, &text),
        }
    }

    fn notice(&mut self, text: &str) {
        let line = ServerLine::Notice(text).to_string();
        self.output.push_back(Output::Line(line));
    }

    fn tell(&mut self, text: String) {
        self.output.push_back(Output::Note(text));
    }

    /// Ends the delivery; the first failure is the one that is reported.
    pub(crate) fn fail(&mut self, code: Code, text: &str) {
        let text = printable::line(text.as_bytes());
        self.failure.get_or_insert(Failure::new(code, text));
    }

    /// Returns the result for all lines, after the session.
    ///
    /// # Errors
    /// `ended` if the session ended badly, else the failure that stopped the delivery, else
    /// [`Code::NotDelivered`] with the numbers of the lines that were lost.
    pub(crate) fn verdict(mut self, ended: Result<(), Failure>) -> Result<(), Failure> {
        let mut missing = std::mem::take(&mut self.lost);
        // A line that is not acknowledged counts as lost: the server may have it, but no receipt
        // says so.
        missing.extend(self.waiting.iter().map(|line| line.number));
        missing.sort_unstable();
        let mut text = String::new();
        if !missing.is_empty() {
            text = format!("not delivered: line(s) {}", ranges(&missing));
        }
        let interrupted = matches!(&ended, Err(failure) if failure.code == Code::Interrupted);
        if !self.input_ended && !interrupted {
            let sign = if text.is_empty() { "" } else { "; " };
            // Writing to a string does not fail.
            let _ = write!(
                text,
                "{sign}what came after line {} was not read",
                self.last_read
            );
        }
        let failure = match (ended.err(), self.failure) {
            (Some(ended), _) => Some(ended),
            (None, failure) => failure,
        };
        match failure {
            Some(failure) if text.is_empty() => Err(failure),
            Some(failure) => Err(Failure::new(
                failure.code,
                format!("{}\n{text}", failure.text),
            )),
            None if !missing.is_empty() => Err(Failure::new(Code::NotDelivered, text)),
            None if !self.input_ended => Err(Failure::new(
                Code::NotDelivered,
                format!("the server ended the session; {text}"),
            )),
            None => Ok(()),
        }
    }
}

impl Screen for Delivery {
    fn established(&mut self, version: Version) {
        Self::established(self, version, Instant::now());
    }

    fn message(&mut self, message: &[u8]) -> io::Result<()> {
        self.hear(message, Instant::now());
        Ok(())
    }

    fn note(&mut self, text: &str) {
        self.output.push_back(Output::Note(text.to_owned()));
    }

    fn idle(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Formats ascending numbers as ranges: `1-3, 7`.
fn ranges(numbers: &[u64]) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == *number => *end = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let named = ranges.iter().take(NAMED_RANGES).map(|(start, end)| {
        if start == end {
            start.to_string()
        } else {
            format!("{start}-{end}")
        }
    });
    let mut text = named.collect::<Vec<_>>().join(", ");
    if ranges.len() > NAMED_RANGES {
        let _ = write!(text, " and others, {} in all", numbers.len());
    }
    text
}
