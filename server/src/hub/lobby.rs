//! The lobby: one room for everybody, in plain text, with slash commands.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::chat::name::Name;
use shared::chat::plain::{ClientLine, ServerLine};
use shared::identity::Fingerprint;

use super::names::{Names, NotGiven};
use super::queue::{Inbox, Outbox, QUEUE_BYTES, queue};
use crate::clients::ConnectionId;

/// The room that everybody is in.
#[derive(Debug)]
pub struct Lobby {
    state: Mutex<State>,
    /// Most bytes that may wait for one member.
    queue_bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    members: BTreeMap<ConnectionId, Member>,
    names: Names,
    /// Everybody leaves now, and telling everybody of each would cost the square of their number.
    closing: bool,
}

#[derive(Debug)]
struct Member {
    key: Fingerprint,
    name: Arc<str>,
    outbox: Outbox,
}

/// A connection's place in the lobby; it leaves when this is dropped.
#[derive(Debug)]
pub struct Membership<'a> {
    lobby: &'a Lobby,
    id: ConnectionId,
}

/// Whether a connection goes on after its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It does.
    Stay,
    /// It asked to end.
    Quit,
}

const HELP: &str = "Every line goes to everybody here. /name NEW takes a name, /who lists who is \
                    here, /quit ends the session, // starts a line with a slash.";

/// A queue holds at least so many of the longest lines: who reads, but a little behind, is not put
/// out by lines that are allowed.
const LONGEST_LINES_IN_QUEUE: usize = 4;

impl Lobby {
    /// An empty lobby for lines of at most `max_text_bytes`.
    pub fn new(max_text_bytes: usize) -> Self {
        let longest = max_text_bytes.saturating_mul(LONGEST_LINES_IN_QUEUE);
        Self {
            state: Mutex::default(),
            queue_bytes: QUEUE_BYTES.max(longest),
        }
    }

    /// Lets a connection in, and tells everybody. What it is sent comes out of the inbox.
    pub fn join(&self, id: ConnectionId, key: Fingerprint) -> (Membership<'_>, Inbox) {
        let (outbox, inbox) = queue(self.queue_bytes);
        let mut state = self.lock();
        let name: Arc<str> = state.names.name_of(&key).into();
        let welcome = format!("Welcome to the lobby, {name}. {HELP}");
        let joined = format!("{name} joined");
        state.tell_everybody(&ServerLine::Notice(&joined));
        state.members.insert(id, Member { key, name, outbox });
        state.tell(id, &ServerLine::Notice(&welcome));
        drop(state);
        (Membership { lobby: self, id }, inbox)
    }

    /// From now on nobody is told who leaves: the server stops.
    pub fn close(&self) {
        self.lock().closing = true;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held would be a bug; the others' chat goes on all the same.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Membership<'_> {
    /// The name that the connection's lines are shown with.
    pub fn name(&self) -> Arc<str> {
        let state = self.lobby.lock();
        state
            .members
            .get(&self.id)
            .map_or_else(|| Arc::from("?"), |member| Arc::clone(&member.name))
    }

    /// Tells this connection alone.
    pub fn notice(&self, text: &str) {
        self.lobby.lock().tell(self.id, &ServerLine::Notice(text));
    }

    /// Does what a line asks for.
    pub fn handle_line(&self, line: &ClientLine<'_>) -> Next {
        match line {
            ClientLine::Text(text) => self.say(text),
            ClientLine::Name(name) => self.rename(name),
            ClientLine::Who => self.who(),
            ClientLine::Help => self.notice(HELP),
            ClientLine::Quit => {
                self.notice("bye");
                return Next::Quit;
            }
            ClientLine::UnknownCommand(word) => {
                let word: String = word.chars().take(32).collect();
                self.notice(&format!("There is no command /{word}. {HELP}"));
            }
            ClientLine::Empty => {}
            ClientLine::Object => self
                .notice("This server reads plain lines only; your JSON object was not delivered."),
        }
        Next::Stay
    }

    fn say(&self, text: &str) {
        // What could move a terminal's cursor or colour it: the seed's programs print what they get.
        let harmful = |c: char| c.is_control() && c != '\n' && c != '\t';
        let cleaned: String;
        let text = if text.contains(harmful) {
            cleaned = text.replace(harmful, "");
            &cleaned
        } else {
            text
        };
        let mut state = self.lobby.lock();
        let Some(member) = state.members.get(&self.id) else {
            return;
        };
        let name = Arc::clone(&member.name);
        state.tell_everybody(&ServerLine::Message { from: &name, text });
    }

    fn rename(&self, text: &str) {
        let name = match Name::parse(text) {
            Ok(name) => name,
            Err(error) => {
                let name: String = text.chars().take(40).collect();
                return self.notice(&format!("{name:?} cannot be your name: {error}."));
            }
        };
        let mut state = self.lobby.lock();
        let Some(member) = state.members.get(&self.id) else {
            return;
        };
        let (key, old) = (member.key, Arc::clone(&member.name));
        if *old == *name.as_str() {
            return state.tell(
                self.id,
                &ServerLine::Notice(&format!("You are {name} already.")),
            );
        }
        match state.names.claim(key, name.clone()) {
            Ok(()) => {
                let name: Arc<str> = name.as_str().into();
                // One key has one name, however many connections it has.
                for member in state
                    .members
                    .values_mut()
                    .filter(|member| member.key == key)
                {
                    member.name = Arc::clone(&name);
                }
                state.tell_everybody(&ServerLine::Notice(&format!("{old} is now {name}")));
            }
            Err(reason) => {
                let text = match reason {
                    NotGiven::Taken(free) => {
                        let free: Vec<_> = free.iter().map(Name::as_str).collect();
                        format!(
                            "name_taken: {name}, or a name that looks like it, belongs to \
                             somebody else. Free: {}.",
                            free.join(", ")
                        )
                    }
                    NotGiven::Guest => {
                        "Names that start with guest- are given to guests only.".to_owned()
                    }
                    NotGiven::Full => "The server remembers no more names.".to_owned(),
                };
                state.tell(self.id, &ServerLine::Notice(&text));
            }
        }
    }

    fn who(&self) {
        let mut state = self.lobby.lock();
        let names: Vec<_> = state.members.values().map(|member| &*member.name).collect();
        let text = format!("{} here: {}", names.len(), names.join(", "));
        state.tell(self.id, &ServerLine::Notice(&text));
    }
}

impl Drop for Membership<'_> {
    fn drop(&mut self) {
        let mut state = self.lobby.lock();
        if let Some(member) = state.members.remove(&self.id)
            && !state.closing
        {
            state.tell_everybody(&ServerLine::Notice(&format!("{} left", member.name)));
        }
    }
}

impl State {
    fn tell(&mut self, id: ConnectionId, line: &ServerLine<'_>) {
        let line: Arc<str> = line.to_string().into();
        if self
            .members
            .get(&id)
            .is_some_and(|member| member.outbox.push(&line).is_err())
            && let Some(notice) = self.put_out(id)
        {
            self.tell_everybody(&ServerLine::Notice(&notice));
        }
    }

    /// One allocation for all; what is sealed per member is sealed by the member's own task.
    ///
    /// Whom the line is too much for is put out, and then everybody is told, for whom that may be
    /// too much in turn. A loop, because a crowd that stalls together is as deep as it is large.
    fn tell_everybody(&mut self, line: &ServerLine<'_>) {
        let mut due: Vec<Arc<str>> = vec![line.to_string().into()];
        while let Some(line) = due.pop() {
            let slow: Vec<_> = self
                .members
                .iter()
                .filter(|(_, member)| member.outbox.push(&line).is_err())
                .map(|(id, _)| *id)
                .collect();
            let notices = slow.into_iter().filter_map(|id| self.put_out(id));
            due.extend(notices.map(|text| ServerLine::Notice(&text).to_string().into()));
        }
    }

    /// Puts out a member that does not read, and gives the notice of it. The member's inbox ends,
    /// and its connection with it.
    fn put_out(&mut self, id: ConnectionId) -> Option<String> {
        let member = self.members.remove(&id)?;
        Some(format!("{} left", member.name))
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::clients::{Clients, Transport};

    fn lines(inbox: &mut Inbox) -> Vec<String> {
        std::iter::from_fn(|| inbox.try_next())
            .map(|line| line.to_string())
            .collect()
    }

    fn ids() -> Vec<ConnectionId> {
        let clients = Clients::default();
        let address: SocketAddr = ([127, 0, 0, 1], 1).into();
        (0..9)
            .map(|_| clients.enter(address, Transport::Tcp).id)
            .collect()
    }

    fn key(seed: u8) -> Fingerprint {
        Fingerprint::of_spki(&[seed])
    }

    #[test]
    fn everybody_hears_a_line_the_sender_too() {
        let (lobby, ids) = (Lobby::new(16 * 1024), ids());
        let (anna, mut anna_inbox) = lobby.join(ids[0], key(1));
        let (_bert, mut bert_inbox) = lobby.join(ids[1], key(2));
        anna.handle_line(&ClientLine::Name("anna"));
        lines(&mut anna_inbox);
        lines(&mut bert_inbox);
        anna.handle_line(&ClientLine::Text("hi\nall"));
        assert_eq!(lines(&mut anna_inbox), ["anna: hi\nall"]);
        assert_eq!(lines(&mut bert_inbox), ["anna: hi\nall"]);
    }

    #[test]
    fn terminal_escapes_do_not_reach_the_others() {
        let (lobby, ids) = (Lobby::new(16 * 1024), ids());
        let (anna, mut inbox) = lobby.join(ids[0], key(1));
        lines(&mut inbox);
        anna.handle_line(&ClientLine::Text("a\u{1b}[2Jb\tc\nd\r\u{9b}e"));
        assert!(lines(&mut inbox)[0].ends_with(": a[2Jb\tc\nde"));
    }

    #[test]
    fn coming_and_going_is_told() {
        let (lobby, ids) = (Lobby::new(16 * 1024), ids());
        let (_anna, mut inbox) = lobby.join(ids[0], key(1));
        let guest = super::super::names::guest_name(&key(2));
        let (bert, _) = lobby.join(ids[1], key(2));
        drop(bert);
        let heard = lines(&mut inbox);
        assert!(
            heard[0].starts_with("* Welcome to the lobby, guest-"),
            "{heard:?}"
        );
        assert_eq!(
            heard[1..],
            [format!("* {guest} joined"), format!("* {guest} left")]
        );
    }

    #[test]
    fn a_name_goes_with_the_key_over_reconnects() {
        let (lobby, ids) = (Lobby::new(16 * 1024), ids());
        let (first, _) = lobby.join(ids[0], key(1));
        first.handle_line(&ClientLine::Name("anna"));
        drop(first);
        let (again, mut inbox) = lobby.join(ids[1], key(1));
        assert_eq!(&*again.name(), "anna");
        assert!(lines(&mut inbox)[0].starts_with("* Welcome to the lobby, anna."));
        let (other, mut inbox) = lobby.join(ids[2], key(2));
        other.handle_line(&ClientLine::Name("Anna"));
        assert!(
            lines(&mut inbox)
                .last()
                .unwrap()
                .starts_with("* name_taken: Anna")
        );
    }

    #[test]
    fn a_stalled_reader_is_put_out_and_the_others_go_on() {
        let (lobby, ids) = (Lobby::new(16 * 1024), ids());
        let (anna, mut inbox) = lobby.join(ids[0], key(1));
        let (_stalled, mut stalled_inbox) = lobby.join(ids[1], key(2));
        let text = "x".repeat(16 * 1024);
        let mut heard = 0;
        for _ in 0..200 {
            anna.handle_line(&ClientLine::Text(&text));
            heard += lines(&mut inbox)
                .iter()
                .filter(|line| line.ends_with(&text))
                .count();
        }
        assert_eq!(heard, 200);
        let waiting: usize = lines(&mut stalled_inbox).iter().map(String::len).sum();
        assert!(waiting <= QUEUE_BYTES, "{waiting}");
        anna.handle_line(&ClientLine::Who);
        assert!(
            lines(&mut inbox)
                .last()
                .unwrap()
                .starts_with("* 1 here: guest-")
        );
    }

    #[test]
    fn any_number_of_stalled_readers_is_put_out_at_once() {
        // A stack far smaller than a runtime's thread has.
        let thread = std::thread::Builder::new().stack_size(192 * 1024);
        let crowd = thread.spawn(|| {
            const STALLED: usize = 1000;
            let (lobby, clients) = (Lobby::new(16 * 1024), Clients::default());
            let address: SocketAddr = ([127, 0, 0, 1], 1).into();
            let mut stalled = Vec::new();
            for _ in 0..STALLED {
                let id = clients.enter(address, Transport::Tcp).id;
                stalled.push(lobby.join(id, key(2)));
            }
            let id = clients.enter(address, Transport::Tcp).id;
            let (anna, mut inbox) = lobby.join(id, key(1));
            // The first fits beside what waits already, the second is too much for all of them.
            for _ in 0..2 {
                lines(&mut inbox);
                anna.handle_line(&ClientLine::Text(&"x".repeat(QUEUE_BYTES / 2)));
            }
            let heard = lines(&mut inbox);
            let left = heard.iter().filter(|line| line.ends_with(" left")).count();
            assert_eq!(left, STALLED);
        });
        crowd.unwrap().join().unwrap();
    }

    #[test]
    fn two_of_the_longest_lines_wait_whatever_their_length() {
        let longest = 2 * QUEUE_BYTES;
        let (lobby, ids) = (Lobby::new(longest), ids());
        let (anna, mut inbox) = lobby.join(ids[0], key(1));
        let text = "x".repeat(longest);
        anna.handle_line(&ClientLine::Text(&text));
        anna.handle_line(&ClientLine::Text(&text));
        let heard = lines(&mut inbox);
        assert_eq!(heard.iter().filter(|line| line.ends_with(&text)).count(), 2);
    }

    #[test]
    fn commands_answer_the_one_who_asks() {
        let (lobby, ids) = (Lobby::new(16 * 1024), ids());
        let (anna, mut inbox) = lobby.join(ids[0], key(1));
        lines(&mut inbox);
        for (line, expected) in [
            ("/help", "* Every line goes to everybody"),
            ("/who", "* 1 here: guest-"),
            ("/dance", "* There is no command /dance."),
            (
                "/name a b",
                "* \"a b\" cannot be your name: a name has no spaces.",
            ),
            ("/name guest-1", "* Names that start with guest-"),
            (
                "{\"type\": \"hello\"}",
                "* This server reads plain lines only",
            ),
            ("/quit", "* bye"),
        ] {
            let next = anna.handle_line(&ClientLine::parse(line));
            assert_eq!(next == Next::Quit, line == "/quit");
            let heard = lines(&mut inbox);
            assert!(heard[0].starts_with(expected), "{line}: {heard:?}");
        }
    }
}
