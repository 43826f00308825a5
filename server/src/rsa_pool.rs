//! RSA on a bounded number of blocking threads: a private-key operation takes a millisecond, too
//! long for an async thread that a thousand other tasks wait for.

use tokio::sync::Semaphore;

/// A pool with as many threads as the machine has processors: more would only take turns.
#[derive(Debug)]
pub struct RsaPool {
    threads: Semaphore,
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
            threads: Semaphore::new(threads),
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
        let _permit = self.threads.acquire().await.map_err(|_| PoolClosed)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| PoolClosed)
    }
}
