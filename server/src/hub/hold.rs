//! A hold on a connection while a ban of its person is under way.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A switch that stops the handling of a connection's plaintexts.
#[derive(Debug, Default)]
pub(in crate::hub) struct Hold {
    is_set: AtomicBool,
    released: Notify,
}

impl Hold {
    pub(in crate::hub) fn is_set(&self) -> bool {
        // Pairs with the `Release` of whoever sets or ends the hold.
        self.is_set.load(Ordering::Acquire)
    }

    pub(in crate::hub) fn set(&self) {
        self.is_set.store(true, Ordering::Release);
    }

    /// Ends the hold, and wakes the session: nothing else would, because it is not read meanwhile.
    pub(in crate::hub) fn release(&self) {
        if self.is_set.swap(false, Ordering::AcqRel) {
            self.released.notify_one();
        }
    }

    /// Waits until the hold has ended.
    ///
    /// Cancel safe.
    pub(in crate::hub) async fn released(&self) {
        self.released.notified().await;
    }
}
