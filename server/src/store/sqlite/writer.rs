//! The one thread that writes: takes everything that waits, does it in one transaction, and tells
//! when that is on the disk. So many messages cost one wait for the disk, not one each.

use std::collections::HashMap;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, params};
use shared::chat::{Author, Entry, Event, RoomId, Seq, Timestamp};
use tokio::sync::{mpsc, oneshot};

use super::rows::{self, ENTRY_COLUMNS, event_columns, number};
use crate::store::clock::Clock;
use crate::store::{Appended, Change, Commit, NewEntry, StoreError, rules};

/// Most jobs of one transaction: what a disk writes at once, and an answer still comes soon.
const GROUP: usize = 1024;

/// Something to be written, and who waits for it.
#[derive(Debug)]
pub(super) enum Job {
    Append(
        RoomId,
        Box<NewEntry>,
        oneshot::Sender<Result<Appended, StoreError>>,
    ),
    Change(Change, oneshot::Sender<Result<(), StoreError>>),
}

/// What a job comes to, told when the transaction is durable.
enum Done {
    Appended(
        Result<Appended, StoreError>,
        oneshot::Sender<Result<Appended, StoreError>>,
    ),
    Changed(
        Result<(), StoreError>,
        oneshot::Sender<Result<(), StoreError>>,
    ),
}

/// A room's row, kept between transactions.
#[derive(Debug, Clone, Copy)]
struct Head {
    key: i64,
    seq: Seq,
    at: Timestamp,
}

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) commits: mpsc::UnboundedSender<Commit>,
    clock: Clock,
    heads: HashMap<RoomId, Head>,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        commits: mpsc::UnboundedSender<Commit>,
        clock: Clock,
    ) -> Self {
        Self {
            connection,
            commits,
            clock,
            heads: HashMap::new(),
        }
    }

    /// Works until nobody can bring more.
    pub(super) fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        let mut group = Vec::with_capacity(GROUP);
        while jobs.blocking_recv_many(&mut group, GROUP) > 0 {
            self.write(std::mem::take(&mut group));
        }
    }

    fn write(&mut self, group: Vec<Job>) {
        let mut commits = Vec::with_capacity(group.len());
        let mut done = Vec::with_capacity(group.len());
        let written = self.transact(group, &mut commits, &mut done);
        match written {
            Ok(()) => {
                for commit in commits {
                    // Without anybody to tell, what is stored is stored all the same.
                    let _ = self.commits.send(commit);
                }
                for done in done {
                    done.tell(None);
                }
            }
            Err(error) => {
                let error = store_error(&error);
                tracing::error!(%error, jobs = done.len(), "nothing of a group could be stored");
                // What the transaction did is undone, so what we think of the rooms is wrong.
                self.heads.clear();
                for done in done {
                    done.tell(Some(&error));
                }
            }
        }
    }

    /// Does all jobs in one transaction. Every job is in `done` at the end, also after a failure.
    fn transact(
        &mut self,
        group: Vec<Job>,
        commits: &mut Vec<Commit>,
        done: &mut Vec<Done>,
    ) -> rusqlite::Result<()> {
        let mut failed = None;
        let transaction = self.connection.transaction();
        let transaction = transaction.map_err(|error| failed = Some(error)).ok();
        for job in group {
            let transaction = transaction.as_ref().filter(|_| failed.is_none());
            let (append, change);
            match job {
                Job::Append(room, entry, waiting) => {
                    append = transaction.map(|transaction| {
                        let now = self.clock.now();
                        append_to(transaction, &mut self.heads, room, *entry, now, commits)
                    });
                    done.push(Done::Appended(settle(append, &mut failed), waiting));
                }
                Job::Change(changed, waiting) => {
                    change = transaction
                        .map(|transaction| change_in(transaction, &mut self.heads, changed));
                    done.push(Done::Changed(settle(change, &mut failed), waiting));
                }
            }
        }
        match (failed, transaction) {
            (None, Some(transaction)) => transaction.commit(),
            (failed, _) => Err(failed.unwrap_or(rusqlite::Error::InvalidQuery)),
        }
    }
}

/// A job's own result. A failure of the database fails the whole group.
fn settle<T>(
    result: Option<rusqlite::Result<Result<T, StoreError>>>,
    failed: &mut Option<rusqlite::Error>,
) -> Result<T, StoreError> {
    match result {
        Some(Ok(result)) => result,
        Some(Err(error)) => {
            *failed = Some(error);
            Err(StoreError::Failed(String::new()))
        }
        None => Err(StoreError::Failed(String::new())),
    }
}

impl Done {
    /// Tells who waits, who may have gone.
    fn tell(self, failed: Option<&StoreError>) {
        match self {
            Self::Appended(result, waiting) => {
                let _ = waiting.send(failed.cloned().map_or(result, Err));
            }
            Self::Changed(result, waiting) => {
                let _ = waiting.send(failed.cloned().map_or(result, Err));
            }
        }
    }
}

pub(super) fn store_error(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        _ => StoreError::Failed(error.to_string()),
    }
}

/// The room's row; the inner error is the job's own.
fn head(
    transaction: &Transaction<'_>,
    heads: &mut HashMap<RoomId, Head>,
    room: &RoomId,
) -> rusqlite::Result<Result<Head, StoreError>> {
    if let Some(head) = heads.get(room) {
        return Ok(Ok(*head));
    }
    let mut query =
        transaction.prepare_cached("SELECT key, head, last_at FROM rooms WHERE name = ?1")?;
    let row = query.query_row([room.to_string()], |row| {
        let at = Timestamp::from_unix_millis(row.get(2)?).unwrap_or_default();
        Ok(Head {
            key: row.get(0)?,
            seq: rows::seq(row.get(1)?)?,
            at,
        })
    });
    let Some(head) = row.optional()? else {
        return Ok(Err(StoreError::NoSuchRoom));
    };
    heads.insert(room.clone(), head);
    Ok(Ok(head))
}

fn append_to(
    transaction: &Transaction<'_>,
    heads: &mut HashMap<RoomId, Head>,
    room: RoomId,
    new: NewEntry,
    now: Timestamp,
    commits: &mut Vec<Commit>,
) -> rusqlite::Result<Result<Appended, StoreError>> {
    let last = match head(transaction, heads, &room)? {
        Ok(last) => last,
        Err(error) => return Ok(Err(error)),
    };
    let author = new.from.0.as_bytes();
    let mut same = transaction.prepare_cached(&format!(
        "SELECT {ENTRY_COLUMNS} FROM entries WHERE room = ?1 AND author = ?2 AND id = ?3"
    ))?;
    let there = same.query_row(params![last.key, author, new.id.as_bytes()], rows::entry);
    if let Some(there) = there.optional()? {
        if !rules::is_the_same(&there.event, &new.event) {
            return Ok(Err(StoreError::IdReused));
        }
        let (seq, at) = (there.seq, there.at);
        return Ok(Ok(Appended {
            seq,
            at,
            again: true,
        }));
    }
    if let Event::Deleted { of } = new.event {
        let mut scrub = transaction.prepare_cached(
            "UPDATE entries SET text = NULL
             WHERE room = ?1 AND text IS NOT NULL AND (seq = ?2 OR (target = ?2 AND kind = 1))",
        )?;
        scrub.execute(params![last.key, number(of)])?;
    }
    let entry = Entry {
        seq: last.seq + 1,
        id: new.id,
        from: Author {
            id: new.from,
            name: new.name,
        },
        at: rules::not_before(Some(last.at), now),
        event: new.event,
    };
    let (kind, text, target, emoji, is_on) = event_columns(&entry.event);
    let mut insert = transaction.prepare_cached(&format!(
        "INSERT INTO entries (room, {ENTRY_COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    ))?;
    insert.execute(params![
        last.key,
        number(entry.seq),
        entry.id.as_bytes(),
        author,
        entry.from.name.as_str(),
        entry.at.unix_millis(),
        kind,
        text,
        target,
        emoji,
        is_on
    ])?;
    let mut count =
        transaction.prepare_cached("UPDATE rooms SET head = ?2, last_at = ?3 WHERE key = ?1")?;
    count.execute(params![last.key, number(entry.seq), entry.at.unix_millis()])?;
    let (seq, at) = (entry.seq, entry.at);
    heads.insert(room.clone(), Head { seq, at, ..last });
    commits.push(Commit { room, entry });
    Ok(Ok(Appended {
        seq,
        at,
        again: false,
    }))
}

fn change_in(
    transaction: &Transaction<'_>,
    heads: &mut HashMap<RoomId, Head>,
    change: Change,
) -> rusqlite::Result<Result<(), StoreError>> {
    let mut run = |room: &RoomId, sql: &str, rest: &[&dyn rusqlite::ToSql]| {
        let head = match head(transaction, heads, room)? {
            Ok(head) => head,
            Err(error) => return Ok(Err(error)),
        };
        let mut values: Vec<&dyn rusqlite::ToSql> = vec![&head.key];
        values.extend(rest);
        transaction.prepare_cached(sql)?.execute(&*values)?;
        Ok(Ok(()))
    };
    match change {
        Change::RoomCreated {
            room,
            topic,
            private,
        } => {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO rooms (name, topic, private) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
            )?;
            let made = insert.execute(params![room.to_string(), topic.as_str(), private])?;
            return Ok(if made == 1 {
                Ok(())
            } else {
                Err(StoreError::RoomExists)
            });
        }
        Change::RoomDeleted { room } => {
            let deleted = run(&room, "DELETE FROM rooms WHERE key = ?1", &[]);
            heads.remove(&room);
            return deleted;
        }
        Change::Joined { room, user } => {
            let user = user.0.as_bytes();
            let uninvited = run(
                &room,
                "DELETE FROM invited WHERE room = ?1 AND user = ?2",
                &[user],
            )?;
            if uninvited.is_err() {
                return Ok(uninvited);
            }
            // What was said before is no news to somebody who was not there.
            return run(
                &room,
                "INSERT INTO members (room, user, read)
                 SELECT key, ?2, head FROM rooms WHERE key = ?1 ON CONFLICT DO NOTHING",
                &[user],
            );
        }
        Change::Left { room, user } => {
            let sql = "DELETE FROM members WHERE room = ?1 AND user = ?2";
            return run(&room, sql, &[user.0.as_bytes()]);
        }
        Change::Invited { room, user } => {
            let sql = "INSERT INTO invited (room, user)
                 SELECT ?1, ?2 WHERE NOT EXISTS
                    (SELECT 1 FROM members WHERE room = ?1 AND user = ?2)
                 ON CONFLICT DO NOTHING";
            return run(&room.into(), sql, &[user.0.as_bytes()]);
        }
        Change::Read { room, user, seq } => {
            let sql = "UPDATE members SET read = max(read, ?3) WHERE room = ?1 AND user = ?2";
            return run(&room, sql, &[user.0.as_bytes(), &number(seq)]);
        }
        Change::Named { user, name } => {
            let sql = "INSERT INTO names (user, name) VALUES (?1, ?2)
                 ON CONFLICT (user) DO UPDATE SET name = excluded.name";
            let mut insert = transaction.prepare_cached(sql)?;
            insert.execute(params![user.0.as_bytes(), name.as_str()])?;
        }
        Change::Operator { user, is } => {
            let sql = if is {
                "INSERT INTO operators (user) VALUES (?1) ON CONFLICT DO NOTHING"
            } else {
                "DELETE FROM operators WHERE user = ?1"
            };
            transaction
                .prepare_cached(sql)?
                .execute([user.0.as_bytes()])?;
        }
    }
    Ok(Ok(()))
}
