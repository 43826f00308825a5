//! The pins in the data folder: `known_servers`. Two programs may use it at once: each change is
//! made under a lock, on the present content of the file.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

use native::files::{self, Existing, ReadError};
use shared::trust::{Pins, PinsError};
use thiserror::Error;

use crate::exit::Failure;

/// The file's name in the data folder.
pub(crate) const FILE_NAME: &str = "known_servers";

/// The name of the lock: a file of its own, because `known_servers` is replaced with every change,
/// and a lock on the replaced file would exclude nobody.
const LOCK_NAME: &str = "known_servers.lock";

/// The largest file that is read, in bytes: some ten thousand servers.
const MAX_FILE_BYTES: u64 = 2 * 1024 * 1024;

/// The bits of the mode that the file must not have: a user who can change it decides which servers
/// are trusted.
const FORBIDDEN_MODE: u32 = 0o022;

/// The file of the pins.
#[derive(Debug, Clone)]
pub(crate) struct KnownServers {
    folder: PathBuf,
}

/// The reason for which the pins cannot be used.
#[derive(Debug, Error)]
pub(crate) enum KnownServersError {
    /// The file cannot be read.
    #[error("{}", unread(.0, .1))]
    Read(PathBuf, #[source] ReadError),
    /// A line of the file is damaged.
    #[error(
        "{path} is damaged, {1}; it was left as it is: repair the line, or remove it to forget \
         that server",
        path = .0.display()
    )]
    Damaged(PathBuf, #[source] PinsError),
    /// The file cannot be written.
    #[error("cannot write {path}: {1}", path = .0.display())]
    Write(PathBuf, #[source] io::Error),
}

/// Returns the sentence about the file at `path` that was not read.
fn unread(path: &Path, cause: &ReadError) -> String {
    let path = path.display();
    match cause {
        ReadError::Exposed(mode) => format!(
            "{path} can be changed by others (mode {mode:03o}), who could so decide whom you \
             trust: look through it, then run `chmod 600 {path}`"
        ),
        ReadError::NotFound => format!("there is no {path}"),
        ReadError::TooLong => format!("{path} is longer than {MAX_FILE_BYTES} bytes"),
        ReadError::NotText => format!("{path} is damaged: it is not UTF-8 text"),
        ReadError::Io(cause) => format!("cannot read {path}: {cause}"),
    }
}

impl From<KnownServersError> for Failure {
    fn from(error: KnownServersError) -> Self {
        Self::other(error.to_string())
    }
}

impl KnownServers {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
        }
    }

    /// Returns the file's path.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(FILE_NAME)
    }

    /// Returns all pins; none if there is no file.
    ///
    /// # Errors
    /// [`KnownServersError`].
    pub(crate) fn load(&self) -> Result<Pins, KnownServersError> {
        let path = self.path();
        let mut text = String::new();
        match files::read_text(&path, MAX_FILE_BYTES, FORBIDDEN_MODE, &mut text) {
            Ok(()) => Pins::parse(&text).map_err(|error| KnownServersError::Damaged(path, error)),
            // Only a missing file means that nothing is pinned. Any other error ends the command:
            // otherwise a file that cannot be read would turn every server into an unknown one.
            Err(ReadError::NotFound) => Ok(Pins::default()),
            Err(error) => Err(KnownServersError::Read(path, error)),
        }
    }

    /// Changes the pins under the lock, on the present content of the file, and returns the result
    /// of `change`. The file is written only if the pins differ then.
    ///
    /// # Errors
    /// [`KnownServersError`]; the file still has its former content.
    pub(crate) fn update<T>(
        &self,
        change: impl FnOnce(&mut Pins) -> T,
    ) -> Result<T, KnownServersError> {
        let lock_path = self.folder.join(LOCK_NAME);
        let write_error = |path: &Path, error| KnownServersError::Write(path.to_path_buf(), error);
        files::make_folder(&self.folder).map_err(|error| write_error(&self.folder, error))?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let lock = options
            .open(&lock_path)
            .map_err(|error| write_error(&lock_path, error))?;
        // The lock is held until `lock` is dropped, or this process ends.
        lock.lock()
            .map_err(|error| write_error(&lock_path, error))?;

        // Read again under the lock: another program may have pinned a server since.
        let before = self.load()?;
        let mut pins = before.clone();
        let result = change(&mut pins);
        if pins != before {
            let path = self.path();
            files::write(&path, pins.to_text().as_bytes(), Existing::Replace)
                .map_err(|error| write_error(&path, error))?;
        }
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::connection::Version;
    use shared::identity::Fingerprint;
    use shared::trust::{Pin, UnixTime};
    use std::fs;

    fn pin(seed: u8) -> Pin {
        Pin::new(
            Fingerprint::of_spki(&[seed]),
            UnixTime(seed.into()),
            Version::V2,
        )
    }

    #[test]
    fn changes_are_private_whole_and_keep_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownServers::new(&folder.path().join("new"));
        assert!(known.load().unwrap().is_empty());
        known
            .update(|pins| pins.insert("a:1", pin(1)))
            .unwrap()
            .unwrap();
        let text = format!("# mine\n{}", fs::read_to_string(known.path()).unwrap());
        fs::write(known.path(), &text).unwrap();
        known
            .update(|pins| pins.insert("b:2", pin(2)))
            .unwrap()
            .unwrap();
        assert!(fs::read_to_string(known.path()).unwrap().starts_with(&text));
        assert_eq!(known.load().unwrap().len(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(known.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_file_is_an_error_with_its_line_and_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownServers::new(folder.path());
        let content = "# mine\nchat.example:5000 SHA256:damaged\n";
        fs::write(known.path(), content).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(known.path(), fs::Permissions::from_mode(0o600)).unwrap();
        }
        let error = known.update(|pins| pins.insert("a:1", pin(1))).unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        assert_eq!(fs::read_to_string(known.path()).unwrap(), content);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_change_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let known = KnownServers::new(folder.path());
        known
            .update(|pins| pins.insert("a:1", pin(1)))
            .unwrap()
            .unwrap();
        fs::set_permissions(known.path(), fs::Permissions::from_mode(0o622)).unwrap();
        let error = known.load().unwrap_err().to_string();
        assert!(error.contains("mode 622"), "{error}");
    }

    #[test]
    fn programs_at_the_same_time_lose_no_change() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4_u8 {
                let known = KnownServers::new(folder.path());
                scope.spawn(move || {
                    for round in 0..10_u8 {
                        let address = format!("{thread}-{round}:1");
                        known
                            .update(|pins| pins.insert(&address, pin(1)))
                            .unwrap()
                            .unwrap();
                    }
                });
            }
        });
        assert_eq!(KnownServers::new(folder.path()).load().unwrap().len(), 40);
    }
}
