//! The database's tables, by numbered migrations, and the checks before anything is written.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

/// What `PRAGMA application_id` says: "SCht".
const APPLICATION_ID: u32 = 0x5343_6874;

/// Each brings the database from the version of its index to the next.
const MIGRATIONS: [&str; 1] = [
    // `kind` is that of `rows::Kind`. A user is the 32 bytes of a fingerprint, a time milliseconds
    // since 1970. `entries` keeps its rowid, which a full-text index can point to.
    "CREATE TABLE rooms (
        key INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        topic TEXT NOT NULL,
        private INTEGER NOT NULL,
        head INTEGER NOT NULL DEFAULT 0,
        last_at INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE entries (
        key INTEGER PRIMARY KEY,
        room INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        id BLOB NOT NULL,
        author BLOB NOT NULL,
        author_name TEXT NOT NULL,
        at INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        text TEXT,
        target INTEGER,
        emoji TEXT,
        is_on INTEGER,
        UNIQUE (room, seq),
        UNIQUE (room, author, id)
    ) STRICT;
    CREATE INDEX entries_by_target ON entries (room, target) WHERE target IS NOT NULL;
    CREATE TABLE members (
        room INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
        user BLOB NOT NULL,
        read INTEGER NOT NULL,
        PRIMARY KEY (room, user)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE invited (
        room INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
        user BLOB NOT NULL,
        PRIMARY KEY (room, user)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE names (user BLOB PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE operators (user BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;",
];

/// Why a database cannot be used. It was not changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The file cannot be read or made.
    Io(PathBuf, io::Error),
    /// Another server uses it.
    InUse(PathBuf),
    /// It is no SQLite database.
    NotADatabase(PathBuf),
    /// It is some other program's.
    NotOurs(PathBuf),
    /// A newer version of this program has made it.
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: u32,
        /// The newest that we know.
        known: u32,
    },
    /// It is damaged; holds what SQLite says.
    Damaged(PathBuf, String),
    /// SQLite fails.
    Sqlite(PathBuf, rusqlite::Error),
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "cannot use {}: {error}", path.display()),
            Self::InUse(path) => write!(f, "another server uses {}", path.display()),
            Self::NotADatabase(path) => write!(f, "{} is no SQLite database", path.display()),
            Self::NotOurs(path) => {
                write!(f, "{} is the database of another program", path.display())
            }
            Self::Newer {
                path,
                version,
                known,
            } => write!(
                f,
                "{} was made by a newer version of this program (its version is {version}, and \
                 this program knows up to {known}); it was not touched",
                path.display()
            ),
            Self::Damaged(path, detail) => write!(
                f,
                "{} is damaged ({detail}); it was not touched. Restore a copy, or move it away to \
                 start anew",
                path.display()
            ),
            Self::Sqlite(path, error) => write!(f, "cannot open {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for OpenError {}

/// The first 100 bytes of a database (<https://sqlite.org/fileformat2.html#the_database_header>).
const HEADER_BYTES: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Refuses what we must not write to, without SQLite, which may change files by looking at them.
pub(super) fn check(path: &Path) -> Result<(), OpenError> {
    let mut header = Vec::new();
    let read = File::open(path).and_then(|file| {
        let limit = u64::try_from(HEADER_BYTES).unwrap_or(u64::MAX);
        file.take(limit).read_to_end(&mut header)
    });
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(OpenError::Io(path.to_owned(), error)),
        // A server that was stopped before its first transaction leaves an empty file.
        Ok(0) => return Ok(()),
        Ok(_) => {}
    }
    if header.len() < HEADER_BYTES || !header.starts_with(MAGIC) {
        return Err(OpenError::NotADatabase(path.to_owned()));
    }
    let number = |at: usize| {
        let bytes = header
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_be_bytes)
    };
    let (version, application) = (number(60), number(68));
    if application != APPLICATION_ID {
        return Err(OpenError::NotOurs(path.to_owned()));
    }
    let known = known();
    if version > known {
        let path = path.to_owned();
        return Err(OpenError::Newer {
            path,
            version,
            known,
        });
    }
    quick_check(path)
}

fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Looks at every page. A database that was not closed has a log beside it, with which SQLite has
/// to begin: then it is opened as it is; else in a way that leaves no file behind.
fn quick_check(path: &Path) -> Result<(), OpenError> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let closed = !Path::new(&log).exists();
    let damaged = |error: rusqlite::Error| OpenError::Damaged(path.to_owned(), error.to_string());
    let connection = if closed {
        let uri = format!("file:{}?immutable=1", encode_path(path));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        Connection::open_with_flags(uri, flags)
    } else {
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }
    .map_err(damaged)?;
    let said: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(damaged)?;
    if said == "ok" {
        Ok(())
    } else {
        Err(OpenError::Damaged(path.to_owned(), said))
    }
}

/// A path as a URI's path: only what would end it, or start an escape, is escaped.
fn encode_path(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23")
}

/// Sets a writing connection up, and brings the database to this program's version.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    // What is durable survives the end of the machine's power too: each commit waits for the disk.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten.
    connection.pragma_update(None, "secure_delete", true)?;
    let mut version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    for migration in MIGRATIONS.iter().skip(done) {
        version += 1;
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
