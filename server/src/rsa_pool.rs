//! RSA on a bounded number of blocking threads: a private-key operation takes 0.2 to 3 ms, too long
//! for an async thread that a thousand other tasks wait for.
//!
//! A short operation that comes alone is the exception: to hand it over costs two wake-ups of a
//! thread, a tenth of a whole handshake, and nobody waits for it. [`Here`] says when.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// The longest operation that may run on an async thread, measured on the one before it: 2,048 bits
/// with AVX-512 take 0.2 ms, 4,096 bits 1 ms and more.
const SHORT: Duration = Duration::from_micros(500);

/// Rest after an operation on an async thread, in durations of that operation. Two make it a third
/// of one thread's time at most: a flood of handshakes goes to the pool.
const REST: u32 = 2;

/// A pool with as many threads as the machine has processors: more would only take turns.
#[derive(Debug)]
pub struct RsaPool {
    threads: Arc<Semaphore>,
    here: Arc<Here>,
}

/// The error of a pool whose runtime is shutting down.
#[derive(Debug, Clone, Copy)]
pub struct PoolClosed;

impl Default for RsaPool {
    fn default() -> Self {
        Self::new()
    }
}

impl RsaPool {
    /// Creates a pool for this machine.
    pub fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            threads: Arc::new(Semaphore::new(threads)),
            here: Arc::new(Here::new(Instant::now())),
        }
    }

    /// Runs `work` on a thread of the pool, first come first served, or at once on this thread if it
    /// is likely to be short and none ran here lately.
    ///
    /// # Errors
    /// [`PoolClosed`] if the runtime is shutting down or `work` panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PoolClosed> {
        let here = Arc::clone(&self.here);
        if here.claim(Instant::now()) {
            return Ok(here.measure(work));
        }
        // Tokio's own blocking pool has 512 threads by default: without the semaphore that many
        // handshakes would compete for the processors.
        let permit = Arc::clone(&self.threads).acquire_owned().await;
        let permit = permit.map_err(|_| PoolClosed)?;
        let work = move || {
            // Held by the work, which goes on when its connection has ended meanwhile: strangers who
            // disconnect at once would pass the bound.
            let _permit = permit;
            here.measure(work)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| PoolClosed)
    }
}

/// Decides whether the next operation runs on the async thread that asks for it.
#[derive(Debug)]
struct Here {
    epoch: Instant,
    /// Microseconds since `epoch` before which nothing runs here. [`NEVER`] until an operation was
    /// short.
    rests_until: AtomicU64,
}

/// No operation has been short yet, or the last one was not.
const NEVER: u64 = u64::MAX;

impl Here {
    fn new(epoch: Instant) -> Self {
        let rests_until = AtomicU64::new(NEVER);
        Self { epoch, rests_until }
    }

    /// Claims the async thread for one operation at `now`. Returns `true` if it may run there; until
    /// it was measured, no other claim succeeds.
    fn claim(&self, now: Instant) -> bool {
        let rests_until = self.rests_until.load(Ordering::Relaxed);
        rests_until <= self.micros(now)
            && self
                .rests_until
                .compare_exchange(rests_until, NEVER, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// Runs `work` and sets when the next operation may run here, by the time that this one took.
    fn measure<T>(&self, work: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let done = work();
        self.took(begin, Instant::now());
        done
    }

    fn took(&self, begin: Instant, end: Instant) {
        let took = end.saturating_duration_since(begin);
        let rests_until = if took <= SHORT {
            self.micros(end + took * REST)
        } else {
            NEVER
        };
        self.rests_until.store(rests_until, Ordering::Relaxed);
    }

    fn micros(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.epoch).as_micros();
        u64::try_from(since).unwrap_or(NEVER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The attack: handshakes without end, which would leave no async thread to the chat.
    #[test]
    fn a_flood_of_handshakes_leaves_two_thirds_of_one_thread_to_the_chat() {
        let epoch = Instant::now();
        let here = Here::new(epoch);
        let work = Duration::from_micros(200);
        let mut now = epoch;
        here.took(now, now + work);
        let mut busy = Duration::ZERO;
        while now < epoch + Duration::from_secs(1) {
            if here.claim(now) {
                assert!(!here.claim(now), "one at a time");
                here.took(now, now + work);
                busy += work;
            }
            now += Duration::from_micros(10);
        }
        assert!(busy > Duration::from_millis(300), "{busy:?}");
        assert!(busy <= Duration::from_millis(334), "{busy:?}");
    }

    #[test]
    fn a_long_operation_sends_those_after_it_to_the_pool() {
        let now = Instant::now();
        let here = Here::new(now);
        let later = now + Duration::from_hours(1);
        assert!(!here.claim(later), "nothing was measured yet");
        here.took(now, now + SHORT);
        assert!(here.claim(later));
        here.took(now, now + 2 * SHORT);
        assert!(!here.claim(later));
    }

    // The attack: connections that end during their handshake, whose work goes on all the same.
    #[tokio::test]
    async fn work_of_a_connection_that_has_ended_still_counts() {
        let pool = RsaPool::new();
        let threads = pool.threads.available_permits();
        let (end, ends) = std::sync::mpsc::channel::<()>();
        let (start, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let work = pool.run(move || {
            let _ = start.send(());
            let _ = ends.recv();
        });
        tokio::select! {
            _ = work => panic!("the work waits for this test"),
            _ = begun.recv() => {}
        }
        assert_eq!(pool.threads.available_permits(), threads - 1);
        drop(end);
        while pool.threads.available_permits() < threads {
            tokio::task::yield_now().await;
        }
    }
}
