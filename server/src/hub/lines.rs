//! What plain-text clients can do: lines to the lobby, and slash commands.

use shared::chat::entry::DisplayName;
use shared::chat::plain::ClientLine;
use shared::chat::{Event, MessageId, Name, Text};

use super::names::NotGiven;
use super::session::Session;
use super::state::Mode;
use crate::rates::RateClass;
use crate::store::{Change, NewEntry, StoreError};
use crate::system;

const HELP: &str = "Every line goes to everybody here. /name NEW takes a name, /who lists who is \
                    here, /quit ends the session, // starts a line with a slash.";

impl Session<'_> {
    pub(super) fn welcome_in_plain(&mut self, name: &DisplayName) {
        self.notice(&format!("Welcome to the lobby, {name}. {HELP}"));
    }

    /// Does what a line asks for.
    pub(super) fn line(&mut self, line: &ClientLine<'_>) {
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
                let word: String = word.chars().take(32).collect();
                self.notice(&format!("There is no command /{word}. {HELP}"));
            }
            // An object is no line, and an empty line says nothing.
            ClientLine::Empty | ClientLine::Object => {}
        }
    }

    fn say(&mut self, line: &str) {
        let limit = self.hub.text_bytes;
        if line.len() > limit {
            return self.notice(&format!(
                "Your line is too long: {} bytes, and at most {limit} are allowed. It was not \
                 delivered.",
                line.len()
            ));
        }
        if let Err(too_fast) = self.may(RateClass::Send) {
            return self.notice(&format!("Not delivered: rate_limited. {too_fast}"));
        }
        // What could move a terminal's cursor or colour it: the seed's programs print what they get.
        let harmful = |c: char| c.is_control() && c != '\n' && c != '\t';
        let text = match Text::parse(&line.replace(harmful, "")) {
            Ok(text) => text,
            Err(error) => return self.notice(&format!("Not delivered: {error}.")),
        };
        let Ok(id) = system::random_bytes() else {
            return self.notice("Not delivered: the system has no randomness.");
        };
        let entry = NewEntry {
            // Nobody sends a line again, so nobody needs to know its name.
            id: MessageId::from_random(id),
            from: self.user,
            name: self.hub.lock().name_of(self.user),
            event: Event::Message {
                text: Some(text),
                reply_to: None,
            },
        };
        self.append_line(entry);
    }

    pub(super) fn refuse_line_stored(&mut self, error: &StoreError) {
        tracing::error!(connection = %self.id, %error, "a line could not be stored");
        self.notice(match error {
            StoreError::Full => "Not delivered: the server's disk is full.",
            _ => "Not delivered: the server could not store it.",
        });
    }

    fn rename(&mut self, text: &str) {
        if let Err(too_fast) = self.may(RateClass::Join) {
            return self.notice(&format!("rate_limited. {too_fast}"));
        }
        let name = match Name::parse(text) {
            Ok(name) => name,
            Err(error) => {
                let name: String = text.chars().take(40).collect();
                return self.notice(&format!("{name:?} cannot be your name: {error}."));
            }
        };
        if self.hub.lock().name_of(self.user).as_str() == name.as_str() {
            return self.notice(&format!("You are {name} already."));
        }
        self.claim(&name, |session, claimed| {
            if let Err(reason) = claimed {
                session.notice(&reason);
            }
        });
    }

    /// Claims a name: at once among those who are here, so that two cannot have it, and then for
    /// good. `then` hears whether, and if not, why.
    pub(super) fn claim(
        &mut self,
        name: &Name,
        then: impl FnOnce(&mut Session<'_>, Result<(), String>) + Send + 'static,
    ) {
        let mut state = self.hub.lock();
        let former = state.names.claimed(&self.user.0);
        let claimed = state.names.claim(self.user.0, name.clone());
        drop(state);
        if let Err(reason) = claimed {
            return then(self, Err(not_given(name, &reason)));
        }
        let user = self.user;
        let change = Change::Named {
            user,
            name: name.clone(),
        };
        let stored = self.hub.store.change(change);
        self.after(stored, move |session, stored| match stored {
            Ok(()) => {
                session.hub.lock().tell_renamed(user, former.as_ref());
                then(session, Ok(()));
            }
            Err(error) => {
                tracing::error!(connection = %session.id, %error, "a name could not be stored");
                session.hub.lock().names.give_back(user.0, former);
                then(session, Err("The server could not store your name.".into()));
            }
        });
    }

    fn who(&mut self) {
        let state = self.hub.lock();
        let names: Vec<_> = state
            .connections()
            .filter(|connected| connected.mode == Mode::Plain || state.is_in_lobby(connected.user))
            .map(|connected| state.name_of(connected.user).to_string())
            .collect();
        drop(state);
        self.notice(&format!("{} here: {}", names.len(), names.join(", ")));
    }
}

fn not_given(name: &Name, reason: &NotGiven) -> String {
    match reason {
        NotGiven::Taken(free) => {
            let free: Vec<_> = free.iter().map(Name::as_str).collect();
            format!(
                "name_taken: {name}, or a name that looks like it, belongs to somebody else. \
                 Free: {}.",
                free.join(", ")
            )
        }
        NotGiven::Guest => "Names that start with guest- are given to guests only.".to_owned(),
        NotGiven::Full => "The server remembers no more names.".to_owned(),
    }
}
