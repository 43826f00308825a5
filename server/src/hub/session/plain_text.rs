//! Plain-text clients: lines to the lobby, and slash commands.

use std::collections::VecDeque;
use std::sync::Arc;

use shared::chat::plain::ClientLine;
use shared::chat::{Event, MessageId, Name, Text};

use super::{MAX_PENDING, Session};
use crate::hub::requests::{Effect, Rejection, hello, send_tokens};
use crate::rates::RateClass;
use crate::store::NewEntry;
use crate::system;
use crate::telemetry;

const HELP: &str = "Every line goes to everybody here. /name NEW takes a name, /who lists who is \
                    here, /quit ends the session, // starts a line with a slash.";

/// The answer to a plain-text client whose key is not admitted.
pub(super) const NOT_ADMITTED: &str = "This server admits new keys by invitation or approval, for \
                                       which you need its page or its terminal client.";

/// Most names that `/who` lists: it must cost no more than another line.
const WHO_NAMES: usize = 50;

/// Bytes that are reserved for the answer to a line.
const REPLY_BYTES: usize = 4 * 1024;

/// The lines of a plain-text client that are not done yet.
#[derive(Debug, Default)]
pub(super) struct PlainText {
    /// The number of the client's own lines that were not broadcast yet.
    unpublished: usize,
    /// Lines that wait until they are: answers come in the order of what they answer.
    deferred: VecDeque<String>,
    /// The bytes of those lines.
    deferred_bytes: usize,
}

/// Most bytes of lines that wait: sixteen of the longest. A frame of v1 may be longer than all of
/// them, and is the last that is taken then.
const DEFERRED_BYTES: usize = 256 * 1024;

impl PlainText {
    /// Returns `true` if as many lines wait as may.
    pub(super) fn is_full(&self) -> bool {
        self.deferred.len() >= MAX_PENDING || self.deferred_bytes >= DEFERRED_BYTES
    }

    pub(super) fn clear(&mut self) {
        self.deferred.clear();
        self.deferred_bytes = 0;
    }

    /// Texts need not wait for each other: they are broadcast in the order in which they came.
    fn must_wait(&self, line: &ClientLine<'_>) -> bool {
        let is_text = matches!(line, ClientLine::Text(_));
        !self.deferred.is_empty() || (self.unpublished > 0 && !is_text)
    }
}

impl Session {
    pub(super) fn greet(&mut self) {
        let name = self.requester.person.name();
        self.notice(&format!("Welcome to the lobby, {name}. {HELP}"));
    }

    pub(super) fn handle_line(&mut self, text: &str, line: &ClientLine<'_>) {
        if self.mode.is_none() && !self.requester.person.is_admitted() {
            if *line == ClientLine::Quit {
                return self.quit();
            }
            if self.charge_noise() {
                self.become_plain();
            }
            return;
        }
        if self.mode.is_none() {
            self.become_plain();
        }
        if self.plain.must_wait(line) {
            self.plain.deferred_bytes += text.len();
            self.plain.deferred.push_back(text.to_owned());
        } else {
            self.line(line);
        }
    }

    fn line(&mut self, line: &ClientLine<'_>) {
        let price = match line {
            ClientLine::Text(text) => Some((RateClass::Send, send_tokens(text.len()))),
            ClientLine::Name(_) => Some((RateClass::Join, hello::NAME_TOKENS)),
            ClientLine::Who => Some((RateClass::Ask, 5)),
            ClientLine::Help | ClientLine::UnknownCommand(_) | ClientLine::Empty => {
                Some((RateClass::Ask, 1))
            }
            ClientLine::Quit | ClientLine::Object => None,
        };
        if let Some((class, tokens)) = price
            && let Err(too_fast) = self.charge(class, tokens)
        {
            let lost = match line {
                ClientLine::Text(_) => "Not delivered: ",
                _ => "",
            };
            return self.notice(&format!("{lost}rate_limited. {too_fast}"));
        }
        if let ClientLine::Text(_) = line
            && let Some(wait) = self.newcomer_wait()
        {
            // Rounded up: a line that comes after so many seconds must not be refused again.
            let seconds = wait.as_secs() + 1;
            let text = format!("Not delivered: new keys may write after {seconds} s.");
            return self.notice(&text);
        }
        match line {
            ClientLine::Text(text) => self.say(text),
            ClientLine::Name(name) => self.rename(name),
            ClientLine::Who => self.who(),
            ClientLine::Help => self.notice(HELP),
            ClientLine::Quit => {
                self.notice("bye");
                self.quit();
            }
            ClientLine::UnknownCommand(word) => {
                // Cut, so that the answer fits the bytes that are reserved for it.
                let word: String = word.chars().take(32).collect();
                self.notice(&format!("There is no command /{word}. {HELP}"));
            }
            ClientLine::Empty | ClientLine::Object => {}
        }
    }

    fn say(&mut self, line: &str) {
        let limit = self.hub.settings().text_bytes;
        if line.len() > limit {
            return self.notice(&format!(
                "Your line is too long: {} bytes, and at most {limit} are allowed. It was not \
                 delivered.",
                line.len()
            ));
        }
        // The Python demo's programs print what they get, so nothing may move a cursor or set a
        // colour.
        let harmful = |c: char| c.is_control() && c != '\n' && c != '\t';
        let text = match Text::parse(&line.replace(harmful, "")) {
            Ok(text) => text,
            Err(error) => return self.notice(&format!("Not delivered: {error}.")),
        };
        // Deferred lines too: nothing of a banned person may come behind the ban's answer.
        if self.requester.hold.is_set() {
            return;
        }
        let Ok(id) = system::random_bytes() else {
            return self.notice("Not delivered: the system has no randomness.");
        };
        // Nobody should read a line of somebody who has not come yet.
        self.hub.announce_arrival(self.requester.connection);
        let entry = NewEntry {
            // Nobody sends a line again, so nobody needs to know its id.
            id: MessageId::from_random(id),
            from: self.requester.user(),
            name: self.requester.person.name(),
            event: Event::Message {
                text: Some(text),
                reply_to: None,
            },
        };
        let Some(lobby) = self.hub.lobby() else {
            return self.notice("Not delivered: the server has no lobby.");
        };
        // Nothing to authorize: plain-text clients are in the lobby without being members of it, and
        // only there. The guard ends with this statement: no lock is held while the disk is waited
        // for.
        let span = telemetry::request("line");
        let stored = span.scope(|| self.hub.append(&mut lobby.lock(), entry));
        self.plain.unpublished += 1;
        self.spawn(span, REPLY_BYTES, async move {
            // The receipt is the line itself, which was broadcast before this resolves.
            Effect::LineDone(stored.await.err().map(Rejection::from))
        });
    }

    pub(super) fn line_done(&mut self, rejection: Option<Rejection>) {
        self.plain.unpublished -= 1;
        if let Some(rejection) = rejection {
            self.notice(&format!("Not delivered: {}", rejection.text()));
        }
        while let Some(text) = self.plain.deferred.pop_front() {
            self.plain.deferred_bytes -= text.len();
            let line = ClientLine::parse(&text);
            // A command waits until every text before it is broadcast, and what is behind it too.
            if self.plain.unpublished > 0 && !matches!(line, ClientLine::Text(_)) {
                self.plain.deferred_bytes += text.len();
                return self.plain.deferred.push_front(text);
            }
            self.line(&line);
        }
    }

    fn rename(&mut self, text: &str) {
        let name = match Name::parse(text) {
            Ok(name) => name,
            Err(error) => {
                // Cut, because the answer repeats what a stranger has written.
                let name: String = text.chars().take(40).collect();
                return self.notice(&format!("{name:?} cannot be your name: {error}."));
            }
        };
        if self.requester.person.name().as_str() == name.as_str() {
            return self.notice(&format!("You are {name} already."));
        }
        let requester = Arc::clone(&self.requester);
        // What follows waits for the new name.
        self.plain.unpublished += 1;
        let span = telemetry::request("name");
        self.spawn(span, REPLY_BYTES, async move {
            if let Err(rejection) = hello::claim_name(&requester, name).await {
                requester
                    .outbox
                    .reply(super::encode_notice(rejection.text()));
            }
            Effect::LineDone(None)
        });
    }

    fn who(&mut self) {
        let (count, names) = self.hub.present_in_lobby(WHO_NAMES);
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let others = count - names.len();
        let others = match others {
            0 => String::new(),
            others => format!(", and {others} others"),
        };
        self.notice(&format!("{count} here: {}{others}", names.join(", ")));
    }
}
