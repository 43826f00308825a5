//! What waits to be sent to one member: bounded in bytes, so that who does not read cannot make
//! the server, or the others, pay for it.
//!
//! A channel of our own, because of when the reader wakes up: whoever queues many lines for many
//! members wakes each of them once, when all lines are there, and each then writes all of them at
//! once. A reader that woke up at its first line would write that line alone.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Most bytes that may wait for one member, unless longer lines are allowed.
pub const QUEUE_BYTES: usize = 1024 * 1024;

/// What a waiting line costs beside its text: it is counted, so that empty lines are not free.
const LINE_OVERHEAD_BYTES: usize = 64;

#[derive(Debug)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// Bytes of what waits, here and at the reader.
    bytes: AtomicUsize,
    limit: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Arc<str>>,
    /// Of a reader that has nothing more.
    reader: Option<Waker>,
    /// Nothing more comes.
    closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that is done under the lock can panic halfway.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writing end, held by the hub.
#[derive(Debug, Clone)]
pub(super) struct Outbox(Arc<Queue>);

/// The reading end, held by the connection.
///
/// It ends, after what was queued, when the connection was put out of the hub.
#[derive(Debug)]
pub(super) struct Inbox {
    queue: Arc<Queue>,
    /// Taken from the queue all together, so that its lock is not taken for each.
    ready: VecDeque<Arc<str>>,
}

/// Readers that have something to read; they wake up when this is dropped.
#[derive(Debug, Default)]
#[must_use = "readers wake up when this is dropped"]
pub(super) struct Wakers(Vec<Waker>);

impl Drop for Wakers {
    fn drop(&mut self) {
        self.0.drain(..).for_each(Waker::wake);
    }
}

/// The member has more waiting than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overflow;

/// A queue of at most `limit` bytes. One line always fits, so that the limit on lines alone decides
/// how long they may be.
pub(super) fn queue(limit: usize) -> (Outbox, Inbox) {
    let queue = Arc::new(Queue {
        waiting: Mutex::default(),
        bytes: AtomicUsize::new(0),
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
    /// Queues lines, up to the first that is too much. The reader wakes up with `wakers`.
    ///
    /// # Errors
    /// [`Overflow`] if a line was too much.
    pub(super) fn push<'a>(
        &self,
        lines: impl IntoIterator<Item = &'a Arc<str>>,
        wakers: &mut Wakers,
    ) -> Result<(), Overflow> {
        let mut waiting = self.0.lock();
        let mut result = Ok(());
        for line in lines {
            let before = self.0.bytes.fetch_add(cost(line), Ordering::Relaxed);
            if before > 0 && before + cost(line) > self.0.limit {
                self.0.bytes.fetch_sub(cost(line), Ordering::Relaxed);
                result = Err(Overflow);
                break;
            }
            waiting.lines.push_back(Arc::clone(line));
        }
        if !waiting.lines.is_empty() {
            wakers.0.extend(waiting.reader.take());
        }
        result
    }

    /// Ends the queue: its reader gets what waits, and then the end.
    pub(super) fn close(&self, wakers: &mut Wakers) {
        let mut waiting = self.0.lock();
        waiting.closed = true;
        wakers.0.extend(waiting.reader.take());
    }
}

impl Inbox {
    /// Waits for a line; `None` when the connection was put out.
    ///
    /// Cancel safe: a line that was not returned comes the next time.
    pub(super) async fn next(&mut self) -> Option<Arc<str>> {
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
        self.queue.bytes.fetch_sub(cost(&line), Ordering::Relaxed);
        if self.ready.is_empty() {
            // Most connections are quiet most of the time: a burst must not cost them for good.
            self.ready.shrink_to(RESERVED_LINES);
        }
        Some(line)
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.queue.lock().lines.is_empty()
    }

    /// A line that waits already.
    pub(super) fn try_next(&mut self) -> Option<Arc<str>> {
        if self.ready.is_empty() {
            std::mem::swap(&mut self.ready, &mut self.queue.lock().lines);
        }
        self.take_ready()
    }
}

/// Places for lines that an idle queue keeps.
const RESERVED_LINES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn lines(texts: &[&str]) -> Vec<Arc<str>> {
        texts.iter().map(|text| Arc::from(*text)).collect()
    }

    #[tokio::test]
    async fn a_reader_wakes_up_once_for_many_lines_and_only_when_it_is_told_to() {
        let (outbox, mut inbox) = queue(QUEUE_BYTES);
        let reader = tokio::spawn(async move {
            let first = inbox.next().await;
            (first, inbox.try_next(), inbox.try_next())
        });
        tokio::task::yield_now().await;
        let mut wakers = Wakers::default();
        for line in &lines(&["a", "b"]) {
            outbox.push([line], &mut wakers).unwrap();
            tokio::task::yield_now().await;
            assert!(!reader.is_finished());
        }
        assert_eq!(wakers.0.len(), 1);
        drop(wakers);
        let [a, b] = ["a", "b"].map(|text| Some(Arc::from(text)));
        assert_eq!(reader.await.unwrap(), (a, b, None));
    }

    #[test]
    fn the_limit_counts_what_the_reader_has_taken_but_not_sent() {
        let (outbox, mut inbox) = queue(2 * cost("xx"));
        let all = lines(&["xx", "xx", "xx"]);
        let mut wakers = Wakers::default();
        assert_eq!(outbox.push(&all, &mut wakers), Err(Overflow));
        assert!(inbox.try_next().is_some());
        outbox.push(&all[..1], &mut wakers).unwrap();
        assert_eq!(outbox.push(&all[..1], &mut wakers), Err(Overflow));
        assert!(inbox.try_next().is_some() && inbox.try_next().is_some());
        assert!(inbox.is_empty());
        assert_eq!(inbox.queue.bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_line_that_is_longer_than_the_queue_fits_alone() {
        let (outbox, mut inbox) = queue(10);
        let long = lines(&["longer than the queue"]);
        let mut wakers = Wakers::default();
        outbox.push(&long, &mut wakers).unwrap();
        assert_eq!(outbox.push(&long, &mut wakers), Err(Overflow));
        assert_eq!(inbox.next().now_or_never(), Some(long.into_iter().next()));
    }

    #[test]
    fn what_waits_comes_before_the_end() {
        let (outbox, mut inbox) = queue(QUEUE_BYTES);
        assert_eq!(inbox.next().now_or_never(), None);
        let mut wakers = Wakers::default();
        outbox.push(&lines(&["last"]), &mut wakers).unwrap();
        outbox.close(&mut wakers);
        assert_eq!(inbox.next().now_or_never(), Some(Some("last".into())));
        assert_eq!(inbox.next().now_or_never(), Some(None));
    }
}
