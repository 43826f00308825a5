//! Reads an export, of this program or another one, into the history of a server that is stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;

use serde::Deserialize;
use shared::chat::{Name, RoomId, RoomName, Seq, Topic};

use super::error::{ImportError, Problem};
use super::foreign;
use super::lines::{Lines, at};
use super::names::ClaimedNames;
use super::record::{End, Person, Record, Room};
use super::{MAX_LINE_BYTES, VERSION};
use crate::store::{self, Import};

/// The choices of whoever imports.
#[derive(Debug, Default)]
pub struct Options {
    /// New names of rooms of the import.
    pub renamed: BTreeMap<RoomId, RoomName>,
    /// Leaves out rooms that have entries here; otherwise they are an error.
    pub skip_existing: bool,
    /// Key or name of the person who owns the rooms of another program's export, and so can enter
    /// the private ones.
    pub owner: Option<String>,
}

/// The result of an import.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rooms that were imported.
    pub rooms: u64,
    /// Entries of these.
    pub entries: u64,
    /// What was left out or changed, in words, with how often.
    pub notes: BTreeMap<String, u64>,
}

impl Report {
    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.note_many(note, 1);
    }

    pub(super) fn note_many(&mut self, note: impl Into<String>, times: u64) {
        if times > 0 {
            *self.notes.entry(note.into()).or_default() += times;
        }
    }
}

/// Imports the export at `path` into the history of the data folder `data`, all of it or nothing.
///
/// # Errors
/// [`ImportError`] names the line; then nothing was imported.
pub fn import(
    path: &Path,
    data: &Path,
    database: &str,
    options: &Options,
) -> Result<Report, ImportError> {
    let unread = |error| ImportError::Read(path.to_owned(), error);
    let folder = |error| ImportError::Folder(data.to_owned(), error);
    let history = data.join(database);
    if path.is_dir() {
        native::files::make_folder(data).map_err(folder)?;
        return foreign::import_folder(path, data, &history, options);
    }
    let mut file = File::open(path).map_err(unread)?;
    let mut start = Vec::new();
    file.by_ref()
        .take(4)
        .read_to_end(&mut start)
        .map_err(unread)?;
    file.rewind().map_err(unread)?;
    // Before anything is made: a file that is none of ours leaves nothing.
    if start.starts_with(foreign::ZIP_MAGIC) {
        native::files::make_folder(data).map_err(folder)?;
        return foreign::import_archive(file, data, &history, options);
    }
    let mut reader = BufReader::new(file);
    let first = first_line(&mut reader)?;
    reader.rewind().map_err(unread)?;
    native::files::make_folder(data).map_err(folder)?;
    match first {
        First::Export => store::import(&history, |import| read(reader, import, options)),
        First::Mattermost => foreign::import_mattermost(reader, data, &history, options),
    }
}

/// The program that a file of lines is from.
#[derive(Clone, Copy)]
enum First {
    Export,
    Mattermost,
}

/// The first line of both.
#[derive(Deserialize)]
struct Start {
    export: Option<Version>,
    #[serde(rename = "type")]
    kind: Option<String>,
    version: Option<u64>,
}

#[derive(Deserialize)]
struct Version {
    version: u64,
}

fn first_line(reader: &mut impl BufRead) -> Result<First, ImportError> {
    let mut lines = Lines::new(reader, MAX_LINE_BYTES);
    let Some(line) = lines.next()? else {
        return Err(at(1, Problem::Unknown));
    };
    let start: Start = match serde_json::from_str(line) {
        Ok(start) => start,
        Err(_) => return Err(at(1, Problem::Unknown)),
    };
    match start {
        Start {
            export: Some(Version { version }),
            ..
        } => {
            if version == u64::from(VERSION) {
                Ok(First::Export)
            } else {
                Err(at(1, Problem::Version(version)))
            }
        }
        Start {
            kind: Some(kind),
            version: Some(version),
            ..
        } if kind == "version" => {
            if version == foreign::MATTERMOST_VERSION {
                Ok(First::Mattermost)
            } else {
                let field = format!(
                    "Mattermost's export has version {version}, and this program reads version {}",
                    foreign::MATTERMOST_VERSION
                );
                Err(at(1, Problem::Field(field)))
            }
        }
        _ => Err(at(1, Problem::Unknown)),
    }
}

/// The room whose lines are being read.
struct Current {
    /// Its name in the export.
    told: RoomId,
    /// Its name here; `None` if it is left out.
    room: Option<RoomId>,
    head: Seq,
    /// The line that began it.
    line: u64,
}

/// Reads an export of this program.
pub(super) fn read(
    reader: impl BufRead,
    import: &mut Import<'_>,
    options: &Options,
) -> Result<Report, ImportError> {
    let mut reading = Reading {
        names: ClaimedNames::new(&import.names()?),
        rooms: BTreeSet::new(),
        current: None,
        options,
        report: Report::default(),
    };
    let mut lines = Lines::new(reader, MAX_LINE_BYTES);
    let mut end = None;
    while let Some(line) = lines.next()? {
        let record = serde_json::from_str(line);
        let number = lines.number();
        let wrong = |problem| at(number, problem);
        let record: Record = record.map_err(|error| wrong(Problem::Json(error)))?;
        if end.is_some() {
            return Err(wrong(Problem::BehindEnd));
        }
        if let Record::End(End { lines: told }) = record {
            let there = number - 1;
            if told != there {
                return Err(wrong(Problem::Count { told, there }));
            }
            reading.finish_room(import)?;
            end = Some(number);
            continue;
        }
        // The first line was looked at, and is nowhere else.
        if matches!(record, Record::Export(_)) != (number == 1) {
            return Err(wrong(Problem::Order));
        }
        reading.take(record, number, import)?;
    }
    if end.is_none() {
        return Err(lines.error(Problem::Cut));
    }
    let missing = options
        .renamed
        .keys()
        .find(|room| !reading.rooms.contains(room));
    match missing {
        Some(room) => Err(ImportError::NothingToRename(room.clone())),
        None => Ok(reading.report),
    }
}

struct Reading<'a> {
    names: ClaimedNames,
    /// The rooms of the export so far.
    rooms: BTreeSet<RoomId>,
    current: Option<Current>,
    options: &'a Options,
    report: Report,
}

impl Reading<'_> {
    fn take(
        &mut self,
        record: Record,
        line: u64,
        import: &mut Import<'_>,
    ) -> Result<(), ImportError> {
        let wrong = |problem| at(line, problem);
        let stored = |error| wrong(Problem::Insert(error));
        match record {
            Record::Export(_) | Record::End(_) => return Ok(()),
            Record::Person(person) => {
                if !self.rooms.is_empty() {
                    return Err(wrong(Problem::Order));
                }
                return self.person(person, line, import);
            }
            Record::Room(room) => return self.begin_room(room, line, import),
            Record::Member(_) | Record::Invited(_) | Record::Role(_) | Record::Entry(_) => {}
        }
        let told = record.room();
        let current = self.current.as_ref();
        let Some(current) = current.filter(|it| Some(&it.told) == told) else {
            let other = told.cloned().map_or(Problem::Order, Problem::OtherRoom);
            return Err(wrong(other));
        };
        let Some(room) = &current.room else {
            return Ok(());
        };
        match record {
            Record::Member(member) => import.member(room, member.user, member.read),
            Record::Invited(invited) => import.invited(room, invited.user),
            Record::Role(role) => import.role(room, role.user, role.role),
            Record::Entry(entry) => {
                self.report.entries += 1;
                import.entry(room, entry.entry)
            }
            Record::Export(_) | Record::Person(_) | Record::Room(_) | Record::End(_) => Ok(()),
        }
        .map_err(stored)
    }

    fn person(
        &mut self,
        person: Person,
        line: u64,
        import: &mut Import<'_>,
    ) -> Result<(), ImportError> {
        let stored = |error| at(line, Problem::Insert(error));
        if person.v2 {
            import.spoke_v2(person.id).map_err(stored)?;
        }
        let Some(text) = person.name else {
            return Ok(());
        };
        let Ok(name) = Name::from_stored(&text) else {
            return Err(at(line, Problem::Name(text)));
        };
        // Whoever has a name here keeps it, and everybody whose name is taken is a guest until they
        // choose another.
        let is_given = self.names.claim(person.id, &name);
        if !is_given || !import.name(person.id, &name).map_err(stored)? {
            self.report
                .note("names that are taken here, or reserved, were left out");
        }
        Ok(())
    }

    fn begin_room(
        &mut self,
        told: Room,
        line: u64,
        import: &mut Import<'_>,
    ) -> Result<(), ImportError> {
        let stored = |error| at(line, Problem::Insert(error));
        self.finish_room(import)?;
        if !self.rooms.insert(told.id.clone()) {
            return Err(at(line, Problem::RoomTwice(told.id)));
        }
        let renamed = self.options.renamed.get(&told.id).cloned();
        let room = renamed.map_or_else(|| told.id.clone(), RoomId::from);
        let skips = self.options.skip_existing && import.is_in_use(&room).map_err(stored)?;
        if skips {
            self.report
                .note(format!("the room {room} has entries here and was left out"));
        } else {
            let topic = Topic::from_stored(&told.topic);
            import
                .room(&room, topic, told.private, told.keep)
                .map_err(stored)?;
            self.report.rooms += 1;
        }
        self.current = Some(Current {
            told: told.id,
            room: (!skips).then_some(room),
            head: told.head,
            line,
        });
        Ok(())
    }

    fn finish_room(&mut self, import: &mut Import<'_>) -> Result<(), ImportError> {
        if let Some(Current {
            room: Some(room),
            head,
            line,
            ..
        }) = self.current.take()
        {
            let set = import.head(&room, head);
            set.map_err(|error| at(line, Problem::Insert(error)))?;
        }
        Ok(())
    }
}
