//! The full-screen mode: rooms, history and people in a terminal. [`link`] keeps the session,
//! [`app`] holds the state, [`keys`] change it, [`view`] shows it. This module connects them.

mod app;
mod composer;
mod discarded;
mod draft_file;
mod keys;
mod layers;
mod link;
mod outbox_file;
mod rows;
mod said;
mod style;
mod view;
mod zone;

use std::io::{self, Write};
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use client::outbox::Account;
use futures_util::StreamExt;
use ratatui::DefaultTerminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange, Event,
    EventStream, KeyEventKind,
};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use shared::chat::MessageId;
use shared::identity::PrivateKey;
use tokio::sync::{Notify, mpsc};

use crate::contact::Contact;
use crate::exit::Failure;
use crate::known_servers::KnownServers;
use crate::system;
use crate::terminal;
use crate::wish::Wish;

use app::App;
use draft_file::DraftFile;
use keys::{Effect, World};
use link::{Link, News};
use outbox_file::OutboxFile;
use style::Look;
use view::Eye;
use zone::Zone;

/// The time that the goodbye to the server may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// The interval at which the screen is drawn while nothing happens: a person stops writing, a
/// countdown goes on.
const TICK: Duration = Duration::from_secs(1);

/// The parts with which a chat is opened.
pub(crate) struct Opening<'a> {
    /// The server, and the way to connect to it.
    pub(crate) wish: Wish,
    /// The first connection, which was made before the full-screen mode began.
    pub(crate) contact: Contact,
    /// The person's own key.
    pub(crate) key: PrivateKey,
    /// The pins of the servers that are trusted.
    pub(crate) known: KnownServers,
    /// The data folder.
    pub(crate) folder: &'a Path,
    /// The name to take.
    pub(crate) name: Option<String>,
    /// Ends the program.
    pub(crate) interrupt: Arc<Notify>,
}

/// Runs the chat until the person leaves.
///
/// # Errors
/// [`Failure`] if the terminal cannot be used.
pub(crate) async fn run(opening: Opening<'_>) -> Result<(), Failure> {
    let account = Account {
        server: opening.wish.address.to_string(),
        key: opening.key.public_key().fingerprint().to_string(),
    };
    let (file, lines, note) = OutboxFile::open(opening.folder);
    let (drafts, texts, draft_note) = DraftFile::open(opening.folder, &account, file.is_owner());
    let mut app = App::new(account, opening.name, lines);
    app.restore(texts);
    for note in note.into_iter().chain(draft_note) {
        app.chat.notice(note, system::unix_millis());
    }
    let (news, heard) = mpsc::channel(link::CHANNEL_PLACES);
    let (retry, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let link = Link {
        wish: opening.wish,
        known: opening.known,
        key: opening.key,
        news,
        retry: Arc::clone(&retry),
        leave: Arc::clone(&leave),
    };
    let mut link = std::pin::pin!(link.keep(opening.contact));
    let jobs = JobControl::watch()
        .map_err(|error| Failure::other(format!("cannot watch signals: {error}")))?;
    let screen = Screen::open()?;
    let looking = Looking {
        app,
        file,
        drafts,
        news: heard,
        retry,
        interrupt: opening.interrupt,
        jobs,
        screen,
        keys: EventStream::new(),
        zone: Zone::system(),
        look: Look::of_environment(),
    };
    let result = tokio::select! {
        result = looking.run() => result,
        // Never happens: the link ends only when it is told to leave.
        () = &mut link => Ok(()),
    };
    leave.notify_one();
    // A server that does not take the goodbye is not waited for.
    let _ = tokio::time::timeout(FAREWELL, link).await;
    result
}

/// The terminal, restored when this is dropped.
///
/// Ratatui's own `Drop` does not run. On a terminal that is gone, it writes to a standard error
/// that is gone, too, and panics; its panic hook then does the same, and the process aborts.
struct Screen(ManuallyDrop<DefaultTerminal>);

impl Screen {
    fn open() -> Result<Self, Failure> {
        let terminal = ratatui::try_init().map_err(|error| unusable(&error))?;
        let screen = Self(ManuallyDrop::new(terminal));
        execute!(io::stdout(), EnableBracketedPaste, EnableFocusChange)
            .map_err(|error| unusable(&error))?;
        Ok(screen)
    }
}

impl Screen {
    /// Gives the terminal to its next user: the shell, while this program is stopped.
    fn release(&mut self) -> io::Result<()> {
        execute!(io::stdout(), DisableFocusChange, DisableBracketedPaste)?;
        ratatui::try_restore()?;
        self.0.show_cursor()
    }

    /// Takes the terminal back after a stop. The shell has changed its mode, and perhaps its size.
    fn take_back(&mut self) -> io::Result<()> {
        // Switched off first, because crossterm takes raw mode for active after a stop without a
        // warning (SIGSTOP), and would then not set it.
        disable_raw_mode()?;
        enable_raw_mode()?;
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            EnableFocusChange
        )?;
        self.redraw()
    }

    /// Forgets the terminal's content, so that the next drawing writes every cell.
    /// `Terminal::clear` is not used: it asks the terminal for its cursor, and the answer goes to
    /// the stream of keys.
    fn redraw(&mut self) -> io::Result<()> {
        execute!(io::stdout(), Clear(ClearType::All))?;
        self.0 = ManuallyDrop::new(ratatui::Terminal::new(CrosstermBackend::new(io::stdout()))?);
        Ok(())
    }
}

/// The signals by which a shell stops a program and lets it go on.
struct JobControl {
    #[cfg(unix)]
    stop: tokio::signal::unix::Signal,
    #[cfg(unix)]
    go_on: tokio::signal::unix::Signal,
}

/// A step of job control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    Stop,
    GoOn,
}

impl JobControl {
    fn watch() -> io::Result<Self> {
        #[cfg(unix)]
        // SIGTSTP is handled, so that the terminal is restored before the program stops.
        {
            use rustix::process::Signal;
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                stop: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
                go_on: signal(SignalKind::from_raw(Signal::CONT.as_raw()))?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    async fn next(&mut self) -> Job {
        #[cfg(unix)]
        tokio::select! {
            _ = self.stop.recv() => Job::Stop,
            _ = self.go_on.recv() => Job::GoOn,
        }
        #[cfg(not(unix))]
        std::future::pending().await
    }

    /// Stops this process until another one continues it.
    fn stop() {
        #[cfg(unix)]
        {
            // SIGTSTP is caught above and would not stop anything; SIGSTOP cannot be caught.
            use rustix::process::{Signal, getpid, kill_process};
            // A process that may not stop goes on.
            let _ = kill_process(getpid(), Signal::STOP);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs no restoring. `ratatui::restore` would panic there: it
        // reports the failure on a standard error that is gone, too.
        let _ = self.release();
    }
}

fn unusable(error: &io::Error) -> Failure {
    if !terminal::is_there() {
        return terminal::gone();
    }
    Failure::other(format!(
        "the terminal cannot be used ({error}); try `secure-chat connect`"
    ))
}

struct Looking {
    app: App,
    file: OutboxFile,
    drafts: DraftFile,
    news: mpsc::Receiver<News>,
    retry: Arc<Notify>,
    interrupt: Arc<Notify>,
    jobs: JobControl,
    screen: Screen,
    keys: EventStream,
    zone: Zone,
    look: Look,
}

/// The event that ended a wait.
enum Wake {
    News(Option<News>),
    Key(Option<io::Result<Event>>),
    /// The session takes more.
    Place,
    Tick,
    Job(Job),
    Interrupted,
}

impl Looking {
    async fn run(mut self) -> Result<(), Failure> {
        let result = self.look().await;
        // The screen is still there, so there is no place to report a failure to.
        let _ = self.drafts.keep(self.app.drafts());
        result
    }

    async fn look(&mut self) -> Result<(), Failure> {
        let mut tick = tokio::time::interval(TICK);
        // A program that was stopped must not draw once for every second that it has missed.
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut changed = true;
        loop {
            // The outbox's file is written before anything is drawn: a message that a person sees
            // waiting must survive the end of the program.
            self.app.settle();
            let full = self.app.flush();
            if let Err(why) = self.file.keep(self.app.chat.outbox.lines()) {
                self.app.chat.notice(why, system::unix_millis());
            }
            if std::mem::replace(&mut changed, true) && self.draw()? {
                self.draw()?;
            }
            // The drawing may need requests: more of the history, or a read marker.
            let full = full || self.app.flush();
            let outgoing = self.app.outgoing().filter(|_| full);
            let place = async {
                match outgoing {
                    Some(outgoing) => drop(outgoing.reserve().await),
                    None => std::future::pending().await,
                }
            };
            let wake = tokio::select! {
                news = self.news.recv() => Wake::News(news),
                key = self.keys.next() => Wake::Key(key),
                () = place => Wake::Place,
                _ = tick.tick() => Wake::Tick,
                job = self.jobs.next() => Wake::Job(job),
                () = self.interrupt.notified() => Wake::Interrupted,
            };
            match wake {
                Wake::News(Some(news)) => self.hear(news),
                Wake::Key(Some(Ok(event))) => {
                    if self.event(event)? == Effect::Leave {
                        return Ok(());
                    }
                }
                Wake::Key(Some(Err(error))) => return Err(unusable(&error)),
                Wake::Place => {}
                // The stream of keys does not end with the terminal; it only spins.
                Wake::Tick if !terminal::is_there() => return Err(terminal::gone()),
                Wake::Tick => {
                    changed = self.app.is_moving();
                    // Not with every key: it is a file that is replaced.
                    if let Err(why) = self.drafts.keep(self.app.drafts()) {
                        self.app.chat.notice(why, system::unix_millis());
                        changed = true;
                    }
                }
                Wake::Job(Job::Stop) => {
                    self.screen.release().map_err(|error| unusable(&error))?;
                    JobControl::stop();
                    // Before anything is drawn or read: the shell's mode echoes keys and holds them
                    // back until Enter.
                    self.screen.take_back().map_err(|error| unusable(&error))?;
                }
                Wake::Job(Job::GoOn) => {
                    self.screen.take_back().map_err(|error| unusable(&error))?;
                }
                Wake::Key(None) => return Err(terminal::gone()),
                Wake::News(None) | Wake::Interrupted => return Ok(()),
            }
        }
    }

    /// Takes all waiting events before anything is drawn: a history comes in many pieces.
    fn hear(&mut self, news: News) {
        let at = system::unix_millis();
        self.app.news(news, at);
        // Bounded, so that a server which never pauses cannot keep the screen from being drawn.
        for _ in 0..link::CHANNEL_PLACES {
            let Ok(news) = self.news.try_recv() else {
                return;
            };
            self.app.news(news, at);
        }
    }

    /// Draws the screen. `true` if it has to be drawn again.
    fn draw(&mut self) -> Result<bool, Failure> {
        let eye = Eye {
            look: self.look,
            zone: &self.zone,
            at: system::unix_millis(),
        };
        let mut shown = self.app.shown;
        let app = &self.app;
        let drawn = self
            .screen
            .0
            .draw(|frame| shown = view::draw(app, eye, frame));
        drawn.map_err(|error| unusable(&error))?;
        let again = self.app.drawn(shown);
        if std::mem::take(&mut self.app.bell) {
            // The terminal decides on the effect: a sound, a flash, a notification.
            let _ = io::stdout()
                .write_all(b"\x07")
                .and_then(|()| io::stdout().flush());
        }
        Ok(again)
    }

    fn event(&mut self, event: Event) -> Result<Effect, Failure> {
        let at = system::unix_millis();
        match event {
            // Windows reports both the press and the release of a key.
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                let world = World {
                    id: new_id(at)?,
                    at,
                    zone: &self.zone,
                    look: self.look,
                };
                let effect = self.app.key(key, &world);
                match effect {
                    Effect::Retry => self.retry.notify_one(),
                    Effect::Redraw => {
                        self.screen.redraw().map_err(|error| unusable(&error))?;
                    }
                    Effect::Nothing | Effect::Leave => {}
                }
                return Ok(effect);
            }
            Event::Paste(text) => self.app.paste(&text, at),
            Event::FocusGained => self.app.focused = true,
            Event::FocusLost => self.app.focused = false,
            // A new size shows with the next drawing.
            _ => {}
        }
        Ok(Effect::Nothing)
    }
}

fn new_id(at: u64) -> Result<MessageId, Failure> {
    let mut random = [0; 10];
    native::random()
        .fill(&mut random)
        .map_err(|_| Failure::other("the system has no randomness"))?;
    Ok(MessageId::new(at, random))
}
