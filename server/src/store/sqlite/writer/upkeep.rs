//! The writer's upkeep beside the requests: the index of words, the sweep by retention, and the copy of
//! the log into the database.

use std::time::{Duration, Instant};

use rusqlite::TransactionBehavior;
use rusqlite::wal::CheckpointMode;

use super::super::error::Failure;
use super::super::open::BUSY_TIMEOUT;
use super::super::sweep::{self, SweepFailure, Swept};
use super::super::word_changes::{self, Waiting};
use super::Thread;
use crate::store::StoreError;

/// Pages of the log that are not in the database yet before they are copied there: 4 MiB.
const LOG_PAGES: i32 = 1000;

/// Pages of the log after which it is copied while a sweep goes on.
const SWEEP_LOG_PAGES: i32 = 256;

/// Time after which messages that could not be indexed are tried again.
const INDEX_AGAIN: Duration = Duration::from_secs(1);

/// The time for which the index is brought up to date between two groups when it is too far behind.
const INDEX_TIME: Duration = Duration::from_millis(30);

/// The time between two batches of a sweep while many changes of the index wait.
const CROWDED_SWEEP: Duration = Duration::from_secs(1);

/// The longest wait of a search for the index.
const SEARCH_PATIENCE: Duration = Duration::from_secs(1);

/// The time of the next sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Now,
    Later,
    Never,
}

impl Thread {
    /// Adds messages to the index of words.
    pub(super) fn index_piece(&mut self) {
        let began = Instant::now();
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
                Err(failure) => return self.index_failed(failure),
            }
            // Further while there is more than there may be: a group of the longest texts has more
            // than a piece. Not to the end: whatever is written next waits for it, and after a flood
            // of edits it waited for 13 s.
            if !self.memory.backlog.is_full() || began.elapsed() >= INDEX_TIME {
                return;
            }
        }
    }

    /// Makes some of the changes of the index that wait.
    pub(super) fn change_words(&mut self) {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Failure::from);
        let made = transaction.and_then(|transaction| {
            let made = Waiting::make(&transaction)?;
            transaction.commit()?;
            Ok(made)
        });
        match made {
            Ok(made) => {
                self.memory.backlog.take_changes(made);
                // The log has copies of what was taken out.
                self.unwiped = true;
                self.copy_log_of(SWEEP_LOG_PAGES);
            }
            Err(failure) => self.index_failed(failure),
        }
    }

    fn index_failed(&mut self, failure: Failure) {
        let error = StoreError::from(failure);
        if let Some(suppressed) = self.failures.take() {
            tracing::error!(%error, suppressed, "words could not be indexed");
        }
        // A full disk must not make this thread spin.
        self.index_at = Instant::now() + INDEX_AGAIN;
    }

    /// Answers the searches for which the index has every message, and those that have waited long
    /// enough: they look at all messages instead.
    pub(super) fn answer_searches(&mut self, now: Instant) {
        let is_whole = self.memory.backlog.is_empty();
        let fails = self.index_at > now;
        let waits = |asked: &Instant| now.duration_since(*asked) < SEARCH_PATIENCE;
        if is_whole || fails {
            for (_, reply) in self.searches.drain(..) {
                reply.send(Ok(is_whole));
            }
        } else {
            while let Some((_, reply)) = self.searches.pop_front_if(|(asked, _)| !waits(asked)) {
                reply.send(Ok(false));
            }
        }
    }

    /// Returns the time of the next batch of the sweep. While many changes of the index wait, batches
    /// are rare, because they add to them.
    pub(super) fn next_sweep(&self) -> Option<Instant> {
        let at = self.sweep_at?;
        if self.memory.backlog.changes() < word_changes::MANY {
            return Some(at);
        }
        Some(at.max(self.swept_at + CROWDED_SWEEP))
    }

    /// Removes one batch of what retention removes.
    pub(super) fn sweep(&mut self) {
        self.swept_at = Instant::now();
        let later = Instant::now() + self.sweep_every;
        let swept = self.sweep_batch();
        if let Ok(Swept::Some | Swept::All | Swept::Waits(_)) = swept {
            self.unwiped = true;
            // Little by little: the whole log of a large room took a tenth of a second, for which
            // every message waited.
            self.copy_log_of(SWEEP_LOG_PAGES);
        }
        let next = match swept {
            Ok(Swept::Some) => Next::Now,
            // Passed over, until the next sweep.
            Ok(Swept::Waits(room)) => {
                self.unswept.insert(room);
                Next::Now
            }
            Ok(Swept::Further(room)) => {
                self.swept_to = room;
                Next::Now
            }
            // The first room that gets a rule wakes the sweep.
            Ok(Swept::Never) if self.unswept.is_empty() => Next::Never,
            Ok(Swept::All | Swept::None | Swept::Never) => Next::Later,
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
                room.map_or(Next::Later, |_| Next::Now)
            }
        };
        if next != Next::Now {
            // The next sweep begins anew, also with the rooms that failed.
            self.unswept.clear();
            self.swept_to = 0;
        }
        self.sweep_at = match next {
            Next::Now => Some(Instant::now()),
            Next::Later => Some(later),
            Next::Never => None,
        };
    }

    /// Removes one batch in a transaction of its own.
    pub(super) fn sweep_batch(&mut self) -> Result<Swept, SweepFailure> {
        let before = self.memory.backlog.size();
        let swept = self.try_sweep_batch();
        if swept.is_err() {
            // The transaction was undone.
            self.memory.backlog.set_size(before);
        }
        swept
    }

    fn try_sweep_batch(&mut self) -> Result<Swept, SweepFailure> {
        let backlog = &mut self.memory.backlog;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Deleted rooms go first: somebody has decided that their texts are to be gone.
        let swept = if let Some(swept) = sweep::deleted_rooms(&transaction, backlog, &self.unswept)?
        {
            swept
        } else if self.doubt.holds(&self.clock) {
            Swept::None
        } else {
            sweep::retention(
                &transaction,
                backlog,
                self.clock.now(),
                self.swept_to,
                &self.unswept,
            )?
        };
        transaction.commit()?;
        Ok(swept)
    }

    /// Copies the log into the database when it has grown: after the answers, which need not wait
    /// for it.
    pub(super) fn copy_log(&mut self) {
        if self.sweep_at.is_some_and(|at| at <= Instant::now()) {
            // A sweep goes on, and wipes the log at its end.
            return;
        }
        if self.unwiped && self.log_has_grown(LOG_PAGES) {
            return self.wipe_log();
        }
        self.copy_log_of(LOG_PAGES);
    }

    pub(super) fn log_has_grown(&self, by: i32) -> bool {
        self.connection
            .wal_checkpoint_v2(None::<&str>, CheckpointMode::NOOP)
            .is_ok_and(|(pages, copied)| pages - copied >= by)
    }

    pub(super) fn copy_log_of(&self, pages: i32) {
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

    /// Notes that there was something to do.
    pub(super) fn postpone_emptying(&mut self) {
        self.empty_at = Some(Instant::now() + self.idle_after);
    }

    /// Empties the log if nothing has been written for long enough. While a reader still needs it,
    /// as a backup does, it is tried again after as long.
    pub(super) fn empty_idle_log(&mut self) {
        if self.empty_at.is_none_or(|at| at > Instant::now()) {
            return;
        }
        self.empty_at = None;
        if self.truncate_log() {
            self.unwiped = false;
        } else {
            self.postpone_emptying();
        }
    }

    /// Copies the log and truncates it, so that no copy of a deleted text is left. While a reader
    /// still needs the log this fails, and is done later.
    pub(super) fn wipe_log(&mut self) {
        self.unwiped = !self.truncate_log();
        // Otherwise the thread would not rest while a reader needs the log.
        self.postpone_emptying();
    }

    /// Copies the log into the database, and makes it a file of no bytes. Returns `false` if it is
    /// still needed.
    fn truncate_log(&mut self) -> bool {
        // Without waiting for readers, because every message waits behind this thread. Truncated,
        // because copied pages otherwise stay in the log's file, and deleted texts with them.
        let wiped = self.connection.busy_timeout(Duration::ZERO).and_then(|()| {
            self.connection
                .wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE)
        });
        if let Err(error) = self.connection.busy_timeout(BUSY_TIMEOUT) {
            tracing::warn!(%error, "the database may be busy sooner than it should");
        }
        wiped.is_ok()
    }
}
