//! What is taken while a change is stored: a place under a cap, a name, a turn. It must be held
//! until the change is applied, whoever goes meanwhile: else a burst of requests, or of requesters
//! who disconnect, passes any cap.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::store::{Durable, StoreError};

/// The places of one cap that are taken by changes under way.
#[derive(Debug, Default)]
pub(super) struct Places(Arc<AtomicUsize>);

/// A place that is taken until it is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Places {
    /// Takes a place, if those in use and those under way leave one of `most`.
    ///
    /// A place that was just applied may be counted twice for a moment, and never not at all.
    pub(super) fn take(&self, in_use: usize, most: usize) -> Option<Place> {
        // Compared and counted in one step, so that of two changes at once only one takes the last
        // place.
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (in_use.saturating_add(taken) < most).then_some(taken + 1)
            });
        taken.is_ok().then(|| Place(Arc::clone(&self.0)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Waits for a change, and holds what was taken for it until it is applied or refused, also when the
/// requester has gone.
///
/// # Errors
/// Those of the store.
pub(super) async fn holding<H, T>(held: H, change: Durable<T>) -> Result<T, StoreError>
where
    H: Send + 'static,
    T: Send + 'static,
{
    let stored = tokio::spawn(async move {
        let stored = change.await;
        drop(held);
        stored
    });
    let abandoned = |_| StoreError::Failed("the request was abandoned".into());
    stored.await.map_err(abandoned)?
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn places_under_way_count_like_those_in_use() {
        let places = Places::default();
        let first = places.take(8, 10);
        let second = places.take(8, 10);
        assert!(first.is_some() && second.is_some());
        assert!(places.take(8, 10).is_none());
        drop(first);
        assert!(places.take(8, 10).is_some());
        assert!(places.take(9, 10).is_none());
    }

    // The attack: a request whose requester disconnects at once.
    #[tokio::test]
    async fn a_place_is_held_until_the_change_is_applied_though_nobody_waits() {
        let places = Places::default();
        let (apply, applied) = oneshot::channel::<()>();
        let change: Durable<()> = Box::pin(async move {
            let _ = applied.await;
            Ok(())
        });
        let waiting = holding(places.take(0, 1), change);
        let waiting = tokio::spawn(waiting);
        tokio::task::yield_now().await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert!(places.take(0, 1).is_none());
        apply.send(()).unwrap();
        while places.take(0, 1).is_none() {
            tokio::task::yield_now().await;
        }
    }
}
