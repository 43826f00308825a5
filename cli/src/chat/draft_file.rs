//! The drafts, in the data folder: `drafts.json`. The file exists only while there is one, so that a
//! closed terminal or a signal loses nothing that was written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use client::outbox::Account;
use native::files::{self, Existing};
use serde::{Deserialize, Serialize};
use shared::chat::RoomId;

use super::outbox_file::read_list;

const FILE_NAME: &str = "drafts.json";

/// The most drafts that are kept, of all accounts.
const DRAFTS: usize = 100;

/// The most bytes of their texts together; further drafts are not kept.
const TEXT_BYTES: usize = 1024 * 1024;

/// The largest file that is read, in bytes: escapes make a text up to six times as long.
const MAX_FILE_BYTES: u64 = 8 * TEXT_BYTES as u64;

/// A draft of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draft {
    pub(crate) account: Account,
    pub(crate) room: RoomId,
    pub(crate) text: String,
}

/// The file, while this program owns the data folder.
#[derive(Debug)]
pub(crate) struct DraftFile {
    path: PathBuf,
    /// Another program runs with this folder, or the file cannot be written.
    readonly: bool,
    /// The drafts of other accounts, which stay in the file.
    others: Vec<Draft>,
    written: Vec<Draft>,
}

impl DraftFile {
    /// Opens the file in `folder`. Returns it with the drafts of `account`, and a text for the
    /// person if something is wrong. Only the `owner` of the folder reads and writes it.
    pub(crate) fn open(
        folder: &Path,
        account: &Account,
        owner: bool,
    ) -> (Self, Vec<Draft>, Option<String>) {
        let mut file = Self {
            path: folder.join(FILE_NAME),
            readonly: !owner,
            others: Vec::new(),
            written: Vec::new(),
        };
        if !owner {
            return (file, Vec::new(), None);
        }
        let (all, note) = match read_list::<Draft>(&file.path, MAX_FILE_BYTES) {
            Ok(all) => (all, None),
            Err(unusable) => {
                file.readonly = !unusable.aside;
                (Vec::new(), Some(unusable.note))
            }
        };
        let (own, others) = all.into_iter().partition(|it| it.account == *account);
        file.others = others;
        file.written = own;
        let own = file.written.clone();
        (file, own, note)
    }

    /// Makes the file hold `drafts` of this account, as far as there is room.
    ///
    /// # Errors
    /// A sentence; the file still has its former content.
    pub(crate) fn keep(&mut self, drafts: Vec<Draft>) -> Result<(), String> {
        if self.readonly || drafts == self.written {
            return Ok(());
        }
        let mut bytes = 0;
        // Those of this account first: the person is here.
        let all = drafts.iter().chain(&self.others).take(DRAFTS);
        let kept: Vec<_> = all
            .filter(|draft| {
                let fits = bytes + draft.text.len() <= TEXT_BYTES;
                // One that is too long takes no place from the others.
                bytes += if fits { draft.text.len() } else { 0 };
                fits
            })
            .collect();
        let done = if kept.is_empty() {
            match fs::remove_file(&self.path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                done => done,
            }
        } else {
            serde_json::to_vec(&kept)
                .map_err(Into::into)
                .and_then(|json| files::write(&self.path, &json, Existing::Replace))
        };
        // Recorded even if the writing fails, so that the person is told once for each change.
        self.written = drafts;
        done.map_err(|error| {
            format!(
                "What is written is not in {}: {error}.",
                self.path.display()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::chat::RoomName;

    fn draft(server: &str, text: &str) -> Draft {
        Draft {
            account: account(server),
            room: RoomName::lobby().into(),
            text: text.to_owned(),
        }
    }

    fn account(server: &str) -> Account {
        Account {
            server: server.to_owned(),
            key: String::new(),
        }
    }

    #[test]
    fn drafts_are_there_in_the_next_run_and_gone_when_they_were_sent() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (draft("one", "half"), draft("two", "other"));
        for it in [&one, &two] {
            let (mut file, own, note) = DraftFile::open(folder.path(), &it.account, true);
            assert_eq!((own, note), (vec![], None));
            file.keep(vec![it.clone()]).unwrap();
        }
        let (mut file, own, _) = DraftFile::open(folder.path(), &one.account, true);
        assert_eq!(own, std::slice::from_ref(&one));
        file.keep(vec![]).unwrap();
        let (mut file, own, _) = DraftFile::open(folder.path(), &two.account, true);
        assert_eq!(own, std::slice::from_ref(&two));
        file.keep(vec![]).unwrap();
        assert!(!folder.path().join(FILE_NAME).exists());
        // A second program with this folder neither shows nor replaces them.
        let (mut second, own, _) = DraftFile::open(folder.path(), &one.account, false);
        second.keep(vec![one]).unwrap();
        assert!(own.is_empty() && !folder.path().join(FILE_NAME).exists());
    }

    #[test]
    fn the_file_is_bounded_and_a_damaged_one_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        files::write(&folder.path().join(FILE_NAME), b"[{", Existing::Replace).unwrap();
        let (mut file, own, note) = DraftFile::open(folder.path(), &account("one"), true);
        assert!(own.is_empty() && note.is_some());
        let long = "x".repeat(TEXT_BYTES / 2);
        file.keep((0..200).map(|_| draft("one", &long)).collect())
            .unwrap();
        let (_, own, _) = DraftFile::open(folder.path(), &account("one"), true);
        assert_eq!(own.len(), 2);
    }
}
