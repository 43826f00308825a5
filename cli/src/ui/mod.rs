//! The views of a session: line mode and pipe. They show what happens and do not make it happen.

pub(crate) mod delivery;
pub(crate) mod interactive;
pub(crate) mod pipe;

use std::io;

use shared::connection::{Direction, Event, Version};
use tokio::sync::mpsc;

use crate::advice;
use crate::args::Level;
use crate::contact::Witness;
use crate::exit::{Code, Failure};
use crate::session::Happening;

/// Returns `false` when the terminal of standard input is gone: its window was closed, or the
/// connection to its machine was lost. Reading such a terminal gives an end or an error at once, for
/// ever, and SIGHUP, which says so, may be ignored (`nohup`).
pub(crate) fn is_terminal_there() -> bool {
    #[cfg(unix)]
    return rustix::termios::tcgetattr(io::stdin()).is_ok();
    #[cfg(not(unix))]
    true
}

/// Returns the failure to end with when the terminal is gone.
pub(crate) fn terminal_gone() -> Failure {
    Failure::new(Code::TerminalGone, "the terminal is gone")
}

/// A place where messages and notes are shown.
pub(crate) trait Screen {
    /// Learns that the session is there.
    fn established(&mut self, _version: Version) {}

    /// Shows a message as the server sent it.
    ///
    /// # Errors
    /// If nobody looks any more.
    fn message(&mut self, message: &[u8]) -> io::Result<()>;

    /// Shows something that is no message. `text` is safe for a terminal.
    fn note(&mut self, text: &str);

    /// Nothing waits to be shown: what is held back is let go.
    ///
    /// # Errors
    /// If nobody looks any more.
    fn idle(&mut self) -> io::Result<()>;
}

/// Shows a session on a screen.
pub(crate) struct Presenter<S> {
    pub(crate) screen: S,
    pub(crate) level: Level,
    /// The server's address.
    pub(crate) address: String,
    pub(crate) witness: Witness,
    /// Messages that could not be sent.
    pub(crate) unsendable: u64,
}

impl<S: Screen> Presenter<S> {
    /// Shows what happens until the session ends or nobody looks any more.
    pub(crate) fn run(&mut self, mut happenings: mpsc::Receiver<Happening>) {
        while let Some(happening) = self.next(&mut happenings) {
            if self.show(happening).is_err() {
                return;
            }
        }
    }

    fn next(&mut self, happenings: &mut mpsc::Receiver<Happening>) -> Option<Happening> {
        if let Ok(happening) = happenings.try_recv() {
            return Some(happening);
        }
        self.screen.idle().ok()?;
        happenings.blocking_recv()
    }

    /// Shows one happening.
    ///
    /// # Errors
    /// If nobody looks any more.
    pub(crate) fn show(&mut self, happening: Happening) -> io::Result<()> {
        let event = match happening {
            Happening::NotSent(bytes, error) => {
                self.unsendable += 1;
                self.note(
                    Level::Error,
                    &format!("a line of {bytes} bytes was not sent: {error}"),
                );
                return Ok(());
            }
            Happening::Event(event) => event,
        };
        if let Err(error) = self.witness.see(&event) {
            self.note(Level::Warn, &format!("the pin was not updated: {error}"));
        }
        match event {
            Event::Message(message) => self.screen.message(&message)?,
            Event::Established {
                version,
                peer,
                session_id,
            } => {
                let session = session_id.map_or(String::new(), |id| format!(", session {id}"));
                let text = format!(
                    "connected to {} with protocol {version}{session}",
                    self.address
                );
                self.note(Level::Info, &text);
                self.note(Level::Info, &advice::key("server", peer.fingerprint()));
                if version == Version::V1 {
                    self.warn_of_v1();
                }
                self.screen.established(version);
            }
            Event::Rekeyed(Direction::Sent) => self.note(Level::Debug, "new keys for sending"),
            Event::Rekeyed(Direction::Received) => {
                self.note(Level::Debug, "new keys for receiving");
            }
            Event::Frame(frame) => {
                let arrow = match frame.direction {
                    Direction::Sent => "->",
                    Direction::Received => "<-",
                };
                self.note(
                    Level::Debug,
                    &format!(
                        "{:>9.3} s {arrow} {} ({} bytes)",
                        Seconds(frame.at).get(),
                        frame.kind,
                        frame.bytes.len()
                    ),
                );
            }
            _ => {}
        }
        Ok(())
    }

    fn warn_of_v1(&mut self) {
        self.note(
            Level::Warn,
            if self.witness.pinned().is_some() {
                "WARNING: PROTOCOL V1. Only the holder of the pinned key can read this session, \
                 but whoever gets that key later can read all of it, and messages can be dropped \
                 or repeated unnoticed."
            } else {
                "WARNING: PROTOCOL V1, INSECURE. Nothing about this server is verified: whoever \
                 sits between you and it can read and change everything. Its key was only claimed, \
                 and is not remembered. Compare the words with those of the server, or use v2."
            },
        );
    }

    fn note(&mut self, level: Level, text: &str) {
        if level <= self.level {
            self.screen.note(text);
        }
    }
}

/// A moment of the session in seconds.
struct Seconds(shared::time::Time);

impl Seconds {
    fn get(&self) -> f64 {
        self.0
            .saturating_since(shared::time::Time::default())
            .as_secs_f64()
    }
}
