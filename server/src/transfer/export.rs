//! Writes all rooms of a server as lines.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use shared::chat::server::RoomEntry;
use shared::chat::{Entry, RoomId, Seq, UserId};

use super::VERSION;
use super::error::ExportError;
use super::record::{End, Header, Invited, Member, Person, Record, RoleOf, Room};
use crate::store::{Frozen, PageSize, RoomRecord, Snapshot, StoreError, frozen};

/// The entries that are in memory at a time.
const PAGE: PageSize = PageSize {
    entries: 500,
    bytes: 1024 * 1024,
};

/// A store at one moment.
pub trait Source {
    /// Returns everything but entries.
    ///
    /// # Errors
    /// [`StoreError`].
    fn snapshot(&mut self) -> Result<Snapshot, StoreError>;

    /// Returns the next entries of a room, oldest first; none if there are no more.
    ///
    /// # Errors
    /// [`StoreError`].
    fn read_after(
        &mut self,
        room: &RoomId,
        after: Seq,
        page: PageSize,
    ) -> Result<Vec<Entry>, StoreError>;
}

impl Source for Frozen<'_> {
    fn snapshot(&mut self) -> Result<Snapshot, StoreError> {
        Frozen::snapshot(self)
    }

    fn read_after(
        &mut self,
        room: &RoomId,
        after: Seq,
        page: PageSize,
    ) -> Result<Vec<Entry>, StoreError> {
        Frozen::read_after(self, room, after, page)
    }
}

/// Writes all rooms of the data folder's history to `out`, as they are at one moment. A server may
/// run meanwhile.
///
/// The lines are first gathered in a file without a name in the data folder. `out` may stall, and a
/// reader of the database that waits for it would keep deleted texts in the server's log.
///
/// # Errors
/// [`ExportError`]; nothing was written to `out` unless it is [`ExportError::Write`].
pub fn export(data: &Path, database: &str, out: &mut dyn Write) -> Result<(), ExportError> {
    let gather = |error| ExportError::Gather(data.to_owned(), error);
    // Before the file: a folder that is not there has no database either.
    let mut lines = frozen(&data.join(database), |frozen| {
        let file = tempfile::tempfile_in(data).map_err(gather)?;
        let mut lines = BufWriter::new(file);
        write(frozen, &mut lines).map_err(|error| match error {
            ExportError::Write(error) => gather(error),
            error => error,
        })?;
        lines
            .into_inner()
            .map_err(|error| gather(error.into_error()))
    })?;
    lines.rewind().map_err(gather)?;
    io::copy(&mut lines, out).map_err(ExportError::Write)?;
    out.flush().map_err(ExportError::Write)
}

/// Writes all rooms of a source to `out`. The same rooms always give the same bytes.
///
/// # Errors
/// [`ExportError`]; a part may have been written.
pub fn write(source: &mut dyn Source, out: &mut dyn Write) -> Result<(), ExportError> {
    let snapshot = source.snapshot()?;
    let mut lines = Writer { out, lines: 0 };
    lines.write(&Record::Export(Header { version: VERSION }))?;
    for person in people(&snapshot) {
        lines.write(&Record::Person(person))?;
    }
    // A snapshot's rooms are in the order of their ids, and its people in that of their keys.
    for record in &snapshot.rooms {
        write_room(source, record, &mut lines)?;
    }
    let end = End { lines: lines.lines };
    lines.write(&Record::End(end))?;
    lines.out.flush().map_err(ExportError::Write)
}

/// Returns those of whom there is more to say than what they wrote.
fn people(snapshot: &Snapshot) -> impl Iterator<Item = Person> {
    let mut people: BTreeMap<UserId, (Option<String>, bool)> = BTreeMap::new();
    for (user, name) in &snapshot.names {
        people.entry(*user).or_default().0 = Some(name.as_str().to_owned());
    }
    for user in &snapshot.v2_users {
        people.entry(*user).or_default().1 = true;
    }
    let person = |(id, (name, v2))| Person { id, name, v2 };
    people.into_iter().map(person)
}

fn write_room(
    source: &mut dyn Source,
    record: &RoomRecord,
    lines: &mut Writer<'_>,
) -> Result<(), ExportError> {
    let room = || record.room.clone();
    lines.write(&Record::Room(Room {
        id: room(),
        topic: record.topic.as_str().to_owned(),
        private: record.private,
        keep: record.keep,
        head: record.head,
    }))?;
    for &(user, read) in &record.members {
        let member = Member {
            room: room(),
            user,
            read,
        };
        lines.write(&Record::Member(member))?;
    }
    for &user in &record.invited {
        let invited = Invited { room: room(), user };
        lines.write(&Record::Invited(invited))?;
    }
    for &(user, role) in &record.roles {
        let role = RoleOf {
            room: room(),
            user,
            role,
        };
        lines.write(&Record::Role(role))?;
    }
    let mut last = 0;
    loop {
        let entries = source.read_after(&record.room, last, PAGE)?;
        let Some(newest) = entries.last() else {
            return Ok(());
        };
        last = newest.seq;
        for entry in entries {
            let entry = RoomEntry {
                room: room(),
                entry,
            };
            lines.write(&Record::Entry(entry))?;
        }
    }
}

/// Writes lines, and counts them.
struct Writer<'a> {
    out: &'a mut dyn Write,
    lines: u64,
}

impl Writer<'_> {
    fn write(&mut self, record: &Record) -> Result<(), ExportError> {
        self.lines += 1;
        serde_json::to_writer(&mut *self.out, record)
            .map_err(io::Error::from)
            .and_then(|()| self.out.write_all(b"\n"))
            .map_err(ExportError::Write)
    }
}
