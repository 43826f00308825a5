//! The clock that a store stamps entries with: the system's, or a test's.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use shared::chat::Timestamp;

/// Says what time it is.
#[derive(Clone)]
pub(super) struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system's clock; a moment that cannot be written (after year 9999) is 1970.
    pub(super) fn system() -> Self {
        Self(Arc::new(|| {
            let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
                Ok(since) => i64::try_from(since.as_millis()),
                Err(error) => i64::try_from(error.duration().as_millis()).map(|before| -before),
            };
            let timestamp = millis.ok().and_then(Timestamp::from_unix_millis);
            timestamp.unwrap_or_default()
        }))
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
