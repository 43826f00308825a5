//! The store in one SQLite database: one thread that writes, a few connections that read.

mod rows;
mod schema;
mod writer;

use std::fmt;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use shared::chat::{Entry, Name, RoomId, Seq, Topic, UserId};
use tokio::sync::{Semaphore, mpsc, oneshot};

pub use schema::OpenError;

use self::rows::{ENTRY_COLUMNS, number};
use self::writer::{Job, Writer, store_error};
use super::clock::Clock;
use super::{
    Appended, Change, Commit, Durable, NewEntry, PageSize, RoomRecord, Snapshot, Store, StoreError,
    rules,
};

/// Reads at a time: each has a thread and a connection.
const READERS: usize = 4;

/// Keeps everything in a database, which nobody else uses while this lives.
pub struct SqliteStore {
    /// `None` only while it is dropped.
    jobs: Option<mpsc::UnboundedSender<Job>>,
    writer: Option<JoinHandle<()>>,
    readers: Arc<Readers>,
    /// Locked for as long as the database is ours.
    _lock: File,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqliteStore")
            .field(&self.readers.path)
            .finish()
    }
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Semaphore,
}

impl SqliteStore {
    /// Opens the database at `path`, or makes it, readable for its owner only. What becomes durable
    /// is told to `commits`.
    ///
    /// # Errors
    /// [`OpenError`]; a database that is not ours, newer, damaged or in use was not changed.
    pub fn open(path: &Path, commits: mpsc::UnboundedSender<Commit>) -> Result<Self, OpenError> {
        let io = |error| OpenError::Io(path.to_owned(), error);
        let mut lock_path = path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock = private_file(Path::new(&lock_path)).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(OpenError::InUse(path.to_owned()));
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(io(error)),
        }
        schema::check(path)?;
        // SQLite gives the files beside it the same rights.
        drop(private_file(path).map_err(io)?);
        let sqlite = |error| OpenError::Sqlite(path.to_owned(), error);
        let mut connection = Connection::open(path).map_err(sqlite)?;
        schema::prepare(&mut connection).map_err(sqlite)?;
        Self::start(connection, path, lock, commits, Clock::system())
    }

    fn start(
        connection: Connection,
        path: &Path,
        lock: File,
        commits: mpsc::UnboundedSender<Commit>,
        clock: Clock,
    ) -> Result<Self, OpenError> {
        let (jobs, queue) = mpsc::unbounded_channel();
        let writer = Writer::new(connection, commits, clock);
        let thread = std::thread::Builder::new().name("store".into());
        let writer = thread.spawn(move || writer.run(queue));
        let writer = writer.map_err(|error| OpenError::Io(path.to_owned(), error))?;
        Ok(Self {
            jobs: Some(jobs),
            writer: Some(writer),
            readers: Arc::new(Readers {
                path: path.to_owned(),
                idle: Mutex::default(),
                places: Semaphore::new(READERS),
            }),
            _lock: lock,
        })
    }

    /// A database that may not grow over so many pages of 4 KiB: a disk that is full.
    #[cfg(test)]
    pub(super) fn open_small(
        path: &Path,
        pages: u32,
        commits: mpsc::UnboundedSender<Commit>,
    ) -> Result<Self, OpenError> {
        let lock = private_file(&path.with_extension("lock"))
            .map_err(|error| OpenError::Io(path.to_owned(), error))?;
        let sqlite = |error| OpenError::Sqlite(path.to_owned(), error);
        let mut connection = Connection::open(path).map_err(sqlite)?;
        schema::prepare(&mut connection).map_err(sqlite)?;
        connection
            .pragma_update(None, "max_page_count", pages)
            .map_err(sqlite)?;
        Self::start(connection, path, lock, commits, Clock::system())
    }

    /// Queues a job. The writer only ends with us, so there is always somebody to take it.
    fn queue<T: Send + 'static>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job,
    ) -> Durable<T> {
        let (waiting, done) = oneshot::channel();
        let queued = self
            .jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send(job(waiting)).is_ok());
        Box::pin(async move {
            let ended = || StoreError::Failed("the writer has ended".into());
            if !queued {
                return Err(ended());
            }
            done.await.unwrap_or_else(|_| Err(ended()))
        })
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<Result<T, StoreError>> + Send + 'static,
    ) -> Durable<T> {
        let readers = Arc::clone(&self.readers);
        Box::pin(async move {
            let failed = |error: &dyn fmt::Display| StoreError::Failed(error.to_string());
            let place = readers
                .places
                .acquire()
                .await
                .map_err(|error| failed(&error))?;
            let of_task = Arc::clone(&readers);
            let read = tokio::task::spawn_blocking(move || of_task.with(work)).await;
            drop(place);
            read.map_err(|error| failed(&error))?
                .map_err(|error| store_error(&error))?
        })
    }
}

impl Readers {
    fn with<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        let result = work(&connection);
        // One that failed may have been left in the middle of something.
        if result.is_ok() {
            idle().push(connection);
        }
        result
    }
}

impl Drop for SqliteStore {
    /// Waits until what was queued is on the disk.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // A panic in there was logged by it.
            let _ = writer.join();
        }
    }
}

impl Store for SqliteStore {
    fn load(&self) -> Durable<Snapshot> {
        self.read(|connection| load(connection).map(Ok))
    }

    fn append(&self, room: RoomId, entry: NewEntry) -> Durable<Appended> {
        self.queue(|waiting| Job::Append(room, Box::new(entry), waiting))
    }

    fn read_after(&self, room: RoomId, after: Seq, page: PageSize) -> Durable<Vec<Entry>> {
        self.read(move |connection| {
            entries(connection, &room, "seq > ?2 ORDER BY seq", after, page)
        })
    }

    fn read_before(&self, room: RoomId, before: Seq, page: PageSize) -> Durable<Vec<Entry>> {
        self.read(move |connection| {
            let range = "seq < ?2 ORDER BY seq DESC";
            let found = entries(connection, &room, range, before, page)?;
            Ok(found.map(|mut entries| {
                entries.reverse();
                entries
            }))
        })
    }

    fn entry(&self, room: RoomId, seq: Seq) -> Durable<Option<Entry>> {
        self.read(move |connection| {
            let Some(key) = room_key(connection, &room)? else {
                return Ok(Err(StoreError::NoSuchRoom));
            };
            let sql = format!("SELECT {ENTRY_COLUMNS} FROM entries WHERE room = ?1 AND seq = ?2");
            let mut query = connection.prepare_cached(&sql)?;
            let entry = query.query_row(params![key, number(seq)], rows::entry);
            entry.optional().map(Ok)
        })
    }

    fn change(&self, change: Change) -> Durable<()> {
        self.queue(|waiting| Job::Change(change, waiting))
    }
}

/// A file that only its owner can read; an existing one stays as it is.
fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn room_key(connection: &Connection, room: &RoomId) -> rusqlite::Result<Option<i64>> {
    let mut query = connection.prepare_cached("SELECT key FROM rooms WHERE name = ?1")?;
    query
        .query_row([room.to_string()], |row| row.get(0))
        .optional()
}

fn entries(
    connection: &Connection,
    room: &RoomId,
    range: &str,
    border: Seq,
    page: PageSize,
) -> rusqlite::Result<Result<Vec<Entry>, StoreError>> {
    let Some(key) = room_key(connection, room)? else {
        return Ok(Err(StoreError::NoSuchRoom));
    };
    let sql = format!("SELECT {ENTRY_COLUMNS} FROM entries WHERE room = ?1 AND {range}");
    let mut query = connection.prepare_cached(&sql)?;
    let mut found = query.query(params![key, number(border)])?;
    let mut page = rules::Filling::new(page);
    let mut entries = Vec::new();
    while let Some(row) = found.next()? {
        let entry = rows::entry(row)?;
        if !page.takes(&entry.event) {
            break;
        }
        entries.push(entry);
    }
    Ok(Ok(entries))
}

fn load(connection: &Connection) -> rusqlite::Result<Snapshot> {
    // One moment for all tables.
    let transaction = connection.unchecked_transaction()?;
    let mut snapshot = Snapshot::default();
    let unreadable = |error: &dyn fmt::Display| {
        rusqlite::Error::ToSqlConversionFailure(std::io::Error::other(error.to_string()).into())
    };
    let mut query = transaction.prepare("SELECT key, name, topic, private, head FROM rooms")?;
    let mut found = query.query([])?;
    while let Some(row) = found.next()? {
        let key: i64 = row.get(0)?;
        let (name, topic): (String, String) = (row.get(1)?, row.get(2)?);
        let mut members = Vec::new();
        let mut of_room =
            transaction.prepare_cached("SELECT user, read FROM members WHERE room = ?1")?;
        let mut rows_of_room = of_room.query([key])?;
        while let Some(member) = rows_of_room.next()? {
            members.push((rows::user(member.get(0)?), rows::seq(member.get(1)?)?));
        }
        let mut of_room = transaction.prepare_cached("SELECT user FROM invited WHERE room = ?1")?;
        let invited = of_room.query_map([key], |row| row.get(0).map(rows::user))?;
        snapshot.rooms.push(RoomRecord {
            room: RoomId::parse(&name).map_err(|error| unreadable(&error))?,
            topic: Topic::parse(&topic).map_err(|error| unreadable(&error))?,
            private: row.get(3)?,
            head: rows::seq(row.get(4)?)?,
            members,
            invited: invited.collect::<rusqlite::Result<Vec<UserId>>>()?,
        });
    }
    snapshot.rooms.sort_by(|a, b| a.room.cmp(&b.room));
    let mut query = transaction.prepare("SELECT user, name FROM names")?;
    let mut found = query.query([])?;
    while let Some(row) = found.next()? {
        let name: String = row.get(1)?;
        let name = Name::parse(&name).map_err(|error| unreadable(&error))?;
        snapshot.names.push((rows::user(row.get(0)?), name));
    }
    let mut query = transaction.prepare("SELECT user FROM operators")?;
    let operators = query.query_map([], |row| row.get(0).map(rows::user))?;
    snapshot.operators = operators.collect::<rusqlite::Result<_>>()?;
    Ok(snapshot)
}
