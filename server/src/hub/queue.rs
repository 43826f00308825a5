//! What waits to be sent to one member: bounded in bytes, so that who does not read cannot make
//! the server, or the others, pay for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

/// Most bytes that may wait for one member, unless longer lines are allowed.
pub const QUEUE_BYTES: usize = 1024 * 1024;

/// What a waiting line costs beside its text: it is counted, so that empty lines are not free.
const LINE_OVERHEAD_BYTES: usize = 64;

/// The writing end, held by the hub.
#[derive(Debug)]
pub(super) struct Outbox {
    lines: mpsc::UnboundedSender<Arc<str>>,
    waiting: Arc<AtomicUsize>,
    limit: usize,
}

/// The reading end, held by the connection.
///
/// It ends, after what was queued, when the connection was put out of the hub.
#[derive(Debug)]
pub(super) struct Inbox {
    lines: mpsc::UnboundedReceiver<Arc<str>>,
    waiting: Arc<AtomicUsize>,
}

/// The member has more waiting than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overflow;

/// A queue of at most `limit` bytes. One line always fits, so that the limit on lines alone decides
/// how long they may be.
pub(super) fn queue(limit: usize) -> (Outbox, Inbox) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let outbox = Outbox {
        lines: sender,
        waiting: Arc::clone(&waiting),
        limit,
    };
    (
        outbox,
        Inbox {
            lines: receiver,
            waiting,
        },
    )
}

fn cost(line: &str) -> usize {
    line.len() + LINE_OVERHEAD_BYTES
}

impl Outbox {
    pub(super) fn push(&self, line: &Arc<str>) -> Result<(), Overflow> {
        let before = self.waiting.fetch_add(cost(line), Ordering::Relaxed);
        if before > 0 && before + cost(line) > self.limit {
            return Err(Overflow);
        }
        // An error means that the connection is ending and will leave by itself.
        let _ = self.lines.send(Arc::clone(line));
        Ok(())
    }
}

impl Inbox {
    /// Waits for a line; `None` when the connection was put out.
    pub(super) async fn next(&mut self) -> Option<Arc<str>> {
        let line = self.lines.recv().await?;
        self.waiting.fetch_sub(cost(&line), Ordering::Relaxed);
        Some(line)
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// A line that waits already.
    pub(super) fn try_next(&mut self) -> Option<Arc<str>> {
        let line = self.lines.try_recv().ok()?;
        self.waiting.fetch_sub(cost(&line), Ordering::Relaxed);
        Some(line)
    }
}
