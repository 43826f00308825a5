//! A connection's outgoing queue, bounded in bytes: a client that does not read costs neither the
//! server nor other clients more than that.
//!
//! A library's channel would wake its reader at the wrong time. A broadcast of many lines to many
//! subscribers wakes each of them once, when all lines are queued, and each then seals all of them
//! into one write. A reader that woke up at its first line would write that line alone.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Most bytes of events that may wait for one connection, unless longer lines are allowed.
pub const QUEUE_BYTES: usize = 1024 * 1024;

/// Cost of a waiting line beside its text, in bytes: empty lines must not be free.
const LINE_OVERHEAD_BYTES: usize = 64;

/// A droppable event is dropped when the queue holds more than this part of its limit: presence and
/// typing must never be what evicts a client that is behind.
const DROPPABLE_SHARE: usize = 4;

/// Lines for which an idle queue keeps its memory: a burst must not cost a quiet connection for
/// good.
const RESERVED_LINES: usize = 64;

#[derive(Debug)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// Bytes of events that wait, here and at the reader.
    event_bytes: AtomicUsize,
    /// Bytes of replies to the connection's own requests. Counted apart: they hold back the
    /// connection's next requests, and never evict it.
    reply_bytes: AtomicUsize,
    limit: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Line>,
    /// The waker of a reader that has nothing more to read.
    reader: Option<Waker>,
    closed: bool,
}

#[derive(Debug)]
struct Line {
    text: Arc<str>,
    is_reply: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that happens under the lock can panic halfway.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writing end of a connection's queue.
#[derive(Debug, Clone)]
pub(in crate::hub) struct Outbox(Arc<Queue>);

/// The reading end of a connection's queue. It ends, after what was queued, when the connection was
/// evicted or ended.
#[derive(Debug)]
pub(in crate::hub) struct Inbox {
    queue: Arc<Queue>,
    /// Lines that were taken from the queue together, so that its lock is not taken for each.
    ready: VecDeque<Line>,
}

/// Readers that have something to read. They wake up when this is dropped.
#[derive(Debug, Default)]
#[must_use = "readers wake up when this is dropped"]
pub(in crate::hub) struct Wakers(Vec<Waker>);

impl Drop for Wakers {
    fn drop(&mut self) {
        self.0.drain(..).for_each(Waker::wake);
    }
}

/// The queue holds more than it may: its reader is a slow consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hub) struct Overflow;

/// Creates a queue for at most `limit` bytes of events. One line always fits, so that the limit on
/// lines alone decides how long a line may be.
pub(in crate::hub) fn queue(limit: usize) -> (Outbox, Inbox) {
    let queue = Arc::new(Queue {
        waiting: Mutex::default(),
        event_bytes: AtomicUsize::new(0),
        reply_bytes: AtomicUsize::new(0),
        limit,
    });
    let inbox = Inbox {
        queue: Arc::clone(&queue),
        ready: VecDeque::new(),
    };
    (Outbox(queue), inbox)
}

fn cost(line: &str) -> usize {
    line.len() + LINE_OVERHEAD_BYTES
}

impl Outbox {
    /// Queues events, up to the first that does not fit, and returns their number. The reader wakes
    /// up with `wakers`.
    ///
    /// # Errors
    /// [`Overflow`] if an event does not fit.
    pub(in crate::hub) fn push<'a>(
        &self,
        lines: impl IntoIterator<Item = &'a Arc<str>>,
        wakers: &mut Wakers,
    ) -> Result<usize, Overflow> {
        let mut waiting = self.0.lock();
        if waiting.closed {
            return Ok(0);
        }
        let (mut queued, mut overflow) = (0, false);
        for line in lines {
            // Relaxed, as in all uses: the counts only bound memory, and the lock hands the lines
            // over.
            let before = self.0.event_bytes.fetch_add(cost(line), Ordering::Relaxed);
            // A line that waits alone always fits: otherwise an allowed line could evict a client
            // that reads.
            if before > 0 && before + cost(line) > self.0.limit {
                self.0.event_bytes.fetch_sub(cost(line), Ordering::Relaxed);
                overflow = true;
                break;
            }
            queued += 1;
            waiting.lines.push_back(Line {
                text: Arc::clone(line),
                is_reply: false,
            });
        }
        if !waiting.lines.is_empty() {
            // Taken, so that a burst wakes the reader once, however many rooms it is in.
            wakers.0.extend(waiting.reader.take());
        }
        if overflow { Err(Overflow) } else { Ok(queued) }
    }

    /// Queues an event that the client can do without, unless the queue is filling up.
    pub(in crate::hub) fn push_droppable(&self, line: &Arc<str>, wakers: &mut Wakers) {
        let waiting = self.0.event_bytes.load(Ordering::Relaxed);
        if waiting + cost(line) <= self.0.limit / DROPPABLE_SHARE {
            // It fits, as far as other writers leave room; if they do not, it is dropped too.
            let _ = self.push([line], wakers);
        }
    }

    /// Queues the answer to one of the connection's own requests, behind every event that was
    /// queued before. Its bytes count in [`Self::reply_bytes`].
    pub(in crate::hub) fn reply(&self, text: Arc<str>) {
        let reader = {
            let mut waiting = self.0.lock();
            if waiting.closed {
                return;
            }
            // Counted under the lock: the reader cannot take the line, and subtract it, before.
            self.0.reply_bytes.fetch_add(cost(&text), Ordering::Relaxed);
            waiting.lines.push_back(Line {
                text,
                is_reply: true,
            });
            waiting.reader.take()
        };
        // Woken without the lock, which a reader takes at once.
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Returns the bytes of replies that wait to be sent.
    pub(in crate::hub) fn reply_bytes(&self) -> usize {
        self.0.reply_bytes.load(Ordering::Relaxed)
    }

    /// Returns the bytes of events and replies that wait to be sent.
    pub(in crate::hub) fn bytes(&self) -> usize {
        self.0.event_bytes.load(Ordering::Relaxed) + self.reply_bytes()
    }

    /// Ends the queue: its reader gets what waits, and then the end.
    pub(in crate::hub) fn close(&self, wakers: &mut Wakers) {
        let mut waiting = self.0.lock();
        waiting.closed = true;
        wakers.0.extend(waiting.reader.take());
    }
}

impl Inbox {
    /// Waits for a line. Returns `None` when the queue has ended.
    ///
    /// Cancel safe: a line that was not returned comes the next time.
    pub(in crate::hub) async fn next(&mut self) -> Option<Arc<str>> {
        poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Arc<str>>> {
        if self.ready.is_empty() {
            let mut waiting = self.queue.lock();
            std::mem::swap(&mut self.ready, &mut waiting.lines);
            if self.ready.is_empty() {
                if waiting.closed {
                    return Poll::Ready(None);
                }
                // Stored under the lock under which nothing was found: whoever queues next finds
                // the waker.
                match &mut waiting.reader {
                    Some(reader) => reader.clone_from(context.waker()),
                    none => *none = Some(context.waker().clone()),
                }
                return Poll::Pending;
            }
        }
        Poll::Ready(self.take_ready())
    }

    fn take_ready(&mut self) -> Option<Arc<str>> {
        let line = self.ready.pop_front()?;
        let bytes = if line.is_reply {
            &self.queue.reply_bytes
        } else {
            &self.queue.event_bytes
        };
        // Only now: lines that the reader holds are still memory that this client takes.
        bytes.fetch_sub(cost(&line.text), Ordering::Relaxed);
        if self.ready.is_empty() {
            self.ready.shrink_to(RESERVED_LINES);
        }
        Some(line.text)
    }

    /// Returns `true` if nothing waits.
    pub(in crate::hub) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.queue.lock().lines.is_empty()
    }

    /// Returns a line that waits already.
    pub(in crate::hub) fn try_next(&mut self) -> Option<Arc<str>> {
        if self.ready.is_empty() {
            std::mem::swap(&mut self.ready, &mut self.queue.lock().lines);
        }
        self.take_ready()
    }
}

#[cfg(test)]
mod tests;
