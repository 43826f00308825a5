//! Delivers lines to a room, each exactly once and in order, and names the lines that were not
//! delivered. Speaks the JSON chat, because only that has receipts: a line counts as delivered when
//! the server has acknowledged it. No input or output and no clock;
//! [`commands::connect`](crate::commands) drives it.

mod hear;
mod lines;
mod people;
mod verdict;

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use shared::chat::plain::{ClientLine, ServerLine};
use shared::chat::{ClientMessage, MessageId, Name, RoomId, RoomName, Seq, Text, UserId};
use shared::connection::Version;
use tokio::time::Instant;

use self::lines::{Lines, Longest, Unsendable};
use self::people::People;
use super::Screen;
use super::pipe::Output;
use crate::exit::{Code, Failure};
use crate::printable;

/// The time in which the server must let this client into the room.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// The time for which lines behind `/quit` are awaited before the session ends. They are not
/// delivered, and those that were written together with it are read in this time and named.
const QUIT_GRACE: Duration = Duration::from_millis(100);

const PROGRAM: &str = concat!("secure-chat ", env!("CARGO_PKG_VERSION"));

const HELP: &str = "Every line goes to everybody here. /name NEW takes a name, /who lists who is \
                    here, /quit ends the session, // starts a line with a slash.";

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
    /// The name to claim first. The server must give it before any line is sent: otherwise lines
    /// would go out under another name. Further names (`/name`) wait among the lines.
    name: Option<String>,
    stage: Stage,
    lines: Lines,
    /// The time before which nothing is sent.
    paused_until: Option<Instant>,
    /// The time by which the server must have let this client into the room.
    answer_by: Option<Instant>,
    /// The time until which lines behind `/quit` are awaited.
    quit_until: Option<Instant>,
    /// The server seems to speak plain text only: its answer is not awaited.
    plain: bool,
    /// The longest text that this server and this version take, in bytes.
    text_bytes: usize,
    version: Version,
    own_id: Option<UserId>,
    own_name: String,
    people: People,
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
            lines: Lines::new(),
            paused_until: None,
            answer_by: None,
            quit_until: None,
            plain: false,
            // Not known before `welcome`, which comes before the room and so before any line is
            // sent.
            text_bytes: usize::MAX,
            version: Version::V2,
            own_id: None,
            own_name: String::new(),
            people: People::default(),
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
        self.requests.push_back(hello(self.name.as_deref()));
    }

    /// Returns `true` while more lines are wanted.
    pub(crate) fn wants_lines(&self) -> bool {
        self.failure.is_none() && self.lines.wants_more()
    }

    /// Takes the line with this number. `id` is the line's idempotency key.
    pub(crate) fn line(&mut self, number: u64, line: &[u8], id: MessageId, now: Instant) {
        self.lines.read(number);
        if self.lines.has_quit() {
            return self.follows_quit(number, line);
        }
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
                // Checked here, so that the answer can be compared with the name in the one form
                // that servers give it (NFC).
                let name = Name::parse(name).map_err(|error| format!("{name:?}: {error}"));
                self.lines.push_name(number, name);
            }
            ClientLine::Who => self.notice(&self.people.here()),
            ClientLine::Help => self.notice(HELP),
            ClientLine::Quit => {
                self.notice("bye");
                self.lines.quit();
                self.quit_until = Some(now + QUIT_GRACE);
            }
            ClientLine::UnknownCommand(_) => {
                self.lose(
                    number,
                    "there is no such command; // begins a line with a slash",
                );
            }
        }
    }

    /// Records a line behind `/quit`. Nobody misses an empty one or a second `/quit`.
    fn follows_quit(&mut self, number: u64, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        if !matches!(
            ClientLine::parse(&line),
            ClientLine::Empty | ClientLine::Quit
        ) {
            self.lines.follows_quit(number);
        }
    }

    fn text(&mut self, number: u64, text: &str, id: MessageId) {
        match Text::parse(text) {
            Ok(text) => self.lines.push(number, id, text),
            Err(error) => self.lose(number, &error.to_string()),
        }
    }

    /// Gives a line up, and reports the reason.
    pub(crate) fn lose(&mut self, number: u64, why: &str) {
        if self.lines.has_quit() {
            self.lines.read(number);
            return self.lines.follows_quit(number);
        }
        self.give_up(number, why);
    }

    /// Gives a line up that was read before, and reports the reason.
    fn give_up(&mut self, number: u64, why: &str) {
        self.lines.lose(number);
        // The reason may have text of the server in it.
        let why = printable::line(why.as_bytes());
        self.tell(format!("line {number} was not delivered: {why}"));
    }

    /// Marks standard input as ended.
    pub(crate) fn end_of_input(&mut self) {
        self.lines.end();
    }

    /// Reports that standard input failed behind a line.
    pub(crate) fn input_failed(&mut self, number: u64, error: &io::Error) {
        self.lines.end();
        self.fail(
            Code::Other,
            &format!("standard input failed behind line {number}: {error}"),
        );
    }

    /// Queues the requests that may be sent now.
    pub(crate) fn settle(&mut self, now: Instant) {
        // `None` from now on: the end waits for no further lines.
        self.quit_until = self.quit_until.filter(|until| now < *until);
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
        self.lines.is_empty() && self.requests.is_empty() && self.name.is_none()
    }

    /// Returns `true` when every line that was read is delivered or given up.
    pub(crate) fn is_delivered(&self) -> bool {
        self.lines.is_empty() && self.requests.is_empty()
    }

    /// Returns `true` if all input was read and every line of it was delivered.
    pub(crate) fn is_complete(&self) -> bool {
        self.lines.has_ended()
            && self.is_delivered()
            && self.lines.is_whole()
            && self.failure.is_none()
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
        let longest = Longest {
            text: self.text_bytes,
            request: match self.version {
                // Base64 makes a frame of v1 a third longer than its ciphertext, so half of it is
                // always enough.
                Version::V1 => shared::limits::MESSAGE_FRAME_BYTES / 2,
                Version::V2 => shared::limits::V2_MESSAGE_BYTES,
            },
        };
        // A line that is taken out makes way for the next one.
        while self.failure.is_none()
            && let Some(unsendable) = self.lines.send(&self.room, longest, &mut self.requests)
        {
            match unsendable {
                Unsendable::TooLong {
                    number,
                    bytes,
                    limit,
                } => {
                    let why =
                        format!("it has {bytes} bytes, and this server takes at most {limit}");
                    self.give_up(number, &why);
                }
                Unsendable::NoName { number, why } => self.not_named(number, &why),
            }
        }
    }

    /// Ends the delivery, because the name of a line was not given: all lines behind it would go out
    /// under another one.
    fn not_named(&mut self, number: u64, why: &str) {
        let text = format!(
            "the name of line {number} was not given: {why}. Nothing behind it was sent; choose \
             another name"
        );
        self.fail(Code::Name, &text);
    }

    /// Returns the time at which [`Self::settle`] must be called again.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let next = self.paused_until.or(self.answer_by);
        next.into_iter().chain(self.quit_until).min()
    }

    /// Returns `true` when nothing more has to be sent, and everything that was sent is shown.
    pub(crate) fn is_done(&self) -> bool {
        if self.failure.is_some() {
            return true;
        }
        let named = self.stage == Stage::Joined || (self.plain && self.name.is_none());
        self.lines.has_ended()
            && self.requests.is_empty()
            && self.lines.is_empty()
            && (self.quit_until.is_none() || !self.lines.has_quit())
            && named
            && self.shown >= self.acknowledged
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
    pub(crate) fn verdict(self, ended: Result<(), Failure>) -> Result<(), Failure> {
        verdict::verdict(&self.lines, ended, self.failure)
    }
}

/// Returns the request that introduces this program, and claims `name`.
fn hello(name: Option<&str>) -> ClientMessage {
    ClientMessage::Hello {
        name: name.map(str::to_owned),
        client: PROGRAM.to_owned().into(),
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

#[cfg(test)]
mod tests;
