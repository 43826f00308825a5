//! The messages of another program's export, gathered in a file, because they come in another order
//! than that of their times, and may be more than the memory holds.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use shared::chat::{Seq, Timestamp};
use tempfile::TempPath;

use super::super::error::{ImportError, Problem};
use super::people::People;

/// Memory for pages of the file, in KiB.
const CACHE_KIB: i32 = 64 * 1024;

/// A room of another program.
#[derive(Debug)]
pub(super) struct GatheredRoom {
    /// The names that it could have here, best first.
    pub(super) names: Vec<String>,
    pub(super) topic: String,
    pub(super) private: bool,
    /// Its id there, for the ids of its messages.
    pub(super) id: String,
}

/// A message or a reaction, before it has its number.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) at: Timestamp,
    /// Number of the writer among the people.
    pub(super) writer: usize,
    /// The message's id there, or for a reaction that of its message.
    pub(super) key: String,
    pub(super) content: Content,
}

/// What an item is.
#[derive(Debug)]
pub(super) enum Content {
    Message {
        text: String,
        /// The id of the message that it answers.
        parent: Option<String>,
    },
    Reaction(String),
}

/// A gathered export.
pub(super) struct Gathered {
    /// The program's name.
    pub(super) source: &'static str,
    pub(super) people: People,
    pub(super) rooms: Vec<GatheredRoom>,
    connection: Connection,
    data: PathBuf,
    /// Deletes the file when it is dropped, behind the connection.
    _file: TempPath,
}

impl Gathered {
    /// Makes an empty file in the data folder, which is its owner's alone.
    pub(super) fn new(data: &Path) -> Result<Self, ImportError> {
        let builder = tempfile::Builder::new()
            .prefix(".import-")
            .tempfile_in(data);
        let file = builder.map_err(|error| ImportError::Folder(data.to_owned(), error))?;
        let file = file.into_temp_path();
        let open = || {
            let connection = Connection::open(&file)?;
            // The file is deleted whatever happens: nothing of it has to survive.
            connection.pragma_update(None, "journal_mode", "OFF")?;
            connection.pragma_update(None, "synchronous", "OFF")?;
            connection.pragma_update(None, "temp_store", "MEMORY")?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
            // Numbers in the order of the export: of two items of one moment the first stays first.
            connection.execute_batch(
                "BEGIN;
                CREATE TABLE items (
                    number INTEGER PRIMARY KEY,
                    room INTEGER NOT NULL,
                    at INTEGER NOT NULL,
                    writer INTEGER NOT NULL,
                    key TEXT NOT NULL,
                    text TEXT,
                    parent TEXT,
                    emoji TEXT
                ) STRICT;
                CREATE UNIQUE INDEX messages ON items (room, key) WHERE emoji IS NULL;
                CREATE INDEX times ON items (room, at);
                CREATE TABLE seqs (
                    room INTEGER NOT NULL,
                    key TEXT NOT NULL,
                    seq INTEGER NOT NULL,
                    PRIMARY KEY (room, key)
                ) STRICT, WITHOUT ROWID;",
            )?;
            Ok(connection)
        };
        let connection = open().map_err(|error| ImportError::Gather(data.to_owned(), error))?;
        Ok(Self {
            source: "",
            people: People::default(),
            rooms: Vec::new(),
            connection,
            data: data.to_owned(),
            _file: file,
        })
    }

    /// Adds a room, and returns its number.
    pub(super) fn add_room(&mut self, room: GatheredRoom) -> usize {
        self.rooms.push(room);
        self.rooms.len() - 1
    }

    /// Adds an item. Returns `false` for a message whose id came before in its room.
    pub(super) fn add(&mut self, room: usize, item: &Item) -> Result<bool, ImportError> {
        let (text, parent, emoji) = match &item.content {
            Content::Message { text, parent } => (Some(text), parent.as_ref(), None),
            Content::Reaction(emoji) => (None, None, Some(emoji)),
        };
        let sql = "INSERT INTO items (room, at, writer, key, text, parent, emoji)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                   ON CONFLICT (room, key) WHERE emoji IS NULL DO NOTHING";
        let add = || {
            let values = params![
                number(room),
                item.at.unix_millis(),
                number(item.writer),
                item.key,
                text,
                parent,
                emoji
            ];
            self.connection.prepare_cached(sql)?.execute(values)
        };
        let added = add().map_err(|error| self.failed(error))?;
        Ok(added == 1)
    }

    /// Calls `take` with the items of a room, in the order of their times.
    pub(super) fn each(
        &self,
        room: usize,
        mut take: impl FnMut(Item) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let failed = |error| self.failed(error);
        let sql = "SELECT at, writer, key, text, parent, emoji FROM items
                   WHERE room = ?1 ORDER BY at, number";
        let mut query = self.connection.prepare(sql).map_err(failed)?;
        let mut rows = query.query([number(room)]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let item = || {
                let text: Option<String> = row.get(3)?;
                let content = match text {
                    Some(text) => Content::Message {
                        text,
                        parent: row.get(4)?,
                    },
                    None => Content::Reaction(row.get(5)?),
                };
                let writer: u32 = row.get(1)?;
                rusqlite::Result::Ok(Item {
                    // It was a time when it was added.
                    at: Timestamp::from_unix_millis(row.get(0)?).unwrap_or_default(),
                    writer: usize::try_from(writer).unwrap_or(usize::MAX),
                    key: row.get(2)?,
                    content,
                })
            };
            take(item().map_err(failed)?)?;
        }
        Ok(())
    }

    /// Notes the number that a message has here.
    pub(super) fn set_seq(&self, room: usize, key: &str, seq: Seq) -> Result<(), ImportError> {
        let set = || {
            let sql = "INSERT INTO seqs (room, key, seq) VALUES (?1, ?2, ?3)";
            let seq = i64::try_from(seq).unwrap_or(i64::MAX);
            let values = params![number(room), key, seq];
            self.connection.prepare_cached(sql)?.execute(values)
        };
        set().map_err(|error| self.failed(error)).map(|_| ())
    }

    /// Returns the number that a message has here, if it has one already.
    pub(super) fn seq(&self, room: usize, key: &str) -> Result<Option<Seq>, ImportError> {
        let find = || {
            let sql = "SELECT seq FROM seqs WHERE room = ?1 AND key = ?2";
            let mut query = self.connection.prepare_cached(sql)?;
            let seq = query.query_row(params![number(room), key], |row| row.get::<_, i64>(0));
            rusqlite::Result::Ok(seq.optional()?.and_then(|seq| Seq::try_from(seq).ok()))
        };
        find().map_err(|error| self.failed(error))
    }

    fn failed(&self, error: rusqlite::Error) -> ImportError {
        ImportError::Gather(self.data.clone(), error)
    }
}

fn number(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

/// Returns the time of milliseconds since 1970, as another program writes it.
pub(super) fn time(millis: i64) -> Result<Timestamp, Problem> {
    let time = Timestamp::from_unix_millis(millis);
    time.ok_or_else(|| Problem::Field(format!("{millis} is no time")))
}
