//! The clock that a store stamps entries with: the system's, or a test's.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use shared::chat::Timestamp;

use crate::system;

/// Says what time it is.
#[derive(Clone)]
pub(super) struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system's clock.
    pub(super) fn system() -> Self {
        Self(Arc::new(|| system::timestamp(SystemTime::now())))
    }

    /// One that a test moves.
    #[cfg(test)]
    pub(super) fn of(millis: Arc<std::sync::atomic::AtomicI64>) -> Self {
        Self(Arc::new(move || {
            let millis = millis.load(std::sync::atomic::Ordering::SeqCst);
            Timestamp::from_unix_millis(millis).unwrap()
        }))
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
