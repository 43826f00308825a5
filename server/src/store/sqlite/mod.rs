//! The store in one SQLite database: one thread that writes, a few that read.

mod admission;
mod changes;
mod copy;
mod error;
mod export;
mod frozen;
mod gather;
mod import;
mod index;
mod job;
mod open;
mod reactions;
mod reader;
mod requests;
mod rows;
mod schema;
mod search;
mod size;
mod sweep;
mod walk;
mod word_changes;
mod writer;

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use shared::chat::search::Cursor;
use shared::chat::{Entry, Query, RoomId, Seq};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

pub use copy::{CopyError, Quiet, copy, verify};
pub use error::OpenError;
pub use export::{ExportError, export};
pub use frozen::{Frozen, frozen};
pub use import::{Import, InsertError, import};

use self::job::Job;
use self::reader::Readers;
use self::writer::Writer;
use super::clock::Clock;
use super::{
    Appended, Change, Durable, Found, NewEntry, Outcome, PageSize, Snapshot, Store, StoreError,
};
use crate::metrics::Metrics;

/// Time between two looks for entries that retention removes.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// Keeps everything in a database, which no other server uses while this lives.
///
/// Dropping it waits until everything that was queued is durable.
pub struct SqliteStore {
    path: PathBuf,
    // In the order in which they end: the last connection is the one that can tidy up.
    readers: Readers,
    /// Apart from `readers`: a search may take as long as a thousand pages of history.
    searchers: Readers,
    bounds: search::Bounds,
    writer: Writer,
    #[cfg(test)]
    metrics: Arc<Metrics>,
    // Dropped last: no other server may take the database before the connections are closed.
    _lock: File,
}

impl SqliteStore {
    /// Opens the database at `path`, or makes it, readable for its owner only.
    ///
    /// Reads the whole database, so that damage is found before anything is added to it.
    ///
    /// # Errors
    /// [`OpenError`]; a database that is not ours, newer, damaged or in use was not changed.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_bounded(path, 0, &Arc::default())
    }

    /// Opens the database as [`open`](Self::open) does. It takes no more entries but deletions when
    /// it has more than `most` bytes; 0 is no limit. Adds to the server's `metrics`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_bounded(path: &Path, most: u64, metrics: &Arc<Metrics>) -> Result<Self, OpenError> {
        let often = (SWEEP_EVERY, writer::IDLE);
        Self::open_with(path, Clock::system(), None, often, most, metrics)
    }

    /// `pages` is how many pages of 4 KiB the database may have: a disk that is full beyond. `often` is
    /// the time between two sweeps, and that without a request after which the log is emptied.
    fn open_with(
        path: &Path,
        clock: Clock,
        pages: Option<u32>,
        (sweep_every, idle_after): (Duration, Duration),
        most: u64,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, OpenError> {
        // Before anything is read: two servers would each give the next number of a room.
        let lock = open::lock(path)?;
        let connection = open::writer(path)?;
        if let Some(pages) = pages {
            connection
                .pragma_update(None, "max_page_count", pages)
                .map_err(|error| OpenError::Sqlite(path.to_owned(), error))?;
        }
        let readers = Readers::start(path, reader::PAGE_THREADS)?;
        // Threads of their own: when searches shared the others, history waited for 59 to 118 s.
        let searchers = Readers::start(path, reader::SEARCH_THREADS)?;
        let writer = Writer::start(
            connection,
            clock,
            sweep_every,
            idle_after,
            most,
            Arc::clone(metrics),
        )
        .map_err(|error| OpenError::Io(path.to_owned(), error))?;
        Ok(Self {
            path: path.to_owned(),
            readers,
            searchers,
            bounds: search::Bounds::DEFAULT,
            writer,
            #[cfg(test)]
            metrics: Arc::clone(metrics),
            _lock: lock,
        })
    }

    /// Opens a store for tests, with a clock that is moved, a disk that may be full, and frequent
    /// sweeps.
    #[cfg(test)]
    pub(super) fn open_for_test(
        path: &Path,
        clock: Clock,
        pages: Option<u32>,
    ) -> Result<Self, OpenError> {
        let often = Duration::from_millis(10);
        Self::open_with(path, clock, pages, (often, often), 0, &Arc::default())
    }

    /// Returns the metrics to which the store adds.
    #[cfg(test)]
    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Bounds every search: how many messages the index may name, how long it may take, and how
    /// long texts are looked at.
    #[cfg(test)]
    pub(super) fn bounded(mut self, named: usize, index: Duration, texts: Duration) -> Self {
        self.bounds = search::Bounds {
            named,
            index,
            texts,
        };
        self
    }
}

/// Returns the version of a database's tables, from its first bytes alone.
///
/// # Errors
/// [`OpenError`] if it is none of ours, or newer than this program.
pub fn peek(path: &Path) -> Result<u32, OpenError> {
    open::peek(path)
}

/// Returns `true` while a server uses the database at `path`. Makes no file.
pub fn is_locked(path: &Path) -> bool {
    open::is_locked(path)
}

/// Takes the database at `path` for as long as the result lives, without opening it.
///
/// # Errors
/// [`OpenError::InUse`] while a server has it; [`OpenError::Io`].
pub fn lock(path: &Path) -> Result<File, OpenError> {
    open::lock(path)
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqliteStore").field(&self.path).finish()
    }
}

impl Store for SqliteStore {
    fn load(&self) -> Durable<Snapshot> {
        self.readers.read(reader::load)
    }

    fn subscribe(&self) -> UnboundedReceiver<Vec<Outcome>> {
        self.writer.subscribe()
    }

    fn append(&self, room: RoomId, entry: NewEntry) -> Durable<Appended> {
        self.writer
            .queue(|reply| Job::Append { room, entry, reply })
    }

    fn append_again(&self, room: RoomId, entry: NewEntry) -> Durable<Appended> {
        self.writer.queue(|reply| Job::Again { room, entry, reply })
    }

    fn reserve(&self, room: RoomId, numbers: u32) -> Durable<Seq> {
        self.writer.queue(|reply| Job::Reserve {
            room,
            numbers,
            reply,
        })
    }

    fn read_after(&self, room: RoomId, after: Seq, page: PageSize) -> Durable<Vec<Entry>> {
        self.readers
            .read(move |transaction| reader::after(transaction, &room, after, page))
    }

    fn read_before(&self, room: RoomId, before: Seq, page: PageSize) -> Durable<Vec<Entry>> {
        self.readers
            .read(move |transaction| reader::before(transaction, &room, before, page))
    }

    fn entry(&self, room: RoomId, seq: Seq) -> Durable<Option<Entry>> {
        self.readers
            .read(move |transaction| reader::entry(transaction, &room, seq))
    }

    fn search(
        &self,
        rooms: Vec<RoomId>,
        query: Query,
        before: Option<Cursor>,
        page: PageSize,
    ) -> Durable<Found> {
        let bounds = self.bounds;
        // Queued before the search, and so behind everything that was acked. The wait for it may
        // block, and belongs to the thread that searches.
        let indexed = self.writer.index();
        self.searchers.work(move |connection| {
            // A search finds what was acked before it. If the index does not get the last messages
            // in time, as on a full disk, all are looked at.
            let is_whole = matches!(indexed.blocking_recv(), Ok((Ok(true), _)));
            let before = before.as_ref();
            search::find(connection, rooms, &query, before, page, bounds, is_whole)
        })
    }

    fn change(&self, change: Change) -> Durable<()> {
        self.writer.queue(|reply| Job::Change { change, reply })
    }
}

/// The failure of a request whose thread is gone.
const ENDED: &str = "its thread has ended";

/// Returns the answer of a thread, once it comes.
fn waiting<T: Send + 'static>(done: oneshot::Receiver<Result<T, StoreError>>) -> Durable<T> {
    Box::pin(async move {
        let ended = |_| Err(StoreError::Failed(ENDED.into()));
        done.await.unwrap_or_else(ended)
    })
}
