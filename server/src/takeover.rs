//! The start of a server beside the one whose sockets it takes over: an upgrade during which no
//! connection is refused.
//!
//! Both have the same sockets of the service manager, so that the system keeps whoever connects while
//! neither accepts. The data folder has room for one: its lock says when the former server is done.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::DRAIN_TIMEOUT;
use crate::store::OpenError;

/// Time for which a server waits for the data folder, 30 s: as long as the former server may drain,
/// and what its store may take to copy its log into the database.
pub const PATIENCE: Duration = Duration::from_secs(DRAIN_TIMEOUT.as_secs() + 22);

/// Time between two attempts. Each asks the system for the lock, and nothing more.
const INTERVAL: Duration = Duration::from_millis(20);

/// Opens a store as soon as no other server uses it, for at most `patience`. The wait is logged.
///
/// # Errors
/// The errors of `open`; [`OpenError::InUse`] after `patience`.
pub fn open_once_free<T>(
    mut open: impl FnMut() -> Result<T, OpenError>,
    patience: Duration,
) -> Result<T, OpenError> {
    let start = Instant::now();
    let mut is_told = false;
    loop {
        match open() {
            Err(OpenError::InUse(path)) if start.elapsed() < patience => {
                if !is_told {
                    let (path, seconds) = (path.display(), patience.as_secs());
                    tracing::info!(
                        "another server uses {path}: waiting for its end for at most {seconds} s"
                    );
                    is_told = true;
                }
                sleep(INTERVAL);
            }
            opened => return opened,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_use_is_waited_for_and_any_other_error_is_not() {
        let in_use = || OpenError::InUse("chat.db".into());
        let mut answers = [Err(in_use()), Err(in_use()), Ok(7)].into_iter();
        let opened = open_once_free(|| answers.next().unwrap(), PATIENCE);
        assert_eq!(opened.unwrap(), 7);
        let mut attempts = 0;
        let failing = || {
            attempts += 1;
            Err::<(), _>(OpenError::NotADatabase("chat.db".into()))
        };
        let error = open_once_free(failing, PATIENCE).unwrap_err();
        assert!(matches!(error, OpenError::NotADatabase(_)), "{error}");
        assert_eq!(attempts, 1);
    }

    #[test]
    fn the_wait_has_an_end() {
        let attempt = || Err::<(), _>(OpenError::InUse("chat.db".into()));
        let error = open_once_free(attempt, Duration::ZERO).unwrap_err();
        assert!(error.to_string().contains("another server"), "{error}");
    }
}
