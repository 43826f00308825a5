//! The files of an export: in a folder, or in a zip archive that may have been made to harm. Nothing
//! is unpacked to the disk.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::super::error::{ImportError, Problem};

/// Most files of an export. Slack's has one for each channel and day: a thousand channels of five
/// years.
const MAX_FILES: usize = 2_000_000;

/// Most bytes of one JSON file of Slack's. That of all users of a large company has 100 MiB.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// Most bytes that an archive may have when it is unpacked, for each byte that it has. JSON of
/// messages has 10 to 30; a zip bomb 1,000.
const MAX_RATIO: u64 = 200;

/// Bytes that an archive may have when it is unpacked, however small it is.
const MIN_UNPACKED_BYTES: u64 = 64 * 1024 * 1024;

/// The files of an export.
pub(super) struct Archive {
    files: Vec<String>,
    place: Place,
}

enum Place {
    Folder(PathBuf),
    Zip {
        zip: ZipArchive<BufReader<File>>,
        /// Bytes that may still be unpacked, and how many there were.
        left: Cell<u64>,
        most: u64,
    },
}

impl Archive {
    /// Lists a folder, and the folders in it.
    pub(super) fn of_folder(path: &Path) -> Result<Self, ImportError> {
        let mut files = Vec::new();
        list(path, "", &mut files)?;
        files.sort();
        let place = Place::Folder(path.to_owned());
        Ok(Self { files, place })
    }

    /// Opens a zip archive.
    pub(super) fn of_zip(file: File) -> Result<Self, ImportError> {
        let packed = file
            .metadata()
            .map_err(|error| wrong("the archive", Problem::Read(error)))?;
        let archive = |error| wrong("the archive", Problem::Archive(error));
        let zip = ZipArchive::new(BufReader::new(file)).map_err(archive)?;
        if zip.len() > MAX_FILES {
            return Err(wrong("the archive", Problem::TooManyFiles(MAX_FILES)));
        }
        let mut files = Vec::new();
        for name in zip.file_names() {
            let name = name.map_err(archive)?;
            if !is_safe(&name) {
                let name = name.into_owned();
                return Err(wrong("the archive", Problem::UnsafePath(name)));
            }
            files.push(name.into_owned());
        }
        files.sort();
        let most = packed
            .len()
            .saturating_mul(MAX_RATIO)
            .max(MIN_UNPACKED_BYTES);
        let left = Cell::new(most);
        let place = Place::Zip { zip, left, most };
        Ok(Self { files, place })
    }

    /// Returns `true` if there is such a file.
    pub(super) fn has(&self, name: &str) -> bool {
        self.files.iter().any(|file| file == name)
    }

    /// Returns the names of all files, in order.
    pub(super) fn files(&self) -> &[String] {
        &self.files
    }

    /// Returns the one file of lines of JSON at the top, if there is one.
    pub(super) fn only_lines(&self) -> Option<String> {
        let mut lines = self.files.iter().filter(|name| {
            !name.contains('/') && Path::new(name).extension().is_some_and(|it| it == "jsonl")
        });
        let first = lines.next()?;
        lines.next().is_none().then(|| first.clone())
    }

    /// Calls `read` with a file of which one item is in memory at a time.
    pub(super) fn read_lines(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut dyn BufRead) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        self.open(name, u64::MAX, read)
    }

    /// Calls `read` with a JSON file.
    pub(super) fn read(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut dyn BufRead) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        self.open(name, MAX_FILE_BYTES, read)
    }

    fn open(
        &mut self,
        name: &str,
        most_of_file: u64,
        read: impl FnOnce(&mut dyn BufRead) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let of_file = Cell::new(most_of_file);
        let unread = |error| wrong(name, Problem::Read(error));
        match &mut self.place {
            Place::Folder(path) => {
                let file = File::open(path.join(name)).map_err(unread)?;
                let bounded = Bounded {
                    reader: file,
                    left: &of_file,
                    most: most_of_file,
                };
                read(&mut BufReader::new(bounded))
            }
            Place::Zip { zip, left, most } => {
                let file = zip.by_name(name);
                let file = file.map_err(|error| wrong(name, Problem::Archive(error)))?;
                let of_file = Bounded {
                    reader: file,
                    left: &of_file,
                    most: most_of_file,
                };
                let of_all = Bounded {
                    reader: of_file,
                    left,
                    most: *most,
                };
                read(&mut BufReader::new(of_all))
            }
        }
    }
}

/// Lists the files of a folder, two levels deep, as Slack's export has them.
fn list(root: &Path, folder: &str, files: &mut Vec<String>) -> Result<(), ImportError> {
    let path = root.join(folder);
    let unread = |error: io::Error| ImportError::Read(path.clone(), error);
    for entry in fs::read_dir(&path).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let name = if folder.is_empty() {
            name
        } else {
            format!("{folder}/{name}")
        };
        let kind = entry.file_type().map_err(unread)?;
        // A link may lead anywhere on the machine of whoever imports.
        if kind.is_symlink() {
            return Err(wrong("the folder", Problem::UnsafePath(name)));
        }
        if kind.is_dir() && folder.is_empty() {
            list(root, &name, files)?;
        } else if kind.is_file() {
            if files.len() == MAX_FILES {
                return Err(wrong("the folder", Problem::TooManyFiles(MAX_FILES)));
            }
            files.push(name);
        }
    }
    Ok(())
}

/// Returns `true` for a path that leads nowhere else. Nothing is unpacked; but an archive with
/// another one is none that Slack or Mattermost has made.
fn is_safe(name: &str) -> bool {
    let is_plain = |part: &str| part != ".." && part != ".";
    let inner = name.strip_suffix('/').unwrap_or(name);
    !inner.contains(['\\', '\0', ':'])
        && inner
            .split('/')
            .all(|part| !part.is_empty() && is_plain(part))
}

/// Reads no more than there may be: what a header says of a file's length is not believed.
struct Bounded<'a, R> {
    reader: R,
    left: &'a Cell<u64>,
    most: u64,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        match self.left.get().checked_sub(read as u64) {
            Some(left) => {
                self.left.set(left);
                Ok(read)
            }
            None => Err(io::Error::other(Problem::TooLarge(self.most))),
        }
    }
}

/// Returns the error for something that is wrong in a file.
pub(super) fn wrong(place: &str, problem: Problem) -> ImportError {
    ImportError::At {
        place: place.to_owned(),
        problem,
    }
}
