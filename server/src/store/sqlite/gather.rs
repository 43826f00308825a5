//! Gathers the requests of many who write at once into one group, which shares a commit.
//!
//! Requesters that were just answered ask again, a fraction of a millisecond apart. A transaction that
//! committed with the first of them would leave the others to the next, and each commit costs as much
//! as some fifty entries.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// A group of fewer requests is no sign that many write at once.
const CROWD: usize = 8;

/// The longest time for which a transaction waits for as many requests as the last one had: about
/// what a commit takes.
const PATIENCE: Duration = Duration::from_micros(500);

/// The value of [`Gathering::wanted`] while nobody waits.
const NONE: usize = usize::MAX;

/// The requests in the writer's queue, counted by those who ask and by the writer.
#[derive(Debug)]
pub(super) struct Gathering {
    queued: AtomicUsize,
    /// The number of queued requests for which the writer waits.
    wanted: AtomicUsize,
}

impl Gathering {
    pub(super) fn new() -> Self {
        Self {
            queued: AtomicUsize::new(0),
            wanted: AtomicUsize::new(NONE),
        }
    }

    /// Counts a request that is about to be queued: the writer may take it at once.
    pub(super) fn count(&self) {
        self.queued.fetch_add(1, Ordering::SeqCst);
    }

    /// Wakes the writer if it waits for no more than is queued by now.
    pub(super) fn wake(&self, writer: &Thread) {
        // Sequentially consistent, as in `wait`: of the two, at least one sees what the other has
        // just written.
        if self.queued.load(Ordering::SeqCst) >= self.wanted.load(Ordering::SeqCst) {
            writer.unpark();
        }
    }

    /// Takes requests off the count.
    pub(super) fn taken(&self, requests: usize) {
        self.queued.fetch_sub(requests, Ordering::SeqCst);
    }

    /// Waits for more requests for a group that has `group` of them, while the last one had more.
    /// Returns `false` if there is nothing to wait for, or the group has waited long enough.
    ///
    /// A lone writer waits once at most, after others have stopped.
    pub(super) fn wait(&self, group: usize, last: usize, begun: Instant) -> bool {
        // Some of those who wrote may be done.
        let missing = (last - last / 8).saturating_sub(group);
        if last < CROWD || missing == 0 {
            return false;
        }
        // For half of them at a time: they are written while the others come.
        let wanted = missing.div_ceil(2);
        self.wanted.store(wanted, Ordering::SeqCst);
        let end = begun + PATIENCE;
        let come = loop {
            if self.queued.load(Ordering::SeqCst) >= wanted {
                break true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break false;
            }
            thread::park_timeout(left);
        };
        self.wanted.store(NONE, Ordering::SeqCst);
        come
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_lone_writer_is_not_kept_waiting() {
        let gathering = Gathering::new();
        let begun = Instant::now();
        assert!(!gathering.wait(1, 0, begun));
        assert!(!gathering.wait(1, CROWD - 1, begun));
        // The last group is complete.
        assert!(!gathering.wait(64, 64, begun));
    }

    #[test]
    fn a_group_waits_for_the_others_and_not_for_ever() {
        let gathering = Gathering::new();
        assert!(!gathering.wait(1, 64, Instant::now()), "nobody comes");
        let gathering = Arc::new(gathering);
        let others = Arc::clone(&gathering);
        let writer = thread::current();
        let asking = thread::spawn(move || {
            for _ in 0..64 {
                others.count();
                others.wake(&writer);
            }
        });
        // Begun in the future, so that a slow machine does not end the wait.
        let begun = Instant::now() + Duration::from_mins(1);
        let mut group = 1;
        while gathering.wait(group, 64, begun) {
            let come = gathering.queued.load(Ordering::SeqCst);
            gathering.taken(come);
            group += come;
        }
        assert!(group >= 56, "{group}");
        asking.join().unwrap();
    }
}
