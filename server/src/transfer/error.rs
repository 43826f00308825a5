//! The reasons for which rooms are not exported or not imported.

use std::io;
use std::path::PathBuf;

use shared::chat::RoomId;
use thiserror::Error;

use crate::store::{InsertError, OpenError, StoreError};

/// The reason for which not everything was exported.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file in the data folder that the lines are gathered in cannot be written.
    #[error("cannot gather the export in {path}: {1}", path = .0.display())]
    Gather(PathBuf, #[source] io::Error),
    /// The lines cannot be written.
    #[error("the export cannot be written: {0}")]
    Write(#[source] io::Error),
}

/// The reason for which nothing was imported.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The database cannot be opened, or a server uses it.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database cannot be written.
    #[error(transparent)]
    Store(#[from] InsertError),
    /// The data folder cannot be made.
    #[error("cannot use the data folder {path}: {1}", path = .0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// The export cannot be read.
    #[error("cannot read {path}: {1}", path = .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// The file in the data folder in which another program's export is gathered has failed.
    #[error("cannot gather the export in {path}: {1}", path = .0.display())]
    Gather(PathBuf, #[source] rusqlite::Error),
    /// Something in the export is wrong.
    #[error("{place}: {problem}")]
    At {
        /// The line, or the file and the line.
        place: String,
        /// What is wrong there.
        #[source]
        problem: Problem,
    },
    /// A room of the import that was to have another name is not there.
    #[error("the import has no room {0}, which --rename names")]
    NothingToRename(RoomId),
    /// Nobody has the name or key.
    #[error("nobody has the name {0:?} here; name the key, SHA256:…")]
    NoSuchOwner(String),
}

/// What is wrong at a place of an export.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file cannot be read here.
    #[error("it cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The line is longer than one can be.
    #[error("the line is longer than {limit} bytes")]
    TooLong {
        /// The bound in bytes.
        limit: usize,
    },
    /// The line is not UTF-8.
    #[error("the line is not UTF-8")]
    NotUtf8,
    /// The line is no JSON, or not what a line of an export is.
    #[error("{}", without_line(.0))]
    Json(#[source] serde_json::Error),
    /// The file is none that this program reads.
    #[error("this is no export of Secure Chat, Mattermost or Slack")]
    Unknown,
    /// Another version of the format.
    #[error("the export has version {0}, and this program reads version {version}", version = super::VERSION)]
    Version(u64),
    /// The line belongs to another room than those around it.
    #[error("it belongs to the room {0}, but does not follow that room's own line")]
    OtherRoom(RoomId),
    /// A line that cannot come here.
    #[error("a line of this kind cannot come here")]
    Order,
    /// The room has come before.
    #[error("the room {0} comes twice")]
    RoomTwice(RoomId),
    /// The text is no name.
    #[error("{0:?} is no name")]
    Name(String),
    /// The end names another number of lines.
    #[error("the end counts {told} lines before it, and there are {there}: the export was changed")]
    Count {
        /// The number in the line.
        told: u64,
        /// The lines that were there.
        there: u64,
    },
    /// The export has no end.
    #[error("the export ends without its last line: it was cut")]
    Cut,
    /// There is something behind the end.
    #[error("there is something behind the last line")]
    BehindEnd,
    /// It cannot be stored.
    #[error("{cause}{}", advice(.0), cause = .0)]
    Insert(#[source] InsertError),
    /// A field that must be there is missing or wrong.
    #[error("{0}")]
    Field(String),
    /// The archive is damaged, or no archive.
    #[error("the archive cannot be read: {0}")]
    Archive(#[source] zip::result::ZipError),
    /// The archive has a name that leads out of it.
    #[error("the archive has the unsafe path {0:?}")]
    UnsafePath(String),
    /// The archive has more files than one can have.
    #[error("the archive has more than {0} files")]
    TooManyFiles(usize),
    /// A file, or all together, is larger than it can be.
    #[error("it has more than {0} bytes when it is unpacked, more than an export has: a zip bomb?")]
    TooLarge(u64),
}

/// Returns serde's message with the column alone: it counts lines from the beginning of ours.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&end) {
        Some(message) => format!("{message}, at column {}", error.column()),
        None => text,
    }
}

/// Returns the way out of a collision, as the end of a sentence.
fn advice(error: &InsertError) -> &'static str {
    match error {
        InsertError::RoomInUse(RoomId::Named(_)) => {
            ": --rename ROOM=NEW gives the imported room another name, --skip-existing leaves it out"
        }
        InsertError::RoomInUse(RoomId::Direct(_)) => ": --skip-existing leaves it out",
        _ => "",
    }
}
