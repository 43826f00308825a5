//! The exports of other programs: gathered in a file of our own, put into the order of their times,
//! and imported like an export of ours.
//!
//! Their people have no keys. Each becomes an id that no key has, and a name that nobody can claim.

mod archive;
mod gathered;
mod json;
mod mattermost;
mod people;
mod rooms;
mod slack;
#[cfg(test)]
mod tests;
mod texts;

use std::fs::File;
use std::io::BufRead;
use std::path::Path;

use self::archive::Archive;
use self::gathered::Gathered;
use super::error::{ImportError, Problem};
use super::import::{Options, Report};
use crate::store;

pub(super) use mattermost::VERSION as MATTERMOST_VERSION;

/// The first bytes of a zip archive that is not empty (APPNOTE.TXT §4.3.7).
pub(super) const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// Imports a folder with Slack's export.
pub(super) fn import_folder(
    path: &Path,
    data: &Path,
    history: &Path,
    options: &Options,
) -> Result<Report, ImportError> {
    of_archive(Archive::of_folder(path)?, data, history, options)
}

/// Imports an archive with Slack's or Mattermost's export.
pub(super) fn import_archive(
    file: File,
    data: &Path,
    history: &Path,
    options: &Options,
) -> Result<Report, ImportError> {
    of_archive(Archive::of_zip(file)?, data, history, options)
}

fn of_archive(
    mut archive: Archive,
    data: &Path,
    history: &Path,
    options: &Options,
) -> Result<Report, ImportError> {
    let mut report = Report::default();
    let mut gathered = Gathered::new(data)?;
    if archive.has(slack::CHANNELS) {
        slack::gather(&mut archive, &mut gathered, &mut report)?;
    } else if let Some(name) = archive.only_lines() {
        archive.read_lines(&name, |reader| {
            mattermost::gather(reader, &mut gathered, &mut report)
        })?;
    } else {
        let place = "the archive".to_owned();
        let problem = Problem::Unknown;
        return Err(ImportError::At { place, problem });
    }
    finish(&gathered, report, history, options)
}

/// Imports the lines of Mattermost's export.
pub(super) fn import_mattermost(
    reader: impl BufRead,
    data: &Path,
    history: &Path,
    options: &Options,
) -> Result<Report, ImportError> {
    let mut report = Report::default();
    let mut gathered = Gathered::new(data)?;
    mattermost::gather(reader, &mut gathered, &mut report)?;
    finish(&gathered, report, history, options)
}

fn finish(
    gathered: &Gathered,
    mut report: Report,
    history: &Path,
    options: &Options,
) -> Result<Report, ImportError> {
    store::import(history, |import| {
        rooms::fill(gathered, import, options, &mut report)
    })?;
    Ok(report)
}
