//! The effect of each key. [`HELP`] explains the keys to people.

use client::outbox::Writing;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui_textarea::TextArea;
use shared::chat::{ClientMessage, MessageId, Seq};

use super::app::App;
use super::composer::{About, Composer};
use super::layers::{self, Console, Finder, Layer, Switcher, Tab, Then};
use super::rows::Log;
use super::style::Look;
use super::zone::Zone;

/// The keys, and their effects.
pub(crate) const HELP: [(&str, &str); 20] = [
    ("Enter", "send"),
    ("Alt-Enter, Ctrl-J", "begin a new line"),
    ("PageUp, PageDown", "go through the history"),
    ("Esc", "to the latest message; let go of what was begun"),
    ("Up, with nothing written", "pick a message; then:"),
    ("  r, Enter", "reply to it"),
    ("  e", "change it, if it is yours"),
    ("  d", "delete it, if it is yours or you are a moderator"),
    ("  +", "react to it"),
    ("Ctrl-K", "go to a room or a person by name"),
    ("Alt-Up, Alt-Down", "the room before, after"),
    ("Alt-A", "the next room with something new"),
    ("Ctrl-F", "search"),
    ("Ctrl-O", "the operators' console"),
    ("Ctrl-R", "try again to connect, now"),
    ("Ctrl-L", "draw everything anew"),
    ("Ctrl-Z, Ctrl-Y", "undo, redo"),
    ("F1", "this list"),
    (
        "Ctrl-C",
        "let go of what is written (Up, Down bring it back); else leave",
    ),
    ("/help", "the commands"),
];

/// A step that the caller must take for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// No step is needed.
    Nothing,
    /// Connect now, without the rest of the pause.
    Retry,
    /// Draw every cell again.
    Redraw,
    /// End the program.
    Leave,
}

/// The surroundings that a key's effect depends on.
pub(crate) struct World<'a> {
    /// An id for the entry that the key may write.
    pub(crate) id: MessageId,
    /// The present time, in milliseconds since 1970.
    pub(crate) at: u64,
    pub(crate) zone: &'a Zone,
    pub(crate) look: Look,
}

impl App {
    /// Applies a key.
    pub(crate) fn key(&mut self, key: KeyEvent, world: &World<'_>) -> Effect {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        // These keys work in every layer, so they are looked at before the layer gets the key.
        match (key.code, control) {
            (KeyCode::Char('l'), true) => return Effect::Redraw,
            (KeyCode::Char('r'), true) => return Effect::Retry,
            (KeyCode::Char('q'), true) => return Effect::Leave,
            (KeyCode::F(1), _) => {
                self.layer = match self.layer {
                    Layer::Help(_) => Layer::Nothing,
                    _ => Layer::Help(0),
                };
                return Effect::Nothing;
            }
            (KeyCode::Char('c'), true) => return self.interrupt(),
            (KeyCode::Esc, _) => {
                self.let_go();
                return Effect::Nothing;
            }
            _ => {}
        }
        let layer = std::mem::take(&mut self.layer);
        match layer {
            Layer::Nothing => return self.writing(key, world),
            Layer::Picked(seq) => self.picked(seq, key, world),
            Layer::React(seq) => self.react(seq, key, world),
            Layer::Switcher(switcher) => self.switcher(switcher, key),
            Layer::Finder(finder) => self.finder(finder, key),
            Layer::Console(console) => self.console(console, key),
            Layer::Help(row) => self.help(row, key),
            Layer::Confirm { question, then } => self.confirm(question, then, key, world),
        }
        self.settle();
        Effect::Nothing
    }

    /// Inserts pasted text. A paste never submits, whatever line ends it has.
    pub(crate) fn paste(&mut self, text: &str, at: u64) {
        match &mut self.layer {
            Layer::Nothing => {
                self.composer.paste(text);
                self.typed(at);
            }
            Layer::Switcher(Switcher { input, .. }) | Layer::Finder(Finder { input, .. }) => {
                // A field of one line takes the first line only.
                input.insert_str(text.lines().next().unwrap_or_default());
            }
            _ => {}
        }
    }

    fn interrupt(&mut self) -> Effect {
        if !matches!(self.layer, Layer::Nothing) || self.composer.about.is_some() {
            self.let_go();
            Effect::Nothing
        } else if self.composer.is_empty() {
            Effect::Leave
        } else {
            // Kept, because Ctrl-C is pressed by habit, and a long text is not written twice.
            self.discarded.push(self.composer.text());
            self.composer.clear();
            Effect::Nothing
        }
    }

    /// Shows the text that was discarded before the shown one, or after it. `false` if there is
    /// none; a shown text is put back then, and Up goes on to the messages.
    fn recall(&mut self, older: bool) -> bool {
        // A reply keeps what it is about: only a bare text is exchanged.
        if self.composer.about.is_some() && !self.composer.is_empty() {
            return false;
        }
        let shown = self.composer.text();
        let next = if older {
            self.discarded.older(&shown)
        } else {
            self.discarded.newer(&shown)
        };
        if let Some(text) = next {
            self.composer.area = Composer::with(text).area;
            return true;
        }
        if older && self.discarded.has(&shown) {
            self.composer.clear();
        }
        false
    }

    fn let_go(&mut self) {
        match std::mem::take(&mut self.layer) {
            Layer::Console(Console { tab: Tab::Log, .. }) => self.follow_log(false),
            Layer::Nothing => {
                // An edit must not be sent half done as a new message.
                if let Some(About::Edit(_)) = self.composer.about.take() {
                    // What was typed comes back with the arrow up.
                    self.discarded.push(self.composer.text());
                    self.composer.clear();
                }
                self.place = None;
                self.chat.goal = None;
            }
            Layer::Picked(_) => self.place = None,
            _ => {}
        }
    }

    fn writing(&mut self, key: KeyEvent, world: &World<'_>) -> Effect {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Enter if alt || key.modifiers.contains(KeyModifiers::SHIFT) => {
                self.composer.area.insert_newline();
            }
            KeyCode::Char('j') if control => self.composer.area.insert_newline(),
            KeyCode::Enter => {
                if self.submit(world.id, world.at) {
                    return Effect::Leave;
                }
            }
            KeyCode::Char('d') if control && self.composer.is_empty() => return Effect::Leave,
            KeyCode::Char('k') if control => self.layer = Layer::Switcher(Switcher::default()),
            KeyCode::Char('f') if control => self.layer = Layer::Finder(Finder::default()),
            KeyCode::Char('o') if control => self.open_console(world.at),
            KeyCode::Char('z') if control => {
                self.composer.area.undo();
            }
            KeyCode::Char('y') if control => {
                self.composer.area.redo();
            }
            KeyCode::Char('a') if alt => self.next_new(),
            KeyCode::Up if alt => self.step(false),
            KeyCode::Down if alt => self.step(true),
            KeyCode::PageUp => self.scroll(true, world),
            KeyCode::PageDown => self.scroll(false, world),
            KeyCode::Up if self.recall(true) => {}
            KeyCode::Down if self.recall(false) => {}
            KeyCode::Up if self.composer.is_empty() => {
                let last = self.chat.room().and_then(|room| room.log.messages().last());
                if let Some(seq) = last.map(|last| last.seq) {
                    self.pick(seq);
                }
            }
            // A tab in a message would only look like blanks.
            KeyCode::Tab | KeyCode::BackTab => {}
            _ => {
                if self.composer.key(key) {
                    self.typed(world.at);
                }
            }
        }
        Effect::Nothing
    }

    fn scroll(&mut self, up: bool, world: &World<'_>) {
        let Some(room) = self.chat.room() else {
            return;
        };
        let outgoing = self.on_their_way();
        let log = Log {
            room,
            outgoing: &outgoing,
            me: self.chat.me.as_ref(),
            picked: None,
            width: self.shown.width,
            look: world.look,
            zone: world.zone,
        };
        let height = usize::from(self.shown.rows);
        // Two rows of the former screen stay visible, so that a reader finds the way.
        let step = height.saturating_sub(2).max(1);
        self.place = if up {
            log.up(self.place, step, height)
        } else {
            log.down(self.place, step)
        };
    }

    fn picked(&mut self, seq: Seq, key: KeyEvent, world: &World<'_>) {
        self.layer = Layer::Picked(seq);
        let Some(message) = self.chat.room().and_then(|room| room.log.message(seq)) else {
            self.layer = Layer::Nothing;
            return;
        };
        // A clone of the pointer, because the log is borrowed from the state that the key changes.
        let message = std::rc::Rc::clone(message);
        let own = self.chat.me.as_ref().map(|me| me.id) == Some(message.from.id);
        match key.code {
            // The oldest message that this client has: the page before it is asked for.
            KeyCode::Up => {
                if let Some(seq) = self.neighbour(seq, false) {
                    self.pick(seq);
                } else {
                    let room = self.chat.current.clone();
                    self.chat.load_older(&room);
                }
            }
            KeyCode::Down => match self.neighbour(seq, true) {
                Some(seq) => self.pick(seq),
                None => self.let_go(),
            },
            KeyCode::Char('r') | KeyCode::Enter if message.text.is_some() => {
                self.layer = Layer::Nothing;
                self.place = None;
                self.composer.about = Some(About::Reply(seq));
            }
            KeyCode::Char('e') if own => {
                if let Some(text) = &message.text {
                    self.composer.edit(seq, text);
                    self.layer = Layer::Nothing;
                    self.place = None;
                }
            }
            KeyCode::Char('e') => {
                self.chat
                    .notice("Only who wrote a message changes it.", world.at);
            }
            KeyCode::Char('d')
                if (own || self.chat.rights().deletes_messages()) && message.text.is_some() =>
            {
                self.layer = Layer::Confirm {
                    question: format!(
                        "Delete this message of {} for everybody?",
                        message.from.name
                    ),
                    then: Then::Write(Writing::Delete { of: seq }),
                };
            }
            KeyCode::Char('+' | 'a') => self.layer = Layer::React(seq),
            KeyCode::PageUp => self.scroll(true, world),
            KeyCode::PageDown => self.scroll(false, world),
            _ => {}
        }
    }

    fn react(&mut self, seq: Seq, key: KeyEvent, world: &World<'_>) {
        let KeyCode::Char(digit) = key.code else {
            self.layer = Layer::React(seq);
            return;
        };
        let Some(emoji) = layers::reaction(digit) else {
            self.layer = Layer::React(seq);
            return;
        };
        let me = self.chat.me.as_ref().map(|me| me.id);
        let message = self.chat.room().and_then(|room| room.log.message(seq));
        if let Some(writing) = message.map(|message| message.toggle(me, &emoji)) {
            self.write(writing, world.id, world.at);
        }
        self.layer = Layer::Picked(seq);
    }

    fn switcher(&mut self, mut switcher: Switcher, key: KeyEvent) {
        let rooms = switcher.rooms(&self.chat);
        match key.code {
            KeyCode::Enter => {
                if let Some(room) = switcher.choice.of(&rooms) {
                    self.open(room.clone());
                }
                return;
            }
            KeyCode::Up => switcher.choice.up(),
            KeyCode::Down => switcher.choice.down(rooms.len()),
            _ => {
                if edit(&mut switcher.input, key) {
                    switcher.choice = layers::Choice::default();
                }
            }
        }
        self.layer = Layer::Switcher(switcher);
    }

    fn finder(&mut self, mut finder: Finder, key: KeyEvent) {
        let hits = finder.hits(&self.chat);
        match key.code {
            KeyCode::Enter => {
                // The first Enter asks the server, the second goes to the chosen hit.
                let query = finder.query();
                let asked = query.as_ref().is_some_and(|query| {
                    self.chat.search.is_asking() || self.chat.search.has_answered(query)
                });
                match (query, finder.choice.of(&hits)) {
                    (Some(query), _) if !asked => self.search(query),
                    (_, Some(hit)) => {
                        let (room, seq) = (hit.room.clone(), hit.message.seq);
                        self.chat.go_to(room, seq);
                        return;
                    }
                    _ => {}
                }
            }
            KeyCode::Up => finder.choice.up(),
            KeyCode::Down => finder.choice.down(hits.len()),
            _ => {
                if edit(&mut finder.input, key) {
                    finder.choice = layers::Choice::default();
                }
            }
        }
        self.layer = Layer::Finder(finder);
    }

    fn console(&mut self, mut console: Console, key: KeyEvent) {
        match key.code {
            // The server sends the log only while it is followed.
            KeyCode::Tab | KeyCode::Right => {
                if console.tab == Tab::Log {
                    self.follow_log(false);
                }
                console.tab = console.tab.next();
                console.choice = layers::Choice::default();
                let request = console.tab.request();
                self.chat.ask(ClientMessage::Operator(request));
            }
            KeyCode::Up => console.choice.up(),
            KeyCode::Down => console.choice.down(console.length(&self.chat)),
            KeyCode::Char(letter) => match console.request(letter, &self.chat) {
                Some((request, Some(question))) => {
                    self.layer = Layer::Confirm {
                        question,
                        then: Then::Operate(request),
                    };
                    return;
                }
                Some((request, None)) => self.chat.ask(ClientMessage::Operator(request)),
                None => {}
            },
            _ => {}
        }
        self.layer = Layer::Console(console);
    }

    fn help(&mut self, row: u16, key: KeyEvent) {
        let last = u16::try_from(HELP.len()).unwrap_or(u16::MAX);
        match key.code {
            KeyCode::Down | KeyCode::PageDown => self.layer = Layer::Help((row + 1).min(last)),
            KeyCode::Up | KeyCode::PageUp => self.layer = Layer::Help(row.saturating_sub(1)),
            _ => {}
        }
    }

    fn confirm(&mut self, question: String, then: Then, key: KeyEvent, world: &World<'_>) {
        match (key.code, then) {
            (KeyCode::Char('y'), Then::Write(what)) => self.write(what, world.id, world.at),
            (KeyCode::Char('y'), Then::Operate(request)) => {
                self.chat.ask(ClientMessage::Operator(request));
                self.open_console(world.at);
            }
            (KeyCode::Char('n'), Then::Operate(_)) => self.open_console(world.at),
            (KeyCode::Char('n'), Then::Write(_)) => {}
            // No other key is an answer: a person who types on must not confirm by accident.
            (_, then) => self.layer = Layer::Confirm { question, then },
        }
    }

    fn follow_log(&mut self, follow: bool) {
        use shared::chat::OperatorRequest::Log;
        self.chat.ask(ClientMessage::Operator(Log { follow }));
    }
}

/// Edits a field of one line. `true` if the text has changed.
fn edit(input: &mut TextArea<'_>, key: KeyEvent) -> bool {
    // The editor takes Ctrl-J and Ctrl-M for a line end, and Tab for blanks; the field has neither.
    let line_end = matches!(key.code, KeyCode::Tab | KeyCode::Char('j' | 'm'))
        && (key.code == KeyCode::Tab || key.modifiers.contains(KeyModifiers::CONTROL));
    !line_end && input.input(key)
}
