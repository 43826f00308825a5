//! The threads that read, each on its own connection: with a write-ahead log a reader sees the
//! database as it was when it began, and neither waits for the writer nor keeps it waiting.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Transaction};
use shared::chat::{Entry, Name, RoomId, Seq, Topic};
use tokio::sync::oneshot;

use super::error::{Failure, OpenError};
use super::rows::{self, SELECT_ENTRIES, SEQ_MAX, parsed, place};
use super::waiting;
use crate::store::rules::Filling;
use crate::store::{Durable, PageSize, RoomRecord, Snapshot, StoreError};

/// Threads that read pages: enough that one long read does not hold up all others.
pub(super) const PAGE_THREADS: usize = 3;

/// Threads that search: one, so that a flood of searches costs history nothing and the machine no
/// more than one core.
pub(super) const SEARCH_THREADS: usize = 1;

/// Steps of the database's machine between two looks at the clock.
const STEPS: i32 = 10_000;

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

pub(super) struct Readers {
    /// `None` only while they are stopped.
    queue: Option<Sender<Work>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts `threads` threads. The database must be there, and open for writing.
    pub(super) fn start(path: &Path, threads: usize) -> Result<Self, OpenError> {
        let (sender, receiver) = channel();
        let mut readers = Self {
            queue: Some(sender),
            threads: Vec::with_capacity(threads),
        };
        // Shared behind a lock, because a channel of the standard library has one receiver.
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 1..=threads {
            // A connection for each thread: one connection does one thing at a time.
            let connection = super::open::reader(path)?;
            let receiver = Arc::clone(&receiver);
            let thread = thread::Builder::new()
                .name(format!("store-read-{number}"))
                .spawn(move || run(connection, &receiver))
                .map_err(|error| OpenError::Io(path.to_owned(), error))?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Queues a read. All that it sees is of one moment.
    pub(super) fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Durable<T> {
        self.work(move |connection| read(&connection.transaction()?))
    }

    /// Queues work that begins its transactions itself.
    pub(super) fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Durable<T> {
        let (reply, done) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            // Whoever asked may have gone.
            if !reply.is_closed() {
                let _ = reply.send(work(connection).map_err(StoreError::from));
            }
        });
        if let Some(queue) = &self.queue {
            // Without a thread to take it the work is dropped, and `done` says so.
            let _ = queue.send(work);
        }
        waiting(done)
    }
}

impl Drop for Readers {
    /// Waits until what was queued has been read.
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            // A thread that has panicked has nothing more to be waited for.
            let _ = thread.join();
        }
    }
}

/// Interrupts what a connection does when time is up.
pub(super) struct Limit(Arc<Mutex<Instant>>);

impl Limit {
    /// Gives a connection so much time from now on, also for the next work until that sets another
    /// limit.
    pub(super) fn of(connection: &mut Connection, within: Duration) -> Result<Self, Failure> {
        let limit = Self(Arc::new(Mutex::new(Instant::now() + within)));
        let deadline = Arc::clone(&limit.0);
        let is_over = move || {
            let deadline = deadline.lock().unwrap_or_else(PoisonError::into_inner);
            Instant::now() >= *deadline
        };
        // SQLite asks this between its steps, so a search ends although nothing of it has been
        // found.
        connection.progress_handler(STEPS, Some(is_over))?;
        Ok(limit)
    }

    /// Gives the connection so much time from now on, inside a transaction too.
    pub(super) fn set(&self, within: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + within;
    }
}

fn run(mut connection: Connection, queue: &Mutex<Receiver<Work>>) {
    loop {
        // The lock is held while waiting and given back before the work: one thread waits for work,
        // the others for the lock.
        let work = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match work {
            Ok(work) => work(&mut connection),
            Err(_) => return,
        }
    }
}

/// Returns the entries after a number, oldest first.
pub(super) fn after(
    transaction: &Transaction<'_>,
    room: &RoomId,
    after: Seq,
    page: PageSize,
) -> Result<Vec<Entry>, Failure> {
    let room = key(transaction, room)?;
    let sql = format!("{SELECT_ENTRIES} WHERE place > ?1 AND place <= ?2 ORDER BY place");
    entries(
        transaction,
        &sql,
        [place(room, after), place(room, SEQ_MAX)],
        page,
    )
}

/// Returns the last entries before a number, oldest first.
pub(super) fn before(
    transaction: &Transaction<'_>,
    room: &RoomId,
    before: Seq,
    page: PageSize,
) -> Result<Vec<Entry>, Failure> {
    let room = key(transaction, room)?;
    // As many as there can be are less than the largest number.
    let last = before.saturating_sub(1);
    let sql = format!("{SELECT_ENTRIES} WHERE place > ?1 AND place <= ?2 ORDER BY place DESC");
    let range = [place(room, 0), place(room, last)];
    let mut entries = entries(transaction, &sql, range, page)?;
    // Read backwards, so that a page that is full has the newest entries.
    entries.reverse();
    Ok(entries)
}

/// Returns one entry, if it is there.
pub(super) fn entry(
    transaction: &Transaction<'_>,
    room: &RoomId,
    seq: Seq,
) -> Result<Option<Entry>, Failure> {
    let room = key(transaction, room)?;
    // Larger numbers would be cut to the largest, which is another entry.
    if seq > SEQ_MAX {
        return Ok(None);
    }
    let sql = format!("{SELECT_ENTRIES} WHERE place = ?1");
    let mut query = transaction.prepare_cached(&sql)?;
    Ok(query
        .query_row([place(room, seq)], rows::entry)
        .optional()?)
}

pub(super) fn key(transaction: &Transaction<'_>, room: &RoomId) -> Result<i64, Failure> {
    let mut query = transaction.prepare_cached("SELECT key FROM rooms WHERE name = ?1")?;
    let key = query.query_row([room.to_string()], |row| row.get(0));
    Ok(key.optional()?.ok_or(StoreError::NoSuchRoom)?)
}

fn entries(
    transaction: &Transaction<'_>,
    sql: &str,
    range: [i64; 2],
    page: PageSize,
) -> Result<Vec<Entry>, Failure> {
    let mut query = transaction.prepare_cached(sql)?;
    let mut found = query.query(range)?;
    let mut filling = Filling::new(page);
    let mut entries = Vec::new();
    while let Some(row) = found.next()? {
        let entry = rows::entry(row)?;
        if !filling.takes(&entry.event) {
            break;
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Reads everything but entries.
pub(super) fn load(transaction: &Transaction<'_>) -> Result<Snapshot, Failure> {
    let mut snapshot = Snapshot::default();
    let mut query = transaction
        .prepare("SELECT key, name, topic, private, head, keep FROM rooms WHERE deleted = 0")?;
    let mut found = query.query([])?;
    while let Some(row) = found.next()? {
        let room = row.get(0)?;
        snapshot.rooms.push(RoomRecord {
            room: parsed(RoomId::from_stored(row.get_ref(1)?.as_str()?))?,
            topic: Topic::from_stored(row.get_ref(2)?.as_str()?),
            private: row.get(3)?,
            keep: rows::keep(row.get_ref(5)?)?,
            head: rows::seq(row.get(4)?)?,
            members: Vec::new(),
            invited: Vec::new(),
            roles: Vec::new(),
        });
        let Some(record) = snapshot.rooms.last_mut() else {
            continue;
        };
        fill(transaction, room, record)?;
    }
    // The order is that of other stores.
    snapshot
        .rooms
        .sort_by(|one, other| one.room.cmp(&other.room));

    let mut query = transaction.prepare(
        "SELECT fingerprint, name FROM names JOIN users ON key = user ORDER BY fingerprint",
    )?;
    let mut found = query.query([])?;
    while let Some(row) = found.next()? {
        let name = row.get_ref(1)?;
        let name = parsed(Name::from_stored(name.as_str()?))?;
        snapshot.names.push((rows::user(row.get(0)?), name));
    }
    let mut query = transaction.prepare(
        "SELECT fingerprint FROM operators JOIN users ON key = user ORDER BY fingerprint",
    )?;
    let operators = query.query_map([], |row| row.get(0).map(rows::user))?;
    snapshot.operators = operators.collect::<rusqlite::Result<_>>()?;
    let mut query = transaction.prepare(
        "SELECT who, reason, at, fingerprint FROM bans JOIN users ON key = by ORDER BY who",
    )?;
    let bans = query.query_map([], rows::ban)?;
    snapshot.bans = bans.collect::<rusqlite::Result<_>>()?;
    let mut query =
        transaction.prepare("SELECT fingerprint FROM users WHERE v2 = 1 ORDER BY fingerprint")?;
    let users = query.query_map([], |row| row.get(0).map(rows::user))?;
    snapshot.v2_users = users.collect::<rusqlite::Result<_>>()?;
    super::admission::load(transaction, &mut snapshot)?;
    Ok(snapshot)
}

/// Fills a record with the room's members, invitations and roles.
fn fill(transaction: &Transaction<'_>, room: i64, record: &mut RoomRecord) -> Result<(), Failure> {
    let mut query = transaction.prepare_cached(
        "SELECT fingerprint, read FROM members JOIN users ON key = user
         WHERE room = ?1 ORDER BY fingerprint",
    )?;
    let members = query.query_map([room], |row| {
        Ok((rows::user(row.get(0)?), rows::seq(row.get(1)?)?))
    })?;
    record.members = members.collect::<rusqlite::Result<_>>()?;
    let mut query = transaction.prepare_cached(
        "SELECT fingerprint FROM invited JOIN users ON key = user
         WHERE room = ?1 ORDER BY fingerprint",
    )?;
    let invited = query.query_map([room], |row| row.get(0).map(rows::user))?;
    record.invited = invited.collect::<rusqlite::Result<_>>()?;
    let mut query = transaction.prepare_cached(
        "SELECT fingerprint, role FROM roles JOIN users ON key = user
         WHERE room = ?1 ORDER BY fingerprint",
    )?;
    let roles = query.query_map([room], |row| {
        Ok((rows::user(row.get(0)?), rows::role(row.get(1)?)?))
    })?;
    record.roles = roles.collect::<rusqlite::Result<_>>()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts to a number that nobody waits for.
    const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
        SELECT count(*) FROM n WHERE i < 0";

    // The attack: a search that would keep its thread for ever.
    #[tokio::test]
    async fn a_read_without_an_end_is_cut_off_and_the_next_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chat.db");
        let _writer = super::super::open::writer(&path).unwrap();
        let readers = Readers::start(&path, 1).unwrap();
        let count = |sql: &'static str| {
            readers.work(move |connection| {
                Limit::of(connection, Duration::from_millis(20))?;
                Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?)
            })
        };
        assert_eq!(count(ENDLESS).await, Err(StoreError::TooLong));
        assert_eq!(count("SELECT count(*) FROM rooms").await, Ok(0));
    }
}
