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
use crate::session::Happening;

/// A sink that shows messages and notes.
pub(crate) trait Screen {
    /// Learns that the session is established.
    fn established(&mut self, _version: Version) {}

    /// Shows a message exactly as the server sent it.
    ///
    /// # Errors
    /// If the output has no reader any more.
    fn message(&mut self, message: &[u8]) -> io::Result<()>;

    /// Learns that the server was asked whether it is there. In plain text its answer looks like one
    /// that a person has asked for.
    fn probed(&mut self) {}

    /// Shows a text that is no message. `text` must be safe for a terminal.
    fn note(&mut self, text: &str);

    /// Flushes what the screen holds back, because nothing else waits to be shown.
    ///
    /// # Errors
    /// If the output has no reader any more.
    fn idle(&mut self) -> io::Result<()>;
}

/// Shows the happenings of a session on a screen.
pub(crate) struct Presenter<S> {
    pub(crate) screen: S,
    pub(crate) level: Level,
    /// The server's address, as a person gave it.
    pub(crate) address: String,
    pub(crate) witness: Witness,
    /// The number of messages that could not be sent.
    pub(crate) unsendable: u64,
}

impl<S: Screen> Presenter<S> {
    /// Shows happenings until the session ends or the screen has no reader any more.
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
        // `idle` is called only when the next call would block: a screen that buffers can then show
        // a burst of messages at once.
        self.screen.idle().ok()?;
        happenings.blocking_recv()
    }

    /// Shows one happening.
    ///
    /// # Errors
    /// If the screen has no reader any more.
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
            Happening::Probed => {
                self.screen.probed();
                return Ok(());
            }
            Happening::CaptureEnded(reason) => {
                self.note(Level::Error, &reason);
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
                        frame.wire.len()
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

/// A moment of the session, shown in seconds since its start.
struct Seconds(shared::time::Time);

impl Seconds {
    fn get(&self) -> f64 {
        self.0
            .saturating_since(shared::time::Time::default())
            .as_secs_f64()
    }
}
