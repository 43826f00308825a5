//! What the person asks for: messages, the commands of this program, entries about other entries.

use client::Chat;
use client::compose::{Asked, Authorship};
use client::outbox::{DeliveryState, Writing};
use shared::chat::{ClaimCode, ClientMessage, MessageId, OperatorRequest, Query, Text};
use shared::trust::words;

use super::super::composer::{About, Composer};
use super::super::layers::{Console, Finder, Layer, Tab};
use super::{App, Connection};

/// The help for the commands that only this program has.
const HELP: &str = "Here also: /search WORDS, /resend and /drop for what was refused, /claim CODE \
                    to become an operator, /op and /keep 30d for operators, /verify for \
                    what both sides can compare. F1 shows the keys.";

impl App {
    /// Tells the server that the person writes, if the changed text is a message.
    pub(crate) fn typed(&mut self, at: u64) {
        if client::lines::is_message(&self.composer.text()) {
            self.chat.say_typing(at);
        }
    }

    /// Takes the written text. `true` if the person wants to leave.
    pub(crate) fn submit(&mut self, id: MessageId, at: u64) -> bool {
        let text = self.composer.text();
        let about = self.composer.about.take();
        // Checked before the composer is cleared: a text that is too long stays there to be
        // shortened.
        if text.len() > self.chat.text_bytes && !text.starts_with('/') {
            let limit = self.chat.text_bytes;
            let text = format!(
                "Not sent: a text has at most {limit} bytes, this one {}.",
                text.len()
            );
            self.composer.about = about;
            self.chat.notice(text, at);
            return false;
        }
        self.composer.clear();
        self.place = None;
        let account = self.account.clone();
        let authorship = Authorship { id, account, at };
        if let Some(About::Edit(of)) = about {
            match Text::parse(&text) {
                Ok(text) => self.chat.write(Writing::Edit { of, text }, authorship),
                Err(error) => {
                    self.discarded.push(text);
                    self.chat.notice(format!("Not changed: {error}."), at);
                }
            }
            return false;
        }
        let reply_to = match about {
            Some(About::Reply(seq)) => Some(seq),
            _ => None,
        };
        let asked = self.chat.compose(&text, reply_to, authorship);
        self.discarded.remove(&text);
        if text.trim() == "/help" {
            self.chat.notice(HELP, at);
        }
        let leave = match asked {
            Some(Asked::Quit) => true,
            Some(Asked::Console) => {
                self.open_console(at);
                false
            }
            Some(Asked::Command { word, rest }) => {
                self.command(word, rest, at);
                false
            }
            Some(Asked::Again) => {
                // The notice says why nothing was done; the text must not be gone.
                self.discarded.push(text.clone());
                false
            }
            None => false,
        };
        self.settle();
        leave
    }

    fn command(&mut self, word: &str, rest: &str, at: u64) {
        match (word, rest) {
            ("search", words) => {
                self.layer = Layer::Finder(Finder {
                    input: Composer::with(words).area,
                    ..Finder::default()
                });
                if let Ok(query) = Query::parse(words) {
                    self.search(query);
                }
            }
            ("verify", "") => self.verify(at),
            ("keep", keep) => match keep.parse() {
                Ok(keep) => {
                    let room = self.chat.current.clone();
                    let request = OperatorRequest::Keep { room, keep };
                    self.chat.ask(ClientMessage::Operator(request));
                }
                Err(error) => self.chat.notice(format!("Not changed: {error}."), at),
            },
            ("claim", link) => {
                // The whole claim link is accepted as well as the code in it.
                let code = link.rsplit_once("#claim=").map_or(link, |(_, code)| code);
                match ClaimCode::try_from(code.to_owned()) {
                    Ok(code) => self.chat.ask(ClientMessage::Claim { code }),
                    Err(_) => self.chat.notice("That is no claim code.", at),
                }
            }
            ("resend", "") => self.refused(|chat, id| chat.outbox.resend(id)),
            ("drop", "") => self.refused(|chat, id| chat.outbox.remove(id)),
            (word, rest) => {
                // A message that begins with a slash by mistake.
                self.discarded.push(format!("/{word} {rest}"));
                self.chat.no_command(word, at);
            }
        }
    }

    /// Shows the data that both sides can compare.
    fn verify(&mut self, at: u64) {
        let Connection::Up {
            version,
            server,
            id,
        } = &self.connection
        else {
            return self.chat.notice("There is no session.", at);
        };
        let mut lines = vec![
            format!("The server's key is {server}."),
            format!("Its words are: {}", words(server)),
        ];
        lines.push(match (version, id) {
            (_, Some(id)) => format!("This session is {id}: the server's log names it, too."),
            _ => "Protocol v1 proves nothing about the server.".to_owned(),
        });
        for line in lines {
            self.chat.notice(line, at);
        }
    }

    fn refused(&mut self, each: impl Fn(&mut Chat, MessageId)) {
        let lines = self.on_their_way().into_iter();
        let refused = lines.filter(|line| matches!(line.state, DeliveryState::Refused(_)));
        for id in refused.map(|line| line.id).collect::<Vec<_>>() {
            each(&mut self.chat, id);
        }
    }

    /// Asks the server to search in all rooms.
    pub(crate) fn search(&mut self, query: Query) {
        self.chat.ask(ClientMessage::Search {
            room: None,
            query,
            before: None,
            limit: None,
        });
    }

    /// Opens the operators' console, if the person is an operator.
    pub(crate) fn open_console(&mut self, at: u64) {
        if !self.chat.operator {
            return self.chat.notice(
                "You are no operator of this server; /claim CODE makes you one.",
                at,
            );
        }
        self.layer = Layer::Console(Console::default());
        for request in [OperatorRequest::Status, Tab::Connections.request()] {
            self.chat.ask(ClientMessage::Operator(request));
        }
    }

    /// Writes an entry that is no message: an edit, a deletion or a reaction.
    pub(crate) fn write(&mut self, what: Writing, id: MessageId, at: u64) {
        let account = self.account.clone();
        self.chat.write(what, Authorship { id, account, at });
    }
}
