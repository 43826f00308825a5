//! Interactive mode: a prompt that is edited while messages appear above it.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use shared::chat::plain::ClientLine;
use shared::identity::Fingerprint;
use shared::trust::{self, Told};
use tokio::sync::mpsc;

use super::Screen;
use crate::address::Address;
use crate::advice;
use crate::contact::{Ask, Consent};
use crate::exit::{Code, Failure};
use crate::printable;
use crate::session::Outgoing;
use crate::terminal;

const PROMPT: &str = "> ";

/// The interval at which the reader looks whether the session that was left has ended.
const LEAVING: Duration = Duration::from_millis(20);

/// The terminal with its history. The history stays in memory: private messages are not written to
/// a disk.
pub(crate) struct Terminal {
    editor: Editor<(), MemHistory>,
}

fn unusable(error: &ReadlineError) -> Failure {
    Failure::other(format!("the terminal cannot be used ({error}); try --pipe"))
}

impl Terminal {
    /// Takes over standard input and output.
    ///
    /// # Errors
    /// [`Failure`] if they are no usable terminal.
    pub(crate) fn open() -> Result<Self, Failure> {
        let config = Config::builder().auto_add_history(true).build();
        let editor = Editor::with_history(config.clone(), MemHistory::with_config(&config))
            .map_err(|error| unusable(&error))?;
        Ok(Self { editor })
    }

    /// Returns a printer that writes above the prompt.
    ///
    /// # Errors
    /// [`Failure`] if the terminal does not allow it.
    pub(crate) fn printer(&mut self) -> Result<Printer, Failure> {
        let printer = self
            .editor
            .create_external_printer()
            .map_err(|error| unusable(&error))?;
        Ok(Printer {
            printer: Box::new(printer),
            unasked: Unasked::default(),
        })
    }

    /// Sends each typed line, until the person ends the input (Ctrl-D or Ctrl-C).
    ///
    /// # Errors
    /// [`Failure`] if the terminal fails.
    pub(crate) fn read_lines(mut self, outgoing: &mpsc::Sender<Outgoing>) -> Result<(), Failure> {
        loop {
            let line = match self.editor.readline(PROMPT) {
                Ok(line) => line,
                Err(ReadlineError::Eof | ReadlineError::Interrupted) => return Ok(()),
                // The window's size has changed.
                Err(ReadlineError::Signal(_)) => continue,
                Err(error) => return Err(unusable(&error)),
            };
            let quits = ClientLine::parse(&line) == ClientLine::Quit;
            // The session has ended when the channel is closed; it reports the reason itself.
            if !line.trim().is_empty()
                && outgoing
                    .blocking_send(Outgoing::Message(line.into_bytes()))
                    .is_err()
            {
                return Ok(());
            }
            if quits {
                // No further prompt: what is printed above one is shown only while that is edited,
                // and the program ends before. Without it the last words go to the terminal itself.
                while !outgoing.is_closed() {
                    thread::sleep(LEAVING);
                }
                return Ok(());
            }
        }
    }
}

impl Ask for Terminal {
    fn first_contact(&mut self, address: &Address, key: Fingerprint) -> Result<Consent, Failure> {
        let text = format!(
            "The server at {address} is not known yet. It has proven that it holds this key:\n{}\n\
             Compare the words or the fingerprint with those that the server shows, over a way \
             that you trust; whoever sits in between would have others.",
            advice::key("", key)
        );
        // If nobody sees the question, nobody answers it, and the key is not trusted.
        let _ = writeln!(io::stdout(), "{text}");
        let mut question = "Trust this key from now on (yes/no/words/fingerprint)? ";
        loop {
            match self.editor.readline(question) {
                Ok(line) => match Answer::of(&line, key) {
                    Some(Answer::Yes(consent)) => return Ok(consent),
                    Some(Answer::No) => return Err(advice::declined(address)),
                    Some(Answer::Another) => {
                        return Err(Failure::new(
                            Code::Untrusted,
                            format!(
                                "that is another key than the server's: {address} is not the \
                                 server you mean, or somebody sits in between. Nothing was sent"
                            ),
                        ));
                    }
                    None => {
                        question =
                            "Type yes, no, or the words or the fingerprint that you were told: ";
                    }
                },
                Err(ReadlineError::Signal(_)) => {}
                // Its end and its failures say nothing of what a person decided.
                Err(_) if !terminal::is_there() => return Err(terminal::gone()),
                Err(ReadlineError::Eof | ReadlineError::Interrupted) => {
                    return Err(advice::declined(address));
                }
                Err(error) => return Err(unusable(&error)),
            }
        }
    }
}

/// A person's answer on first contact.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Yes(Consent),
    No,
    /// A fingerprint or words, but not those of the server. This is a sign of an attack, so it is
    /// not the same as `No`.
    Another,
}

impl Answer {
    /// Parses `line`; `None` if it is none of the answers.
    fn of(line: &str, key: Fingerprint) -> Option<Self> {
        // Only the whole word counts: a key press by habit (`y`, Enter) must not pin an attacker.
        match line.trim().to_lowercase().as_str() {
            "yes" => Some(Self::Yes(Consent::First)),
            "no" => Some(Self::No),
            _ => match trust::compare(line, &key).ok()? {
                Told::Same => Some(Self::Yes(Consent::Compared)),
                Told::Another => Some(Self::Another),
            },
        }
    }
}

/// A printer that writes above the prompt.
pub(crate) struct Printer {
    printer: Box<dyn ExternalPrinter + Send>,
    unasked: Unasked,
}

/// The answers to `/who` that no person has asked for: the session asks a silent server so whether
/// it is there.
#[derive(Debug, Default)]
struct Unasked {
    /// An answer is to come.
    awaited: bool,
}

impl Unasked {
    /// Returns `true` if `message` is the awaited answer. A person who asks at the same time gets
    /// the second one, which says the same.
    fn takes(&mut self, message: &[u8]) -> bool {
        // No person can send a notice, so no line of a person is taken for the answer.
        let Ok(text) = std::str::from_utf8(message) else {
            return false;
        };
        let count = text
            .strip_prefix("* ")
            .and_then(|it| it.split_once(" here: "));
        // Shown, because it may be the answer to something that the person asks at the same time.
        self.awaited &= !text.starts_with("* rate_limited");
        count.is_some_and(|(count, _)| count.bytes().all(|it| it.is_ascii_digit()))
            && std::mem::take(&mut self.awaited)
    }
}

impl Printer {
    fn print(&mut self, text: &str) -> io::Result<()> {
        self.printer
            .print(format!("{text}\n"))
            .map_err(|error| io::Error::other(error.to_string()))
    }
}

/// Returns the columns that a row of text may have. The line mode runs in a terminal only, so one
/// that is not there any more counts as narrow.
fn columns() -> usize {
    terminal::columns(&io::stdout()).unwrap_or_default()
}

impl Screen for Printer {
    fn probed(&mut self) {
        self.unasked.awaited = true;
    }

    fn message(&mut self, message: &[u8]) -> io::Result<()> {
        if self.unasked.takes(message) {
            return Ok(());
        }
        self.print(&printable::paragraph(message, columns()))
    }

    fn note(&mut self, text: &str) {
        // Not reported here: the next message fails as well, and that failure ends the session.
        let _ = self.print(&printable::rows(text, columns()));
    }

    fn idle(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal's mode, restored when this is dropped: the program may end while a line is being
/// edited on another thread, which then never restores it.
#[derive(Debug)]
pub(crate) struct Mode {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl Mode {
    /// Remembers the present mode.
    pub(crate) fn remember() -> Self {
        Self {
            #[cfg(unix)]
            before: rustix::termios::tcgetattr(io::stdin()).ok(),
        }
    }
}

impl Drop for Mode {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(before) = &self.before {
            use rustix::termios::{OptionalActions, tcsetattr};
            // A terminal that is gone needs no mode.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
            // Moves to the line's start, erases the prompt, and switches bracketed paste off (the
            // editor switches it on while it reads). Left on, the next program would get its
            // markers around every paste.
            let _ = write!(io::stdout(), "\r\x1b[K\x1b[?2004l");
            let _ = io::stdout().flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_that_nobody_has_asked_for_is_taken_once() {
        let who = b"* 2 here: anna, bert";
        let mut unasked = Unasked::default();
        assert!(!unasked.takes(who), "a person has asked");
        unasked.awaited = true;
        for other in [
            &b"anna: * 2 here: anna"[..],
            b"* anna joined",
            b"* the server here: stops",
            b"\xff",
        ] {
            assert!(!unasked.takes(other), "{other:?}");
        }
        assert!(unasked.takes(who));
        assert!(!unasked.takes(who));
    }

    #[test]
    fn only_an_explicit_answer_is_one() {
        use shared::trust::words;

        let key = Fingerprint::of_spki(b"abc");
        let other = Fingerprint::of_spki(b"abd");
        for (line, answer) in [
            ("yes", Some(Answer::Yes(Consent::First))),
            (" YES ", Some(Answer::Yes(Consent::First))),
            ("no", Some(Answer::No)),
            ("", None),
            ("y", None),
            ("yes please", None),
            (&key.to_string(), Some(Answer::Yes(Consent::Compared))),
            (&other.to_string(), Some(Answer::Another)),
            (
                &words(&key).to_string(),
                Some(Answer::Yes(Consent::Compared)),
            ),
            (
                &words(&key).to_string().to_uppercase().replace(' ', "  "),
                Some(Answer::Yes(Consent::Compared)),
            ),
            (&words(&other).to_string(), Some(Answer::Another)),
            ("SHA256:ungWv48Bz", None),
        ] {
            assert_eq!(Answer::of(line, key), answer, "{line:?}");
        }
    }
}
