//! RSA on a bounded number of blocking threads: a private-key operation takes a millisecond, too
//! long for an async thread that a thousand other tasks wait for.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// A pool with as many threads as the machine has processors: more would only take turns.
#[derive(Debug)]
pub struct RsaPool {
    threads: Arc<Semaphore>,
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
        }
    }

    /// Runs `work` on a thread of the pool, first come first served.
    ///
    /// # Errors
    /// [`PoolClosed`] if the runtime is shutting down or `work` panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PoolClosed> {
        // Tokio's own blocking pool has 512 threads by default: without the semaphore that many
        // handshakes would compete for the processors.
        let permit = Arc::clone(&self.threads).acquire_owned().await;
        let permit = permit.map_err(|_| PoolClosed)?;
        let work = move || {
            // Held by the work, which goes on when its connection has ended meanwhile: strangers who
            // disconnect at once would pass the bound.
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| PoolClosed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
