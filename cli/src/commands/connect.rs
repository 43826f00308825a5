//! `secure-chat connect`: puts session, input and screen together.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use shared::identity::PrivateKey;
use tokio::sync::{Notify, mpsc};

use crate::advice;
use crate::args::{Connect, Level};
use crate::contact::{self, Ask, Contact, Wish};
use crate::exit::Failure;
use crate::keystore;
use crate::known_servers::KnownServers;
use crate::session::{Ending, Outcome, Outgoing, Wiring};
use crate::ui::interactive::{Mode, Terminal};
use crate::ui::pipe::{self, Lines, Unattended};
use crate::ui::{Presenter, Screen};

/// Lines that wait to be sealed, and happenings that wait to be shown, at most: what goes through
/// in one turn. Behind that the pipe, and the server, are made to wait.
const CHANNEL_PLACES: usize = 256;

/// What was handed to the editor or to standard output last has got there by then.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Runs the command.
///
/// # Errors
/// [`Failure`] with the code for how it went wrong.
pub(crate) fn run(connect: Connect, folder: &Path, level: Level) -> Result<(), Failure> {
    let terminal = !connect.pipe && io::stdin().is_terminal() && io::stdout().is_terminal();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("the system refuses what we need: {error}")))?;
    let (key, new) = keystore::load_or_generate(folder)?;
    if level >= Level::Info {
        let you = advice::key("you", key.public_key().fingerprint());
        pipe::note(&if new {
            format!("made a key for you\n{you}")
        } else {
            you
        });
    }
    let server = connect.server;
    let run = Run {
        wish: Wish {
            address: server.address,
            version: server.protocol,
            expected: server.pin,
            observe_frames: level >= Level::Debug,
        },
        greeting: server
            .name
            .map(|name| format!("/name {}", name.as_str()).into_bytes()),
        known: KnownServers::new(folder),
        key,
        level,
    };
    let accept_new = server.accept_new;
    let result = if terminal {
        runtime.block_on(run.interactive(accept_new))
    } else {
        runtime.block_on(run.piped(accept_new))
    };
    // A look-up of a name that hangs must not keep the program.
    runtime.shutdown_background();
    result
}

struct Run {
    wish: Wish,
    /// Sent before everything else.
    greeting: Option<Vec<u8>>,
    known: KnownServers,
    key: PrivateKey,
    level: Level,
}

impl Run {
    async fn interactive(self, accept_new: bool) -> Result<(), Failure> {
        let mut terminal = Terminal::open()?;
        let contact = if accept_new {
            self.contact(&mut Unattended { accept_new }).await?
        } else {
            self.contact(&mut terminal).await?
        };
        let mode = Mode::remember();
        let screen = terminal.printer()?;
        let read = move |outgoing: &mpsc::Sender<Outgoing>| terminal.read_lines(outgoing);
        let result = self.session(contact, screen, read).await;
        tokio::time::sleep(LAST_WORDS).await;
        drop(mode);
        result
    }

    async fn piped(self, accept_new: bool) -> Result<(), Failure> {
        let contact = self.contact(&mut Unattended { accept_new }).await?;
        let read = |outgoing: &mpsc::Sender<Outgoing>| match pipe::read_lines(outgoing) {
            Ok(0) => Ok(()),
            Ok(lines) => Err(not_sent(lines)),
            Err(error) => Err(Failure::other(format!("standard input failed: {error}"))),
        };
        self.session(contact, Lines::new(), read).await
    }

    async fn contact(&self, ask: &mut dyn Ask) -> Result<Contact, Failure> {
        contact::make(self.wish.clone(), &self.known, &self.key, ask).await
    }

    /// Runs a session whose input comes from `read`, on a thread of its own, and whose happenings
    /// are shown on `screen`, on another.
    async fn session<S, R>(self, contact: Contact, screen: S, read: R) -> Result<(), Failure>
    where
        S: Screen + Send + 'static,
        R: FnOnce(&mpsc::Sender<Outgoing>) -> Result<(), Failure> + Send + 'static,
    {
        let (sender, outgoing) = mpsc::channel(CHANNEL_PLACES);
        let (happenings, happened) = mpsc::channel(CHANNEL_PLACES);
        let interrupt = Arc::new(Notify::new());
        watch_signals(&interrupt)?;

        let mut presenter = Presenter {
            screen,
            level: self.level,
            address: self.wish.address.to_string(),
            witness: contact.witness(&self.known),
            unsendable: 0,
        };
        let mut presenting = tokio::task::spawn_blocking(move || {
            presenter.run(happened);
            presenter.unsendable
        });
        let greeting = self.greeting;
        let (read_sender, read_result) = std::sync::mpsc::channel();
        // Never waited for: it may be reading when the session ends.
        thread::spawn(move || {
            if let Some(greeting) = greeting {
                // That the session has ended shows with the first line, too.
                let _ = sender.blocking_send(Outgoing::Message(greeting));
            }
            let result = read(&sender);
            let _ = read_sender.send(result);
            let _ = sender.blocking_send(Outgoing::Finish);
        });

        let wiring = Wiring {
            outgoing,
            happenings,
            interrupt,
        };
        let outcome = contact.run(&self.key, wiring).await;
        // The session has let go of its end, so this ends when all is shown. Who interrupts does not
        // wait for a reader that takes nothing.
        let patience = match outcome.ending {
            Ending::Interrupted => LAST_WORDS,
            _ => Duration::MAX,
        };
        let unsendable = match tokio::time::timeout(patience, &mut presenting).await {
            Ok(shown) => shown.map_err(|_| Failure::other("the output failed"))?,
            Err(_) => 0,
        };
        Self::verdict(&self.wish, &self.known, &outcome)?;
        match read_result.try_recv() {
            Ok(Err(failure)) => Err(failure),
            _ if unsendable > 0 => Err(not_sent(unsendable)),
            _ => Ok(()),
        }
    }

    fn verdict(wish: &Wish, known: &KnownServers, outcome: &Outcome) -> Result<(), Failure> {
        // Only for the sentence: what the pins say was judged before.
        let pins = known.load().unwrap_or_default();
        advice::of_outcome(wish, pins.get(&wish.address.to_string()), outcome)
    }
}

fn not_sent(lines: u64) -> Failure {
    Failure::other(format!("{lines} line(s) could not be sent, see above"))
}

/// Lets the signals that end programs end the session instead, so that it says goodbye.
pub(super) fn watch_signals(interrupt: &Arc<Notify>) -> Result<(), Failure> {
    let interrupt = Arc::clone(interrupt);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        for kind in signals {
            let mut stream = signal(kind)
                .map_err(|error| Failure::other(format!("cannot watch signals: {error}")))?;
            let interrupt = Arc::clone(&interrupt);
            tokio::spawn(async move {
                stream.recv().await;
                interrupt.notify_one();
                // Who asks twice does not want to wait.
                stream.recv().await;
                std::process::exit(crate::exit::Code::Interrupted as i32);
            });
        }
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupt.notify_one();
        }
    });
    Ok(())
}
