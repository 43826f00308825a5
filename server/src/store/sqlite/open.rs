//! Opens a database: locks it, refuses what must not be written to, and makes a new one whole or
//! not at all.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::OpenError;
use super::schema::{self, APPLICATION_ID};

/// Time for which a statement waits for another program that uses the database.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// SQLite needs no lock around each call: a connection is used by one thread at a time, which
/// rusqlite's type sees to.
const UNSHARED: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX;

/// Most bytes of the log that stay on the disk when everything of it is in the database.
const LOG_BYTES: u32 = 64 * 1024 * 1024;

/// Most memory for pages of a connection that reads, in KiB: a page of history is a tenth of it.
const READER_CACHE_KIB: i32 = 512;

/// Statements that stay prepared: all that a connection ever has.
const STATEMENTS: usize = 64;

/// The database's first bytes (<https://sqlite.org/fileformat2.html#the_database_header>).
const HEADER_BYTES: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const VERSION_AT: usize = 60;
const APPLICATION_AT: usize = 68;

/// Takes the database at `path` for as long as the file that it gives lives. The lock has a file of
/// its own, which stays: SQLite's locks are lost when anybody else in the process closes theirs.
pub(super) fn lock(path: &Path) -> Result<File, OpenError> {
    let beside = beside(path, ".lock");
    let failed = |error| OpenError::Io(beside.clone(), error);
    let file = private_file(&beside).map_err(failed)?;
    // Not waiting: a second server should say that there is one, and not hang.
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Opens the connection that writes, and brings the database to the newest version.
pub(super) fn writer(path: &Path) -> Result<Connection, OpenError> {
    if is_new(path)? {
        create(path)?;
    } else {
        check(path)?;
    }
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | UNSHARED;
        let mut connection = Connection::open_with_flags(path, flags)?;
        configure(&connection)?;
        let said: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if said != "wal" {
            tracing::warn!(mode = said, "the database cannot have a write-ahead log");
        }
        // What is durable survives the end of the machine's power: each commit waits for the disk.
        connection.pragma_update(None, "synchronous", "FULL")?;
        // On macOS the disk itself keeps what it was given until it is asked (F_FULLFSYNC); elsewhere
        // these change nothing.
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "checkpoint_fullfsync", true)?;
        // A tenth of an append would be the search for its room and its writer, whose keys have just
        // been looked up. No user is ever deleted, and a room's row goes after its last entry; the
        // tests check every reference (`PRAGMA foreign_key_check`).
        connection.pragma_update(None, "foreign_keys", false)?;
        // What is deleted is overwritten.
        connection.pragma_update(None, "secure_delete", true)?;
        // A burst must not leave its log on the disk for good.
        connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
        schema::migrate(&mut connection)?;
        // The writer does it when nobody waits for an answer.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        Ok(connection)
    };
    open().map_err(|error| OpenError::of_sqlite(path, error))
}

/// Opens a connection that reads, while there is one that writes.
pub(super) fn reader(path: &Path) -> Result<Connection, OpenError> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | UNSHARED;
        let connection = Connection::open_with_flags(path, flags)?;
        configure(&connection)?;
        // Every commit of the writer empties it, so more would only be memory that stays taken.
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        Ok(connection)
    };
    open().map_err(|error| OpenError::of_sqlite(path, error))
}

/// Opens a connection that reads, whether a server has the database open or not. A file that is not
/// there is not made.
pub(super) fn for_reading(path: &Path) -> Result<Connection, OpenError> {
    peek(path)?;
    reader(path)
}

/// Looks at the first bytes of a database, and returns the version of its tables.
pub(super) fn peek(path: &Path) -> Result<u32, OpenError> {
    let header = header(path).map_err(|error| OpenError::Io(path.to_owned(), error))?;
    let Some(header) = header.filter(|header| header.starts_with(MAGIC)) else {
        return Err(OpenError::NotADatabase(path.to_owned()));
    };
    let version = number(&header, VERSION_AT);
    judge(path, number(&header, APPLICATION_AT), version)?;
    Ok(version)
}

/// Returns `true` while somebody has the [`lock`] of the database at `path`.
pub(super) fn is_locked(path: &Path) -> bool {
    // Not made if it is not there: whoever looks changes nothing.
    let file = File::open(beside(path, ".lock"));
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // What a query sorts must not lie in the system's folder for temporary files.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // A schema that was tampered with calls no functions.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Nor can a statement write into the tables that SQLite keeps for itself.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(())
}

/// Returns `true` if there is no database yet.
fn is_new(path: &Path) -> Result<bool, OpenError> {
    if length(path)?.unwrap_or(0) > 0 {
        return Ok(false);
    }
    // SQLite would take the log for the new database's.
    if has_log(path)? {
        let detail = "its log is there, but the database is not";
        return Err(OpenError::Damaged(path.to_owned(), detail.into()));
    }
    Ok(true)
}

/// Makes a database beside its place and renames it, so that a crash never leaves half of one.
fn create(path: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::Io(path.to_owned(), error);
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    // Only its owner can read it; SQLite gives the files beside it the same rights.
    let file = tempfile::Builder::new()
        .prefix(".chat")
        .tempfile_in(folder)
        .map_err(failed)?
        .into_temp_path();
    let make = || {
        let mut connection = Connection::open(&file)?;
        schema::migrate(&mut connection)?;
        connection.close().map_err(|(_, error)| error)
    };
    make().map_err(|error| OpenError::of_sqlite(path, error))?;
    // All of it is there before it has its name.
    file.persist(path).map_err(|error| failed(error.error))?;
    native::files::sync_folder(folder).map_err(failed)
}

/// Refuses what must not be written to, and changes nothing. Reads all of the database.
fn check(path: &Path) -> Result<(), OpenError> {
    // Before SQLite sees it: databases of others may need what this one does not have.
    peek(path)?;
    let with_log = has_log(path)?;
    let index = beside(path, "-shm");
    let had_index = length(&index)?.is_some();
    let checked = check_by_sqlite(path, with_log);
    if checked.is_err() && with_log && !had_index {
        // SQLite made it to read the log.
        let _ = fs::remove_file(index);
    }
    checked
}

/// A database that was not closed has a log, and what the log says counts. Then it is opened for
/// writing, which reading a log needs, but so that the log stays. Else it is opened so that there
/// is no file beside it at any time.
fn check_by_sqlite(path: &Path, with_log: bool) -> Result<(), OpenError> {
    let look = || {
        let connection = if with_log {
            let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            connection
        } else {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            Connection::open_with_flags(immutable(path), flags)?
        };
        let application = connection.pragma_query_value(None, "application_id", |row| row.get(0));
        let version = schema::version_of(&connection)?;
        // Reads every page, so that damage is found before anything is added to it.
        let said = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
        Ok((application?, version, said?))
    };
    let seen: rusqlite::Result<(u32, u32, String)> = look();
    let (application, version, said) = seen.map_err(|error| OpenError::of_sqlite(path, error))?;
    judge(path, application, version)?;
    if said == "ok" {
        Ok(())
    } else {
        Err(OpenError::Damaged(path.to_owned(), said.into()))
    }
}

fn judge(path: &Path, application: u32, version: u32) -> Result<(), OpenError> {
    let (path, known) = (path.to_owned(), schema::newest());
    if application != APPLICATION_ID {
        return Err(OpenError::NotOurs(path));
    }
    if version > known {
        return Err(OpenError::Newer {
            path,
            version,
            known,
        });
    }
    Ok(())
}

/// Reads a file's first bytes; `None` if there are fewer.
fn header(path: &Path) -> io::Result<Option<[u8; HEADER_BYTES]>> {
    let mut header = [0; HEADER_BYTES];
    match File::open(path)?.read_exact(&mut header) {
        Ok(()) => Ok(Some(header)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn number(header: &[u8; HEADER_BYTES], at: usize) -> u32 {
    let bytes = header[at..].first_chunk().copied();
    bytes.map_or(0, u32::from_be_bytes)
}

fn has_log(path: &Path) -> Result<bool, OpenError> {
    Ok(length(&beside(path, "-wal"))?.unwrap_or(0) > 0)
}

/// Returns a file's length; `None` if it is not there.
fn length(path: &Path) -> Result<Option<u64>, OpenError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpenError::Io(path.to_owned(), error)),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens a file that only its owner can read; an existing one stays as it is.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The URI of a file that nobody changes. Only what would end a path in it, or start an escape, is
/// escaped.
fn immutable(path: &Path) -> String {
    let path = path.to_string_lossy();
    let path = path.replace('%', "%25").replace('?', "%3f");
    format!("file:{}?immutable=1", path.replace('#', "%23"))
}
