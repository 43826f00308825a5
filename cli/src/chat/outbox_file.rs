//! The entries that are not acknowledged yet, in the data folder: `outbox.json`. The file exists
//! only while something waits, so that a closed terminal loses nothing.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use client::outbox::Outgoing;
use native::files::{self, Existing, ReadError};
use serde::de::DeserializeOwned;

const FILE_NAME: &str = "outbox.json";

/// The name of the lock. Two programs with one folder must not send the same entries: the first one
/// has the file.
const LOCK_NAME: &str = "outbox.lock";

/// The largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The bits of the mode that the file must not have: private messages lie in it.
const FORBIDDEN_MODE: u32 = 0o077;

/// The file, while this program owns it.
#[derive(Debug)]
pub(crate) struct OutboxFile {
    path: PathBuf,
    /// The lock, held as long as the program runs; `None` if another program has it.
    lock: Option<File>,
    written: Vec<Outgoing>,
}

impl OutboxFile {
    /// Opens the file in `folder`. Returns it with the entries that an earlier run has left in it,
    /// and a text for the person if something is wrong.
    pub(crate) fn open(folder: &Path) -> (Self, Vec<Outgoing>, Option<String>) {
        let mut file = Self {
            path: folder.join(FILE_NAME),
            lock: None,
            written: Vec::new(),
        };
        match lock(folder) {
            Ok(Some(lock)) => file.lock = Some(lock),
            Ok(None) => {
                let note = "Another secure-chat with this data folder is running: what is not sent \
                            when this one ends is lost.";
                return (file, Vec::new(), Some(note.to_owned()));
            }
            Err(error) => {
                let note = format!("What is not sent when this program ends is lost: {error}.");
                return (file, Vec::new(), Some(note));
            }
        }
        let (lines, note) = file.read();
        file.written.clone_from(&lines);
        (file, lines, note)
    }

    fn read(&mut self) -> (Vec<Outgoing>, Option<String>) {
        match read_list(&self.path, MAX_FILE_BYTES) {
            Ok(lines) => (lines, None),
            Err(unusable) => {
                if !unusable.aside {
                    // The damaged file stays: without the lock nothing is written over it.
                    self.lock = None;
                }
                (Vec::new(), Some(unusable.note))
            }
        }
    }

    /// Returns `true` if this program may write into the data folder: no other one runs there.
    pub(crate) fn is_owner(&self) -> bool {
        self.lock.is_some()
    }

    /// Makes the file hold `lines`.
    ///
    /// # Errors
    /// A sentence; the file still has its former content.
    pub(crate) fn keep(&mut self, lines: &[Outgoing]) -> Result<(), String> {
        // The delivery state does not matter: the next run begins each delivery anew.
        let same = |(a, b): (&Outgoing, &Outgoing)| a.id == b.id;
        let unchanged =
            lines.len() == self.written.len() && lines.iter().zip(&self.written).all(same);
        if self.lock.is_none() || unchanged {
            return Ok(());
        }
        // Recorded even if the writing fails, so that the person is told once for each change and
        // not at every turn.
        self.written = lines.to_vec();
        let done = if lines.is_empty() {
            fs::remove_file(&self.path)
        } else {
            serde_json::to_vec(lines)
                .map_err(Into::into)
                .and_then(|json| files::write(&self.path, &json, Existing::Replace))
        };
        done.map_err(|error| {
            format!(
                "What waits to be sent is not in {}: {error}.",
                self.path.display()
            )
        })
    }
}

/// A file whose content cannot be used.
pub(super) struct Unusable {
    /// The text for the person.
    pub(super) note: String,
    /// It was put aside, and a new one can be written.
    pub(super) aside: bool,
}

/// Reads a private file with a list as JSON; without the file, the list is empty.
///
/// # Errors
/// [`Unusable`]: the file was put aside, if that was possible.
pub(super) fn read_list<T: DeserializeOwned>(path: &Path, limit: u64) -> Result<Vec<T>, Unusable> {
    let mut text = String::new();
    let why = match files::read_text(path, limit, FORBIDDEN_MODE, &mut text) {
        Ok(()) => match serde_json::from_str(&text) {
            Ok(list) => return Ok(list),
            Err(error) => error.to_string(),
        },
        Err(ReadError::NotFound) => return Ok(Vec::new()),
        Err(ReadError::Exposed(mode)) => {
            format!("others could read or change it (mode {mode:03o})")
        }
        Err(ReadError::TooLong) => format!("it is longer than {limit} bytes"),
        Err(ReadError::NotText) => "it is not UTF-8 text".to_owned(),
        Err(ReadError::Io(error)) => error.to_string(),
    };
    // Put aside, not deleted: the person can still read what was not sent.
    let aside = path.with_extension("json.damaged");
    Err(match fs::rename(path, &aside) {
        Ok(()) => Unusable {
            note: format!(
                "What was left to be sent cannot be used ({why}); it is in {} now.",
                aside.display()
            ),
            aside: true,
        },
        Err(error) => Unusable {
            note: format!(
                "{} cannot be used ({why}), nor put aside ({error}).",
                path.display()
            ),
            aside: false,
        },
    })
}

fn lock(folder: &Path) -> std::io::Result<Option<File>> {
    files::make_folder(folder)?;
    // The lock is a file of its own, because `outbox.json` is replaced with every change. The
    // system releases it when the process ends, however it ends.
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(LOCK_NAME))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::outbox::{Account, DeliveryState, Writing};
    use shared::chat::{MessageId, RoomName, Text};

    fn line(number: u64) -> Outgoing {
        Outgoing {
            id: MessageId::new(number, [0; 10]),
            account: Account::default(),
            room: RoomName::lobby().into(),
            what: Writing::Say {
                text: Text::parse("hello").unwrap(),
                reply_to: None,
            },
            state: DeliveryState::Queued,
            at: number,
        }
    }

    #[test]
    fn what_waits_is_there_in_the_next_run_and_gone_when_it_was_sent() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, lines, note) = OutboxFile::open(folder.path());
        assert_eq!((lines, note), (vec![], None));
        file.keep(&[line(1), line(2)]).unwrap();
        drop(file);
        let (mut file, lines, note) = OutboxFile::open(folder.path());
        assert_eq!((lines, note), (vec![line(1), line(2)], None));
        file.keep(&[]).unwrap();
        assert!(!folder.path().join(FILE_NAME).exists());
    }

    #[test]
    fn a_second_program_sends_nothing_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let (mut first, ..) = OutboxFile::open(folder.path());
        first.keep(&[line(1)]).unwrap();
        let (mut second, lines, note) = OutboxFile::open(folder.path());
        assert!(lines.is_empty() && note.unwrap().contains("Another"));
        second.keep(&[]).unwrap();
        drop((first, second));
        assert_eq!(OutboxFile::open(folder.path()).1, [line(1)]);
    }

    #[test]
    fn a_damaged_file_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        files::write(&folder.path().join(FILE_NAME), b"[{", Existing::Replace).unwrap();
        let (mut file, lines, note) = OutboxFile::open(folder.path());
        assert!(lines.is_empty() && note.unwrap().contains("cannot be used"));
        file.keep(&[line(1)]).unwrap();
        let aside = folder.path().join("outbox.json.damaged");
        assert_eq!(fs::read(aside).unwrap(), b"[{");
    }
}
