//! The one thread that writes: takes every request that waits, commits them in one transaction, and
//! publishes the outcomes when they are on the disk. So many messages cost one wait for the disk,
//! not one each.

mod doubt;
mod upkeep;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use self::doubt::Doubt;
use super::ENDED;
use super::error::Failure;
use super::gather::Gathering;
use super::job::{Done, Job, Searches};
use super::requests::{Memory, Requests};
use super::size::Size;
use crate::logging::Repeated;
use crate::metrics::Metrics;
use crate::store::clock::Clock;
use crate::store::outcome::{Answered, Reply, Subscription};
use crate::store::{Durable, Outcome, StoreError};
use crate::telemetry::Stage;

/// Most requests of one transaction: so many that the disk's part of each is small, and so few that
/// the first does not wait long for the last.
const GROUP: usize = 1000;

/// Time without requests after which the log is wiped, if it has a copy of a deleted text, and
/// messages are indexed.
const QUIET: Duration = Duration::from_millis(50);

/// Time without a request after which everything of the log is copied into the database, and the log
/// emptied: then one file has the whole history. People who talk to each other pause for less, so
/// that it is not done between two of their messages.
pub(super) const IDLE: Duration = Duration::from_secs(5);

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
        idle_after: Duration,
        most: u64,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        // Unbounded, because a task must not block on it. The requests of a connection are bounded
        // where they begin.
        let (sender, receiver) = channel();
        let subscription = Arc::<Subscription>::default();
        let gathering = Arc::new(Gathering::new());
        let doubt = Doubt::at_start(&connection, &clock);
        let memory = Memory::of(&connection).map_err(io::Error::other)?;
        let thread = Thread {
            connection,
            subscription: Arc::clone(&subscription),
            metrics,
            gathering: Arc::clone(&gathering),
            last_group: 0,
            clock,
            memory,
            size: Size::new(most),
            failures: Repeated::new(),
            searches: Searches::new(),
            index_at: Instant::now(),
            idle: false,
            unwiped: false,
            idle_after,
            // What is left of a server that was killed.
            empty_at: Some(Instant::now() + idle_after),
            sweep_every,
            unswept: BTreeSet::new(),
            swept_to: 0,
            doubt,
            swept_at: Instant::now(),
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
        let done = self.ask(job);
        Box::pin(async move {
            let ended = |_| Err(StoreError::Failed(ENDED.into()));
            // The last stage ends here, where the requester goes on.
            done.await.map_or_else(ended, |(result, _stages)| result)
        })
    }

    /// Queues the rest of the index of words.
    pub(super) fn index(&self) -> oneshot::Receiver<Answered<bool>> {
        self.ask(|reply| Job::Index { reply })
    }

    fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> oneshot::Receiver<Answered<T>> {
        let (reply, done) = Reply::channel();
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
    metrics: Arc<Metrics>,
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
    /// The time without a request after which the log is emptied, and when that is due; `None` if it
    /// is empty.
    idle_after: Duration,
    empty_at: Option<Instant>,
    sweep_every: Duration,
    /// Rooms that could not be swept, until the next sweep.
    unswept: BTreeSet<i64>,
    /// The key of the room up to which the sweep has looked at all.
    swept_to: i64,
    /// Keeps retention from removing entries by a clock that may be wrong.
    doubt: Doubt,
    /// The time of the last batch of a sweep.
    swept_at: Instant,
    /// The time of the next sweep; `None` if every room keeps everything.
    sweep_at: Option<Instant>,
}

impl Thread {
    fn run(mut self, queue: &Receiver<Job>) {
        loop {
            let first = if self.work_on() {
                self.postpone_emptying();
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
                    self.postpone_emptying();
                    self.gathering.taken(1);
                    self.write(vec![first], Some(queue));
                    self.copy_log();
                }
                // While a sweep goes on, once at its end.
                Err(RecvTimeoutError::Timeout)
                    if self.unwiped
                        && self.memory.backlog.changes() == 0
                        && self.sweep_at.is_none_or(|at| at > Instant::now()) =>
                {
                    self.wipe_log();
                }
                Err(RecvTimeoutError::Timeout) => self.empty_idle_log(),
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
        let sweeps = self.next_sweep().is_some_and(|at| at <= now);
        if sweeps {
            self.sweep();
        }
        let changes = self.memory.backlog.changes() > 0 && self.index_at <= now;
        if changes {
            self.change_words();
        }
        // Beside a sweep too: that of a large room takes minutes, and searches wait.
        let backlog = &self.memory.backlog;
        let wanted = !self.searches.is_empty() || backlog.is_full() || self.idle;
        let indexes = wanted && backlog.has_messages() && self.index_at <= now;
        if indexes {
            self.index_piece();
        }
        self.answer_searches(now);
        sweeps || changes || indexes
    }

    /// Returns the longest time to wait for a request; `None` if there is nothing else to do.
    fn patience(&self) -> Option<Duration> {
        let sweep = self
            .next_sweep()
            .map(|at| at.saturating_duration_since(Instant::now()));
        let wipe = self.unwiped.then_some(QUIET);
        let empty = self
            .empty_at
            .map(|at| at.saturating_duration_since(Instant::now()));
        let again = self.index_at.saturating_duration_since(Instant::now());
        let backlog = &self.memory.backlog;
        let index = if backlog.changes() > 0 {
            Some(again)
        } else {
            backlog.has_messages().then_some(QUIET.max(again))
        };
        [sweep, wipe, empty, index].into_iter().flatten().min()
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
                self.publish(outcomes);
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
                self.metrics.store_failures.inc();
                self.publish(outcomes.collect());
            }
        }
    }

    fn publish(&self, mut outcomes: Vec<Outcome>) {
        for outcome in &mut outcomes {
            outcome.enter(Stage::HubQueue);
        }
        let published = self.subscription.publish(outcomes);
        self.metrics.published.inc_by(published as u64);
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
        while let Some(job) = group.get_mut(outcomes.len()) {
            job.enter(Stage::StoreWrite);
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
        for job in &mut *group {
            job.enter(Stage::StoreCommit);
        }
        let committed = Instant::now();
        transaction.commit()?;
        self.metrics.commit.observe(committed.elapsed());
        // After the commit: a deletion that was undone has left nothing to wipe.
        self.unwiped |= effects.deleted;
        if effects.sweeps {
            self.sweep_at = Some(Instant::now());
        }
        Ok(outcomes)
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
