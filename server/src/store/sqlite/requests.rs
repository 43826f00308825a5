//! Appends entries and reserves numbers, inside a transaction that the writer begins and commits.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, ToSql, params};
use shared::chat::server::RoomEntry;
use shared::chat::{Author, Entry, Event, RoomId, Seq, Timestamp, UserId};

use super::error::Failure;
use super::index::{self, Backlog};
use super::rows::{self, EventColumns, MESSAGE, SELECT_ENTRIES, SEQ_MAX, number, place};
use super::word_changes;
use crate::store::{Appended, Committed, NewEntry, StoreError, rules};

/// Most rooms and most users that are remembered. All are forgotten at more.
const REMEMBERED: usize = 16 * 1024;

/// A room's row, ahead of the database while a transaction is open.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) key: i64,
    pub(super) seq: Seq,
    at: Option<Timestamp>,
    /// `true` until the row is written.
    changed: bool,
}

impl Head {
    /// Makes an entry the last one.
    pub(super) fn advance(&mut self, entry: &Entry) {
        self.at = Some(entry.at);
        self.raise(entry.seq);
    }

    /// Sets the last number.
    pub(super) fn raise(&mut self, seq: Seq) {
        self.seq = seq;
        self.changed = true;
    }
}

/// What is remembered from one transaction to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The messages that are not in the index of words yet.
    pub(super) backlog: Backlog,
    pub(super) heads: HashMap<RoomId, Head>,
    users: HashMap<UserId, i64>,
}

impl Memory {
    /// Remembers what a database that was just opened has left to do.
    pub(super) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            backlog: Backlog::of(connection)?,
            ..Self::default()
        })
    }

    /// Forgets all rows: after a transaction that was undone, they may be wrong.
    pub(super) fn clear(&mut self) {
        self.heads.clear();
        self.users.clear();
    }

    /// Forgets all rows if they are too many; only between transactions.
    pub(super) fn trim(&mut self) {
        if self.heads.len().max(self.users.len()) > REMEMBERED {
            self.clear();
        }
    }
}

/// The work that a transaction's requests leave to the writer, once they are committed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Effects {
    /// Something was deleted: the log still has a copy of it.
    pub(super) deleted: bool,
    /// A room has entries from now on that are to go.
    pub(super) sweeps: bool,
}

/// One transaction's requests.
pub(super) struct Requests<'a> {
    pub(super) connection: &'a Connection,
    pub(super) memory: &'a mut Memory,
    /// The time of the transaction: its entries are durable at one moment.
    now: Timestamp,
    /// The database has the size that it may have: entries are refused, but for deletions.
    full: bool,
    /// Inserts an entry. Held for all of a group, which mostly has nothing else.
    insert: Option<CachedStatement<'a>>,
    pub(super) effects: Effects,
}

impl<'a> Requests<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        memory: &'a mut Memory,
        now: Timestamp,
        full: bool,
    ) -> Self {
        Self {
            connection,
            memory,
            now,
            full,
            insert: None,
            effects: Effects::default(),
        }
    }

    pub(super) fn append(
        &mut self,
        room: &RoomId,
        new: &NewEntry,
    ) -> Result<(Appended, Option<Committed>), Failure> {
        // A copy: the remembered head rises only when the entry is in.
        let head = self.head(room)?.clone();
        let seq = head.seq + 1;
        // A place has 40 bits for a number.
        if seq > SEQ_MAX || rows::named(&new.event) > SEQ_MAX {
            let detail = "no entry can have such a number";
            return Err(StoreError::Failed(detail.into()).into());
        }
        let writer = self.user(new.from)?;
        let entry = Entry {
            seq,
            id: new.id,
            from: Author {
                id: new.from,
                name: new.name.clone(),
            },
            at: rules::not_before(head.at, self.now),
            event: self.as_stored(head.key, &new.event)?,
        };
        let adds_reaction = self.adds_reaction(head.key, writer, &entry.event)?;
        let refusal = if self.full && !self.frees(head.key, &entry.event)? {
            Some(StoreError::HistoryFull)
        } else if self.is_busy_with(&entry.event) {
            Some(StoreError::Busy)
        } else if self.has_too_many_edits(head.key, &entry.event)? {
            Some(StoreError::TooManyEdits)
        } else if adds_reaction {
            self.too_many_reactions(head.key, writer, &entry.event)?
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return match self.stored_before(head.key, writer, new)? {
                Some(appended) => Ok((appended, None)),
                None => Err(refusal.into()),
            };
        }
        // The insertion itself finds out whether the id is new; looking first would cost every
        // append another search.
        if !self.insert(head.key, writer, &entry, adds_reaction)? {
            return Ok((self.again(head.key, writer, new)?, None));
        }
        self.follow(head.key, writer, &entry)?;
        let appended = Appended {
            seq,
            at: entry.at,
            again: false,
        };
        self.head(room)?.advance(&entry);
        let room = room.clone();
        let committed = Committed::Entry(RoomEntry { room, entry });
        Ok((appended, Some(committed)))
    }

    /// Does what an entry that was just inserted brings with it: its words, and what it takes away.
    pub(super) fn follow(&mut self, room: i64, writer: i64, entry: &Entry) -> Result<(), Failure> {
        index::index(self.connection, &mut self.memory.backlog, room, entry)?;
        match &entry.event {
            Event::Deleted { of } => {
                self.scrub(room, *of)?;
                self.forget_reactions(room, *of)
            }
            Event::Reacted {
                of,
                emoji,
                on: false,
            } => self.take_back(room, writer, *of, emoji),
            Event::Message { .. } | Event::Edited { .. } | Event::Reacted { .. } => Ok(()),
        }
    }

    /// Returns `true` for an edit while as many changes of the index of words wait as may.
    fn is_busy_with(&self, event: &Event) -> bool {
        matches!(event, Event::Edited { .. }) && self.memory.backlog.changes() >= word_changes::MOST
    }

    pub(super) fn reserve(&mut self, room: &RoomId, numbers: u32) -> Result<Seq, Failure> {
        let head = self.head(room)?;
        let last = head.seq;
        let reserved = last.saturating_add(numbers.into());
        if reserved > SEQ_MAX {
            let detail = "no entry can have such a number";
            return Err(StoreError::Failed(detail.into()).into());
        }
        if numbers == 0 {
            return Ok(last);
        }
        // Durable before anybody uses a number of them, so that none is given twice after a crash.
        head.raise(reserved);
        Ok(last)
    }

    /// Inserts an entry, which may stand for a new reaction. Returns `false` if this writer has used
    /// this id before.
    pub(super) fn insert(
        &mut self,
        room: i64,
        writer: i64,
        entry: &Entry,
        stands: bool,
    ) -> Result<bool, Failure> {
        let columns = EventColumns::of(&entry.event);
        let insert = match &mut self.insert {
            Some(insert) => insert,
            none => none.insert(self.connection.prepare_cached(
                "INSERT INTO entries (place, room, writer, id, name, at, kind, text, target,
                                      reply_to, emoji, is_on, stands)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
                 ON CONFLICT (room, writer, id) DO NOTHING",
            )?),
        };
        let inserted = insert.execute(params![
            place(room, entry.seq),
            room,
            writer,
            entry.id.as_bytes(),
            entry.from.name.as_str(),
            entry.at.unix_millis(),
            columns.kind,
            columns.text,
            columns.target,
            columns.reply_to,
            columns.emoji,
            columns.is_on,
            stands.then_some(1_i64),
        ])?;
        Ok(inserted == 1)
    }

    /// Answers an entry that was stored before, and refuses every other one.
    pub(super) fn answer_again(
        &mut self,
        room: &RoomId,
        new: &NewEntry,
    ) -> Result<Appended, Failure> {
        let room = self.head(room)?.key;
        let writer = self.user(new.from)?;
        let stored = self.stored_before(room, writer, new)?;
        stored.ok_or_else(|| StoreError::QuotaReached.into())
    }

    fn stored_before(
        &self,
        room: i64,
        writer: i64,
        new: &NewEntry,
    ) -> Result<Option<Appended>, Failure> {
        let sql = "SELECT 1 FROM entries WHERE room = ?1 AND writer = ?2 AND id = ?3";
        let mut query = self.connection.prepare_cached(sql)?;
        if !query.exists(params![room, writer, new.id.as_bytes()])? {
            return Ok(None);
        }
        self.again(room, writer, new).map(Some)
    }

    /// Returns `true` for the deletion of a text that is there, which gives space back.
    fn frees(&self, room: i64, event: &Event) -> Result<bool, Failure> {
        let Event::Deleted { of } = *event else {
            return Ok(false);
        };
        let sql = "SELECT 1 FROM entries WHERE place = ?1 AND kind = ?2 AND text IS NOT NULL";
        let mut query = self.connection.prepare_cached(sql)?;
        Ok(query.exists([place(room, of), MESSAGE])?)
    }

    /// Returns `true` for an edit of a message that has as many as it may have.
    pub(super) fn has_too_many_edits(&self, room: i64, event: &Event) -> Result<bool, Failure> {
        let Event::Edited { of, .. } = *event else {
            return Ok(false);
        };
        // The kind is in the text because the index is one of this kind only.
        let sql = "SELECT 1 FROM entries WHERE room = ?1 AND target = ?2 AND kind = 1
                   LIMIT 1 OFFSET ?3";
        let last = i64::try_from(rules::MAX_EDITS - 1).unwrap_or(i64::MAX);
        let mut query = self.connection.prepare_cached(sql)?;
        Ok(query.exists([room, number(of), last])?)
    }

    fn again(&self, room: i64, writer: i64, new: &NewEntry) -> Result<Appended, Failure> {
        let sql = format!("{SELECT_ENTRIES} WHERE room = ?1 AND writer = ?2 AND id = ?3");
        let mut query = self.connection.prepare_cached(&sql)?;
        let stored = query.query_row(params![room, writer, new.id.as_bytes()], rows::entry)?;
        if !rules::is_the_same(&stored.event, &new.event) {
            return Err(StoreError::IdReused.into());
        }
        Ok(Appended {
            seq: stored.seq,
            at: stored.at,
            again: true,
        })
    }

    /// Returns an event as it is kept: an edit of a message that was deleted in the meantime has no
    /// text.
    pub(super) fn as_stored(&self, room: i64, event: &Event) -> Result<Event, Failure> {
        let Event::Edited { of, .. } = *event else {
            return Ok(event.clone());
        };
        let mut query = self.connection.prepare_cached(
            "SELECT 1 FROM entries WHERE place = ?1 AND kind = ?2 AND text IS NULL",
        )?;
        Ok(if query.exists([place(room, of), MESSAGE])? {
            Event::Edited { of, text: None }
        } else {
            event.clone()
        })
    }

    /// Takes away the text of a message and of its edits.
    fn scrub(&mut self, room: i64, of: Seq) -> Result<(), Failure> {
        let sql = "UPDATE entries SET text = NULL WHERE place = ?1 AND kind = ?2";
        let mut scrub = self.connection.prepare_cached(sql)?;
        scrub.execute([place(room, of), MESSAGE])?;
        // The kind is in the text because the index is one of this kind only.
        let sql = "UPDATE entries SET text = NULL WHERE room = ?1 AND target = ?2 AND kind = 1";
        let mut scrub = self.connection.prepare_cached(sql)?;
        scrub.execute([room, number(of)])?;
        self.effects.deleted = true;
        Ok(())
    }

    /// Writes the rooms' new heads: once a transaction, not once an entry.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        let sql = "UPDATE rooms SET head = ?2, last_at = ?3 WHERE key = ?1";
        let mut update = self.connection.prepare_cached(sql)?;
        // All appends of a transaction to one room cost one write of its row.
        for head in self.memory.heads.values_mut().filter(|head| head.changed) {
            let at = head.at.map(Timestamp::unix_millis);
            update.execute(params![head.key, number(head.seq), at])?;
            head.changed = false;
        }
        Ok(())
    }

    pub(super) fn execute(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<usize, Failure> {
        Ok(self.connection.prepare_cached(sql)?.execute(values)?)
    }

    pub(super) fn head(&mut self, room: &RoomId) -> Result<&mut Head, Failure> {
        if !self.memory.heads.contains_key(room) {
            let sql = "SELECT key, head, last_at FROM rooms WHERE name = ?1";
            let mut query = self.connection.prepare_cached(sql)?;
            let head = query.query_row([room.to_string()], |row| {
                let at: Option<i64> = row.get(2)?;
                Ok(Head {
                    key: row.get(0)?,
                    seq: rows::seq(row.get(1)?)?,
                    at: at.and_then(Timestamp::from_unix_millis),
                    changed: false,
                })
            });
            if let Some(head) = head.optional()? {
                self.memory.heads.insert(room.clone(), head);
            }
        }
        let head = self.memory.heads.get_mut(room);
        head.ok_or_else(|| StoreError::NoSuchRoom.into())
    }

    /// Returns a user's key; new users get one.
    pub(super) fn user(&mut self, user: UserId) -> Result<i64, Failure> {
        if let Some(key) = self.memory.users.get(&user) {
            return Ok(*key);
        }
        let fingerprint: &dyn ToSql = user.0.as_bytes();
        let sql =
            "INSERT INTO users (fingerprint) VALUES (?1) ON CONFLICT (fingerprint) DO NOTHING";
        self.execute(sql, [fingerprint])?;
        // Not `RETURNING`, which gives nothing when the row was there already.
        let sql = "SELECT key FROM users WHERE fingerprint = ?1";
        let mut query = self.connection.prepare_cached(sql)?;
        let key = query.query_row([fingerprint], |row| row.get(0))?;
        self.memory.users.insert(user, key);
        Ok(key)
    }
}
