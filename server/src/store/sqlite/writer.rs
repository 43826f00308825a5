//! The one thread that writes: takes every request that waits, commits them in one transaction, and
//! publishes the outcomes when they are on the disk. So many messages cost one wait for the disk,
//! not one each.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use super::error::Failure;
use super::gather::Gathering;
use super::job::{Done, Job, Searches};
use super::open::BUSY_TIMEOUT;
use super::requests::{Memory, Requests};
use super::size::Size;
use super::sweep::{self, SweepFailure, Swept};
use super::waiting;
use crate::logging::Repeated;
use crate::store::clock::Clock;
use crate::store::outcome::{Reply, Subscription};
use crate::store::{Durable, Outcome, StoreError};

/// Most requests of one transaction: so many that the disk's part of each is small, and so few that
/// the first does not wait long for the last.
const GROUP: usize = 1000;

/// Pages of the log that are not in the database yet before they are copied there: 4 MiB.
const LOG_PAGES: i32 = 1000;

/// Pages of the log after which it is copied while a sweep goes on.
const SWEEP_LOG_PAGES: i32 = 256;

/// Time without requests after which the log is wiped, if it has a copy of a deleted text, and
/// messages are indexed.
const QUIET: Duration = Duration::from_millis(50);

/// Time after which messages that could not be indexed are tried again.
const INDEX_AGAIN: Duration = Duration::from_secs(1);

/// The longest wait of a search for the index.
const SEARCH_PATIENCE: Duration = Duration::from_secs(1);

/// A handle of the thread that writes.
pub(super) struct Writer {
    /// `None` only while it is stopped.
    queue: Option<Sender<Job>>,
    gathering: Arc<Gathering>,
    thread: Option<JoinHandle<()>>,
    subscription: Arc<Subscription>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        clock: Clock,
        sweep_every: Duration,
        most: u64,
    ) -> io::Result<Self> {
        // Unbounded, because a task must not block on it. The requests of a connection are bounded
        // where they begin.
        let (sender, receiver) = channel();
        let subscription = Arc::<Subscription>::default();
        let gathering = Arc::new(Gathering::new());
        let thread = Thread {
            connection,
            subscription: Arc::clone(&subscription),
            gathering: Arc::clone(&gathering),
            last_group: 0,
            clock,
            memory: Memory::default(),
            size: Size::new(most),
            failures: Repeated::new(),
            searches: Searches::new(),
            index_at: Instant::now(),
            idle: false,
            unwiped: false,
            sweep_every,
            unswept: BTreeSet::new(),
            // What was to go while nobody was here goes first.
            sweep_at: Some(Instant::now()),
        };
        let name = thread::Builder::new().name("store-write".into());
        let thread = name.spawn(move || thread.run(&receiver))?;
        Ok(Self {
            queue: Some(sender),
            gathering,
            thread: Some(thread),
            subscription,
        })
    }

    pub(super) fn subscribe(&self) -> UnboundedReceiver<Vec<Outcome>> {
        self.subscription.subscribe()
    }

    pub(super) fn queue<T: Send + 'static>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Durable<T> {
        waiting(self.ask(job))
    }

    /// Queues the rest of the index of words.
    pub(super) fn index(&self) -> oneshot::Receiver<Result<bool, StoreError>> {
        self.ask(|reply| Job::Index { reply })
    }

    fn ask<T>(
        &self,
        job: impl FnOnce(Reply<T>) -> Job,
    ) -> oneshot::Receiver<Result<T, StoreError>> {
        let (reply, done) = oneshot::channel();
        if let Some(queue) = &self.queue {
            self.gathering.count();
            // Without a thread to take it the job is dropped, and `done` says so.
            let _ = queue.send(job(reply));
            if let Some(thread) = &self.thread {
                self.gathering.wake(thread.thread());
            }
        }
        done
    }
}

impl Drop for Writer {
    /// Waits until what was queued is written and the database closed.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Thread {
    connection: Connection,
    subscription: Arc<Subscription>,
    gathering: Arc<Gathering>,
    /// The requests of the last group.
    last_group: usize,
    clock: Clock,
    memory: Memory,
    size: Size,
    failures: Repeated,
    /// Searches that wait for the index of words.
    searches: Searches,
    /// The time before which messages are not indexed: it has just failed.
    index_at: Instant,
    /// Nothing was asked for a while.
    idle: bool,
    /// `true` while the log has a copy of a deleted text.
    unwiped: bool,
    sweep_every: Duration,
    /// Rooms that could not be swept, until the next sweep.
    unswept: BTreeSet<i64>,
    /// The time of the next sweep; `None` if every room keeps everything.
    sweep_at: Option<Instant>,
}

impl Thread {
    fn run(mut self, queue: &Receiver<Job>) {
        loop {
            let first = if self.work_on() {
                // One batch, and then the queue again: when a room of 100,000 entries was deleted
                // in one transaction, every write waited for 22 to 52 s.
                queue.try_recv().map_err(|error| match error {
                    TryRecvError::Empty => RecvTimeoutError::Timeout,
                    TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                })
            } else if let Some(patience) = self.patience() {
                let first = queue.recv_timeout(patience);
                self.idle = first.is_err();
                first
            } else {
                queue.recv().map_err(RecvTimeoutError::from)
            };
            match first {
                Ok(first) => {
                    self.idle = false;
                    self.gathering.taken(1);
                    self.write(vec![first], Some(queue));
                    self.copy_log();
                }
                // While a sweep goes on, once at its end.
                Err(RecvTimeoutError::Timeout)
                    if self.unwiped && self.sweep_at.is_none_or(|at| at > Instant::now()) =>
                {
                    self.wipe_log();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // The last connection copies the log into the database and removes it.
        if let Err((_, error)) = self.connection.close() {
            tracing::error!(%error, "the database was not closed; nothing of it is lost");
        }
    }

    /// Does a part of what is due beside the requests. Returns `false` if nothing is.
    fn work_on(&mut self) -> bool {
        let now = Instant::now();
        let sweeps = self.sweep_at.is_some_and(|at| at <= now);
        if sweeps {
            self.sweep();
        }
        // Beside a sweep too: that of a large room takes minutes, and searches wait.
        let backlog = &self.memory.backlog;
        let wanted = !self.searches.is_empty() || backlog.is_full() || self.idle;
        let indexes = wanted && !backlog.is_empty() && self.index_at <= now;
        if indexes {
            self.index_piece();
        }
        self.answer_searches(now);
        sweeps || indexes
    }

    /// Returns the longest time to wait for a request; `None` if there is nothing else to do.
    fn patience(&self) -> Option<Duration> {
        let sweep = self
            .sweep_at
            .map(|at| at.saturating_duration_since(Instant::now()));
        let wipe = self.unwiped.then_some(QUIET);
        let again = self.index_at.saturating_duration_since(Instant::now());
        let index = (!self.memory.backlog.is_empty()).then_some(QUIET.max(again));
        [sweep, wipe, index].into_iter().flatten().min()
    }

    /// Adds messages to the index of words.
    fn index_piece(&mut self) {
        loop {
            let transaction = self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(Failure::from);
            let indexed = transaction.and_then(|transaction| {
                let piece = self.memory.backlog.index(&transaction)?;
                transaction.commit()?;
                Ok(piece)
            });
            match indexed {
                Ok(piece) => self.memory.backlog.take(&piece),
                Err(failure) => {
                    let error = StoreError::from(failure);
                    if let Some(suppressed) = self.failures.take() {
                        tracing::error!(%error, suppressed, "words could not be indexed");
                    }
                    // A full disk must not make this thread spin.
                    self.index_at = Instant::now() + INDEX_AGAIN;
                    return;
                }
            }
            // Further while there is more than there may be: a group of the longest texts has more
            // than a piece.
            if !self.memory.backlog.is_full() {
                return;
            }
        }
    }

    /// Answers the searches for which the index has every message, and those that have waited long
    /// enough: they look at all messages instead.
    fn answer_searches(&mut self, now: Instant) {
        let is_whole = self.memory.backlog.is_empty();
        let fails = self.index_at > now;
        let waits = |asked: &Instant| now.duration_since(*asked) < SEARCH_PATIENCE;
        if is_whole || fails {
            for (_, reply) in self.searches.drain(..) {
                // Who has stopped waiting needs no answer.
                let _ = reply.send(Ok(is_whole));
            }
        } else {
            while let Some((_, reply)) = self.searches.pop_front_if(|(asked, _)| !waits(asked)) {
                let _ = reply.send(Ok(false));
            }
        }
    }

    /// Writes all of a group or nothing of it, and publishes the outcomes. What comes to the queue
    /// meanwhile joins the group.
    fn write(&mut self, mut group: Vec<Job>, queue: Option<&Receiver<Job>>) {
        self.memory.trim();
        let written = self.transact(&mut group, queue);
        if queue.is_some() {
            self.last_group = group.len();
        }
        match written {
            Ok(done) => {
                let outcomes = group.into_iter().zip(done);
                let searches = &mut self.searches;
                let outcomes = outcomes.filter_map(|(job, done)| job.into_outcome(done, searches));
                let outcomes = outcomes.collect();
                self.subscription.publish(outcomes);
            }
            // One of them has what nobody foresaw: it must not take the others with it.
            Err(failure) if group.len() > 1 && !failure.is_everybodys() => {
                for job in group {
                    self.write(vec![job], None);
                }
            }
            Err(failure) => {
                let error = StoreError::from(failure);
                if let Some(suppressed) = self.failures.take() {
                    let requests = group.len();
                    tracing::error!(%error, requests, suppressed, "nothing could be stored");
                }
                // Refusals go the same way as commits, and so keep their order among them.
                let outcomes = group.into_iter().filter_map(|job| job.into_refusal(&error));
                self.subscription.publish(outcomes.collect());
            }
        }
    }

    /// Returns the results in the order of the jobs. They hold once this returns.
    fn transact(
        &mut self,
        group: &mut Vec<Job>,
        queue: Option<&Receiver<Job>>,
    ) -> Result<Vec<Done>, Failure> {
        let before = self.memory.backlog.size();
        let written = self.attempt(group, queue);
        if written.is_err() {
            // The transaction was undone, so the remembered rows may be wrong.
            self.memory.clear();
            self.memory.backlog.set_size(before);
        }
        written
    }

    fn attempt(
        &mut self,
        group: &mut Vec<Job>,
        queue: Option<&Receiver<Job>>,
    ) -> Result<Vec<Done>, Failure> {
        let begun = Instant::now();
        // Undone when it is dropped without a commit.
        let transaction = self
            .connection
            // Immediate: the right to write is taken at the beginning. A transaction that first
            // reads and then wants to write can fail halfway, and SQLite does not wait then.
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let full = self.size.is_reached(&transaction)?;
        let mut requests = Requests::new(&transaction, &mut self.memory, self.clock.now(), full);
        let mut outcomes = Vec::new();
        while let Some(job) = group.get(outcomes.len()) {
            outcomes.push(carry_out(&mut requests, job)?);
            if outcomes.len() == group.len()
                && let Some(queue) = queue
            {
                // Those who were just answered ask again while this transaction is under way. They
                // share its one wait for the disk instead of beginning another.
                loop {
                    let before = group.len();
                    group.extend(queue.try_iter().take(GROUP - before));
                    let taken = group.len() - before;
                    self.gathering.taken(taken);
                    if taken > 0 || !self.gathering.wait(before, self.last_group, begun) {
                        break;
                    }
                }
            }
        }
        requests.finish()?;
        let effects = requests.effects;
        // It borrows the transaction.
        drop(requests);
        transaction.commit()?;
        // After the commit: a deletion that was undone has left nothing to wipe.
        self.unwiped |= effects.deleted;
        if effects.sweeps {
            self.sweep_at = Some(Instant::now());
        }
        Ok(outcomes)
    }

    /// Removes one batch of what retention removes.
    fn sweep(&mut self) {
        let later = Instant::now() + self.sweep_every;
        let swept = self.sweep_batch();
        if let Ok(Swept::Some | Swept::All) = swept {
            self.unwiped = true;
            // Little by little: the whole log of a large room took a tenth of a second, for which
            // every message waited.
            self.copy_log_of(SWEEP_LOG_PAGES);
        }
        self.sweep_at = match swept {
            Ok(Swept::Some) => Some(Instant::now()),
            Ok(Swept::All | Swept::None) => Some(later),
            // The first room that gets a rule wakes the sweep.
            Ok(Swept::Never) => (!self.unswept.is_empty()).then_some(later),
            Err(SweepFailure { room, failure }) => {
                let room = room.filter(|_| !failure.is_everybodys());
                let error = StoreError::from(failure);
                if let Some(suppressed) = self.failures.take() {
                    tracing::error!(%error, suppressed, "what is to go could not be taken away");
                }
                // The others are swept all the same, behind the requests that wait. A failure of the
                // whole database is tried again at the usual time: a full disk must not make this
                // thread spin.
                self.unswept.extend(room);
                Some(room.map_or(later, |_| Instant::now()))
            }
        };
        if self.sweep_at == Some(later) {
            // They are tried again with the next sweep.
            self.unswept.clear();
        }
    }

    /// Removes one batch in a transaction of its own.
    fn sweep_batch(&mut self) -> Result<Swept, SweepFailure> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let swept = sweep::sweep(&transaction, self.clock.now(), &self.unswept)?;
        transaction.commit()?;
        Ok(swept)
    }

    /// Copies the log into the database when it has grown: after the answers, which need not wait
    /// for it.
    fn copy_log(&mut self) {
        if self.sweep_at.is_some_and(|at| at <= Instant::now()) {
            // A sweep goes on, and wipes the log at its end.
            return;
        }
        if self.unwiped && self.log_has_grown(LOG_PAGES) {
            return self.wipe_log();
        }
        self.copy_log_of(LOG_PAGES);
    }

    fn log_has_grown(&self, by: i32) -> bool {
        self.connection
            .wal_checkpoint_v2(None::<&str>, CheckpointMode::NOOP)
            .is_ok_and(|(pages, copied)| pages - copied >= by)
    }

    fn copy_log_of(&self, pages: i32) {
        if !self.log_has_grown(pages) {
            return;
        }
        // Passive: it copies as far as readers allow, and waits for nobody.
        let copied = self
            .connection
            .wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE);
        if let Err(error) = copied {
            tracing::warn!(%error, "the log was not copied; it grows until it can be");
        }
    }

    /// Copies the log and truncates it, so that no copy of a deleted text is left. While a reader
    /// still needs the log this fails, and is done later.
    fn wipe_log(&mut self) {
        // Without waiting for readers, because every message waits behind this thread. Truncated,
        // because copied pages otherwise stay in the log's file, and deleted texts with them.
        let wiped = self.connection.busy_timeout(Duration::ZERO).and_then(|()| {
            self.connection
                .wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE)
        });
        self.unwiped = wiped.is_err();
        if let Err(error) = self.connection.busy_timeout(BUSY_TIMEOUT) {
            tracing::warn!(%error, "the database may be busy sooner than it should");
        }
    }
}

/// Writes one job.
fn carry_out(requests: &mut Requests<'_>, job: &Job) -> Result<Done, Failure> {
    Ok(match job {
        Job::Append { room, entry, .. } => {
            Done::Appended(of_its_own(requests.append(room, entry))?)
        }
        Job::Again { room, entry, .. } => {
            let again = of_its_own(requests.answer_again(room, entry))?;
            Done::Appended(again.map(|appended| (appended, None)))
        }
        Job::Reserve { room, numbers, .. } => {
            Done::Reserved(of_its_own(requests.reserve(room, *numbers))?)
        }
        Job::Change { change, .. } => Done::Changed(of_its_own(requests.change(change))?),
        // After the group, in pieces.
        Job::Index { .. } => Done::Indexed,
    })
}

/// A request's own failure is its outcome; one of the database is that of the whole transaction.
fn of_its_own<T>(result: Result<T, Failure>) -> Result<Result<T, StoreError>, Failure> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Failure::Request(error)) => Ok(Err(error)),
        Err(failure) => Err(failure),
    }
}
