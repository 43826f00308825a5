//! The one thread that writes: takes everything that waits, does it in one transaction, and tells
//! when that is on the disk. So many messages cost one wait for the disk, not one each.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, TransactionBehavior};
use shared::chat::{RoomId, Seq};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::error::Failure;
use super::open::BUSY_TIMEOUT;
use super::requests::{Memory, Requests};
use super::sweep::{self, Swept};
use super::waiting;
use crate::store::clock::Clock;
use crate::store::{Appended, Change, Commit, Durable, NewEntry, StoreError};

/// Most requests of one transaction: so many that the disk's part of each is small, and so few that
/// the first does not wait long for the last.
const GROUP: usize = 1000;

/// Pages of the log that are not in the database yet before they are copied there: 4 MiB.
const LOG_PAGES: i32 = 1000;

/// How long nothing may come before the log is wiped, if something was deleted of which it has a
/// copy.
const QUIET: Duration = Duration::from_millis(50);

/// Something to be written, and who waits for it.
pub(super) enum Job {
    Append {
        room: RoomId,
        entry: NewEntry,
        reply: Reply<Appended>,
    },
    Reserve {
        room: RoomId,
        numbers: u32,
        reply: Reply<Seq>,
    },
    Change {
        change: Change,
        reply: Reply<()>,
    },
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What came of a job.
enum Outcome {
    Appended(Result<Appended, StoreError>),
    Reserved(Result<Seq, StoreError>),
    Changed(Result<(), StoreError>),
}

/// The thread, from outside.
pub(super) struct Writer {
    /// `None` only while it is stopped.
    queue: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        commits: UnboundedSender<Commit>,
        clock: Clock,
        sweep_every: Duration,
    ) -> io::Result<Self> {
        let (sender, receiver) = channel();
        let thread = Thread {
            connection,
            commits,
            clock,
            memory: Memory::default(),
            unwiped: false,
            sweep_every,
            // What was to go while nobody was here goes first.
            sweep_at: Some(Instant::now()),
        };
        let name = thread::Builder::new().name("store-write".into());
        let thread = name.spawn(move || thread.run(&receiver))?;
        Ok(Self {
            queue: Some(sender),
            thread: Some(thread),
        })
    }

    pub(super) fn queue<T: Send + 'static>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Durable<T> {
        let (reply, done) = oneshot::channel();
        if let Some(queue) = &self.queue {
            // Without a thread to take it the job is dropped, and `done` says so.
            let _ = queue.send(job(reply));
        }
        waiting(done)
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
    commits: UnboundedSender<Commit>,
    clock: Clock,
    memory: Memory,
    /// Something was deleted that can still be found in the log.
    unwiped: bool,
    sweep_every: Duration,
    /// When it is looked again for what is to go; never, if every room keeps everything.
    sweep_at: Option<Instant>,
}

impl Thread {
    fn run(mut self, queue: &Receiver<Job>) {
        loop {
            let sweep = self
                .sweep_at
                .map(|at| at.saturating_duration_since(Instant::now()));
            let first = match (sweep, self.unwiped) {
                (Some(Duration::ZERO), _) => {
                    self.sweep();
                    queue.try_recv().map_err(|error| match error {
                        TryRecvError::Empty => RecvTimeoutError::Timeout,
                        TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                    })
                }
                (Some(sweep), true) => queue.recv_timeout(sweep.min(QUIET)),
                (Some(sweep), false) => queue.recv_timeout(sweep),
                (None, true) => queue.recv_timeout(QUIET),
                (None, false) => queue.recv().map_err(RecvTimeoutError::from),
            };
            match first {
                Ok(first) => {
                    let mut group = vec![first];
                    group.extend(queue.try_iter().take(GROUP - 1));
                    self.write(group);
                    self.copy_log();
                }
                Err(RecvTimeoutError::Timeout) if self.unwiped => self.wipe_log(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // The last connection copies the log into the database and removes it.
        if let Err((_, error)) = self.connection.close() {
            tracing::error!(%error, "the database was not closed; nothing of it is lost");
        }
    }

    /// Writes all of a group or nothing of it, and tells everybody.
    fn write(&mut self, group: Vec<Job>) {
        self.memory.trim();
        match self.transact(&group) {
            Ok((outcomes, commits)) => {
                for commit in commits {
                    // Nobody may be listening; what is durable is durable all the same.
                    let _ = self.commits.send(commit);
                }
                for (job, outcome) in group.into_iter().zip(outcomes) {
                    job.tell(outcome);
                }
            }
            // One of them has what nobody foresaw: it must not take the others with it.
            Err(failure) if group.len() > 1 && !failure.is_everybodys() => {
                for job in group {
                    self.write(vec![job]);
                }
            }
            Err(failure) => {
                let error = StoreError::from(failure);
                tracing::error!(%error, requests = group.len(), "nothing could be stored");
                for job in group {
                    job.refuse(&error);
                }
            }
        }
    }

    /// The outcomes are in the order of the jobs, and hold once this returns.
    fn transact(&mut self, group: &[Job]) -> Result<(Vec<Outcome>, Vec<Commit>), Failure> {
        let written = self.attempt(group);
        if written.is_err() {
            // It was undone, and what is remembered of it is wrong.
            self.memory.clear();
        }
        written
    }

    fn attempt(&mut self, group: &[Job]) -> Result<(Vec<Outcome>, Vec<Commit>), Failure> {
        // Undone when it is dropped without a commit.
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut requests = Requests {
            connection: &transaction,
            memory: &mut self.memory,
            clock: &self.clock,
            commits: Vec::with_capacity(group.len()),
            deleted: false,
            sweeps: false,
        };
        let mut outcomes = Vec::with_capacity(group.len());
        for job in group {
            outcomes.push(match job {
                Job::Append { room, entry, .. } => {
                    Outcome::Appended(of_its_own(requests.append(room, entry))?)
                }
                Job::Reserve { room, numbers, .. } => {
                    Outcome::Reserved(of_its_own(requests.reserve(room, *numbers))?)
                }
                Job::Change { change, .. } => {
                    Outcome::Changed(of_its_own(requests.change(change))?)
                }
            });
        }
        requests.finish()?;
        let (commits, deleted, sweeps) = (requests.commits, requests.deleted, requests.sweeps);
        transaction.commit()?;
        self.unwiped |= deleted;
        if sweeps {
            self.sweep_at = Some(Instant::now());
        }
        Ok((outcomes, commits))
    }

    /// Takes away some of what is to go.
    fn sweep(&mut self) {
        let swept = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Failure::from)
            .and_then(|transaction| {
                let swept = sweep::sweep(&transaction, self.clock.now())?;
                transaction.commit()?;
                Ok(swept)
            });
        self.sweep_at = match swept {
            Ok(Swept::Some) => Some(Instant::now()),
            Ok(Swept::All | Swept::None) | Err(_) => Some(Instant::now() + self.sweep_every),
            Ok(Swept::Never) => None,
        };
        match swept {
            Ok(Swept::Some | Swept::All) => self.unwiped = true,
            Ok(Swept::None | Swept::Never) => {}
            Err(failure) => {
                let error = StoreError::from(failure);
                tracing::error!(%error, "what is to go could not be taken away");
            }
        }
    }

    /// Copies the log into the database when it has grown: after the answers, which need not wait
    /// for it.
    fn copy_log(&mut self) {
        let grown = self
            .connection
            .wal_checkpoint_v2(None::<&str>, CheckpointMode::NOOP)
            .is_ok_and(|(pages, copied)| pages - copied >= LOG_PAGES);
        if !grown {
            return;
        }
        if self.unwiped {
            return self.wipe_log();
        }
        let copied = self
            .connection
            .wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE);
        if let Err(error) = copied {
            tracing::warn!(%error, "the log was not copied; it grows until it can be");
        }
    }

    /// Copies the log and cuts it off, so that what was deleted is nowhere any more. Not while
    /// somebody reads what is in it: then later.
    fn wipe_log(&mut self) {
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

/// A request's own failure is its outcome; one of the database is that of the whole transaction.
fn of_its_own<T>(result: Result<T, Failure>) -> Result<Result<T, StoreError>, Failure> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Failure::Request(error)) => Ok(Err(error)),
        Err(failure) => Err(failure),
    }
}

impl Job {
    /// Whoever waited may have gone.
    fn tell(self, outcome: Outcome) {
        match (self, outcome) {
            (Self::Append { reply, .. }, Outcome::Appended(result)) => {
                let _ = reply.send(result);
            }
            (Self::Reserve { reply, .. }, Outcome::Reserved(result)) => {
                let _ = reply.send(result);
            }
            (Self::Change { reply, .. }, Outcome::Changed(result)) => {
                let _ = reply.send(result);
            }
            // Never: each was made for the other. The one who waits hears that nobody answers.
            (Self::Append { .. } | Self::Reserve { .. } | Self::Change { .. }, _) => {}
        }
    }

    fn refuse(self, error: &StoreError) {
        let error = error.clone();
        let outcome = match self {
            Self::Append { .. } => Outcome::Appended(Err(error)),
            Self::Reserve { .. } => Outcome::Reserved(Err(error)),
            Self::Change { .. } => Outcome::Changed(Err(error)),
        };
        self.tell(outcome);
    }
}
